"""Notices: what Clover tells a customer whose card is on file. None is ever sent.

Source: SEED save-a-card, by e-mail and SMS when a card is saved, before a charge, when a payment
fails and when a subscription renews. The words are ours: Clover's were not found.
"""

from typing import Literal, NamedTuple

from mock_clover.clover.common.cards import Card
from mock_clover.clover.recurring.records import Plan, Subscription
from mock_clover.clover.recurring.records_interval import day
from mock_clover.core.record import Record

Channel = Literal["email", "sms"]
Kind = Literal["card_saved", "upcoming_charge", "payment_failed", "renewed"]


class Notice(Record, frozen=True, kw_only=True):
    """One message to a customer."""

    id: str
    at_ms: int
    channel: Channel
    kind: Kind
    customer: str
    to: str
    """The e-mail address or the telephone number."""
    subject: str | None = None
    """Of an e-mail."""
    text: str
    subscription: str | None = None
    charge: str | None = None
    amount: int | None = None
    """Minor units, tip included."""


class News(NamedTuple):
    """What is to be told, by whatever channel."""

    kind: Kind
    subject: str
    text: str
    subscription: str | None = None
    charge: str | None = None
    amount: int | None = None


def card_saved(card: Card) -> News:
    """Tell that a card is on file."""
    return News(
        "card_saved",
        "Your card is on file",
        f"{_named(card)} is kept for payments to come. Ask the merchant to have it removed.",
    )


def upcoming_charge(plan: Plan, row: Subscription, due_ms: int, card: Card | None) -> News:
    """Tell of a charge that is to come."""
    with_card = f" from {_named(card)}" if card else ""
    return _of(
        row,
        "upcoming_charge",
        f"A payment for {plan.name} is coming",
        f"{_money(row)} for {plan.name} will be taken{with_card} on {day(due_ms)}.",
    )


def payment_failed(plan: Plan, row: Subscription, reason: str, charge: str | None) -> News:
    """Tell that a payment failed, and what comes of it."""
    if row.next_ms is not None:
        then = f"It is tried again on {day(row.next_ms)}."
    else:
        then = "It is not tried again." if row.active else "The subscription has been stopped."
    return _of(
        row,
        "payment_failed",
        f"A payment for {plan.name} failed",
        f"{_money(row)} for {plan.name} could not be taken ({reason.rstrip('.')}). {then}",
        charge,
    )


def renewed(plan: Plan, row: Subscription, charge: str, card: Card) -> News:
    """Tell that a subscription goes on."""
    then = f" The next payment is on {day(row.next_ms)}." if row.next_ms is not None else ""
    return _of(
        row,
        "renewed",
        f"{plan.name} is renewed",
        f"{_money(row)} for {plan.name} was taken from {_named(card)}.{then}",
        charge,
    )


def _of(row: Subscription, kind: Kind, subject: str, text: str, charge: str | None = None) -> News:
    return News(kind, subject, text, row.id, charge, row.amount + (row.tip_amount or 0))


def _money(row: Subscription) -> str:
    whole, rest = divmod(row.amount + (row.tip_amount or 0), 100)
    return f"{whole}.{rest:02d} USD"


def _named(card: Card) -> str:
    return f"{card.brand} ending in {card.last4}"
