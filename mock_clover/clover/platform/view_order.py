"""Responses for orders, payments and refunds of the platform API, which contain each other."""

from collections.abc import Iterator

from msgspec.structs import replace

from mock_clover.clover.charges.operations_taxes import find_tax
from mock_clover.clover.charges.records import Charge
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.clover.orders.endpoints_returns import line_id
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.endpoints_customers import platform_customer_response
from mock_clover.clover.platform.endpoints_inventory import tender_response, tenders_of
from mock_clover.clover.platform.records import Elements, Reference, truncate_to_seconds
from mock_clover.clover.platform.records_cart import UNIT, ServiceCharge
from mock_clover.clover.platform.records_inventory import (
    DEFAULT_TENDER_BY_KIND,
    OrderTypeResponse,
    TaxRateResponse,
    TenderResponse,
    order_type_response,
)
from mock_clover.clover.platform.records_order import (
    LineResponse,
    PaymentState,
    PlatformOrderRequest,
    PlatformOrderResponse,
)
from mock_clover.clover.platform.records_payment import (
    RESULTS,
    AdditionalChargeResponse,
    CardOnFile,
    CardTransaction,
    PaymentResponse,
    PaymentResult,
    PlatformRefundResponse,
)
from mock_clover.clover.platform.records_tender_payment import RecordedPayment
from mock_clover.clover.platform.view import ResponseContext, nested_list
from mock_clover.clover.platform.view_refunds import refunds_of
from mock_clover.clover.refunds.records import Refund
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox

_EMPTY_REQUEST = PlatformOrderRequest()


def request_of(full_order: OrderWithCharges) -> PlatformOrderRequest:
    """Return the order fields that clients of the platform API have set."""
    platform = full_order.order.platform
    return _EMPTY_REQUEST if platform is None else platform.asked


def total_of(full_order: OrderWithCharges) -> int | None:
    """Return the total; a custom order has none until its client sends one."""
    order = full_order.order
    if order.platform is None or order.platform.reckoned:
        return order.amount
    return order.platform.asked.total


def state_of(full_order: OrderWithCharges) -> str | None:
    """Return the state set by the client, else `locked` if the order is paid, else `open`.

    Source: CC 27777, a paid order that is still OPEN; a custom order has no state until it is paid.
    """
    platform = full_order.order.platform
    if platform is not None and platform.asked.state is not None:
        return platform.asked.state
    if full_order.paid_ms is not None:
        return "locked"
    return "open" if platform is None or platform.reckoned else None


def payment_state(full_order: OrderWithCharges) -> PaymentState | None:
    """Return the payment state. Source of the values: REF orders."""
    if full_order.amount_returned:
        return "PARTIALLY_REFUNDED" if full_order.amount_returnable else "REFUNDED"
    if full_order.paid_ms is not None:
        return "PAID"
    if full_order.amount_paid:
        return "PARTIALLY_PAID"
    return None if total_of(full_order) is None else "OPEN"


def platform_order_response(
    context: ResponseContext, full_order: OrderWithCharges
) -> PlatformOrderResponse:
    """Return the response for an order."""
    order, request = full_order.order, request_of(full_order)
    created = truncate_to_seconds(order.created_ms)
    custom = order.platform is not None and not order.platform.reckoned
    return PlatformOrderResponse(
        href=f"{context.root}/orders/{order.id}",
        id=order.id,
        currency=order.currency,
        customers=_customers(context, order) if context.expands("customers") else None,
        employee=None if custom else context.employee,
        total=total_of(full_order),
        externalReferenceId=request.externalReferenceId,
        paymentState=payment_state(full_order),
        title=request.title,
        note=request.note,
        orderType=_order_type(context, request),
        taxRemoved=bool(request.taxRemoved),
        isVat=False,
        state=state_of(full_order),
        manualTransaction=bool(request.manualTransaction),
        groupLineItems=request.groupLineItems is not False,
        testMode=bool(request.testMode),
        createdTime=created,
        clientCreatedTime=request.clientCreatedTime or created,
        modifiedTime=truncate_to_seconds(full_order.modified_ms),
        lineItems=_lines(context, order) if context.expands("lineItems") else None,
        payments=_payments(context, full_order) if context.expands("payments", "payment") else None,
        refunds=_refunds(context, full_order) if context.expands("refunds") else None,
        discounts=order_discounts(order) if context.expands("discounts") else None,
        serviceCharge=service_charge(order) if context.expands("serviceCharge") else None,
    )


def order_discounts(order: Order) -> Elements:
    """Return the discounts of an order, without those of its lines."""
    discounts = order.platform.discounts if order.platform is not None else ()
    return nested_list(replace(each, orderRef=Reference(id=order.id)) for each in discounts)


def service_charge(order: Order) -> ServiceCharge | None:
    """Return the service charge of an order."""
    charge = order.platform.service_charge if order.platform is not None else None
    return charge and replace(charge, orderRef=Reference(id=order.id))


def _customers(context: ResponseContext, order: Order) -> Elements:
    customer = context.sandbox.customers.get(order.customer or "")
    if customer is None:
        return nested_list(())
    return nested_list(
        (platform_customer_response(context.nested("customers"), customer, order.id),)
    )


def _order_type(
    context: ResponseContext, request: PlatformOrderRequest
) -> OrderTypeResponse | Reference | None:
    type_id = request.orderType.id if request.orderType is not None else None
    if type_id is None:
        return None
    order_type = context.sandbox.order_types.get(type_id)
    if order_type is None or not context.expands("orderType"):
        return Reference(id=type_id)
    return order_type_response(order_type)


def _lines(context: ResponseContext, order: Order) -> Elements:
    return nested_list(lines_of(context.nested("lineItems"), order))


def lines_of(context: ResponseContext, order: Order) -> Iterator[LineResponse]:
    """Iterate over the lines of an order; /v1 uses the same ids for returns."""
    return (line_response(context, order, index) for index in range(len(order.items)))


def line_response(context: ResponseContext, order: Order, index: int) -> LineResponse:
    """Return one line of an order; `unitQty` is as sent, or the quantity if not one (inferred)."""
    item, more = order.items[index], order.line(index)
    line_item_id = line_id(order, index)
    returned = order.returned[index] if order.returned else 0
    created = truncate_to_seconds(order.created_ms)
    unit_qty = more.unitQty
    if unit_qty is None and item.quantity is not None and item.quantity != 1:
        unit_qty = item.quantity * UNIT
    reference = Reference(id=line_item_id)
    return LineResponse(
        id=line_item_id,
        orderRef=Reference(id=order.id),
        item=Reference(id=item.parent) if (item.parent or "") in context.sandbox.items else None,
        name=item.description,
        alternateName=more.alternateName,
        price=item.amount,
        unitQty=unit_qty,
        note=more.note,
        printed=False,
        createdTime=created,
        orderClientCreatedTime=created,
        exchanged=False,
        refunded=bool(returned) and returned >= order.line_total(index),
        isRevenue=item.type != "tax",
        discounts=(
            nested_list(replace(each, lineItemRef=reference) for each in more.discounts)
            if context.expands("discounts")
            else None
        ),
        modifications=(
            nested_list(replace(each, lineItemRef=reference) for each in more.modifications)
            if context.expands("modifications")
            else None
        ),
        taxRates=(
            nested_list(
                _line_tax(context.sandbox, line_item_id, rate) for rate in item.tax_rates or ()
            )
            if context.expands("taxRates")
            else None
        ),
    )


def _line_tax(sandbox: Sandbox, line: str, rate: TaxRate) -> TaxRateResponse:
    tax = find_tax(sandbox, rate.tax_rate_uuid) if rate.tax_rate_uuid is not None else None
    return TaxRateResponse(
        id=rate.tax_rate_uuid,
        lineItemRef=Reference(id=line),
        name=rate.name or (tax.asked.name if tax is not None else None),
        rate=tax.asked.rate if tax is not None else rate.rate,
        taxAmount=tax.asked.taxAmount if tax is not None else rate.tax_amount,
        isDefault=tax is not None and tax.asked.isDefault,
    )


def _payments(context: ResponseContext, full_order: OrderWithCharges) -> Elements:
    inner = context.nested("payments", "payment")
    return nested_list(platform_payment_response(inner, charge) for charge in full_order.charges)


def _refunds(context: ResponseContext, full_order: OrderWithCharges) -> Elements:
    inner = context.nested("refunds")
    refunds = refunds_of(context, full_order.charges)
    return nested_list(platform_refund_response(inner, refund) for refund in refunds)


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
    full_tender = _tender_of(context, charge)
    recorded = charge.recorded or RecordedPayment()
    created = truncate_to_seconds(charge.created_ms)
    return PaymentResponse(
        id=charge.id,
        order=_order_of(context, charge),
        tender=full_tender
        if context.expands("tender")
        else Reference(href=full_tender.href, id=full_tender.id),
        amount=payment_amount(charge),
        tipAmount=charge.request.tip_amount or 0,
        taxAmount=payment_tax(charge),
        cashbackAmount=0,
        cashTendered=recorded.cashTendered,
        externalPaymentId=recorded.externalPaymentId,
        externalReferenceId=(recorded.externalReferenceId or charge.request.external_reference_id),
        note=recorded.note,
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


def _order_of(context: ResponseContext, charge: Charge) -> PlatformOrderResponse | Reference | None:
    if charge.order is None:
        return None
    expanded = context.expands("order")
    order = find_order(context.sandbox, charge.order) if expanded else None
    if order is None:
        return Reference(id=charge.order)
    return platform_order_response(context.nested("order"), order)


def _tender_of(context: ResponseContext, charge: Charge) -> TenderResponse:
    """Return the tender of a charge: the requested one if known, else the default."""
    requested = charge.request.tender
    if charge.token.kind == "tender" and requested is not None:
        for tender in tenders_of(context):
            if requested.id == tender.id or requested.label_key == tender.labelKey:
                return tender
    return tender_response(context, DEFAULT_TENDER_BY_KIND[charge.token.kind])


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


def _charge_refunds(context: ResponseContext, charge: Charge) -> Elements:
    if not charge.amount_refunded:
        return nested_list(())
    inner = context.nested("refunds")
    refunds = refunds_of(context, (charge,))
    return nested_list(platform_refund_response(inner, refund) for refund in refunds)
