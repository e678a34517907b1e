"""Rules about idempotency keys, retries and payments that were made twice."""

from itertools import pairwise

from mock_clover.audit.context import (
    LATE_MS,
    MOVING,
    PAYING,
    READING,
    AuditContext,
    end_ms,
    is_unanswered,
    key_of,
    line_of,
    start_ms,
)
from mock_clover.audit.rule import AuditRule, Hits, RuleHit, grouped
from mock_clover.core.money import amount_text
from mock_clover.core.steps import Steps
from mock_clover.sandbox.exchange import Exchange

_RETRY_WINDOW_MS = 3_600_000
"""A later payment of the same amount is another purchase."""
_DOUBLE_SUBMIT_MS = 60_000
_TUTORIAL = "docs.clover.com, Accept payments: the idempotency-key header"


def _without_key(context: AuditContext) -> Hits:
    missing = (
        each for each in context.of(*MOVING) if not key_of(each) and each.outcome != "rejected"
    )
    yield from grouped(missing, lambda each: each.endpoint, "without an idempotency-key header")


def _purchase(context: AuditContext, exchange: Exchange) -> tuple[object, ...]:
    """Return what is equal for two requests of the same purchase."""
    body = context.sent(exchange)
    texts = (body.get("external_reference_id"), body.get("description"), str(body.get("metadata")))
    if exchange.endpoint == "pay_order":
        return (exchange.path, body.get("amount"))
    payer = context.payer_of(exchange) or body.get("source")
    currency = str(body.get("currency", "")).lower()
    return (body.get("amount"), currency, payer, *texts)


def _is_retry(first: Exchange, second: Exchange) -> bool:
    """Return whether the second request was sent because the first one was not answered."""
    if is_unanswered(first):
        return first.number < second.number and second.at_ms - first.at_ms <= _RETRY_WINDOW_MS
    return first.delay_ms >= LATE_MS and start_ms(first) <= start_ms(second) < end_ms(first)


def _is_checked(context: AuditContext, first: Exchange, second: Exchange) -> bool:
    """Return whether the client checked that the first payment does not exist."""
    return not first.committed and any(
        each.endpoint in READING and each.outcome == "ok" for each in context.between(first, second)
    )


def _is_undone(context: AuditContext, exchange: Exchange) -> bool:
    """Return whether the payment of a request was voided or refunded as a whole."""
    payment = context.payment_of.get(exchange.number)
    return payment is not None and not payment.sums.outstanding and not payment.sums.held


def _retry_pairs(
    context: AuditContext, operations: tuple[str, ...]
) -> Steps[list[tuple[Exchange, Exchange]]]:
    """Return unanswered requests, each with its first retry, if that has another key or none."""
    pairs: list[tuple[Exchange, Exchange]] = []
    for same in (yield from _equal_requests(context, operations)):
        for first in same:
            yield
            if not (is_unanswered(first) or first.delay_ms >= LATE_MS):
                continue
            retries = (each for each in same if each is not first and _is_retry(first, each))
            second = next(retries, None)
            if second is None or second.idempotency == "replayed":
                continue
            if not (key_of(first) and key_of(first) == key_of(second)):
                pairs.append((first, second))
    return pairs


def _equal_requests(
    context: AuditContext, operations: tuple[str, ...]
) -> Steps[list[list[Exchange]]]:
    """Return the requests of each purchase, or with the same path and body."""
    groups: dict[str, list[Exchange]] = {}
    for exchange in context.of(*operations):
        yield
        is_payment = exchange.endpoint in PAYING
        content = _purchase(context, exchange) if is_payment else (context.sent(exchange),)
        groups.setdefault(str((exchange.endpoint, exchange.path, content)), []).append(exchange)
    return list(groups.values())


def _result_text(first: Exchange) -> str:
    if first.outcome == "failed" or (first.status or 0) >= 400:
        return f"got {first.status}"
    return "got no response" if is_unanswered(first) else f"waited {first.delay_ms} ms"


def _retried_under_new_key(context: AuditContext) -> Hits:
    for first, second in (yield from _retry_pairs(context, PAYING)):
        yield None
        if second.outcome == "rejected" or _is_checked(context, first, second):
            continue
        if _is_undone(context, first) or _is_undone(context, second):
            continue
        payment = context.payment_of.get(second.number)
        sums = payment.sums if payment is not None else None
        result = "the first was not carried out this time, but the client could not know that"
        if first.committed and second.committed and sums is not None and not sums.declines:
            amount = amount_text(sums.authorized, sums.currency)
            result = f"the customer was charged {amount} twice"
        how = "another idempotency key" if key_of(second) else "no idempotency key"
        yield RuleHit(
            message=f"{first.endpoint} {_result_text(first)} ({line_of(first)}) and was sent "
            f"again with {how} ({line_of(second)}): {result}",
            exchanges=(first, second),
            subject=first.endpoint,
        )


def _reused_for_another(context: AuditContext) -> Hits:
    for exchange in context.exchanges:
        yield None
        if not exchange.why.startswith("IDEMPOTENCY_MISMATCH"):
            continue
        key = key_of(exchange)
        first = next((each for each in context.exchanges if key and key_of(each) == key), exchange)
        reason = exchange.why.partition("(")[2].partition(";")[0]
        yield RuleHit(
            message=f"{exchange.endpoint} ({line_of(exchange)}) was rejected: {reason} "
            f"({line_of(first)})",
            exchanges=(exchange,) if first is exchange else (first, exchange),
            subject=exchange.endpoint,
        )


def _stored_reply_for_another(context: AuditContext) -> Hits:
    answered: dict[tuple[bytes, str], Exchange] = {}
    for exchange in context.of(*PAYING, "create_refund"):
        yield None
        key = (key_of(exchange), exchange.path)
        if not key_of(exchange) or exchange.outcome != "ok":
            continue
        first = answered.get(key) if exchange.idempotency == "replayed" else None
        is_received = not exchange.fault and exchange.delay_ms < LATE_MS
        if is_received:
            answered.setdefault(key, exchange)
        if first is None or start_ms(exchange) < end_ms(first):
            continue
        verb = "refunded" if exchange.endpoint == "create_refund" else "charged"
        yield RuleHit(
            message=f"{exchange.endpoint} ({line_of(exchange)}) has the idempotency key of a "
            f"request that the client knows the result of ({line_of(first)}, "
            f"{exchange.at_ms - first.at_ms} ms before): it got the same response, and nothing "
            f"was {verb}",
            exchanges=(first, exchange),
            subject=exchange.endpoint,
        )


def _charged_twice(context: AuditContext) -> Hits:
    for same in (yield from _equal_requests(context, ("create_charge",))):
        charged = [
            each
            for each in same
            if each.committed
            and each.outcome == "ok"
            and each.idempotency != "replayed"
            and context.sent(each).get("external_reference_id")
            and not _is_undone(context, each)
        ]
        for first, second in pairwise(charged):
            if second.at_ms - first.at_ms > _DOUBLE_SUBMIT_MS or first.delay_ms >= LATE_MS:
                continue
            yield RuleHit(
                message="two charges have the same external_reference_id, amount and card "
                f"({line_of(first)} and {line_of(second)})",
                exchanges=(first, second),
                subject="create_charge",
            )
        yield None


def _refunded_twice(context: AuditContext) -> Hits:
    for first, second in (yield from _retry_pairs(context, ("create_refund",))):
        if second.outcome != "ok" or not (first.committed and second.committed):
            continue
        yield RuleHit(
            message=f"create_refund {_result_text(first)} ({line_of(first)}) and was sent again "
            f"({line_of(second)}): the same amount was refunded twice",
            exchanges=(first, second),
            subject="create_refund",
        )


RULES = (
    AuditRule(
        id="CLV001",
        name="missing-idempotency-key",
        severity="error",
        wrong="A charge, an order payment, a capture or a refund has no idempotency-key header.",
        cost="If its response is lost, a retry charges or refunds a second time.",
        fix="Send an idempotency-key header with a UUID of the purchase, stored before the first "
        "attempt and repeated by each retry.",
        legitimate="Requests that Clover rejected, because they moved nothing.",
        source=_TUTORIAL,
        find=_without_key,
    ),
    AuditRule(
        id="CLV002",
        name="retry-under-new-key",
        severity="error",
        wrong="A payment whose response was lost, late or a server error was sent again with "
        "another idempotency key, or without one.",
        cost="The first request may have been carried out: the customer pays twice.",
        fix="Repeat the request with the same idempotency key and the same body, or first read the "
        "charges to find out whether it exists.",
        legitimate="A retry with the same key; a retry after a read showed that there is no "
        "charge; a duplicate that was refunded.",
        source=_TUTORIAL,
        find=_retried_under_new_key,
    ),
    AuditRule(
        id="CLV003",
        name="key-of-another-payment",
        severity="error",
        wrong="An idempotency key was used again for a request with other content.",
        cost="The second payment is rejected, or gets the stored response of the first one.",
        fix="Create a new key for each payment. After a decline, the next attempt with another "
        "card is a new payment.",
        legitimate="A corrected request with the key of a request that was rejected.",
        source="docs.clover.com: errors of the type idempotency_error",
        find=_reused_for_another,
    ),
    AuditRule(
        id="CLV004",
        name="reference-charged-twice",
        severity="error",
        wrong="Two charges of one card within a minute have the same external_reference_id, "
        "amount and description, and both were answered.",
        cost="The customer pays twice for one order, for example after a double click.",
        fix="Derive the idempotency key from the order, and disable the button after the first "
        "click.",
        legitimate="Charges without a reference, with different references or amounts, or of "
        "which one was refunded.",
        source="external_reference_id of REF createcharge names the order of the merchant",
        find=_charged_twice,
    ),
    AuditRule(
        id="CLV005",
        name="refund-sent-twice",
        severity="error",
        wrong="A refund whose response was lost, late or a server error was sent again with "
        "another idempotency key, or without one, and both were carried out.",
        cost="The customer gets the money back twice.",
        fix="Repeat the refund with the same idempotency key, or read the refunds of the charge "
        "first.",
        legitimate="Two refunds of the same amount that were both answered, for two items.",
        source=_TUTORIAL,
        find=_refunded_twice,
    ),
    AuditRule(
        id="CLV029",
        name="stored-response-taken",
        severity="warning",
        wrong="A payment or refund has the idempotency key of an earlier request whose complete "
        "response the client got. It got the same response again, and no money moved.",
        cost="If it is a new purchase, such as the next month of a subscription, the customer gets "
        "it for nothing.",
        fix="Make a new key for each purchase and for each attempt that the customer starts. Do "
        "not derive it from the customer or the card. If a reloaded page sent the request again, "
        "the key did its work; read the result that you stored, or ignore this rule.",
        legitimate="A retry after a response that was lost, late or a server error, and a second "
        "request before the first one was answered, and a decline.",
        source=_TUTORIAL,
        find=_stored_reply_for_another,
    ),
)
