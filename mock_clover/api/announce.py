"""Announcing: what happened becomes deliveries of the sandbox's outbox, which take their course.

A handler calls `announce` once something has happened, and only where the sandbox has an outbox.
Which events Clover sends for what is known only by their kinds (AROUND 5.3); that one event is one
POST, and the choices below, are inferred.
"""

from typing import Any

import msgspec

from mock_clover.model.webhook import (
    KNOWS_OBJECT,
    OBJECT_OF,
    Attempt,
    CheckoutBody,
    Delivery,
    EventOrder,
    EventType,
    PlatformBody,
    PlatformEvent,
    State,
    Status,
    Subscription,
    TargetSpec,
    Verification,
)
from mock_clover.sandbox.agenda import Due
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.record import Record, decode_json, encode

WEBHOOK_DUE = "webhook_due"
"""The agenda's kind of a delivery that waits for its time: a retry, or a delay on demand."""

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
        _follow_plan(sandbox, outbox, known, body, event, object_id, about)
    sandbox.courier(sandbox)


def announce_checkout(
    sandbox: Sandbox,
    payment_id: str,
    *,
    approved: bool,
    amount: int,
    session_id: str | None,
) -> None:
    """Tell all targets of hosted checkout events how a payment on Clover's own page ended.

    `amount` is in minor units; without a session the body has no `data`, as one reader saw it.
    """
    outbox = sandbox.outbox
    if outbox is None:
        return
    status: Status = "APPROVED" if approved else "DECLINED"
    order = EventOrder(kind="hosted_checkout", status=status, amount=amount, session=session_id)
    body = _checkout(sandbox, order, payment_id)
    for known in tuple(outbox.subscriptions.values()):
        if known.spec.kind == "hosted_checkout":
            _follow_plan(sandbox, outbox, known, body, "", payment_id, "checkout")
    sandbox.courier(sandbox)


def send(sandbox: Sandbox, order: EventOrder, about: str) -> list[Delivery]:
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
        if _is_withheld(outbox, known):
            continue
        body = _ordered(sandbox, known.spec, order)
        for _ in range(order.copies):
            made = _post(
                *(sandbox, outbox, known, body, about),
                state="waiting" if order.delay_ms else "under_way",
                due_ms=now_ms + order.delay_ms,
                event=event,
                object_id=order.id or "",
                signature=order.signature,
            )
            sent.append(made)
    sandbox.courier(sandbox)
    return sent


def follow(
    sandbox: Sandbox,
    operation: str,
    ids: tuple[str, ...],
    request: Record | None,
    order: EventOrder,
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
            )
    send(sandbox, order, "rule")


def verify_target(sandbox: Sandbox, outbox: Outbox, known: Subscription) -> Delivery:
    """Send a new target the code that is to be handed back."""
    body = encode(Verification(verificationCode=known.code or "")).decode()
    made = _post(*(sandbox, outbox, known, body, "verification"), due_ms=sandbox.clock.now_ms())
    sandbox.courier(sandbox)
    return made


def resend(sandbox: Sandbox, outbox: Outbox, delivery: Delivery) -> Delivery:
    """Send a delivery's body anew, as a delivery of its own with all its attempts."""
    made = _post(
        *(sandbox, outbox, outbox.subscriptions[delivery.target], delivery.body, delivery.about),
        due_ms=sandbox.clock.now_ms(),
        event=delivery.event,
        object_id=delivery.object_id,
        signature=delivery.signature,
        resend_of=delivery.id,
    )
    sandbox.courier(sandbox)
    return made


def deliver_due(sandbox: Sandbox, due: Due) -> bool:
    """Let a delivery go whose time has come."""
    delivery = sandbox.outbox.get(due.id) if sandbox.outbox is not None else None
    if sandbox.outbox is None or delivery is None or delivery.state != "waiting":
        return False
    sandbox.outbox.put(_replace(delivery, state="under_way", due_ms=due.at_ms))
    sandbox.courier(sandbox)
    return True


def report(
    sandbox: Sandbox,
    delivery_id: str,
    *,
    status: int | None = None,
    error: str | None = None,
    took_ms: int = 0,
) -> Delivery | None:
    """Note how an attempt ended; one that failed is tried again after the target's next wait.

    A wait counts from when the attempt was due, so the times of all attempts follow from the first,
    however late the clock is looked at.
    """
    outbox = sandbox.outbox
    delivery = outbox.get(delivery_id) if outbox is not None else None
    if outbox is None or delivery is None or delivery.state != "under_way":
        return None
    number = len(delivery.attempts) + 1
    made = Attempt(
        number=number,
        due_ms=delivery.due_ms,
        sent_ms=sandbox.clock.now_ms(),
        took_ms=took_ms,
        status=status,
        error=error,
    )
    known = outbox.subscriptions.get(delivery.target)
    waits = known.spec.retry_after_ms if known is not None else ()
    state: State = "delivered" if error is None else "failed"
    due_ms = delivery.due_ms
    if error is not None and number <= len(waits):
        state, due_ms = "waiting", due_ms + waits[number - 1]
        sandbox.agenda.add(due_ms, WEBHOOK_DUE, delivery.id)
    done = _replace(delivery, state=state, due_ms=due_ms, attempts=(*delivery.attempts, made))
    outbox.put(done)
    return done


def _follow_plan(
    sandbox: Sandbox,
    outbox: Outbox,
    known: Subscription,
    body: str,
    event: str,
    object_id: str,
    about: str,
) -> None:
    """Post an event to a target, unless its plan has it go wrong; then what waited for it."""
    if _is_withheld(outbox, known):
        return
    step = outbox.mischief(known.id, event)
    do = step.do if step is not None else None
    now_ms = sandbox.clock.now_ms()
    state: State = "under_way"
    held_for, due_ms, copies = "", now_ms, 1
    if do == "drop":
        state = "dropped"
    elif do == "reorder":
        state, held_for = "held", "next"
    elif do == "late_after_refund" and about not in ("refund", "void"):
        state, held_for = "held", object_id
    elif do == "delay" and step is not None:
        state, due_ms = "waiting", now_ms + (step.delay_ms or 0)
    elif do == "duplicate" and step is not None:
        copies = step.copies
    awaited = outbox.held(known.id, "next") if state == "under_way" else []
    if about in ("refund", "void"):
        awaited += outbox.held(known.id, object_id)
    for _ in range(copies):
        _post(
            *(sandbox, outbox, known, body, about),
            state=state,
            due_ms=due_ms,
            event=event,
            object_id=object_id,
            held_for=held_for,
        )
    for each in awaited:
        outbox.put(_replace(each, state="under_way", due_ms=now_ms, held_for=""))


def _is_withheld(outbox: Outbox, known: Subscription) -> bool:
    """Tell whether a target gets nothing, and count it: its code was not handed back yet."""
    if known.code is not None:
        outbox.subscriptions[known.id] = _replace(known, withheld=known.withheld + 1)
    return known.code is not None


def _post(
    sandbox: Sandbox,
    outbox: Outbox,
    known: Subscription,
    body: str,
    about: str,
    *,
    due_ms: int,
    state: State = "under_way",
    **more: Any,
) -> Delivery:
    outbox.count += 1
    made = Delivery(
        id=f"delivery-{outbox.count}",
        number=outbox.count,
        target=known.id,
        about=about,
        body=body,
        state=state,
        made_ms=sandbox.clock.now_ms(),
        due_ms=due_ms,
        **more,
    )
    outbox.add(made)
    if state == "waiting":
        sandbox.agenda.add(due_ms, WEBHOOK_DUE, made.id)
    return made


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


def _checkout(sandbox: Sandbox, order: EventOrder, payment_id: str) -> str:
    status = order.status or "APPROVED"
    verb = "Approved" if status == "APPROVED" else "Decline"
    body = CheckoutBody(
        createdTime=sandbox.clock.now_ms(),
        message=f"{verb} for {order.amount or 0}",
        status=status,
        type="PAYMENT",
        id=payment_id,
        merchantId=sandbox.credentials.merchant_id,
        data=order.session,
    )
    return encode(body).decode()


def _ordered(sandbox: Sandbox, spec: TargetSpec, order: EventOrder) -> str:
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
