"""Control endpoints for webhook targets and manually sent events.

A secret is only returned in the response to the request that sets it, and in snapshots.
"""

from typing import Annotated

from msgspec.structs import replace

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.webhooks.control_deliveries import (
    DeliveryList,
    delivery_response,
    outbox_of,
)
from mock_clover.clover.webhooks.operations import send_requested_event
from mock_clover.clover.webhooks.operations_deliveries import verify_target
from mock_clover.clover.webhooks.records import (
    TARGETS_MAX,
    DeliveryFault,
    EventSpec,
    TargetKind,
    TargetSpec,
    event_error,
    target_error,
)
from mock_clover.clover.webhooks.records_address import address_note
from mock_clover.clover.webhooks.records_delivery import (
    WebhookTarget,
)
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

_TARGETS = "/_mock/webhooks"


class TargetRequest(TargetSpec, frozen=True, kw_only=True):
    """Body of `PUT /_mock/webhooks`: creates or replaces a target."""

    handshake: Annotated[
        bool | None,
        doc(
            "Whether to send a verification code first; default: only for kind platform.",
            MOCK_ONLY,
        ),
    ] = None


class TargetResponse(Record, frozen=True, kw_only=True):
    """An active target."""

    id: str
    kind: TargetKind
    url: str
    state: str
    """`active`, or `awaiting_code` until the verification code is confirmed."""
    withheld: int
    """Number of events that were not sent because the target was not verified."""
    events: tuple[str, ...]
    app_id: str | None = None
    retry_after_ms: tuple[int, ...]
    plan: tuple[DeliveryFault, ...]
    left: tuple[int | None, ...]
    of_scenario: bool = False
    note: str | None = None
    """The condition under which its URL gets deliveries, if there is one."""
    secret: str | None = None
    """Only in the response to the request that sets it."""


class TargetList(Record, frozen=True, kw_only=True):
    """The active targets."""

    data: tuple[TargetResponse, ...]


class TargetsDeleted(Record, frozen=True, kw_only=True):
    """Number of targets that were deleted."""

    cleared: int


class CodeRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/webhooks/{id}/verify`: the code, or `skip`."""

    verificationCode: Annotated[
        str | None, doc("The code that was sent to the target.", MOCK_ONLY)
    ] = None
    skip: Annotated[bool, doc("true: go on without the code.", MOCK_ONLY)] = False


def put_target(sandbox: Sandbox, call: Call[TargetRequest, None]) -> TargetResponse:
    """Create or replace a target; a platform target must first confirm a verification code."""
    body = call.body
    fields = {name: getattr(body, name) for name in TargetSpec.__struct_fields__}
    spec = TargetSpec(**fields)
    error = target_error(spec)
    if error is not None:
        raise CONTROL_INVALID.error(detail=f"{error[0]}: {error[1]}")
    handshake = spec.kind == "platform" if body.handshake is None else body.handshake
    if handshake and spec.kind != "platform":
        raise CONTROL_INVALID.error(
            detail="handshake: only platform targets are verified with a code"
        )
    outbox = sandbox.outbox
    if outbox is not None and outbox.is_full and spec.id not in outbox.targets:
        raise CONTROL_INVALID.error(detail=f"there are already {TARGETS_MAX} targets; delete one")
    outbox = sandbox.ensure_outbox()
    replaced = outbox.targets.get(spec.id or "")
    if spec.secret is None and replaced is not None and replaced.spec.kind == spec.kind:
        spec = replace(spec, secret=replaced.secret)
    planned = sandbox.with_scenario_plan(spec)
    target = outbox.add_target(planned, sandbox.seed, handshake=handshake)
    if handshake:
        verify_target(sandbox, outbox, target)
    sandbox.webhook_sender(sandbox)  # create the sender now, not during a payment
    return _target_response(target, secret=target.secret)


def list_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetList:
    """Return the active targets without their secrets."""
    return TargetList(data=tuple(map(_target_response, outbox_of(sandbox).targets.values())))


def clear_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetsDeleted:
    """Delete all targets and drop their pending deliveries."""
    ids = list(outbox_of(sandbox).targets)
    return TargetsDeleted(
        cleared=sum(outbox_of(sandbox).remove_target(target_id) for target_id in ids)
    )


def delete_target(sandbox: Sandbox, call: Call[None, None]) -> TargetsDeleted:
    """Delete one target."""
    target = _require_target(sandbox, call.ids[0])
    return TargetsDeleted(cleared=int(outbox_of(sandbox).remove_target(target.id)))


def verify_code(sandbox: Sandbox, call: Call[CodeRequest, None]) -> TargetResponse:
    """Confirm a verification code; the target then gets events."""
    target = _require_target(sandbox, call.ids[0])
    if target.code is None:
        raise CONTROL_INVALID.error(
            detail=f"target {target.id} is not waiting for a verification code"
        )
    if (call.body.verificationCode is None) != call.body.skip:
        raise CONTROL_INVALID.error(detail="exactly one of verificationCode and skip is required")
    if not call.body.skip and call.body.verificationCode != target.code:
        raise CONTROL_INVALID.error(
            detail="verificationCode: does not match the last code sent to the target"
        )
    active = replace(target, code=None)
    outbox_of(sandbox).targets[target.id] = active
    return _target_response(active)


def send_event(sandbox: Sandbox, call: Call[EventSpec, None]) -> DeliveryList:
    """Send an event manually; the delivery faults of targets do not apply to it."""
    body = call.body
    error = event_error(body)
    if error is not None:
        raise CONTROL_INVALID.error(detail=f"{error[0]}: {error[1]}")
    needed = ("object", "id", "type") if body.kind == "platform" else ("id", "status")
    missing = [name for name in needed if getattr(body, name) is None]
    if body.payload is None and missing:
        raise CONTROL_INVALID.error(detail=f"{missing[0]}: is required unless `payload` is set")
    if body.target is not None:
        _require_target(sandbox, body.target)
    sent = send_requested_event(sandbox, body, "sent")
    if not sent:
        raise CONTROL_INVALID.error(
            detail=f"there is no active target of kind {body.kind} that receives this event; "
            "create one with PUT /_mock/webhooks, or confirm its verification code"
        )
    return DeliveryList(data=tuple(map(delivery_response, sent)))


def _require_target(sandbox: Sandbox, target_id: str) -> WebhookTarget:
    targets = outbox_of(sandbox).targets
    target = targets.get(target_id)
    if target is None:
        known = f"; the targets are {', '.join(targets)}" if targets else "; there is no target"
        raise CONTROL_NOT_FOUND.error(detail=f"no target has the id {target_id!r}{known}")
    return target


def _target_response(target: WebhookTarget, secret: str | None = None) -> TargetResponse:
    spec = target.spec
    return TargetResponse(
        id=target.id,
        kind=spec.kind,
        url=spec.url,
        state="active" if target.code is None else "awaiting_code",
        withheld=target.withheld,
        events=spec.events,
        app_id=spec.app_id,
        retry_after_ms=spec.retry_after_ms,
        plan=spec.plan,
        left=target.left,
        of_scenario=target.of_scenario,
        note=address_note(spec.url) or None,
        secret=secret,
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "put_webhook", "PUT", _TARGETS, put_target, TargetResponse, request=TargetRequest
    ),
    control_endpoint("list_webhooks", "GET", _TARGETS, list_targets, TargetList),
    control_endpoint("clear_webhooks", "DELETE", _TARGETS, clear_targets, TargetsDeleted),
    control_endpoint(
        "delete_webhook", "DELETE", f"{_TARGETS}/{{id}}", delete_target, TargetsDeleted
    ),
    control_endpoint(
        *("verify_webhook", "POST", f"{_TARGETS}/{{id}}/verify", verify_code, TargetResponse),
        request=CodeRequest,
    ),
    control_endpoint(
        *("send_webhook", "POST", f"{_TARGETS}/send", send_event, DeliveryList), request=EventSpec
    ),
)
