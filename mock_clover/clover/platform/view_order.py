"""Responses for orders of the platform API: state, lines, payments and refunds."""

from mock_clover.clover.charges.operations_taxes import find_tax
from mock_clover.clover.orders.endpoints_returns import line_id
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.clover.orders.views import OrderWithCharges
from mock_clover.clover.platform.endpoints_customers import customer_answer
from mock_clover.clover.platform.endpoints_payments import payment_answer, refund_answer, refunds_of
from mock_clover.clover.platform.records import Elements, Reference, seconds
from mock_clover.clover.platform.records_inventory import (
    OrderTypeAnswer,
    TaxRateAnswer,
    order_type_answer,
)
from mock_clover.clover.platform.records_order import (
    LineAnswer,
    PaymentState,
    PlatformOrderAnswer,
    PlatformOrderRequest,
)
from mock_clover.clover.platform.view import View, nested
from mock_clover.sandbox.sandbox import Sandbox

_EMPTY_REQUEST = PlatformOrderRequest()
_UNIT = 1_000


def asked_of(full_order: OrderWithCharges) -> PlatformOrderRequest:
    """Return the members that a client of this API has set on an order."""
    platform = full_order.order.platform
    return _EMPTY_REQUEST if platform is None else platform.asked


def total_of(full_order: OrderWithCharges) -> int | None:
    """Return the total; a custom order has none until its client sends one."""
    order = full_order.order
    if order.platform is None or order.platform.reckoned:
        return order.amount
    return order.platform.asked.total


def state_of(full_order: OrderWithCharges) -> str | None:
    """Return the state from the client, else `open`, or `locked` when it is paid.

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


def order_answer(view: View, full_order: OrderWithCharges) -> PlatformOrderAnswer:
    """Return the response for an order."""
    order, request = full_order.order, asked_of(full_order)
    created = seconds(order.created_ms)
    custom = order.platform is not None and not order.platform.reckoned
    return PlatformOrderAnswer(
        href=f"{view.root}/orders/{order.id}",
        id=order.id,
        currency=order.currency,
        customers=_customers(view, order) if view.wants("customers") else None,
        employee=None if custom else view.employee,
        total=total_of(full_order),
        externalReferenceId=request.externalReferenceId,
        paymentState=payment_state(full_order),
        title=request.title,
        note=request.note,
        orderType=_order_type(view, request),
        taxRemoved=bool(request.taxRemoved),
        isVat=False,
        state=state_of(full_order),
        manualTransaction=bool(request.manualTransaction),
        groupLineItems=request.groupLineItems is not False,
        testMode=bool(request.testMode),
        createdTime=created,
        clientCreatedTime=request.clientCreatedTime or created,
        modifiedTime=seconds(full_order.modified_ms),
        lineItems=_lines(view, order) if view.wants("lineItems") else None,
        payments=_payments(view, full_order) if view.wants("payments", "payment") else None,
        refunds=_refunds(view, full_order) if view.wants("refunds") else None,
        discounts=nested(()) if view.wants("discounts") else None,
    )


def _customers(view: View, order: Order) -> Elements:
    customer = view.sandbox.customers.get(order.customer or "")
    if customer is None:
        return nested(())
    return nested((customer_answer(view.within("customers"), customer, order.id),))


def _order_type(view: View, request: PlatformOrderRequest) -> OrderTypeAnswer | Reference | None:
    type_id = request.orderType.id if request.orderType is not None else None
    if type_id is None:
        return None
    order_type = view.sandbox.order_types.get(type_id)
    if order_type is None or not view.wants("orderType"):
        return Reference(id=type_id)
    return order_type_answer(order_type)


def _lines(view: View, order: Order) -> Elements:
    return nested(lines_of(view.within("lineItems"), order))


def lines_of(view: View, order: Order) -> tuple[LineAnswer, ...]:
    """Return the lines of an order; /v1 uses the same ids for returns."""
    return tuple(line_answer(view, order, index) for index in range(len(order.items)))


def line_answer(view: View, order: Order, index: int) -> LineAnswer:
    """Return one line of an order. A quantity other than one is in `unitQty` (inferred)."""
    item = order.items[index]
    id_of_line = line_id(order, index)
    returned = order.returned[index] if order.returned else 0
    created = seconds(order.created_ms)
    has_quantity = item.quantity is not None and item.quantity != 1
    return LineAnswer(
        id=id_of_line,
        orderRef=Reference(id=order.id),
        item=Reference(id=item.parent) if (item.parent or "") in view.sandbox.items else None,
        name=item.description,
        price=item.amount,
        unitQty=(item.quantity or 0) * _UNIT if has_quantity else None,
        printed=False,
        createdTime=created,
        orderClientCreatedTime=created,
        exchanged=False,
        refunded=bool(returned) and returned >= order.line_total(index),
        isRevenue=item.type != "tax",
        taxRates=(
            nested(_line_tax(view.sandbox, id_of_line, rate) for rate in item.tax_rates or ())
            if view.wants("taxRates")
            else None
        ),
    )


def _line_tax(sandbox: Sandbox, line: str, rate: TaxRate) -> TaxRateAnswer:
    tax = find_tax(sandbox, rate.tax_rate_uuid) if rate.tax_rate_uuid is not None else None
    return TaxRateAnswer(
        id=rate.tax_rate_uuid,
        lineItemRef=Reference(id=line),
        name=rate.name or (tax.asked.name if tax is not None else None),
        rate=tax.asked.rate if tax is not None else rate.rate,
        taxAmount=tax.asked.taxAmount if tax is not None else rate.tax_amount,
        isDefault=tax is not None and tax.asked.isDefault,
    )


def _payments(view: View, full_order: OrderWithCharges) -> Elements:
    inner = view.within("payments", "payment")
    return nested(payment_answer(inner, charge) for charge in full_order.charges)


def _refunds(view: View, full_order: OrderWithCharges) -> Elements:
    inner = view.within("refunds")
    refunds = refunds_of(view.sandbox, frozenset(charge.id for charge in full_order.charges))
    return nested(refund_answer(inner, refund) for refund in refunds)
