"""Cards tokenized by other systems: TransArmor tokens and Apple Pay payloads.

Neither gives the mock a PAN: a TransArmor token contains none, and Apple Pay payloads are encrypted
with Clover's key.
"""

from typing import Annotated, Literal

from mock_clover.core.evidence import doc, documented, observed
from mock_clover.core.record import Record, SecretRecord

_OAS = documented("OAS-TOK external_token")
_PILOT = documented("DOCS:ta-pilot-use-existing-transarmor-tokens")
_APPLE = documented("MD:create-applepaywallet-token")
WRAPPER = observed("LatteLink 2026-04 sends encryptedWallet.applePayPaymentData")


class TokenAttribute(SecretRecord, frozen=True, kw_only=True):
    """`transarmor_token_attribute`: the card of the token."""

    exp_month: Annotated[str, doc("One or two digits, 1 to 12.", _OAS)]
    exp_year: Annotated[str, doc("Two or four digits.", _OAS)]
    name: Annotated[str, doc("Name of the cardholder.", _OAS)] | None = None
    brand: Annotated[str, doc("Brand; if it is missing, responses have no brand.", _OAS)] | None = (
        None
    )
    first6: Annotated[str, doc("First six digits of the card.", _OAS)] | None = None
    last4: (
        Annotated[str, doc("Last four digits of the card. Default: those of the token.", _OAS)]
        | None
    ) = None
    address_line1: Annotated[str, doc("Street address.", _OAS)] | None = None
    address_line2: Annotated[str, doc("Second line.", _OAS)] | None = None
    address_city: Annotated[str, doc("City.", _OAS)] | None = None
    address_state: Annotated[str, doc("State.", _OAS)] | None = None
    address_zip: Annotated[str, doc("Postal code.", _OAS)] | None = None
    address_country: Annotated[str, doc("Country.", _OAS)] | None = None
    transactionId: (
        Annotated[
            str, doc("Transaction id of the first payment; avoids a warning on later ones.", _OAS)
        ]
        | None
    ) = None


class ExternalTokenRequest(SecretRecord, frozen=True, kw_only=True):
    """`external_token` of a token request. Its value represents a card: never log or store it."""

    token_type: Annotated[Literal["TRANSARMOR"], doc("The only known type.", _OAS)] | None = None
    token_value: Annotated[
        str, doc("8 to 64 letters and digits; a JSON number is accepted too.", _OAS)
    ]
    transarmor_token_attribute: (
        Annotated[TokenAttribute, doc("The card of the token.", _OAS)] | None
    ) = None
    exp_month: Annotated[str, doc("Instead of the attribute's.", _PILOT)] | None = None
    exp_year: Annotated[str, doc("Instead of the attribute's.", _PILOT)] | None = None


class ApplePayHeader(Record, frozen=True, kw_only=True):
    """`header` of an Apple Pay payload."""

    ephemeralPublicKey: Annotated[str, doc("Base64.", _APPLE)]
    publicKeyHash: Annotated[str, doc("Base64.", _APPLE)]
    transactionId: Annotated[str, doc("Hexadecimal.", _APPLE)]


class ApplePayPaymentData(SecretRecord, frozen=True, kw_only=True):
    """`applePayPaymentData`: encrypted with Clover's key, so this mock does not decrypt it."""

    data: Annotated[str, doc("Base64 of the encrypted card.", _APPLE, min_length=1)]
    header: Annotated[ApplePayHeader, doc("Encryption parameters.", _APPLE)]
    signature: Annotated[str, doc("Base64.", _APPLE, min_length=1)]
    version: Annotated[str, doc("For example EC_v1.", _APPLE, min_length=1, max_length=16)]


class WalletRequest(SecretRecord, frozen=True, kw_only=True):
    """Wrapper object of a wallet payload."""

    applePayPaymentData: Annotated[ApplePayPaymentData, doc("Apple Pay.", WRAPPER)]
