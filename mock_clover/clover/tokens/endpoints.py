"""Create tokens: decrypt and validate cards. `parse_card` returns a card without PAN and CVV.

The order of the checks is inferred: number, expiry, CVV.
"""

import re
from typing import NamedTuple

from mock_clover.clover.common.cards import BRANDS, Brand, Card, brand_of
from mock_clover.clover.common.problems import (
    CARD_NOT_LISTED,
    EXPIRED_CARD,
    INCORRECT_CVC,
    INCORRECT_NUMBER,
    INVALID_CARD_TYPE,
    INVALID_EXPIRY_MONTH,
    INVALID_EXPIRY_YEAR,
    INVALID_PAN,
    MULTI_PAY_TOKENS_DISABLED,
    PAN_MISMATCH,
    PARAMETER_MISSING,
    TOKEN_NOT_FOUND,
    strict_refusal,
)
from mock_clover.clover.tokens.behaviours import PRODUCTION_KEY_IS_ACCEPTED
from mock_clover.clover.tokens.operations import (
    apply_token_rules,
    create_non_card_token,
    parse_brand,
)
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms, parse_expiry
from mock_clover.clover.tokens.problems import MULTIPLE_INSTRUMENTS
from mock_clover.clover.tokens.records import (
    TOKEN_VIEW_EVIDENCE,
    CardRequest,
    Token,
    TokenDetailsResponse,
    TokenRequest,
    TokenResponse,
    token_details_response,
    token_response,
)
from mock_clover.core.evidence import documented
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Auth, Call, Endpoint
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox

_PAN = re.compile(r"[2-9][0-9]{12,18}", re.ASCII)
_CVV = re.compile(r"[0-9]{3,4}", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -")
_PRODUCTION_KEY = "is encrypted under the production key; the sandbox has TA_PUBLIC_KEY_DEV"
_REQUIRED_IF_ENCRYPTED = (
    "transarmor_key_id",
    "exp_month",
    "exp_year",
    "cvv",
    "brand",
    "first6",
    "last4",
)
"""Members that SEED card token requires with an encrypted PAN; clients leave some out."""


def create_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a token for a card or another payment instrument.

    Address and CVV are checked later, when the token is charged (documented).
    """
    body = call.body
    if body.card is None or (
        body.gift_card
        or body.ach
        or body.external_token
        or body.encryptedWallet
        or body.encrypted_wallet
        or body.applePayPaymentData
    ):
        return create_non_card_token(sandbox, call)
    remark = _check_encrypted_members(sandbox, body.card)
    card, has_production_key = read_card(sandbox, body.card)
    if has_production_key:
        call.basis = (PRODUCTION_KEY_IS_ACCEPTED,)
        remark = f"; card.encrypted_pan {_PRODUCTION_KEY}{remark}"
    apply_token_rules(sandbox, call, card)
    sandbox.tokens.check_capacity()
    token = Token(id=sandbox.ids.token_id(), created_ms=sandbox.clock.now_ms(), card=card)
    sandbox.tokens.put(token.id, token)
    call.why = f"created a single-pay token for {card.brand} ...{card.last4}{remark}"
    return token_response(token)


def _check_encrypted_members(sandbox: Sandbox, request: CardRequest) -> str:
    """Return a remark about documented members that an encrypted card lacks, or ''.

    With `strict`, raise PARAMETER_MISSING for the first one; no refusal was recorded.
    """
    if not request.encrypted_pan:
        return ""
    missing = [name for name in _REQUIRED_IF_ENCRYPTED if not getattr(request, name)]
    if missing and sandbox.settings.strict:
        raise strict_refusal(PARAMETER_MISSING, param=f"card.{missing[0]}")
    names = ", ".join(f"card.{name}" for name in missing)
    return f"; {names} missing, required with encrypted_pan (documented)" if missing else ""


class ReadCard(NamedTuple):
    """A validated card, and whether it was encrypted with the production key."""

    card: Card
    has_production_key: bool


def parse_card(sandbox: Sandbox, request: CardRequest) -> Card:
    """Validate a card and return it without its PAN and CVV."""
    return read_card(sandbox, request).card


def read_card(sandbox: Sandbox, request: CardRequest) -> ReadCard:
    """Validate a card; also return which key encrypted it. Raises ApiError."""
    pan, has_production_key = _read_pan(sandbox, request)
    brand = _determine_brand(request, pan)
    _check_first6_and_last4(request, pan)
    month, year = parse_expiry(sandbox, request.exp_month, request.exp_year)
    if request.cvv is not None and not _CVV.fullmatch(request.cvv):
        rule = f"card.cvv has {len(request.cvv)} characters; must be 3 or 4 digits"
        raise INCORRECT_CVC.error(rule=rule)
    pan_fingerprint = fingerprint(sandbox.fingerprint_key, pan)
    if sandbox.settings.listed_cards_only and not sandbox.rules.has_card(pan_fingerprint):
        rule = "the scenario does not list the card, and accepts listed cards only"
        raise CARD_NOT_LISTED.error(rule=f"{rule} (setting listed_cards_only)")
    card = Card(
        brand=brand,
        first6=pan[:6],
        last4=pan[-4:],
        exp_month=month,
        exp_year=year,
        fingerprint=pan_fingerprint,
        expires_ms=end_of_month_ms(int(year), int(month)),
        has_cvv=request.cvv is not None,
        name=request.name,
        address_line1=request.address_line1,
        address_line2=request.address_line2,
        address_city=request.address_city,
        address_state=request.address_state,
        address_zip=request.address_zip,
        address_country=request.address_country,
    )
    return ReadCard(card, has_production_key)


def get_token(sandbox: Sandbox, call: Call[None, None]) -> TokenDetailsResponse:
    """Return a token; only Clover's SDKs define this operation."""
    token = sandbox.tokens.require(call.ids[0], TOKEN_NOT_FOUND, "token")
    credentials = sandbox.credentials
    return token_details_response(token, credentials.merchant_id, credentials.client_id)


def _wrong_form(pan: str) -> str:
    return f"has {len(pan)} characters; must be 13 to 19 digits, not first 0 or 1"


def _read_pan(sandbox: Sandbox, request: CardRequest) -> tuple[str, bool]:
    """Return the PAN, and whether it was encrypted with the production key."""
    has_production_key = False
    if request.encrypted_pan:
        decrypted = sandbox.keys.decrypt_pan(request.encrypted_pan)
        if decrypted is None and sandbox.keys.production.exists():
            decrypted = sandbox.keys.production.decrypt_pan(request.encrypted_pan)
            has_production_key = decrypted is not None
            if has_production_key and sandbox.settings.strict:
                raise strict_refusal(INVALID_PAN, reason=f"card.encrypted_pan {_PRODUCTION_KEY}")
        if decrypted is None:
            rule = "card.encrypted_pan is not a card number under TA_PUBLIC_KEY_DEV"
            raise INVALID_PAN.error(rule=f"{rule} of GET /assets/keys.json")
        if not _PAN.fullmatch(decrypted):
            rule = f"the number in card.encrypted_pan {_wrong_form(decrypted)}"
            raise INVALID_PAN.error(rule=rule)
        pan = decrypted
    elif request.number:
        pan = request.number.translate(_SEPARATORS)
        if not _PAN.fullmatch(pan):
            raise INCORRECT_NUMBER.error(rule=f"card.number {_wrong_form(pan)}")
    else:
        raise INVALID_PAN.error(
            rule="card.number and card.encrypted_pan are missing; one is required"
        )
    if not passes_luhn(pan):
        raise INCORRECT_NUMBER.error(rule="the card number fails the Luhn check: a digit is wrong")
    return pan, has_production_key


def _determine_brand(request: CardRequest, pan: str) -> Brand:
    """Return the brand of the PAN; a brand in the request is validated.

    The brand in the request is used only if the range of the PAN is unknown.
    """
    requested_brand = parse_brand(request.brand) if request.brand else None
    brand = brand_of(pan) or requested_brand
    if brand is None:
        rule = f"the number is of no known brand; send card.brand, one of {', '.join(BRANDS)}"
        raise INVALID_CARD_TYPE.error(rule=rule)
    return brand


def _check_first6_and_last4(request: CardRequest, pan: str) -> None:
    if request.first6 and request.first6 != pan[:6]:
        rule = "card.first6 is not the first six digits of the card number"
        raise PAN_MISMATCH.error(param="first6", rule=rule)
    if request.last4 and request.last4 != pan[-4:]:
        rule = "card.last4 is not the last four digits of the card number"
        raise PAN_MISMATCH.error(param="last4", rule=rule)


ENDPOINTS = (
    Endpoint(
        name="create_token",
        method="POST",
        path="/v1/tokens",
        run=create_token,
        auth=Auth(kind="apikey"),
        request=TokenRequest,
        response=TokenResponse,
        cross_origin=True,
        has_card_data=True,
        errors=(
            INCORRECT_NUMBER,
            PAN_MISMATCH,
            CARD_NOT_LISTED,
            INCORRECT_CVC,
            INVALID_EXPIRY_MONTH,
            INVALID_EXPIRY_YEAR,
            EXPIRED_CARD,
            INVALID_CARD_TYPE,
            MULTIPLE_INSTRUMENTS,
            MULTI_PAY_TOKENS_DISABLED,
        ),
        about="Create a token for a card (plain or encrypted PAN), a gift card, a bank account, "
        "a TransArmor token or a wallet payload.",
        evidence=documented("OAS-TOK; SEED card token"),
    ),
    Endpoint(
        name="get_token",
        method="GET",
        path="/v1/tokens/{token_id}",
        run=get_token,
        response=TokenDetailsResponse,
        extension=True,
        errors=(TOKEN_NOT_FOUND,),
        about="Get a token; only Clover's SDKs define this operation.",
        evidence=TOKEN_VIEW_EVIDENCE,
    ),
)
