"""Legacy OAuth ("v1") and the PAKMS key."""

from typing import Annotated, ClassVar, Literal

from mock_clover.core.evidence import Evidence, Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

_DOC = documented("MD:using-oauth-20")
_OURS = inferred("specific to this mock, not part of Clover's API")

Consent = Literal["auto", "ask"]
"""`auto`: consent is given automatically. `ask`: the consent page is shown."""
ConsentOverride = (
    Annotated[Consent, doc("Whether to show the consent page; default: the setting.", _OURS)] | None
)


class AuthorizeQuery(Record, frozen=True, kw_only=True):
    """Query of `GET /oauth/authorize`."""

    client_id: Annotated[str, doc("App id.", _DOC)] | None = None
    merchant_id: Annotated[str, doc("Skips the account picker.", _DOC)] | None = None
    redirect_uri: (
        Annotated[str, doc("Falls back to the app's site URL.", _DOC, max_length=2000)] | None
    ) = None
    response_type: Annotated[Literal["code", "token"], doc("code, or token.", _DOC)] = "code"
    state: (
        Annotated[str, doc("Returned unchanged in the redirect.", _DOC, max_length=2000)] | None
    ) = None
    mock_clover_consent: ConsentOverride = None


class ConsentForm(AuthorizeQuery, frozen=True, kw_only=True):
    """The consent form: the query of the page and the merchant's decision."""

    do: Annotated[Literal["approve", "deny"], doc("The decision.", _OURS)]


class TokenExchange(Record, frozen=True, kw_only=True):
    """Query, form or JSON body of `/oauth/token`.

    All fields are optional here, because a missing one gets the same error as an invalid one.
    """

    client_id: Annotated[str, doc("App id.", _DOC)] | None = None
    client_secret: Annotated[str, doc("App secret.", _DOC)] | None = None
    code: Annotated[str, doc("One-time authorization code.", _DOC)] | None = None


class Code(Record, frozen=True, kw_only=True):
    """A stored authorization code; it is deleted when it is used."""

    code: str
    created_ms: Millis


CODE_LIFETIME_MS = 10 * 60 * 1000
"""Ten minutes (inferred: Clover documents no lifetime; another public mock uses the same)."""


class AccessToken(Record, frozen=True, kw_only=True):
    """Response to a token exchange."""

    evidence: ClassVar[Evidence] = observed("GP CloverApiAuthorize: a UUID, and no other field")

    access_token: str


class ApiKeyResponse(Record, frozen=True, kw_only=True):
    """Response of `GET /pakms/apikey`. A merchant has one key; it never expires (SEED 2024-07)."""

    evidence: ClassVar[Evidence] = documented(
        "SEED 2024-07; PY 2019 and GP 2021 have the same fields"
    )

    active: bool
    apiAccessKey: str
    createdTime: Millis
    developerAppUuid: str
    merchantUuid: str
    modifiedTime: Millis


class KeysResponse(Record, frozen=True, kw_only=True):
    """Response of `GET /assets/keys.json`. Base64 of modulus and exponent, 256 bytes each."""

    evidence: ClassVar[Evidence] = documented("AROUND 3.1: keys.json of the CDN")

    TA_PUBLIC_KEY_DEV: str
    TA_PUBLIC_KEY_PROD: str
