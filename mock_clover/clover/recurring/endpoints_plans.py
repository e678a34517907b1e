"""Plans of the recurring service: what is paid, and how often.

Each call names its merchant in a header beside the bearer token, as documented.
"""

from itertools import islice
from typing import Any

import msgspec

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    IDEMPOTENCY_MISMATCH,
    INVALID_CHARGE_AMOUNT,
    INVALID_REQUEST,
    INVALID_TIP_AMOUNT,
    UNAUTHORIZED,
)
from mock_clover.clover.recurring.problems import (
    MERCHANT_ID_MISSING,
    PLAN_HAS_SUBSCRIPTIONS,
    PLAN_INTERVAL_FIXED,
    PLAN_NOT_FOUND,
)
from mock_clover.clover.recurring.records import (
    Plan,
    PlanAnswer,
    PlanQuery,
    PlanRequest,
    PlanUpdate,
    plan_answer,
)
from mock_clover.core.evidence import documented
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, Document, Endpoint
from mock_clover.engine.overrides import validate_triggers
from mock_clover.sandbox.sandbox import Sandbox

ROWS_MAX = 1_000
"""Rows of a bare array, the newest: Clover's has no pages that are known of."""
DOC = documented(
    "MD:working-with-recurring; the path without /recurring: MD:ecommerce-app-permissions"
)


def create_plan(sandbox: Sandbox, call: Call[PlanRequest, None]) -> PlanAnswer:
    """Make a plan."""
    check_merchant(sandbox, call)
    asked = call.body
    check_amount(asked.amount)
    validate_triggers(asked.name)
    sandbox.plans.require_room()
    now_ms = sandbox.clock.now_ms()
    plan = Plan(
        id=sandbox.ids.object_id(),
        name=asked.name,
        amount=asked.amount,
        interval=asked.interval,
        interval_count=asked.intervalCount,
        created_ms=now_ms,
        modified_ms=now_ms,
        note=asked.note,
        tax_rate_uuids=tuple(asked.taxRateUuids),
        tip_amount=asked.tipAmount,
    )
    sandbox.plans.put(plan.id, plan)
    call.why = "a plan is made"
    return shown(sandbox, plan)


def list_plans(sandbox: Sandbox, call: Call[None, PlanQuery]) -> Document:
    """Return plans, newest first, as a bare array."""
    check_merchant(sandbox, call)
    asked = call.query
    found = (
        shown(sandbox, plan)
        for _, plan in sandbox.plans.newest()
        if asked.interval in (None, plan.interval)
        and asked.intervalCount in (None, plan.interval_count)
    )
    return Document(encode(tuple(islice(found, ROWS_MAX))))


def get_plan(sandbox: Sandbox, call: Call[None, None]) -> PlanAnswer:
    """Return one plan."""
    check_merchant(sandbox, call)
    return shown(sandbox, require_plan(sandbox, call.ids[0]))


def update_plan(sandbox: Sandbox, call: Call[PlanUpdate, None]) -> PlanAnswer:
    """Change a plan, but not its interval; it ends only when nobody subscribes to it."""
    check_merchant(sandbox, call)
    asked, plan = call.body, require_plan(sandbox, call.ids[0])
    if asked.interval not in (None, plan.interval):
        raise PLAN_INTERVAL_FIXED.error()
    if asked.intervalCount not in (None, plan.interval_count):
        raise PLAN_INTERVAL_FIXED.error()
    if asked.amount is not None:
        check_amount(asked.amount)
    if asked.active is False and plan.active:
        subscribed = (row for row in sandbox.subscriptions if row.plan == plan.id and row.active)
        if next(subscribed, None) is not None:
            raise PLAN_HAS_SUBSCRIPTIONS.error(id=plan.id)
    validate_triggers(asked.name)
    rates = asked.taxRateUuids
    changed = msgspec.structs.replace(
        plan,
        name=asked.name or plan.name,
        amount=plan.amount if asked.amount is None else asked.amount,
        tip_amount=plan.tip_amount if asked.tipAmount is None else asked.tipAmount,
        note=plan.note if asked.note is None else asked.note,
        tax_rate_uuids=plan.tax_rate_uuids if rates is None else tuple(rates),
        active=plan.active if asked.active is None else asked.active,
        modified_ms=sandbox.clock.now_ms(),
    )
    sandbox.plans.put(plan.id, changed)
    call.why = "the plan is changed; subscriptions keep the amounts that they began with (inferred)"
    return shown(sandbox, changed)


def check_merchant(sandbox: Sandbox, call: Call[Any, Any]) -> None:
    """Refuse a call that names no merchant, or another than its bearer token's (inferred)."""
    named = call.headers.get(b"x-clover-merchant-id", b"").decode("latin-1").strip()
    if not named:
        raise MERCHANT_ID_MISSING.error()
    if named != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error(why="the token is not of the merchant in X-Clover-Merchant-Id")


def require_plan(sandbox: Sandbox, plan_id: str) -> Plan:
    """Return a plan, or refuse."""
    plan = sandbox.plans.get(plan_id)
    if plan is None:
        raise PLAN_NOT_FOUND.error(id=plan_id)
    return plan


def shown(sandbox: Sandbox, plan: Plan) -> PlanAnswer:
    """Show a plan of this sandbox's merchant and app."""
    known = sandbox.credentials
    return plan_answer(plan, known.merchant_id, known.client_id)


_WRONG = (INVALID_REQUEST, INVALID_CHARGE_AMOUNT, INVALID_TIP_AMOUNT, AMOUNT_TOO_LARGE)

ENDPOINTS = (
    Endpoint(
        name="create_plan",
        method="POST",
        path="/recurring/v1/plans",
        path_alias="/v1/plans",
        run=create_plan,
        request=PlanRequest,
        response=PlanAnswer,
        idempotent=True,
        merchant=True,
        permissions=("read_merchant", "write_merchant"),
        errors=(MERCHANT_ID_MISSING, *_WRONG, IDEMPOTENCY_MISMATCH),
        about="Make a plan: so much, every so many days, weeks, months or years.",
        fact=DOC,
    ),
    Endpoint(
        name="list_plans",
        method="GET",
        path="/recurring/v1/plans",
        path_alias="/v1/plans",
        run=list_plans,
        query=PlanQuery,
        response=PlanAnswer,
        bare_array=True,
        merchant=True,
        permissions=("read_merchant",),
        errors=(MERCHANT_ID_MISSING, INVALID_REQUEST),
        about="List plans, newest first (inferred), a thousand at most; a bare array.",
        fact=DOC,
    ),
    Endpoint(
        name="get_plan",
        method="GET",
        path="/recurring/v1/plans/{plan_id}",
        path_alias="/v1/plans/{plan_id}",
        run=get_plan,
        response=PlanAnswer,
        merchant=True,
        permissions=("read_merchant",),
        errors=(MERCHANT_ID_MISSING, PLAN_NOT_FOUND),
        about="Get one plan.",
        fact=DOC,
    ),
    Endpoint(
        name="update_plan",
        method="PUT",
        path="/recurring/v1/plans/{plan_id}",
        path_alias="/v1/plans/{plan_id}",
        run=update_plan,
        request=PlanUpdate,
        response=PlanAnswer,
        merchant=True,
        permissions=("read_merchant", "write_merchant"),
        errors=(
            MERCHANT_ID_MISSING,
            PLAN_NOT_FOUND,
            PLAN_INTERVAL_FIXED,
            PLAN_HAS_SUBSCRIPTIONS,
            *_WRONG,
        ),
        about="Change a plan; `active: false` ends it, if nobody subscribes to it any more.",
        fact=DOC,
    ),
)
