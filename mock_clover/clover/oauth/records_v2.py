"""OAuth v2: expiring access tokens, refresh tokens that work once, recovery and migration.

Times on its wire are Unix seconds. What a client leaves out is wrong in the same words as a wrong
value, so all members of requests are optional here.
"""

from typing import Annotated, Literal

from mock_clover.clover.oauth.records import AskedConsent
from mock_clover.core.evidence import Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

_DOC = documented("MD:high-trust-app-auth-flow")
_PKCE = documented("MD: the PKCE page of OAuth v2")
_REFRESH = documented("MD:refresh-access-tokens")
_RECOVERY = observed("the body of a client; DOCS:high-trust-app-auth-flow tells of it")
_MIGRATE = documented("MD: the page on migrating to OAuth v2")
_TEXT_MAX = 4096
"""Of what a client sends: a JWT of many claims has a quarter of it."""

ACCESS_LIFE_S = 1_800
"""Thirty minutes. Documented: oauth-and-tokens-faqs; observed in two real payloads."""
REFRESH_LIFE_S = 31_536_000
"""365 days. Documented; observed: two real payloads differ by 365 days less 30 minutes."""
RECOVERY_LIFE_MS = 14 * 86_400_000
"""Two weeks. Documented: high-trust-app-auth-flow."""


class AuthorizeV2Query(Record, frozen=True, kw_only=True):
    """Query of `GET /oauth/v2/authorize`. There is no scope: permissions are the app's."""

    client_id: Annotated[str, doc("App id.", _DOC)] | None = None
    merchant_id: Annotated[str, doc("The merchant who agrees.", _DOC)] | None = None
    redirect_uri: (
        Annotated[str, doc("Falls back to the app's site URL.", _DOC, max_length=2000)] | None
    ) = None
    response_type: Annotated[Literal["code"], doc("code.", _DOC)] = "code"
    state: Annotated[str, doc("Echoed back.", observed("thalamus"), max_length=2000)] | None = None
    code_challenge: (
        Annotated[str, doc("SHA-256 of the verifier, base64url.", _PKCE, max_length=200)] | None
    ) = None
    code_challenge_method: (
        Annotated[Literal["S256"], doc("The only one there is.", observed("clients send it"))]
        | None
    ) = None
    mock_clover_consent: AskedConsent = None


class ConsentV2Form(AuthorizeV2Query, frozen=True, kw_only=True):
    """What the consent page sends: the query of its own address, and what the merchant decides."""

    do: Annotated[
        Literal["approve", "deny"],
        doc("Which button was pressed.", inferred("of this mock, not of Clover")),
    ]


class TokenV2Request(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/token`: with client_secret, or with code_verifier (PKCE)."""

    client_id: Annotated[str, doc("App id.", _DOC, max_length=_TEXT_MAX)] | None = None
    client_secret: Annotated[str, doc("App secret.", _DOC, max_length=_TEXT_MAX)] | None = None
    code: Annotated[str, doc("Authorisation code.", _DOC, max_length=_TEXT_MAX)] | None = None
    code_verifier: (
        Annotated[str, doc("What the challenge is of.", _PKCE, max_length=_TEXT_MAX)] | None
    ) = None
    no_refresh_token: Annotated[bool, doc("Ask for no refresh token.", _DOC)] | None = None
    grant_type: (
        Annotated[str, doc("Not heeded.", observed("clients send it"), max_length=_TEXT_MAX)] | None
    ) = None
    redirect_uri: (
        Annotated[str, doc("Not heeded.", observed("clients send it"), max_length=_TEXT_MAX)] | None
    ) = None


class RefreshRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/refresh`: no secret."""

    client_id: Annotated[str, doc("App id.", _REFRESH, max_length=_TEXT_MAX)] | None = None
    refresh_token: Annotated[str, doc("Works once.", _REFRESH, max_length=_TEXT_MAX)] | None = None
    grant_type: (
        Annotated[str, doc("Not heeded.", observed("clients send it"), max_length=_TEXT_MAX)] | None
    ) = None


class RecoveryRequest(Record, frozen=True, kw_only=True):
    """Body of `POST /oauth/v2/recovery`, when the answer to a refresh was lost."""

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
    """Answer with tokens; the last two are missing where no refresh token was wanted."""

    access_token: Annotated[str, doc("A JWT.", observed("README of a Socialite provider"))]
    access_token_expiration: Annotated[int, doc("Unix seconds.", _DOC)]
    refresh_token: (
        Annotated[str, doc("`clvroar-` and 32 hex.", observed("nine public files"))] | None
    ) = None
    refresh_token_expiration: Annotated[int, doc("Unix seconds.", _DOC)] | None = None


class MigrateAnswer(Record, frozen=True, kw_only=True):
    """Answer of `POST /oauth/token/migrate_v2`."""

    authorization_code: Annotated[str, doc("For `POST /oauth/v2/token`.", _MIGRATE)]
    expiration: Annotated[int, doc("Of the code, in Unix seconds.", _MIGRATE)]


class Claims(Record, frozen=True, kw_only=True):
    """Claims of an access token. Source: dan1d reads all but jti, which keeps tokens apart."""

    merchant_uuid: str
    app_uuid: str
    iat: int
    exp: int
    permission_bitmap: int
    jti: Annotated[str, doc("Inferred.", inferred("RFC 7519"))]


class CodeV2(Record, frozen=True, kw_only=True):
    """An authorisation code as it is kept; spent by deletion."""

    merchant_id: str
    created_ms: Millis
    challenge: str | None = None
    """Of PKCE; without one the client's secret must be shown."""


class Bearer(Record, frozen=True, kw_only=True):
    """An access token as it is kept."""

    merchant_id: str
    expires_ms: Millis


class RefreshToken(Record, frozen=True, kw_only=True):
    """A refresh token that still works."""

    merchant_id: str
    expires_ms: Millis
    trusted: bool
    """Whether the client has shown its secret: only then its tokens can be recovered."""


RetiredReason = Literal["refreshed", "recovered", "crowded_out"]
"""What became of a refresh token."""


class SpentRefreshToken(Record, frozen=True, kw_only=True):
    """A refresh token that works no more, and which one came in its place."""

    spent_ms: Millis
    how: RetiredReason
    successor: str = ""
    """The refresh token that it led to."""
