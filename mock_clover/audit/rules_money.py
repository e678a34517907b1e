"""Rules about authorizations, captures, refunds and payments of orders."""

from functools import partial

from mock_clover.audit.context import (
    AuditContext,
    is_unanswered,
    line_of,
    problem_of,
)
from mock_clover.audit.rule import AuditRule, Hits, RuleHit
from mock_clover.core.money import amount_text
from mock_clover.sandbox.exchange import Exchange

_NOT_CAPTURABLE = frozenset(
    {"CAPTURE_TOO_LARGE", "AUTHORIZATION_EXPIRED", "CHARGE_ALREADY_CAPTURED"}
)
_NOT_REFUNDABLE = frozenset({"REFUND_TOO_LARGE", "CHARGE_ALREADY_REFUNDED"})


def _open_authorizations(context: AuditContext) -> Hits:
    for number, payment in context.payment_of.items():
        yield None
        creation = context.exchange(number)
        expired = sum(each.amount for each in payment.entries if each.kind == "expiry")
        amount = payment.sums.held + expired
        if creation is None or not amount:
            continue
        held = amount_text(amount, payment.sums.currency)
        how = "expired without a capture or a void" if expired else "is not captured or voided"
        hint = "" if payment.told == "succeeded" else "; the client was not told that it exists"
        yield RuleHit(
            message=f"the authorization of {held} by {creation.endpoint} ({line_of(creation)}) "
            f"{how}{hint}",
            exchanges=(creation,),
            subject=creation.endpoint,
        )


def _reason(exchange: Exchange) -> str:
    """Return why a request was rejected: `why` has the evidence after it, in parentheses, too."""
    return exchange.why.partition(" (")[2].partition(") (")[0]


def _repeats_unanswered(context: AuditContext, exchange: Exchange) -> bool:
    """Return whether the same request was sent before and not answered."""
    return any(
        is_unanswered(each)
        and each.number < exchange.number
        and each.path == exchange.path
        and context.sent(each) == context.sent(exchange)
        for each in context.of(exchange.endpoint)
    )


def _rejected(context: AuditContext, operation: str, problems: frozenset[str]) -> Hits:
    for exchange in context.of(operation):
        yield None
        if problem_of(exchange) in problems and not _repeats_unanswered(context, exchange):
            yield RuleHit(
                message=f"{operation} ({line_of(exchange)}) was rejected: {_reason(exchange)}",
                exchanges=(exchange,),
                subject=f"{operation} {problem_of(exchange)}",
            )


def _orders_paid_twice(context: AuditContext) -> Hits:
    for exchange in context.of("pay_order"):
        yield None
        if problem_of(exchange) != "ORDER_ALREADY_PAID":
            continue
        earlier = [
            each
            for each in context.of("pay_order")
            if each.path == exchange.path and each.number < exchange.number and each.committed
        ]
        if not earlier or is_unanswered(earlier[-1]):
            continue
        yield RuleHit(
            message=f"pay_order ({line_of(exchange)}) was sent for an order that was paid "
            f"({line_of(earlier[-1])}), and was rejected",
            exchanges=(earlier[-1], exchange),
            subject="pay_order",
        )
    yield from _overpaid(context)


def _overpaid(context: AuditContext) -> Hits:
    paid: dict[str, list[tuple[Exchange, int]]] = {}
    for number, payment in context.payment_of.items():
        creation = context.exchange(number)
        kept = sum(each.amount for each in payment.entries if each.kind == "capture")
        kept -= payment.sums.refunded
        if creation is not None and payment.order is not None and kept > 0:
            paid.setdefault(payment.order, []).append((creation, kept))
    for order_id, payments in paid.items():
        order = context.order(order_id)
        total = sum(amount for _, amount in payments)
        if order is not None and len(payments) > 1 and total > order.amount:
            yield RuleHit(
                message=f"{len(payments)} payments of one order add up to "
                f"{amount_text(total, order.currency)}; its amount is "
                f"{amount_text(order.amount, order.currency)}",
                exchanges=tuple(creation for creation, _ in payments),
                subject="order",
            )


RULES = (
    AuditRule(
        id="CLV016",
        name="open-authorization",
        severity="warning",
        wrong="At the end of the journal an authorization is neither captured nor voided.",
        cost="The customer cannot spend the money for days, and the sale is lost when the "
        "authorization expires.",
        fix="Capture what you deliver, and void the rest with POST /v1/refunds as soon as you know "
        "that you will not. Ignore this rule for a test that ends before the delivery.",
        legitimate="Authorizations that were captured, voided or released.",
        source="MD:create-pre-authorization: 7 days, Mastercard 30 days",
        find=_open_authorizations,
    ),
    AuditRule(
        id="CLV017",
        name="capture-not-allowed",
        severity="error",
        wrong="A capture was above the authorized amount, after the authorization expired, or of "
        "an authorization that was captured already.",
        cost="Clover rejects it: what was delivered is not paid.",
        fix="Capture once, at most the authorized amount, within 7 days (Mastercard 30); send "
        "split_shipment for several captures, and authorize again for more.",
        legitimate="A capture that is repeated because the first one was not answered.",
        source="REF capturecharge; MD:create-pre-authorization",
        find=partial(_rejected, operation="capture_charge", problems=_NOT_CAPTURABLE),
    ),
    AuditRule(
        id="CLV018",
        name="refund-not-allowed",
        severity="error",
        wrong="A refund was larger than what is left of the charge, or the charge was refunded "
        "already.",
        cost="Clover rejects it; where it does not, the customer gets more than they paid.",
        fix="Record each refund with its charge, and compute what is left before the next one.",
        legitimate="A refund that is repeated because the first one was not answered.",
        source="GP CloverRefund",
        find=partial(_rejected, operation="create_refund", problems=_NOT_REFUNDABLE),
    ),
    AuditRule(
        id="CLV019",
        name="order-paid-twice",
        severity="error",
        wrong="An order that was paid was paid again, or its payments add up to more than its "
        "amount.",
        cost="The customer pays twice, or sees an error after a successful payment.",
        fix="Read the order before you pay it, and send the same idempotency key with each attempt "
        "to pay it.",
        legitimate="Parts of a split payment, and a payment that is repeated because the first one "
        "was not answered.",
        source="GP CloverOrder: order_already_paid",
        find=_orders_paid_twice,
    ),
)
