"""Rules about payments that are not finished, and orders that are fulfilled without payment."""

from mock_clover.audit.context import PAYING, READING, AuditContext, is_accepted, line_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit
from mock_clover.clover.checkout.records import Checkout
from mock_clover.ledger.records import LedgerPayment
from mock_clover.sandbox.exchange import Exchange, parse_object

_CREATES_ORDERS = ("create_order", "platform_create_order", "platform_create_atomic_order")


def fulfilled_order(context: AuditContext, exchange: Exchange) -> str:
    """Return the order that a request prints or closes; empty if it does neither."""
    if not exchange.committed:
        return ""
    if exchange.endpoint == "platform_create_print_event":
        return str(context.member(exchange, "orderRef.id") or "")
    is_closed = context.member(exchange, "state") == "locked"
    if exchange.endpoint == "platform_update_order" and is_closed:
        return exchange.path.rpartition("/")[2]
    return ""


def _is_paid(context: AuditContext, order_id: str, at_ms: int) -> bool:
    return any(
        payment.created_ms <= at_ms
        and payment.state in ("captured", "authorized", "pending")
        and not _is_unauthenticated(context, payment)
        for payment in context.payments_of.get(order_id, ())
    )


def _is_unauthenticated(context: AuditContext, payment: LedgerPayment | None) -> bool:
    """Return whether a payment waits for 3-D Secure, or failed after it waited."""
    charge = context.charges.get(payment.id) if payment is not None else None
    has_waited = charge is not None and charge.threeds is not None and charge.threeds.transaction
    return charge is not None and bool(has_waited) and charge.state in ("pending", "failed")


def _created(context: AuditContext, order_id: str) -> int:
    """Return the number of the exchange that created an order; 0 if it is not in the journal."""
    for exchange in context.of(*_CREATES_ORDERS):
        if exchange.committed and order_id.encode() in exchange.reply:
            return exchange.number
    return 0


def _attempts(context: AuditContext, order_id: str, until: Exchange) -> list[Exchange]:
    """Return the payments that may belong to an order: those since it was created."""
    created = _created(context, order_id)
    return [
        each
        for each in context.of(*PAYING)
        if created < each.number < until.number
        and (each.endpoint != "pay_order" or order_id in each.path)
    ]


def _failed_but_fulfilled(context: AuditContext) -> Hits:
    for exchange in context.exchanges:
        yield None
        order_id = fulfilled_order(context, exchange)
        if not order_id or _is_paid(context, order_id, exchange.at_ms):
            continue
        attempts = _attempts(context, order_id, exchange)
        if not attempts or any(_has_paid(context, each) for each in attempts):
            continue
        last = attempts[-1]
        result = "got no response" if last.status is None else f"got {last.status}"
        if last.outcome == "ok":
            result = "waits for 3-D Secure"
        yield RuleHit(
            message=f"{last.endpoint} {result} ({line_of(last)}), and {exchange.endpoint} followed "
            f"for the order, which is not paid ({line_of(exchange)})",
            exchanges=(last, exchange),
            subject=exchange.endpoint,
        )


def _payment_in_reply(context: AuditContext, exchange: Exchange) -> LedgerPayment | None:
    reply = parse_object(exchange.reply)
    return context.payments.get(str(reply.get("charge") or reply.get("id")))


def _unfinished_authentications(context: AuditContext) -> Hits:
    finished = {str(context.member(each, "charge_id")) for each in context.of("finalize_payment")}
    for exchange in context.of(*PAYING):
        yield None
        payment = _payment_in_reply(context, exchange) if exchange.outcome == "ok" else None
        charge = context.charges.get(payment.id) if payment is not None else None
        if charge is None or charge.threeds is None or charge.id in finished:
            continue
        if charge.threeds.step == "method" and _is_unauthenticated(context, payment):
            yield RuleHit(
                message=f"{exchange.endpoint} ({line_of(exchange)}) got {exchange.status} and a "
                "charge that waits for the method of 3-D Secure, and finalize_payment did not "
                "follow; nothing was paid",
                exchanges=(exchange,),
                subject=exchange.endpoint,
            )


def _has_paid(context: AuditContext, exchange: Exchange) -> bool:
    """Return whether a payment was made, also if its client got no response."""
    if exchange.outcome == "ok":
        return not _is_unauthenticated(context, _payment_in_reply(context, exchange))
    payment = context.payment_of.get(exchange.number)
    return payment is not None and payment.sums.authorized > 0


def _is_verified(context: AuditContext, checkout: Checkout, until: Exchange) -> bool:
    """Return whether the shop learned from Clover, not from the redirect, that a session is paid.

    A webhook or a read that names the payment or its order shows it.
    """
    ids = [each for each in (checkout.charge, checkout.order) if each]
    accepted = filter(is_accepted, context.deliveries)
    if any(each in delivery.body for delivery in accepted for each in (*ids, checkout.id)):
        return True
    return any(
        each.endpoint in READING
        and each.outcome == "ok"
        and any(key.encode() in each.reply for key in ids)
        for each in context.exchanges
        if each.number < until.number
    )


def _redirect_trusted(context: AuditContext) -> Hits:
    created = [
        (exchange, session)
        for exchange in context.of("create_checkout")
        if (session := context.checkout(exchange)) is not None
    ]
    for exchange in context.exchanges:
        yield None
        order_id = fulfilled_order(context, exchange)
        if not order_id or _is_paid(context, order_id, exchange.at_ms):
            continue
        if _attempts(context, order_id, exchange):
            continue
        since = _created(context, order_id)
        before = [each for each in created if since < each[0].number < exchange.number]
        if not before or _is_verified(context, before[-1][1], exchange):
            continue
        creation, session = before[-1]
        state = "was paid" if session.ended == "paid" else "was not paid"
        yield RuleHit(
            message=f"{exchange.endpoint} ({line_of(exchange)}) followed a hosted checkout "
            f"({line_of(creation)}), which {state}; no webhook or read told the shop",
            exchanges=(creation, exchange),
            subject=exchange.endpoint,
        )


RULES = (
    AuditRule(
        id="CLV027",
        name="failed-payment-fulfilled",
        severity="error",
        wrong="A payment was declined, failed or waits for 3-D Secure, and the unpaid order was "
        "printed or closed.",
        cost="Goods are delivered that nobody paid for.",
        fix="Check the status of each response, and the member status of a charge with 3-D "
        "Secure. Fulfil an order only after the payment succeeded or after a read shows that it is "
        "paid.",
        legitimate="Orders that another payment or a tender such as cash paid, and payments that "
        "were made although their response was lost.",
        source="REF createcharge: 402 is a decline",
        find=_failed_but_fulfilled,
    ),
    AuditRule(
        id="CLV028",
        name="checkout-redirect-trusted",
        severity="error",
        wrong="An order was printed or closed after a hosted checkout, and neither a webhook nor a "
        "read said that the session was paid.",
        cost="The success URL can be opened without a payment.",
        fix="Fulfil after the signed webhook of the session, or after GET /v1/charges/{id} or the "
        "order shows the payment.",
        legitimate="Sessions whose webhook was answered with 2xx, or whose payment was read.",
        source="MD:hosted-checkout: webhooks report the result",
        find=_redirect_trusted,
    ),
    AuditRule(
        id="CLV033",
        name="authentication-not-finished",
        severity="warning",
        wrong="At the end of the journal a charge waits for the method of 3-D Secure, and "
        "finalize_payment was never called for it.",
        cost="The charge has status 200 and is not paid; it fails when the time for it is over.",
        fix="Look at the member status of the response. If it is pending, run the method, or the "
        "challenge, in the browser of the customer, and call finalize_payment after it.",
        legitimate="A charge that waits for a challenge, which the customer may give up.",
        source="DOCS:use-3ds: flow_status",
        find=_unfinished_authentications,
    ),
)
