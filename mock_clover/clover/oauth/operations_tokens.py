"""Codes, access tokens and single-use refresh tokens of OAuth v2.

A used refresh token is stored with its successor. Errors can name its state, and the token before
the newest can recover a newest that was lost in transit.
"""

from typing import NamedTuple

from mock_clover.clover.common.permissions import bitmap
from mock_clover.clover.oauth.records_jwt import sign
from mock_clover.clover.oauth.records_v2 import (
    ACCESS_LIFE_S,
    RECOVERY_LIFE_MS,
    REFRESH_LIFE_S,
    Bearer,
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


class Lost(NamedTuple):
    """A used refresh token and its successor, which is unused."""

    spent: SpentRefreshToken
    newest: RefreshToken


def make_code(sandbox: Sandbox, merchant_id: str, challenge: str | None) -> str:
    """Create an authorization code and return it."""
    code = sandbox.ids.uuid()
    row = CodeV2(merchant_id=merchant_id, created_ms=sandbox.clock.now_ms(), challenge=challenge)
    sandbox.codes_v2.put_bounded(code, row)
    return code


def make_pair(sandbox: Sandbox, subject: Subject, *, renewable: bool = True) -> TokenPair:
    """Create an access token and, if `renewable`, a refresh token."""
    now_s = sandbox.clock.now_ms() // 1000
    access_s, refresh_s = now_s + ACCESS_LIFE_S, now_s + REFRESH_LIFE_S
    access = _make_access(sandbox, subject.merchant_id, now_s)
    if not renewable:
        return TokenPair(access_token=access, access_token_expiration=access_s)
    refresh = sandbox.ids.refresh_token()
    live = RefreshToken(
        merchant_id=subject.merchant_id, expires_ms=refresh_s * 1000, trusted=subject.trusted
    )
    sandbox.refresh_tokens.put_bounded(refresh, live)
    _evict_oldest(sandbox, subject.merchant_id)
    return TokenPair(
        access_token=access,
        access_token_expiration=access_s,
        refresh_token=refresh,
        refresh_token_expiration=refresh_s,
    )


def _make_access(sandbox: Sandbox, merchant_id: str, now_s: int) -> str:
    """Create an access token: HS256 with the app's secret, as in OpenID Connect (inferred)."""
    credentials = sandbox.credentials
    claims = Claims(
        merchant_uuid=merchant_id,
        app_uuid=credentials.client_id,
        iat=now_s,
        exp=now_s + ACCESS_LIFE_S,
        permission_bitmap=bitmap(sandbox.settings.permissions),
        jti=sandbox.ids.uuid(),
    )
    token = sign(claims, credentials.client_secret.encode())
    sandbox.bearers.put_bounded(
        token, Bearer(merchant_id=merchant_id, expires_ms=claims.exp * 1000)
    )
    return token


def _evict_oldest(sandbox: Sandbox, merchant_id: str) -> None:
    """Evict a merchant's oldest refresh tokens over the limit, which Clover does not publish."""
    live = [key for key, row in sandbox.refresh_tokens.items() if row.merchant_id == merchant_id]
    for oldest in live[: -sandbox.settings.refresh_tokens_max]:
        sandbox.refresh_tokens.drop(oldest)
        retire_refresh_token(sandbox, oldest, "crowded_out")


def retire_refresh_token(
    sandbox: Sandbox, token: str, how: RetiredReason, successor: str = ""
) -> None:
    """Store that a refresh token no longer works, and its successor."""
    spent = SpentRefreshToken(spent_ms=sandbox.clock.now_ms(), how=how, successor=successor)
    sandbox.spent_refresh_tokens.put_bounded(token, spent)


def find_lost(sandbox: Sandbox, token: str) -> Lost | str:
    """Return what a used refresh token can recover, or the reason why it cannot."""
    spent = sandbox.spent_refresh_tokens.get(token)
    if spent is None:
        return "is unknown"
    newest = sandbox.refresh_tokens.get(spent.successor)
    if newest is None:
        return _RETIRED_REASONS[spent.how]
    if not newest.trusted:
        return "is used; an app without a secret cannot recover tokens"
    if sandbox.clock.now_ms() - spent.spent_ms > RECOVERY_LIFE_MS:
        return "was used more than two weeks ago"
    return Lost(spent, newest)


_RETIRED_REASONS: dict[RetiredReason, str] = {
    "refreshed": "is used, and so is its successor",
    "recovered": "was lost and has been replaced by a recovery",
    "crowded_out": "was evicted: the app has too many for this merchant",
}
