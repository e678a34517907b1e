"""Messages to customers with a card on file. The mock sends none of them.

Source: SEED save-a-card: e-mail and SMS when a card is saved, before a charge, when a payment fails
and when a subscription renews. The texts are ours, because Clover does not document its own.
"""

from typing import Literal, NamedTuple

from mock_clover.clover.recurring.records import Plan, Subscription
from mock_clover.clover.recurring.records_interval import format_date
from mock_clover.clover.tokens.records import Token
from mock_clover.core.record import Record

Channel = Literal["email", "sms"]
NoticeKind = Literal["card_saved", "upcoming_charge", "payment_failed", "renewed"]


class Notice(Record, frozen=True, kw_only=True):
    """One message to a customer."""

    id: str
    at_ms: int
    channel: Channel
    kind: NoticeKind
    customer: str
    to: str
    """E-mail address or telephone number."""
    subject: str | None = None
    """Subject of an e-mail."""
    text: str
    subscription: str | None = None
    charge: str | None = None
    amount: int | None = None
    """In minor units, tip included."""


class MessageContent(NamedTuple):
    """Content of a message, for any channel."""

    kind: NoticeKind
    subject: str
    text: str
    subscription: str | None = None
    charge: str | None = None
    amount: int | None = None


def card_saved_message(token: Token) -> MessageContent:
    """Return the message that a card is on file."""
    return MessageContent(
        "card_saved",
        f"Your {_NOUNS[token.kind]} is on file",
        f"{_source_name(token)} is stored for future payments. Contact the merchant to remove it.",
    )


def upcoming_charge_message(
    plan: Plan, row: Subscription, due_ms: int, token: Token | None
) -> MessageContent:
    """Return the message about an upcoming charge."""
    with_card = f" to {_source_name(token)}" if token else ""
    return _content(
        row,
        "upcoming_charge",
        f"Upcoming payment for {plan.name}",
        f"{_money(row)} for {plan.name} will be charged{with_card} on {format_date(due_ms)}.",
    )


def payment_failed_message(
    plan: Plan, row: Subscription, reason: str, charge: str | None
) -> MessageContent:
    """Return the message about a failed payment and the next step."""
    if row.next_ms is not None:
        next_step = f"We will try again on {format_date(row.next_ms)}."
    else:
        next_step = (
            "We will not try again." if row.active else "The subscription has been deactivated."
        )
    return _content(
        row,
        "payment_failed",
        f"A payment for {plan.name} failed",
        f"{_money(row)} for {plan.name} could not be charged ({reason.rstrip('.')}). {next_step}",
        charge,
    )


def renewal_message(plan: Plan, row: Subscription, charge: str, token: Token) -> MessageContent:
    """Return the message about a renewal."""
    next_step = (
        f" The next payment is on {format_date(row.next_ms)}." if row.next_ms is not None else ""
    )
    return _content(
        row,
        "renewed",
        f"{plan.name} has been renewed",
        f"{_money(row)} for {plan.name} was charged to {_source_name(token)}.{next_step}",
        charge,
    )


def _content(
    row: Subscription, kind: NoticeKind, subject: str, text: str, charge: str | None = None
) -> MessageContent:
    return MessageContent(
        kind=kind,
        subject=subject,
        text=text,
        subscription=row.id,
        charge=charge,
        amount=row.amount + (row.tip_amount or 0),
    )


def failed_charge_message(charge_id: str, amount: int, reason: str, token: Token) -> MessageContent:
    """Return the message that a payment with a card on file failed.

    Source: SEED save-a-card, "failed payments"; that it includes payments without a subscription is
    our reading.
    """
    return MessageContent(
        kind="payment_failed",
        subject="A payment failed",
        text=f"{_usd(amount)} could not be charged to {_source_name(token)} "
        f"({reason.rstrip('.')}).",
        charge=charge_id,
        amount=amount,
    )


def _money(row: Subscription) -> str:
    return _usd(row.amount + (row.tip_amount or 0))


def _usd(amount: int) -> str:
    units, cents = divmod(amount, 100)
    return f"{units}.{cents:02d} USD"


_NOUNS = {"card": "card", "gift_card": "gift card", "ach": "bank account", "tender": "tender"}


def _source_name(token: Token) -> str:
    if token.kind == "card":
        return f"{token.card.brand} ending in {token.card.last4}"
    return f"{_NOUNS[token.kind].capitalize()} ending in {token.card.last4}"
