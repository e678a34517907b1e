"""What OAuth v2 gives: codes, access tokens, and refresh tokens that each work once.

A refresh token that was used is kept, spent, beside the one that came of it: so a refusal can say
what became of it, and the one before the newest can recover a newest that was lost on its way.
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
    """For whom tokens are made, and whether the app has shown its secret."""

    merchant_id: str
    trusted: bool


class Lost(NamedTuple):
    """A refresh token that was spent, and the one that came of it, which nobody has used."""

    spent: SpentRefreshToken
    newest: RefreshToken


def make_code(sandbox: Sandbox, merchant_id: str, challenge: str | None) -> str:
    """Write an authorisation code and return it."""
    code = sandbox.ids.uuid()
    made = CodeV2(merchant_id=merchant_id, created_ms=sandbox.clock.now_ms(), challenge=challenge)
    sandbox.codes_v2.put_bounded(code, made)
    return code


def make_pair(sandbox: Sandbox, subject: Subject, *, renewable: bool = True) -> TokenPair:
    """Write an access token and, unless it is not wanted, a refresh token."""
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
    """Write an access token: HS256 under the app's secret, as OpenID Connect has it (inferred)."""
    known = sandbox.credentials
    claims = Claims(
        merchant_uuid=merchant_id,
        app_uuid=known.client_id,
        iat=now_s,
        exp=now_s + ACCESS_LIFE_S,
        permission_bitmap=bitmap(sandbox.settings.permissions),
        jti=sandbox.ids.uuid(),
    )
    token = sign(claims, known.client_secret.encode())
    sandbox.bearers.put_bounded(
        token, Bearer(merchant_id=merchant_id, expires_ms=claims.exp * 1000)
    )
    return token


def _evict_oldest(sandbox: Sandbox, merchant_id: str) -> None:
    """Let a merchant's oldest refresh tokens go beyond the limit, which Clover does not publish."""
    live = [key for key, row in sandbox.refresh_tokens.items() if row.merchant_id == merchant_id]
    for oldest in live[: -sandbox.settings.refresh_tokens_max]:
        sandbox.refresh_tokens.drop(oldest)
        retire_refresh_token(sandbox, oldest, "crowded_out")


def retire_refresh_token(
    sandbox: Sandbox, token: str, how: RetiredReason, successor: str = ""
) -> None:
    """Remember a refresh token that works no more, and what came in its place."""
    spent = SpentRefreshToken(spent_ms=sandbox.clock.now_ms(), how=how, successor=successor)
    sandbox.spent_refresh_tokens.put_bounded(token, spent)


def find_lost(sandbox: Sandbox, shown: str) -> Lost | str:
    """Return what a spent refresh token can recover, or why it cannot."""
    spent = sandbox.spent_refresh_tokens.get(shown)
    if spent is None:
        return "is unknown"
    newest = sandbox.refresh_tokens.get(spent.successor)
    if newest is None:
        return _FATES[spent.how]
    if not newest.trusted:
        return "is spent; an app that shows no secret can recover nothing"
    if sandbox.clock.now_ms() - spent.spent_ms > RECOVERY_LIFE_MS:
        return "is spent, and that more than two weeks ago"
    return Lost(spent, newest)


_FATES: dict[RetiredReason, str] = {
    "refreshed": "is spent, and so is the one that came of it",
    "recovered": "was lost, and another was recovered in its place",
    "crowded_out": "had to go: the app has too many of this merchant",
}
