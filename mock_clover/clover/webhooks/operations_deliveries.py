"""Create deliveries in the outbox, and update them as the sandbox's clock advances.

A target can be configured with delivery faults. Failed attempts are retried. The sender takes
deliveries from the outbox and reports the result of each attempt.
"""

from typing import Any

from msgspec.structs import replace

from mock_clover.clover.webhooks.records import Signature
from mock_clover.clover.webhooks.records_delivery import (
    RESPONSE_CHARS_MAX,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    WebhookTarget,
)
from mock_clover.clover.webhooks.records_event import Verification
from mock_clover.core.record import encode
from mock_clover.sandbox.masking import mask
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

WEBHOOK_DELIVERY_JOB = "webhook_due"
"""Job kind of a waiting delivery: a retry or a requested delay."""
REFUND_CAUSES = ("refund", "void")
"""Causes of the events that release deliveries held by `late_after_refund`."""


def create_delivery(
    sandbox: Sandbox,
    outbox: Outbox,
    target: WebhookTarget,
    body: str,
    about: str,
    *,
    due_ms: int,
    state: DeliveryState = "under_way",
    **kwargs: Any,
) -> Delivery:
    """Create a delivery; schedule a job for one that waits."""
    outbox.count += 1
    delivery = Delivery(
        id=f"delivery-{outbox.count}",
        number=outbox.count,
        target=target.id,
        about=about,
        body=body,
        state=state,
        made_ms=sandbox.clock.now_ms(),
        due_ms=due_ms,
        **kwargs,
    )
    outbox.add(delivery)
    if state == "waiting":
        sandbox.scheduler.add(due_ms, WEBHOOK_DELIVERY_JOB, delivery.id)
    return delivery


def deliver_with_faults(
    sandbox: Sandbox,
    outbox: Outbox,
    target: WebhookTarget,
    body: str,
    event: str,
    object_id: str,
    about: str,
) -> None:
    """Create the deliveries of an event, with the target's faults; release those held for it."""
    if withhold_if_unverified(outbox, target):
        return
    fault = outbox.next_fault(target.id, event)
    action = fault.do if fault is not None else None
    now_ms = sandbox.clock.now_ms()
    state: DeliveryState = "under_way"
    held_for, due_ms, copies = "", now_ms, 1
    if action == "drop":
        state = "dropped"
    elif action == "reorder":
        state, held_for = "held", "next"
    elif action == "late_after_refund" and about not in REFUND_CAUSES:
        state, held_for = "held", object_id
    elif action == "delay" and fault is not None:
        state, due_ms = "waiting", now_ms + (fault.delay_ms or 0)
    elif action == "duplicate" and fault is not None:
        copies = fault.copies
    for _ in range(copies):
        create_delivery(
            *(sandbox, outbox, target, body, about),
            state=state,
            due_ms=due_ms,
            event=event,
            object_id=object_id,
            held_for=held_for,
        )
    if state == "under_way":
        release(outbox, target.id, "next", now_ms)


def release(outbox: Outbox, target_id: str, held_for: str, now_ms: int) -> None:
    """Release the deliveries to a target that are held for this event."""
    for delivery in outbox.held_deliveries(target_id, held_for):
        outbox.update(replace(delivery, state="under_way", due_ms=now_ms, held_for=""))


def withhold_if_unverified(outbox: Outbox, target: WebhookTarget) -> bool:
    """Count an event as withheld if its target is not verified; return whether it was withheld."""
    if target.code is not None:
        outbox.targets[target.id] = replace(target, withheld=target.withheld + 1)
    return target.code is not None


def verify_target(sandbox: Sandbox, outbox: Outbox, target: WebhookTarget) -> Delivery:
    """Send a new target its verification code."""
    body = encode(Verification(verificationCode=target.code or "")).decode()
    delivery = create_delivery(
        *(sandbox, outbox, target, body, "verification"), due_ms=sandbox.clock.now_ms()
    )
    sandbox.webhook_sender(sandbox)
    return delivery


def resend(
    sandbox: Sandbox,
    outbox: Outbox,
    delivery: Delivery,
    *,
    copies: int = 1,
    delay_ms: int = 0,
    after_next: bool = False,
    signature: Signature | None = None,
) -> Delivery:
    """Send a delivery's body again, as new deliveries with their own attempts; return the first.

    `after_next`: after the next event of its target, which reorders the two.
    """
    state: DeliveryState = "held" if after_next else "waiting" if delay_ms else "under_way"
    new = [
        create_delivery(
            *(sandbox, outbox, outbox.targets[delivery.target], delivery.body, delivery.about),
            state=state,
            due_ms=sandbox.clock.now_ms() + delay_ms,
            held_for="next" if after_next else "",
            event=delivery.event,
            object_id=delivery.object_id,
            signature=signature or delivery.signature,
            resend_of=delivery.id,
        )
        for _ in range(copies)
    ]
    sandbox.webhook_sender(sandbox)
    return new[0]


def shown_response(body: bytes) -> str:
    """Return the beginning of a response's body as masked text."""
    return mask(body.decode("utf-8", "replace"))[:RESPONSE_CHARS_MAX]


def deliver_due(sandbox: Sandbox, job: Job) -> bool:
    """Send a waiting delivery that is due."""
    delivery = sandbox.outbox.get(job.id) if sandbox.outbox is not None else None
    if sandbox.outbox is None or delivery is None or delivery.state != "waiting":
        return False
    sandbox.outbox.update(replace(delivery, state="under_way", due_ms=job.at_ms))
    sandbox.webhook_sender(sandbox)
    return True


def record_attempt(
    sandbox: Sandbox,
    delivery_id: str,
    *,
    status: int | None = None,
    error: str | None = None,
    took_ms: int = 0,
    signature: str = "",
    response: str = "",
) -> Delivery | None:
    """Record the result of an attempt; schedule a retry after a failure.

    `signature` and `response` are texts for the list of attempts.

    The wait before a retry starts when the attempt was due, not when it was sent, so all due times
    depend only on the first attempt.
    """
    outbox = sandbox.outbox
    delivery = outbox.get(delivery_id) if outbox is not None else None
    if outbox is None or delivery is None or delivery.state != "under_way":
        return None
    number = len(delivery.attempts) + 1
    attempt = DeliveryAttempt(
        number=number,
        due_ms=delivery.due_ms,
        sent_ms=sandbox.clock.now_ms(),
        took_ms=took_ms,
        status=status,
        error=error,
        signature=signature,
        response=response,
    )
    target = outbox.targets.get(delivery.target)
    waits = target.spec.retry_after_ms if target is not None else ()
    state: DeliveryState = "delivered" if error is None else "failed"
    due_ms = delivery.due_ms
    if error is not None and number <= len(waits):
        state, due_ms = "waiting", due_ms + waits[number - 1]
        sandbox.scheduler.add(due_ms, WEBHOOK_DELIVERY_JOB, delivery.id)
    updated = replace(delivery, state=state, due_ms=due_ms, attempts=(*delivery.attempts, attempt))
    outbox.update(updated)
    return updated
