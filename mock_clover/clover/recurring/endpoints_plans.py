"""Endpoints for plans of the recurring service.

Each request must have the merchant id in a header, in addition to the bearer token (documented).
"""

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.common.operations_merchant import require_merchant_header
from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.recurring.problems import (
    PLAN_HAS_SUBSCRIPTIONS,
    PLAN_INTERVAL_FIXED,
    PLAN_NOT_FOUND,
)
from mock_clover.clover.recurring.records import (
    INTERVAL_OF,
    Plan,
    PlanQuery,
    PlanRequest,
    PlanResponse,
    PlanUpdate,
    plan_response,
)
from mock_clover.core.evidence import documented
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, EncodedJson, Endpoint, bearer
from mock_clover.engine.overrides import validate_outcome_markers
from mock_clover.engine.pagination import array_or_work
from mock_clover.sandbox.sandbox import Sandbox

ROWS_MAX = 1_000
"""Maximum length of a list response (the newest rows). Clover documents no pagination."""
DOC = documented(
    "MD:working-with-recurring; the path without /recurring: MD:ecommerce-app-permissions"
)


def create_plan(sandbox: Sandbox, call: Call[PlanRequest, None]) -> PlanResponse:
    """Create a plan."""
    require_merchant_header(sandbox, call)
    body = call.body
    check_amount(body.amount)
    validate_outcome_markers(body.name)
    sandbox.plans.check_capacity()
    now_ms = sandbox.clock.now_ms()
    plan = Plan(
        id=sandbox.ids.object_id(),
        name=body.name,
        amount=body.amount,
        interval=INTERVAL_OF[body.interval],
        interval_count=body.intervalCount,
        created_ms=now_ms,
        modified_ms=now_ms,
        note=body.note,
        tax_rate_uuids=tuple(body.taxRateUuids),
        tip_amount=body.tipAmount,
    )
    sandbox.plans.put(plan.id, plan)
    call.why = "created a plan"
    return plan_response_for(sandbox, plan)


def list_plans(sandbox: Sandbox, call: Call[None, PlanQuery]) -> EncodedJson | Work[EncodedJson]:
    """Return plans, newest first, as a bare array."""
    require_merchant_header(sandbox, call)
    query = call.query
    interval = INTERVAL_OF[query.interval] if query.interval else None
    return array_or_work(
        sandbox.plans.newest_first,
        lambda plan: (
            interval in (None, plan.interval) and query.intervalCount in (None, plan.interval_count)
        ),
        lambda plan: plan_response_for(sandbox, plan),
        ROWS_MAX,
    )


def get_plan(sandbox: Sandbox, call: Call[None, None]) -> PlanResponse:
    """Return one plan."""
    require_merchant_header(sandbox, call)
    return plan_response_for(sandbox, require_plan(sandbox, call.ids[0]))


def update_plan(sandbox: Sandbox, call: Call[PlanUpdate, None]) -> PlanResponse:
    """Update a plan, except its interval. Active subscriptions prevent its deactivation."""
    require_merchant_header(sandbox, call)
    body, plan = call.body, require_plan(sandbox, call.ids[0])
    if body.interval and INTERVAL_OF[body.interval] != plan.interval:
        raise PLAN_INTERVAL_FIXED.error(
            rule=f"interval is {body.interval}; a plan keeps its interval, {plan.interval}"
        )
    if body.intervalCount not in (None, plan.interval_count):
        raise PLAN_INTERVAL_FIXED.error(
            rule=f"intervalCount is {body.intervalCount}; a plan keeps its {plan.interval_count}"
        )
    if body.amount is not None:
        check_amount(body.amount)
    if body.active is False and plan.active:
        active_subscriptions = (
            row for row in sandbox.subscriptions if row.plan == plan.id and row.active
        )
        if next(active_subscriptions, None) is not None:
            raise PLAN_HAS_SUBSCRIPTIONS.error(
                id=plan.id, rule="active is false; cancel the active subscriptions first"
            )
    validate_outcome_markers(body.name)
    rates = body.taxRateUuids
    updated = replace(
        plan,
        name=body.name or plan.name,
        amount=plan.amount if body.amount is None else body.amount,
        tip_amount=plan.tip_amount if body.tipAmount is None else body.tipAmount,
        note=plan.note if body.note is None else body.note,
        tax_rate_uuids=plan.tax_rate_uuids if rates is None else tuple(rates),
        active=plan.active if body.active is None else body.active,
        modified_ms=sandbox.clock.now_ms(),
    )
    sandbox.plans.put(plan.id, updated)
    call.why = "updated the plan; existing subscriptions keep their amounts (inferred)"
    return plan_response_for(sandbox, updated)


def require_plan(sandbox: Sandbox, plan_id: str) -> Plan:
    """Return a plan, or raise PLAN_NOT_FOUND."""
    return sandbox.plans.require(plan_id, PLAN_NOT_FOUND, "plan")


def plan_response_for(sandbox: Sandbox, plan: Plan) -> PlanResponse:
    """Return the response for a plan of this sandbox's merchant and app."""
    credentials = sandbox.credentials
    return plan_response(plan, credentials.merchant_id, credentials.client_id)


ENDPOINTS = (
    Endpoint(
        name="create_plan",
        method="POST",
        path="/recurring/v1/plans",
        path_alias="/v1/plans",
        run=create_plan,
        request=PlanRequest,
        response=PlanResponse,
        idempotent=True,
        auth=bearer("read_merchant", "write_merchant", requires_merchant_id=True),
        errors=(AMOUNT_TOO_LARGE,),
        about="Create a plan: an amount and an interval in days, weeks, months or years.",
        evidence=DOC,
    ),
    Endpoint(
        name="list_plans",
        method="GET",
        path="/recurring/v1/plans",
        path_alias="/v1/plans",
        run=list_plans,
        query=PlanQuery,
        response=PlanResponse,
        auth=bearer("read_merchant", requires_merchant_id=True),
        response_format="array",
        about="List plans, newest first (inferred), as a bare array of at most 1,000.",
        evidence=DOC,
    ),
    Endpoint(
        name="get_plan",
        method="GET",
        path="/recurring/v1/plans/{plan_id}",
        path_alias="/v1/plans/{plan_id}",
        run=get_plan,
        response=PlanResponse,
        auth=bearer("read_merchant", requires_merchant_id=True),
        errors=(PLAN_NOT_FOUND,),
        about="Get one plan.",
        evidence=DOC,
    ),
    Endpoint(
        name="update_plan",
        method="PUT",
        path="/recurring/v1/plans/{plan_id}",
        path_alias="/v1/plans/{plan_id}",
        run=update_plan,
        request=PlanUpdate,
        response=PlanResponse,
        auth=bearer("read_merchant", "write_merchant", requires_merchant_id=True),
        errors=(PLAN_NOT_FOUND, PLAN_INTERVAL_FIXED, PLAN_HAS_SUBSCRIPTIONS, AMOUNT_TOO_LARGE),
        about="Update a plan; `active: false` deactivates it if it has no active subscriptions.",
        evidence=DOC,
    ),
)
