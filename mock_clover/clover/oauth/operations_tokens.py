"""Codes, access tokens and single-use refresh tokens of OAuth v2.

A used refresh token is stored with its successor. Errors can name its state, and the previous token
can recover the newest one if that was lost in transit.
"""

from typing import NamedTuple

from mock_clover.clover.common.permissions import permission_bitmap
from mock_clover.clover.oauth.records_jwt import sign
from mock_clover.clover.oauth.records_v2 import (
    ACCESS_LIFETIME_S,
    RECOVERY_LIFETIME_MS,
    REFRESH_LIFETIME_S,
    AccessTokenV2,
    Claims,
    CodeV2,
    RefreshToken,
    RetiredReason,
    SpentRefreshToken,
    TokenPair,
)
from mock_clover.sandbox.sandbox import Sandbox


class Subject(NamedTuple):
    """The merchant of a token, and whether the app authenticated with its secret."""

    merchant_id: str
    trusted: bool


class RecoverableToken(NamedTuple):
    """A used refresh token and its unused successor."""

    spent: SpentRefreshToken
    newest: RefreshToken


def create_code(sandbox: Sandbox, merchant_id: str, challenge: str | None) -> str:
    """Create an authorization code and return it."""
    code = sandbox.ids.uuid()
    row = CodeV2(merchant_id=merchant_id, created_ms=sandbox.clock.now_ms(), challenge=challenge)
    sandbox.codes_v2.put_bounded(code, row)
    return code


def issue_tokens(
    sandbox: Sandbox, subject: Subject, *, with_refresh_token: bool = True
) -> TokenPair:
    """Create an access token and, if `with_refresh_token`, a refresh token."""
    now_s = sandbox.clock.now_ms() // 1000
    access_s, refresh_s = now_s + ACCESS_LIFETIME_S, now_s + REFRESH_LIFETIME_S
    access = _create_access_token(sandbox, subject.merchant_id, now_s)
    if not with_refresh_token:
        return TokenPair(access_token=access, access_token_expiration=access_s)
    refresh = sandbox.ids.refresh_token()
    row = RefreshToken(
        merchant_id=subject.merchant_id, expires_ms=refresh_s * 1000, trusted=subject.trusted
    )
    sandbox.refresh_tokens.put_bounded(refresh, row)
    _evict_oldest(sandbox, subject.merchant_id)
    return TokenPair(
        access_token=access,
        access_token_expiration=access_s,
        refresh_token=refresh,
        refresh_token_expiration=refresh_s,
    )


def _create_access_token(sandbox: Sandbox, merchant_id: str, now_s: int) -> str:
    """Create an access token: HS256 with the app's secret, as in OpenID Connect (inferred)."""
    credentials = sandbox.credentials
    claims = Claims(
        merchant_uuid=merchant_id,
        app_uuid=credentials.client_id,
        iat=now_s,
        exp=now_s + ACCESS_LIFETIME_S,
        permission_bitmap=permission_bitmap(sandbox.settings.permissions),
        jti=sandbox.ids.uuid(),
    )
    token = sign(claims, credentials.client_secret.encode())
    sandbox.bearers.put_bounded(
        token, AccessTokenV2(merchant_id=merchant_id, expires_ms=claims.exp * 1000)
    )
    return token


def _evict_oldest(sandbox: Sandbox, merchant_id: str) -> None:
    """Revoke a merchant's oldest refresh tokens over the limit. Clover publishes no limit."""
    valid = [key for key, row in sandbox.refresh_tokens.items() if row.merchant_id == merchant_id]
    for oldest in valid[: -sandbox.settings.refresh_tokens_max]:
        sandbox.refresh_tokens.delete(oldest)
        retire_refresh_token(sandbox, oldest, "crowded_out")


def retire_refresh_token(
    sandbox: Sandbox, token: str, how: RetiredReason, successor: str = ""
) -> None:
    """Record that a refresh token is no longer valid, and its successor."""
    spent = SpentRefreshToken(spent_ms=sandbox.clock.now_ms(), how=how, successor=successor)
    sandbox.spent_refresh_tokens.put_bounded(token, spent)


def find_recoverable_token(sandbox: Sandbox, token: str) -> RecoverableToken | str:
    """Return what a used refresh token can recover, or the reason why it cannot."""
    spent = sandbox.spent_refresh_tokens.get(token)
    if spent is None:
        return "is unknown"
    newest = sandbox.refresh_tokens.get(spent.successor)
    if newest is None:
        return _RETIRED_REASONS[spent.how]
    if not newest.trusted:
        return "has been used, and an app without a client secret cannot recover tokens"
    if sandbox.clock.now_ms() - spent.spent_ms > RECOVERY_LIFETIME_MS:
        return "was used more than two weeks ago"
    return RecoverableToken(spent, newest)


_RETIRED_REASONS: dict[RetiredReason, str] = {
    "refreshed": "has been used, and so has its successor",
    "recovered": "was lost and then replaced by a recovery",
    "crowded_out": "was revoked: the app exceeded refresh_tokens_max for this merchant",
}
