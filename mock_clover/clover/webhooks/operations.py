"""Announcing: what happened becomes deliveries of the sandbox's outbox, which take their course.

A handler calls `announce` once something has happened, and only where the sandbox has an outbox.
Of Clover's events only the kinds are known; which it sends for what, and that one event is one
POST, is inferred.
"""

import msgspec

from mock_clover.clover.webhooks.operations_deliveries import (
    GIVES_BACK,
    apply_delivery_plan,
    is_awaiting_verification,
    post,
    release,
)
from mock_clover.clover.webhooks.records import (
    KNOWS_OBJECT,
    OBJECT_OF,
    EventSpec,
    EventType,
    Status,
    TargetSpec,
)
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.clover.webhooks.records_event import CheckoutBody, PlatformBody, PlatformEvent
from mock_clover.core.record import Record, decode_json, encode
from mock_clover.sandbox.sandbox import Sandbox

_replace = msgspec.structs.replace


def announce(
    sandbox: Sandbox, kind: str, object_id: str, event_type: EventType, about: str
) -> None:
    """Tell all targets of platform events that an object was made, changed or deleted."""
    outbox = sandbox.outbox
    if outbox is None:
        return
    event = f"{kind}:{event_type}"
    for known in tuple(outbox.subscriptions.values()):
        if known.spec.kind != "platform" or not known.wants(event):
            continue
        body = _platform(sandbox, known.spec, f"{kind}:{object_id}", event_type)
        apply_delivery_plan(sandbox, outbox, known, body, event, object_id, about)
    if about in GIVES_BACK:
        for target_id in outbox.subscriptions:
            release(outbox, target_id, object_id, sandbox.clock.now_ms())
    sandbox.webhook_sender(sandbox)


def announce_checkout(
    sandbox: Sandbox,
    payment_id: str,
    *,
    approved: bool,
    amount: int,
    session_id: str,
) -> None:
    """Tell all targets of hosted checkout events how a payment on Clover's own page ended.

    `amount` is in minor units.
    """
    outbox = sandbox.outbox
    if outbox is None:
        return
    status: Status = "APPROVED" if approved else "DECLINED"
    order = EventSpec(kind="hosted_checkout", status=status, amount=amount, session=session_id)
    body = _checkout(sandbox, order, payment_id)
    for known in tuple(outbox.subscriptions.values()):
        if known.spec.kind == "hosted_checkout":
            apply_delivery_plan(sandbox, outbox, known, body, "", payment_id, "checkout")
    sandbox.webhook_sender(sandbox)


def send(sandbox: Sandbox, order: EventSpec, about: str) -> list[Delivery]:
    """Send an event that was asked for, as it was asked for: no target's plan spoils it."""
    outbox, sent = sandbox.outbox, []
    if outbox is None:
        return []
    now_ms = sandbox.clock.now_ms()
    for known in tuple(outbox.subscriptions.values()):
        if known.spec.kind != order.kind or order.target not in (None, known.id):
            continue
        event = f"{order.object}:{order.type}" if order.object and order.type else ""
        if event and not known.wants(event) and order.target is None:
            continue
        if is_awaiting_verification(outbox, known):
            continue
        body = _ordered(sandbox, known.spec, order)
        for _ in range(order.copies):
            made = post(
                *(sandbox, outbox, known, body, about),
                state="waiting" if order.delay_ms else "under_way",
                due_ms=now_ms + order.delay_ms,
                event=event,
                object_id=order.id or "",
                signature=order.signature,
            )
            sent.append(made)
    sandbox.webhook_sender(sandbox)
    return sent


def send_rule_event(
    sandbox: Sandbox,
    operation: str,
    ids: tuple[str, ...],
    request: Record | None,
    order: EventSpec,
    status: int,
    reply: bytes,
) -> None:
    """Send the event that a rule has follow a call; what it does not say is read off the call.

    A refused call made nothing, so an event about it must say which object it means.
    """
    if order.payload is None:
        found = order.id or _object_of(operation, ids, request, reply)
        if not found:
            return
        if order.kind == "platform":
            kind, event_type = OBJECT_OF.get(operation, (None, None))
            if not (order.object or kind):
                return
            order = _replace(
                order,
                id=found,
                object=order.object or kind,
                type=order.type or event_type or "UPDATE",
            )
        else:
            asked = getattr(request, "amount", None)
            order = _replace(
                order,
                id=found,
                status=order.status or ("APPROVED" if status < 300 else "DECLINED"),
                amount=order.amount if order.amount is not None else asked or 0,
                session=order.session or getattr(request, "checkout", None),
            )
    send(sandbox, order, "rule")


def _platform(
    sandbox: Sandbox,
    spec: TargetSpec,
    object_id: str,
    event_type: EventType,
    ts: int | None = None,
) -> str:
    known = sandbox.credentials
    happened = PlatformEvent(
        objectId=object_id, type=event_type, ts=sandbox.clock.now_ms() if ts is None else ts
    )
    body = PlatformBody(
        appId=spec.app_id or known.client_id, merchants={known.merchant_id: (happened,)}
    )
    return encode(body).decode()


def _checkout(sandbox: Sandbox, order: EventSpec, payment_id: str) -> str:
    settings, status = sandbox.settings, order.status or "APPROVED"
    with_data = settings.checkout.webhook_data
    if with_data is None:
        with_data = settings.dialect == "documented"
    verb = "Approved" if status == "APPROVED" else "Decline"
    body = CheckoutBody(
        createdTime=sandbox.clock.now_ms(),
        message=f"{verb} for {order.amount or 0}",
        status=status,
        type="PAYMENT",
        id=payment_id,
        merchantId=sandbox.credentials.merchant_id,
        checkoutSessionId=order.session,
        data=order.session if with_data else None,
    )
    return encode(body).decode()


def _ordered(sandbox: Sandbox, spec: TargetSpec, order: EventSpec) -> str:
    if order.payload is not None:
        return encode(order.payload).decode()
    if order.kind == "hosted_checkout":
        return _checkout(sandbox, order, order.id or "")
    named = f"{order.object}:{order.id}"
    return _platform(sandbox, spec, named, order.type or "UPDATE", order.ts)


def _object_of(
    operation: str, ids: tuple[str, ...], request: Record | None, reply: bytes
) -> str | None:
    """Return the id of the object that a call was about, or None when it made none."""
    if operation in KNOWS_OBJECT:
        return ids[0] if ids else getattr(request, "charge", None)
    if operation not in OBJECT_OF:
        return None
    try:
        tree = decode_json(reply)
        found = tree.get("id") or (tree.get("error") or {}).get("charge")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None
