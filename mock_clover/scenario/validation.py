"""Check the rules for scenarios that types cannot express. A finding is a path and a message.

Errors make a scenario invalid; warnings are only reported.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from mock_clover.clover.checkout.records import redirect_url_error
from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.cards import Checks, SourceBrand, brand_of
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.clover.webhooks.records import (
    EVENT_BY_OPERATION,
    OPERATIONS_WITH_OBJECT_ID,
    EventSpec,
    TargetSpec,
    delivery_fault_error,
    event_error,
    target_error,
)
from mock_clover.core.masking import passes_luhn
from mock_clover.core.suggestions import did_you_mean
from mock_clover.scenario.findings import Finding
from mock_clover.scenario.records import Scenario, Settings
from mock_clover.scenario.records_audit import RULE_IDS
from mock_clover.scenario.records_card import DECLINE_CODES, TestCard
from mock_clover.scenario.records_fault import Fault, find_fault_errors
from mock_clover.scenario.records_rule import (
    AmountMatch,
    CardMatch,
    Condition,
    Rule,
    StoredCredentialsMatch,
)
from mock_clover.scenario.validation_fixtures import check_all_fixtures, fixture_warnings

AUTHORIZING_OPERATIONS = frozenset(
    {
        *("create_charge", "pay_order", "finalize_payment"),
        *("create_customer", "update_customer"),
    }
)
"""Operations that request an authorization, which the issuer can decline. Scheduled ones are not
included."""
_THREEDS_OPERATIONS = frozenset({"create_charge", "pay_order"})
"""Operations that may request 3-D Secure."""
_STORED_CREDENTIALS_OPERATIONS = _THREEDS_OPERATIONS | {"finalize_payment", "charge_subscription"}
_CHECKS = Checks.__struct_fields__


def find_errors(scenario: Scenario, tree: Any, endpoints: Collection[str]) -> Iterator[Finding]:
    """Yield the errors of a scenario; `tree` is what it was decoded from."""
    for index, card in enumerate(scenario.cards):
        yield from _check_card(card, tree["cards"][index], f".cards[{index}]")
    for index, rule in enumerate(scenario.rules):
        yield from _check_when(rule.when, endpoints, f".rules[{index}].when")
        yield from _check_then(rule, endpoints, f".rules[{index}].then")
        for name in (tree["rules"][index]["then"].get("approve") or {}).get("checks", ()):
            path = f".rules[{index}].then.approve.checks.{name}"
            yield from _check_name(name, "check", _CHECKS, path)
    for index, fault in enumerate(scenario.faults):
        yield from _check_fault(fault, endpoints, f".faults[{index}]")
    yield from _check_allow_inferred(scenario.settings, endpoints, ".settings")
    for index, merchant in enumerate(scenario.merchants):
        yield from _check_allow_inferred(
            merchant.settings, endpoints, f".merchants[{index}].settings"
        )
    yield from _check_targets(scenario.webhooks)
    for index, delivery_fault in enumerate(scenario.webhook_plan):
        if error := delivery_fault_error(delivery_fault):
            yield f".webhook_plan[{index}]", error
    yield from _check_audit(scenario)
    yield from _check_dashboard_urls(scenario)
    yield from check_all_fixtures(scenario)


def _check_audit(scenario: Scenario) -> Iterator[Finding]:
    for rule, reason in scenario.audit.ignore.items():
        path = f".audit.ignore.{rule}"
        if rule not in RULE_IDS:
            hint = did_you_mean(rule, RULE_IDS) or "; write its id, such as CLV014"
            yield path, f"unknown rule {rule!r}{hint}"
        if not reason.strip():
            yield path, "the reason is missing; write why the rule is ignored"


def faults_of(scenario: Scenario) -> Iterator[tuple[str, Fault]]:
    """Yield the faults of a scenario and of its rules, each with its path."""
    yield from ((f"faults[{index}]", fault) for index, fault in enumerate(scenario.faults))
    for index, rule in enumerate(scenario.rules):
        if rule.then.fault is not None:
            yield f"rules[{index}].then.fault", rule.then.fault


def allowable_names(endpoints: Collection[str]) -> tuple[str, ...]:
    """Return the names that `allow_inferred` can list: behaviours, errors and operations."""
    operations = (name for name in endpoints if name not in BACKGROUND_OPERATIONS)
    return (*(behaviour.name for behaviour in BEHAVIOURS), *SELECTABLE_ERRORS, *operations)


def _check_allow_inferred(
    settings: Settings | None, endpoints: Collection[str], path: str
) -> Iterator[Finding]:
    names = allowable_names(endpoints) if endpoints else ()
    for index, name in enumerate(settings.allow_inferred if settings else ()):
        yield from _check_name(
            name, "behaviour, error or operation", names, f"{path}.allow_inferred[{index}]"
        )


def _check_dashboard_urls(scenario: Scenario) -> Iterator[Finding]:
    all_settings = [("", scenario.settings)]
    all_settings += [
        (f".merchants[{n}]", m.settings) for n, m in enumerate(scenario.merchants) if m.settings
    ]
    for path, settings in all_settings:
        urls = settings.checkout.dashboard
        for name in urls.__struct_fields__:
            url = getattr(urls, name)
            message = redirect_url_error(url, allow_http_and_localhost=True) if url else ""
            if message:
                yield f"{path}.settings.checkout.dashboard.{name}", message


def _check_targets(targets: Iterable[TargetSpec]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, spec in enumerate(targets):
        error = target_error(spec)
        if error is not None:
            yield f".webhooks[{index}].{error[0]}", error[1]
        if spec.id in seen:
            yield f".webhooks[{index}].id", f"duplicate target id `{spec.id}`"
        seen |= {spec.id} if spec.id else set()


def _check_card(card: TestCard, raw: dict[str, Any], path: str) -> Iterator[Finding]:
    yield from _check_number(card.number, card.brand, path)
    if card.brand is None and card.number.isdigit() and brand_of(card.number) is None:
        yield f"{path}.number", "no known card brand issues this number; set `brand`"
    for check_name in raw.get("checks", ()):
        yield from _check_name(check_name, "check", _CHECKS, f"{path}.checks.{check_name}")
    excluded = ("checks",) if card.outcome == "decline" else ("code", "decline_code", "message")
    for field in excluded:
        if field in raw:
            yield f"{path}.{field}", f"`{field}` is not allowed with outcome {card.outcome}"


def _check_number(number: str, declared: SourceBrand | None, path: str) -> Iterator[Finding]:
    if not number.isdigit() or not passes_luhn(number):
        yield f"{path}.number", "the number fails the Luhn check"
    elif declared and (brand := brand_of(number)) not in (None, declared):
        yield f"{path}.brand", f"the brand of this number is {brand}, not {declared}"


def _check_when(when: Condition, endpoints: Collection[str], path: str) -> Iterator[Finding]:
    yield from _check_name(when.endpoint, "operation", endpoints, f"{path}.endpoint")
    if isinstance(when.amount, AmountMatch) and when.amount.min > when.amount.max:
        yield f"{path}.amount", f"min {when.amount.min} is greater than max {when.amount.max}"
    elif isinstance(when.amount, int) and when.amount < 0:
        yield f"{path}.amount", "must not be negative"
    if when.currency is not None and not re.fullmatch("[A-Za-z]{3}", when.currency):
        yield f"{path}.currency", "must have three letters, for example usd"
    if when.stored_credentials is not None:
        yield from _check_stored_credentials(when, f"{path}.stored_credentials")
    if when.card is not None:
        yield from _check_card_match(when.card, f"{path}.card")
    every, after = when.every or 1, when.after or 0
    number = when.nth or (after // every + 1) * every
    if not when.matches_count(number):
        names = [name for name in ("nth", "first", "every", "after") if getattr(when, name)]
        conditions = ", ".join(f"{name}: {getattr(when, name)}" for name in names)
        yield f"{path}.{names[0]}", f"no request can match all of {conditions}"


def _check_stored_credentials(when: Condition, path: str) -> Iterator[Finding]:
    stored = when.stored_credentials or StoredCredentialsMatch()
    if stored == StoredCredentialsMatch():
        yield path, "is empty; set `given`, `sequence`, `initiator` or `is_scheduled`"
    elif stored.given is False and stored != StoredCredentialsMatch(given=False):
        yield f"{path}.given", "`given: false` cannot be combined with other conditions"
    if when.endpoint is not None and when.endpoint not in _STORED_CREDENTIALS_OPERATIONS:
        yield path, f"requests of {when.endpoint} have no stored_credentials"


def _check_card_match(card: CardMatch, path: str) -> Iterator[Finding]:
    if card.number is None:
        return
    yield from _check_number(card.number, card.brand, path)
    if card.prefix and not card.number.startswith(card.prefix):
        yield f"{path}.prefix", "`number` does not start with this prefix"
    if card.last4 and not card.number.endswith(card.last4):
        yield f"{path}.last4", "`number` does not end with these digits"


def _check_then(rule: Rule, endpoints: Collection[str], path: str) -> Iterator[Finding]:
    then, when = rule.then, rule.when
    outcomes = [n for n in ("approve", "decline", "problem", "raw") if getattr(then, n) is not None]
    additions = [then.fault, then.threeds, then.webhook]
    if when.endpoint == "create_token" and (any(additions) or {*outcomes} - {"problem"}):
        yield path, "the only outcome allowed for create_token is `problem`"
    if when.endpoint in BACKGROUND_OPERATIONS and (then.fault or then.raw):
        yield (
            path,
            f"{when.endpoint} runs in the background and has no response: no `fault` or `raw`",
        )
    if not outcomes and not any(additions):
        yield path, "must set one of approve, decline, problem, raw, threeds, fault or webhook"
    elif len(outcomes) > 1:
        yield f"{path}.{outcomes[1]}", f"cannot be combined with `{outcomes[0]}`; set one outcome"
    yield from _check_name(then.problem, "problem", SELECTABLE_ERRORS, f"{path}.problem")
    if then.decline is not None and when.endpoint in set(endpoints) - AUTHORIZING_OPERATIONS - set(
        BACKGROUND_OPERATIONS
    ):
        allowed = ", ".join((*sorted(AUTHORIZING_OPERATIONS), *BACKGROUND_OPERATIONS))
        message = f"{when.endpoint} requests no authorization; allowed for {allowed}"
        yield f"{path}.decline", message
    if then.threeds is not None:
        yield from _check_threeds(rule, path)
    partial = then.approve.amount if then.approve else None
    if partial and isinstance(when.amount, int) and partial >= when.amount:
        yield f"{path}.approve.amount", f"must be below the amount {when.amount} of `when`"
    if then.webhook is not None:
        yield from _check_webhook(then.webhook, rule, f"{path}.webhook")
    if then.fault is None:
        return
    yield from _check_fault(then.fault, endpoints, f"{path}.fault")
    for field, instead in (("endpoint", "when.endpoint"), ("times", "when.first"), ("ttl_ms", "")):
        if getattr(then.fault, field) is not None:
            hint = f"; use `{instead}`" if instead else ""
            yield f"{path}.fault.{field}", f"`{field}` is not allowed in a rule's fault{hint}"


def _check_threeds(rule: Rule, path: str) -> Iterator[Finding]:
    if rule.then.problem is not None or rule.then.raw is not None:
        yield f"{path}.threeds", "can only be combined with approve or decline"
    if rule.when.endpoint is not None and rule.when.endpoint not in _THREEDS_OPERATIONS:
        allowed = ", ".join(sorted(_THREEDS_OPERATIONS))
        yield f"{path}.threeds", f"is not supported for {rule.when.endpoint}; allowed for {allowed}"


def _check_webhook(event: EventSpec, rule: Rule, path: str) -> Iterator[Finding]:
    error = event_error(event)
    if error is not None:
        yield f"{path}.{error[0]}", error[1]
    name = rule.when.endpoint
    if event.payload is not None or name is None:
        return
    if event.kind == "platform" and event.object is None and name not in EVENT_BY_OPERATION:
        yield path, f"{name} creates no object that the event could name; set `object`"
    if event.id is None and name not in EVENT_BY_OPERATION:
        yield path, f"{name} creates no object that the event could name; set `id`"
    elif (
        event.id is None and rule.then.problem is not None and name not in OPERATIONS_WITH_OBJECT_ID
    ):
        yield path, f"{name} fails and creates no object; set `id`"


def _check_fault(fault: Fault, endpoints: Collection[str], path: str) -> Iterator[Finding]:
    yield from _check_name(fault.endpoint, "operation", endpoints, f"{path}.endpoint")
    for field, message in find_fault_errors(fault, SELECTABLE_ERRORS):
        yield f"{path}.{field}", message
    if fault.endpoint in BACKGROUND_OPERATIONS:
        yield f"{path}.endpoint", f"{fault.endpoint} runs in the background and has no response"


def _check_name(
    name: str | None, kind: str, known: Collection[str], path: str
) -> Iterator[Finding]:
    if name is not None and known and name not in known:
        yield path, f"unknown {kind} `{name}`{did_you_mean(name, known)}"


def find_warnings(scenario: Scenario) -> Iterator[Finding]:
    """Yield warnings: valid parts of a scenario that are probably mistakes."""
    if scenario.data is not None:
        yield from fixture_warnings(scenario.data, ".data")
    for index, merchant in enumerate(scenario.merchants):
        if merchant.data is not None:
            yield from fixture_warnings(merchant.data, f".merchants[{index}].data")
    numbers: dict[str, int] = {}
    for index, card in enumerate(scenario.cards):
        if numbers.setdefault(card.number, index) != index:
            message = (
                f"never used: card {numbers[card.number] + 1} has the same number and comes first"
            )
            yield f".cards[{index}].number", message
        yield from _decline_code_warning(card.decline_code, f".cards[{index}].decline_code")
    whens = [msgspec.to_builtins(rule.when) for rule in scenario.rules]
    conditions = [frozenset((name, repr(value)) for name, value in when.items()) for when in whens]
    for index, rule in enumerate(scenario.rules):
        earlier = (n for n in range(index) if not scenario.rules[n].when.uses_counter)
        covering = next((n for n in earlier if conditions[n] <= conditions[index]), None)
        if covering is not None:
            every = "" if conditions[covering] else ", and it matches every request"
            yield f".rules[{index}]", f"never used: rule {covering + 1} comes first{every}"
        if rule.then.decline is not None:
            path = f".rules[{index}].then.decline.decline_code"
            yield from _decline_code_warning(rule.then.decline.decline_code, path)


def _decline_code_warning(code: str, path: str) -> Iterator[Finding]:
    if code not in DECLINE_CODES and (near := did_you_mean(code, DECLINE_CODES)):
        yield path, f"unknown decline code `{code}`{near}"
