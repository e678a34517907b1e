"""Gift cards: activation, reload, balance inquiry, cashout, and the cancellation of a refund.

A gift card's token is spent by a charge as any other; the calls here take it before and after
(inferred). Both spellings of the paths do the same: Clover's pages have `/v1/reload`, clients of
2025 `/v1/gift_cards/reload`.
"""

from dataclasses import replace

import msgspec

from mock_clover.clover.charges.views import APPROVED, Source
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    IDEMPOTENCY_MISMATCH,
    INVALID_CHARGE_AMOUNT,
    INVALID_CURRENCY,
    INVALID_REQUEST,
    INVALID_SOURCE,
    REFUND_TARGET_NOT_FOUND,
)
from mock_clover.clover.gift_cards.operations import (
    balance_change,
    find_gift_card,
    gift_card_balance,
)
from mock_clover.clover.gift_cards.records import (
    LIFE_MS,
    PROMOTIONS,
    VIRTUAL_PREFIX,
    ActivateRequest,
    CancelRequest,
    GiftCard,
    GiftCardView,
    GiftSourceRequest,
    ReloadRequest,
    gift_view,
)
from mock_clover.clover.gift_cards.views import GiftAnswer, InquiryAnswer
from mock_clover.clover.refunds.records import CancelAnswer, cancel_answer
from mock_clover.clover.tokens.problems import (
    GIFT_CARD_ALREADY_ACTIVE,
    GIFT_CARD_NOT_ACTIVE,
    REFUND_NOT_CANCELABLE,
)
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.operations import announce
from mock_clover.core.evidence import documented, observed
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox

BALANCE_MAX = 99_999_999
"""Of one card, as of one charge; a bound of this mock."""

_replace = msgspec.structs.replace


def activate(sandbox: Sandbox, call: Call[ActivateRequest, None]) -> GiftAnswer:
    """Put a first amount on a physical card, or make a virtual one."""
    asked = call.body
    if (asked.source is None) == (asked.promotion_code is None):
        raise (INVALID_SOURCE if asked.source is None else INVALID_REQUEST).error(
            param="promotion_code"
        )
    fixed = PROMOTIONS.get(asked.promotion_code or "", sandbox.settings.gift_card_balance)
    amount = fixed if asked.amount is None else asked.amount
    if not amount:
        raise INVALID_CHARGE_AMOUNT.error()
    if asked.source is not None:
        token = _gift_token(sandbox, asked.source)
        if token.card.fingerprint in sandbox.gift_cards:
            raise GIFT_CARD_ALREADY_ACTIVE.error()
        sandbox.gift_cards.require_room()
        call.why = f"gift card ...{token.card.last4} is active with {amount}"
        return _activated(sandbox, token.card.fingerprint, token.card.last4, amount)
    sandbox.gift_cards.require_room()
    number = _new_number(sandbox)
    key = fingerprint(sandbox.fingerprint_key, number)
    answer = _activated(sandbox, key, number[-4:], amount)
    # As in both samples: eight digits where the amount is fixed, four where it was asked for.
    code = sandbox.ids.digits(8 if asked.amount is None else 4)
    call.why = f"virtual gift card ...{number[-4:]} is made with {amount}"
    told = _replace(answer.gift_card, number=number, security_card_value=code)
    return _replace(answer, gift_card=told)


def _new_number(sandbox: Sandbox) -> str:
    """Draw a virtual card's number.

    It passes the Luhn check, as one of the two documented ones does: so whatever masks the numbers
    of cards masks it too.
    """
    while True:
        start = VIRTUAL_PREFIX + sandbox.ids.digits(9)
        number = next(start + digit for digit in "0123456789" if passes_luhn(start + digit))
        if fingerprint(sandbox.fingerprint_key, number) not in sandbox.gift_cards:
            return number


def _activated(sandbox: Sandbox, key: str, last4: str, amount: int) -> GiftAnswer:
    row = GiftCard(last4=last4, loaded=amount, expires_ms=sandbox.clock.now_ms() + LIFE_MS)
    sandbox.gift_cards.put(key, row)
    return _answer(sandbox, row, amount, gift_view(row, 0, amount))


def reload(sandbox: Sandbox, call: Call[ReloadRequest, None]) -> GiftAnswer:
    """Add to an active card."""
    asked = call.body
    token = _gift_token(sandbox, asked.source)
    row = _active(sandbox, token)
    sandbox.gift_cards.require_room()
    balance = gift_card_balance(sandbox, row).balance
    if row.loaded + asked.amount > BALANCE_MAX:
        raise AMOUNT_TOO_LARGE.error()
    row = _put(sandbox, token, _replace(row, loaded=row.loaded + asked.amount))
    call.why = f"gift card ...{row.last4} is reloaded with {asked.amount}"
    return _answer(sandbox, row, asked.amount, gift_view(row, balance, balance + asked.amount))


def inquire(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> InquiryAnswer:
    """Tell what a card holds; what is locked of it is told beside (inferred: not taken off)."""
    row = _active(sandbox, _gift_token(sandbox, call.body.source))
    balance, locked = gift_card_balance(sandbox, row)
    call.why = f"gift card ...{row.last4} holds {balance}, {locked} of it locked"
    return InquiryAnswer(
        status="succeeded", gift_card=gift_view(row, balance, balance, locked=locked)
    )


def cash_out(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> GiftAnswer:
    """Pay out what a card holds, but for what is locked (inferred)."""
    token = _gift_token(sandbox, call.body.source)
    row = _active(sandbox, token)
    sandbox.gift_cards.require_room()
    held = gift_card_balance(sandbox, row)
    row = _put(sandbox, token, _replace(row, loaded=row.loaded - held.free))
    call.why = f"{held.free} of gift card ...{row.last4} is paid out"
    return _answer(sandbox, row, held.free, gift_view(row, held.balance, held.locked))


def cancel_refund(sandbox: Sandbox, call: Call[CancelRequest, None]) -> CancelAnswer:
    """Take back what a refund put on a gift card, as long as it is still there."""
    refund = sandbox.refunds.get(call.ids[0])
    if refund is None:
        raise REFUND_TARGET_NOT_FOUND.error()
    charge = sandbox.charges.get(refund.charge)
    if (
        charge is None
        or charge.gift is None
        or refund.canceled
        or charge.state != "captured"
        or charge.amount_refunded < refund.amount
    ):
        raise REFUND_NOT_CANCELABLE.error()
    row = find_gift_card(sandbox, charge.token)
    view = balance_change(sandbox, charge, -refund.amount)
    if row is None or view is None or gift_card_balance(sandbox, row).free < refund.amount:
        raise REFUND_NOT_CANCELABLE.error()
    refunded = charge.amount_refunded - refund.amount
    sandbox.charges.put(charge.id, _replace(charge, amount_refunded=refunded))
    sandbox.refunds.put(
        refund.id, _replace(refund, canceled=True, canceled_ms=sandbox.clock.now_ms())
    )
    announce(sandbox, "P", charge.id, "UPDATE", "cancel")
    call.why = f"a refund of {refund.amount} to gift card ...{row.last4} is canceled"
    return cancel_answer(refund, view)


def _gift_token(sandbox: Sandbox, source: str) -> Token:
    token = sandbox.tokens.get(source)
    if token is None or token.kind != "gift_card":
        raise INVALID_SOURCE.error()
    return token


def _active(sandbox: Sandbox, token: Token) -> GiftCard:
    row = find_gift_card(sandbox, token)
    if row is None:
        raise GIFT_CARD_NOT_ACTIVE.error()
    return row


def _put(sandbox: Sandbox, token: Token, row: GiftCard) -> GiftCard:
    sandbox.gift_cards.put(token.card.fingerprint, row)
    return row


def _answer(sandbox: Sandbox, row: GiftCard, amount: int, view: GiftCardView) -> GiftAnswer:
    return GiftAnswer(
        id=sandbox.ids.object_id(),
        amount=amount,
        ref_num=sandbox.ids.ref_num(sandbox.clock.now_ms()),
        outcome=APPROVED,
        paid=True,
        status="succeeded",
        source=Source(last4=row.last4),
        gift_card=view,
    )


_DOCUMENTED = documented("MD:gift-card-api; ecomm-reload-an-active-gift-card")
_GROUPED = observed("two clients of 2025 and 2026 have this spelling")


def _both(endpoint: Endpoint, name: str, path: str, about: str) -> tuple[Endpoint, Endpoint]:
    """Return an operation and its twin under the other spelling of its path."""
    return endpoint, replace(endpoint, name=name, path=path, about=about, fact=_GROUPED)


ENDPOINTS = (
    *_both(
        Endpoint(
            name="activate_gift_card",
            method="POST",
            path="/v1/activate",
            run=activate,
            request=ActivateRequest,
            response=GiftAnswer,
            idempotent=True,
            errors=(
                INVALID_SOURCE,
                INVALID_REQUEST,
                INVALID_CHARGE_AMOUNT,
                INVALID_CURRENCY,
                GIFT_CARD_ALREADY_ACTIVE,
                IDEMPOTENCY_MISMATCH,
            ),
            about="Activate a physical gift card, or make a virtual one of a promotion code.",
            fact=_DOCUMENTED,
        ),
        "gift_cards_activate",
        "/v1/gift_cards/activate",
        "The same as `/v1/activate`.",
    ),
    *_both(
        Endpoint(
            name="reload_gift_card",
            method="POST",
            path="/v1/reload",
            run=reload,
            request=ReloadRequest,
            response=GiftAnswer,
            idempotent=True,
            errors=(
                INVALID_SOURCE,
                INVALID_REQUEST,
                INVALID_CHARGE_AMOUNT,
                INVALID_CURRENCY,
                AMOUNT_TOO_LARGE,
                GIFT_CARD_NOT_ACTIVE,
                IDEMPOTENCY_MISMATCH,
            ),
            about="Add to a gift card.",
            fact=_DOCUMENTED,
        ),
        "gift_cards_reload",
        "/v1/gift_cards/reload",
        "The same as `/v1/reload`.",
    ),
    *_both(
        Endpoint(
            name="inquire_gift_card",
            method="POST",
            path="/v1/balance_inquiry",
            run=inquire,
            request=GiftSourceRequest,
            response=InquiryAnswer,
            errors=(INVALID_SOURCE, INVALID_REQUEST, GIFT_CARD_NOT_ACTIVE),
            about="Tell what a gift card holds.",
            fact=_DOCUMENTED,
        ),
        "gift_cards_balance",
        "/v1/gift_cards/balance",
        "The same as `/v1/balance_inquiry`.",
    ),
    *_both(
        Endpoint(
            name="cash_out_gift_card",
            method="POST",
            path="/v1/cashout",
            run=cash_out,
            request=GiftSourceRequest,
            response=GiftAnswer,
            idempotent=True,
            errors=(
                INVALID_SOURCE,
                INVALID_REQUEST,
                GIFT_CARD_NOT_ACTIVE,
                IDEMPOTENCY_MISMATCH,
            ),
            about="Pay out what a gift card holds.",
            fact=_DOCUMENTED,
        ),
        "gift_cards_cashout",
        "/v1/gift_cards/cashout",
        "The same as `/v1/cashout`.",
    ),
    Endpoint(
        name="cancel_refund",
        method="POST",
        path="/v1/refunds/{refund_id}/cancel",
        run=cancel_refund,
        request=CancelRequest,
        response=CancelAnswer,
        idempotent=True,
        errors=(
            REFUND_TARGET_NOT_FOUND,
            REFUND_NOT_CANCELABLE,
            INVALID_REQUEST,
            IDEMPOTENCY_MISMATCH,
        ),
        about="Cancel a refund to a gift card (void_on_refund).",
        fact=documented("MD:gift-card-api"),
    ),
)
