"""Control endpoints that activate faults and remove them."""

from msgspec.structs import replace

from mock_clover.clover.common.problems import (
    CONTROL_INVALID,
    CONTROL_NOT_FOUND,
    SELECTABLE_ERRORS,
)
from mock_clover.clover.surface import OPERATIONS
from mock_clover.control.endpoint import control_endpoint, unknown_name
from mock_clover.core.masking import redact, redact_json
from mock_clover.core.record import Record
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.faults import ActiveFault
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_fault import Fault, find_fault_errors


class FaultResponse(Record, frozen=True, kw_only=True):
    """An active fault."""

    id: str
    fault: Fault
    left: int | None = None
    until_ms: int | None = None
    used: int = 0
    """How many requests it applied to."""


class FaultList(Record, frozen=True, kw_only=True):
    """The active faults, oldest first."""

    data: tuple[FaultResponse, ...]


class Cleared(Record, frozen=True, kw_only=True):
    """The number of removed faults."""

    cleared: int


def add_fault(sandbox: Sandbox, call: Call[Fault, None]) -> FaultResponse:
    """Activate a fault."""
    fault = call.body
    if fault.endpoint is not None and fault.endpoint not in OPERATIONS:
        raise CONTROL_INVALID.error(
            detail=f"endpoint: {unknown_name(fault.endpoint, OPERATIONS, 'routes')}"
        )
    for field, message in find_fault_errors(fault, SELECTABLE_ERRORS):
        detail = message if field == "kind" else f"{field}: {message}"  # it begins with "kind"
        raise CONTROL_INVALID.error(detail=detail)
    if obstacle := sandbox.hooks.unsupported_fault_reason(fault.kind):
        raise CONTROL_INVALID.error(detail=f"kind: {obstacle}")
    active = sandbox.faults.add(fault, sandbox.clock.now_ms())
    return _fault_response(active)


def list_faults(sandbox: Sandbox, _call: Call[None, None]) -> FaultList:
    """Return the active faults."""
    return FaultList(
        data=tuple(map(_fault_response, sandbox.faults.unexpired(sandbox.clock.now_ms())))
    )


def clear_faults(sandbox: Sandbox, _call: Call[None, None]) -> Cleared:
    """Remove all faults."""
    cleared = sandbox.faults.clear()
    return Cleared(cleared=cleared)


def delete_fault(sandbox: Sandbox, call: Call[None, None]) -> Cleared:
    """Remove one fault."""
    fault_id = call.ids[0]
    if not sandbox.faults.remove(fault_id):
        known = [active.id for active in sandbox.faults.unexpired(sandbox.clock.now_ms())]
        message = f"no active fault has the id {fault_id!r}{did_you_mean(fault_id, known)}"
        raise CONTROL_NOT_FOUND.error(detail=redact(message))
    return Cleared(cleared=1)


def _fault_response(active: ActiveFault) -> FaultResponse:
    fault = active.fault
    if fault.status is not None:
        content_type = fault.content_type and redact(fault.content_type)
        fault = replace(fault, body=redact_json(fault.body), content_type=content_type)
    return FaultResponse(
        id=active.id,
        fault=fault,
        left=active.remaining,
        until_ms=active.expires_ms,
        used=active.used,
    )


_PATH = "/_mock/faults"

ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("add_fault", "POST", _PATH, add_fault, FaultResponse, request=Fault),
    control_endpoint("list_faults", "GET", _PATH, list_faults, FaultList),
    control_endpoint("clear_faults", "DELETE", _PATH, clear_faults, Cleared),
    control_endpoint("delete_fault", "DELETE", f"{_PATH}/{{id}}", delete_fault, Cleared),
)
