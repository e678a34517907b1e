"""Rules about the receivers of webhooks."""

from collections.abc import Iterator

from mock_clover.audit.context import AuditContext, is_accepted
from mock_clover.audit.rule import AuditRule, Hits, RuleHit
from mock_clover.clover.webhooks.records_delivery import Delivery
from mock_clover.core.counted import counted
from mock_clover.sandbox.exchange import Exchange

_SLOW_MS = 5_000
_EFFECTS = frozenset(
    {
        *("create_charge", "pay_order", "capture_charge", "create_refund", "return_order"),
        *("platform_create_print_event", "platform_update_order", "platform_create_refund"),
        *("platform_create_order", "platform_record_payment", "create_order"),
    }
)


def _cause(context: AuditContext, delivery: Delivery) -> tuple[Exchange, ...]:
    """Return the exchange that created the payment of an event."""
    payment = context.payments.get(delivery.object_id)
    number = payment.entries[0].exchange if payment is not None and payment.entries else None
    exchange = context.exchange(number) if number is not None else None
    return (exchange,) if exchange is not None else ()


def _signed(context: AuditContext) -> Iterator[Delivery]:
    return (
        each
        for each in context.deliveries
        if each.signature == "right" and each.about != "verification" and each.attempts
    )


def _not_acknowledged(context: AuditContext) -> Hits:
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in _signed(context):
        attempt = delivery.attempts[-1]
        if delivery.state == "failed":
            how = f"status {attempt.status}" if attempt.status is not None else "no response"
            groups.setdefault((delivery.target, f"ended with {how}"), []).append(delivery)
        elif any(each.took_ms >= _SLOW_MS for each in delivery.attempts):
            text = f"took longer than {_SLOW_MS // 1000} s"
            groups.setdefault((delivery.target, text), []).append(delivery)
    for (target, text), found in groups.items():
        exchanges = dict.fromkeys(each for one in found for each in _cause(context, one))
        number = counted(len(found), "delivery", "deliveries")
        yield RuleHit(
            message=f"{number} to the webhook target {target} {text}",
            exchanges=tuple(exchanges),
            subject=f"{target} {text}",
        )


def _forged(context: AuditContext) -> Hits:
    for delivery in context.deliveries:
        if delivery.signature == "right" or not is_accepted(delivery):
            continue
        how = "a wrong" if delivery.signature == "wrong" else "no"
        yield RuleHit(
            message=f"the webhook target {delivery.target} accepted delivery {delivery.id}, which "
            f"has {how} signature, with {delivery.attempts[-1].status}",
            exchanges=_cause(context, delivery),
            subject=f"{delivery.target} {delivery.signature}",
        )


def _processed_twice(context: AuditContext) -> Hits:
    effects = [
        (exchange, f"{exchange.endpoint} {exchange.path} {context.sent(exchange)}")
        for exchange in context.exchanges
        if exchange.endpoint in _EFFECTS
        and exchange.committed
        and exchange.idempotency != "replayed"
    ]
    copies: dict[tuple[str, str], list[Delivery]] = {}
    for delivery in _signed(context):
        if delivery.object_id:
            copies.setdefault((delivery.target, delivery.body), []).append(delivery)
    for (target, _), found in copies.items():
        yield None
        first = found[0]
        attempts = (attempt for each in found for attempt in each.attempts)
        times = sorted(attempt.sent_ms - attempt.took_ms for attempt in attempts)
        payment = context.payments.get(first.object_id)
        names = (first.object_id, payment.order if payment is not None else None)
        repeated = _repeated_effects(effects, names, times) if len(times) > 1 else ()
        if repeated:
            yield RuleHit(
                message=f"the webhook target {target} got the event {first.event or first.about} "
                f"twice, and {repeated[0].endpoint} was sent after each of them",
                exchanges=repeated,
                subject=f"{target} {repeated[0].endpoint}",
            )


def _repeated_effects(
    effects: list[tuple[Exchange, str]], names: tuple[str | None, ...], times_ms: list[int]
) -> tuple[Exchange, ...]:
    """Return equal requests about the object of an event, one after each of its deliveries.

    `names` are the ids of the object and, for a payment, of its order. `times_ms` are the starts
    of the attempts: an application may act before it answers.
    """
    seen: dict[str, Exchange] = {}
    for exchange, text in effects:
        if exchange.at_ms >= times_ms[0] and any(name and name in text for name in names):
            earlier = seen.setdefault(text, exchange)
            if exchange is not earlier and earlier.at_ms <= times_ms[-1] <= exchange.at_ms:
                return (earlier, exchange)
    return ()


RULES = (
    AuditRule(
        id="CLV024",
        name="webhook-not-acknowledged",
        severity="warning",
        wrong="A receiver of webhooks answered no attempt with 2xx, or took longer than 5 seconds.",
        cost="Clover sends the event again and finally gives up; your application does not learn "
        "of the payment.",
        fix="Store the event, answer 200 at once, and process it afterwards.",
        legitimate="An error before an attempt that succeeds, and the rejection of a wrong "
        "signature.",
        source="docs.clover.com, Webhooks: respond with 200",
        find=_not_acknowledged,
    ),
    AuditRule(
        id="CLV025",
        name="forged-webhook-accepted",
        severity="error",
        wrong="A receiver answered 2xx to an event with a wrong signature or without one.",
        cost="Anybody who knows the URL can mark orders as paid.",
        fix="Compare X-Clover-Auth, or the HMAC of Clover-Signature over the raw body, before you "
        "read the event; answer 401 if it differs.",
        legitimate="Events with a valid signature. Use --probe, or send one with POST "
        "/_mock/webhooks/send.",
        source="docs.clover.com, Webhooks; MD:hosted-checkout webhooks",
        find=_forged,
    ),
    AuditRule(
        id="CLV026",
        name="duplicate-webhook-processed",
        severity="error",
        wrong="An event was delivered twice, and your application acted on it twice.",
        cost="An order is shipped, printed or refunded twice.",
        fix="Store the id and time of each event that was processed, and answer 200 to a "
        "duplicate without acting on it.",
        legitimate="A duplicate that leads to nothing, or to reads only.",
        source="Webhooks are delivered at least once",
        find=_processed_twice,
    ),
)
