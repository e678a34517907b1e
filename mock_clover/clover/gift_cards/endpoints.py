"""Gift cards: activation, reload, balance inquiry, cashout, and cancellation of a refund.

A charge uses up a gift card's token like any other; the endpoints here accept it before and after
(inferred). Both spellings of the paths are equivalent: Clover's pages have `/v1/reload`, clients of
2025 `/v1/gift_cards/reload`.
"""

from msgspec.structs import replace

from mock_clover.clover.charges.views import APPROVED, Source
from mock_clover.clover.common.problems import (
    AMOUNT_TOO_LARGE,
    INVALID_CHARGE_AMOUNT,
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
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.evidence import documented, observed
from mock_clover.core.masking import passes_luhn
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.credentials import fingerprint
from mock_clover.sandbox.sandbox import Sandbox


def activate(sandbox: Sandbox, call: Call[ActivateRequest, None]) -> GiftAnswer:
    """Activate a physical card with an amount, or create a virtual card."""
    body = call.body
    if (body.source is None) == (body.promotion_code is None):
        raise (INVALID_SOURCE if body.source is None else INVALID_REQUEST).error(
            param="promotion_code"
        )
    fixed = PROMOTIONS.get(body.promotion_code or "", sandbox.settings.gift_card_balance)
    amount = fixed if body.amount is None else body.amount
    if not amount:
        raise INVALID_CHARGE_AMOUNT.error()
    if body.source is not None:
        token = _gift_token(sandbox, body.source)
        if token.card.fingerprint in sandbox.gift_cards:
            raise GIFT_CARD_ALREADY_ACTIVE.error()
        sandbox.gift_cards.require_room()
        call.why = f"activated gift card ...{token.card.last4} with {amount}"
        return _activate(sandbox, token.card.fingerprint, token.card.last4, amount)
    sandbox.gift_cards.require_room()
    number = _new_number(sandbox)
    key = fingerprint(sandbox.fingerprint_key, number)
    answer = _activate(sandbox, key, number[-4:], amount)
    # As in both samples: eight digits if the amount is fixed, four if it was in the request.
    code = sandbox.ids.digits(8 if body.amount is None else 4)
    call.why = f"created virtual gift card ...{number[-4:]} with {amount}"
    view = replace(answer.gift_card, number=number, security_card_value=code)
    return replace(answer, gift_card=view)


def _new_number(sandbox: Sandbox) -> str:
    """Generate a virtual card's number.

    It passes the Luhn check, as one of the two documented numbers does, so that the masking of PANs
    masks it too.
    """
    while True:
        start = VIRTUAL_PREFIX + sandbox.ids.digits(9)
        number = next(start + digit for digit in "0123456789" if passes_luhn(start + digit))
        if fingerprint(sandbox.fingerprint_key, number) not in sandbox.gift_cards:
            return number


def _activate(sandbox: Sandbox, key: str, last4: str, amount: int) -> GiftAnswer:
    row = GiftCard(last4=last4, loaded=amount, expires_ms=sandbox.clock.now_ms() + LIFE_MS)
    sandbox.gift_cards.put(key, row)
    return _answer(sandbox, row, amount, gift_view(row, 0, amount))


def reload(sandbox: Sandbox, call: Call[ReloadRequest, None]) -> GiftAnswer:
    """Add an amount to an active card."""
    body = call.body
    token = _gift_token(sandbox, body.source)
    row = _require_active(sandbox, token)
    sandbox.gift_cards.require_room()
    balance = gift_card_balance(sandbox, row).balance
    if row.loaded + body.amount > AMOUNT_MAX:  # our bound on a balance
        raise AMOUNT_TOO_LARGE.error()
    row = _put(sandbox, token, replace(row, loaded=row.loaded + body.amount))
    call.why = f"reloaded gift card ...{row.last4} with {body.amount}"
    return _answer(sandbox, row, body.amount, gift_view(row, balance, balance + body.amount))


def inquire(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> InquiryAnswer:
    """Return a card's balance and locked amount (inferred: the balance includes the lock)."""
    row = _require_active(sandbox, _gift_token(sandbox, call.body.source))
    balance, locked = gift_card_balance(sandbox, row)
    call.why = f"gift card ...{row.last4} has a balance of {balance}, {locked} of it locked"
    return InquiryAnswer(
        status="succeeded", gift_card=gift_view(row, balance, balance, locked=locked)
    )


def cash_out(sandbox: Sandbox, call: Call[GiftSourceRequest, None]) -> GiftAnswer:
    """Pay out a card's balance, except the locked amount (inferred)."""
    token = _gift_token(sandbox, call.body.source)
    row = _require_active(sandbox, token)
    sandbox.gift_cards.require_room()
    balance = gift_card_balance(sandbox, row)
    row = _put(sandbox, token, replace(row, loaded=row.loaded - balance.free))
    call.why = f"paid out {balance.free} of gift card ...{row.last4}"
    return _answer(sandbox, row, balance.free, gift_view(row, balance.balance, balance.locked))


def cancel_refund(sandbox: Sandbox, call: Call[CancelRequest, None]) -> CancelAnswer:
    """Take back a refund to a gift card, if its balance still covers the amount."""
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
    sandbox.charges.put(charge.id, replace(charge, amount_refunded=refunded))
    sandbox.refunds.put(
        refund.id, replace(refund, canceled=True, canceled_ms=sandbox.clock.now_ms())
    )
    send_platform_event(sandbox, "P", charge.id, "UPDATE", "cancel")
    call.why = f"canceled a refund of {refund.amount} to gift card ...{row.last4}"
    return cancel_answer(refund, view)


def _gift_token(sandbox: Sandbox, source: str) -> Token:
    token = sandbox.tokens.get(source)
    if token is None or token.kind != "gift_card":
        raise INVALID_SOURCE.error()
    return token


def _require_active(sandbox: Sandbox, token: Token) -> GiftCard:
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
_GROUPED = observed("two clients of 2025 and 2026 use this spelling")


def _both(endpoint: Endpoint, name: str, path: str, about: str) -> tuple[Endpoint, Endpoint]:
    """Return an endpoint and its copy with the other spelling of the path."""
    return endpoint, replace(endpoint, name=name, path=path, about=about, evidence=_GROUPED)


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
            errors=(GIFT_CARD_ALREADY_ACTIVE,),
            about="Activate a physical gift card, or create a virtual one from a promotion code.",
            evidence=_DOCUMENTED,
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
            errors=(INVALID_REQUEST, AMOUNT_TOO_LARGE, GIFT_CARD_NOT_ACTIVE),
            about="Add an amount to a gift card.",
            evidence=_DOCUMENTED,
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
            errors=(INVALID_REQUEST, GIFT_CARD_NOT_ACTIVE),
            about="Get a gift card's balance.",
            evidence=_DOCUMENTED,
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
            errors=(INVALID_REQUEST, GIFT_CARD_NOT_ACTIVE),
            about="Pay out a gift card's balance.",
            evidence=_DOCUMENTED,
        ),
        "gift_cards_cashout",
        "/v1/gift_cards/cashout",
        "The same as `/v1/cashout`.",
    ),
)
CANCEL_REFUND = Endpoint(
    name="cancel_refund",
    method="POST",
    path="/v1/refunds/{refund_id}/cancel",
    run=cancel_refund,
    request=CancelRequest,
    response=CancelAnswer,
    idempotent=True,
    errors=(REFUND_TARGET_NOT_FOUND, REFUND_NOT_CANCELABLE),
    about="Cancel a refund to a gift card (void_on_refund).",
    evidence=documented("MD:gift-card-api"),
)
