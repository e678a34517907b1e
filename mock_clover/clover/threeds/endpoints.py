"""The end of 3-D Secure: a pending charge succeeds, fails, or waits for a challenge.

What the issuer has said (by control call or by its page) decides. Where it has not spoken, the
client's `flow_status` does, if it is a word that decides. All of that is inferred. Documented is
what may follow: success, decline or a challenge after the method; the first two after a challenge.
"""

import msgspec

from mock_clover.clover.charges.endpoints import make_charge
from mock_clover.clover.charges.operations_source import PaymentSource
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.charges.views import ChargeAnswer, created_answer, pending_answer
from mock_clover.clover.common.behaviours_other import FLOW_STATUS_DECIDES, PENDING_CHARGE_SHOWN
from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.problems import (
    CHARGE_NOT_FOUND,
    IDEMPOTENCY_MISMATCH,
    INVALID_CHARGE_ID,
    INVALID_REQUEST,
    ORDER_ALREADY_PAID,
    ORDER_OVERPAID,
)
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.orders.endpoints import find_order, record_payment
from mock_clover.clover.orders.views import OrderWithCharges
from mock_clover.clover.threeds.operations import (
    ATTEMPTED,
    CHALLENGE_REQUIRED,
    SUCCESSFUL,
    UNKNOWN,
    fail_authentication,
    refusal,
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
from mock_clover.clover.threeds.records import FLOW_STATUS_RESULT, FinalizeRequest, Result, ThreeDS
from mock_clover.core.evidence import documented
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Declined, Endpoint
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.scenario.records_rule import RuleInput, SourceKind

_replace = msgspec.structs.replace

_ENDS: dict[Result, tuple[str, bool]] = {
    "approve": (SUCCESSFUL, True),
    "attempt": (ATTEMPTED, True),
    "unavailable": (UNKNOWN, False),
}
"""The validation result, and whether the issuer is liable. That an attempt protects is EMV's rule;
that Clover says so is inferred."""


def finalize_payment(
    sandbox: Sandbox, call: Call[FinalizeRequest, None]
) -> ChargeAnswer | Declined:
    """Go on with a charge whose cardholder has been to the issuer."""
    asked = call.body.threeds
    if asked is None or asked.source != "CLOVER":
        raise THREEDS_SOURCE_INVALID.error()
    if not asked.flow_status:
        raise THREEDS_FLOW_STATUS_MISSING.error()
    charge = sandbox.charges.get(call.body.charge_id)
    if charge is None:
        raise CHARGE_NOT_FOUND.error(id=call.body.charge_id)
    threeds = _waiting(charge)
    result, who = threeds.result, "the issuer said"
    if result is None:
        result, who = FLOW_STATUS_RESULT.get(asked.flow_status.upper()), "flow_status says"
        call.basis = (FLOW_STATUS_DECIDES,)
    call.why = f"3-D Secure, {threeds.step}: {who} {result or asked.flow_status!r}"
    if threeds.step == "method" and result != "fail":
        if threeds.then_challenge or result == "challenge":
            call.basis += (PENDING_CHARGE_SHOWN,)
            return _challenge(sandbox, charge, threeds)
        result = result or "approve"
    if result == "fail":
        return Declined(
            failed := fail_authentication(sandbox, charge, refusal(call.why)), _of(failed)
        )
    if result is None or result not in _ENDS:
        raise THREEDS_UNFINISHED.error(why=_UNFINISHED)
    return _conclude(sandbox, call, charge, threeds, result)


_UNFINISHED = (
    "nobody has answered the challenge: POST /_mock/threeds/<charge id>, or send one of "
    + ", ".join(FLOW_STATUS_RESULT)
    + " as flow_status"
)


def _waiting(charge: Charge) -> ThreeDS:
    """Return the 3-D Secure that a charge waits for, or refuse."""
    threeds = charge.threeds
    if threeds is None or not threeds.transaction:
        raise THREEDS_NOT_PENDING.error()
    if charge.state != "pending":
        raise (THREEDS_EXPIRED if has_expired(charge) else THREEDS_ALREADY_FINALIZED).error()
    return threeds


def _of(charge: Charge) -> Decline:
    return charge.decline or refusal("3-D Secure failed")


def _challenge(sandbox: Sandbox, charge: Charge, threeds: ThreeDS) -> ChargeAnswer:
    """Ask for a challenge after the method."""
    asked = _replace(
        threeds,
        step="challenge",
        then_challenge=False,
        result=None,
        validation_result=CHALLENGE_REQUIRED,
    )
    waiting = _replace(charge, threeds=asked)
    sandbox.charges.put(charge.id, waiting)
    return pending_answer(waiting)


def _conclude(
    sandbox: Sandbox,
    call: Call[FinalizeRequest, None],
    charge: Charge,
    threeds: ThreeDS,
    result: Result,
) -> ChargeAnswer | Declined:
    """Make the payment itself, as the issuer says to it."""
    sold = find_order(sandbox, charge.order) if charge.order else None
    verdict = call.issuer_verdict = call.verdict or threeds.verdict
    if sold is not None:
        _check_unpaid(sold, charge)
    validation_result, is_protected = _ENDS[result]
    done = _replace(
        threeds,
        step=None,
        validation_result=validation_result,
        is_protected=is_protected,
        ended_ms=sandbox.clock.now_ms(),
        approval=None,
        decline=None,
    )
    payer = PaymentSource(charge.token, charge.customer, verdict, done)
    made = make_charge(sandbox, charge.request, payer, charge.order, charge)
    call.why = f"{verdict.why}; {call.why}"
    if made.decline is not None:
        restore_token(sandbox, made)
        return Declined(made, made.decline)
    if sold is not None:
        record_payment(sandbox, sold.order, made)
    if isinstance(verdict, Decline):  # a phantom: it stands, and the client is told no
        return Declined(made, verdict)
    return created_answer(made)


def _check_unpaid(sold: OrderWithCharges, charge: Charge) -> None:
    """Refuse to pay an order that others have paid meanwhile."""
    if sold.paid_ms is not None:
        raise ORDER_ALREADY_PAID.error(id=sold.order.id)
    if charge.request.amount > sold.order.amount - sold.amount_paid:
        raise ORDER_OVERPAID.error()


def pending_rule_input(
    sandbox: Sandbox,
    operation: str,
    request: Record | None,
    _ids: tuple[str, ...],
    headers: dict[bytes, bytes],
    _card: Card | None = None,
) -> RuleInput:
    """Return what rules can see of a finalization: what its charge was requested with."""
    charge = sandbox.charges.get(getattr(request, "charge_id", ""))
    asked = charge.request if charge else None
    customer = sandbox.customers.get((charge and charge.customer) or "")
    kind: SourceKind | None = None
    if charge is not None:
        kind = "multipay" if charge.token.state == "multipay" else "token"
        kind = "customer" if charge.customer == charge.request.source else kind
    return RuleInput(
        endpoint=operation,
        card=charge.token.card if charge else None,
        amount=asked.amount if asked else None,
        currency=asked.currency if asked else None,
        email=customer.email if customer else None,
        source=kind,
        description="",  # it was read when the charge was made
        metadata={},
        headers=headers,
        stored_credentials=asked.stored_credentials if asked else None,
    )


ENDPOINTS = (
    Endpoint(
        name="finalize_payment",
        method="POST",
        path="/v1/charges/finalize_payment",
        run=finalize_payment,
        rule_input_of=pending_rule_input,
        request=FinalizeRequest,
        permissions=("online_payments",),  # inferred: as the charge that it goes on with
        response=ChargeAnswer,
        idempotent=True,
        errors=(
            INVALID_CHARGE_ID,
            INVALID_REQUEST,
            CHARGE_NOT_FOUND,
            THREEDS_SOURCE_INVALID,
            THREEDS_FLOW_STATUS_MISSING,
            THREEDS_UNFINISHED,
            THREEDS_NOT_PENDING,
            THREEDS_ALREADY_FINALIZED,
            THREEDS_EXPIRED,
            ORDER_ALREADY_PAID,
            ORDER_OVERPAID,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Go on with a charge after 3-D Secure: it succeeds, is declined, or is challenged.",
        fact=documented("3DS SDK page; initiate-3ds page"),
    ),
)
