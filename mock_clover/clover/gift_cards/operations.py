"""Effects of charges on gift cards, and charges of bank accounts (ACH debits).

The balance of a gift card is not stored but computed: the loaded amount minus the captured charges,
net of refunds. The locked amount is the sum of the authorizations. So captures, voids, refunds,
cancellations and expiry need not update the card, and the balance is always consistent.
"""

from typing import NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.records import DEBIT_SETTLEMENT_JOB, Charge, ChargeRequest
from mock_clover.clover.common.problems import INVALID_REQUEST, SANDBOX_FULL
from mock_clover.clover.common.verdict import EXPIRED_CARD_MESSAGE, Approval, Decline, Verdict
from mock_clover.clover.gift_cards.behaviours import (
    DEBIT_IS_APPROVED,
    GIFT_CARD_LIFETIME,
    LOW_BALANCE_NEVER_DECLINES,
    NEW_GIFT_CARD_BALANCE,
)
from mock_clover.clover.gift_cards.problems import GIFT_CARD_NOT_ACTIVE
from mock_clover.clover.gift_cards.records import (
    CHARGES_MAX,
    GIFT_CARD_LIFETIME_MS,
    GiftCard,
    GiftCardBalances,
    gift_view,
)
from mock_clover.clover.tokens.records import Token
from mock_clover.clover.webhooks.operations import send_platform_event
from mock_clover.core.money import amount_text
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

REF_NUM_DIGITS = 6
"""Digits of the ref_num of a gift card (documented, in samples)."""
_LOCK_IDS = 1_000_000
PARTIAL_WARNING = "partial_redemption should be true for gift card"
"""Documented MD:gift-card-api."""

_NOT_ACTIVE = Decline(
    why="the gift card was never activated (inferred)",
    evidence_name=GIFT_CARD_NOT_ACTIVE.name,
    message=GIFT_CARD_NOT_ACTIVE.message,
)
_EXPIRED = Decline(
    why="the gift card has expired according to the sandbox's clock (inferred)",
    evidence_name=GIFT_CARD_LIFETIME.name,
    decline_code="expired_card",
    message=EXPIRED_CARD_MESSAGE,
)


class Balance(NamedTuple):
    """The balance of a gift card, and how much of it is locked."""

    balance: int
    locked: int

    @property
    def available(self) -> int:
        """The amount that can still be charged."""
        return self.balance - self.locked


def find_gift_card(sandbox: Sandbox, token: Token) -> GiftCard | None:
    """Return the gift card of a token.

    A card that was never activated has the balance of the setting `gift_card_balance`; without that
    setting, return None.
    """
    row = sandbox.gift_cards.get(token.card.fingerprint)
    default_balance = sandbox.settings.gift_card_balance
    if row is not None or default_balance is None:
        return row
    return GiftCard(
        last4=token.card.last4,
        loaded=default_balance,
        expires_ms=sandbox.created_ms + GIFT_CARD_LIFETIME_MS,
    )


def gift_card_balance(sandbox: Sandbox, row: GiftCard) -> Balance:
    """Compute the balance of a gift card from its charges."""
    balance, locked = row.loaded, 0
    for key in row.charges:
        charge = sandbox.charges.get(key)
        if charge is None:
            continue
        if charge.state == "authorized":
            locked += locked_amount(charge)
        else:
            balance -= charge.amount_refundable
    return Balance(balance, locked)


def locked_amount(charge: Charge) -> int:
    """Return what an authorization locks of a gift card, with the tip."""
    return charge.request.amount + (charge.request.tip_amount or 0)


def authorize_non_card(sandbox: Sandbox, token: Token) -> Verdict:
    """Return the verdict for a gift card or bank account; `cap_to_balance` limits the amount."""
    if token.kind == "ach":
        return Approval(
            why="ACH debits are approved (inferred)", evidence_name=DEBIT_IS_APPROVED.name
        )
    row = find_gift_card(sandbox, token)
    if row is None:
        return _NOT_ACTIVE
    if sandbox.clock.now_ms() >= row.expires_ms:
        return _EXPIRED
    available = gift_card_balance(sandbox, row).available
    shown = amount_text(available)
    why = f"gift card ...{row.last4} has {shown} available"
    is_never_activated = token.card.fingerprint not in sandbox.gift_cards
    behaviour = NEW_GIFT_CARD_BALANCE if is_never_activated else LOW_BALANCE_NEVER_DECLINES
    return Approval(
        why=why, evidence=behaviour.evidence.level, evidence_name=behaviour.name, amount=available
    )


def cap_to_balance(
    sandbox: Sandbox, request: ChargeRequest, token: Token, verdict: Verdict
) -> tuple[ChargeRequest, Verdict]:
    """Limit a charge to the balance of its gift card. Nothing is stored.

    A low balance never causes a decline: the remaining balance is charged (documented
    MD:gift-card-api), the amount before the tip (inferred). Raise INVALID_REQUEST for an ACH debit
    or a tender without capture, SANDBOX_FULL for a gift card with too many charges.
    """
    if token.kind in ("ach", "tender"):
        if not request.capture:  # cannot be authorized; Clover's error is not known
            rule = f"capture is false; a source of the kind {token.kind} cannot be authorized only"
            raise INVALID_REQUEST.error(param="capture", rule=rule)
        return request, verdict
    if isinstance(verdict, Decline):
        return request, verdict
    row = find_gift_card(sandbox, token)
    if row is not None and len(row.charges) >= CHARGES_MAX:
        raise SANDBOX_FULL.error(rule=f"the gift card has {CHARGES_MAX} charges; use another one")
    sandbox.gift_cards.check_capacity()
    available = gift_card_balance(sandbox, row).available if row else 0
    amount = min(
        available, request.amount if verdict.amount is None else verdict.amount, request.amount
    )
    tip = request.tip_amount and min(request.tip_amount, available - amount)
    is_limited = amount < request.amount or tip != request.tip_amount
    if tip != request.tip_amount:
        request = replace(request, tip_amount=tip)
    if is_limited:
        warning = None if request.partial_redemption else PARTIAL_WARNING
        verdict = replace(
            verdict, amount=amount, warning_message=verdict.warning_message or warning
        )
    return request, verdict


def record_redemption(sandbox: Sandbox, charge: Charge) -> Charge:
    """Add a charge to its gift card, or schedule the settlement of an ACH debit.

    Return the charge to store.
    """
    if charge.token.kind == "ach":
        pending_ms = sandbox.settings.ach_pending_ms
        if charge.state != "captured" or not pending_ms:
            return charge
        sandbox.scheduler.add(charge.created_ms + pending_ms, DEBIT_SETTLEMENT_JOB, charge.id)
        return replace(charge, is_debit_pending=True)
    row = find_gift_card(sandbox, charge.token)
    if row is None or charge.state == "failed":
        return charge
    available = gift_card_balance(sandbox, row).available
    row = replace(row, charges=(*row.charges, charge.id))
    sandbox.gift_cards.put(charge.token.card.fingerprint, row)
    lock_id = None
    if charge.state == "authorized":
        lock_id = int(sandbox.ids.object_id(), base=36) % _LOCK_IDS
    view = gift_view(row, available, available - locked_amount(charge), lock_id=lock_id)
    ref_num = charge.ref_num and charge.ref_num[-REF_NUM_DIGITS:]
    return replace(charge, gift=view, ref_num=ref_num)


def capture_gift_card_lock(sandbox: Sandbox, charge: Charge) -> Charge:
    """Return a captured lock: redeemed, or released if the captured amount is 0.

    Call this before the capture is stored, while the lock still exists. The response has the id of
    the lock, and what is still locked of the card.
    Source: MD:gift-card-api.
    """
    if not charge.amount_captured:
        charge = replace(charge, state="voided")
    released = locked_amount(charge)
    view = balance_change(sandbox, charge, released - charge.amount_refundable)
    row = find_gift_card(sandbox, charge.token)
    if view is None or row is None:
        return replace(charge, gift=view)
    locked = gift_card_balance(sandbox, row).locked - released
    lock_id = charge.gift.lock_id if charge.gift else None
    return replace(charge, gift=replace(view, lock_amount=locked, lock_id=lock_id))


def balance_change(sandbox: Sandbox, charge: Charge, change: int) -> GiftCardBalances | None:
    """Return the gift card of a charge after a change of what is not locked.

    Return None if no gift card was charged.
    """
    row = find_gift_card(sandbox, charge.token) if charge.gift is not None else None
    if row is None:
        return None
    available = gift_card_balance(sandbox, row).available
    return gift_view(row, available, available + change)


def settle_debit(sandbox: Sandbox, job: Job) -> bool:
    """Mark a pending ACH debit as succeeded."""
    charge = sandbox.charges.get(job.id)
    if charge is None or not charge.is_debit_pending:
        return False
    sandbox.charges.put(charge.id, replace(charge, is_debit_pending=False))
    send_platform_event(sandbox, "P", charge.id, "UPDATE", "charge")
    return True
