"""OAuth v2: expiring access tokens, single-use refresh tokens, recovery and migration.

Times on the wire are Unix seconds. All request fields are optional here, because a missing one
gets the same error as an invalid one.
"""

from typing import Annotated, Literal

from mock_clover.clover.oauth.records import ConsentOverride
from mock_clover.core.evidence import Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

_DOC = documented("MD:high-trust-app-auth-flow")
_PKCE = documented("MD: the PKCE page of OAuth v2")
_REFRESH = documented("MD:refresh-access-tokens")
_RECOVERY = observed("the body of a client; DOCS:high-trust-app-auth-flow mentions it")
_MIGRATE = documented("MD: the page on migrating to OAuth v2")
_TEXT_MAX = 4096
"""Maximum length of a request field. Even a JWT with many claims is only a quarter as long."""
_IgnoredText = (
    Annotated[
        str,
        doc("Ignored.", observed("clients send it"), max_length=_TEXT_MAX, has_no_effect=True),
    ]
    | None
)

ACCESS_LIFETIME_S = 1_800
"""Thirty minutes. Documented: oauth-and-tokens-faqs; observed in two real payloads."""
REFRESH_LIFETIME_S = 31_536_000
"""365 days. Documented; observed: the expiries in two real payloads differ by 365 days less 30
minutes."""
RECOVERY_LIFETIME_MS = 14 * 86_400_000
"""Two weeks. Documented: high-trust-app-auth-flow."""


class AuthorizeV2Query(Record, frozen=True, kw_only=True):
    """Query of `GET /oauth/v2/authorize`. There is no scope: permissions belong to the app."""

    client_id: Annotated[str, doc("App id.", _DOC)] | None = None
    merchant_id: Annotated[str, doc("Merchant that gives consent.", _DOC)] | None = None
    redirect_uri: (
        Annotated[str, doc("Falls back to the app's site URL.", _DOC, max_length=2000)] | None
    ) = None
    response_type: Annotated[Literal["code"], doc("code.", _DOC)] = "code"
    state: (
        Annotated[
            str, doc("Returned unchanged in the redirect.", observed("thalamus"), max_length=2000)
        ]
        | None
    ) = None
    code_challenge: (
        Annotated[str, doc("SHA-256 of the verifier, base64url.", _PKCE, max_length=200)] | None
    ) = None
    code_challenge_method: (
        Annotated[Literal["S256"], doc("The only supported method.", observed("clients send it"))]
        | None
    ) = None
    mock_clover_consent: ConsentOverride = None


class ConsentV2Form(AuthorizeV2Query, frozen=True, kw_only=True):
    """The consent form: the query of the page and the merchant's decision."""

    do: Annotated[
        Literal["approve", "deny"],
        doc("The decision.", inferred("specific to this mock, not part of Clover's API")),
    ]


class TokenV2Request(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/token`: with client_secret, or with code_verifier (PKCE)."""

    client_id: Annotated[str, doc("App id.", _DOC, max_length=_TEXT_MAX)] | None = None
    client_secret: Annotated[str, doc("App secret.", _DOC, max_length=_TEXT_MAX)] | None = None
    code: Annotated[str, doc("Authorization code.", _DOC, max_length=_TEXT_MAX)] | None = None
    code_verifier: (
        Annotated[str, doc("Verifier of the code challenge.", _PKCE, max_length=_TEXT_MAX)] | None
    ) = None
    no_refresh_token: Annotated[bool, doc("Omit the refresh token.", _DOC)] | None = None
    grant_type: _IgnoredText = None
    redirect_uri: _IgnoredText = None


class RefreshRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/refresh`; it has no client secret."""

    client_id: Annotated[str, doc("App id.", _REFRESH, max_length=_TEXT_MAX)] | None = None
    refresh_token: Annotated[str, doc("Works once.", _REFRESH, max_length=_TEXT_MAX)] | None = None
    grant_type: _IgnoredText = None


class RecoveryRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/recovery`, for use after the response to a refresh was lost."""

    client_id: Annotated[str, doc("App id.", _RECOVERY, max_length=_TEXT_MAX)] | None = None
    client_secret: Annotated[str, doc("App secret.", _RECOVERY, max_length=_TEXT_MAX)] | None = None
    recovery_token: (
        Annotated[
            str,
            doc("The refresh token before the lost one.", _RECOVERY, max_length=_TEXT_MAX),
        ]
        | None
    ) = None


class MigrateRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/token/migrate_v2`."""

    merchant_uuid: Annotated[str, doc("Merchant id.", _MIGRATE, max_length=_TEXT_MAX)] | None = None
    app_uuid: Annotated[str, doc("App id.", _MIGRATE, max_length=_TEXT_MAX)] | None = None
    auth_token: (
        Annotated[str, doc("The legacy bearer token.", _MIGRATE, max_length=_TEXT_MAX)] | None
    ) = None
    code_challenge: (
        Annotated[str, doc("For an app without a secret.", _MIGRATE, max_length=200)] | None
    ) = None


class TokenPair(Record, frozen=True, kw_only=True):
    """Response with tokens; `no_refresh_token` of the request omits the last two fields."""

    access_token: Annotated[str, doc("A JWT.", observed("README of a Socialite provider"))]
    access_token_expiration: Annotated[int, doc("Unix seconds.", _DOC)]
    refresh_token: (
        Annotated[str, doc("`clvroar-` and 32 hex digits.", observed("nine public files"))] | None
    ) = None
    refresh_token_expiration: Annotated[int, doc("Unix seconds.", _DOC)] | None = None


class MigrateResponse(Record, frozen=True, kw_only=True):
    """Response of `POST /oauth/token/migrate_v2`."""

    authorization_code: Annotated[str, doc("For `POST /oauth/v2/token`.", _MIGRATE)]
    expiration: Annotated[int, doc("Expiry of the code in Unix seconds.", _MIGRATE)]


class Claims(Record, frozen=True, kw_only=True):
    """Claims of an access token. Source: clover_sandbox_simulator reads all except jti.

    jti makes tokens unique.
    """

    merchant_uuid: str
    app_uuid: str
    iat: int
    exp: int
    permission_bitmap: int
    jti: Annotated[str, doc("Inferred.", inferred("RFC 7519"))]


class CodeV2(Record, frozen=True, kw_only=True):
    """A stored authorization code; it is deleted when it is used."""

    merchant_id: str
    created_ms: Millis
    challenge: str | None = None
    """PKCE challenge; without one the client secret is required."""


class AccessTokenV2(Record, frozen=True, kw_only=True):
    """A stored access token."""

    merchant_id: str
    expires_ms: Millis


class RefreshToken(Record, frozen=True, kw_only=True):
    """A valid refresh token."""

    merchant_id: str
    expires_ms: Millis
    trusted: bool
    """Whether the client authenticated with its secret; recovery requires it."""


RetiredReason = Literal["refreshed", "recovered", "crowded_out"]
"""Why a refresh token is no longer valid."""


class SpentRefreshToken(Record, frozen=True, kw_only=True):
    """A refresh token that is no longer valid, and its successor."""

    spent_ms: Millis
    how: RetiredReason
    successor: str = ""
    """The refresh token that replaced it."""
