"""Orders: those of /v1 and of charges, and such as are made here and paid there.

A custom order is made empty and filled line by line, and its client tells the total; an atomic one
is made whole, and its total is reckoned here.
"""

import msgspec

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.charges.operations_taxes import line_taxes
from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.orders.endpoints import newest_orders
from mock_clover.clover.orders.records import Order, order_totals
from mock_clover.clover.orders.records_item import Item
from mock_clover.clover.orders.views import OrderWithCharges
from mock_clover.clover.platform.endpoints_lines import (
    LINE_REFUSALS,
    filled,
    new_line,
    require_order,
)
from mock_clover.clover.platform.endpoints_merchant import CURRENCY
from mock_clover.clover.platform.endpoints_payments import payment_answer
from mock_clover.clover.platform.http import PLATFORM
from mock_clover.clover.platform.listing import Field, Fields, listed
from mock_clover.clover.platform.problems import (
    PLATFORM_CART_EMPTY,
    PLATFORM_INVALID_FILTER,
    PLATFORM_INVALID_QUERY,
    PLATFORM_ORDER_NOT_FOUND,
    PLATFORM_ORDER_PAID,
)
from mock_clover.clover.platform.records import (
    Elements,
    ExpandQuery,
    Nothing,
    PlatformQuery,
    seconds,
)
from mock_clover.clover.platform.records_order import (
    AtomicOrderRequest,
    PlatformOrder,
    PlatformOrderAnswer,
    PlatformOrderRequest,
)
from mock_clover.clover.platform.view import View, nested, view_of
from mock_clover.clover.platform.view_order import (
    asked_of,
    order_answer,
    state_of,
    total_of,
)
from mock_clover.clover.webhooks.operations import announce
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

_ROOT = "/v3/merchants/{merchant_id}"
_ORDERS = f"{_ROOT}/orders"
_ONE = f"{_ORDERS}/{{order_id}}"
_replace = msgspec.structs.replace

FIELDS: Fields = {
    "id": Field(str, lambda sold: sold.order.id),
    "createdTime": Field(int, lambda sold: seconds(sold.order.created_ms)),
    "clientCreatedTime": Field(
        int, lambda sold: asked_of(sold).clientCreatedTime or seconds(sold.order.created_ms)
    ),
    "modifiedTime": Field(int, lambda sold: seconds(sold.modified_ms)),
    "total": Field(int, total_of),
    "state": Field(str, state_of),
    "title": Field(str, lambda sold: asked_of(sold).title),
    "note": Field(str, lambda sold: asked_of(sold).note),
    "externalReferenceId": Field(str, lambda sold: asked_of(sold).externalReferenceId),
    "customer.id": Field(str, lambda sold: sold.order.customer),
    "cardTransaction.last4": Field(
        str, lambda sold: tuple(charge.token.card.last4 for charge in sold.charges)
    ),
    "manualTransaction": Field(bool, lambda sold: bool(asked_of(sold).manualTransaction)),
    "testMode": Field(bool, lambda sold: bool(asked_of(sold).testMode)),
    "deletedTime": Field(int, lambda _: None),
}
"""Source: REF orderGetOrders; customer.id is of an older client."""


def list_orders(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> Elements:
    """Return orders."""
    view = view_of(sandbox, call)
    rows = (sold for _, sold in newest_orders(sandbox))
    return listed(view, call, "orders", FIELDS, rows, lambda sold: order_answer(view, sold))


def get_order(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> PlatformOrderAnswer:
    """Return one order."""
    return order_answer(view_of(sandbox, call), require_order(sandbox, call.ids[1]))


def create_order(
    sandbox: Sandbox, call: Call[PlatformOrderRequest, ExpandQuery]
) -> PlatformOrderAnswer:
    """Make an order without lines."""
    view = view_of(sandbox, call)
    sandbox.orders.require_room()
    order = _new(sandbox, call.body, ())
    call.why = "an order without lines is made; POST …/line_items fills it"
    return order_answer(view, OrderWithCharges(order, ()))


def update_order(
    sandbox: Sandbox, call: Call[PlatformOrderRequest, ExpandQuery]
) -> PlatformOrderAnswer:
    """Change an order; what is not named stays."""
    sold, asked = require_order(sandbox, call.ids[1]), call.body
    view = view_of(sandbox, call)
    order = sold.order
    if asked.total is not None and sold.charges and asked.total != total_of(sold):
        raise PLATFORM_ORDER_PAID.error()
    named = {
        name: value
        for name in asked.__struct_fields__
        if (value := getattr(asked, name)) is not None
    }
    platform = PlatformOrder(
        asked=_replace(asked_of(sold), **named),
        modified_ms=sandbox.clock.now_ms(),
        reckoned=order.platform is None or order.platform.reckoned,
    )
    changed = _replace(
        order, platform=platform, customer=_customer(sandbox, asked) or order.customer
    )
    if asked.total is not None:
        changed = _replace(changed, amount=asked.total)
    sandbox.orders.put(order.id, changed)
    announce(sandbox, "O", order.id, "UPDATE", "order")
    call.why = "the order is changed"
    return order_answer(view, sold._replace(order=changed))


def delete_order(sandbox: Sandbox, call: Call[None, None]) -> Nothing:
    """Delete an order that nobody paid."""
    sold = require_order(sandbox, call.ids[1])
    if sold.charges:
        raise PLATFORM_ORDER_PAID.error()
    sandbox.orders.drop(sold.order.id)
    announce(sandbox, "O", sold.order.id, "DELETE", "order")
    call.why = "the order is deleted"
    return Nothing()


def list_order_payments(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> Elements:
    """Return the payments of an order."""
    view, sold = view_of(sandbox, call), require_order(sandbox, call.ids[1])
    shown = nested(payment_answer(view, charge) for charge in sold.charges)
    return _replace(shown, href=f"{view.root}/orders/{sold.order.id}/payments?limit=100")


def create_atomic_order(
    sandbox: Sandbox, call: Call[AtomicOrderRequest, ExpandQuery]
) -> PlatformOrderAnswer:
    """Make an order whole; its total is reckoned here."""
    view = view_of(sandbox, call)
    asked, items = _cart(sandbox, call.body)
    sandbox.orders.require_room()
    order = _new(sandbox, asked, items)
    call.why = "an order is made whole"
    return order_answer(_with_lines(view), OrderWithCharges(order, ()))


def _cart(
    sandbox: Sandbox, body: AtomicOrderRequest
) -> tuple[PlatformOrderRequest, tuple[Item, ...]]:
    """Return what a cart asks for and its lines, or refuse; the total is checked too."""
    cart = body.orderCart
    if cart is None or not cart.lineItems:
        raise PLATFORM_CART_EMPTY.error()
    asked = PlatformOrderRequest(
        title=cart.title,
        note=cart.note,
        currency=cart.currency,
        orderType=cart.orderType,
        externalReferenceId=cart.externalReferenceId,
    )
    items = tuple(new_line(sandbox, line) for line in cart.lineItems)
    check_amount(order_totals(items, line_taxes(sandbox, items))[0])
    return asked, items


def _with_lines(view: View) -> View:
    return view._replace(expand=view.expand | {"lineItems.taxRates"})


def _new(sandbox: Sandbox, asked: PlatformOrderRequest, items: tuple[Item, ...]) -> Order:
    """Write a new order; its id is drawn when nothing can be refused any more."""
    now_ms = sandbox.clock.now_ms()
    blank = Order(
        id="",
        currency=sandbox.currency_echo(asked.currency or CURRENCY),
        created_ms=now_ms,
        amount=asked.total or 0,
        customer=_customer(sandbox, asked),
        platform=PlatformOrder(asked=asked, modified_ms=now_ms, reckoned=bool(items)),
    )
    order = filled(sandbox, blank, items) if items else blank
    order = _replace(order, id=sandbox.ids.object_id())
    sandbox.orders.put(order.id, order)
    announce(sandbox, "O", order.id, "CREATE", "order")
    return order


def _customer(sandbox: Sandbox, asked: PlatformOrderRequest) -> str | None:
    found = next(iter(asked.customers or ()), None)
    if found is None or found.id is None:
        return None
    if found.id not in sandbox.customers:
        raise PLATFORM_INVALID_QUERY.error(param="customers")
    return found.id


_WRITING = (PLATFORM_ORDER_NOT_FOUND, PLATFORM_ORDER_PAID, PLATFORM_INVALID_QUERY)
ENDPOINTS = (
    Endpoint(
        name="platform_create_order",
        method="POST",
        path=_ORDERS,
        permissions=("write_orders",),
        run=create_order,
        request=PlatformOrderRequest,
        query=ExpandQuery,
        response=PlatformOrderAnswer,
        surface=PLATFORM,
        errors=(PLATFORM_INVALID_QUERY,),
        about="Make a custom order, without lines and without a total; /v1 pays it.",
        fact=observed("clover_sandbox_simulator, recorded in 2026-02"),
    ),
    Endpoint(
        name="platform_list_orders",
        method="GET",
        path=_ORDERS,
        permissions=("read_orders",),
        run=list_orders,
        query=PlatformQuery,
        response=Elements,
        surface=PLATFORM,
        filters=tuple(FIELDS),
        errors=(PLATFORM_INVALID_FILTER, PLATFORM_INVALID_QUERY),
        about="List orders: those of /v1, those of charges and those made here.",
        fact=documented("REF orderGetOrders"),
    ),
    Endpoint(
        name="platform_get_order",
        method="GET",
        path=_ONE,
        permissions=("read_orders",),
        run=get_order,
        query=ExpandQuery,
        response=PlatformOrderAnswer,
        surface=PLATFORM,
        errors=(PLATFORM_ORDER_NOT_FOUND, PLATFORM_INVALID_QUERY),
        about="Get one order; `expand=lineItems,payments,refunds` shows more.",
        fact=documented("REF orderGetOrder"),
    ),
    Endpoint(
        name="platform_update_order",
        method="POST",
        path=_ONE,
        permissions=("write_orders",),
        run=update_order,
        request=PlatformOrderRequest,
        query=ExpandQuery,
        response=PlatformOrderAnswer,
        surface=PLATFORM,
        errors=_WRITING,
        about="Change an order: its total, state, title, note.",
        fact=documented("REF orderUpdateOrder"),
    ),
    Endpoint(
        name="platform_delete_order",
        method="DELETE",
        path=_ONE,
        permissions=("write_orders",),
        run=delete_order,
        response=Nothing,
        surface=PLATFORM,
        errors=_WRITING[:2],
        about="Delete an order that nobody paid.",
        fact=observed("clover_sandbox_simulator; that a paid one stays is inferred"),
    ),
    Endpoint(
        name="platform_list_order_payments",
        method="GET",
        path=f"{_ONE}/payments",
        permissions=("read_payments",),
        run=list_order_payments,
        query=ExpandQuery,
        response=Elements,
        surface=PLATFORM,
        errors=(PLATFORM_ORDER_NOT_FOUND, PLATFORM_INVALID_QUERY),
        about="List the payments of an order.",
        fact=documented("REF orders"),
    ),
    Endpoint(
        name="platform_create_atomic_order",
        method="POST",
        path=f"{_ROOT}/atomic_order/orders",
        permissions=("write_orders",),
        run=create_atomic_order,
        request=AtomicOrderRequest,
        query=ExpandQuery,
        response=PlatformOrderAnswer,
        surface=PLATFORM,
        errors=(PLATFORM_CART_EMPTY, *LINE_REFUSALS, AMOUNT_TOO_LARGE),
        about="Make an order whole; its total and taxes are reckoned.",
        fact=documented("DOCS:create-an-atomic-order; the answer's members are inferred"),
    ),
)
