"""What charges do to a gift card, and what a bank debit's charge is. Nothing here is a call.

A card's balance is never stored: it is what was loaded less what its charges took, and a lock is
what they hold. So a capture, a void, a refund, its cancellation and a lapse of time need not tell
the card, and a balance cannot go astray.
"""

from typing import NamedTuple

import msgspec

from mock_clover.clover.charges.records import DEBIT_SETTLES, Charge, ChargeRequest
from mock_clover.clover.common.behaviours_other import (
    DEBIT_IS_APPROVED,
    FRESH_GIFT_CARD_HOLDS,
    GIFT_CARD_LIFE,
    LOW_BALANCE_NEVER_DECLINES,
)
from mock_clover.clover.common.problems import INVALID_REQUEST, SANDBOX_FULL
from mock_clover.clover.common.verdict import EXPIRED_CARD_MESSAGE, Approval, Decline, Verdict
from mock_clover.clover.gift_cards.records import (
    CHARGES_MAX,
    LIFE_MS,
    GiftCard,
    GiftCardView,
    gift_view,
)
from mock_clover.clover.tokens.problems import GIFT_CARD_NOT_ACTIVE
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.operations import announce
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

PARTIAL_WARNING = "partial_redemption should be true for gift card"
"""Documented MD:gift-card-api."""

_replace = msgspec.structs.replace
_NOT_ACTIVE = Decline(
    why="this gift card was never activated (inferred)",
    based_on=GIFT_CARD_NOT_ACTIVE.name,
    message=GIFT_CARD_NOT_ACTIVE.message,
)
_EXPIRED = Decline(
    why="the gift card has expired by the sandbox's clock (inferred)",
    based_on=GIFT_CARD_LIFE.name,
    decline_code="expired_card",
    message=EXPIRED_CARD_MESSAGE,
)


class Balance(NamedTuple):
    """What a gift card holds, and how much of it is locked."""

    balance: int
    locked: int

    @property
    def free(self) -> int:
        """What a charge may still take."""
        return self.balance - self.locked


def find_gift_card(sandbox: Sandbox, token: Token) -> GiftCard | None:
    """Return a token's gift card: its row, or what a card holds that was never activated."""
    row = sandbox.gift_cards.get(token.card.fingerprint)
    implied = sandbox.settings.gift_card_balance
    if row is not None or implied is None:
        return row
    return GiftCard(last4=token.card.last4, loaded=implied, expires_ms=sandbox.made_ms + LIFE_MS)


def gift_card_balance(sandbox: Sandbox, row: GiftCard) -> Balance:
    """Count up what a gift card holds."""
    balance, locked = row.loaded, 0
    for key in row.charges:
        charge = sandbox.charges.get(key)
        if charge is None:
            continue
        if charge.state == "authorised":
            locked += charge.request.amount + (charge.request.tip_amount or 0)
        else:
            balance -= charge.amount_refundable
    return Balance(balance, locked)


def authorize_non_card(sandbox: Sandbox, token: Token) -> Verdict:
    """Say whether what is no card may pay at all; how much, `limited` says."""
    if token.kind == "ach":
        return Approval(why="bank debits are approved (inferred)", based_on=DEBIT_IS_APPROVED.name)
    row = find_gift_card(sandbox, token)
    if row is None:
        return _NOT_ACTIVE
    if sandbox.clock.now_ms() >= row.expires_ms:
        return _EXPIRED
    free = gift_card_balance(sandbox, row).free
    why = f"gift card ...{row.last4} has {free} to give"
    fresh = token.card.fingerprint not in sandbox.gift_cards
    lean = FRESH_GIFT_CARD_HOLDS if fresh else LOW_BALANCE_NEVER_DECLINES
    return Approval(why=why, evidence=lean.fact.evidence, based_on=lean.name, amount=free)


def cap_to_balance(
    sandbox: Sandbox, asked: ChargeRequest, token: Token, verdict: Verdict
) -> tuple[ChargeRequest, Verdict]:
    """Cut a charge down to what its gift card has, or refuse; nothing is written.

    A low balance never declines: what is left is charged (documented MD:gift-card-api), the amount
    before its tip (inferred).
    """
    if token.kind in ("ach", "tender"):
        if not asked.capture:  # a debit has no lock; what Clover says to one is not known
            raise INVALID_REQUEST.error(param="capture")
        return asked, verdict
    if isinstance(verdict, Decline):
        return asked, verdict
    row = find_gift_card(sandbox, token)
    if row is not None and len(row.charges) >= CHARGES_MAX:
        raise SANDBOX_FULL.error()
    sandbox.gift_cards.require_room()
    free = gift_card_balance(sandbox, row).free if row else 0
    amount = min(free, asked.amount if verdict.amount is None else verdict.amount, asked.amount)
    tip = asked.tip_amount and min(asked.tip_amount, free - amount)
    short = amount < asked.amount or tip != asked.tip_amount
    if tip != asked.tip_amount:
        asked = _replace(asked, tip_amount=tip)
    if short:
        warning = None if asked.partial_redemption else PARTIAL_WARNING
        verdict = _replace(
            verdict, amount=amount, warning_message=verdict.warning_message or warning
        )
    return asked, verdict


def record_redemption(sandbox: Sandbox, charge: Charge) -> Charge:
    """Return a new charge as it is to be kept, and note it on its gift card or in the agenda."""
    if charge.token.kind == "ach":
        wait_ms = sandbox.settings.ach_pending_ms
        if charge.state != "captured" or not wait_ms:
            return charge
        sandbox.agenda.add(charge.created_ms + wait_ms, DEBIT_SETTLES, charge.id)
        return _replace(charge, settling=True)
    row = find_gift_card(sandbox, charge.token)
    if row is None or charge.state == "failed":
        return charge
    balance = gift_card_balance(sandbox, row).balance
    row = _replace(row, charges=(*row.charges, charge.id))
    sandbox.gift_cards.put(charge.token.card.fingerprint, row)
    view = gift_view(row, balance, balance - charge.amount_refundable)
    if charge.state == "authorised":
        view = _replace(view, new_balance=balance, lock_id=sandbox.ids.object_id())
    return _replace(charge, gift=view)


def capture_gift_card_lock(sandbox: Sandbox, charge: Charge) -> Charge:
    """Return a captured lock as it is to be kept: redeemed, or, with an amount of 0, released.

    Called before the capture is written, while the lock still stands. Source: MD:gift-card-api.
    """
    if not charge.amount_captured:
        charge = _replace(charge, state="voided")
    return _replace(charge, gift=balance_change(sandbox, charge, -charge.amount_refundable))


def balance_change(sandbox: Sandbox, charge: Charge, change: int) -> GiftCardView | None:
    """Show what a change of so much makes of a charge's gift card; None if it has none."""
    row = find_gift_card(sandbox, charge.token) if charge.gift is not None else None
    if row is None:
        return None
    balance = gift_card_balance(sandbox, row).balance
    return gift_view(row, balance, balance + change)


def settle_debit(sandbox: Sandbox, due: Job) -> bool:
    """Let a bank debit that was pending succeed."""
    charge = sandbox.charges.get(due.id)
    if charge is None or not charge.settling:
        return False
    sandbox.charges.put(charge.id, _replace(charge, settling=False))
    announce(sandbox, "P", charge.id, "UPDATE", "charge")
    return True
