"""Finalize 3-D Secure: a pending charge succeeds, fails, or waits for a challenge.

The issuer's result decides; a control request or the issuer's page sets it. Without a result, a
known `flow_status` of the client decides. All of this is inferred. Documented: success, decline or
a challenge may follow the method; success or decline may follow a challenge.
"""

from msgspec.structs import replace

from mock_clover.clover.charges.endpoints import store_charge
from mock_clover.clover.charges.operations_on_file import notify_failed_payment
from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.responses import ChargeResponse, created_response, pending_response
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import CHARGE_NOT_FOUND, ORDER_ALREADY_PAID, ORDER_OVERPAID
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.orders.endpoints import find_order, record_payment
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.threeds.behaviours import (
    FLOW_STATUS_DECIDES,
    PENDING_CHARGE_IS_RETRIEVABLE,
    THREEDS_LIFETIME,
)
from mock_clover.clover.threeds.operations import (
    ATTEMPTED,
    CHALLENGE_REQUIRED,
    SUCCESSFUL,
    UNKNOWN,
    authentication_decline,
    fail_authentication,
    restore_token,
)
from mock_clover.clover.threeds.operations_acs import has_expired
from mock_clover.clover.threeds.problems import (
    THREEDS_ALREADY_FINALIZED,
    THREEDS_EXPIRED,
    THREEDS_FLOW_STATUS_MISSING,
    THREEDS_NOT_PENDING,
    THREEDS_SOURCE_INVALID,
    THREEDS_UNFINISHED,
)
from mock_clover.clover.threeds.records import (
    FLOW_STATUS_RESULT,
    FinalizeRequest,
    IssuerResult,
    ThreeDS,
)
from mock_clover.core.evidence import documented
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Declined, Endpoint, bearer
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import RuleInput, SourceKind

_RESULTS: dict[IssuerResult, tuple[str, bool]] = {
    "approve": (SUCCESSFUL, True),
    "attempt": (ATTEMPTED, True),
    "unavailable": (UNKNOWN, False),
}
"""Validation result, and whether the issuer is liable. Under EMV rules an attempt shifts liability
to the issuer; that this applies to Clover is inferred."""


def finalize_payment(
    sandbox: Sandbox, call: Call[FinalizeRequest, None]
) -> ChargeResponse | Declined:
    """Finalize a charge after authentication by the issuer."""
    request = call.body.threeds
    if request is None or request.source != "CLOVER":
        raise THREEDS_SOURCE_INVALID.error(rule="threeds.source must be CLOVER")
    if not request.flow_status:
        raise THREEDS_FLOW_STATUS_MISSING.error(rule="threeds.flow_status is missing")
    charge = sandbox.charges.get(call.body.charge_id)
    if charge is None:
        raise CHARGE_NOT_FOUND.error(
            id=call.body.charge_id, rule="charge_id is not the id of a charge of this sandbox"
        )
    threeds = _require_pending_threeds(charge)
    result, source = threeds.result, "issuer result"
    if result is None:
        result, source = FLOW_STATUS_RESULT.get(request.flow_status.upper()), "flow_status"
        call.basis = (FLOW_STATUS_DECIDES,)
    call.why = f"3-D Secure {threeds.step}: {source} {result or request.flow_status!r}"
    if threeds.step == "method" and result != "fail":
        if threeds.then_challenge or result == "challenge":
            call.basis += (PENDING_CHARGE_IS_RETRIEVABLE,)
            return _require_challenge(sandbox, charge, threeds)
        result = result or "approve"
    if result == "fail":
        return Declined(
            failed := fail_authentication(sandbox, charge, authentication_decline(call.why)),
            failed.decline or authentication_decline("3-D Secure failed"),
        )
    if result is None or result not in _RESULTS:
        raise THREEDS_UNFINISHED.error(why=_UNFINISHED)
    return _complete_payment(sandbox, call, charge, threeds, result)


_UNFINISHED = (
    "the challenge has not been completed; set its result with POST /_mock/threeds/<charge id>, "
    "or send one of " + ", ".join(FLOW_STATUS_RESULT) + " as flow_status"
)


def _require_pending_threeds(charge: Charge) -> ThreeDS:
    """Return the pending 3-D Secure of a charge. Raises ApiError."""
    threeds = charge.threeds
    if threeds is None or not threeds.transaction:
        raise THREEDS_NOT_PENDING.error(rule="the charge has no 3-D Secure in progress")
    if charge.state != "pending":
        if has_expired(charge):
            raise THREEDS_EXPIRED.error(
                rule="the time to authenticate is over", basis=(THREEDS_LIFETIME,)
            )
        raise THREEDS_ALREADY_FINALIZED.error(rule=f"the charge is {charge.state}")
    return threeds


def _require_challenge(sandbox: Sandbox, charge: Charge, threeds: ThreeDS) -> ChargeResponse:
    """Store and return the charge with a pending challenge after the method step."""
    pending = replace(
        threeds,
        step="challenge",
        then_challenge=False,
        result=None,
        validation_result=CHALLENGE_REQUIRED,
    )
    waiting = replace(charge, threeds=pending)
    sandbox.charges.put(charge.id, waiting)
    return pending_response(waiting)


def _complete_payment(
    sandbox: Sandbox,
    call: Call[FinalizeRequest, None],
    charge: Charge,
    threeds: ThreeDS,
    result: IssuerResult,
) -> ChargeResponse | Declined:
    """Complete the payment with the issuer's verdict."""
    order = find_order(sandbox, charge.order) if charge.order else None
    verdict = call.issuer_verdict = call.verdict or threeds.verdict
    if order is not None:
        _check_unpaid(order, charge)
    validation_result, is_protected = _RESULTS[result]
    finished = replace(
        threeds,
        step=None,
        validation_result=validation_result,
        is_protected=is_protected,
        ended_ms=sandbox.clock.now_ms(),
        approval=None,
        decline=None,
    )
    source = PaymentSource(
        token=charge.token, customer=charge.customer, verdict=verdict, threeds=finished
    )
    finalized = store_charge(sandbox, charge.request, source, charge.order, charge)
    call.why = f"{verdict.why}; {call.why}"
    if finalized.decline is not None:
        restore_token(sandbox, finalized)
        notify_failed_payment(sandbox, finalized)
        return Declined(finalized, finalized.decline)
    if order is not None:
        record_payment(sandbox, order.order, finalized)
    if isinstance(
        verdict, Decline
    ):  # phantom decline: the charge is approved, but the client gets a decline
        return Declined(finalized, verdict)
    return created_response(finalized)


def _check_unpaid(order: OrderWithCharges, charge: Charge) -> None:
    """Raise if the order was paid in the meantime."""
    if order.paid_ms is not None:
        raise ORDER_ALREADY_PAID.error(id=order.order.id, rule="the order is already paid")
    if charge.request.amount > order.order.amount - order.amount_paid:
        raise ORDER_OVERPAID.error(rule="the charge is more than the unpaid rest of the order")


def finalization_rule_input(
    sandbox: Sandbox,
    operation: str,
    request: Record | None,
    _ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    _card: Card | None = None,
) -> RuleInput:
    """Return the rule input for a finalization, built from the request of its charge."""
    charge = sandbox.charges.get(getattr(request, "charge_id", ""))
    request_of_charge = charge.request if charge else None
    customer = sandbox.customers.get((charge and charge.customer) or "")
    kind: SourceKind | None = None
    if charge is not None:
        kind = "multipay" if charge.token.state == "multipay" else "token"
        kind = "customer" if charge.customer == charge.request.source else kind
    return RuleInput(
        endpoint=operation,
        card=charge.token.card if charge else None,
        amount=request_of_charge.amount if request_of_charge else None,
        currency=request_of_charge.currency if request_of_charge else None,
        email=customer.email if customer else None,
        source=kind,
        description="",  # rules matched it when the charge was created
        metadata={},
        headers=headers,
        stored_credentials=request_of_charge.stored_credentials if request_of_charge else None,
    )


ENDPOINTS = (
    Endpoint(
        name="finalize_payment",
        method="POST",
        path="/v1/charges/finalize_payment",
        run=finalize_payment,
        build_rule_input=finalization_rule_input,
        request=FinalizeRequest,
        auth=bearer("online_payments"),
        response=ChargeResponse,
        idempotent=True,
        errors=(
            CHARGE_NOT_FOUND,
            THREEDS_SOURCE_INVALID,
            THREEDS_FLOW_STATUS_MISSING,
            THREEDS_UNFINISHED,
            THREEDS_NOT_PENDING,
            THREEDS_ALREADY_FINALIZED,
            THREEDS_EXPIRED,
            ORDER_ALREADY_PAID,
            ORDER_OVERPAID,
        ),
        about="Finalize a charge after 3-D Secure: it succeeds, is declined, or needs a challenge.",
        evidence=documented("3DS SDK page; initiate-3ds page"),
    ),
)
