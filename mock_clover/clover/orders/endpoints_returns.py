"""Returns: what was paid of an order goes back, whole or by item, as refunds of its charges.

Documented REF postordersidreturns: an empty body returns all. Which charge of a split payment gives
first is not known: the newest does (inferred).
"""

from collections.abc import Sequence

import msgspec

from mock_clover.clover.common.problems import (
    IDEMPOTENCY_MISMATCH,
    INVALID_ITEMS,
    ORDER_NOT_FOUND,
    ORDER_NOT_PAID,
    REFUND_TOO_LARGE,
)
from mock_clover.clover.orders.endpoints import require_order
from mock_clover.clover.orders.records import Order, ReturnedItem, ReturnRequest
from mock_clover.clover.orders.views import OrderWithCharges, ReturnAnswer, returned_answer
from mock_clover.clover.refunds.endpoints import refund_charge
from mock_clover.clover.webhooks.operations import announce
from mock_clover.core.evidence import documented
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.sandbox import Sandbox


def return_order(sandbox: Sandbox, call: Call[ReturnRequest, None]) -> ReturnAnswer:
    """Return an order, whole or by item."""
    sold = require_order(sandbox, call.ids[0])
    order, left, items = sold.order, sold.amount_returnable, call.body.items
    if not sold.amount_paid and not left:
        raise ORDER_NOT_PAID.error()
    amount, returned = left, order.returned
    if items is not None:
        returned = _returned(order, items, strict=sandbox.settings.strict)
        amount = sum(item.price for item in items)
        if not amount:
            raise INVALID_ITEMS.error()
        amount += _tip(sandbox, sold)
    if not left or amount > left:
        raise REFUND_TOO_LARGE.error()
    sandbox.refunds.require_room()
    call.why = f"{amount} of {left} is returned: {_give_back(sandbox, sold, amount)}"
    if returned != order.returned and order.id in sandbox.orders:
        sandbox.orders.put(order.id, msgspec.structs.replace(order, returned=returned))
    announce(sandbox, "O", order.id, "UPDATE", "return")
    return returned_answer(require_order(sandbox, order.id), items)


def line_id(order: Order, place: int) -> str:
    """Return the id of an order's line. The platform API shows it; a return may name it."""
    return derived_id("line", order.id, str(place))


def _tip(sandbox: Sandbox, sold: OrderWithCharges) -> int:
    """Return the tip that a return by item gives back beside its items.

    Source: CC 35618, where 611 of 999 and a tip of 45 gave 656, and the second return, of 388, was
    refused, as if the tip went back each time.
    """
    how = sandbox.settings.item_return_tip
    if how == "never" or (how == "first" and sold.amount_returned):
        return 0
    return sold.tip_amount


def _returned(order: Order, items: Sequence[ReturnedItem], *, strict: bool) -> tuple[int, ...]:
    """Return what each line has given back after this return, or refuse more than it cost.

    Source: DOCS:ecommerce-refunding-payments: `parent` is the id of an inventory item or of a line.
    An item without one is checked against the order's total only.
    """
    given = list(order.returned or (0 for _ in order.items))
    for item in items:
        if item.parent is None:
            if strict:
                raise INVALID_ITEMS.error()
            continue
        asked = item.price
        places = [
            place
            for place, line in enumerate(order.items)
            if item.parent in (line.parent, line_id(order, place))
        ]
        if not places:
            raise INVALID_ITEMS.error()
        for place in places:
            part = min(asked, order.line_total(place) - given[place])
            given[place] += part
            asked -= part
        if asked:
            raise REFUND_TOO_LARGE.error()
    return tuple(given) if any(given) else ()


def _give_back(sandbox: Sandbox, sold: OrderWithCharges, amount: int) -> str:
    """Refund the charges, the newest first, and tell how much each gave."""
    said = []
    for charge in reversed(sold.charges):
        given = min(amount, charge.amount_refundable if charge.state == "captured" else 0)
        if given:
            refund_charge(sandbox, charge, given)
            said.append(f"{given} by {charge.id}")
            amount -= given
    return ", ".join(said)


ENDPOINTS = (
    Endpoint(
        name="return_order",
        method="POST",
        path="/v1/orders/{order_id}/returns",
        run=return_order,
        request=ReturnRequest,
        permissions=(
            "read_customers",
            "read_merchant",
            "read_orders",
            "read_payments",
            "online_payments",
        ),
        response=ReturnAnswer,
        idempotent=True,
        errors=(
            ORDER_NOT_FOUND,
            ORDER_NOT_PAID,
            INVALID_ITEMS,
            REFUND_TOO_LARGE,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Return a paid order, whole or by item; each charge that gives back has a refund.",
        fact=documented("REF postordersidreturns"),
    ),
)
