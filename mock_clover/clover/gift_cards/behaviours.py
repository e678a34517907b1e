"""Behaviours of gift cards and ACH debits, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred

NEW_GIFT_CARD_BALANCE = Behaviour(
    "NEW_GIFT_CARD_BALANCE",
    "A gift card that was never activated has a balance of 50.00.",
    inferred("MD:gift-card-api shows a card with 5000"),
    setting="gift_card_balance",
)
LOW_BALANCE_NEVER_DECLINES = Behaviour(
    "LOW_BALANCE_NEVER_DECLINES",
    "A charge that exceeds the balance of a gift card redeems the whole balance.",
    documented("MD:gift-card-api"),
)
GIFT_CARD_LIFETIME = Behaviour(
    "GIFT_CARD_LIFETIME",
    "A gift card expires five years after activation.",
    inferred("the minimum in US law; a sample has a date, but there is no rule"),
)
CASHOUT_LEAVES_LOCKS = Behaviour(
    "CASHOUT_LEAVES_LOCKS",
    "A cashout pays the unlocked balance; its response is like that of a reload.",
    inferred("no sample of its response was found"),
)
DEBIT_IS_PENDING = Behaviour(
    "DEBIT_IS_PENDING",
    "An ACH debit is pending for three days, then succeeds.",
    inferred("no source gives the duration"),
    setting="ach_pending_ms",
)
DEBIT_IS_APPROVED = Behaviour(
    "DEBIT_IS_APPROVED",
    "An ACH debit is approved unless a rule says otherwise.",
    inferred("no test account that fails was found"),
)
