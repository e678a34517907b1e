"""What a subscription does when its time comes: it is charged, retried, renewed, stopped, ended.

A payment goes by the same way as any other: `find_payer`, the scenario's rules, `make_charge`. To
rules it is the operation `charge_subscription`, counted like a call, in the order of time; nobody
waits for its reply, so rules that refuse or spoil calls speak of it only if they name it.
An attempt that cannot be made, for want of a card or by a rule's refusal, is a failed payment too.
"""

from typing import NamedTuple

import msgspec

from mock_clover.clover.charges.endpoints import make_charge
from mock_clover.clover.charges.operations_source import resolve_source
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.views import created_answer
from mock_clover.clover.common.problems import BY_NAME, ApiError
from mock_clover.clover.recurring.records import (
    CHARGE_SUBSCRIPTION,
    FAILURES_MAX,
    SUBSCRIPTION_ENDED,
    SUBSCRIPTION_RUN,
    UPCOMING_CHARGE,
    Plan,
    Subscription,
    charge_request,
)
from mock_clover.clover.recurring.records_notice import payment_failed, renewed, upcoming_charge
from mock_clover.clover.webhooks.operations import send_rule_event
from mock_clover.core.record import encode
from mock_clover.engine.error_format import DECLINED_STATUS, decline_body
from mock_clover.engine.overrides import find_override
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

_replace = msgspec.structs.replace


class Attempt(NamedTuple):
    """What came of a payment: the charge that was made, and why it failed, if it did."""

    charge: Charge | None
    failure: str


def schedule(
    sandbox: Sandbox, before: Subscription | None, row: Subscription, *, remind: bool = True
) -> Subscription:
    """Write a subscription and put what it waits for on the agenda.

    What was on it for another time is void: each entry is held against the row when it is due.
    """
    now_ms, agenda = sandbox.clock.now_ms(), sandbox.agenda
    if before is None or row.next_ms != before.next_ms:
        remind_ms = None
        if row.next_ms is not None:
            agenda.add(row.next_ms, SUBSCRIPTION_RUN, row.id)
            lead_ms = sandbox.settings.upcoming_charge_notice_ms
            if remind and lead_ms and row.next_ms > now_ms:
                remind_ms = max(now_ms, row.next_ms - lead_ms)
                agenda.add(remind_ms, UPCOMING_CHARGE, row.id)
        row = _replace(row, remind_ms=remind_ms)
    if row.end_ms is not None and (before is None or row.end_ms != before.end_ms):
        agenda.add(row.end_ms, SUBSCRIPTION_ENDED, row.id)
    sandbox.subscriptions.put(row.id, row)
    return row


def run_subscription(sandbox: Sandbox, due: Job) -> bool:
    """Charge a subscription that is due, and say when it is due next."""
    row = sandbox.subscriptions.get(due.id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None or not row.active or row.next_ms != due.at_ms:
        return False
    attempt = _attempt(sandbox, plan, row)
    regular_ms = row.due_after(plan, due.at_ms)
    if not attempt.failure:
        after = _replace(
            row,
            next_ms=regular_ms,
            last_run_ms=due.at_ms,
            payments=row.payments + 1,
            failures=0,
        )
        after = schedule(sandbox, row, after)
    else:
        after = _replace(row, last_run_ms=due.at_ms, failures=row.failures + 1)
        stopped = after.failures >= FAILURES_MAX
        next_ms = None if stopped else _retry_ms(sandbox, row, due.at_ms, regular_ms)
        after = _replace(after, active=not stopped, next_ms=next_ms)
        if stopped:
            after = _replace(after, modified_ms=due.at_ms)
        after = schedule(sandbox, row, after, remind=next_ms == regular_ms)
    _tell(sandbox, plan, row, after, attempt)
    return True


def _retry_ms(
    sandbox: Sandbox, row: Subscription, now_ms: int, regular_ms: int | None
) -> int | None:
    """Return when a failed payment is tried again: in a day, or with the next one (inferred).

    There is one attempt at a time, so a payment that is still owed when the next one falls due is
    not asked for twice.
    """
    wait_ms = sandbox.settings.subscription_retry_ms
    again_ms = row.within(now_ms + wait_ms) if wait_ms else None
    if again_ms is None or regular_ms is None:
        return again_ms or regular_ms
    return min(again_ms, regular_ms)


def _attempt(sandbox: Sandbox, plan: Plan, row: Subscription) -> Attempt:
    """Make a payment and journal it as an exchange that the clock began."""
    asked, step = charge_request(plan, row), None
    try:
        step = find_override(sandbox, CHARGE_SUBSCRIPTION, asked, (), {})
        if step is not None and step.then.problem is not None:
            raise BY_NAME[step.then.problem].error(why=step.why)
        decided = step.verdict() if step is not None else None
        payer = resolve_source(sandbox, asked.source, asked.stored_credentials, decided)
        sandbox.charges.require_room()
    except ApiError as refusal:
        said_by, name = refusal.words.get("why"), refusal.problem.name
        why = f"{said_by}: {name}" if said_by else name
        attempt, status, reply = Attempt(None, refusal.message), refusal.problem.status, b""
    else:
        charge, why = make_charge(sandbox, asked, payer, order=None), payer.verdict.why
        if charge.decline is None:
            attempt, status, reply = Attempt(charge, ""), 200, encode(created_answer(charge))
        else:
            attempt, status = Attempt(charge, charge.decline.message), DECLINED_STATUS
            reply = decline_body(charge.decline, charge.id, sandbox.settings.dialect)
    path, now_ms = f"/recurring/v1/subscriptions/{row.id}", sandbox.clock.now_ms()
    sandbox.journal.write(
        now_ms, CHARGE_SUBSCRIPTION, "CLOCK", path, status, why, "", asked, reply, "", b"", (), 0
    )
    if step is not None and step.then.webhook is not None:
        event = step.then.webhook
        send_rule_event(sandbox, CHARGE_SUBSCRIPTION, (), asked, event, status, reply)
    return attempt


def _tell(
    sandbox: Sandbox, plan: Plan, before: Subscription, after: Subscription, attempt: Attempt
) -> None:
    """Tell the customer of a failed payment or a renewal; of a first payment Clover tells nothing.

    Source: SEED save-a-card, "upcoming charges, failed payments, and subscription renewals".
    """
    customer = sandbox.customers.get(after.customer)
    if customer is None:
        return
    charge, now_ms = attempt.charge, sandbox.clock.now_ms()
    if attempt.failure:
        news = payment_failed(plan, after, attempt.failure, charge.id if charge else None)
    elif charge is not None and before.payments:
        news = renewed(plan, after, charge.id, charge.token.card)
    else:
        return
    sandbox.notices.tell(now_ms, customer, news)


def remind(sandbox: Sandbox, due: Job) -> bool:
    """Tell a customer of a charge that is to come."""
    row = sandbox.subscriptions.get(due.id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None or row.remind_ms != due.at_ms or row.next_ms is None:
        return False
    sandbox.subscriptions.put(row.id, _replace(row, remind_ms=None))
    customer = sandbox.customers.get(row.customer)
    if customer is None or not row.active:
        return False
    token = sandbox.tokens.get(customer.cards[-1].token) if customer.cards else None
    news = upcoming_charge(plan, row, row.next_ms, token.card if token else None)
    sandbox.notices.tell(due.at_ms, customer, news)
    return True


def end_subscription(sandbox: Sandbox, due: Job) -> bool:
    """Let a subscription end on its end date."""
    row = sandbox.subscriptions.get(due.id)
    if row is None or not row.active or row.end_ms != due.at_ms:
        return False
    ended = _replace(row, active=False, next_ms=None, remind_ms=None, modified_ms=due.at_ms)
    sandbox.subscriptions.put(row.id, ended)
    return True
