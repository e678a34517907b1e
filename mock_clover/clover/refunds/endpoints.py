"""Create and list refunds of charges: full and partial refunds, and voids of authorizations."""

from msgspec.structs import replace

from mock_clover.clover.charges.behaviours_purchase import VOID_WINDOW
from mock_clover.clover.charges.records import REFUND_TYPE, Charge, RefundType
from mock_clover.clover.charges.records_surcharge import AdditionalCharge, surcharge
from mock_clover.clover.charges.responses import ListResponse
from mock_clover.clover.common.problems import (
    CHARGE_ALREADY_REFUNDED,
    PARTIAL_REFUND_NOT_ALLOWED,
    PARTIAL_VOID_NOT_ALLOWED,
    REFUND_OR_CHARGE_NOT_FOUND,
    REFUND_TOO_LARGE,
)
from mock_clover.clover.gift_cards.operations import (
    balance_change,
    find_gift_card,
    gift_card_balance,
    locked_amount,
)
from mock_clover.clover.gift_cards.records import GIFT_VOID_WINDOW_MS
from mock_clover.clover.refunds.behaviours import (
    REFUND_LIMIT,
    REFUND_OF_AUTHORIZATION_VOIDS,
    REFUND_OF_ORDER_PAYMENT,
    REFUND_REASON_IS_FREE,
)
from mock_clover.clover.refunds.problems import (
    REFUND_ABOVE_LIMIT,
    REFUND_CHARGE_MISSING,
    REFUND_NOT_CANCELABLE,
)
from mock_clover.clover.refunds.records import (
    DOCUMENTED_REASONS,
    CancelRequest,
    CancelResponse,
    Refund,
    RefundRequest,
    RefundResponse,
    cancel_response,
    refund_response,
)
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import Behaviour, documented
from mock_clover.core.money import amount_text, minor_units_text
from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import Call, Endpoint, bearer
from mock_clover.engine.pagination import ListQuery, basis_of_query, paginate
from mock_clover.sandbox.sandbox import Sandbox


def create_refund(sandbox: Sandbox, call: Call[RefundRequest, None]) -> RefundResponse:
    """Refund a charge, or void an authorization."""
    body, limit = call.body, sandbox.settings.refund_amount_max
    if body.charge is None:
        raise REFUND_CHARGE_MISSING.error(rule="charge is missing; it is required")
    charge = sandbox.charges.get(body.charge)
    if charge is None:
        rule = f"charge is {shown(body.charge)}; this sandbox has no charge with this id"
        raise REFUND_OR_CHARGE_NOT_FOUND.error(rule=rule)
    refundable = charge.amount_refundable
    if charge.state not in REFUND_TYPE or not refundable:
        refunded = amount_text(charge.amount_refunded, charge.currency)
        rule = f"the charge is {charge.state}; {refunded} of "
        rule += f"{amount_text(charge.request.amount, charge.currency)} is refunded, and nothing "
        rule += "is left"
        raise CHARGE_ALREADY_REFUNDED.error(rule=rule)
    amount = refundable if body.amount is None else body.amount
    if amount > refundable:
        raise REFUND_TOO_LARGE.error(rule=_too_large(charge, amount, refundable))
    if limit is not None and amount > limit:
        raise REFUND_ABOVE_LIMIT.error(
            rule=f"{_too_large(charge, amount, limit)} (refund_amount_max)", basis=(REFUND_LIMIT,)
        )
    if amount < refundable:
        _check_partial_refund_allowed(sandbox, charge)
    sandbox.refunds.check_capacity()
    is_void_refund = is_void(sandbox, charge, amount)
    refund = refund_charge(
        sandbox,
        charge,
        amount,
        reason=body.reason,
        external_reference_id=body.external_reference_id,
    )
    call.basis = _basis_of_refund(sandbox, charge, body.reason, is_void_refund=is_void_refund)
    call.why = (
        "voided the authorization"
        if charge.state == "authorized"
        else refund_text("voided" if is_void_refund else "refunded", charge, amount, refundable)
    )
    return refund_response(refund)


def refund_text(verb: str, charge: Charge, amount: int, refundable: int) -> str:
    """Return the reason of a refund: `refunded 9.00 USD of 109.00 USD refundable`."""
    texts = [amount_text(each, charge.currency) for each in (amount, refundable)]
    return f"{verb} {texts[0]} of {texts[1]} refundable"


def _too_large(charge: Charge, amount: int, most: int) -> str:
    texts = [minor_units_text(each, charge.currency) for each in (amount, most)]
    return f"amount is {texts[0]}; at most {texts[1]}"


def _basis_of_refund(
    sandbox: Sandbox, charge: Charge, reason: str | None, *, is_void_refund: bool
) -> tuple[Behaviour, ...]:
    basis: tuple[Behaviour, ...] = ()
    if charge.state == "authorized":
        basis = (REFUND_OF_AUTHORIZATION_VOIDS,)
    elif is_void_refund:
        basis = (VOID_WINDOW,)
    if charge.order is not None and charge.order in sandbox.orders:
        basis += (REFUND_OF_ORDER_PAYMENT,)
    if reason is not None and reason not in DOCUMENTED_REASONS:
        basis += (REFUND_REASON_IS_FREE,)
    return basis


def refund_charge(
    sandbox: Sandbox,
    charge: Charge,
    amount: int,
    *,
    reason: str | None = None,
    external_reference_id: str | None = None,
) -> Refund:
    """Store a refund or void. The caller has checked that the charge allows it.

    All refunds are written here.
    """
    now_ms = sandbox.clock.now_ms()
    refund = Refund(
        id=sandbox.ids.object_id(),
        charge=charge.id,
        amount=amount,
        created_ms=now_ms,
        refund_type=_refund_type(sandbox, charge, amount),
        ref_num=sandbox.ids.ref_num(now_ms),
        auth_code=sandbox.ids.auth_code(),
        reason=reason,
        external_reference_id=external_reference_id,
        surcharge=_refunded_surcharge(charge, amount),
    )
    if charge.gift is not None:
        change = amount if charge.state == "captured" else locked_amount(charge)
        refund = replace(refund, gift=balance_change(sandbox, charge, change))
    sandbox.refunds.put(refund.id, refund)
    sandbox.charges.put(charge.id, _apply_refund(charge, amount))
    if sandbox.outbox is not None:
        cause = "void" if charge.state == "authorized" else "refund"
        send_platform_event(sandbox, "P", charge.id, "UPDATE", cause)
    return refund


def _refunded_surcharge(charge: Charge, amount: int) -> AdditionalCharge | None:
    """Return the part of the surcharge that a refund returns.

    A tip has no surcharge, and is refunded after the amount of the charge (inferred).
    """
    if charge.surcharge is None:
        return None
    if charge.state == "captured":
        amount = max(0, min(amount, charge.amount_captured - charge.amount_refunded))
    return replace(charge.surcharge, id=None, amount=surcharge(amount, charge.surcharge.rate))


def is_void(sandbox: Sandbox, charge: Charge, amount: int) -> bool:
    """Return True if a refund of this amount voids the charge before it settles.

    Documented: within 25 minutes of the payment, for a gift card within 24 hours. That only full
    refunds are voids is inferred.
    """
    if charge.state == "authorized":
        return True
    age_ms = sandbox.clock.now_ms() - charge.paid_ms
    is_full = not charge.amount_refunded and amount == charge.amount_refundable
    window_ms = sandbox.settings.void_window_ms if charge.gift is None else GIFT_VOID_WINDOW_MS
    return is_full and age_ms <= window_ms


def _refund_type(sandbox: Sandbox, charge: Charge, amount: int) -> RefundType:
    if charge.state == "captured" and is_void(sandbox, charge, amount):
        return sandbox.settings.void_type
    return REFUND_TYPE[charge.state]


def _apply_refund(charge: Charge, amount: int) -> Charge:
    if charge.state == "authorized":
        return replace(charge, state="voided", amount_refunded=amount)
    return replace(charge, amount_refunded=charge.amount_refunded + amount)


def _check_partial_refund_allowed(sandbox: Sandbox, charge: Charge) -> None:
    """Reject a partial refund if Clover allows only a full refund. Source: REF create-refund."""
    if charge.state == "authorized":
        whole = amount_text(charge.amount_refundable, charge.currency)
        rule = f"amount is below {whole}; void the whole authorization"
        raise PARTIAL_VOID_NOT_ALLOWED.error(rule=rule)
    order = sandbox.orders.get(charge.order or "")
    if (
        charge.request.tip_amount
        or charge.request.tax_amount
        or (order is not None and len(order.items) > 1)
    ):
        rule = "the charge has a tip, a tax or several items, so refund all of it; for single "
        rule += "items, POST /v1/orders/{order_id}/returns"
        raise PARTIAL_REFUND_NOT_ALLOWED.error(rule=rule)


def get_refund(sandbox: Sandbox, call: Call[None, None]) -> RefundResponse:
    """Return one refund."""
    refund = sandbox.refunds.require(call.ids[0], REFUND_OR_CHARGE_NOT_FOUND, "refund")
    return refund_response(refund)


def list_refunds(
    sandbox: Sandbox, call: Call[None, ListQuery]
) -> ListResponse | Work[ListResponse]:
    """Return refunds, newest first."""
    query = call.query
    call.basis = basis_of_query(query)
    return paginate(
        "/v1/refunds",
        lambda may_change: sandbox.refunds.items_newest_first(may_change=may_change),
        query,
        matches=lambda row: query.charge is None or row.charge == query.charge,
        created_ms=lambda row: row.created_ms,
        to_record=refund_response,
    )


def cancel_refund(sandbox: Sandbox, call: Call[CancelRequest, None]) -> CancelResponse:
    """Cancel a refund to a gift card if its balance still covers the amount."""
    refund = sandbox.refunds.require(call.ids[0], REFUND_OR_CHARGE_NOT_FOUND, "refund")
    charge = sandbox.charges.get(refund.charge)
    if (
        charge is None
        or charge.gift is None
        or refund.canceled
        or charge.state != "captured"
        or charge.amount_refunded < refund.amount
    ):
        rule = "only a refund to a gift card that is not canceled can be canceled"
        raise REFUND_NOT_CANCELABLE.error(rule=rule)
    row = find_gift_card(sandbox, charge.token)
    view = balance_change(sandbox, charge, -refund.amount)
    if row is None or view is None or gift_card_balance(sandbox, row).available < refund.amount:
        refunded_text = amount_text(refund.amount, charge.currency)
        rule = f"the gift card no longer has the refunded {refunded_text}"
        raise REFUND_NOT_CANCELABLE.error(rule=rule)
    refunded = charge.amount_refunded - refund.amount
    sandbox.charges.put(charge.id, replace(charge, amount_refunded=refunded))
    sandbox.refunds.put(
        refund.id, replace(refund, canceled=True, canceled_ms=sandbox.clock.now_ms())
    )
    send_platform_event(sandbox, "P", charge.id, "UPDATE", "cancel")
    amount = amount_text(refund.amount, charge.currency)
    call.why = f"canceled a refund of {amount} to gift card ...{row.last4}"
    return cancel_response(refund, view)


ENDPOINTS = (
    Endpoint(
        name="create_refund",
        method="POST",
        path="/v1/refunds",
        run=create_refund,
        request=RefundRequest,
        auth=bearer(
            "read_customers", "read_merchant", "read_orders", "read_payments", "online_payments"
        ),
        response=RefundResponse,
        idempotent=True,
        errors=(
            REFUND_CHARGE_MISSING,
            REFUND_OR_CHARGE_NOT_FOUND,
            REFUND_TOO_LARGE,
            REFUND_ABOVE_LIMIT,
            CHARGE_ALREADY_REFUNDED,
            PARTIAL_REFUND_NOT_ALLOWED,
            PARTIAL_VOID_NOT_ALLOWED,
        ),
        about="Refund a charge, in full or in part. An authorization is voided.",
        evidence=documented("REF create-refund"),
    ),
    Endpoint(
        name="list_refunds",
        method="GET",
        path="/v1/refunds",
        run=list_refunds,
        query=ListQuery,
        auth=bearer("read_payments"),
        response=ListResponse,
        about="List refunds, newest first.",
        evidence=documented("MD:pagination covers refunds"),
    ),
    Endpoint(
        name="get_refund",
        method="GET",
        path="/v1/refunds/{refund_id}",
        run=get_refund,
        auth=bearer("read_payments"),
        response=RefundResponse,
        errors=(REFUND_OR_CHARGE_NOT_FOUND,),
        about="Get one refund.",
        evidence=documented("REF getrefund"),
    ),
    Endpoint(
        name="cancel_refund",
        method="POST",
        path="/v1/refunds/{refund_id}/cancel",
        run=cancel_refund,
        request=CancelRequest,
        response=CancelResponse,
        idempotent=True,
        errors=(REFUND_OR_CHARGE_NOT_FOUND, REFUND_NOT_CANCELABLE),
        about="Cancel a refund to a gift card (void_on_refund).",
        evidence=documented("MD:gift-card-api"),
    ),
)
