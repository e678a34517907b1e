"""Posting: a body becomes a delivery of the outbox, which takes its course by the sandbox's clock.

A target's plan may spoil it; attempts that failed are made again. Whoever carries deliveries out
takes them from the outbox and reports how each attempt ended.
"""

from typing import Any

import msgspec

from mock_clover.clover.webhooks.records_delivery import Attempt, Delivery, State, Subscription
from mock_clover.clover.webhooks.records_event import Verification
from mock_clover.core.record import encode
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

WEBHOOK_DUE = "webhook_due"
"""The agenda's kind of a delivery that waits for its time: a retry, or a delay on demand."""
GIVES_BACK = ("refund", "void")
"""What a payment's event is about when `late_after_refund` has waited for it."""

_replace = msgspec.structs.replace


def post(
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
    """Make a delivery of a body; one that waits comes when the agenda says so."""
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


def apply_delivery_plan(
    sandbox: Sandbox,
    outbox: Outbox,
    known: Subscription,
    body: str,
    event: str,
    object_id: str,
    about: str,
) -> None:
    """Post an event to a target, unless its plan has it go wrong; then what waited for it."""
    if is_awaiting_verification(outbox, known):
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
    elif do == "late_after_refund" and about not in GIVES_BACK:
        state, held_for = "held", object_id
    elif do == "delay" and step is not None:
        state, due_ms = "waiting", now_ms + (step.delay_ms or 0)
    elif do == "duplicate" and step is not None:
        copies = step.copies
    for _ in range(copies):
        post(
            *(sandbox, outbox, known, body, about),
            state=state,
            due_ms=due_ms,
            event=event,
            object_id=object_id,
            held_for=held_for,
        )
    if state == "under_way":
        release(outbox, known.id, "next", now_ms)


def release(outbox: Outbox, target_id: str, held_for: str, now_ms: int) -> None:
    """Let go what was held for a target until this happened."""
    for each in outbox.held(target_id, held_for):
        outbox.put(_replace(each, state="under_way", due_ms=now_ms, held_for=""))


def is_awaiting_verification(outbox: Outbox, known: Subscription) -> bool:
    """Tell whether a target gets nothing, and count it: its code was not handed back yet."""
    if known.code is not None:
        outbox.subscriptions[known.id] = _replace(known, withheld=known.withheld + 1)
    return known.code is not None


def verify_target(sandbox: Sandbox, outbox: Outbox, known: Subscription) -> Delivery:
    """Send a new target the code that is to be handed back."""
    body = encode(Verification(verificationCode=known.code or "")).decode()
    made = post(*(sandbox, outbox, known, body, "verification"), due_ms=sandbox.clock.now_ms())
    sandbox.webhook_sender(sandbox)
    return made


def resend(sandbox: Sandbox, outbox: Outbox, delivery: Delivery) -> Delivery:
    """Send a delivery's body anew, as a delivery of its own with all its attempts."""
    made = post(
        *(sandbox, outbox, outbox.subscriptions[delivery.target], delivery.body, delivery.about),
        due_ms=sandbox.clock.now_ms(),
        event=delivery.event,
        object_id=delivery.object_id,
        signature=delivery.signature,
        resend_of=delivery.id,
    )
    sandbox.webhook_sender(sandbox)
    return made


def deliver_due(sandbox: Sandbox, due: Job) -> bool:
    """Let a delivery go whose time has come."""
    delivery = sandbox.outbox.get(due.id) if sandbox.outbox is not None else None
    if sandbox.outbox is None or delivery is None or delivery.state != "waiting":
        return False
    sandbox.outbox.put(_replace(delivery, state="under_way", due_ms=due.at_ms))
    sandbox.webhook_sender(sandbox)
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
