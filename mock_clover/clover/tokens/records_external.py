"""What others tokenised: a TransArmor token of another integration, and Apple Pay's payload.

Neither opens here: the one has no card number in it, the other is sealed for Clover's own key.
"""

from typing import Annotated, Literal

from mock_clover.core.evidence import doc, documented, inferred
from mock_clover.core.record import Record

_OAS = documented("OAS-TOK external_token")
_APPLE = documented("MD:create-applepaywallet-token")


class TokenAttribute(Record, frozen=True, kw_only=True):
    """`transarmor_token_attribute`: what is known of the card behind a token."""

    exp_month: Annotated[str, doc("One or two digits, 1 to 12.", _OAS)]
    exp_year: Annotated[str, doc("Two or four digits.", _OAS)]
    name: Annotated[str, doc("Cardholder.", _OAS)] | None = None
    brand: Annotated[str, doc("Brand; answers show none without it.", _OAS)] | None = None
    first6: Annotated[str, doc("First six digits of the card.", _OAS)] | None = None
    last4: Annotated[str, doc("Last four; the token's own else.", _OAS)] | None = None
    address_line1: Annotated[str, doc("Street address.", _OAS)] | None = None
    address_line2: Annotated[str, doc("Second line.", _OAS)] | None = None
    address_city: Annotated[str, doc("City.", _OAS)] | None = None
    address_state: Annotated[str, doc("State.", _OAS)] | None = None
    address_zip: Annotated[str, doc("Postal code.", _OAS)] | None = None
    address_country: Annotated[str, doc("Country.", _OAS)] | None = None
    transactionId: (
        Annotated[str, doc("Of the first payment; spares later ones a warning.", _OAS)] | None
    ) = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "TokenAttribute(...)"


class ExternalTokenRequest(Record, frozen=True, kw_only=True):
    """`external_token` of a token request. Its value stands for a card: never print, never keep."""

    token_type: Annotated[Literal["TRANSARMOR"], doc("The one kind that is known.", _OAS)]
    token_value: Annotated[
        str, doc("8 to 64 letters and digits; a bare number is taken too.", _OAS)
    ]
    transarmor_token_attribute: Annotated[TokenAttribute, doc("The card behind it.", _OAS)]

    def __repr__(self) -> str:
        """Show nothing."""
        return "ExternalTokenRequest(...)"


class ApplePayHeader(Record, frozen=True, kw_only=True):
    """`header` of Apple Pay's payload."""

    ephemeralPublicKey: Annotated[str, doc("Base64.", _APPLE)]
    publicKeyHash: Annotated[str, doc("Base64.", _APPLE)]
    transactionId: Annotated[str, doc("Hexadecimal.", _APPLE)]


class ApplePayPaymentData(Record, frozen=True, kw_only=True):
    """`applePayPaymentData`: sealed for Clover's key, so it is not opened here."""

    data: Annotated[str, doc("Base64 of the sealed card.", _APPLE, min_length=1)]
    header: Annotated[ApplePayHeader, doc("How it is sealed.", _APPLE)]
    signature: Annotated[str, doc("Base64.", _APPLE, min_length=1)]
    version: Annotated[str, doc("As EC_v1.", _APPLE, min_length=1, max_length=16)]

    def __repr__(self) -> str:
        """Show nothing."""
        return "ApplePayPaymentData(...)"


class WalletRequest(Record, frozen=True, kw_only=True):
    """The object that wraps a wallet's payload; that there is one, and its name, is inferred."""

    applePayPaymentData: Annotated[
        ApplePayPaymentData, doc("Apple Pay.", inferred("the wrapping object was not captured"))
    ]

    def __repr__(self) -> str:
        """Show nothing."""
        return "WalletRequest(...)"
