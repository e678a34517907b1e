"""Responses for orders of the platform API: state, lines, payments and refunds."""

from mock_clover.clover.charges.operations_taxes import find_tax
from mock_clover.clover.orders.endpoints_returns import line_id
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.records_item import TaxRate
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.endpoints_customers import platform_customer_response
from mock_clover.clover.platform.endpoints_payments import (
    platform_payment_response,
    platform_refund_response,
    refunds_of,
)
from mock_clover.clover.platform.records import Elements, Reference, truncate_to_seconds
from mock_clover.clover.platform.records_inventory import (
    OrderTypeResponse,
    TaxRateResponse,
    order_type_response,
)
from mock_clover.clover.platform.records_order import (
    LineResponse,
    PaymentState,
    PlatformOrderRequest,
    PlatformOrderResponse,
)
from mock_clover.clover.platform.view import ResponseContext, nested_list
from mock_clover.sandbox.sandbox import Sandbox

_EMPTY_REQUEST = PlatformOrderRequest()
_UNIT = 1_000


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
        discounts=nested_list(()) if context.expands("discounts") else None,
    )


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


def lines_of(context: ResponseContext, order: Order) -> tuple[LineResponse, ...]:
    """Return the lines of an order; /v1 uses the same ids for returns."""
    return tuple(line_response(context, order, index) for index in range(len(order.items)))


def line_response(context: ResponseContext, order: Order, index: int) -> LineResponse:
    """Return one line of an order. A quantity other than one is in `unitQty` (inferred)."""
    item = order.items[index]
    line_item_id = line_id(order, index)
    returned = order.returned[index] if order.returned else 0
    created = truncate_to_seconds(order.created_ms)
    has_quantity = item.quantity is not None and item.quantity != 1
    return LineResponse(
        id=line_item_id,
        orderRef=Reference(id=order.id),
        item=Reference(id=item.parent) if (item.parent or "") in context.sandbox.items else None,
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
    refunds = refunds_of(context.sandbox, frozenset(charge.id for charge in full_order.charges))
    return nested_list(platform_refund_response(inner, refund) for refund in refunds)
