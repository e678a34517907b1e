"""Tokens of what is no plain card: gift cards, bank accounts, TransArmor tokens, wallets.

As with a card, the numbers end here: a fingerprint and the last four digits stay.
"""

import re
from collections.abc import Callable

from mock_clover.clover.common.cards import BRANDS, Brand, Card, Face, brand_of
from mock_clover.clover.common.problems import (
    BY_NAME,
    INVALID_CARD_TYPE,
    INVALID_PAN,
    INVALID_REQUEST,
)
from mock_clover.clover.gift_cards.records import NUMBER_LENGTHS, GiftCardRequest
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms, read_expiry
from mock_clover.clover.tokens.problems import INSTRUMENTS_MIXED
from mock_clover.clover.tokens.records import (
    GiftCardLast4,
    Kind,
    Token,
    TokenAnswer,
    TokenRequest,
    token_answer,
)
from mock_clover.clover.tokens.records_bank_account import AchRequest, AchView
from mock_clover.engine.endpoint import Call
from mock_clover.engine.overrides import find_override, may_be_overridden
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox

_SECURITY_CODE = re.compile(r"[0-9]{4,8}", re.ASCII)
_TOKEN_VALUE = re.compile(r"[0-9A-Za-z]{8,64}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -")
_WALLET_PAN = "4242424242424242"
"""A wallet's card is sealed: it is taken for Clover's approving test card (inferred)."""
_WALLET_YEARS = 3

# Spellings of brands that clients send in the wild, beside Clover's own words.
_BRAND_WORDS: dict[str, Brand] = {
    **{brand: brand for brand in BRANDS},
    "MASTERCARD": "MC",
    "AMERICANEXPRESS": "AMEX",
    "DINERS": "DINERS_CLUB",
    "DINERSCLUB": "DINERS_CLUB",
}


def brand_word(word: str) -> Brand:
    """Return the brand that a client's word means, or refuse."""
    brand = _BRAND_WORDS.get(word.upper().replace(" ", "").replace("-", ""))
    if brand is None:
        raise INVALID_CARD_TYPE.error()
    return brand


def apply_token_rules(sandbox: Sandbox, call: Call[TokenRequest, None], card: Card) -> None:
    """Refuse as a rule or a header says: only here is the card known to match a rule."""
    if may_be_overridden(sandbox, call.headers, b""):
        step = find_override(sandbox, "create_token", None, (), call.headers, card)
        if step is not None and step.then.problem is not None:
            raise BY_NAME[step.then.problem].error(why=step.why)


def create_other(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Make a token of the one instrument that is given and is no card."""
    given = [
        name
        for name in TokenRequest.__struct_fields__
        if name != "apiKey" and getattr(call.body, name) is not None
    ]
    if len(given) > 1:
        raise INSTRUMENTS_MIXED.error()
    make = _MAKERS.get(given[0]) if given else None
    if make is None:
        raise INVALID_PAN.error()
    return make(sandbox, call)


def _of_gift_card(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Keep a gift card's token. Source: MD:create-a-gift-card-token."""
    asked = call.body.gift_card
    number = _gift_number(asked or GiftCardRequest())
    card = _faceless(sandbox, number, number[-4:], "GIFT_CARD")
    token = _keep(sandbox, call, card, "gift_card")
    call.why = f"gift card ...{card.last4} is kept as a token"
    return TokenAnswer(id=token.id, object="token", giftCard=GiftCardLast4(last4=card.last4))


def _gift_number(asked: GiftCardRequest) -> str:
    numbers = {said.translate(_SEPARATORS) for said in (asked.card_number, asked.number) if said}
    number = numbers.pop() if len(numbers) == 1 else ""
    if not _DIGITS.fullmatch(number) or len(number) not in NUMBER_LENGTHS:
        raise INVALID_REQUEST.error(param="gift_card.card_number")
    if asked.security_code is not None and not _SECURITY_CODE.fullmatch(asked.security_code):
        raise INVALID_REQUEST.error(param="gift_card.security_code")
    return number


def _of_bank_account(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Keep a bank account's token, single-use. Source: MD:create-an-ach-token."""
    asked = call.body.ach
    if asked is None:
        raise INVALID_REQUEST.error(param="ach")
    _check_holder(asked)
    account, routing = asked.bank_account_number, asked.bank_routing_number
    card = _faceless(sandbox, f"{routing} {account}", account[-4:], "")
    token = _keep(sandbox, call, card, "ach")
    call.why = f"bank account ...{card.last4} is kept as a single-pay token"
    shown = AchView(account_last4=account[-4:], routing_last4=routing[-4:])
    return TokenAnswer(id=token.id, object="token", ach=shown)


def _check_holder(asked: AchRequest) -> None:
    """Refuse a check without its owner's name: a person has two, a company one."""
    if asked.check_type == "personal_check":
        if asked.first_name is None:
            raise INVALID_REQUEST.error(param="ach.first_name")
        if asked.last_name is None:
            raise INVALID_REQUEST.error(param="ach.last_name")
    elif asked.business_name is None:
        raise INVALID_REQUEST.error(param="ach.business_name")


def _of_foreign_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Keep a TransArmor token as a multi-pay one. Source: OAS-TOK external_token."""
    asked = call.body.external_token
    if asked is None or not _TOKEN_VALUE.fullmatch(asked.token_value):
        raise INVALID_REQUEST.error(param="external_token.token_value")
    known = asked.transarmor_token_attribute
    month, year = read_expiry(sandbox, known.exp_month, known.exp_year)
    for name, count in (("first6", 6), ("last4", 4)):
        said = getattr(known, name)
        if said and not (_DIGITS.fullmatch(said) and len(said) == count):
            raise INVALID_REQUEST.error(param=f"external_token.transarmor_token_attribute.{name}")
    card = Card(
        brand=brand_word(known.brand) if known.brand else "",
        first6=known.first6 or "",
        last4=known.last4 or asked.token_value[-4:],
        exp_month=month,
        exp_year=year,
        fingerprint=fingerprint(sandbox.fingerprint_key, asked.token_value),
        good_until_ms=end_of_month_ms(int(year), int(month)),
        name=known.name,
        address_line1=known.address_line1,
        address_zip=known.address_zip,
    )
    token = _keep(
        sandbox, call, card, "card", foreign=True, has_first=known.transactionId is not None
    )
    call.why = f"a TransArmor token ...{card.last4} is kept as a multi-pay token"
    return token_answer(token)


def _of_wallet(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenAnswer:
    """Keep a wallet's token, single-use. Which card is in it, nobody but Clover can tell."""
    year = sandbox.clock.month()[0] + _WALLET_YEARS
    card = Card(
        brand=brand_of(_WALLET_PAN) or "",
        first6=_WALLET_PAN[:6],
        last4=_WALLET_PAN[-4:],
        exp_month="12",
        exp_year=str(year),
        fingerprint=fingerprint(sandbox.fingerprint_key, _WALLET_PAN),
        good_until_ms=end_of_month_ms(year, 12),
    )
    token = _keep(sandbox, call, card, "card")
    call.why = f"a wallet is taken for the test card ...{card.last4} (inferred)"
    return token_answer(token)


def _faceless(sandbox: Sandbox, secret: str, last4: str, brand: Face) -> Card:
    """Return what stands for a card where there is none."""
    return Card(
        brand=brand,
        first6="",
        last4=last4,
        exp_month="",
        exp_year="",
        fingerprint=fingerprint(sandbox.fingerprint_key, secret),
    )


def _keep(
    sandbox: Sandbox,
    call: Call[TokenRequest, None],
    card: Card,
    kind: Kind,
    *,
    foreign: bool = False,
    has_first: bool = False,
) -> Token:
    apply_token_rules(sandbox, call, card)
    sandbox.tokens.require_room()
    token = Token(
        id=sandbox.ids.token_id(),
        created_ms=sandbox.clock.now_ms(),
        card=card,
        kind=kind,
        state="multipay" if foreign else "new",
        foreign=foreign,
        has_first=has_first,
    )
    sandbox.tokens.put(token.id, token)
    return token


_MAKERS: dict[str, Callable[[Sandbox, Call[TokenRequest, None]], TokenAnswer]] = {
    "gift_card": _of_gift_card,
    "ach": _of_bank_account,
    "external_token": _of_foreign_token,
    "encryptedWallet": _of_wallet,
    "encrypted_wallet": _of_wallet,
    "applePayPaymentData": _of_wallet,
}
