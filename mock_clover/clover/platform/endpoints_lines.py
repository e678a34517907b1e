"""Endpoints for order lines: added one by one, in bulk or with a cart, changed and deleted."""

from collections.abc import Sequence
from typing import Any

from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.clover.orders.endpoints_returns import line_id
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.behaviours import (
    ADJUSTED_TOTALS,
    PAID_ORDER_IS_CHANGED,
    PAID_ORDER_KEEPS_TOTAL,
)
from mock_clover.clover.platform.http import platform_endpoint
from mock_clover.clover.platform.operations_cart import (
    LINE_ERRORS,
    NEW_LINE,
    CartLine,
    editable,
    lines_of_order,
    new_line,
    priced,
    quantity_notes,
    with_ids,
    with_lines,
)
from mock_clover.clover.platform.problems import (
    PLATFORM_INVALID_QUERY,
    PLATFORM_NOT_FOUND,
    PLATFORM_ORDER_NOT_FOUND,
)
from mock_clover.clover.platform.records import LIMIT_MAX, Elements, EmptyObject, ExpandQuery
from mock_clover.clover.platform.records_order import (
    LINES_MAX,
    BulkLinesRequest,
    LineRequest,
    LineResponse,
)
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.platform.view_order import line_response, lines_of
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.core.record import encode
from mock_clover.engine.endpoint import Call, EncodedJson
from mock_clover.sandbox.sandbox import Sandbox


def create_line_item(sandbox: Sandbox, call: Call[LineRequest, ExpandQuery]) -> LineResponse:
    """Add a line; name, price and taxes default to those of the inventory item."""
    return _add_lines(sandbox, call, [call.body])[0]


def create_line_items(sandbox: Sandbox, call: Call[BulkLinesRequest, ExpandQuery]) -> EncodedJson:
    """Add several lines; the response is an array."""
    return EncodedJson(encode(tuple(_add_lines(sandbox, call, call.body.items))))


def _add_lines(
    sandbox: Sandbox, call: Call[Any, ExpandQuery], requests: Sequence[LineRequest]
) -> list[LineResponse]:
    full_order = require_order(sandbox, call.ids[1])
    context = response_context(sandbox, call)
    if len(full_order.order.items) + len(requests) > LINES_MAX:
        raise PLATFORM_INVALID_QUERY.error(
            param="line_items", reason=f"this mock keeps at most {LINES_MAX} lines"
        )
    added = [new_line(sandbox, request, NEW_LINE) for request in requests]
    call.why = "added a line" if len(added) == 1 else f"added {len(added)} lines"
    tell_quantities(call, added)
    order, platform = editable(sandbox, full_order.order)
    lines = [*lines_of_order(order), *added]
    changed = with_lines(order, platform, lines)
    order = store_changed(sandbox, call, full_order, changed, only_adds=True)
    first = len(order.items) - len(added)
    return [line_response(context, order, index) for index in range(first, len(order.items))]


def tell_quantities(call: Call[Any, Any], lines: Sequence[CartLine]) -> None:
    """Say which quantities count whole units."""
    note, basis = quantity_notes(lines)
    call.why += note
    call.basis += basis


def store_changed(
    sandbox: Sandbox,
    call: Call[Any, Any],
    full_order: OrderWithCharges,
    changed: Order,
    *,
    only_adds: bool = False,
) -> Order:
    """Store a changed order with its totals. `full_order` is the order before the change.

    `only_adds`: the change adds lines or discounts, which was observed for paid orders.
    """
    changed = with_ids(sandbox, priced(sandbox, full_order, changed))
    sandbox.orders.put(changed.id, changed)
    send_platform_event(sandbox, "O", changed.id, "UPDATE", "order")
    if full_order.paid_ms is not None:
        call.basis += (PAID_ORDER_KEEPS_TOTAL if only_adds else PAID_ORDER_IS_CHANGED,)
        call.why += "; the order is paid, so its total stays"
    elif changed.prices or (changed.platform is not None and changed.platform.service_charge):
        call.basis += (ADJUSTED_TOTALS,)
    return changed


def list_line_items(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> Elements:
    """List the lines of an order; their ids are needed for returns through /v1."""
    context, order = response_context(sandbox, call), require_order(sandbox, call.ids[1]).order
    path = f"orders/{order.id}/line_items?limit={LIMIT_MAX}"
    return Elements(elements=tuple(lines_of(context, order)), href=f"{context.root}/{path}")


def get_line_item(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> LineResponse:
    """Get one line of an order."""
    context, order = response_context(sandbox, call), require_order(sandbox, call.ids[1]).order
    return line_response(context, order, find_line(order, call.ids[2]))


def update_line_item(sandbox: Sandbox, call: Call[LineRequest, ExpandQuery]) -> LineResponse:
    """Update a line; absent fields stay unchanged."""
    full_order = require_order(sandbox, call.ids[1])
    context = response_context(sandbox, call)
    index = find_line(full_order.order, call.ids[2])
    order, platform = editable(sandbox, full_order.order)
    lines = lines_of_order(order)
    lines[index] = new_line(sandbox, call.body, lines[index])
    call.why = "updated the line"
    tell_quantities(call, [lines[index]])
    order = store_changed(sandbox, call, full_order, with_lines(order, platform, lines))
    return line_response(context, order, index)


def delete_line_item(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete a line."""
    full_order = require_order(sandbox, call.ids[1])
    index = find_line(full_order.order, call.ids[2])
    order, platform = editable(sandbox, full_order.order)
    lines = lines_of_order(order)
    del lines[index]
    call.why = "deleted the line"
    store_changed(sandbox, call, full_order, with_lines(order, platform, lines))
    return EmptyObject()


def delete_line_items(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete all lines of an order."""
    full_order = require_order(sandbox, call.ids[1])
    order, platform = editable(sandbox, full_order.order)
    call.why = "deleted all lines"
    store_changed(sandbox, call, full_order, with_lines(order, platform, []))
    return EmptyObject()


def find_line(order: Order, wanted: str) -> int:
    """Return the index of a line, or raise PLATFORM_NOT_FOUND."""
    for index in range(len(order.items)):
        if line_id(order, index) == wanted:
            return index
    raise PLATFORM_NOT_FOUND.error(rule="the order has no line item with this id")


def require_order(sandbox: Sandbox, order_id: str) -> OrderWithCharges:
    """Return an order and its charges, or raise PLATFORM_ORDER_NOT_FOUND."""
    order = find_order(sandbox, order_id)
    if order is None:
        raise PLATFORM_ORDER_NOT_FOUND.error(rule="this sandbox has no order with this id")
    return order


_LINE, _LINES = "/orders/{order_id}/line_items/{line_item_id}", "/orders/{order_id}/line_items"
_WRITE_ERRORS = (PLATFORM_ORDER_NOT_FOUND, *LINE_ERRORS, AMOUNT_TOO_LARGE)
_LINE_WRITE_ERRORS = (*_WRITE_ERRORS, PLATFORM_NOT_FOUND)
_DELETE_ERRORS = (PLATFORM_ORDER_NOT_FOUND, PLATFORM_NOT_FOUND)
ENDPOINTS = (
    platform_endpoint(
        "POST",
        _LINES,
        create_line_item,
        LineResponse,
        "write_orders",
        observed("clover-mcp-server, sandbox 2026-06"),
        request=LineRequest,
        query=ExpandQuery,
        errors=_WRITE_ERRORS,
    ),
    platform_endpoint(
        "POST",
        "/orders/{order_id}/bulk_line_items",
        create_line_items,
        LineResponse,
        "write_orders",
        documented("REF orderBulkCreateLineItems; the array is read by a client"),
        request=BulkLinesRequest,
        response_format="array",
        query=ExpandQuery,
        errors=_WRITE_ERRORS,
    ),
    platform_endpoint(
        "GET",
        _LINES,
        list_line_items,
        Elements,
        "read_orders",
        documented("DOCS:ecommerce-refunding-payments"),
        query=ExpandQuery,
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
    platform_endpoint(
        "GET",
        _LINE,
        get_line_item,
        LineResponse,
        "read_orders",
        documented("REF orderGetOrderLineItem"),
        query=ExpandQuery,
        errors=_DELETE_ERRORS,
    ),
    platform_endpoint(
        "POST",
        _LINE,
        update_line_item,
        LineResponse,
        "write_orders",
        documented("REF orderUpdateOrderLineItem"),
        request=LineRequest,
        query=ExpandQuery,
        errors=_LINE_WRITE_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        _LINE,
        delete_line_item,
        EmptyObject,
        "write_orders",
        documented("REF orderDeleteOrderLineItem"),
        errors=_DELETE_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        _LINES,
        delete_line_items,
        EmptyObject,
        "write_orders",
        documented("REF orderDeleteLineItems"),
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
)
