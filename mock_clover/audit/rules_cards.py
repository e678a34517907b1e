"""Rules about tokens, saved cards, declines and rate limits."""

from collections.abc import Iterator

from mock_clover.audit.context import PAYING, AuditContext, is_unanswered, line_of, problem_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit, grouped
from mock_clover.sandbox.exchange import Exchange

_FINAL_DECLINES = frozenset(
    {"expired_card", "incorrect_cvc", "lost_card", "stolen_card", "pickup_card"}
)
"""After these declines, a retry with the same card data cannot succeed."""
_CARD_CHANGES = frozenset({"update_customer", "revoke_card", "create_customer", "delete_customer"})
_WAIT_MS = 1_000
"""Clover's limits count the requests of a second, so `retry-after` is at least one second."""


def _source(context: AuditContext, exchange: Exchange) -> str:
    body = context.sent(exchange)
    return str(body.get("source") or body.get("customer") or "")


def _same_sources(context: AuditContext) -> Iterator[tuple[list[Exchange], Exchange]]:
    """Yield each payment after the payments with the same source before it."""
    earlier: dict[str, list[Exchange]] = {}
    for exchange in context.of(*PAYING):
        before = earlier.setdefault(_source(context, exchange), [])
        yield before, exchange
        before.append(exchange)


def _final_decline(context: AuditContext, exchange: Exchange | None) -> str:
    """Return the decline code of a payment, if a retry cannot succeed."""
    payment = context.payment_of.get(exchange.number) if exchange is not None else None
    charge = context.charges.get(payment.id) if payment is not None else None
    decline = charge.decline if charge is not None else None
    code = decline.decline_code if decline is not None else ""
    return code if code in _FINAL_DECLINES else ""


def _token_again(context: AuditContext) -> Hits:
    for before, exchange in _same_sources(context):
        yield None
        if problem_of(exchange) != "TOKEN_ALREADY_USED":
            continue
        first = next((each for each in before if each.committed), None)
        if _final_decline(context, first):
            continue
        after = f" after {line_of(first)}" if first is not None else ""
        yield RuleHit(
            message=f"{exchange.endpoint} ({line_of(exchange)}) used a token again{after} and "
            "was rejected",
            exchanges=(first, exchange) if first is not None else (exchange,),
            subject=exchange.endpoint,
        )


def _declined_again(context: AuditContext) -> Hits:
    for before, exchange in _same_sources(context):
        yield None
        first = next((each for each in reversed(before) if each.committed), None)
        code = _final_decline(context, first)
        if first is None or not code or first.outcome != "declined":
            continue
        if exchange.idempotency == "replayed":
            continue
        if any(each.endpoint in _CARD_CHANGES for each in context.between(first, exchange)):
            continue
        yield RuleHit(
            message=f"{first.endpoint} ({line_of(first)}) was declined with {code}, and the same "
            f"card was charged again ({line_of(exchange)})",
            exchanges=(first, exchange),
            subject=f"{exchange.endpoint} {code}",
        )


def _too_early(context: AuditContext) -> Hits:
    exchanges = context.exchanges
    for index, first in enumerate(exchanges):
        yield None
        if first.status != 429 or not first.why.startswith("RATE_LIMITED"):
            continue
        for second in exchanges[index + 1 :]:
            if second.at_ms >= first.at_ms + _WAIT_MS:
                break
            is_same = second.method == first.method and second.path == first.path
            if is_same and context.sent(second) == context.sent(first):
                yield RuleHit(
                    message=f"{line_of(first)} got 429 with retry-after, and the request was "
                    f"repeated {second.at_ms - first.at_ms} ms later ({line_of(second)})",
                    exchanges=(first, second),
                    subject=first.endpoint or first.path,
                )
                break


def _without_stored_credentials(context: AuditContext) -> Hits:
    found = (
        each
        for each in context.of(*PAYING)
        if each.outcome != "rejected"
        and not context.sent(each).get("stored_credentials")
        and context.is_saved_token(str(context.sent(each).get("source") or ""))
    )
    yield from grouped(
        found, lambda each: each.endpoint, "with a saved card's token, without stored_credentials"
    )


def _first_again(context: AuditContext) -> Hits:
    first_by_source: dict[str, Exchange] = {}
    for exchange in context.of(*PAYING):
        is_first = context.member(exchange, "stored_credentials.sequence") == "FIRST"
        is_paid = exchange.committed and exchange.outcome == "ok"
        if not is_first or not is_paid or exchange.idempotency == "replayed":
            continue
        source = _source(context, exchange)
        first = first_by_source.setdefault(source, exchange)
        if first is not exchange and not is_unanswered(first):
            yield RuleHit(
                message=f"a saved card was charged twice with the sequence FIRST "
                f"({line_of(first)} and {line_of(exchange)})",
                exchanges=(first, exchange),
                subject=exchange.endpoint,
            )


RULES = (
    AuditRule(
        id="CLV006",
        name="token-used-again",
        severity="error",
        wrong="A token of one payment was used for another one.",
        cost="Clover rejects it. The customer sees an error although the first payment may have "
        "been made.",
        fix="Create a token for each payment. Save the card as a customer to charge it again, and "
        "repeat a lost request with its idempotency key.",
        legitimate="A retry with the same idempotency key, a saved card and a gift card.",
        source="PHP21, GP: token_already_used",
        find=_token_again,
    ),
    AuditRule(
        id="CLV007",
        name="final-decline-retried",
        severity="error",
        wrong="A card that was declined as expired, lost, stolen or with a wrong CVV was charged "
        "again with the same data.",
        cost="It cannot succeed. Card networks charge fees for such retries, and issuers may block "
        "the merchant.",
        fix="Ask the customer for another card, and create a new token from what they enter.",
        legitimate="A retry with a new token or another card, a decline that may pass later, such "
        "as insufficient_funds, and a customer whose card was changed.",
        source="Visa and Mastercard rules on the reattempt of declines",
        find=_declined_again,
    ),
    AuditRule(
        id="CLV008",
        name="retry-before-retry-after",
        severity="warning",
        wrong="A request that got 429 was repeated before the time in retry-after had passed.",
        cost="Clover extends the wait with each early request.",
        fix="Wait for the seconds of the retry-after header before you repeat the request.",
        legitimate="Other requests during the wait, and a 429 that a fault of the mock sent.",
        source="MD:api-usage-rate-limits",
        find=_too_early,
    ),
    AuditRule(
        id="CLV012",
        name="saved-card-without-stored-credentials",
        severity="warning",
        wrong="The multi-pay token of a saved card was charged without stored_credentials.",
        cost="Issuers decline such payments, because neither a CVV nor the consent is shown.",
        fix="Send stored_credentials with sequence, initiator and is_scheduled, or charge the id "
        "of the customer.",
        legitimate="The id of a customer as the source, which needs no stored_credentials.",
        source="CC 30103; SEED save-a-card",
        find=_without_stored_credentials,
    ),
    AuditRule(
        id="CLV013",
        name="first-payment-repeated",
        severity="warning",
        wrong="A saved card was charged twice with stored_credentials.sequence FIRST.",
        cost="The issuer sees two first payments, and is more likely to decline the later ones.",
        fix="Send FIRST once for each saved card, and SUBSEQUENT for all later payments.",
        legitimate="A first payment that was declined or lost, and is tried again.",
        source="REF createcharge: stored_credentials.sequence",
        find=_first_again,
    ),
)
