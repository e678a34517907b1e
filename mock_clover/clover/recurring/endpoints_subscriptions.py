"""Endpoints for subscriptions. Payments become due by the sandbox's clock.

Creating or updating a subscription creates no charge, even if it starts now: the first payment is a
job that runs before the next request (`clover/recurring/operations.py`).
"""

from typing import TypeVar

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.common.operations_merchant import require_merchant_header
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    CARD_ON_FILE_MISSING,
    CUSTOMER_NOT_FOUND,
    INVALID_REQUEST,
    ApiError,
)
from mock_clover.clover.customers.records import DeletedResponse
from mock_clover.clover.recurring.endpoints_plans import (
    DOC,
    ROWS_MAX,
    plan_response_for,
    require_plan,
)
from mock_clover.clover.recurring.operations import store_and_schedule
from mock_clover.clover.recurring.problems import (
    PLAN_INACTIVE,
    PLAN_NOT_FOUND,
    SUBSCRIPTION_NOT_FOUND,
)
from mock_clover.clover.recurring.records import (
    Plan,
    Subscription,
    SubscriptionRequest,
    SubscriptionResponse,
    SubscriptionUpdate,
    subscription_response,
)
from mock_clover.clover.recurring.records_interval import format_date, parse_iso8601
from mock_clover.core.evidence import inferred
from mock_clover.core.iso8601 import format_iso8601
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, EncodedJson, Endpoint, bearer
from mock_clover.engine.overrides import validate_outcome_markers
from mock_clover.engine.pagination import array_or_work
from mock_clover.sandbox.sandbox import Sandbox

CurrentDate = TypeVar("CurrentDate", int, int | None)

_INACTIVE = "the plan is not active"


def create_subscription(
    sandbox: Sandbox, call: Call[SubscriptionRequest, None]
) -> SubscriptionResponse:
    """Subscribe a customer to a plan, from the start date or from now."""
    require_merchant_header(sandbox, call)
    body, plan, now_ms = call.body, require_plan(sandbox, call.ids[0]), sandbox.clock.now_ms()
    if not plan.active:
        raise PLAN_INACTIVE.error(id=plan.id, rule=_INACTIVE)
    amount = plan.amount if body.amount is None else body.amount
    check_amount(amount)
    validate_outcome_markers(body.note)
    start_ms = now_ms if body.startDate is None else _parse_date("startDate", body.startDate)
    if body.startDate is not None and _is_today(body.startDate, start_ms, now_ms):
        start_ms = now_ms
    if start_ms < now_ms:
        rule = f"startDate is {format_iso8601(start_ms)}; must not be before now (inferred)"
        raise INVALID_REQUEST.error(param="startDate", rule=rule)
    end_ms = None if body.endDate is None else _parse_date("endDate", body.endDate)
    if end_ms is not None and end_ms <= start_ms:
        raise _end_date_error(end_ms, start_ms)
    customer = sandbox.customers.get(body.customerId)
    if customer is None:
        raise CUSTOMER_NOT_FOUND.error(
            id=body.customerId, rule="customerId is not the id of a customer of this sandbox"
        )
    if not customer.cards:
        raise CARD_ON_FILE_MISSING.error(rule="the customer has no card on file")
    sandbox.subscriptions.check_capacity()
    rates = body.taxRateUuids
    row = Subscription(
        id=sandbox.ids.object_id(),
        plan=plan.id,
        customer=customer.id,
        amount=amount,
        start_ms=start_ms,
        created_ms=now_ms,
        modified_ms=now_ms,
        active=body.active,
        end_ms=end_ms,
        tip_amount=plan.tip_amount if body.tipAmount is None else body.tipAmount,
        note=body.note,
        soft_descriptor=body.softDescriptor,
        tax_rate_uuids=plan.tax_rate_uuids if rates is None else tuple(rates),
    )
    if row.active:
        row = replace(row, next_ms=row.due_after(plan, start_ms - 1))
    row = store_and_schedule(sandbox, None, row)
    call.why = "created a subscription; its first payment is due on the start date"
    return _response(sandbox, row, plan)


def _is_today(text: str, at_ms: int, now_ms: int) -> bool:
    """Return whether a date without a time is today; such a subscription starts now (inferred)."""
    has_no_time = len(text) <= len("2027-01-07")
    return has_no_time and format_date(at_ms) == format_date(now_ms)


def list_subscriptions(sandbox: Sandbox, call: Call[None, None]) -> EncodedJson | Work[EncodedJson]:
    """Return subscriptions, newest first, as a bare array."""
    require_merchant_header(sandbox, call)
    return _subscription_list(sandbox, None)


def list_plan_subscriptions(
    sandbox: Sandbox, call: Call[None, None]
) -> EncodedJson | Work[EncodedJson]:
    """Return the subscriptions of a plan, newest first, as a bare array."""
    require_merchant_header(sandbox, call)
    return _subscription_list(sandbox, require_plan(sandbox, call.ids[0]).id)


def _subscription_list(sandbox: Sandbox, plan_id: str | None) -> EncodedJson | Work[EncodedJson]:
    return array_or_work(
        sandbox.subscriptions.newest_first,
        lambda row: plan_id in (None, row.plan) and row.plan in sandbox.plans,
        lambda row: _response(
            sandbox, row, require_plan(sandbox, row.plan), include_get_fields=True
        ),
        ROWS_MAX,
    )


def get_subscription(sandbox: Sandbox, call: Call[None, None]) -> SubscriptionResponse:
    """Return one subscription, with the time of its last payment."""
    require_merchant_header(sandbox, call)
    row, plan = _require_subscription(sandbox, call.ids[0])
    return _response(sandbox, row, plan, include_get_fields=True)


def update_subscription(
    sandbox: Sandbox, call: Call[SubscriptionUpdate, None]
) -> SubscriptionResponse:
    """Update a subscription, set its end date, pause it or resume it."""
    require_merchant_header(sandbox, call)
    body, now_ms = call.body, sandbox.clock.now_ms()
    row, plan = _require_subscription(sandbox, call.ids[0])
    if body.amount is not None:
        check_amount(body.amount)
    validate_outcome_markers(body.note)
    rates = body.taxRateUuids
    updated = replace(
        row,
        amount=row.amount if body.amount is None else body.amount,
        note=row.note if body.note is None else body.note,
        tax_rate_uuids=row.tax_rate_uuids if rates is None else tuple(rates),
        start_ms=_updated_date_ms("startDate", body.startDate, row.start_ms, now_ms),
        end_ms=_updated_date_ms("endDate", body.endDate, row.end_ms, now_ms),
        active=row.active if body.active is None else body.active,
        modified_ms=now_ms,
    )
    if updated.end_ms is not None and updated.end_ms <= updated.start_ms:
        raise _end_date_error(updated.end_ms, updated.start_ms)
    resumed = updated.active and not row.active
    if resumed and not plan.active:
        raise PLAN_INACTIVE.error(id=plan.id, rule=_INACTIVE)
    if resumed and updated.end_ms is not None and updated.end_ms <= now_ms:
        raise _end_date_error(updated.end_ms, now_ms)
    updated = store_and_schedule(sandbox, row, _with_next_payment(row, updated, plan, now_ms))
    call.why = "updated the subscription" if updated.active else "paused the subscription"
    return _response(sandbox, updated, plan)


def delete_subscription(sandbox: Sandbox, call: Call[None, None]) -> DeletedResponse:
    """Delete a subscription; its scheduled jobs then have no effect."""
    require_merchant_header(sandbox, call)
    row, _ = _require_subscription(sandbox, call.ids[0])
    sandbox.subscriptions.delete(row.id)
    call.why = "deleted the subscription"
    return DeletedResponse(deleted=True, id=row.id, object="subscription")


def _with_next_payment(
    row: Subscription, updated: Subscription, plan: Plan, now_ms: int
) -> Subscription:
    """Return an updated subscription with its next payment.

    Payments that were due while it was paused are skipped. Resuming resets the failure count
    (inferred).
    """
    if not updated.active:
        return replace(updated, next_ms=None)
    restart = not row.active or updated.start_ms != row.start_ms
    if not restart and updated.end_ms == row.end_ms:
        return updated
    next_ms = None if restart else updated.next_ms
    if next_ms is None:
        after_ms = now_ms - 1 if row.last_run_ms is None else max(now_ms - 1, row.last_run_ms)
        next_ms = updated.due_after(plan, after_ms)
    failures = row.failures if row.active else 0
    return replace(updated, next_ms=updated.before_end(next_ms), failures=failures)


def _updated_date_ms(
    name: str, text: str | None, current: CurrentDate, now_ms: int
) -> int | CurrentDate:
    """Return the new value of a date; a changed date must be in the future."""
    if text is None:
        return current
    at_ms = _parse_date(name, text)
    if at_ms != current and at_ms <= now_ms:
        rule = f"{name} is {format_iso8601(at_ms)}; a new date must be after now (inferred)"
        raise INVALID_REQUEST.error(param=name, rule=rule)
    return at_ms


def _end_date_error(end_ms: int, after_ms: int) -> ApiError:
    end, after = format_iso8601(end_ms), format_iso8601(after_ms)
    return INVALID_REQUEST.error(param="endDate", rule=f"endDate is {end}; must be after {after}")


def _parse_date(name: str, text: str) -> int:
    try:
        return parse_iso8601(text)
    except ValueError:
        rule = f"{name} is no date of the calendar from 1970 to 9999"
        raise INVALID_REQUEST.error(param=name, rule=rule) from None


def _require_subscription(sandbox: Sandbox, subscription_id: str) -> tuple[Subscription, Plan]:
    row = sandbox.subscriptions.get(subscription_id)
    plan = sandbox.plans.get(row.plan) if row else None
    if row is None or plan is None:
        raise SUBSCRIPTION_NOT_FOUND.error(
            id=subscription_id, rule="this sandbox has no subscription with this id"
        )
    return row, plan


def _response(
    sandbox: Sandbox, row: Subscription, plan: Plan, *, include_get_fields: bool = False
) -> SubscriptionResponse:
    return subscription_response(
        row, plan_response_for(sandbox, plan), include_get_fields=include_get_fields
    )


_INVALID = (AMOUNT_TOO_LARGE, PLAN_INACTIVE)

ENDPOINTS = (
    Endpoint(
        name="create_subscription",
        method="POST",
        path="/recurring/v1/plans/{plan_id}/subscriptions",
        path_alias="/v1/plans/{plan_id}/subscriptions",
        run=create_subscription,
        request=SubscriptionRequest,
        response=SubscriptionResponse,
        idempotent=True,
        auth=bearer(
            "read_merchant", "read_customers", "write_customers", requires_merchant_id=True
        ),
        errors=(PLAN_NOT_FOUND, CUSTOMER_NOT_FOUND, CARD_ON_FILE_MISSING, *_INVALID),
        about="Subscribe a customer to a plan; the card on file is charged as the clock advances.",
        evidence=DOC,
    ),
    Endpoint(
        name="list_subscriptions",
        method="GET",
        path="/recurring/v1/subscriptions",
        path_alias="/v1/subscriptions",
        run=list_subscriptions,
        response=SubscriptionResponse,
        auth=bearer("read_merchant", "read_customers", requires_merchant_id=True),
        response_format="array",
        about="List subscriptions, newest first (inferred), as a bare array of at most 1,000.",
        evidence=DOC,
    ),
    Endpoint(
        name="get_subscription",
        method="GET",
        path="/recurring/v1/subscriptions/{subscription_id}",
        path_alias="/v1/subscriptions/{subscription_id}",
        run=get_subscription,
        response=SubscriptionResponse,
        auth=bearer("read_merchant", "read_customers", requires_merchant_id=True),
        errors=(SUBSCRIPTION_NOT_FOUND,),
        about="Get one subscription.",
        evidence=DOC,
    ),
    Endpoint(
        name="update_subscription",
        method="PUT",
        path="/recurring/v1/subscriptions/{subscription_id}",
        path_alias="/v1/subscriptions/{subscription_id}",
        run=update_subscription,
        request=SubscriptionUpdate,
        response=SubscriptionResponse,
        auth=bearer(
            "read_merchant", "read_customers", "write_customers", requires_merchant_id=True
        ),
        errors=(SUBSCRIPTION_NOT_FOUND, *_INVALID),
        about="Update a subscription: amount, note, dates; `active: false` pauses it.",
        evidence=DOC,
    ),
    Endpoint(
        name="list_plan_subscriptions",
        method="GET",
        path="/recurring/v1/plans/{plan_id}/subscriptions",
        path_alias="/v1/plans/{plan_id}/subscriptions",
        run=list_plan_subscriptions,
        response=SubscriptionResponse,
        auth=bearer("read_merchant", "read_customers", requires_merchant_id=True),
        response_format="array",
        errors=(PLAN_NOT_FOUND,),
        about="List the subscriptions of a plan, newest first.",
        evidence=inferred("a client calls it; its response is that of all subscriptions"),
    ),
    Endpoint(
        name="delete_subscription",
        method="DELETE",
        path="/recurring/v1/subscriptions/{subscription_id}",
        path_alias="/v1/subscriptions/{subscription_id}",
        run=delete_subscription,
        response=DeletedResponse,
        auth=bearer(
            "read_merchant", "read_customers", "write_customers", requires_merchant_id=True
        ),
        errors=(SUBSCRIPTION_NOT_FOUND,),
        about="Delete a subscription.",
        evidence=inferred("DOCS: recurring, 2026, names the operation; no response was found"),
    ),
)
