"""Tokens of cards and other instruments: requests, stored tokens and responses.

`TokenRequest` contains the PAN and the CVV. It lives from decoding to the end of the handler; its
repr shows no values, and it is never stored or journaled.
"""

from typing import Annotated, ClassVar, Literal

from mock_clover.clover.common.cards import Card, SourceBrand
from mock_clover.clover.gift_cards.records import GiftCardRequest
from mock_clover.clover.tokens.records_bank_account import AchRequest, AchResponse
from mock_clover.clover.tokens.records_external import (
    WRAPPER,
    ApplePayPaymentData,
    ExternalTokenRequest,
    WalletRequest,
)
from mock_clover.core.evidence import (
    Evidence,
    FieldEvidence,
    Millis,
    doc,
    documented,
    inferred,
    observed,
)
from mock_clover.core.record import Record, SecretRecord

_OAS = documented("OAS-TOK")
_SEED = documented("SEED card token")
_AVS = documented("OAS-TOK; stored for the address check at charge time")


class CardRequest(SecretRecord, frozen=True, kw_only=True):
    """`card` of a token request. Contains a PAN and a CVV: never log or store it."""

    number: (
        Annotated[
            str,
            doc("Unencrypted PAN.", _OAS, problem_name="INCORRECT_NUMBER"),
        ]
        | None
    ) = None
    encrypted_pan: (
        Annotated[
            str,
            doc(
                "Base64 of the RSA-OAEP-SHA1 encryption of eight zeros and the PAN; line breaks in "
                "the base64 are accepted.",
                documented("SEED card token; padding as in five public clients"),
                problem_name="INVALID_PAN",
            ),
        ]
        | None
    ) = None
    transarmor_key_id: (
        Annotated[
            str,
            doc(
                "Id of the key. Clover's clients leave it out, so any value is accepted.",
                _SEED,
            ),
        ]
        | None
    ) = None
    exp_month: (
        Annotated[
            str,
            doc("One or two digits, 1 to 12.", _OAS, problem_name="INVALID_EXPIRY_MONTH"),
        ]
        | None
    ) = None
    exp_year: (
        Annotated[
            str,
            doc(
                "Two or four digits; responses have four.",
                observed("Clover API Flow, sandbox; OAS-TOK"),
                problem_name="INVALID_EXPIRY_YEAR",
            ),
        ]
        | None
    ) = None
    cvv: Annotated[str, doc("Three or four digits.", _OAS, problem_name="INCORRECT_CVC")] | None = (
        None
    )
    first6: (
        Annotated[
            str,
            doc(
                "First six digits; must match the PAN.",
                _OAS,
                problem_name="INCORRECT_NUMBER",
            ),
        ]
        | None
    ) = None
    last4: (
        Annotated[
            str,
            doc(
                "Last four digits; must match the PAN.",
                _OAS,
                problem_name="INCORRECT_NUMBER",
            ),
        ]
        | None
    ) = None
    brand: (
        Annotated[
            str,
            doc(
                "Brand; the brand of the PAN is used instead.",
                _OAS,
                problem_name="INVALID_CARD_TYPE",
            ),
        ]
        | None
    ) = None
    country: Annotated[str, doc("Two-letter country code.", _OAS)] | None = None
    name: Annotated[str, doc("Name of the cardholder.", _OAS)] | None = None
    address_line1: Annotated[str, doc("Street address.", _AVS)] | None = None
    address_line2: Annotated[str, doc("Street address, second line.", _OAS)] | None = None
    address_city: Annotated[str, doc("City.", _OAS)] | None = None
    address_state: Annotated[str, doc("State.", _OAS)] | None = None
    address_zip: Annotated[str, doc("Postal code.", _AVS)] | None = None
    address_country: Annotated[str, doc("Country.", _OAS)] | None = None


_WALLET = inferred("another position of the documented payload than the one that was observed")


class TokenRequest(SecretRecord, frozen=True, kw_only=True):
    """Body of `POST /v1/tokens`: exactly one of these fields must be set (documented OAS-TOK)."""

    card: Annotated[CardRequest, doc("The card.", _OAS, problem_name="INVALID_PAN")] | None = None
    gift_card: (
        Annotated[GiftCardRequest, doc("A gift card.", documented("MD:create-a-gift-card-token"))]
        | None
    ) = None
    ach: (
        Annotated[AchRequest, doc("A bank account.", documented("MD:create-an-ach-token"))] | None
    ) = None
    external_token: (
        Annotated[ExternalTokenRequest, doc("A TransArmor token; creates a multi-pay token.", _OAS)]
        | None
    ) = None
    encryptedWallet: Annotated[WalletRequest, doc("A wallet.", WRAPPER)] | None = None
    encrypted_wallet: Annotated[WalletRequest, doc("A wallet.", _WALLET)] | None = None
    applePayPaymentData: Annotated[ApplePayPaymentData, doc("Apple Pay.", _WALLET)] | None = None
    apiKey: (
        Annotated[str, doc("Ignored; Clover's Node SDK sends it.", _OAS, has_no_effect=True)] | None
    ) = None


TokenState = Literal["new", "used", "multipay", "revoked"]
Instrument = Literal["card", "gift_card", "ach", "tender"]
"""The instrument of a token. For all but cards, only last4 and fingerprint are stored."""


class Token(Record, frozen=True, kw_only=True):
    """A stored token."""

    id: str
    card: Card
    created_ms: Millis
    state: TokenState = "new"
    kind: Instrument = "card"
    is_transarmor: bool = False
    """Whether the token was created from a TransArmor token of another integration."""
    customer: str | None = None
    card_id: str | None = None
    is_wallet: bool = False
    """Whether the token was created from a wallet, whose card is not known."""
    is_declined: bool = False
    """Whether a declined payment used the token."""
    has_first_payment: bool = False
    """Whether a payment of the token with the sequence FIRST was approved."""

    @property
    def is_single_pay(self) -> bool:
        """Whether a payment consumes the token. Documented: a gift card's token is used again."""
        return self.state == "new" and self.kind != "gift_card"


class TokenCard(Record, frozen=True, kw_only=True):
    """`card` of a token response."""

    evidence: ClassVar[Evidence] = documented("SEED accept-payments flow")

    exp_month: str
    exp_year: str
    first6: str | None = None
    last4: str
    brand: SourceBrand | None = None


class GiftCardLast4(Record, frozen=True, kw_only=True):
    """`giftCard` of a token response (documented); charges have `gift_card`."""

    evidence: ClassVar[Evidence] = documented("MD:create-a-gift-card-token")

    last4: str


class TokenResponse(Record, frozen=True, kw_only=True):
    """Response of `POST /v1/tokens`. Source: SEED accept-payments flow."""

    evidence: ClassVar[Evidence] = documented("SEED accept-payments flow")
    field_evidence: ClassVar[FieldEvidence] = {
        "giftCard": documented("MD:create-a-gift-card-token"),
        "ach": documented("MD:create-an-ach-token"),
    }

    id: str
    object: str | None = None
    card: TokenCard | None = None
    giftCard: GiftCardLast4 | None = None
    ach: AchResponse | None = None


def token_response(token: Token) -> TokenResponse:
    """Return the response to a new token of a card."""
    card = token.card
    return TokenResponse(
        id=token.id,
        object="token",
        card=TokenCard(
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            first6=card.first6 or None,
            last4=card.last4,
            brand=card.brand or None,
        ),
    )


class TokenMeta(Record, frozen=True, kw_only=True):
    """`tokenMeta` of the internal token view."""

    evidence: ClassVar[Evidence] = documented("OAS-TOK; the fixtures of PY match")

    tokenStatus: Literal["NEW", "VERIFIED"]
    tokenType: Literal["ONEOFF", "MULTIPAY"]
    tokenProvider: str
    paymentInstrument: str
    createdTime: Millis


class CloverToken(Record, frozen=True, kw_only=True):
    """`cloverToken` of the internal token view."""

    evidence: ClassVar[Evidence] = documented("OAS-TOK; the fixtures of PY match")

    id: str
    tokenValue: str
    merchantUuid: str
    developerAppUuid: str
    createdTime: Millis
    lastAccessedTime: Millis


class TokenDetailsResponse(Record, frozen=True, kw_only=True):
    """Response of `GET /v1/tokens/{id}`; only Clover's SDKs define it. Source: OAS-TOK, PY."""

    evidence: ClassVar[Evidence] = documented("OAS-TOK; the fixtures of PY match")

    card: TokenCard | None = None
    cloverToken: CloverToken
    tokenMeta: TokenMeta


def token_details_response(token: Token, merchant_id: str, app_id: str) -> TokenDetailsResponse:
    """Return the response to the retrieval of a token."""
    return TokenDetailsResponse(
        card=token_response(token).card if token.kind == "card" else None,
        cloverToken=CloverToken(
            id=token.id,
            tokenValue=token.id,
            merchantUuid=merchant_id,
            developerAppUuid=app_id,
            createdTime=token.created_ms,
            lastAccessedTime=token.created_ms,
        ),
        tokenMeta=TokenMeta(
            tokenStatus="NEW" if token.state == "new" else "VERIFIED",
            tokenType="MULTIPAY" if token.state == "multipay" else "ONEOFF",
            tokenProvider="MOCK",
            paymentInstrument=token.kind.upper(),
            createdTime=token.created_ms,
        ),
    )


TOKEN_VIEW_EVIDENCE = inferred("OAS-TOK declares the operation without its public flag")
