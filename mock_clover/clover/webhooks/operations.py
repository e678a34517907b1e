"""Turn events into deliveries in the sandbox's outbox.

Handlers call `send_platform_event` after a change. Without an outbox it does nothing. Clover
documents only the event types. Which operation sends which event, and that each event is sent in
its own POST, is inferred.
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.webhooks.operations_deliveries import (
    REFUND_CAUSES,
    create_delivery,
    deliver_with_faults,
    release,
    withhold_if_unverified,
)
from mock_clover.clover.webhooks.records import (
    EVENT_BY_OPERATION,
    OPERATIONS_WITH_OBJECT_ID,
    EventSpec,
    EventType,
    Status,
    TargetSpec,
)
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.clover.webhooks.records_event import CheckoutBody, PlatformBody, PlatformEvent
from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.record import Record, encode
from mock_clover.sandbox.sandbox import Sandbox


def send_platform_event(
    sandbox: Sandbox, kind: str, object_id: str, event_type: EventType, about: str
) -> None:
    """Send a platform event about an object that was created, updated or deleted."""
    outbox = sandbox.outbox
    if outbox is None:
        return
    event = f"{kind}:{event_type}"
    for target in tuple(outbox.targets.values()):
        if target.spec.kind != "platform" or not target.is_subscribed_to(event):
            continue
        body = _platform_body(sandbox, target.spec, f"{kind}:{object_id}", event_type)
        deliver_with_faults(sandbox, outbox, target, body, event, object_id, about)
    if about in REFUND_CAUSES:
        for target_id in outbox.targets:
            release(outbox, target_id, object_id, sandbox.clock.now_ms())
    sandbox.webhook_sender(sandbox)


def send_checkout_event(
    sandbox: Sandbox,
    payment_id: str,
    *,
    approved: bool,
    amount: int,
    session_id: str,
) -> None:
    """Send a hosted checkout event about the result of a payment on the page.

    `amount` is in minor units.
    """
    outbox = sandbox.outbox
    if outbox is None:
        return
    status: Status = "APPROVED" if approved else "DECLINED"
    spec = EventSpec(kind="hosted_checkout", status=status, amount=amount, session=session_id)
    body = _checkout_body(sandbox, spec, payment_id)
    for target in tuple(outbox.targets.values()):
        if target.spec.kind == "hosted_checkout":
            deliver_with_faults(sandbox, outbox, target, body, "", payment_id, "checkout")
    sandbox.webhook_sender(sandbox)


def send_requested_event(sandbox: Sandbox, spec: EventSpec, about: str) -> list[Delivery]:
    """Send an event manually; the delivery faults of targets do not apply to it."""
    outbox, sent = sandbox.outbox, []
    if outbox is None:
        return []
    now_ms = sandbox.clock.now_ms()
    for target in tuple(outbox.targets.values()):
        if target.spec.kind != spec.kind or spec.target not in (None, target.id):
            continue
        event = f"{spec.object}:{spec.type}" if spec.object and spec.type else ""
        if event and not target.is_subscribed_to(event) and spec.target is None:
            continue
        if withhold_if_unverified(outbox, target):
            continue
        body = _requested_body(sandbox, target.spec, spec)
        for _ in range(spec.copies):
            delivery = create_delivery(
                *(sandbox, outbox, target, body, about),
                state="waiting" if spec.delay_ms else "under_way",
                due_ms=now_ms + spec.delay_ms,
                event=event,
                object_id=spec.id or "",
                signature=spec.signature,
            )
            sent.append(delivery)
    sandbox.webhook_sender(sandbox)
    return sent


def send_rule_event(
    sandbox: Sandbox,
    operation: str,
    ids: tuple[str, ...],
    request: Record | None,
    spec: EventSpec,
    status: int,
    reply: bytes,
) -> None:
    """Send the event of a rule after a request. Fields that the rule omits come from the request.

    A failed request creates no object, so its event needs an explicit `id`, unless the request
    names an existing object.
    """
    if spec.payload is None:
        object_id = spec.id or _object_id(operation, ids, request, reply)
        if not object_id:
            return
        if spec.kind == "platform":
            kind, event_type = EVENT_BY_OPERATION.get(operation, (None, None))
            if not (spec.object or kind):
                return
            spec = replace(
                spec,
                id=object_id,
                object=spec.object or kind,
                type=spec.type or event_type or "UPDATE",
            )
        else:
            amount = getattr(request, "amount", None)
            spec = replace(
                spec,
                id=object_id,
                status=spec.status or ("APPROVED" if status < 300 else "DECLINED"),
                amount=spec.amount if spec.amount is not None else amount or 0,
                session=spec.session or getattr(request, "checkout", None),
            )
    send_requested_event(sandbox, spec, "rule")


def _platform_body(
    sandbox: Sandbox,
    spec: TargetSpec,
    object_id: str,
    event_type: EventType,
    ts: int | None = None,
) -> str:
    credentials = sandbox.credentials
    event = PlatformEvent(
        objectId=object_id, type=event_type, ts=sandbox.clock.now_ms() if ts is None else ts
    )
    body = PlatformBody(
        appId=spec.app_id or credentials.client_id, merchants={credentials.merchant_id: (event,)}
    )
    return encode(body).decode()


def _checkout_body(sandbox: Sandbox, event: EventSpec, payment_id: str) -> str:
    settings, status = sandbox.settings, event.status or "APPROVED"
    with_data = settings.checkout.webhook_data
    if with_data is None:
        with_data = settings.dialect == "documented"
    verb = "Approved" if status == "APPROVED" else "Decline"
    body = CheckoutBody(
        createdTime=sandbox.clock.now_ms(),
        message=f"{verb} for {event.amount or 0}",
        status=status,
        type="PAYMENT",
        id=payment_id,
        merchantId=sandbox.credentials.merchant_id,
        checkoutSessionId=event.session,
        data=event.session if with_data else None,
    )
    return encode(body).decode()


def _requested_body(sandbox: Sandbox, spec: TargetSpec, event: EventSpec) -> str:
    if event.payload is not None:
        return encode(event.payload).decode()
    if event.kind == "hosted_checkout":
        return _checkout_body(sandbox, event, event.id or "")
    object_id = f"{event.object}:{event.id}"
    return _platform_body(sandbox, spec, object_id, event.type or "UPDATE", event.ts)


def _object_id(
    operation: str, ids: tuple[str, ...], request: Record | None, reply: bytes
) -> str | None:
    """Return the id of the object of a request, or None if there is none."""
    if operation in OPERATIONS_WITH_OBJECT_ID:
        return ids[0] if ids else getattr(request, "charge", None)
    if operation not in EVENT_BY_OPERATION:
        return None
    try:
        body: Any = parse(reply)
        object_id = body.get("id") or (body.get("error") or {}).get("charge")
    except (MalformedError, AttributeError):
        return None
    return object_id if isinstance(object_id, str) else None
