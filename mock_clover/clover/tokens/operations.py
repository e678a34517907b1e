"""Tokens of instruments other than cards: gift cards, bank accounts, TransArmor tokens, wallets.

As with cards, numbers are not stored, only a fingerprint and the last four digits.
"""

import re
from collections.abc import Callable

from msgspec.structs import replace

from mock_clover.clover.common.cards import BRANDS, Brand, Card, SourceBrand, brand_of
from mock_clover.clover.common.operations_merchant import require_multi_pay_tokens
from mock_clover.clover.common.problems import (
    BY_NAME,
    INVALID_CARD_TYPE,
    INVALID_PAN,
    INVALID_REQUEST,
)
from mock_clover.clover.gift_cards.records import NUMBER_LENGTHS, GiftCardRequest
from mock_clover.clover.tokens.behaviours import WALLET_IS_APPROVED
from mock_clover.clover.tokens.operations_expiry import end_of_month_ms, parse_expiry
from mock_clover.clover.tokens.problems import MULTIPLE_INSTRUMENTS
from mock_clover.clover.tokens.records import (
    GiftCardLast4,
    Instrument,
    Token,
    TokenRequest,
    TokenResponse,
    token_response,
)
from mock_clover.clover.tokens.records_bank_account import AchRequest, AchResponse
from mock_clover.clover.tokens.records_external import TokenAttribute
from mock_clover.core.broken_rule import shown
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call
from mock_clover.engine.overrides import find_override, may_have_override, spend_armed
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox

_SECURITY_CODE = re.compile(r"[0-9]{4,8}", re.ASCII)
_TOKEN_VALUE = re.compile(r"[0-9A-Za-z]{8,64}", re.ASCII)
_FIRST6_AND_LAST4 = 10
"""A number with as few digits would be known from its first six and last four."""
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_SEPARATORS = str.maketrans("", "", " -")
_WALLET_PAN = "4242424242424242"
"""Clover's approved test card; it replaces the encrypted card of a wallet (inferred)."""
_WALLET_YEARS = 3

# Spellings of brands that clients send in addition to Clover's own.
_BRAND_SPELLINGS: dict[str, Brand] = {
    **{brand: brand for brand in BRANDS},
    "MASTERCARD": "MC",
    "AMERICANEXPRESS": "AMEX",
    "DINERS": "DINERS_CLUB",
    "DINERSCLUB": "DINERS_CLUB",
}


def parse_brand(word: str) -> Brand:
    """Return the brand for a client's spelling, or raise INVALID_CARD_TYPE."""
    brand = _BRAND_SPELLINGS.get(word.upper().replace(" ", "").replace("-", ""))
    if brand is None:
        rule = f"card.brand is {shown(word)}; must be one of {', '.join(BRANDS)}"
        raise INVALID_CARD_TYPE.error(rule=f"{rule}{did_you_mean(word, BRANDS)}")
    return brand


def apply_token_rules(sandbox: Sandbox, call: Call[TokenRequest, None], card: Card) -> None:
    """Raise the error that a rule or header selects.

    This is the first point where the card is known and rules can match it.
    """
    if may_have_override(sandbox, call.headers, b""):
        override = find_override(sandbox, "create_token", None, (), call.headers, card)
        if override is not None and override.action.problem is not None:
            spend_armed(sandbox, override)
            raise BY_NAME[override.action.problem].error(why=override.why)


def create_non_card_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a token for the instrument in the request, if it is not a card."""
    names = [
        name
        for name in TokenRequest.__struct_fields__
        if name != "apiKey" and getattr(call.body, name) is not None
    ]
    if len(names) > 1:
        raise MULTIPLE_INSTRUMENTS.error(rule=f"the body has {', '.join(names)}; exactly one")
    create = _CREATORS.get(names[0]) if names else None
    if create is None:
        rule = f"the body has none of {', '.join(('card', *_CREATORS))}; "
        raise INVALID_PAN.error(rule=f"{rule}members such as number belong into card")
    return create(sandbox, call)


def _create_gift_card_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a token for a gift card. Source: MD:create-a-gift-card-token."""
    request = call.body.gift_card
    number = _gift_number(request or GiftCardRequest())
    card = _card_without_expiry(sandbox, number, number[-4:], "GIFT_CARD")
    if len(number) > _FIRST6_AND_LAST4:
        card = replace(card, first6=number[:6])
    token = _store(sandbox, call, card, "gift_card")
    call.why = f"created a token for gift card ...{card.last4}"
    return TokenResponse(id=token.id, object="token", giftCard=GiftCardLast4(last4=card.last4))


def _gift_number(request: GiftCardRequest) -> str:
    numbers = {
        text.translate(_SEPARATORS) for text in (request.card_number, request.number) if text
    }
    number = numbers.pop() if len(numbers) == 1 else ""
    if not _DIGITS.fullmatch(number) or len(number) not in NUMBER_LENGTHS:
        lengths = ", ".join(map(str, sorted(NUMBER_LENGTHS)))
        rule = f"gift_card.card_number must be one number of {lengths} digits"
        raise INVALID_REQUEST.error(param="gift_card.card_number", rule=rule)
    if request.security_code is not None and not _SECURITY_CODE.fullmatch(request.security_code):
        rule = "gift_card.security_code must be four to eight digits"
        raise INVALID_REQUEST.error(param="gift_card.security_code", rule=rule)
    return number


def _create_bank_account_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a single-pay token for a bank account. Source: MD:create-an-ach-token."""
    request = call.body.ach
    if request is None:
        raise INVALID_REQUEST.error(param="ach", rule="ach is missing; it is required")
    _check_account_holder(request)
    account, routing = request.bank_account_number, request.bank_routing_number
    card = _card_without_expiry(sandbox, f"{routing} {account}", account[-4:], "")
    token = _store(sandbox, call, card, "ach")
    call.why = f"created a single-pay token for bank account ...{card.last4}"
    view = AchResponse(account_last4=account[-4:], routing_last4=routing[-4:])
    return TokenResponse(id=token.id, object="token", ach=view)


def _check_account_holder(request: AchRequest) -> None:
    """Reject an account without its owner's name.

    A person needs a first and last name, a company a business name.
    """
    is_person = request.check_type == "personal_check"
    for name in ("first_name", "last_name") if is_person else ("business_name",):
        if getattr(request, name) is None:
            rule = f"ach.{name} is missing; it is required for a {request.check_type}"
            raise INVALID_REQUEST.error(param=f"ach.{name}", rule=rule)


def _create_external_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a multi-pay token for a TransArmor token. Source: OAS-TOK external_token.

    Its expiry is in the attribute (OAS-TOK), or beside the value (DOCS:ta-pilot).
    """
    require_multi_pay_tokens(sandbox)
    request = call.body.external_token
    if request is None or not _TOKEN_VALUE.fullmatch(request.token_value):
        rule = "external_token.token_value must be 8 to 64 letters and digits"
        raise INVALID_REQUEST.error(param="external_token.token_value", rule=rule)
    attribute = request.transarmor_token_attribute or TokenAttribute(
        exp_month=request.exp_month or "", exp_year=request.exp_year or ""
    )
    month, year = parse_expiry(sandbox, attribute.exp_month, attribute.exp_year)
    for name, count in (("first6", 6), ("last4", 4)):
        digits = getattr(attribute, name)
        if digits and not (_DIGITS.fullmatch(digits) and len(digits) == count):
            param = f"external_token.transarmor_token_attribute.{name}"
            raise INVALID_REQUEST.error(param=param, rule=f"{param} must be {count} digits")
    card = Card(
        brand=parse_brand(attribute.brand) if attribute.brand else "",
        first6=attribute.first6 or "",
        last4=attribute.last4 or request.token_value[-4:],
        exp_month=month,
        exp_year=year,
        fingerprint=fingerprint(sandbox.fingerprint_key, request.token_value),
        expires_ms=end_of_month_ms(int(year), int(month)),
        name=attribute.name,
        address_line1=attribute.address_line1,
        address_line2=attribute.address_line2,
        address_city=attribute.address_city,
        address_state=attribute.address_state,
        address_zip=attribute.address_zip,
        address_country=attribute.address_country,
    )
    token = _store(
        sandbox,
        call,
        card,
        "card",
        is_transarmor=True,
        has_first_payment=attribute.transactionId is not None,
    )
    call.why = f"created a multi-pay token for TransArmor token ...{card.last4}"
    return token_response(token)


def _create_wallet_token(sandbox: Sandbox, call: Call[TokenRequest, None]) -> TokenResponse:
    """Create a single-pay token for a wallet. Only Clover can decrypt its card."""
    year = sandbox.clock.year_and_month()[0] + _WALLET_YEARS
    card = Card(
        brand=brand_of(_WALLET_PAN) or "",
        first6=_WALLET_PAN[:6],
        last4=_WALLET_PAN[-4:],
        exp_month="12",
        exp_year=str(year),
        fingerprint=fingerprint(sandbox.fingerprint_key, _WALLET_PAN),
        expires_ms=end_of_month_ms(year, 12),
    )
    token = _store(sandbox, call, card, "card", is_wallet=True)
    call.basis = (WALLET_IS_APPROVED,)
    call.why = f"created a token for a wallet, with test card ...{card.last4} (inferred)"
    return token_response(token)


def _card_without_expiry(sandbox: Sandbox, number: str, last4: str, brand: SourceBrand) -> Card:
    """Return a `Card` for an instrument that is not a card."""
    return Card(
        brand=brand,
        first6="",
        last4=last4,
        exp_month="",
        exp_year="",
        fingerprint=fingerprint(sandbox.fingerprint_key, number),
    )


def _store(
    sandbox: Sandbox,
    call: Call[TokenRequest, None],
    card: Card,
    kind: Instrument,
    *,
    is_transarmor: bool = False,
    is_wallet: bool = False,
    has_first_payment: bool = False,
) -> Token:
    apply_token_rules(sandbox, call, card)
    sandbox.tokens.check_capacity()
    token = Token(
        id=sandbox.ids.token_id(),
        created_ms=sandbox.clock.now_ms(),
        card=card,
        kind=kind,
        state="multipay" if is_transarmor else "new",
        is_transarmor=is_transarmor,
        is_wallet=is_wallet,
        has_first_payment=has_first_payment,
    )
    sandbox.tokens.put(token.id, token)
    return token


_CREATORS: dict[str, Callable[[Sandbox, Call[TokenRequest, None]], TokenResponse]] = {
    "gift_card": _create_gift_card_token,
    "ach": _create_bank_account_token,
    "external_token": _create_external_token,
    "encryptedWallet": _create_wallet_token,
    "encrypted_wallet": _create_wallet_token,
    "applePayPaymentData": _create_wallet_token,
}
