"""Legacy OAuth ("v1") and the PAKMS key."""

from typing import Annotated, ClassVar, Literal

from mock_clover.core.evidence import Evidence, Millis, doc, documented, inferred, observed
from mock_clover.core.record import Record

_DOC = documented("MD:using-oauth-20")
_OURS = inferred("of this mock, not of Clover")

Consent = Literal["auto", "ask"]
"""`auto`: the merchant agrees automatically. `ask`: the consent page is shown."""
AskedConsent = (
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
    state: Annotated[str, doc("Echoed back.", _DOC, max_length=2000)] | None = None
    mock_clover_consent: AskedConsent = None


class ConsentForm(AuthorizeQuery, frozen=True, kw_only=True):
    """The consent form: the query of the page and the decision of the merchant."""

    do: Annotated[Literal["approve", "deny"], doc("Button that was pressed.", _OURS)]


class TokenExchange(Record, frozen=True, kw_only=True):
    """Query, form or JSON body of `/oauth/token`.

    All members are optional here, because a missing one gets the same error as a wrong one.
    """

    client_id: Annotated[str, doc("App id.", _DOC)] | None = None
    client_secret: Annotated[str, doc("App secret.", _DOC)] | None = None
    code: Annotated[str, doc("One-time authorization code.", _DOC)] | None = None


class Code(Record, frozen=True, kw_only=True):
    """A stored authorization code; it is deleted when it is used."""

    code: str
    created_ms: Millis


CODE_LIFE_MS = 10 * 60 * 1000
"""Ten minutes (inferred: Clover documents no lifetime; a public fake uses the same)."""


class AccessToken(Record, frozen=True, kw_only=True):
    """Response to a token exchange."""

    evidence: ClassVar[Evidence] = observed("GP CloverApiAuthorize: a UUID, and no other member")

    access_token: str


class ApiKeyAnswer(Record, frozen=True, kw_only=True):
    """Response of `GET /pakms/apikey`. Source: SEED 2024-07; one per merchant, never expires."""

    evidence: ClassVar[Evidence] = documented(
        "SEED 2024-07; PY 2019 and GP 2021 have the same members"
    )

    active: bool
    apiAccessKey: str
    createdTime: Millis
    developerAppUuid: str
    merchantUuid: str
    modifiedTime: Millis


class KeysAnswer(Record, frozen=True, kw_only=True):
    """Response of `GET /assets/keys.json`. Base64 of modulus and exponent, 256 bytes each."""

    evidence: ClassVar[Evidence] = documented("AROUND 3.1: keys.json of the CDN")

    TA_PUBLIC_KEY_DEV: str
    TA_PUBLIC_KEY_PROD: str
