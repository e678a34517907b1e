"""Find the outcome that a header, a text or a scenario forces on a request.

In order of precedence: the header `x-mock-clover-outcome`; the text `mock-clover:<outcome>` in the
description or in a metadata value; the outcomes armed for the next payments; the scenario's rules,
in order; the scenario's cards. An outcome is `approve`, `approve/500` (a partial approval),
`card_declined/insufficient_funds`, the name of a problem or, for a payment that requests 3-D
Secure, a flow such as `threeds/challenge`.
"""

import re
from typing import Any, NamedTuple, get_args

from mock_clover.clover.charges.behaviours import REQUESTED_OUTCOME, SCENARIO_RULE
from mock_clover.clover.common.behaviours_service import RATE_LIMIT_WINDOWS, RATE_LIMITS
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import RATE_LIMITED, SELECTABLE_ERRORS, UNKNOWN_OUTCOME
from mock_clover.clover.common.verdict import Verdict
from mock_clover.clover.threeds.records import ThreeDSFlow
from mock_clover.core.codec import Codec, ViolationsError
from mock_clover.core.evidence import EvidenceLevel
from mock_clover.core.record import Record
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call, Endpoint, RuleInputFactory
from mock_clover.sandbox.armed import ArmedOutcome
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_card import DECLINE_CODES, ISSUER_DECLINES
from mock_clover.scenario.records_fault import (
    Fault,
    FaultKind,
    FaultPhase,
    find_fault_errors,
)
from mock_clover.scenario.records_rule import (
    ALTERNATE_TENDER,
    Action,
    ApproveAction,
    DeclineAction,
    RuleInput,
    SourceKind,
)

OUTCOME_HEADER, FAULT_HEADER = b"x-mock-clover-outcome", b"x-mock-clover-fault"
OUTCOME_PREFIX = b"mock-clover:"
OVERRIDE_PREFIXES = ("header: ", "text: ", "next: ")
"""How `why` starts if an override that precedes all rules determined the outcome."""
_CAPTURE = "capture_charge"
_PARTIAL_APPROVAL = re.compile(r"approve/([1-9][0-9]{0,7})")
_OUTCOME_MARKER = re.compile(r"mock-clover:([A-Za-z_]+(?:/[a-z0-9_]+)?)")


_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_FAULT = Codec(Fault)
_PHASES: tuple[FaultPhase, ...] = get_args(FaultPhase)
_FLOWS: dict[str, ThreeDSFlow] = {f"threeds/{flow}": flow for flow in get_args(ThreeDSFlow)}


class Override(NamedTuple):
    """A forced outcome of a request, and what forced it."""

    action: Action
    why: str
    evidence: EvidenceLevel
    evidence_name: str
    armed_id: str = ""
    """The id of the armed outcome that it is; empty if it is another override."""

    def verdict(self) -> Verdict | None:
        """Return the issuer's verdict that the override sets, if any."""
        return self.action.verdict(self.why, self.evidence, self.evidence_name)


def may_have_override(sandbox: Sandbox, headers: dict[bytes, bytes], body: bytes) -> bool:
    """Return whether an override, fault or limit may apply. Fast: most requests have none."""
    return (
        sandbox.has_overrides()
        or OUTCOME_HEADER in headers
        or FAULT_HEADER in headers
        or OUTCOME_PREFIX in body
    )


def pick_fault(
    sandbox: Sandbox, endpoint: Endpoint, headers: dict[bytes, bytes]
) -> tuple[Fault | None, str]:
    """Return the fault of a request, if any: of its header, an armed one, or an active one.

    The text is the id of an armed fault that is spent once the request is carried out.
    """
    header = headers.get(FAULT_HEADER)
    if header:
        fault = parse_fault(header.decode("latin-1"))
        if obstacle := sandbox.hooks.unsupported_fault_reason(fault.kind):
            raise UNKNOWN_OUTCOME.error(detail=f"x-mock-clover-fault: {obstacle}")
        return fault, ""
    armed = sandbox.armed.find_fault(endpoint.name)
    if armed is not None and armed.fault is not None:
        fault = parse_fault(armed.fault)
        if fault.when == "after_commit":
            return fault, armed.id
        sandbox.armed.spend(armed.id)
        return fault, ""
    if not len(sandbox.faults):
        return None, ""
    return sandbox.faults.take(endpoint.name, sandbox.clock.now_ms()), ""


def parse_fault(text: str, label: str = "x-mock-clover-fault") -> Fault:
    """Parse a fault such as `drop after_commit` or `delay delay_ms=200`. Raises UNKNOWN_OUTCOME.

    `label` is the name of the header or member that has it.
    """
    fields: dict[str, str] = {}
    for word in text.split():
        name, has_value, value = word.partition("=")
        if has_value:
            fields[name] = value
        elif word in _KINDS:
            fields["kind"] = word
        elif word in _PHASES:
            fields["when"] = word
        else:
            hint = did_you_mean(word, (*_KINDS, *_PHASES)) or "; members are given as name=value"
            raise UNKNOWN_OUTCOME.error(detail=f"{label}: unknown word {word!r}{hint}")
    try:
        fault = _FAULT.convert(fields)
    except ViolationsError as error:
        raise UNKNOWN_OUTCOME.error(detail=f"{label}: {error}") from None
    for _, message in find_fault_errors(fault, SELECTABLE_ERRORS):
        raise UNKNOWN_OUTCOME.error(detail=f"{label}: {message}")
    return fault


def enforce_rate_limit(sandbox: Sandbox, credential: str) -> None:
    """Raise RATE_LIMITED if the request exceeds Clover's rate limits and they are enabled."""
    if sandbox.limits is None or not credential:
        return
    limited = sandbox.limits.check(credential, sandbox.clock.now_ms())
    if limited is not None:
        raise RATE_LIMITED.error(
            headers={limited.header: str(limited.limit), "retry-after": str(limited.wait_s)},
            rule=limited.rule,
            basis=(RATE_LIMITS, RATE_LIMIT_WINDOWS),
        )


def find_override(
    sandbox: Sandbox,
    endpoint: str,
    request: Record | None,
    ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    card: Card | None = None,
    *,
    already_counted: bool = False,
    build_rule_input: RuleInputFactory | None = None,
) -> Override | None:
    """Return the override of a request, if any.

    `already_counted`: rules counted the request before its delay. `build_rule_input`: builds the
    input of rules; default: `default_rule_input`.
    """
    header = headers.get(OUTCOME_HEADER)
    if header:
        return _override_for(header.decode("latin-1").strip(), f"header: {_printable(header)}")
    rule_input = (build_rule_input or default_rule_input)(
        sandbox, endpoint, request, ids, headers, card
    )
    texts = (rule_input.description, *map(str, rule_input.metadata.values()))
    match = next((m for text in texts if (m := _OUTCOME_MARKER.search(text))), None)
    if match:
        return _override_for(match[1], f"text: {match[0]}")
    for armed in sandbox.armed.outcomes:
        if override := _armed_override(armed, endpoint, request):
            return override
    matched = sandbox.rules.find(rule_input, sandbox.rule_counts, already_counted=already_counted)
    if matched is None:
        return None
    return Override(
        action=matched.rule.then,
        why=matched.why,
        evidence=matched.rule.evidence,
        evidence_name=SCENARIO_RULE.name,
    )


def _armed_override(armed: ArmedOutcome, endpoint: str, request: Record | None) -> Override | None:
    """Return an armed outcome as an override, if it applies to a request."""
    if armed.outcome is None or not armed.applies_to(endpoint):
        return None
    override = _override_for(armed.outcome, f"next: {armed.outcome}", armed.id)
    if override.action.threeds is not None and getattr(request, "threeds", None) is None:
        return None
    if override.action.is_issuer_outcome and endpoint == _CAPTURE:  # the issuer is not asked again
        return None
    return override


def spend_armed(sandbox: Sandbox, override: Override | None) -> None:
    """Count the use of an override that is an armed outcome."""
    if override is not None and override.armed_id:
        sandbox.armed.spend(override.armed_id)


def uncount_rules(
    sandbox: Sandbox, endpoint: Endpoint, call: Call[Any, Any], override: Override | None
) -> None:
    """Take back what `find_override` counted for a request that was rejected before the issuer.

    Only rules with an outcome of the issuer: `first: 1` is the first payment that reaches it.
    """
    if override is not None and override.evidence_name != SCENARIO_RULE.name:
        return
    build_rule_input = endpoint.build_rule_input or default_rule_input
    rule_input = build_rule_input(sandbox, endpoint.name, call.body, call.ids, call.headers, None)
    sandbox.rules.uncount(rule_input, sandbox.rule_counts)


def validate_outcome_markers(*texts: str | None) -> None:
    """Reject text to be stored that names an unknown outcome. Raises UNKNOWN_OUTCOME."""
    for text in texts:
        if text and (match := _OUTCOME_MARKER.search(text)):
            parse_outcome(match[1])


def _override_for(outcome: str, why: str, armed_id: str = "") -> Override:
    return Override(
        action=parse_outcome(outcome),
        why=why,
        evidence=REQUESTED_OUTCOME.evidence.level,
        evidence_name=REQUESTED_OUTCOME.name,
        armed_id=armed_id,
    )


def outcomes() -> list[str]:
    """Return the names of all outcomes, except approvals of a part."""
    return [
        "approve",
        "card_declined",
        *_FLOWS,
        *SELECTABLE_ERRORS,
        *(f"card_declined/{c}" for c in (*DECLINE_CODES, *ISSUER_DECLINES)),
    ]


def parse_outcome(word: str, label: str = "x-mock-clover-outcome") -> Action:
    """Parse the name of an outcome. Raises UNKNOWN_OUTCOME, with a suggestion if there is one.

    `label` is the name of the header or member that has it.
    """
    if word == "approve":
        return Action(approve=ApproveAction())
    if partial := _PARTIAL_APPROVAL.fullmatch(word):
        return Action(approve=ApproveAction(amount=int(partial[1])))
    if word.startswith("threeds/") and word in _FLOWS:
        return Action(threeds=_FLOWS[word])
    if word in SELECTABLE_ERRORS:
        return Action(problem=word)
    code, _, decline_code = word.partition("/")
    if code == "card_declined" and (not decline_code or decline_code in DECLINE_CODES):
        message = DECLINE_CODES.get(decline_code)
        decline = (
            DeclineAction(decline_code=decline_code, message=message)
            if message
            else DeclineAction()
        )
        return Action(decline=decline)
    if code == "card_declined" and decline_code in ISSUER_DECLINES:
        return Action(decline=DeclineAction(message=ISSUER_DECLINES[decline_code]))
    suggestion = did_you_mean(word, outcomes()) or (
        "; use approve, card_declined, card_declined/CODE, threeds/FLOW or an error that "
        "`mock-clover errors` lists"
    )
    message = f"{label}: unknown outcome {word!r}{suggestion}"
    raise UNKNOWN_OUTCOME.error(detail=message)


def default_rule_input(
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
    """Return the input of rules for a request.

    `source` and `amount` are used if the request has none.
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
    requested_amount = getattr(request, "amount", None)
    return RuleInput(
        endpoint=endpoint,
        card=card or (token.card if token else None),
        amount=amount if requested_amount is None else requested_amount,
        currency=getattr(request, "currency", None),
        email=getattr(request, "email", None) or (customer.email if customer else None),
        source=kind,
        description=getattr(request, "description", None) or "",
        metadata=getattr(request, "metadata", None) or {},
        headers=headers,
        stored_credentials=getattr(request, "stored_credentials", None),
    )


def _printable(text: bytes) -> str:
    return text.decode("ascii", "replace")[:80]
