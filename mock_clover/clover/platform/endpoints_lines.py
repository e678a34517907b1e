"""Endpoints for order lines: added one by one or with a cart, custom or from inventory items."""

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.charges.operations_taxes import find_tax, line_taxes, taxes_of
from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.clover.orders.records import Order, order_totals
from mock_clover.clover.orders.records_item import Item, TaxRate
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.http import platform_endpoint
from mock_clover.clover.platform.problems import (
    PLATFORM_FRACTIONAL_QUANTITY,
    PLATFORM_INVALID_QUERY,
    PLATFORM_ITEM_MISSING,
    PLATFORM_ORDER_NOT_FOUND,
    PLATFORM_ORDER_PAID,
)
from mock_clover.clover.platform.records import Elements, ExpandQuery
from mock_clover.clover.platform.records_order import (
    LINES_MAX,
    LineRequest,
    LineResponse,
    LineTaxRequest,
)
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.platform.view_order import line_response, lines_of
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

_UNIT = 1_000
"""`unitQty` of one unit."""
LINE_ERRORS = (PLATFORM_ITEM_MISSING, PLATFORM_FRACTIONAL_QUANTITY, PLATFORM_INVALID_QUERY)


def create_line_item(sandbox: Sandbox, call: Call[LineRequest, ExpandQuery]) -> LineResponse:
    """Add a line; name, price and taxes default to those of the inventory item."""
    full_order = require_order(sandbox, call.ids[1])
    context = response_context(sandbox, call)
    order = full_order.order
    if full_order.charges:
        raise PLATFORM_ORDER_PAID.error()
    if len(order.items) >= LINES_MAX:
        raise PLATFORM_INVALID_QUERY.error(param="line_items")
    items = (*order.items, new_line(sandbox, call.body))
    updated = with_lines(sandbox, order, items)
    sandbox.orders.put(order.id, updated)
    send_platform_event(sandbox, "O", order.id, "UPDATE", "order")
    call.why = "added a line"
    return line_response(context, updated, len(items) - 1)


def list_line_items(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> Elements:
    """List the lines of an order; their ids are needed for returns through /v1."""
    context, order = response_context(sandbox, call), require_order(sandbox, call.ids[1]).order
    path = f"orders/{order.id}/line_items?limit={LINES_MAX}"
    return Elements(elements=lines_of(context, order), href=f"{context.root}/{path}")


def with_lines(sandbox: Sandbox, order: Order, items: tuple[Item, ...]) -> Order:
    """Return an order with these lines; its amount is the total from the client, or their sum."""
    taxes = line_taxes(sandbox, items)
    amount, tax_amount = order_totals(items, taxes)
    check_amount(amount)
    platform = order.platform
    client_total = platform.asked.total if platform is not None else None
    return replace(
        order,
        items=items,
        taxes=taxes,
        tax_amount=tax_amount,
        amount=amount if client_total is None else client_total,
        platform=(
            None if platform is None else replace(platform, modified_ms=sandbox.clock.now_ms())
        ),
    )


def new_line(sandbox: Sandbox, request: LineRequest) -> Item:
    """Return a new line; name, price and taxes default to those of the inventory item."""
    quantity = _parse_quantity(request)
    name, price, item_id = request.name, request.price, None
    taxes = [_resolve_tax(sandbox, tax) for tax in request.taxRates or ()]
    if request.item is not None and request.item.id is not None:
        item = sandbox.items.get(request.item.id)
        if item is None:
            raise PLATFORM_ITEM_MISSING.error()
        item_id = item.id
        name = name or item.asked.name
        price = item.asked.price if price is None else price
        if request.taxRates is None:
            taxes = [
                TaxRate(name=tax.asked.name, tax_rate_uuid=tax.id)
                for tax in taxes_of(sandbox, item)
            ]
    return Item(
        parent=item_id,
        quantity=quantity,
        amount=price or 0,
        description=name,
        tax_rates=taxes or None,
    )


def _parse_quantity(request: LineRequest) -> int | None:
    if request.unitQty is not None:
        if request.unitQty % _UNIT:
            raise PLATFORM_FRACTIONAL_QUANTITY.error()
        return request.unitQty // _UNIT
    return request.quantity


def _resolve_tax(sandbox: Sandbox, request: LineTaxRequest) -> TaxRate:
    if request.id is None:
        return TaxRate(name=request.name, rate=request.rate)
    tax = find_tax(sandbox, request.id)
    if tax is None:
        raise PLATFORM_INVALID_QUERY.error(param="taxRates")
    return TaxRate(name=tax.asked.name, tax_rate_uuid=tax.id)


def require_order(sandbox: Sandbox, order_id: str) -> OrderWithCharges:
    """Return an order and its charges, or raise PLATFORM_ORDER_NOT_FOUND."""
    order = find_order(sandbox, order_id)
    if order is None:
        raise PLATFORM_ORDER_NOT_FOUND.error()
    return order


ENDPOINTS = (
    platform_endpoint(
        "POST",
        "/orders/{order_id}/line_items",
        create_line_item,
        LineResponse,
        "write_orders",
        observed("clover-mcp-server, sandbox 2026-06"),
        request=LineRequest,
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND, PLATFORM_ORDER_PAID, *LINE_ERRORS, AMOUNT_TOO_LARGE),
    ),
    platform_endpoint(
        "GET",
        "/orders/{order_id}/line_items",
        list_line_items,
        Elements,
        "read_orders",
        documented("DOCS:ecommerce-refunding-payments"),
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
)
