"""Returns: what was paid of an order goes back, whole or by item.

Documented REF postordersidreturns: an empty body returns all. Which charge of a split payment gives
first is not known: the newest does (inferred).
"""

import msgspec

from mock_clover.api.endpoint import Call, Endpoint
from mock_clover.api.orders import require_order
from mock_clover.model.charge import Charge
from mock_clover.model.order import ReturnAnswer, ReturnRequest, StatusTransitions
from mock_clover.model.problem import (
    IDEMPOTENCY_MISMATCH,
    INVALID_ITEMS,
    ORDER_NOT_FOUND,
    ORDER_NOT_PAID,
    REFUND_TOO_LARGE,
)
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.fact import documented


def return_order(sandbox: Sandbox, call: Call[ReturnRequest, None]) -> ReturnAnswer:
    """Return an order, whole or by item."""
    order = require_order(sandbox, call.ids[0])
    if not order.amount_paid:
        ORDER_NOT_PAID.refuse()
    charges = [c for key in reversed(order.charges) if (c := sandbox.charges.get(key)) is not None]
    left = sum(charge.amount_refundable for charge in charges if charge.state == "captured")
    amount = _asked(call.body, left)
    if not left or amount > left:
        REFUND_TOO_LARGE.refuse()
    _give_back(sandbox, charges, amount)
    returned = order.amount_returned + amount
    if order.id in sandbox.orders:
        sandbox.orders.put(order.id, msgspec.structs.replace(order, amount_returned=returned))
    call.why = f"{amount} of {left} is returned"
    return ReturnAnswer(
        id=order.id,
        amount=order.amount,
        amount_returned=returned,
        currency=order.currency,
        status="returned",
        status_transitions=StatusTransitions(),
    )


def _asked(asked: ReturnRequest, left: int) -> int:
    if asked.items is None:
        return left
    amount = sum(
        item.amount * (1 if item.quantity is None else item.quantity) for item in asked.items
    )
    if not amount:
        INVALID_ITEMS.refuse()
    return amount


def _give_back(sandbox: Sandbox, charges: list[Charge], amount: int) -> None:
    for charge in charges:
        given = min(amount, charge.amount_refundable if charge.state == "captured" else 0)
        if given:
            refunded = charge.amount_refunded + given
            row = msgspec.structs.replace(charge, amount_refunded=refunded)
            sandbox.charges.put(charge.id, row)
            amount -= given


ENDPOINTS = (
    Endpoint(
        name="return_order",
        method="POST",
        path="/v1/orders/{order_id}/returns",
        run=return_order,
        takes=ReturnRequest,
        gives=ReturnAnswer,
        idempotent=True,
        refuses=(
            ORDER_NOT_FOUND,
            ORDER_NOT_PAID,
            INVALID_ITEMS,
            REFUND_TOO_LARGE,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Return a paid order, whole or by item.",
        fact=documented("REF postordersidreturns"),
    ),
)
