"""Endpoints for payments and refunds: each charge is a payment with the same id.

Here the void of an authorization is not a refund, because no money was captured; the payment is
VOIDED.
"""

from collections.abc import Iterator

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.platform.endpoints_inventory import tender_response
from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, list_page
from mock_clover.clover.platform.problems import (
    PLATFORM_PAYMENT_NOT_FOUND,
)
from mock_clover.clover.platform.records import (
    Elements,
    ExpandQuery,
    PlatformQuery,
    Reference,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_inventory import DEFAULT_TENDER_BY_KIND, TENDERS
from mock_clover.clover.platform.records_payment import (
    RESULTS,
    AdditionalChargeResponse,
    CardOnFile,
    CardTransaction,
    PaymentResponse,
    PaymentResult,
    PlatformRefundResponse,
)
from mock_clover.clover.platform.view import (
    ResponseContext,
    nested_list,
    response_context,
)
from mock_clover.clover.refunds.records import Refund
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox


def payment_amount(charge: Charge) -> int:
    """Return the captured or authorized amount of a payment, without the tip."""
    return charge.amount_captured if charge.state == "captured" else charge.request.amount


def payment_result(charge: Charge) -> PaymentResult:
    """Return the result of a payment; a pending ACH debit is PENDING."""
    return "PENDING" if charge.is_debit_pending else RESULTS[charge.state]


def payment_tax(charge: Charge) -> int:
    """Return the tax that is included in a payment."""
    return min(charge.request.tax_amount or 0, payment_amount(charge))


def platform_payment_response(context: ResponseContext, charge: Charge) -> PaymentResponse:
    """Return the payment response for a charge."""
    full_tender = tender_response(context, _tender_key(context, charge))
    order = None if charge.order is None else Reference(id=charge.order)
    created = truncate_to_seconds(charge.created_ms)
    return PaymentResponse(
        id=charge.id,
        order=order,
        tender=full_tender
        if context.expands("tender")
        else Reference(href=full_tender.href, id=full_tender.id),
        amount=payment_amount(charge),
        tipAmount=charge.request.tip_amount or 0,
        taxAmount=payment_tax(charge),
        cashbackAmount=0,
        externalReferenceId=charge.request.external_reference_id,
        employee=context.employee,
        createdTime=created,
        clientCreatedTime=created,
        modifiedTime=created,
        offline=False,
        result=payment_result(charge),
        cardTransaction=_transaction(charge) if context.expands("cardTransaction") else None,
        refunds=_charge_refunds(context, charge) if context.expands("refunds") else None,
        additionalCharges=_surcharges(charge) if context.expands("additionalCharges") else None,
    )


def _tender_key(context: ResponseContext, charge: Charge) -> str:
    """Return the tender key of a charge: the requested one if known, else the default."""
    requested = charge.request.tender
    if charge.token.kind == "tender" and requested is not None:
        for key in TENDERS:
            if requested.label_key == key or requested.id == tender_response(context, key).id:
                return key
    return DEFAULT_TENDER_BY_KIND[charge.token.kind]


def _surcharges(charge: Charge) -> Elements:
    """Return the surcharge of a charge. Source: DOCS:working-with-transaction-data."""
    surcharge = charge.surcharge
    if surcharge is None:
        return nested_list(())
    return nested_list(
        (
            AdditionalChargeResponse(
                id=surcharge.id or derived_id("surcharge", charge.id),
                amount=surcharge.amount,
                rate=surcharge.rate,
                type=surcharge.type,
                payment=Reference(id=charge.id),
            ),
        )
    )


def _transaction(charge: Charge) -> CardTransaction | None:
    card, token = charge.token.card, charge.token
    if token.kind in ("ach", "tender"):
        return None
    captured = charge.state == "captured"
    on_file = token.state == "multipay"
    return CardTransaction(
        cardType=card.brand,
        entryType="VAULTED" if on_file else "KEYED",
        first6=card.first6 or None,
        last4=card.last4,
        type="AUTH" if charge.request.capture else "PREAUTHCAPTURE" if captured else "PREAUTH",
        authCode=charge.auth_code,
        referenceId=charge.ref_num,
        state="PENDING" if charge.state == "authorized" else "CLOSED",
        cardholderName=card.name,
        token=token.id if on_file else None,
        vaultedCard=(
            CardOnFile(
                first6=card.first6,
                last4=card.last4,
                cardholderName=card.name,
                expirationDate=f"{card.exp_month}{card.exp_year[-2:]}",
                token=token.id,
            )
            if on_file
            else None
        ),
        currency=charge.currency,
        captured=captured,
    )


def platform_refund_response(context: ResponseContext, refund: Refund) -> PlatformRefundResponse:
    """Return the response for a refund."""
    charge = context.sandbox.charges.get(refund.charge)
    order = charge.order if charge is not None else None
    tax, total = (payment_tax(charge), payment_amount(charge)) if charge is not None else (0, 0)
    created = truncate_to_seconds(refund.created_ms)
    expanded = charge is not None and context.expands("payment")
    return PlatformRefundResponse(
        id=refund.id,
        orderRef=None if order is None else Reference(id=order),
        payment=(
            platform_payment_response(context.nested("payment"), charge)
            if charge is not None and expanded
            else Reference(id=refund.charge)
        ),
        amount=refund.amount,
        taxAmount=min(tax, tax * refund.amount // total) if total else 0,
        createdTime=created,
        clientCreatedTime=created,
        employee=context.employee,
        voided=refund.canceled,
    )


def refunds_of(sandbox: Sandbox, charge_ids: frozenset[str]) -> Iterator[Refund]:
    """Iterate over the refunds of the charges, newest first."""
    return (refund for refund in _all_refunds(sandbox) if refund.charge in charge_ids)


def _all_refunds(sandbox: Sandbox) -> Iterator[Refund]:
    return (
        refund
        for _, refund in sandbox.refunds.items_newest_first()
        if refund.refund_type != "PREAUTH"
    )


def _charge_refunds(context: ResponseContext, charge: Charge) -> Elements:
    if not charge.amount_refunded:
        return nested_list(())
    inner = context.nested("refunds")
    refunds = refunds_of(context.sandbox, frozenset({charge.id}))
    return nested_list(platform_refund_response(inner, refund) for refund in refunds)


PAYMENT_FIELDS: Fields = {
    "id": ListField(str, lambda charge: charge.id),
    "amount": ListField(int, payment_amount),
    "result": ListField(str, payment_result),
    "voided": ListField(bool, lambda charge: payment_result(charge) == "VOIDED"),
    "offline": ListField(bool, lambda _: False),
    "cardType": ListField(str, lambda charge: charge.token.card.brand or None),
    "externalReferenceId": ListField(str, lambda charge: charge.request.external_reference_id),
    "externalPaymentId": ListField(str, lambda _: None),
    "createdTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
    "clientCreatedTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
    "modifiedTime": ListField(int, lambda charge: truncate_to_seconds(charge.created_ms)),
}
REFUND_FIELDS: Fields = {
    "id": ListField(str, lambda refund: refund.id),
    "amount": ListField(int, lambda refund: refund.amount),
    "voided": ListField(bool, lambda refund: refund.canceled),
    "payment.id": ListField(str, lambda refund: refund.charge),
    "createdTime": ListField(int, lambda refund: truncate_to_seconds(refund.created_ms)),
    "clientCreatedTime": ListField(int, lambda refund: truncate_to_seconds(refund.created_ms)),
}


def list_payments(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> Elements:
    """List payments: all charges, including declined ones."""
    context = response_context(sandbox, call)
    rows = (charge for _, charge in sandbox.charges.items_newest_first())
    return list_page(
        context,
        call,
        "payments",
        PAYMENT_FIELDS,
        rows,
        lambda charge: platform_payment_response(context, charge),
    )


def get_payment(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PaymentResponse:
    """Get one payment by the id of its charge."""
    charge = sandbox.charges.get(call.ids[1])
    if charge is None:
        raise PLATFORM_PAYMENT_NOT_FOUND.error()
    return platform_payment_response(response_context(sandbox, call), charge)


def list_refunds(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> Elements:
    """List refunds; voids of authorizations are not included."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "refunds",
        REFUND_FIELDS,
        _all_refunds(sandbox),
        lambda refund: platform_refund_response(context, refund),
    )


_OBSERVED = observed("clover-mcp-server 2026-06; CC 27777")
ENDPOINTS = (
    platform_list_endpoint("/payments", list_payments, PAYMENT_FIELDS, "read_payments", _OBSERVED),
    platform_endpoint(
        "GET",
        "/payments/{payment_id}",
        get_payment,
        PaymentResponse,
        "read_payments",
        documented("REF payGetPayment"),
        query=ExpandQuery,
        errors=(PLATFORM_PAYMENT_NOT_FOUND,),
    ),
    platform_list_endpoint("/refunds", list_refunds, REFUND_FIELDS, "read_payments", _OBSERVED),
)
