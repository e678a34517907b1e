"""What a scenario, a header or a text makes of a call before its endpoint runs.

Precedence, the first that speaks decides: the header `x-mock-clover-outcome`; the words
`mock-clover:<outcome>` in the description or a metadata value; the scenario's rules in their order;
the scenario's cards.
An outcome is `approve`, `card_declined/insufficient_funds`, the name of a problem, or, of a payment
that asks for 3-D Secure, `threeds/challenge` and its like.
"""

import difflib
import re
from typing import NamedTuple, get_args

from mock_clover.clover.charges.behaviours import ASKED_OUTCOME, SCENARIO_RULE
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import OUTCOMES, RATE_LIMITED, UNKNOWN_OUTCOME
from mock_clover.clover.common.verdict import Verdict
from mock_clover.clover.threeds.records import Flow
from mock_clover.core.evidence import Evidence
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint, RuleInputOf
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records import DECLINE_CODES
from mock_clover.scenario.records_fault import Fault
from mock_clover.scenario.records_rule import (
    ALTERNATE_TENDER,
    Action,
    Approve,
    DeclineAs,
    RuleInput,
    SourceKind,
)

OUTCOME_HEADER, FAULT_HEADER = b"x-mock-clover-outcome", b"x-mock-clover-fault"
OUTCOME_MARK = b"mock-clover:"
_IN_TEXT = re.compile(r"mock-clover:([A-Za-z_]+(?:/[a-z_]+)?)")


_FLOWS: dict[str, Flow] = {f"threeds/{flow}": flow for flow in get_args(Flow)}


class Override(NamedTuple):
    """How a call is to end, and what said so."""

    then: Action
    why: str
    evidence: Evidence
    based_on: str

    def verdict(self) -> Verdict | None:
        """Return what the issuer says, if the step is about that."""
        return self.then.verdict(self.why, self.evidence, self.based_on)


def may_be_overridden(sandbox: Sandbox, headers: dict[bytes, bytes], body: bytes) -> bool:
    """Tell whether anything may intervene in this call; quick, for mostly nothing does."""
    return (
        sandbox.has_overrides
        or OUTCOME_HEADER in headers
        or FAULT_HEADER in headers
        or OUTCOME_MARK in body
    )


def pick_fault(sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]) -> Fault | None:
    """Return the fault that befalls a call: of its header, or of those in force."""
    asked = headers.get(FAULT_HEADER)
    if asked:
        return parse_fault(asked.decode("latin-1"))
    if not len(sandbox.faults):
        return None
    return sandbox.faults.take(endpoint.name, sandbox.clock.now_ms())


def parse_fault(text: str) -> Fault:
    """Read a fault of a header, as `drop after_commit` or `delay delay_ms=200`."""
    import msgspec

    words = text.split()
    members: dict[str, str] = dict(word.split("=", 1) for word in words if "=" in word)
    for word in words:
        if word in ("before_commit", "after_commit"):
            members["when"] = word
        elif "=" not in word:
            members.setdefault("kind", word)
    try:
        fault = msgspec.convert(members, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise UNKNOWN_OUTCOME.error(said=f"x-mock-clover-fault: {error}") from None
    if fault.kind == "problem" and fault.problem not in OUTCOMES:
        near = difflib.get_close_matches(fault.problem or "", OUTCOMES, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        said = f"x-mock-clover-fault: there is no problem {fault.problem!r}{meant}"
        raise UNKNOWN_OUTCOME.error(said=said)
    return fault


def limit(sandbox: Sandbox, credential: str) -> None:
    """Refuse a call beyond Clover's own limits, where they are switched on."""
    if sandbox.limits is None or not credential:
        return
    limited = sandbox.limits.check(credential, sandbox.clock.now_ms())
    if limited is not None:
        wait_s = -(-limited.wait_ms // 1000)
        raise RATE_LIMITED.error(
            headers={limited.header: str(limited.limit), "retry-after": str(wait_s)}
        )


def find_override(
    sandbox: Sandbox,
    endpoint: str,
    request: Record | None,
    ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    card: Card | None = None,
    *,
    again: bool = False,
    facts_of: RuleInputOf | None = None,
) -> Override | None:
    """Return how a call is to end, if anything but its endpoint says so.

    `again`: the call waited, and was counted before. `facts_of`: how the endpoint reads what rules
    can see, where that is not the usual way.
    """
    asked = headers.get(OUTCOME_HEADER)
    if asked:
        return _asked(asked.decode("latin-1").strip(), f"header: {_ascii(asked)}")
    facts = (facts_of or rule_input)(sandbox, endpoint, request, ids, headers, card)
    texts = (facts.description, *map(str, facts.metadata.values()))
    found = next((m for text in texts if (m := _IN_TEXT.search(text))), None)
    if found:
        return _asked(found[1], f"text: {found[0]}")
    matched = sandbox.rules.find(facts, sandbox.rule_counts, again=again)
    if matched is None:
        return None
    return Override(matched.rule.then, matched.why, matched.rule.evidence, SCENARIO_RULE.name)


def validate_triggers(*texts: str | None) -> None:
    """Refuse a text that is kept for later and asks for an outcome that there is not."""
    for text in texts:
        if text and (found := _IN_TEXT.search(text)):
            outcome(found[1])


def _asked(word: str, why: str) -> Override:
    return Override(outcome(word), why, ASKED_OUTCOME.fact.evidence, ASKED_OUTCOME.name)


def outcome(word: str) -> Action:
    """Read an outcome's word, or refuse with what was meant."""
    if word == "approve":
        return Action(approve=Approve())
    if word.startswith("threeds/") and word in _FLOWS:
        return Action(threeds=_FLOWS[word])
    if word in OUTCOMES:
        return Action(problem=word)
    code, _, decline_code = word.partition("/")
    if code == "card_declined" and (not decline_code or decline_code in DECLINE_CODES):
        message = DECLINE_CODES.get(decline_code)
        decline = DeclineAs(decline_code=decline_code, message=message) if message else DeclineAs()
        return Action(decline=decline)
    known = [
        "approve",
        "card_declined",
        *_FLOWS,
        *OUTCOMES,
        *(f"card_declined/{c}" for c in DECLINE_CODES),
    ]
    near = difflib.get_close_matches(word, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise UNKNOWN_OUTCOME.error(said=f"x-mock-clover-outcome: there is no outcome {word!r}{meant}")


def rule_input(
    sandbox: Sandbox,
    endpoint: str,
    request: Record | None,
    _ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    card: Card | None = None,
    *,
    source: str | None = None,
    amount: int | None = None,
) -> RuleInput:
    """Return what rules can see of a call.

    `source` and `amount` stand for those that the request does not have.
    """
    source = getattr(request, "source", None) or source
    customer = sandbox.customers.get(source or "")
    token = sandbox.tokens.get(
        customer.cards[-1].token if customer and customer.cards else source or ""
    )
    kind: SourceKind | None = None
    if customer is not None:
        kind = "customer"
    elif source == ALTERNATE_TENDER:
        kind = "tender"
    elif token is not None:
        kind = "multipay" if token.state == "multipay" else "token"
        kind = kind if token.kind == "card" else token.kind
    asked = getattr(request, "amount", None)
    return RuleInput(
        endpoint=endpoint,
        card=card or (token.card if token else None),
        amount=amount if asked is None else asked,
        currency=getattr(request, "currency", None),
        email=getattr(request, "email", None) or (customer.email if customer else None),
        source=kind,
        description=getattr(request, "description", None) or "",
        metadata=getattr(request, "metadata", None) or {},
        headers=headers,
        stored_credentials=getattr(request, "stored_credentials", None),
    )


def _ascii(text: bytes) -> str:
    return text.decode("ascii", "replace")[:80]
