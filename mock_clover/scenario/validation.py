"""The laws of a scenario that types cannot say: each finding is a path and a sentence.

A law breaks a scenario; a doubt is only told. Nothing here knows yaml.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from mock_clover.clover.checkout.records import wrong_redirect
from mock_clover.clover.common.cards import Checks, Face, brand_of
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import OUTCOMES
from mock_clover.clover.webhooks.records import (
    KNOWS_OBJECT,
    OBJECT_OF,
    EventSpec,
    TargetSpec,
    wrong_event,
    wrong_target,
)
from mock_clover.core.masking import passes_luhn
from mock_clover.scenario.records import DECLINE_CODES, Scenario, Settings, TestCard
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import AmountMatch, CardMatch, Condition, Rule, StoredMatch
from mock_clover.scenario.suggestions import Finding, did_you_mean
from mock_clover.scenario.validation_fixtures import find_doubtful_stock, find_wrong_stocks

PAYERS = frozenset(
    {
        *("create_charge", "pay_order", "finalize_payment", "developer_pay"),
        *("create_customer", "update_customer"),
    }
)
"""Calls in which the issuer is asked, so that it can decline; beside what is scheduled."""
_SECURED = frozenset({"create_charge", "pay_order"})
"""Operations that may ask for 3-D Secure; they and others have stored credentials."""
_STORED = _SECURED | {"finalize_payment", "charge_subscription"}
_CHECKS = Checks.__struct_fields__


def find_errors(scenario: Scenario, tree: Any, endpoints: Collection[str]) -> Iterator[Finding]:
    """Find what breaks a law in a scenario that was decoded of this tree."""
    for place, card in enumerate(scenario.cards):
        yield from _wrong_card(card, tree["cards"][place], f".cards[{place}]")
    for place, rule in enumerate(scenario.rules):
        yield from _wrong_when(rule.when, endpoints, f".rules[{place}].when")
        yield from _wrong_then(rule, endpoints, f".rules[{place}].then")
        for name in (tree["rules"][place]["then"].get("approve") or {}).get("checks", ()):
            at = f".rules[{place}].then.approve.checks.{name}"
            yield from _wrong_name(name, "check", _CHECKS, at)
    for place, fault in enumerate(scenario.faults):
        yield from _wrong_fault(fault, endpoints, f".faults[{place}]")
    yield from _wrong_claims(scenario.settings, ".settings")
    for place, merchant in enumerate(scenario.merchants):
        yield from _wrong_claims(merchant.settings, f".merchants[{place}].settings")
    yield from _wrong_targets(scenario.webhooks)
    yield from _wrong_dashboards(scenario)
    yield from find_wrong_stocks(scenario)


def _wrong_claims(settings: Settings | None, at: str) -> Iterator[Finding]:
    if settings is None or not settings.allow_inferred:
        return
    from mock_clover.clover.common.claims import ALLOWABLE_NAMES  # all behaviours: seldom asked for

    for place, name in enumerate(settings.allow_inferred):
        yield from _wrong_name(name, "claim", ALLOWABLE_NAMES, f"{at}.allow_inferred[{place}]")


def _wrong_dashboards(scenario: Scenario) -> Iterator[Finding]:
    given = [("", scenario.settings)]
    given += [
        (f".merchants[{n}]", m.settings) for n, m in enumerate(scenario.merchants) if m.settings
    ]
    for at, settings in given:
        urls = settings.checkout.dashboard
        for name in urls.__struct_fields__:
            url = getattr(urls, name)
            said = wrong_redirect(url, anywhere=True) if url else ""
            if said:
                yield f"{at}.settings.checkout.dashboard.{name}", said


def _wrong_targets(targets: Iterable[TargetSpec]) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, spec in enumerate(targets):
        wrong = wrong_target(spec)
        if wrong is not None:
            yield f".webhooks[{place}].{wrong[0]}", wrong[1]
        if spec.id in seen:
            yield f".webhooks[{place}].id", f"there is another target `{spec.id}`"
        seen |= {spec.id} if spec.id else set()


def _wrong_card(card: TestCard, given: dict[str, Any], at: str) -> Iterator[Finding]:
    yield from _wrong_number(card.number, card.brand, at)
    if card.brand is None and card.number.isdigit() and brand_of(card.number) is None:
        yield f"{at}.number", "no known brand has this number; give its brand"
    for check_name in given.get("checks", ()):
        yield from _wrong_name(check_name, "check", _CHECKS, f"{at}.checks.{check_name}")
    others = ("checks",) if card.outcome == "decline" else ("code", "decline_code", "message")
    for member in others:
        if member in given:
            yield f"{at}.{member}", f"a card that is to {card.outcome} has no `{member}`"


def _wrong_number(number: str, said_brand: Face | None, at: str) -> Iterator[Finding]:
    if not number.isdigit() or not passes_luhn(number):
        yield f"{at}.number", "the number fails its check digit"
    elif said_brand and (brand := brand_of(number)) not in (None, said_brand):
        yield f"{at}.brand", f"the brand of this number is {brand}, not {said_brand}"


def _wrong_when(when: Condition, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    yield from _wrong_name(when.endpoint, "operation", endpoints, f"{at}.endpoint")
    if isinstance(when.amount, AmountMatch) and when.amount.min > when.amount.max:
        yield f"{at}.amount", f"no amount is from {when.amount.min} to {when.amount.max}"
    elif isinstance(when.amount, int) and when.amount < 0:
        yield f"{at}.amount", "no amount is below 0"
    if when.currency is not None and not re.fullmatch("[A-Za-z]{3}", when.currency):
        yield f"{at}.currency", "a currency has three letters, as usd"
    if when.stored_credentials is not None:
        yield from _wrong_stored(when, f"{at}.stored_credentials")
    if when.card is not None:
        yield from _wrong_match(when.card, f"{at}.card")
    every, after = when.every or 1, when.after or 0
    number = when.nth or (after // every + 1) * every
    if not when.counted(number):
        given = [name for name in ("nth", "first", "every", "after") if getattr(when, name)]
        said = ", ".join(f"{name}: {getattr(when, name)}" for name in given)
        yield f"{at}.{given[0]}", f"no call is all of {said}"


def _wrong_stored(when: Condition, at: str) -> Iterator[Finding]:
    stored = when.stored_credentials or StoredMatch()
    if stored == StoredMatch():
        yield at, "says nothing; give `given`, `sequence`, `initiator` or `is_scheduled`"
    elif stored.given is False and stored != StoredMatch(given=False):
        yield f"{at}.given", "a payment that has none has no sequence and no initiator"
    if when.endpoint is not None and when.endpoint not in _STORED:
        yield at, f"{when.endpoint} has no stored_credentials"


def _wrong_match(card: CardMatch, at: str) -> Iterator[Finding]:
    if card.number is None:
        return
    yield from _wrong_number(card.number, card.brand, at)
    if card.prefix and not card.number.startswith(card.prefix):
        yield f"{at}.prefix", "the number does not begin so"
    if card.last4 and not card.number.endswith(card.last4):
        yield f"{at}.last4", "the number does not end so"


def _wrong_then(rule: Rule, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    then, when = rule.then, rule.when
    ends = [n for n in ("approve", "decline", "problem", "raw") if getattr(then, n) is not None]
    beside = [then.fault, then.threeds, then.webhook]
    if when.endpoint == "create_token" and (any(beside) or {*ends} - {"problem"}):
        yield at, "a token can only be refused: create_token takes a `problem` and no other end"
    if when.endpoint in BACKGROUND_OPERATIONS and (then.fault or then.raw):
        yield at, f"nobody waits for a reply to {when.endpoint}: it takes no `fault` and no `raw`"
    if not ends and not any(beside):
        yield at, "nothing follows; give approve, decline, problem, raw, threeds, fault or webhook"
    elif len(ends) > 1:
        yield f"{at}.{ends[1]}", f"`{ends[0]}` stands here too; a call ends in one way"
    yield from _wrong_name(then.problem, "problem", OUTCOMES, f"{at}.problem")
    if then.decline is not None and when.endpoint in set(endpoints) - PAYERS - set(
        BACKGROUND_OPERATIONS
    ):
        askers = ", ".join((*sorted(PAYERS), *BACKGROUND_OPERATIONS))
        said = f"the issuer is not asked in {when.endpoint}, but in {askers}"
        yield f"{at}.decline", said
    if then.threeds is not None:
        yield from _wrong_threeds(rule, at)
    part = then.approve.amount if then.approve else None
    if part and isinstance(when.amount, int) and part >= when.amount:
        yield f"{at}.approve.amount", f"is no part of the {when.amount} of `when`"
    if then.webhook is not None:
        yield from _wrong_webhook(then.webhook, rule, f"{at}.webhook")
    if then.fault is None:
        return
    yield from _wrong_fault(then.fault, endpoints, f"{at}.fault")
    for member, instead in (("endpoint", "when.endpoint"), ("times", "when.first"), ("ttl_ms", "")):
        if getattr(then.fault, member) is not None:
            did_you_mean = f"; use `{instead}`" if instead else ""
            yield f"{at}.fault.{member}", f"a rule's fault has no `{member}`{did_you_mean}"


def _wrong_threeds(rule: Rule, at: str) -> Iterator[Finding]:
    if rule.then.problem is not None or rule.then.raw is not None:
        yield f"{at}.threeds", "goes beside approve or decline, or stands alone"
    if rule.when.endpoint is not None and rule.when.endpoint not in _SECURED:
        said = f"is not asked for in {rule.when.endpoint}, but in {', '.join(sorted(_SECURED))}"
        yield f"{at}.threeds", said


def _wrong_webhook(event: EventSpec, rule: Rule, at: str) -> Iterator[Finding]:
    wrong = wrong_event(event)
    if wrong is not None:
        yield f"{at}.{wrong[0]}", wrong[1]
    name = rule.when.endpoint
    if event.payload is not None or name is None:
        return
    if event.kind == "platform" and event.object is None and name not in OBJECT_OF:
        yield at, f"{name} is about no object; give `object`"
    if event.id is None and name not in OBJECT_OF:
        yield at, f"{name} is about no object; give `id`"
    elif event.id is None and rule.then.problem is not None and name not in KNOWS_OBJECT:
        yield at, f"{name} is refused and makes no object; give `id`"


def _wrong_fault(fault: Fault, endpoints: Collection[str], at: str) -> Iterator[Finding]:
    yield from _wrong_name(fault.endpoint, "operation", endpoints, f"{at}.endpoint")
    yield from _wrong_name(fault.problem, "problem", OUTCOMES, f"{at}.problem")
    if fault.endpoint in BACKGROUND_OPERATIONS:
        yield f"{at}.endpoint", f"nobody waits for a reply to {fault.endpoint}"
    if fault.kind != "problem" and fault.problem is not None:
        yield f"{at}.problem", f"a fault of kind {fault.kind} has no `problem`"
    if fault.kind == "delay" and not fault.delay_ms + fault.jitter_ms:
        yield f"{at}.kind", "by how much? give `delay_ms` or `jitter_ms`"


def _wrong_name(given: str | None, what: str, known: Collection[str], at: str) -> Iterator[Finding]:
    if given is not None and known and given not in known:
        yield at, f"there is no {what} `{given}`{did_you_mean(given, known)}"


def find_warnings(scenario: Scenario) -> Iterator[Finding]:
    """Find what is lawful but perhaps not meant."""
    if scenario.data is not None:
        yield from find_doubtful_stock(scenario.data, ".data")
    for place, merchant in enumerate(scenario.merchants):
        if merchant.data is not None:
            yield from find_doubtful_stock(merchant.data, f".merchants[{place}].data")
    numbers: dict[str, int] = {}
    for place, card in enumerate(scenario.cards):
        if numbers.setdefault(card.number, place) != place:
            said = f"never reached: card {numbers[card.number] + 1} has the same number"
            yield f".cards[{place}].number", said
        yield from _doubtful_code(card.decline_code, f".cards[{place}].decline_code")
    given = [msgspec.to_builtins(rule.when) for rule in scenario.rules]
    conditions = [frozenset((name, repr(value)) for name, value in each.items()) for each in given]
    for place, rule in enumerate(scenario.rules):
        earlier = (n for n in range(place) if not scenario.rules[n].when.counts)
        covering = next((n for n in earlier if conditions[n] <= conditions[place]), None)
        if covering is not None:
            every = "" if conditions[covering] else ", which matches every call"
            yield f".rules[{place}]", f"never reached: rule {covering + 1} comes first{every}"
        if rule.then.decline is not None:
            at = f".rules[{place}].then.decline.decline_code"
            yield from _doubtful_code(rule.then.decline.decline_code, at)


def _doubtful_code(code: str, at: str) -> Iterator[Finding]:
    if code not in DECLINE_CODES and (near := did_you_mean(code, DECLINE_CODES)):
        yield at, f"`{code}` is none of the known decline codes{near}"
