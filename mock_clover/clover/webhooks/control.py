"""Control endpoints for webhooks: targets, deliveries and manually sent events.

A secret is only returned in the response to the request that sets it, and in snapshots.
"""

from typing import Annotated, Any

from msgspec.structs import replace

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.webhooks.operations import send_requested_event
from mock_clover.clover.webhooks.operations_deliveries import resend, verify_target
from mock_clover.clover.webhooks.records import (
    TARGETS_MAX,
    DeliveryFault,
    EventSpec,
    TargetKind,
    TargetSpec,
    event_error,
    target_error,
)
from mock_clover.clover.webhooks.records_delivery import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    WebhookTarget,
)
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, StatusResult
from mock_clover.sandbox.masking import masked_body
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox

WAIT_MS_MAX = 60_000
_TARGETS, _DELIVERIES = "/_mock/webhooks", "/_mock/deliveries"


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
    retry_after_ms: tuple[int, ...]
    plan: tuple[DeliveryFault, ...]
    left: tuple[int | None, ...]
    of_scenario: bool = False
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


class DeliveryQuery(Record, frozen=True, kw_only=True):
    """Query of the list of deliveries."""

    target: Annotated[str | None, doc("Id of a target.", MOCK_ONLY)] = None
    state: Annotated[DeliveryState | None, doc("State of the delivery.", MOCK_ONLY)] = None
    about: Annotated[str | None, doc("Cause: charge, refund, rule, …", MOCK_ONLY)] = None
    event: Annotated[str | None, doc("Event, such as P:CREATE.", MOCK_ONLY)] = None
    after: Annotated[int, doc("Only deliveries with a higher number.", MOCK_ONLY, ge=0)] = 0
    limit: Annotated[
        int, doc("Maximum number; the newest are returned.", MOCK_ONLY, ge=1, le=1_000)
    ] = 100
    wait: Annotated[
        int,
        doc(
            "Wait until this many deliveries match and none of them is being sent.",
            MOCK_ONLY,
            ge=0,
            le=1_000,
        ),
    ] = 0
    wait_ms: Annotated[
        int, doc("Maximum wait in milliseconds.", MOCK_ONLY, ge=0, le=WAIT_MS_MAX)
    ] = 10_000


class DeliveryResponse(Record, frozen=True, kw_only=True):
    """A delivery and its attempts; times are those of the sandbox's clock."""

    id: str
    number: int
    target: str
    about: str
    event: str | None = None
    state: DeliveryState
    made_ms: int
    due_ms: int | None = None
    """When a waiting delivery will be sent."""
    attempts: tuple[DeliveryAttempt, ...]
    resend_of: str | None = None
    held_for: str | None = None
    body: Any
    """The body, with card numbers masked and without a verification code."""


class DeliveryList(Record, frozen=True, kw_only=True):
    """Deliveries, oldest first."""

    data: tuple[DeliveryResponse, ...]


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
    target = outbox.add_target(spec, sandbox.seed, handshake=handshake)
    if handshake:
        verify_target(sandbox, outbox, target)
    sandbox.webhook_sender(sandbox)  # create the sender now, not during a payment
    return _target_response(target, secret=target.secret)


def list_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetList:
    """Return the active targets without their secrets."""
    return TargetList(data=tuple(map(_target_response, _outbox(sandbox).targets.values())))


def clear_targets(sandbox: Sandbox, _call: Call[None, None]) -> TargetsDeleted:
    """Delete all targets and drop their pending deliveries."""
    ids = list(_outbox(sandbox).targets)
    return TargetsDeleted(
        cleared=sum(_outbox(sandbox).remove_target(target_id) for target_id in ids)
    )


def delete_target(sandbox: Sandbox, call: Call[None, None]) -> TargetsDeleted:
    """Delete one target."""
    target = _require_target(sandbox, call.ids[0])
    return TargetsDeleted(cleared=int(_outbox(sandbox).remove_target(target.id)))


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
    _outbox(sandbox).targets[target.id] = active
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
    return DeliveryList(data=tuple(map(_delivery_response, sent)))


def list_deliveries(
    sandbox: Sandbox, call: Call[None, DeliveryQuery]
) -> DeliveryList | StatusResult:
    """Return the newest deliveries; `wait=n` waits until n match and none is being sent."""
    query, outbox = call.query, _outbox(sandbox)
    filters = {
        name: value
        for name in ("target", "about", "event")
        if (value := getattr(query, name)) is not None
    }
    matching = [
        delivery
        for delivery in outbox
        if delivery.number > query.after
        and all(getattr(delivery, name) == value for name, value in filters.items())
    ]
    selected = [delivery for delivery in matching if query.state in (None, delivery.state)]
    response = DeliveryList(data=tuple(map(_delivery_response, selected[-query.limit :])))
    if query.wait and (
        len(selected) < query.wait or any(delivery.state == "under_way" for delivery in matching)
    ):
        return StatusResult(200, response, long_poll_ms=query.wait_ms)
    return response


def resend_delivery(sandbox: Sandbox, call: Call[None, None]) -> DeliveryResponse:
    """Send a delivery's body again as a new delivery."""
    outbox = _outbox(sandbox)
    delivery = outbox.get(call.ids[0])
    if delivery is None:
        raise CONTROL_NOT_FOUND.error(
            detail=f"no delivery has the id {call.ids[0]!r}; it may have been evicted"
        )
    if delivery.target not in outbox.targets:
        raise CONTROL_INVALID.error(
            detail=f"cannot resend {delivery.id}: its target {delivery.target!r} no longer exists"
        )
    return _delivery_response(resend(sandbox, outbox, delivery))


def _outbox(sandbox: Sandbox) -> Outbox:
    """Return the outbox, or an empty one; reading does not create it."""
    return sandbox.outbox or Outbox()


def _require_target(sandbox: Sandbox, target_id: str) -> WebhookTarget:
    targets = _outbox(sandbox).targets
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
        retry_after_ms=spec.retry_after_ms,
        plan=spec.plan,
        left=target.left,
        of_scenario=target.of_scenario,
        secret=secret,
    )


def _delivery_response(delivery: Delivery) -> DeliveryResponse:
    is_code = delivery.about == "verification"
    return DeliveryResponse(
        id=delivery.id,
        number=delivery.number,
        target=delivery.target,
        about=delivery.about,
        event=delivery.event or None,
        state=delivery.state,
        made_ms=delivery.made_ms,
        due_ms=delivery.due_ms if delivery.state == "waiting" else None,
        attempts=delivery.attempts,
        resend_of=delivery.resend_of,
        held_for=delivery.held_for or None,
        body={"verificationCode": "…"} if is_code else masked_body(delivery.body.encode()),
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
    control_endpoint(
        *("list_deliveries", "GET", _DELIVERIES, list_deliveries, DeliveryList),
        query=DeliveryQuery,
    ),
    control_endpoint(
        *("resend_delivery", "POST", f"{_DELIVERIES}/{{id}}/resend", resend_delivery),
        DeliveryResponse,
    ),
)
