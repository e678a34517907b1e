"""Subscriptions: a customer on a plan, charged when the sandbox's clock comes to it.

Creating or changing one charges nothing by itself, not even when it starts at once: its first
payment is a job that runs before the next request (`clover/recurring/operations.py`).
"""

from itertools import islice
from typing import TypeVar

import msgspec

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    CUSTOMER_NOT_FOUND,
    IDEMPOTENCY_MISMATCH,
    INVALID_CHARGE_AMOUNT,
    INVALID_REQUEST,
    INVALID_TIP_AMOUNT,
)
from mock_clover.clover.recurring.endpoints_plans import DOC, ROWS_MAX, check_merchant, require_plan
from mock_clover.clover.recurring.endpoints_plans import shown as shown_plan
from mock_clover.clover.recurring.operations import schedule
from mock_clover.clover.recurring.problems import (
    MERCHANT_ID_MISSING,
    PLAN_INACTIVE,
    PLAN_NOT_FOUND,
    SUBSCRIPTION_NOT_FOUND,
)
from mock_clover.clover.recurring.records import (
    Plan,
    Subscription,
    SubscriptionAnswer,
    SubscriptionRequest,
    SubscriptionUpdate,
    subscription_answer,
)
from mock_clover.clover.recurring.records_interval import read
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, Document, Endpoint
from mock_clover.engine.overrides import validate_triggers
from mock_clover.sandbox.sandbox import Sandbox

_replace = msgspec.structs.replace
Was = TypeVar("Was", int, int | None)


def create_subscription(
    sandbox: Sandbox, call: Call[SubscriptionRequest, None]
) -> SubscriptionAnswer:
    """Put a customer on a plan, from its start date or from now."""
    check_merchant(sandbox, call)
    asked, plan, now_ms = call.body, require_plan(sandbox, call.ids[0]), sandbox.clock.now_ms()
    if not plan.active:
        raise PLAN_INACTIVE.error(id=plan.id)
    amount = plan.amount if asked.amount is None else asked.amount
    check_amount(amount)
    validate_triggers(asked.note)
    start_ms = now_ms if asked.startDate is None else _moment("startDate", asked.startDate)
    if start_ms < now_ms:
        raise INVALID_REQUEST.error(param="startDate")
    end_ms = None if asked.endDate is None else _moment("endDate", asked.endDate)
    if end_ms is not None and end_ms <= start_ms:
        raise INVALID_REQUEST.error(param="endDate")
    customer = sandbox.customers.get(asked.customerId)
    if customer is None:
        raise CUSTOMER_NOT_FOUND.error(id=asked.customerId)
    if not customer.cards:
        raise CARD_ON_FILE_MISSING.error()
    sandbox.subscriptions.require_room()
    rates = asked.taxRateUuids
    row = Subscription(
        id=sandbox.ids.object_id(),
        plan=plan.id,
        customer=customer.id,
        amount=amount,
        start_ms=start_ms,
        created_ms=now_ms,
        modified_ms=now_ms,
        active=asked.active,
        end_ms=end_ms,
        tip_amount=plan.tip_amount if asked.tipAmount is None else asked.tipAmount,
        note=asked.note,
        soft_descriptor=asked.softDescriptor,
        tax_rate_uuids=plan.tax_rate_uuids if rates is None else tuple(rates),
    )
    if row.active:
        row = _replace(row, next_ms=row.due_after(plan, start_ms - 1))
    row = schedule(sandbox, None, row)
    call.why = "a subscription is made; its first payment is due on its start date"
    return _shown(sandbox, row, plan)


def list_subscriptions(sandbox: Sandbox, call: Call[None, None]) -> Document:
    """Return subscriptions, newest first, as a bare array."""
    check_merchant(sandbox, call)
    found = (
        _shown(sandbox, row, plan, as_read=True)
        for _, row in sandbox.subscriptions.newest()
        if (plan := sandbox.plans.get(row.plan)) is not None
    )
    return Document(encode(tuple(islice(found, ROWS_MAX))))


def get_subscription(sandbox: Sandbox, call: Call[None, None]) -> SubscriptionAnswer:
    """Return one subscription, with the time of its last payment."""
    check_merchant(sandbox, call)
    row, plan = _required(sandbox, call.ids[0])
    return _shown(sandbox, row, plan, as_read=True)


def update_subscription(
    sandbox: Sandbox, call: Call[SubscriptionUpdate, None]
) -> SubscriptionAnswer:
    """Change, end, stop or take up a subscription."""
    check_merchant(sandbox, call)
    asked, now_ms = call.body, sandbox.clock.now_ms()
    row, plan = _required(sandbox, call.ids[0])
    if asked.amount is not None:
        check_amount(asked.amount)
    validate_triggers(asked.note)
    rates = asked.taxRateUuids
    changed = _replace(
        row,
        amount=row.amount if asked.amount is None else asked.amount,
        note=row.note if asked.note is None else asked.note,
        tax_rate_uuids=row.tax_rate_uuids if rates is None else tuple(rates),
        start_ms=_changed("startDate", asked.startDate, row.start_ms, now_ms),
        end_ms=_changed("endDate", asked.endDate, row.end_ms, now_ms),
        active=row.active if asked.active is None else asked.active,
        modified_ms=now_ms,
    )
    if changed.end_ms is not None and changed.end_ms <= changed.start_ms:
        raise INVALID_REQUEST.error(param="endDate")
    taken_up = changed.active and not row.active
    if taken_up and not plan.active:
        raise PLAN_INACTIVE.error(id=plan.id)
    if taken_up and changed.end_ms is not None and changed.end_ms <= now_ms:
        raise INVALID_REQUEST.error(param="endDate")
    changed = schedule(sandbox, row, _planned(row, changed, plan, now_ms))
    call.why = "the subscription is changed" if changed.active else "the subscription is stopped"
    return _shown(sandbox, changed, plan)


def _planned(row: Subscription, changed: Subscription, plan: Plan, now_ms: int) -> Subscription:
    """Return a changed subscription with its next payment.

    Payments that fell due while it was stopped are not made up for; failures are forgiven to one
    that is taken up again (inferred).
    """
    if not changed.active:
        return _replace(changed, next_ms=None)
    anew = not row.active or changed.start_ms != row.start_ms
    if not anew and changed.end_ms == row.end_ms:
        return changed
    next_ms = None if anew else changed.next_ms
    if next_ms is None:
        after_ms = now_ms - 1 if row.last_run_ms is None else max(now_ms - 1, row.last_run_ms)
        next_ms = changed.due_after(plan, after_ms)
    failures = row.failures if row.active else 0
    return _replace(changed, next_ms=changed.within(next_ms), failures=failures)


def _changed(name: str, text: str | None, was: Was, now_ms: int) -> int | Was:
    """Return a date as it is to be: a new one must lie in the future."""
    if text is None:
        return was
    at_ms = _moment(name, text)
    if at_ms != was and at_ms <= now_ms:
        raise INVALID_REQUEST.error(param=name)
    return at_ms


def _moment(name: str, text: str) -> int:
    try:
        return read(text)
    except ValueError:
        raise INVALID_REQUEST.error(param=name) from None


def _required(sandbox: Sandbox, subscription_id: str) -> tuple[Subscription, Plan]:
    row = sandbox.subscriptions.get(subscription_id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None:
        raise SUBSCRIPTION_NOT_FOUND.error(id=subscription_id)
    return row, plan


def _shown(
    sandbox: Sandbox, row: Subscription, plan: Plan, *, as_read: bool = False
) -> SubscriptionAnswer:
    return subscription_answer(row, shown_plan(sandbox, plan), as_read=as_read)


_WRONG = (INVALID_REQUEST, INVALID_CHARGE_AMOUNT, AMOUNT_TOO_LARGE, PLAN_INACTIVE)

ENDPOINTS = (
    Endpoint(
        name="create_subscription",
        method="POST",
        path="/recurring/v1/plans/{plan_id}/subscriptions",
        path_alias="/v1/plans/{plan_id}/subscriptions",
        run=create_subscription,
        request=SubscriptionRequest,
        response=SubscriptionAnswer,
        idempotent=True,
        merchant=True,
        permissions=("read_merchant", "read_customers", "write_customers"),
        errors=(
            MERCHANT_ID_MISSING,
            PLAN_NOT_FOUND,
            CUSTOMER_NOT_FOUND,
            CARD_ON_FILE_MISSING,
            INVALID_TIP_AMOUNT,
            *_WRONG,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Put a customer on a plan; their card on file is charged as the clock goes on.",
        fact=DOC,
    ),
    Endpoint(
        name="list_subscriptions",
        method="GET",
        path="/recurring/v1/subscriptions",
        path_alias="/v1/subscriptions",
        run=list_subscriptions,
        response=SubscriptionAnswer,
        bare_array=True,
        merchant=True,
        permissions=("read_merchant", "read_customers"),
        errors=(MERCHANT_ID_MISSING,),
        about="List subscriptions, newest first (inferred), a thousand at most; a bare array.",
        fact=DOC,
    ),
    Endpoint(
        name="get_subscription",
        method="GET",
        path="/recurring/v1/subscriptions/{subscription_id}",
        path_alias="/v1/subscriptions/{subscription_id}",
        run=get_subscription,
        response=SubscriptionAnswer,
        merchant=True,
        permissions=("read_merchant", "read_customers"),
        errors=(MERCHANT_ID_MISSING, SUBSCRIPTION_NOT_FOUND),
        about="Get one subscription.",
        fact=DOC,
    ),
    Endpoint(
        name="update_subscription",
        method="PUT",
        path="/recurring/v1/subscriptions/{subscription_id}",
        path_alias="/v1/subscriptions/{subscription_id}",
        run=update_subscription,
        request=SubscriptionUpdate,
        response=SubscriptionAnswer,
        merchant=True,
        permissions=("read_merchant", "read_customers", "write_customers"),
        errors=(MERCHANT_ID_MISSING, SUBSCRIPTION_NOT_FOUND, *_WRONG),
        about="Change a subscription: amount, note, dates; `active: false` stops it.",
        fact=DOC,
    ),
)
