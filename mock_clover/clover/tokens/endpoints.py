"""Tokens: decrypt, validate, forget. The PAN and the CVV never leave this module.

Order of the checks is inferred: number, expiry, CVV.
"""

import re

from mock_clover.clover.common.cards import Brand, Card, brand_of
from mock_clover.clover.common.problems import (
    CARD_NOT_LISTED,
    EXPIRED_CARD,
    INCORRECT_CVC,
    INCORRECT_NUMBER,
    INVALID_CARD_TYPE,
    INVALID_EXPIRY_MONTH,
    INVALID_EXPIRY_YEAR,
    INVALID_PAN,
    INVALID_REQUEST,
    PAN_CONTRADICTED,
    TOKEN_NOT_FOUND,
)
from mock_clover.clover.tokens.operations import apply_token_rules, brand_word, create_other
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms, read_expiry
from mock_clover.clover.tokens.problems import INSTRUMENTS_MIXED
from mock_clover.clover.tokens.records import (
    TOKEN_VIEW_FACT,
    CardRequest,
    Token,
    TokenAnswer,
    TokenRequest,
    TokenView,
    token_answer,
    token_view,
)
from mock_clover.core.evidence import documented
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox

_PAN = re.compile(r"[2-9][0-9]{12,18}", re.ASCII)
_CVV = re.compile(r"[0-9]{3,4}", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -")


def create_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Turn a card, or another instrument, into a token.

    No address or CVV check happens here (documented).
    """
    body = call.body
    asked = body.card
    if asked is None or (
        body.gift_card
        or body.ach
        or body.external_token
        or body.encryptedWallet
        or body.encrypted_wallet
        or body.applePayPaymentData
    ):
        return create_other(sandbox, call)
    card = read_card(sandbox, asked)
    apply_token_rules(sandbox, call, card)
    sandbox.tokens.require_room()
    token = Token(id=sandbox.ids.token_id(), created_ms=sandbox.clock.now_ms(), card=card)
    sandbox.tokens.put(token.id, token)
    call.why = f"{card.brand} ...{card.last4} is kept as a single-pay token"
    return token_answer(token)


def read_card(sandbox: Sandbox, asked: CardRequest) -> Card:
    """Return what may be kept of a card, its number and CVV checked and forgotten."""
    pan = _pan(sandbox, asked)
    brand = _brand(asked, pan)
    _check_against(asked, pan)
    month, year = read_expiry(sandbox, asked.exp_month, asked.exp_year)
    if asked.cvv is not None and not _CVV.fullmatch(asked.cvv):
        raise INCORRECT_CVC.error()
    print_of_pan = fingerprint(sandbox.fingerprint_key, pan)
    if sandbox.settings.listed_cards_only and not sandbox.rules.lists(print_of_pan):
        raise CARD_NOT_LISTED.error()
    return Card(
        brand=brand,
        first6=pan[:6],
        last4=pan[-4:],
        exp_month=month,
        exp_year=year,
        fingerprint=print_of_pan,
        good_until_ms=end_of_month_ms(int(year), int(month)),
        has_cvv=asked.cvv is not None,
        name=asked.name,
        address_line1=asked.address_line1,
        address_zip=asked.address_zip,
    )


def get_token(sandbox: Sandbox, call: Call[None, None]) -> TokenView:
    """Return what is kept of a token; only Clover's SDKs know this call."""
    token = sandbox.tokens.get(call.ids[0])
    if token is None:
        raise TOKEN_NOT_FOUND.error(id=call.ids[0])
    known = sandbox.credentials
    return token_view(token, known.merchant_id, known.client_id)


def _pan(sandbox: Sandbox, asked: CardRequest) -> str:
    if asked.encrypted_pan:
        pan = sandbox.keys.decrypt_pan(asked.encrypted_pan)
        if pan is None or not _PAN.fullmatch(pan):
            raise INVALID_PAN.error()
    elif asked.number:
        pan = asked.number.translate(_SEPARATORS)
        if not _PAN.fullmatch(pan):
            raise INCORRECT_NUMBER.error()
    else:
        raise INVALID_PAN.error()
    if not passes_luhn(pan):
        raise INCORRECT_NUMBER.error()
    return pan


def _brand(asked: CardRequest, pan: str) -> Brand:
    """Return the PAN's own brand; the one that was sent must only be a brand."""
    sent = brand_word(asked.brand) if asked.brand else None
    brand = brand_of(pan) or sent
    if brand is None:
        raise INVALID_CARD_TYPE.error()
    return brand


def _check_against(asked: CardRequest, pan: str) -> None:
    if asked.first6 and asked.first6 != pan[:6]:
        raise PAN_CONTRADICTED.error(param="first6")
    if asked.last4 and asked.last4 != pan[-4:]:
        raise PAN_CONTRADICTED.error(param="last4")


ENDPOINTS = (
    Endpoint(
        name="create_token",
        method="POST",
        path="/v1/tokens",
        run=create_token,
        auth="apikey",
        request=TokenRequest,
        response=TokenAnswer,
        cross_origin=True,
        secret=True,
        errors=(
            INVALID_PAN,
            INCORRECT_NUMBER,
            PAN_CONTRADICTED,
            CARD_NOT_LISTED,
            INCORRECT_CVC,
            INVALID_EXPIRY_MONTH,
            INVALID_EXPIRY_YEAR,
            EXPIRED_CARD,
            INVALID_CARD_TYPE,
            INSTRUMENTS_MIXED,
            INVALID_REQUEST,
        ),
        about="Turn a card, its number plain or encrypted, a gift card, a bank account, a "
        "TransArmor token or a wallet's payload into a token.",
        fact=documented("OAS-TOK; SEED card token"),
    ),
    Endpoint(
        name="get_token",
        method="GET",
        path="/v1/tokens/{token_id}",
        run=get_token,
        response=TokenView,
        extension=True,
        errors=(TOKEN_NOT_FOUND,),
        about="Look at a token; only Clover's SDKs know this call.",
        fact=TOKEN_VIEW_FACT,
    ),
)
