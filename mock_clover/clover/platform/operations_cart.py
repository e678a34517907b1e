"""Build lines and compute totals: modifications, discounts, service charge, taxes.

A line's price is its unit price with modifications, times the quantity, less the line's discounts.
The order's discounts are divided among the lines in proportion to their prices. Taxes are computed
on what is left, and the service charge on the sum of the lines without tax.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import check_amount
from mock_clover.clover.charges.operations_taxes import find_tax, line_taxes, taxes_of
from mock_clover.clover.orders.records import Order
from mock_clover.clover.orders.records_item import Item, TaxRate
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.platform.behaviours import UNIT_QTY_BELOW_A_UNIT
from mock_clover.clover.platform.problems import (
    PLATFORM_FRACTIONAL_QUANTITY,
    PLATFORM_INVALID_MODIFIER,
    PLATFORM_INVALID_QUERY,
    PLATFORM_ITEM_MISSING,
)
from mock_clover.clover.platform.records import Reference
from mock_clover.clover.platform.records_cart import (
    PERCENT_DECIMAL,
    UNIT,
    Discount,
    DiscountRequest,
    Modification,
    ModificationRequest,
    ModifierRequest,
    PlatformLine,
    ServiceCharge,
    ServiceChargeRequest,
    reduction,
    shares,
)
from mock_clover.clover.platform.records_order import (
    LineRequest,
    LineTaxRequest,
    PlatformOrder,
    PlatformOrderRequest,
)
from mock_clover.clover.platform.records_row import row_key
from mock_clover.core.evidence import Behaviour
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox

LINE_ERRORS = (
    PLATFORM_ITEM_MISSING,
    PLATFORM_FRACTIONAL_QUANTITY,
    PLATFORM_INVALID_MODIFIER,
    PLATFORM_INVALID_QUERY,
)
SERVICE_CHARGE_ROW = "default_service_charge"
_PER_UNIT = "PER_UNIT"


class CartLine(NamedTuple):
    """A line: what both APIs know of it, and what only the platform API knows."""

    item: Item
    more: PlatformLine


NEW_LINE = CartLine(Item(), PlatformLine(number=-1))
"""A line without a number yet."""


def new_line(sandbox: Sandbox, request: LineRequest, old: CartLine) -> CartLine:
    """Return `old` with changes; name, price and taxes default to those of the inventory item."""
    item, more = old
    name, price, parent = request.name, request.price, item.parent
    taxes = [_resolve_tax(sandbox, tax) for tax in request.taxRates or ()]
    is_per_unit = more.is_per_unit
    if request.item is not None and request.item.id is not None:
        inventory = sandbox.items.get(request.item.id)
        if inventory is None:
            rule = "item.id is not the id of an item of this sandbox"
            raise PLATFORM_ITEM_MISSING.error(rule=rule)
        parent, is_per_unit = inventory.id, inventory.asked.priceType == _PER_UNIT
        name = name or inventory.asked.name
        price = inventory.asked.price if price is None else price
        if request.taxRates is None:
            taxes = [
                TaxRate(name=tax.asked.name, tax_rate_uuid=tax.id)
                for tax in taxes_of(sandbox, inventory)
            ]
    keeps_taxes = request.taxRates is None and request.item is None
    unit_qty = more.unitQty if request.quantity is None else None
    if request.unitQty is not None:
        unit_qty = request.unitQty
    return CartLine(
        replace(
            item,
            parent=parent,
            quantity=_quantity(request, item.quantity, is_per_unit=is_per_unit),
            amount=item.amount if price is None else price,
            description=item.description if name is None else name,
            tax_rates=item.tax_rates if keeps_taxes else taxes or None,
        ),
        replace(
            more,
            note=more.note if request.note is None else request.note,
            alternateName=(
                more.alternateName if request.alternateName is None else request.alternateName
            ),
            unitQty=unit_qty,
            is_per_unit=is_per_unit and unit_qty is not None,
            discounts=(
                more.discounts
                if request.discounts is None
                else tuple(new_discount(sandbox, each) for each in request.discounts)
            ),
            modifications=(
                more.modifications
                if request.modifications is None
                else tuple(new_modification(sandbox, each) for each in request.modifications)
            ),
        ),
    )


def _quantity(request: LineRequest, before: int | None, *, is_per_unit: bool) -> int | None:
    """Return the number of units; a line that is priced per unit has `unitQty` instead."""
    if request.unitQty is None:
        return before if request.quantity is None else request.quantity
    if is_per_unit:
        return None
    if request.unitQty % UNIT == 0:
        return request.unitQty // UNIT
    if request.unitQty < UNIT:
        return request.unitQty
    raise PLATFORM_FRACTIONAL_QUANTITY.error(
        reason=f"unitQty {request.unitQty} is not a multiple of {UNIT}"
    )


def quantity_notes(lines: Iterable[CartLine]) -> tuple[str, tuple[Behaviour, ...]]:
    """Return what to add to `why`, and the behaviours, for quantities counted as whole units."""
    counted = [
        str(line.more.unitQty)
        for line in lines
        if not line.more.is_per_unit and 0 < (line.more.unitQty or 0) < UNIT
    ]
    if not counted:
        return "", ()
    note = f"; unitQty {', '.join(counted[:5])} counts whole units (inferred)"
    return note, (UNIT_QTY_BELOW_A_UNIT,)


def _resolve_tax(sandbox: Sandbox, request: LineTaxRequest) -> TaxRate:
    if request.id is None:
        return TaxRate(name=request.name, rate=request.rate)
    tax = find_tax(sandbox, request.id)
    if tax is None:
        raise PLATFORM_INVALID_QUERY.error(
            param="taxRates", rule="taxRates[].id is not the id of a tax of this sandbox"
        )
    return TaxRate(name=tax.asked.name, tax_rate_uuid=tax.id)


def new_discount(sandbox: Sandbox, request: DiscountRequest) -> Discount:
    """Return a discount without an id; the merchant's discount supplies missing fields."""
    reference = request.discount.id if request.discount is not None else None
    known = _row(sandbox, "discounts", reference)
    percentage, amount = request.percentage, request.amount
    if percentage is None and amount is None:
        percentage, amount = _cents(known.get("percentage")), _cents(known.get("amount"))
    if percentage is None and amount is None:
        raise PLATFORM_INVALID_QUERY.error(
            param="discounts", reason="a discount needs an amount or a percentage"
        )
    return Discount(
        id="",
        discount=None if reference is None else Reference(id=reference),
        name=request.name or known.get("name"),
        amount=amount if percentage is None else None,
        percentage=percentage,
    )


def new_modification(sandbox: Sandbox, request: ModificationRequest) -> Modification:
    """Return a modification without an id; the modifier supplies missing fields.

    Raise PLATFORM_INVALID_MODIFIER without a price: an unknown modifier must not be free.
    """
    modifier = request.modifier or ModifierRequest()
    reference = modifier.id
    known = _row(sandbox, "modifiers", reference)
    prices = (request.amount, modifier.price, _cents(known.get("price")))
    amount = next((price for price in prices if price is not None), None)
    if amount is None:
        raise PLATFORM_INVALID_MODIFIER.error(
            rule="modifier.id is not the id of a modifier with a price, and no amount was sent"
        )
    return Modification(
        id="",
        name=request.name or modifier.name or known.get("name"),
        alternateName=request.alternateName,
        amount=amount,
        modifier=None if reference is None else Reference(id=reference),
    )


def default_service_charge(sandbox: Sandbox) -> dict[str, Any]:
    """Return the merchant's service charge. Source: clover_sandbox_simulator, 2026-02."""
    for row in sandbox.platform_rows:
        if row.collection == SERVICE_CHARGE_ROW:
            return row.fields | {"id": row.id}
    return {
        "id": derived_id("service charge", sandbox.seed),
        "name": "Service Charge",
        "enabled": False,
        "percentage": 10,
        "percentageDecimal": 10 * PERCENT_DECIMAL,
    }


def new_service_charge(sandbox: Sandbox, request: ServiceChargeRequest) -> ServiceCharge:
    """Return a service charge; the merchant's own supplies missing fields."""
    default = default_service_charge(sandbox)
    decimal = request.percentageDecimal
    if decimal is None:
        percentage = request.percentage
        decimal = None if percentage is None else percentage * PERCENT_DECIMAL
    if decimal is None:
        decimal = _cents(default.get("percentageDecimal")) or 0
    return ServiceCharge(
        id=request.id or str(default["id"]),
        name=request.name or default.get("name"),
        percentageDecimal=decimal,
    )


def _row(sandbox: Sandbox, collection: str, row_id: str | None) -> dict[str, Any]:
    row = sandbox.platform_rows.get(row_key(collection, row_id or ""))
    return {} if row is None else row.fields


def _cents(value: object) -> int | None:
    """Return an integer of a scenario's row; anything else counts as missing."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def editable(sandbox: Sandbox, order: Order) -> tuple[Order, PlatformOrder]:
    """Return an order with data for each line, and its platform data."""
    platform = order.platform or PlatformOrder(
        asked=PlatformOrderRequest(), modified_ms=order.created_ms, reckoned=True
    )
    lines = platform.lines or tuple(map(order.line, range(len(order.items))))
    platform = replace(
        platform,
        lines=lines,
        lines_made=max(platform.lines_made, len(lines)),
        modified_ms=sandbox.clock.now_ms(),
    )
    return replace(order, platform=platform), platform


def with_lines(order: Order, platform: PlatformOrder, lines: Iterable[CartLine]) -> Order:
    """Return an order with these lines; a line with the number -1 is new and gets the next one."""
    made, items, more = platform.lines_made, [], []
    returned_by_number = dict(
        zip((each.number for each in platform.lines), order.returned, strict=False)
    )
    for line in lines:
        number = line.more.number
        if number < 0:
            number, made = made, made + 1
        items.append(line.item)
        more.append(replace(line.more, number=number))
    returned = tuple(returned_by_number.get(each.number, 0) for each in more)
    return replace(
        order,
        items=tuple(items),
        returned=returned if any(returned) else (),
        platform=replace(platform, lines=tuple(more), lines_made=made),
    )


def lines_of_order(order: Order) -> list[CartLine]:
    """Return the lines of an order."""
    return [CartLine(item, order.line(index)) for index, item in enumerate(order.items)]


def priced(sandbox: Sandbox, full_order: OrderWithCharges, order: Order) -> Order:
    """Return a changed order with its totals. `full_order` is the order before the change.

    The total of a paid order stays (observed); that of a partly paid one is at least what was paid.
    """
    platform = order.platform
    if platform is None:
        return order
    nets = tuple(
        0 if item.type == "tax" else order.line(index).price(item.amount, item.quantity)
        for index, item in enumerate(order.items)
    )
    parts = shares(reduction(platform.discounts, sum(nets)), nets)
    prices = tuple(net - part for net, part in zip(nets, parts, strict=True))
    taxes = line_taxes(sandbox, order.items, prices)
    if platform.asked.taxRemoved:
        taxes = tuple(0 for _ in taxes)
    charge = platform.service_charge
    service = 0 if charge is None else charge.amount_on(sum(prices))
    tax, amount = sum(taxes), sum(prices) + sum(taxes) + service
    check_amount(amount)
    order = replace(
        order,
        taxes=taxes,
        prices=() if prices == tuple(item.price for item in order.items) else prices,
    )
    if full_order.paid_ms is not None:
        return order
    if platform.asked.total is not None:
        amount = platform.asked.total
    return replace(order, amount=max(amount, full_order.amount_paid), tax_amount=tax or None)


def with_ids(sandbox: Sandbox, order: Order) -> Order:
    """Return an order whose new discounts and modifications have ids. Call it after validation."""
    platform = order.platform
    if platform is None:
        return order

    def named(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            each if each.id else replace(each, id=sandbox.ids.object_id()) for each in rows
        )

    lines = tuple(
        replace(each, discounts=named(each.discounts), modifications=named(each.modifications))
        if each.discounts or each.modifications
        else each
        for each in platform.lines
    )
    return replace(
        order, platform=replace(platform, lines=lines, discounts=named(platform.discounts))
    )
