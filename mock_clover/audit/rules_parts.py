"""Rules about payments that pay only a part of what they should."""

from collections.abc import Iterator

from mock_clover.audit.context import AuditContext, is_kept, is_unanswered, line_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit
from mock_clover.audit.rules_amounts import mistaken_order
from mock_clover.audit.rules_fulfilment import fulfilled_order
from mock_clover.core.money import amount_text
from mock_clover.sandbox.exchange import Exchange


def _paid(context: AuditContext, order_id: str) -> int:
    """Return what the payments of an order were made for, with those in cash.

    Later refunds of a part and captures of a part do not count: the order was paid.
    """
    return sum(each.sums.authorized for each in context.kept_of(order_id))


def _asked(context: AuditContext, exchange: Exchange, approved: int) -> int:
    """Return the amount of a request; for an order without one, what was left to pay."""
    amount = context.sent(exchange).get("amount")
    if isinstance(amount, int):
        return amount
    payment = context.payment_of[exchange.number]
    order = context.order(payment.order or "")
    if order is None:
        return approved
    earlier = (each for each in context.kept_of(order.id) if each.created_ms < payment.created_ms)
    return order.amount - sum(each.sums.authorized for each in earlier)


def _is_completed(context: AuditContext, exchange: Exchange, rest: int) -> bool:
    """Return whether the rest of a purchase was paid after a request, or its order is paid."""
    payment = context.payment_of[exchange.number]
    order = context.order(payment.order or "")
    if order is not None and _paid(context, order.id) >= order.amount:
        return True
    for number, other in context.payment_of.items():
        if number <= exchange.number or not is_kept(other):
            continue
        is_same = payment.reference is not None and other.reference == payment.reference
        if other.sums.authorized == rest or is_same:
            return True
    return False


def _partial_approvals(context: AuditContext) -> Hits:
    for number, payment in context.payment_of.items():
        yield None
        exchange, charge = context.exchange(number), context.charges.get(payment.id)
        if exchange is None or charge is None or not is_kept(payment):
            continue
        if exchange.outcome != "ok" or charge.gift is not None:
            continue
        approved = charge.request.amount
        asked = _asked(context, exchange, approved)
        if approved >= asked or _is_completed(context, exchange, asked - approved):
            continue
        yield RuleHit(
            message=f"{exchange.endpoint} ({line_of(exchange)}) asked for "
            f"{amount_text(asked, payment.sums.currency)}, and only "
            f"{amount_text(approved, payment.sums.currency)} was approved; the rest was not paid, "
            "and nothing was undone",
            exchanges=(exchange,),
            subject=exchange.endpoint,
        )


def _payments_of_orders(context: AuditContext) -> Iterator[tuple[str, list[Exchange]]]:
    """Yield each order that was paid with pay_order, with the requests."""
    found: dict[str, list[Exchange]] = {}
    for exchange in context.of("pay_order"):
        found.setdefault(exchange.path.split("/")[-2], []).append(exchange)
    yield from found.items()


def _is_failed(exchange: Exchange) -> bool:
    """Return whether a request paid nothing."""
    is_moved = exchange.committed or exchange.idempotency == "replayed"
    return exchange.outcome == "declined" or (is_unanswered(exchange) and not is_moved)


def _orders_partly_paid(context: AuditContext) -> Hits:
    fulfilled: dict[str, Exchange] = {}
    for exchange in context.exchanges:
        yield None
        if order_id := fulfilled_order(context, exchange):
            fulfilled[order_id] = exchange
    for order_id, requests in _payments_of_orders(context):
        yield None
        order, paid = context.order(order_id), _paid(context, order_id)
        if order is None or not 0 < paid < order.amount:
            continue
        if mistaken_order(context, order_id) is not None:
            continue
        last, delivery = requests[-1], fulfilled.get(order_id)
        heard = [each for each in requests if each.committed and each.outcome != "declined"]
        if not heard or (delivery is None and not _is_failed(last)):
            continue
        amounts = (
            f"{amount_text(paid, order.currency)} of {amount_text(order.amount, order.currency)}"
        )
        why = f"the payment of the rest failed ({line_of(last)})"
        if delivery is not None:
            why = f"{delivery.endpoint} followed ({line_of(delivery)})"
        end = delivery if delivery is not None else last
        yield RuleHit(
            message=f"an order is paid in part ({line_of(heard[0])}), {amounts}, and {why}; "
            "nothing was undone",
            exchanges=tuple(dict.fromkeys((heard[0], end))),
            subject=end.endpoint,
        )


RULES = (
    AuditRule(
        id="CLV030",
        name="partial-approval-taken",
        severity="error",
        wrong="Clover approved less than the amount of the request, and the rest was not paid, and "
        "the payment was neither refunded nor voided.",
        cost="Goods are delivered for a part of their price.",
        fix="Compare the amount of each response with the amount of the request. Ask for another "
        "payment of the rest, or refund what was approved.",
        legitimate="A later payment of the rest, a payment that was refunded or voided, and gift "
        "cards: what they lack is often paid in cash.",
        source="partial_auth in the response of a charge",
        find=_partial_approvals,
    ),
    AuditRule(
        id="CLV031",
        name="order-paid-in-part",
        severity="warning",
        wrong="An order is paid in part, and the payment of the rest failed, or the order was "
        "printed or closed.",
        cost="The customer has paid for an order that they do not get, or gets goods for a part "
        "of their price.",
        fix="If the payment of the rest fails, ask for another card, or refund the first part. "
        "Fulfil an order only if its payments add up to its amount.",
        legitimate="A part payment that was refunded or voided, a rest that another card or cash "
        "paid, and a part payment after which the rest was not tried yet.",
        source="GP CloverOrder: amount_paid; pay_order with an amount makes a partial payment",
        find=_orders_partly_paid,
    ),
)
