"""Activate, reload and cash out gift cards, and inquire balances.

The token of a gift card can be used again and again, for these endpoints and for charges
(documented: the page of August 2024). Each path has an alias: Clover's pages have
`/v1/reload`, clients of 2025 have `/v1/gift_cards/reload`.
"""

from msgspec.structs import replace

from mock_clover.clover.charges.operations_source import unknown_source_rule
from mock_clover.clover.charges.responses import APPROVED, Source
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    INVALID_CHARGE_AMOUNT,
    INVALID_REQUEST,
    INVALID_SOURCE,
)
from mock_clover.clover.gift_cards.behaviours import CASHOUT_LEAVES_LOCKS
from mock_clover.clover.gift_cards.operations import (
    REF_NUM_DIGITS,
    find_gift_card,
    gift_card_balance,
)
from mock_clover.clover.gift_cards.problems import GIFT_CARD_ALREADY_ACTIVE, GIFT_CARD_NOT_ACTIVE
from mock_clover.clover.gift_cards.records import (
    GIFT_CARD_LIFETIME_MS,
    PROMOTIONS,
    VIRTUAL_PREFIX,
    ActivateRequest,
    GiftCard,
    GiftCardBalances,
    GiftSourceRequest,
    ReloadRequest,
    gift_view,
)
from mock_clover.clover.gift_cards.responses import BalanceResponse, GiftCardResponse
from mock_clover.clover.tokens.records import Token
from mock_clover.core.evidence import documented, observed
from mock_clover.core.masking import passes_luhn
from mock_clover.core.money import AMOUNT_MAX, amount_text, minor_units_text
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox


def activate_gift_card(sandbox: Sandbox, call: Call[ActivateRequest, None]) -> GiftCardResponse:
    """Activate a physical card with an amount, or create a virtual card."""
    body = call.body
    if (body.source is None) == (body.promotion_code is None):
        raise (INVALID_SOURCE if body.source is None else INVALID_REQUEST).error(
            param="promotion_code", rule="exactly one of source and promotion_code is required"
        )
    default_amount = PROMOTIONS.get(body.promotion_code or "", sandbox.settings.gift_card_balance)
    amount = default_amount if body.amount is None else body.amount
    if not amount:
        raise INVALID_CHARGE_AMOUNT.error(rule="amount is 0; at least 1")
    text = amount_text(amount)
    if body.source is not None:
        token = _get_gift_card_token(sandbox, body.source)
        if token.card.fingerprint in sandbox.gift_cards:
            rule = "the card of source is active; reload it instead"
            raise GIFT_CARD_ALREADY_ACTIVE.error(rule=rule)
        sandbox.gift_cards.check_capacity()
        call.why = f"activated gift card ...{token.card.last4} with {text}"
        return _activate_card(sandbox, token.card.fingerprint, token.card.last4, amount)
    sandbox.gift_cards.check_capacity()
    number = _new_number(sandbox)
    key = fingerprint(sandbox.fingerprint_key, number)
    response = _activate_card(sandbox, key, number[-4:], amount)
    # As in both samples: four digits if the request has the amount, else eight.
    code = sandbox.ids.digits(8 if body.amount is None else 4)
    call.why = f"created virtual gift card ...{number[-4:]} with {text}"
    view = replace(response.gift_card, number=number, security_card_value=code)
    return replace(response, gift_card=view)


def _new_number(sandbox: Sandbox) -> str:
    """Generate the number of a virtual card.

    It passes the Luhn check, as one of the two documented numbers does, so that it is masked like a
    PAN.
    """
    while True:
        start = VIRTUAL_PREFIX + sandbox.ids.digits(9)
        number = next(start + digit for digit in "0123456789" if passes_luhn(start + digit))
        if fingerprint(sandbox.fingerprint_key, number) not in sandbox.gift_cards:
            return number


def _activate_card(sandbox: Sandbox, key: str, last4: str, amount: int) -> GiftCardResponse:
    row = GiftCard(
        last4=last4, loaded=amount, expires_ms=sandbox.clock.now_ms() + GIFT_CARD_LIFETIME_MS
    )
    sandbox.gift_cards.put(key, row)
    return _card_response(sandbox, row, amount, gift_view(row, 0, amount))


def reload_gift_card(sandbox: Sandbox, call: Call[ReloadRequest, None]) -> GiftCardResponse:
    """Add an amount to an active gift card."""
    body = call.body
    token = _get_gift_card_token(sandbox, body.source)
    row = _require_active(sandbox, token)
    sandbox.gift_cards.check_capacity()
    balance = gift_card_balance(sandbox, row).available
    if row.loaded + body.amount > AMOUNT_MAX:  # a limit of this mock
        sent, most = map(minor_units_text, (body.amount, AMOUNT_MAX - row.loaded))
        raise AMOUNT_TOO_LARGE.error(rule=f"amount is {sent}; at most {most} more")
    row = _store_card(sandbox, token, replace(row, loaded=row.loaded + body.amount))
    added = amount_text(body.amount)
    call.why = f"reloaded gift card ...{row.last4} with {added}"
    return _card_response(sandbox, row, body.amount, gift_view(row, balance, balance + body.amount))


def inquire_gift_card(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> BalanceResponse:
    """Return the balance of a gift card, without the locked amount (inferred)."""
    row = _require_active(sandbox, _get_gift_card_token(sandbox, call.body.source))
    balance = gift_card_balance(sandbox, row)
    available, locked = balance.available, balance.locked
    texts = [amount_text(each) for each in (available, locked)]
    call.why = f"gift card ...{row.last4} has a balance of {texts[0]}, and {texts[1]} locked"
    return BalanceResponse(
        status="succeeded", gift_card=gift_view(row, available, available, locked=locked)
    )


def cash_out_gift_card(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> GiftCardResponse:
    """Pay out the balance of a gift card, except the locked amount (inferred)."""
    token = _get_gift_card_token(sandbox, call.body.source)
    row = _require_active(sandbox, token)
    sandbox.gift_cards.check_capacity()
    balance = gift_card_balance(sandbox, row)
    row = _store_card(sandbox, token, replace(row, loaded=row.loaded - balance.available))
    call.basis = (CASHOUT_LEAVES_LOCKS,)
    paid = amount_text(balance.available)
    call.why = f"paid out {paid} of gift card ...{row.last4}"
    return _card_response(sandbox, row, balance.available, gift_view(row, balance.available, 0))


def _get_gift_card_token(sandbox: Sandbox, source: str) -> Token:
    token = sandbox.tokens.get(source)
    if token is None or token.kind != "gift_card":
        raise INVALID_SOURCE.error(rule=unknown_source_rule(sandbox, source, "a gift card token"))
    return token


def _require_active(sandbox: Sandbox, token: Token) -> GiftCard:
    row = find_gift_card(sandbox, token)
    if row is None:
        raise GIFT_CARD_NOT_ACTIVE.error(rule="the card of source is not active; activate it first")
    return row


def _store_card(sandbox: Sandbox, token: Token, row: GiftCard) -> GiftCard:
    sandbox.gift_cards.put(token.card.fingerprint, row)
    return row


def _card_response(
    sandbox: Sandbox, row: GiftCard, amount: int, view: GiftCardBalances
) -> GiftCardResponse:
    return GiftCardResponse(
        id=sandbox.ids.object_id(),
        amount=amount,
        ref_num=sandbox.ids.ref_num(sandbox.clock.now_ms())[-REF_NUM_DIGITS:],
        outcome=APPROVED,
        paid=True,
        status="succeeded",
        source=Source(last4=row.last4),
        gift_card=view,
    )


_DOCUMENTED = documented("MD:gift-card-api; ecomm-reload-an-active-gift-card")
_ALIAS_EVIDENCE = observed("two clients of 2025 and 2026 use this path")


def _with_alias(endpoint: Endpoint, name: str, path: str, about: str) -> tuple[Endpoint, Endpoint]:
    """Return an endpoint and a copy of it under the alias of its path."""
    return endpoint, replace(endpoint, name=name, path=path, about=about, evidence=_ALIAS_EVIDENCE)


ENDPOINTS = (
    *_with_alias(
        Endpoint(
            name="activate_gift_card",
            method="POST",
            path="/v1/activate",
            run=activate_gift_card,
            request=ActivateRequest,
            response=GiftCardResponse,
            idempotent=True,
            errors=(GIFT_CARD_ALREADY_ACTIVE,),
            about="Activate a physical gift card, or create a virtual one from a promotion code.",
            evidence=_DOCUMENTED,
        ),
        "gift_cards_activate",
        "/v1/gift_cards/activate",
        "The same as `/v1/activate`.",
    ),
    *_with_alias(
        Endpoint(
            name="reload_gift_card",
            method="POST",
            path="/v1/reload",
            run=reload_gift_card,
            request=ReloadRequest,
            response=GiftCardResponse,
            idempotent=True,
            errors=(INVALID_REQUEST, AMOUNT_TOO_LARGE, GIFT_CARD_NOT_ACTIVE),
            about="Add an amount to a gift card.",
            evidence=_DOCUMENTED,
        ),
        "gift_cards_reload",
        "/v1/gift_cards/reload",
        "The same as `/v1/reload`.",
    ),
    *_with_alias(
        Endpoint(
            name="inquire_gift_card",
            method="POST",
            path="/v1/balance_inquiry",
            run=inquire_gift_card,
            request=GiftSourceRequest,
            response=BalanceResponse,
            errors=(INVALID_REQUEST, GIFT_CARD_NOT_ACTIVE),
            about="Get the balance of a gift card.",
            evidence=_DOCUMENTED,
        ),
        "gift_cards_balance",
        "/v1/gift_cards/balance",
        "The same as `/v1/balance_inquiry`.",
    ),
    *_with_alias(
        Endpoint(
            name="cash_out_gift_card",
            method="POST",
            path="/v1/cashout",
            run=cash_out_gift_card,
            request=GiftSourceRequest,
            response=GiftCardResponse,
            idempotent=True,
            errors=(INVALID_REQUEST, GIFT_CARD_NOT_ACTIVE),
            about="Pay out the balance of a gift card.",
            evidence=_DOCUMENTED,
        ),
        "gift_cards_cashout",
        "/v1/gift_cards/cashout",
        "The same as `/v1/cashout`.",
    ),
)
