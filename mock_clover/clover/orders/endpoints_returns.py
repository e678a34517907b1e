"""Return orders: refund the charges of an order, in full or by item.

Documented REF postordersidreturns: an empty body returns everything. Charges of a split payment are
refunded newest first (inferred).
"""

from collections.abc import Sequence

from msgspec.structs import replace

from mock_clover.clover.common.problems import (
    INVALID_ITEMS,
    ORDER_NOT_FOUND,
    ORDER_NOT_PAID,
    PARAMETER_MISSING,
    REFUND_TOO_LARGE,
    strict_refusal,
)
from mock_clover.clover.orders.behaviours import RETURN_CREATES_REFUNDS, RETURN_REFUNDS_TIP
from mock_clover.clover.orders.endpoints import require_order
from mock_clover.clover.orders.records import Order, ReturnedItem, ReturnRequest
from mock_clover.clover.orders.responses import OrderWithCharges, ReturnResponse, return_response
from mock_clover.clover.refunds.endpoints import refund_charge
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import documented
from mock_clover.core.money import amount_text, minor_units_text
from mock_clover.engine.endpoint import Call, Endpoint, bearer
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox

_REFUNDS_LISTED_MAX = 10
"""`why` lists no more refunds: it is a header, and an order may have hundreds of payments."""


def return_order(sandbox: Sandbox, call: Call[ReturnRequest, None]) -> ReturnResponse:
    """Refund an order, in full or by item."""
    full_order = require_order(sandbox, call.ids[0])
    order, returnable, items = full_order.order, full_order.amount_returnable, call.body.items
    currency = order.currency
    if not full_order.amount_paid and not returnable:
        raise ORDER_NOT_PAID.error(rule="the order has no payment; only a paid order is returned")
    amount, returned = returnable, order.returned
    if items is not None:
        returned = _returned_amounts(order, items, strict=sandbox.settings.strict)
        amount = sum(item.price for item in items)
        if not amount:
            raise INVALID_ITEMS.error(rule="the amounts of items add up to 0; more than 0")
        amount += _tip_to_refund(sandbox, full_order)
    if not returnable or amount > returnable:
        raise REFUND_TOO_LARGE.error(
            rule=f"the amount is {amount_text(amount, currency)}; at most "
            f"{amount_text(returnable, currency)}, the rest of the payments"
        )
    sandbox.refunds.check_capacity()
    refunds = _refund_charges(sandbox, full_order, amount)
    if len(full_order.charges) > 1:
        call.basis = (RETURN_CREATES_REFUNDS,)
    if items is not None and full_order.tip_amount:
        call.basis += (RETURN_REFUNDS_TIP,)
    call.why = f"refunded {amount_text(amount, currency)} of "
    call.why += f"{amount_text(returnable, currency)} returnable: {refunds}"
    if returned != order.returned and order.id in sandbox.orders:
        sandbox.orders.put(order.id, replace(order, returned=returned))
    send_platform_event(sandbox, "O", order.id, "UPDATE", "return")
    return return_response(require_order(sandbox, order.id), items)


def line_id(order: Order, index: int) -> str:
    """Return the id of a line, as in the platform API; a return can refer to it."""
    return derived_id("line", order.id, str(order.line(index).number))


def _tip_to_refund(sandbox: Sandbox, full_order: OrderWithCharges) -> int:
    """Return the tip that a return by item refunds in addition to its items.

    Source: CC 35618. Returning items for 611 of an order of 999 with a tip of 45 refunded 656. The
    second return, of 388, was rejected, as if the tip were refunded each time.
    """
    mode = sandbox.settings.item_return_tip
    if mode == "never" or (mode == "first" and full_order.amount_returned):
        return 0
    return full_order.tip_amount


def _returned_amounts(
    order: Order, items: Sequence[ReturnedItem], *, strict: bool
) -> tuple[int, ...]:
    """Return the returned amount of each line, including this return.

    Raise REFUND_TOO_LARGE if it exceeds the line total, INVALID_ITEMS for an unknown `parent`,
    and with `strict` PARAMETER_MISSING for none.
    Source: DOCS:ecommerce-refunding-payments: `parent` is the id of an inventory item or of a line.
    An item without one is limited only by the order total.
    """
    returned = list(order.returned or (0 for _ in order.items))
    open_lines: dict[str | None, list[int]] = {}  # by id, the first line last
    for index in reversed(range(len(order.items))):
        for each in {order.items[index].parent, line_id(order, index)}:
            open_lines.setdefault(each, []).append(index)
    for position, item in enumerate(items):
        if item.parent is None:
            if strict:
                raise strict_refusal(PARAMETER_MISSING, param=f"items[{position}].parent")
            continue
        remaining = item.price
        if item.parent not in open_lines:
            rule = f"items[{position}].parent is {shown(item.parent)}; the order has no such item"
            raise INVALID_ITEMS.error(rule=rule)
        lines = open_lines[item.parent]
        while remaining and lines:
            part = min(remaining, order.line_total(lines[-1]) - returned[lines[-1]])
            returned[lines[-1]] += part
            remaining -= part
            if remaining:
                lines.pop()
        if remaining:
            rule = (
                f"items[{position}].amount is {minor_units_text(remaining, order.currency)} more "
            )
            rule += "than what is left of its lines"
            raise REFUND_TOO_LARGE.error(rule=rule)
    return tuple(returned) if any(returned) else ()


def _refund_charges(sandbox: Sandbox, full_order: OrderWithCharges, amount: int) -> str:
    """Refund the charges, newest first, and return a summary for `why`."""
    refunds = []
    for charge in reversed(full_order.charges):
        part = min(amount, charge.amount_refundable if charge.state == "captured" else 0)
        if part:
            refund_charge(sandbox, charge, part)
            refunds.append(f"{amount_text(part, charge.currency)} of {charge.id}")
            amount -= part
    others = len(refunds) - _REFUNDS_LISTED_MAX
    more = [f"and {others} more"] if others > 0 else []
    return ", ".join(refunds[:_REFUNDS_LISTED_MAX] + more)


ENDPOINTS = (
    Endpoint(
        name="return_order",
        method="POST",
        path="/v1/orders/{order_id}/returns",
        run=return_order,
        request=ReturnRequest,
        auth=bearer(
            "read_customers", "read_merchant", "read_orders", "read_payments", "online_payments"
        ),
        response=ReturnResponse,
        idempotent=True,
        errors=(ORDER_NOT_FOUND, ORDER_NOT_PAID, REFUND_TOO_LARGE),
        about="Return a paid order, in full or by item; creates one refund per charge.",
        evidence=documented("REF postordersidreturns"),
    ),
)
