"""Control endpoints for webhook deliveries: the list with its attempts, and resending."""

from typing import Annotated, Any

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.webhooks.operations_deliveries import resend
from mock_clover.clover.webhooks.records import COPIES_MAX, DELAY_MS_MAX, Signature
from mock_clover.clover.webhooks.records_delivery import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
)
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, StatusResult
from mock_clover.sandbox.masking import masked_body
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox

WAIT_MS_MAX = 60_000
_DELIVERIES = "/_mock/deliveries"


class ResendRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/deliveries/{id}/resend`; without fields it is sent as before."""

    copies: Annotated[int, doc("Number of copies.", MOCK_ONLY, ge=1, le=COPIES_MAX)] = 1
    delay_ms: Annotated[
        int, doc("Delay in ms by the sandbox's clock.", MOCK_ONLY, ge=0, le=DELAY_MS_MAX)
    ] = 0
    after_next: Annotated[bool, doc("true: send it after the target's next event.", MOCK_ONLY)] = (
        False
    )
    signature: Annotated[
        Signature | None,
        doc(
            "Whether it has a valid, an invalid or no signature header; default: as before.",
            MOCK_ONLY,
        ),
    ] = None


class DeliveryQuery(Record, frozen=True, kw_only=True):
    """Query of the list of deliveries."""

    target: Annotated[str | None, doc("Id of a target.", MOCK_ONLY)] = None
    state: Annotated[DeliveryState | None, doc("State of the delivery.", MOCK_ONLY)] = None
    about: Annotated[str | None, doc("Cause: charge, refund, rule, …", MOCK_ONLY)] = None
    event: Annotated[str | None, doc("Event, such as P:CREATE.", MOCK_ONLY)] = None
    object_id: Annotated[
        str | None, doc("Id of the object, for example of a charge.", MOCK_ONLY)
    ] = None
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
    object_id: str | None = None
    signature: Signature
    """Whether its signature header is valid, invalid or missing."""
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


def list_deliveries(
    sandbox: Sandbox, call: Call[None, DeliveryQuery]
) -> DeliveryList | StatusResult:
    """Return the newest deliveries; `wait=n` waits until n match and none is being sent."""
    query, outbox = call.query, outbox_of(sandbox)
    filters = {
        name: value
        for name in ("target", "about", "event", "object_id")
        if (value := getattr(query, name)) is not None
    }
    matching = [
        delivery
        for delivery in outbox
        if delivery.number > query.after
        and all(getattr(delivery, name) == value for name, value in filters.items())
    ]
    selected = [delivery for delivery in matching if query.state in (None, delivery.state)]
    response = DeliveryList(data=tuple(map(delivery_response, selected[-query.limit :])))
    if query.wait and (
        len(selected) < query.wait or any(delivery.state == "under_way" for delivery in matching)
    ):
        return StatusResult(200, response, long_poll_ms=query.wait_ms)
    return response


def resend_delivery(sandbox: Sandbox, call: Call[ResendRequest, None]) -> DeliveryResponse:
    """Send a delivery's body again as a new delivery: also late, reordered or badly signed."""
    outbox = outbox_of(sandbox)
    delivery = outbox.get(call.ids[0])
    if delivery is None:
        raise CONTROL_NOT_FOUND.error(
            detail=f"no delivery has the id {call.ids[0]!r}; it may have been evicted"
        )
    if delivery.target not in outbox.targets:
        raise CONTROL_INVALID.error(
            detail=f"cannot resend {delivery.id}: its target {delivery.target!r} no longer exists"
        )
    body = call.body
    if body.delay_ms and body.after_next:
        raise CONTROL_INVALID.error(detail="delay_ms and after_next cannot be combined")
    new = resend(
        *(sandbox, outbox, delivery),
        copies=body.copies,
        delay_ms=body.delay_ms,
        after_next=body.after_next,
        signature=body.signature,
    )
    return delivery_response(new)


def outbox_of(sandbox: Sandbox) -> Outbox:
    """Return the outbox, or an empty one; reading does not create it."""
    return sandbox.outbox or Outbox()


def delivery_response(delivery: Delivery) -> DeliveryResponse:
    """Return a delivery as the control API shows it."""
    is_code = delivery.about == "verification"
    return DeliveryResponse(
        id=delivery.id,
        number=delivery.number,
        target=delivery.target,
        about=delivery.about,
        event=delivery.event or None,
        object_id=delivery.object_id or None,
        signature=delivery.signature,
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
        *("list_deliveries", "GET", _DELIVERIES, list_deliveries, DeliveryList),
        query=DeliveryQuery,
    ),
    control_endpoint(
        *("resend_delivery", "POST", f"{_DELIVERIES}/{{id}}/resend", resend_delivery),
        DeliveryResponse,
        request=ResendRequest,
    ),
)
