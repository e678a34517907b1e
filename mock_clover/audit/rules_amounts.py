"""The rule about amounts that contradict what the payment says it is for."""

import re
from collections.abc import Iterator
from typing import Any

from mock_clover.audit.context import AuditContext, is_kept, line_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit
from mock_clover.clover.orders.records import Order
from mock_clover.core.money import amount_text
from mock_clover.core.object_id import OBJECT_ID
from mock_clover.sandbox.exchange import Exchange

_PRICE = re.compile(r"(?<![0-9.,])([0-9]{1,6})[.,]([0-9]{2})(?![0-9.,%])")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")
_HUNDRED = re.compile(r"(?<![0-9.,])(?:100(?![0-9.,])|1 ?%)")
"""A hundred pieces, or a percent: the amount is then a hundred times the price, or a hundredth."""
_ORDER_ID = re.compile(rf"(?<![0-9A-Za-z]){OBJECT_ID}(?![0-9A-Za-z])")
_DOLLAR = 100
"""A smaller price has no whole dollars, so it cannot be distinguished from another one."""


def _is_mistaken(amount: int, price: int) -> bool:
    """Return whether an amount is a price in dollars, a hundred times it, or off by a cent."""
    in_dollars = (price // 100, -(-price // 100))
    is_unit = amount in in_dollars or amount == price * 100
    return price >= _DOLLAR and (is_unit or abs(amount - price) == 1)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts and the fractions in metadata."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, float):
        yield f"{value:.2f}"
    elif isinstance(value, str):
        yield value


def _stated(context: AuditContext, body: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield the prices that a payment names, in minor units, each with where it is.

    The place is empty for a price that only follows from another one.
    """
    for member in ("description", "metadata"):
        for text in _texts(body.get(member)):
            found = _PRICE.findall(_THOUSANDS.sub("", text))
            prices = [int(dollars + cents) for dollars, cents in found]
            yield from ((price, f"its {member}") for price in prices)
            if _HUNDRED.search(text):
                yield from ((price * 100, "") for price in prices)
                yield from ((price // 100, "") for price in prices)
            for order_id in _ORDER_ID.findall(text):
                if (order := context.order(order_id)) is not None:
                    yield order.amount, f"the order that its {member} names"


def _contradicted(context: AuditContext, exchange: Exchange) -> tuple[int, str] | None:
    """Return the price that a charge contradicts, and where it is; None if there is none."""
    body = context.sent(exchange)
    amount, tip = body.get("amount"), body.get("tip_amount") or 0
    if not isinstance(amount, int) or not isinstance(tip, int):
        return None
    stated = list(_stated(context, body))
    if any(price in (amount, amount + tip) for price, _ in stated):
        return None
    named = [(price, where) for price, where in stated if where]
    if tip and (with_tip := [each for each in named if each[0] + tip == amount]):
        price, where = with_tip[0]
        return price, f"tip_amount has the tip, too, and {where}"
    return next((each for each in named if _is_mistaken(amount, each[0])), None)


def mistaken_order(context: AuditContext, order_id: str | None) -> Order | None:
    """Return an order whose only payment is its price in dollars or off by a cent, or None."""
    order, payments = context.order(order_id or ""), context.kept_of(order_id)
    if order is None or len(payments) != 1:
        return None
    return order if _is_mistaken(payments[0].sums.authorized, order.amount) else None


def _amounts(context: AuditContext) -> Hits:
    for number, payment in context.payment_of.items():
        yield None
        exchange, sums = context.exchange(number), payment.sums
        if exchange is None or not is_kept(payment):
            continue
        if exchange.endpoint == "create_charge":
            found = _contradicted(context, exchange)
        else:
            order = mistaken_order(context, payment.order)
            found = (order.amount, "the order") if order is not None else None
        if found is not None:
            price, where = found
            amount = context.sent(exchange).get("amount", sums.authorized)
            yield RuleHit(
                message=f"{exchange.endpoint} ({line_of(exchange)}) has the amount {amount}, which "
                f"is {amount_text(amount, sums.currency)}; {where} says "
                f"{amount_text(price, sums.currency)}, which is {price}",
                exchanges=(exchange,),
                subject=exchange.endpoint,
            )


RULES = (
    AuditRule(
        id="CLV032",
        name="amount-in-another-unit",
        severity="error",
        wrong="A payment is the price in dollars instead of cents, a hundred times the price, one "
        "cent off, or has the tip in amount and in tip_amount. The price is that of its order, or "
        "is in the description or the metadata.",
        cost="The customer pays a hundredth of the price or a hundred times as much, each sale is "
        "a cent short, or the customer pays the tip twice.",
        fix="Send cents, and the tip only in tip_amount. Compute them in integers or decimals and "
        "round: int(17.99 * 100) is 1798.",
        legitimate="Any other difference, such as a deposit; a text that also has the amount of "
        "the payment, with or without the tip, or names 100 pieces or 1%; prices below one "
        "dollar; and a payment that was refunded. A payment that names neither a price nor an "
        "order cannot be compared.",
        source="REF createcharge: amount is a positive integer in cents",
        find=_amounts,
    ),
)
