"""Endpoints for orders, which are created through /v1, by charges, or here; /v1 pays all of them.

A custom order is created empty and filled line by line; the client sends its total. An atomic order
is created with all lines, and its total is computed here.
"""

from msgspec.structs import replace

from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.orders.endpoints import newest_orders
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.behaviours import ADJUSTED_TOTALS
from mock_clover.clover.platform.endpoints_lines import (
    require_order,
    store_changed,
    tell_quantities,
)
from mock_clover.clover.platform.http import platform_endpoint, platform_list_endpoint
from mock_clover.clover.platform.listing import Fields, ListField, PlatformPage, list_page
from mock_clover.clover.platform.operations_cart import (
    LINE_ERRORS,
    NEW_LINE,
    editable,
    new_discount,
    new_line,
    new_service_charge,
    priced,
    with_ids,
    with_lines,
)
from mock_clover.clover.platform.problems import (
    PLATFORM_CART_EMPTY,
    PLATFORM_INVALID_QUERY,
    PLATFORM_ORDER_NOT_FOUND,
    PLATFORM_ORDER_PAID,
)
from mock_clover.clover.platform.records import (
    Elements,
    EmptyObject,
    ExpandQuery,
    PlatformQuery,
    truncate_to_seconds,
)
from mock_clover.clover.platform.records_order import (
    AtomicCheckoutResponse,
    AtomicOrderRequest,
    CartResponse,
    CustomerElements,
    PlatformOrder,
    PlatformOrderRequest,
    PlatformOrderResponse,
)
from mock_clover.clover.platform.view import (
    ResponseContext,
    nested_list,
    response_context,
)
from mock_clover.clover.platform.view_order import (
    platform_order_response,
    platform_payment_response,
    request_of,
    state_of,
    total_of,
)
from mock_clover.clover.platform.view_refunds import index_refunds
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.core.money import MERCHANT_CURRENCY
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

FIELDS: Fields = {
    "id": ListField(str, lambda full_order: full_order.order.id),
    "createdTime": ListField(
        int, lambda full_order: truncate_to_seconds(full_order.order.created_ms)
    ),
    "clientCreatedTime": ListField(
        int,
        lambda full_order: (
            request_of(full_order).clientCreatedTime
            or truncate_to_seconds(full_order.order.created_ms)
        ),
    ),
    "modifiedTime": ListField(int, lambda full_order: truncate_to_seconds(full_order.modified_ms)),
    "total": ListField(int, total_of),
    "state": ListField(str, state_of),
    "title": ListField(str, lambda full_order: request_of(full_order).title),
    "note": ListField(str, lambda full_order: request_of(full_order).note),
    "externalReferenceId": ListField(
        str, lambda full_order: request_of(full_order).externalReferenceId
    ),
    "customer.id": ListField(str, lambda full_order: full_order.order.customer),
    "cardTransaction.last4": ListField(
        str, lambda full_order: tuple(charge.token.card.last4 for charge in full_order.charges)
    ),
    "manualTransaction": ListField(
        bool, lambda full_order: bool(request_of(full_order).manualTransaction)
    ),
    "testMode": ListField(bool, lambda full_order: bool(request_of(full_order).testMode)),
    "deletedTime": ListField(int, lambda _: None),
}
"""Source: REF orderGetOrders; customer.id comes from an older client."""


def list_orders(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List orders, whether created through /v1, by charges or through the platform API."""
    context = response_context(sandbox, call)
    return list_page(
        context,
        call,
        "orders",
        FIELDS,
        lambda may_change: (each for _, each in newest_orders(sandbox, may_change=may_change)),
        lambda full_order: platform_order_response(context, full_order),
        prepare=lambda: index_refunds(context),
    )


def get_order(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PlatformOrderResponse:
    """Get one order; `expand=lineItems,payments,refunds` includes more."""
    return platform_order_response(
        response_context(sandbox, call), require_order(sandbox, call.ids[1])
    )


def create_order(
    sandbox: Sandbox, call: Call[PlatformOrderRequest, ExpandQuery]
) -> PlatformOrderResponse:
    """Create a custom order without lines and total; it is paid through /v1."""
    context = response_context(sandbox, call)
    sandbox.orders.check_capacity()
    order = _store_order(sandbox, _new_order(sandbox, call.body, reckoned=False))
    call.why = "created an order without lines; add them with POST …/line_items"
    return platform_order_response(context, OrderWithCharges(order, ()))


def update_order(
    sandbox: Sandbox, call: Call[PlatformOrderRequest, ExpandQuery]
) -> PlatformOrderResponse:
    """Update an order: total, state, title, note."""
    full_order, body = require_order(sandbox, call.ids[1]), call.body
    context = response_context(sandbox, call)
    order = full_order.order
    if body.total is not None and full_order.charges and body.total != total_of(full_order):
        raise PLATFORM_ORDER_PAID.error(
            rule=f"total is {body.total}; must stay {total_of(full_order)}: it has payments"
        )
    changes = {
        name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None
    }
    order, platform = editable(sandbox, order)
    platform = replace(platform, asked=replace(platform.asked, **changes))
    customer = _resolve_customer_id(sandbox, body) or order.customer
    currency = order.currency
    if body.currency is not None:
        currency = sandbox.format_currency(body.currency)
    updated = replace(order, platform=platform, customer=customer, currency=currency)
    call.why = "updated the order"
    updated = store_changed(sandbox, call, full_order, updated)
    return platform_order_response(context, replace(full_order, order=updated))


def delete_order(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete an order without payments."""
    full_order = require_order(sandbox, call.ids[1])
    if full_order.charges:
        raise PLATFORM_ORDER_PAID.error(rule="the order has payments")
    sandbox.orders.delete(full_order.order.id)
    send_platform_event(sandbox, "O", full_order.order.id, "DELETE", "order")
    call.why = "deleted the order"
    return EmptyObject()


def list_order_payments(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> Elements:
    """List the payments of an order."""
    context, full_order = response_context(sandbox, call), require_order(sandbox, call.ids[1])
    payments = nested_list(
        platform_payment_response(context, charge) for charge in full_order.charges
    )
    return replace(payments, href=f"{context.root}/orders/{full_order.order.id}/payments?limit=100")


def create_atomic_order(
    sandbox: Sandbox, call: Call[AtomicOrderRequest, ExpandQuery]
) -> PlatformOrderResponse:
    """Create an order with all its lines; total and taxes are computed."""
    context = response_context(sandbox, call)
    order = _order_of_cart(sandbox, call)
    sandbox.orders.check_capacity()
    order = _store_order(sandbox, order)
    call.why = f"created an order with all its lines{call.why}"
    return platform_order_response(_with_cart(context), OrderWithCharges(order, ()))


def check_out_atomic_order(
    sandbox: Sandbox, call: Call[AtomicOrderRequest, ExpandQuery]
) -> AtomicCheckoutResponse:
    """Compute the totals of an atomic order without creating it."""
    context = response_context(sandbox, call)
    order = _order_of_cart(sandbox, call)
    order = with_ids(sandbox, replace(order, id=sandbox.ids.object_id()))
    call.why = f"computed the totals; no order was created{call.why}"
    response = platform_order_response(_with_cart(context), OrderWithCharges(order, ()))
    return AtomicCheckoutResponse(
        orderCart=CartResponse(
            currency=response.currency,
            title=response.title,
            note=response.note,
            lineItems=response.lineItems or nested_list(()),
            discounts=response.discounts or nested_list(()),
            serviceCharge=response.serviceCharge,
        ),
        total=order.amount,
        totalTaxAmount=order.tax_amount or 0,
    )


def _order_of_cart(sandbox: Sandbox, call: Call[AtomicOrderRequest, ExpandQuery]) -> Order:
    """Return the order of a cart, without an id; set `why` to a note. Raises ApiError."""
    cart = call.body.orderCart
    if cart is None or not cart.lineItems:
        raise PLATFORM_CART_EMPTY.error(rule="orderCart.lineItems is missing or empty; at least 1")
    request = PlatformOrderRequest(
        title=cart.title,
        note=cart.note,
        currency=cart.currency,
        orderType=cart.orderType,
        externalReferenceId=cart.externalReferenceId,
        customers=cart.customers,
        groupLineItems=cart.groupLineItems,
    )
    blank = _new_order(sandbox, request, reckoned=True)
    order, platform = editable(sandbox, blank)
    charge, discounts = cart.serviceCharge, cart.discounts or ()
    platform = replace(
        platform,
        discounts=tuple(new_discount(sandbox, each) for each in discounts),
        service_charge=None if charge is None else new_service_charge(sandbox, charge),
    )
    lines = [new_line(sandbox, line, NEW_LINE) for line in cart.lineItems]
    order = with_lines(order, platform, lines)
    order = priced(sandbox, OrderWithCharges(blank, ()), order)
    call.why = ""
    tell_quantities(call, lines)
    if order.prices or platform.service_charge is not None:
        call.basis += (ADJUSTED_TOTALS,)
    return order


def _with_cart(context: ResponseContext) -> ResponseContext:
    shown = {"lineItems.taxRates", "lineItems.discounts", "lineItems.modifications"}
    return replace(context, expand=context.expand | shown | {"discounts", "serviceCharge"})


def _new_order(sandbox: Sandbox, request: PlatformOrderRequest, *, reckoned: bool) -> Order:
    """Return a new order without an id, which is generated after all validation."""
    now_ms = sandbox.clock.now_ms()
    return Order(
        id="",
        currency=sandbox.format_currency(request.currency or MERCHANT_CURRENCY),
        created_ms=now_ms,
        amount=request.total or 0,
        customer=_resolve_customer_id(sandbox, request),
        platform=PlatformOrder(asked=request, modified_ms=now_ms, reckoned=reckoned),
    )


def _store_order(sandbox: Sandbox, order: Order) -> Order:
    """Store a new order with its ids."""
    order = with_ids(sandbox, replace(order, id=sandbox.ids.object_id()))
    sandbox.orders.put(order.id, order)
    send_platform_event(sandbox, "O", order.id, "CREATE", "order")
    return order


def _resolve_customer_id(sandbox: Sandbox, request: PlatformOrderRequest) -> str | None:
    customers = request.customers
    listed = customers.elements if isinstance(customers, CustomerElements) else customers
    customer = next(iter(listed or ()), None)
    if customer is None or customer.id is None:
        return None
    if customer.id not in sandbox.customers:
        raise PLATFORM_INVALID_QUERY.error(param="customers", reason="there is no such customer")
    return customer.id


_WRITE_ERRORS = (PLATFORM_ORDER_NOT_FOUND, PLATFORM_ORDER_PAID)
ENDPOINTS = (
    platform_endpoint(
        "POST",
        "/orders",
        create_order,
        PlatformOrderResponse,
        "write_orders",
        observed("clover_sandbox_simulator, recorded in 2026-02"),
        request=PlatformOrderRequest,
        query=ExpandQuery,
    ),
    platform_list_endpoint(
        "/orders", list_orders, FIELDS, "read_orders", documented("REF orderGetOrders")
    ),
    platform_endpoint(
        "GET",
        "/orders/{order_id}",
        get_order,
        PlatformOrderResponse,
        "read_orders",
        documented("REF orderGetOrder"),
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
    platform_endpoint(
        "POST",
        "/orders/{order_id}",
        update_order,
        PlatformOrderResponse,
        "write_orders",
        documented("REF orderUpdateOrder"),
        request=PlatformOrderRequest,
        query=ExpandQuery,
        errors=_WRITE_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        "/orders/{order_id}",
        delete_order,
        EmptyObject,
        "write_orders",
        observed("clover_sandbox_simulator; that a paid one cannot be deleted is inferred"),
        errors=_WRITE_ERRORS,
    ),
    platform_endpoint(
        "GET",
        "/orders/{order_id}/payments",
        list_order_payments,
        Elements,
        "read_payments",
        documented("REF orders"),
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
    platform_endpoint(
        "POST",
        "/atomic_order/orders",
        create_atomic_order,
        PlatformOrderResponse,
        "write_orders",
        documented("DOCS:create-an-atomic-order; the fields of the response are inferred"),
        request=AtomicOrderRequest,
        query=ExpandQuery,
        errors=(PLATFORM_CART_EMPTY, *LINE_ERRORS, AMOUNT_TOO_LARGE),
    ),
    platform_endpoint(
        "POST",
        "/atomic_order/checkouts",
        check_out_atomic_order,
        AtomicCheckoutResponse,
        "write_orders",
        documented("REF orderCheckoutAtomicOrder; the fields of the response are inferred"),
        request=AtomicOrderRequest,
        query=ExpandQuery,
        errors=(PLATFORM_CART_EMPTY, *LINE_ERRORS, AMOUNT_TOO_LARGE),
    ),
)
