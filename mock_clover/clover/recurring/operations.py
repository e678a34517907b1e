"""Jobs that charge, retry, renew, deactivate and end subscriptions.

A payment uses the same functions as any other: `resolve_source`, the rules of the scenario,
`store_charge`. Rules match it as the operation `charge_subscription`. No client waits for its
response, so rules with problems or faults apply only if they name the operation. A payment also
fails if the customer has no card or if a rule returns an error.
"""

from typing import NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.operations_source import resolve_source
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.responses import created_response
from mock_clover.clover.common.problems import BY_NAME, ApiError
from mock_clover.clover.recurring.records import (
    CHARGE_SUBSCRIPTION,
    CHARGE_SUBSCRIPTION_JOB,
    END_SUBSCRIPTION_JOB,
    FAILURES_MAX,
    UPCOMING_CHARGE_JOB,
    Plan,
    Subscription,
    charge_request,
)
from mock_clover.clover.recurring.records_notice import (
    payment_failed_message,
    renewal_message,
    upcoming_charge_message,
)
from mock_clover.clover.webhooks.operations import send_rule_event
from mock_clover.core.record import encode
from mock_clover.engine.error_format import decline_body, error_format
from mock_clover.engine.overrides import find_override, spend_armed
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job


class PaymentAttempt(NamedTuple):
    """Result of a payment attempt: the charge, if one was created, and why it failed, or ''."""

    charge: Charge | None
    failure: str


def store_and_schedule(
    sandbox: Sandbox, before: Subscription | None, row: Subscription, *, notify: bool = True
) -> Subscription:
    """Store a subscription and schedule its jobs.

    Jobs that were scheduled earlier for other times have no effect, because a job is compared with
    the row when it runs.
    """
    now_ms, scheduler = sandbox.clock.now_ms(), sandbox.scheduler
    if before is None or row.next_ms != before.next_ms:
        remind_ms = None
        if row.next_ms is not None:
            scheduler.add(row.next_ms, CHARGE_SUBSCRIPTION_JOB, row.id)
            lead_ms = sandbox.settings.upcoming_charge_notice_ms
            if notify and lead_ms and row.next_ms > now_ms:
                remind_ms = max(now_ms, row.next_ms - lead_ms)
                scheduler.add(remind_ms, UPCOMING_CHARGE_JOB, row.id)
        row = replace(row, remind_ms=remind_ms)
    if row.end_ms is not None and (before is None or row.end_ms != before.end_ms):
        scheduler.add(row.end_ms, END_SUBSCRIPTION_JOB, row.id)
    sandbox.subscriptions.put(row.id, row)
    return row


def run_subscription(sandbox: Sandbox, job: Job) -> bool:
    """Charge a subscription that is due, and schedule the next payment."""
    row = sandbox.subscriptions.get(job.id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None or not row.active or row.next_ms != job.at_ms:
        return False
    attempt = _attempt_payment(sandbox, plan, row)
    next_regular_ms = row.due_after(plan, job.at_ms)
    if not attempt.failure:
        updated = replace(
            row,
            next_ms=next_regular_ms,
            last_run_ms=job.at_ms,
            payments=row.payments + 1,
            failures=0,
        )
        updated = store_and_schedule(sandbox, row, updated)
    else:
        updated = replace(row, last_run_ms=job.at_ms, failures=row.failures + 1)
        deactivated = updated.failures >= FAILURES_MAX
        next_ms = None if deactivated else _retry_ms(sandbox, row, job.at_ms, next_regular_ms)
        updated = replace(updated, active=not deactivated, next_ms=next_ms)
        if deactivated:
            updated = replace(updated, modified_ms=job.at_ms)
        updated = store_and_schedule(sandbox, row, updated, notify=next_ms == next_regular_ms)
    _notify(sandbox, plan, row, updated, attempt)
    return True


def _retry_ms(
    sandbox: Sandbox, row: Subscription, now_ms: int, next_regular_ms: int | None
) -> int | None:
    """Return when to retry a failed payment: after a day, or with the next one (inferred).

    Only one payment is retried at a time: if the next one becomes due first, the failed one is
    dropped.
    """
    wait_ms = sandbox.settings.subscription_retry_ms
    retry_ms = row.before_end(now_ms + wait_ms) if wait_ms else None
    if retry_ms is None or next_regular_ms is None:
        return retry_ms or next_regular_ms
    return min(retry_ms, next_regular_ms)


def _attempt_payment(sandbox: Sandbox, plan: Plan, row: Subscription) -> PaymentAttempt:
    """Attempt a payment, and write it to the journal with the method CLOCK."""
    request, override = charge_request(plan, row), None
    try:
        override = find_override(sandbox, CHARGE_SUBSCRIPTION, request, (), {})
        if override is not None and override.action.problem is not None:
            spend_armed(sandbox, override)
            raise BY_NAME[override.action.problem].error(why=override.why)
        forced = override.verdict() if override is not None else None
        source = resolve_source(sandbox, request.source, request.stored_credentials, forced)
        sandbox.charges.check_capacity()
        spend_armed(sandbox, override)
        charge = store_charge(sandbox, request, source, order=None)
    except ApiError as error:
        attempt, status, reply = PaymentAttempt(None, error.message), error.problem.status, b""
        why = error.why
    else:
        why = source.verdict.why
        if charge.decline is None:
            attempt, status, reply = (
                PaymentAttempt(charge, ""),
                200,
                encode(created_response(charge)),
            )
        else:
            form = error_format(sandbox, {})
            attempt, status = PaymentAttempt(charge, charge.decline.message), form.card_error_status
            reply = decline_body(charge.decline, charge.id, form)
    sandbox.journal.add(
        Exchange(
            at_ms=sandbox.clock.now_ms(),
            endpoint=CHARGE_SUBSCRIPTION,
            method="CLOCK",
            path=f"/recurring/v1/subscriptions/{row.id}",
            status=status,
            committed=attempt.charge is not None,
            why=why,
            request=request,
            reply=reply,
        )
    )
    if override is not None and override.action.webhook is not None:
        event = override.action.webhook
        send_rule_event(sandbox, CHARGE_SUBSCRIPTION, (), request, event, status, reply)
    return attempt


def _notify(
    sandbox: Sandbox, plan: Plan, before: Subscription, after: Subscription, attempt: PaymentAttempt
) -> None:
    """Notify the customer of a failed payment or a renewal, but not of the first payment.

    Source: SEED save-a-card, "upcoming charges, failed payments, and subscription renewals".
    """
    customer = sandbox.customers.get(after.customer)
    if customer is None:
        return
    charge, now_ms = attempt.charge, sandbox.clock.now_ms()
    if attempt.failure:
        notice = payment_failed_message(plan, after, attempt.failure, charge.id if charge else None)
    elif charge is not None and before.payments:
        notice = renewal_message(plan, after, charge.id, charge.token)
    else:
        return
    sandbox.notices.add(now_ms, customer, notice)


def send_upcoming_charge_notice(sandbox: Sandbox, job: Job) -> bool:
    """Notify a customer of an upcoming charge."""
    row = sandbox.subscriptions.get(job.id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None or row.remind_ms != job.at_ms or row.next_ms is None:
        return False
    sandbox.subscriptions.put(row.id, replace(row, remind_ms=None))
    customer = sandbox.customers.get(row.customer)
    if customer is None or not row.active:
        return False
    token = sandbox.tokens.get(customer.cards[-1].token) if customer.cards else None
    notice = upcoming_charge_message(plan, row, row.next_ms, token)
    sandbox.notices.add(job.at_ms, customer, notice)
    return True


def end_subscription(sandbox: Sandbox, job: Job) -> bool:
    """End a subscription on its end date."""
    row = sandbox.subscriptions.get(job.id)
    if row is None or not row.active or row.end_ms != job.at_ms:
        return False
    ended = replace(row, active=False, next_ms=None, remind_ms=None, modified_ms=job.at_ms)
    sandbox.subscriptions.put(row.id, ended)
    return True
