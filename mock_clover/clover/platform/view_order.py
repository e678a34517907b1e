"""How an order is shown on the platform API: its state, its lines, its payments and refunds."""

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

_NOTHING_ASKED = PlatformOrderRequest()
_UNIT = 1_000


def asked_of(sold: OrderWithCharges) -> PlatformOrderRequest:
    """Return what a client of this API said of an order."""
    platform = sold.order.platform
    return _NOTHING_ASKED if platform is None else platform.asked


def total_of(sold: OrderWithCharges) -> int | None:
    """Return the total that is shown; a custom order has none until its client tells one."""
    order = sold.order
    if order.platform is None or order.platform.reckoned:
        return order.amount
    return order.platform.asked.total


def state_of(sold: OrderWithCharges) -> str | None:
    """Return what its client says, or else open, and locked once it is paid.

    Source: CC 27777, a paid order that is still OPEN; a custom order has no state until it is paid.
    """
    platform = sold.order.platform
    if platform is not None and platform.asked.state is not None:
        return platform.asked.state
    if sold.paid_ms is not None:
        return "locked"
    return "open" if platform is None or platform.reckoned else None


def payment_state(sold: OrderWithCharges) -> PaymentState | None:
    """Return what was paid and given back, in a word. Source: REF orders for the words."""
    if sold.amount_returned:
        return "PARTIALLY_REFUNDED" if sold.amount_returnable else "REFUNDED"
    if sold.paid_ms is not None:
        return "PAID"
    if sold.amount_paid:
        return "PARTIALLY_PAID"
    return None if total_of(sold) is None else "OPEN"


def order_answer(view: View, sold: OrderWithCharges) -> PlatformOrderAnswer:
    """Show an order."""
    order, asked = sold.order, asked_of(sold)
    created = seconds(order.created_ms)
    custom = order.platform is not None and not order.platform.reckoned
    return PlatformOrderAnswer(
        href=f"{view.root}/orders/{order.id}",
        id=order.id,
        currency=order.currency,
        customers=_customers(view, order) if view.wants("customers") else None,
        employee=None if custom else view.employee,
        total=total_of(sold),
        externalReferenceId=asked.externalReferenceId,
        paymentState=payment_state(sold),
        title=asked.title,
        note=asked.note,
        orderType=_order_type(view, asked),
        taxRemoved=bool(asked.taxRemoved),
        isVat=False,
        state=state_of(sold),
        manualTransaction=bool(asked.manualTransaction),
        groupLineItems=asked.groupLineItems is not False,
        testMode=bool(asked.testMode),
        createdTime=created,
        clientCreatedTime=asked.clientCreatedTime or created,
        modifiedTime=seconds(sold.modified_ms),
        lineItems=_lines(view, order) if view.wants("lineItems") else None,
        payments=_payments(view, sold) if view.wants("payments", "payment") else None,
        refunds=_refunds(view, sold) if view.wants("refunds") else None,
        discounts=nested(()) if view.wants("discounts") else None,
    )


def _customers(view: View, order: Order) -> Elements:
    customer = view.sandbox.customers.get(order.customer or "")
    if customer is None:
        return nested(())
    return nested((customer_answer(view.within("customers"), customer, order.id),))


def _order_type(view: View, asked: PlatformOrderRequest) -> OrderTypeAnswer | Reference | None:
    type_id = asked.orderType.id if asked.orderType is not None else None
    if type_id is None:
        return None
    known = view.sandbox.order_types.get(type_id)
    if known is None or not view.wants("orderType"):
        return Reference(id=type_id)
    return order_type_answer(known)


def _lines(view: View, order: Order) -> Elements:
    return nested(lines_of(view.within("lineItems"), order))


def lines_of(view: View, order: Order) -> tuple[LineAnswer, ...]:
    """Show the lines of an order; their ids are those by which /v1 takes them back."""
    return tuple(line_answer(view, order, place) for place in range(len(order.items)))


def line_answer(view: View, order: Order, place: int) -> LineAnswer:
    """Show one line of an order. A quantity other than one is shown as `unitQty` (inferred)."""
    item = order.items[place]
    known = line_id(order, place)
    returned = order.returned[place] if order.returned else 0
    created = seconds(order.created_ms)
    counted = item.quantity is not None and item.quantity != 1
    return LineAnswer(
        id=known,
        orderRef=Reference(id=order.id),
        item=Reference(id=item.parent) if (item.parent or "") in view.sandbox.items else None,
        name=item.description,
        price=item.amount,
        unitQty=(item.quantity or 0) * _UNIT if counted else None,
        printed=False,
        createdTime=created,
        orderClientCreatedTime=created,
        exchanged=False,
        refunded=bool(returned) and returned >= order.line_total(place),
        isRevenue=item.type != "tax",
        taxRates=(
            nested(_line_tax(view.sandbox, known, rate) for rate in item.tax_rates or ())
            if view.wants("taxRates")
            else None
        ),
    )


def _line_tax(sandbox: Sandbox, line: str, rate: TaxRate) -> TaxRateAnswer:
    known = find_tax(sandbox, rate.tax_rate_uuid) if rate.tax_rate_uuid is not None else None
    return TaxRateAnswer(
        id=rate.tax_rate_uuid,
        lineItemRef=Reference(id=line),
        name=rate.name or (known.asked.name if known is not None else None),
        rate=known.asked.rate if known is not None else rate.rate,
        taxAmount=known.asked.taxAmount if known is not None else rate.tax_amount,
        isDefault=known is not None and known.asked.isDefault,
    )


def _payments(view: View, sold: OrderWithCharges) -> Elements:
    within = view.within("payments", "payment")
    return nested(payment_answer(within, charge) for charge in sold.charges)


def _refunds(view: View, sold: OrderWithCharges) -> Elements:
    within = view.within("refunds")
    found = refunds_of(view.sandbox, frozenset(charge.id for charge in sold.charges))
    return nested(refund_answer(within, refund) for refund in found)
