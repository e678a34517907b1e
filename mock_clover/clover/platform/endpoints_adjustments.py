"""Endpoints for discounts of orders and lines, modifications of lines, and service charges."""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec.structs import replace

from mock_clover.clover.common.problems import AMOUNT_TOO_LARGE
from mock_clover.clover.platform.endpoints_lines import find_line, require_order, store_changed
from mock_clover.clover.platform.http import platform_endpoint
from mock_clover.clover.platform.operations_cart import (
    editable,
    new_discount,
    new_modification,
    new_service_charge,
)
from mock_clover.clover.platform.problems import (
    PLATFORM_INVALID_MODIFIER,
    PLATFORM_INVALID_QUERY,
    PLATFORM_NOT_FOUND,
    PLATFORM_ORDER_NOT_FOUND,
    PLATFORM_SERVICE_CHARGE_ID_MISSING,
)
from mock_clover.clover.platform.records import Elements, EmptyObject, Reference
from mock_clover.clover.platform.records_cart import (
    ADJUSTMENTS_MAX,
    Discount,
    DiscountRequest,
    Modification,
    ModificationRequest,
    PlatformLine,
    ServiceCharge,
    ServiceChargeRequest,
)
from mock_clover.clover.platform.records_order import PlatformOrder
from mock_clover.clover.platform.view import response_context
from mock_clover.clover.platform.view_order import order_discounts
from mock_clover.core.evidence import documented
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

Adjustment = TypeVar("Adjustment", Discount, Modification)


def list_order_discounts(sandbox: Sandbox, call: Call[None, None]) -> Elements:
    """List the discounts of an order."""
    context, order = response_context(sandbox, call), require_order(sandbox, call.ids[1]).order
    path = f"orders/{order.id}/discounts?limit=100"
    return replace(order_discounts(order), href=f"{context.root}/{path}")


def create_order_discount(sandbox: Sandbox, call: Call[DiscountRequest, None]) -> Discount:
    """Add a discount to an order, by an amount or a percentage."""
    discount = new_discount(sandbox, call.body)
    call.why = "added a discount"
    stored = _change(
        sandbox,
        call,
        lambda order: replace(order, discounts=_added(order.discounts, discount)),
        only_adds=True,
    )
    return replace(stored.discounts[-1], orderRef=Reference(id=call.ids[1]))


def delete_order_discount(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete a discount of an order."""
    call.why = "deleted the discount"
    _change(
        sandbox,
        call,
        lambda order: replace(order, discounts=_without(order.discounts, call.ids[2])),
    )
    return EmptyObject()


def create_line_discount(sandbox: Sandbox, call: Call[DiscountRequest, None]) -> Discount:
    """Add a discount to a line, by an amount or a percentage."""
    discount = new_discount(sandbox, call.body)
    call.why = "added a discount"
    stored = _change_line(
        sandbox, call, lambda line: replace(line, discounts=_added(line.discounts, discount))
    )
    return replace(stored.discounts[-1], lineItemRef=Reference(id=call.ids[2]))


def delete_line_discount(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Delete a discount of a line."""
    call.why = "deleted the discount"
    _change_line(
        sandbox,
        call,
        lambda line: replace(line, discounts=_without(line.discounts, call.ids[3])),
    )
    return EmptyObject()


def create_modification(sandbox: Sandbox, call: Call[ModificationRequest, None]) -> Modification:
    """Apply a modification to a line; its amount is added to the price of a unit."""
    modification = new_modification(sandbox, call.body)
    call.why = "applied the modification"
    stored = _change_line(
        sandbox,
        call,
        lambda line: replace(line, modifications=_added(line.modifications, modification)),
    )
    return replace(stored.modifications[-1], lineItemRef=Reference(id=call.ids[2]))


def delete_modification(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Remove a modification from a line."""
    call.why = "removed the modification"
    _change_line(
        sandbox,
        call,
        lambda line: replace(line, modifications=_without(line.modifications, call.ids[3])),
    )
    return EmptyObject()


def create_service_charge(
    sandbox: Sandbox, call: Call[ServiceChargeRequest, None]
) -> ServiceCharge:
    """Apply a service charge to an order, in place of the one that it has."""
    require_order(sandbox, call.ids[1])
    if call.body.id is None:
        raise PLATFORM_SERVICE_CHARGE_ID_MISSING.error(rule="id is missing; it is required")
    charge = new_service_charge(sandbox, call.body)
    call.why = "applied the service charge"
    _change(sandbox, call, lambda order: replace(order, service_charge=charge))
    return replace(charge, orderRef=Reference(id=call.ids[1]))


def delete_service_charge(sandbox: Sandbox, call: Call[None, None]) -> EmptyObject:
    """Remove the service charge from an order."""

    def change(order: PlatformOrder) -> PlatformOrder:
        if order.service_charge is None or order.service_charge.id != call.ids[2]:
            raise PLATFORM_NOT_FOUND.error(rule="the order has no service charge with this id")
        return replace(order, service_charge=None)

    call.why = "removed the service charge"
    _change(sandbox, call, change)
    return EmptyObject()


def _change(
    sandbox: Sandbox,
    call: Call[Any, None],
    change: Callable[[PlatformOrder], PlatformOrder],
    *,
    only_adds: bool = False,
) -> PlatformOrder:
    """Change the platform data of an order and store the order with its new totals."""
    full_order = require_order(sandbox, call.ids[1])
    order, platform = editable(sandbox, full_order.order)
    changed = replace(order, platform=change(platform))
    stored = store_changed(sandbox, call, full_order, changed, only_adds=only_adds)
    return stored.platform or platform


def _change_line(
    sandbox: Sandbox, call: Call[Any, None], change: Callable[[PlatformLine], PlatformLine]
) -> PlatformLine:
    """Change the platform data of a line and store the order with its new totals."""
    index = find_line(require_order(sandbox, call.ids[1]).order, call.ids[2])

    def change_order(order: PlatformOrder) -> PlatformOrder:
        lines = list(order.lines)
        lines[index] = change(lines[index])
        return replace(order, lines=tuple(lines))

    return _change(sandbox, call, change_order).lines[index]


def _added(rows: tuple[Adjustment, ...], row: Adjustment) -> tuple[Adjustment, ...]:
    if len(rows) >= ADJUSTMENTS_MAX:
        reason = f"this mock keeps at most {ADJUSTMENTS_MAX}"
        raise PLATFORM_INVALID_QUERY.error(param="the request", reason=reason)
    return rows + (row,)  # noqa: RUF005 - mypy cannot type an unpacked type variable here


def _without(rows: tuple[Adjustment, ...], row_id: str) -> tuple[Adjustment, ...]:
    left = tuple(row for row in rows if row.id != row_id)
    if len(left) == len(rows):
        raise PLATFORM_NOT_FOUND.error(rule="the order or line has no row with this id")
    return left


_ORDER, _LINE = "/orders/{order_id}", "/orders/{order_id}/line_items/{line_item_id}"
_CREATE_ERRORS = (PLATFORM_ORDER_NOT_FOUND, PLATFORM_INVALID_QUERY, AMOUNT_TOO_LARGE)
_LINE_ERRORS = (*_CREATE_ERRORS, PLATFORM_NOT_FOUND)
_DELETE_ERRORS = (PLATFORM_ORDER_NOT_FOUND, PLATFORM_NOT_FOUND)
ENDPOINTS = (
    platform_endpoint(
        "GET",
        f"{_ORDER}/discounts",
        list_order_discounts,
        Elements,
        "read_orders",
        documented("REF orderGetOrderDiscounts"),
        errors=(PLATFORM_ORDER_NOT_FOUND,),
    ),
    platform_endpoint(
        "POST",
        f"{_ORDER}/discounts",
        create_order_discount,
        Discount,
        "write_orders",
        documented("REF orderCreateDiscount"),
        request=DiscountRequest,
        errors=_CREATE_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        f"{_ORDER}/discounts/{{discount_id}}",
        delete_order_discount,
        EmptyObject,
        "write_orders",
        documented("REF orderRemoveOrderDiscount"),
        errors=_DELETE_ERRORS,
    ),
    platform_endpoint(
        "POST",
        f"{_LINE}/discounts",
        create_line_discount,
        Discount,
        "write_orders",
        documented("REF orderCreateLineItemDiscount"),
        request=DiscountRequest,
        errors=_LINE_ERRORS,
    ),
    platform_endpoint(
        "DELETE",
        f"{_LINE}/discounts/{{line_discount_id}}",
        delete_line_discount,
        EmptyObject,
        "write_orders",
        documented("REF orderRemoveDiscount"),
        errors=_DELETE_ERRORS,
    ),
    platform_endpoint(
        "POST",
        f"{_LINE}/modifications",
        create_modification,
        Modification,
        "write_orders",
        documented("REF orderApplyModification"),
        request=ModificationRequest,
        errors=(*_LINE_ERRORS, PLATFORM_INVALID_MODIFIER),
    ),
    platform_endpoint(
        "DELETE",
        f"{_LINE}/modifications/{{modification_id}}",
        delete_modification,
        EmptyObject,
        "write_orders",
        documented("REF orderRemoveModification"),
        errors=_DELETE_ERRORS,
    ),
    platform_endpoint(
        "POST",
        f"{_ORDER}/service_charge",
        create_service_charge,
        ServiceCharge,
        "write_orders",
        documented("REF orderApplyServiceCharge"),
        request=ServiceChargeRequest,
        errors=(*_CREATE_ERRORS, PLATFORM_SERVICE_CHARGE_ID_MISSING),
    ),
    platform_endpoint(
        "DELETE",
        f"{_ORDER}/service_charge/{{service_charge_id}}",
        delete_service_charge,
        EmptyObject,
        "write_orders",
        documented("REF orderRemoveServiceCharge"),
        errors=_DELETE_ERRORS,
    ),
)
