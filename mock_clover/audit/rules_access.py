"""Rules about keys, access tokens and refresh tokens."""

from mock_clover.audit.context import AuditContext, header, is_unanswered, line_of
from mock_clover.audit.rule import AuditRule, Hits, RuleHit, grouped
from mock_clover.sandbox.exchange import Exchange

_KEY_FETCHES = ("get_api_key", "get_api_key_v1", "get_keys")
_ISSUES_TOKENS = frozenset(
    {
        *("exchange_token", "exchange_token_by_post", "exchange_code", "refresh_tokens"),
        *("recover_tokens", "migrate_token"),
    }
)
_USED_AGAIN = ("refresh token has been used", "refresh token was used")
_REPEATED_MIN = 3
"""One fetch for each of fewer payments may be a restart of the application."""


def _is_browser(exchange: Exchange) -> bool:
    return header(exchange, b"user-agent").startswith(b"Mozilla/")


def _fetched_each_time(context: AuditContext) -> Hits:
    for operation in _KEY_FETCHES:
        pending: list[Exchange] = []
        paired: list[Exchange] = []
        tokens = 0
        for exchange in context.of(operation, "create_token"):
            if _is_browser(exchange):
                continue
            if exchange.endpoint == operation:
                pending.append(exchange)
            else:
                tokens += 1
                paired += pending[:1]
                pending = []
        if tokens >= _REPEATED_MIN and len(paired) == tokens:
            yield RuleHit(
                message=f"{operation}: the key was fetched again before each of {tokens} tokens",
                exchanges=tuple(paired),
                subject=operation,
            )


def _production_key(context: AuditContext) -> Hits:
    found = (each for each in context.of("create_token") if "under the production key" in each.why)
    yield from grouped(
        found, lambda each: each.endpoint, "with a card number encrypted under TA_PUBLIC_KEY_PROD"
    )


def _expired_token(context: AuditContext) -> Hits:
    first: Exchange | None = None
    reported = False
    for exchange in context.exchanges:
        if exchange.endpoint in _ISSUES_TOKENS and exchange.outcome == "ok":
            first, reported = None, False
        elif exchange.status == 401 and "token has expired" in exchange.why:
            if first is not None and not reported:
                reported = True
                yield RuleHit(
                    message=f"the access token had expired ({line_of(first)} got 401) and was "
                    f"used again ({line_of(exchange)})",
                    exchanges=(first, exchange),
                    subject="access token",
                )
            first = first or exchange


def _refreshed_twice(context: AuditContext) -> Hits:
    refreshes = list(context.of("refresh_tokens"))
    recovered = {each.number for each in context.of("recover_tokens") if each.outcome == "ok"}
    for index, exchange in enumerate(refreshes):
        if not any(text in exchange.why for text in _USED_AGAIN):
            continue
        earlier = refreshes[:index]
        is_lost = any(is_unanswered(each) for each in earlier)
        if is_lost or any(number > exchange.number for number in recovered):
            continue
        yield RuleHit(
            message=f"a refresh token was used twice; the second time ({line_of(exchange)}) it was "
            "rejected",
            exchanges=(*earlier[-1:], exchange),
            subject="refresh_tokens",
        )


RULES = (
    AuditRule(
        id="CLV020",
        name="key-fetched-for-each-payment",
        severity="warning",
        wrong="The PAKMS key or keys.json was fetched again for each token.",
        cost="Each payment takes one more request, which counts for the rate limit and can fail.",
        fix="Fetch the key once, keep it in memory, and fetch it again only after a 401.",
        legitimate="Fewer than three tokens, and browsers, which load the key with the page.",
        source="MD:ecommerce-accepting-payments; MD:api-usage-rate-limits",
        find=_fetched_each_time,
    ),
    AuditRule(
        id="CLV021",
        name="production-encryption-key",
        severity="error",
        wrong="A card number was encrypted under the production key of keys.json.",
        cost="Clover's sandbox cannot decrypt it, and the same mistake in reverse fails each "
        "payment in production.",
        fix="Use TA_PUBLIC_KEY_DEV in the sandbox and TA_PUBLIC_KEY_PROD in production.",
        legitimate="The key of the sandbox.",
        source="keys.json of the tokenization guide",
        find=_production_key,
    ),
    AuditRule(
        id="CLV022",
        name="expired-access-token",
        severity="warning",
        wrong="After a 401 for an expired access token, the token was used again.",
        cost="All payments fail until somebody notices.",
        fix="After such a 401, refresh the tokens, store both, and repeat the request.",
        legitimate="One 401 that leads to a refresh.",
        source="DOCS:401-unauthorized",
        find=_expired_token,
    ),
    AuditRule(
        id="CLV023",
        name="refresh-token-used-twice",
        severity="error",
        wrong="A refresh token was used a second time.",
        cost="It works once: the merchant has to connect the app again, and takes no payments "
        "until then.",
        fix="Store the new refresh token before you use the new access token, and let one process "
        "refresh at a time.",
        legitimate="A refresh whose response was lost, and a recovery that follows.",
        source="DOCS:refresh-access-tokens: a refresh token works once",
        find=_refreshed_twice,
    ),
)
