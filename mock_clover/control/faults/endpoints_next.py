"""Control endpoints that arm an outcome or a fault for the next payments, and disarm it."""

from typing import Annotated

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND, ApiError
from mock_clover.clover.surface import OPERATIONS, RULE_OPERATIONS
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint, unknown_name
from mock_clover.control.faults.endpoints import Cleared
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.engine.overrides import parse_fault, parse_outcome
from mock_clover.sandbox.armed import ISSUER_OPERATIONS, ArmedOutcome
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault

_TIMES_MAX = 1_000
_FAULT_CHARS_MAX = 200
_OWN_MEMBERS = ("endpoint", "times", "nth", "odds", "ttl_ms")
"""Fields of a fault that an armed one does not have, or has beside it."""


class NextRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/next`: an outcome or a fault."""

    outcome: (
        Annotated[
            str,
            doc(
                "approve, approve/500 (a partial approval), card_declined/insufficient_funds, the "
                "name of an error, or threeds/challenge.",
                MOCK_ONLY,
            ),
        ]
        | None
    ) = None
    fault: (
        Annotated[
            str,
            doc(
                "A fault as text, for example `drop after_commit` or `delay delay_ms=2000`.",
                MOCK_ONLY,
                max_length=_FAULT_CHARS_MAX,
            ),
        ]
        | None
    ) = None
    endpoint: Annotated[
        str | None,
        doc("Operation name; default: the next charge, order payment or capture.", MOCK_ONLY),
    ] = None
    times: Annotated[
        int, doc("How many payments it applies to.", MOCK_ONLY, ge=1, le=_TIMES_MAX)
    ] = 1


class NextResponse(Record, frozen=True, kw_only=True):
    """An armed outcome or fault, and how many payments it still applies to."""

    id: str
    outcome: str | None = None
    fault: str | None = None
    endpoint: str | None = None
    left: int


class NextList(Record, frozen=True, kw_only=True):
    """The armed outcomes and faults, oldest first."""

    data: tuple[NextResponse, ...]


def arm_next(sandbox: Sandbox, call: Call[NextRequest, None]) -> NextResponse:
    """Arm an outcome or a fault for the next charge, order payment or capture."""
    body = call.body
    try:
        check_armed(sandbox, body.outcome, body.fault, body.endpoint)
    except ValueError as error:
        raise CONTROL_INVALID.error(detail=str(error)) from None
    return _response(sandbox.armed.add(body.outcome, body.fault, body.endpoint, body.times))


def check_armed(
    sandbox: Sandbox, outcome: str | None, fault: str | None, endpoint: str | None
) -> None:
    """Raise ValueError for an outcome or a fault that cannot be armed."""
    if (outcome is None) == (fault is None):
        raise ValueError("exactly one of outcome and fault is required")
    known = RULE_OPERATIONS if fault is None else OPERATIONS
    if endpoint is not None and endpoint not in known:
        raise ValueError(f"endpoint: {unknown_name(redact(endpoint), known)}")
    try:
        if outcome is not None:
            action = parse_outcome(outcome, "outcome")
            if (
                endpoint is not None
                and endpoint not in ISSUER_OPERATIONS
                and (action.is_issuer_outcome or action.threeds is not None)
            ):
                raise ValueError(
                    f"endpoint: {endpoint} does not ask the issuer; arm an error or a fault for it"
                )
            return
        parsed = parse_fault(fault or "", "fault")
    except ApiError as error:
        raise ValueError(redact(error.message)) from None
    if fault != redact(fault or ""):  # a snapshot would mask it, and could not be restored
        raise ValueError("fault: the text has what looks like a card number")
    default = Fault(kind=parsed.kind)
    for name in _OWN_MEMBERS:
        if getattr(parsed, name) != getattr(default, name):
            raise ValueError(f"fault: `{name}` is not allowed in the text")
    if obstacle := sandbox.hooks.unsupported_fault_reason(parsed.kind):
        raise ValueError(f"fault: {obstacle}")


def list_next(sandbox: Sandbox, _call: Call[None, None]) -> NextList:
    """Return the armed outcomes and faults."""
    return NextList(data=tuple(map(_response, sandbox.armed.outcomes)))


def clear_next(sandbox: Sandbox, _call: Call[None, None]) -> Cleared:
    """Disarm all outcomes and faults."""
    return Cleared(cleared=sandbox.armed.clear())


def disarm_next(sandbox: Sandbox, call: Call[None, None]) -> Cleared:
    """Disarm one outcome or fault."""
    armed_id = call.ids[0]
    if not sandbox.armed.remove(armed_id):
        known = [each.id for each in sandbox.armed.outcomes]
        message = f"nothing armed has the id {armed_id!r}{did_you_mean(armed_id, known)}"
        raise CONTROL_NOT_FOUND.error(detail=redact(message))
    return Cleared(cleared=1)


def _response(armed: ArmedOutcome) -> NextResponse:
    return NextResponse(
        id=armed.id,
        outcome=armed.outcome,
        fault=armed.fault,
        endpoint=armed.endpoint,
        left=armed.left,
    )


_PATH = "/_mock/next"

ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("arm_next", "POST", _PATH, arm_next, NextResponse, request=NextRequest),
    control_endpoint("list_next", "GET", _PATH, list_next, NextList),
    control_endpoint("clear_next", "DELETE", _PATH, clear_next, Cleared),
    control_endpoint("disarm_next", "DELETE", f"{_PATH}/{{id}}", disarm_next, Cleared),
)
