"""The timeline of a row, and its links to related rows; amounts are in minor units.

Nothing is stored for this: events are derived from the rows. `balance` is the amount after the
event: authorized or captured (charge), paid (order), or remaining (gift card).
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.records import (
    AUTHORIZATION_EXPIRY_JOB,
    Charge,
    lifetime_ms,
)
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.gift_cards.operations import gift_card_balance
from mock_clover.clover.gift_cards.records import GIFT_CARD_LIFETIME_MS, GiftCard
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.recurring.records import CHARGE_SUBSCRIPTION_JOB, Plan, Subscription
from mock_clover.clover.refunds.records import Refund
from mock_clover.clover.tokens.records import Token
from mock_clover.control.masking import gift_card_id
from mock_clover.control.rows.kinds import SavedCardRow
from mock_clover.core.record import Record
from mock_clover.sandbox.sandbox import Sandbox

SEARCHED_MAX = 10_000
"""Only this many of the newest rows are searched for related ones."""
RELATED_MAX = 100
"""Only this many of the newest related rows are returned."""


class Link(Record, frozen=True, kw_only=True):
    """A related row."""

    kind: str
    id: str


class TimelineEvent(Record, frozen=True, kw_only=True):
    """One event in the history of a row."""

    at_ms: int
    what: str
    amount: int | None = None
    balance: int | None = None
    by: str | None = None
    """The id of the row that caused the event, or the kind of the scheduled job."""


Related = Iterable[tuple[str, str | None]]
"""Kinds and ids of related rows; None for one that does not exist."""


def _event(
    at_ms: int,
    what: str,
    amount: int | None = None,
    balance: int | None = None,
    by: str | None = None,
) -> TimelineEvent:
    return TimelineEvent(at_ms=at_ms, what=what, amount=amount, balance=balance, by=by)


def refunds_of(sandbox: Sandbox, charge: Charge) -> list[Refund]:
    """Return the refunds of a charge, oldest first. This visits all refunds."""
    if not charge.amount_refunded and charge.gift is None:
        return []  # the refunds of a gift card charge may all be canceled
    return [row for row in sandbox.refunds if row.charge == charge.id]


def charge_events(sandbox: Sandbox, charge: Charge) -> list[TimelineEvent]:
    """Return the events of a charge; the last balance is the amount that can be refunded."""
    request, by = charge.request, charge.id
    amount, tip = request.amount, request.tip_amount or 0
    paid_ms, events = charge.paid_ms, []
    if charge.threeds is not None and charge.threeds.transaction:
        events.append(_event(charge.created_ms, "3-D Secure requested", amount, by=by))
    if charge.state == "pending":
        return events
    if charge.decline is not None:
        return [*events, _event(paid_ms, "declined", amount, 0, by)]
    if not charge.sale:
        authorized = amount + tip if charge.gift is not None else amount
        events.append(_event(paid_ms, "authorized", authorized, authorized, by))
    if charge.state == "expired":
        return [
            *events,
            _event(paid_ms + lifetime_ms(charge), "expired", amount, 0, AUTHORIZATION_EXPIRY_JOB),
        ]
    balance = charge.amount_captured
    captured_ms = paid_ms if charge.sale else charge.captured_ms
    if charge.state == "captured" and captured_ms is not None:
        events.append(_event(captured_ms, "captured", balance, balance, by))
        if tip:
            balance += tip
            events.append(_event(captured_ms, "tip added", tip, balance, by))
    elif charge.state == "voided" and captured_ms is not None:
        events.append(_event(captured_ms, "released", amount, 0, by))
    return events + list(_refund_events(sandbox, charge, balance))


def _refund_events(sandbox: Sandbox, charge: Charge, balance: int) -> Iterator[TimelineEvent]:
    """Yield refunds and their cancellations in chronological order.

    A full refund before settlement is a void (see `clover/refunds/endpoints.py`).
    """
    changes: list[tuple[int, str, int, str]] = []
    for refund in refunds_of(sandbox, charge):
        is_unsettled = refund.created_ms - charge.paid_ms <= sandbox.settings.void_window_ms
        is_void = charge.state == "voided" or (is_unsettled and refund.amount == balance)
        what = "voided" if is_void else "refunded"
        changes.append((refund.created_ms, what, -refund.amount, refund.id))
        if refund.canceled_ms is not None:
            changes.append((refund.canceled_ms, "refund canceled", refund.amount, refund.id))
    for at_ms, what, change, by in sorted(changes, key=lambda each: each[0]):
        balance = 0 if charge.state == "voided" else balance + change
        yield _event(at_ms, what, abs(change), balance, by)


def _charge_links(sandbox: Sandbox, charge: Charge) -> Related:
    token = charge.token
    return (
        ("orders", charge.order),
        ("customers", charge.customer),
        ("cards", token.card_id),
        *_gift_card_of(token),
        *((("tokens", token.id),) if token.kind != "tender" else ()),
        *(("refunds", row.id) for row in refunds_of(sandbox, charge)),
    )


def _gift_card_of(token: Token) -> Related:
    is_gift_card = token.kind == "gift_card"
    return (("gift_cards", gift_card_id(token.card.fingerprint) if is_gift_card else None),)


def _refund_row_events(_: Sandbox, row: Refund) -> list[TimelineEvent]:
    events = [_event(row.created_ms, "refunded", row.amount, by=row.charge)]
    if row.canceled_ms is not None:
        events.append(_event(row.canceled_ms, "refund canceled", row.amount))
    return events


def _refund_links(sandbox: Sandbox, row: Refund) -> Related:
    charge = sandbox.charges.get(row.charge)
    return (("charges", row.charge), ("orders", charge.order if charge is not None else None))


def _order_events(sandbox: Sandbox, order_row: OrderWithCharges) -> list[TimelineEvent]:
    """Return the payments of an order and their refunds."""
    order = order_row.order
    payments = [
        (event, charge.id)
        for charge in order_row.charges
        for event in charge_events(sandbox, charge)
    ]
    events = [_event(order.created_ms, "created", order.amount, 0)]
    balances = dict.fromkeys((charge.id for charge in order_row.charges), 0)
    for event, charge_id in sorted(payments, key=lambda pair: pair[0].at_ms):
        if event.what in ("captured", "tip added", "refunded", "voided", "refund canceled"):
            balances[charge_id] = event.balance or 0
        what = "paid" if event.what == "captured" else event.what
        events.append(replace(event, what=what, balance=sum(balances.values())))
    return events


def _order_links(sandbox: Sandbox, order_row: OrderWithCharges) -> Related:
    charges = order_row.charges
    return (
        ("customers", order_row.order.customer),
        *_ids("charges", charges),
        *(("refunds", row.id) for charge in charges for row in refunds_of(sandbox, charge)),
    )


def _ids(kind: str, rows: Iterable[Any]) -> Related:
    return ((kind, row.id) for row in rows)


def _find_charges(sandbox: Sandbox, matches: Callable[[Charge], bool]) -> list[Charge]:
    """Return matching charges among the newest ones, oldest first."""
    newest = islice(sandbox.charges.items_newest_first(), SEARCHED_MAX)
    charges = [row for _, row in islice((each for each in newest if matches(each[1])), RELATED_MAX)]
    return charges[::-1]


def _payment_events(charges: list[Charge]) -> list[TimelineEvent]:
    return [
        _event(
            row.created_ms,
            "declined" if row.decline is not None else row.state,
            row.request.amount,
            by=row.id,
        )
        for row in charges
    ]


def _in_order(events: list[TimelineEvent]) -> list[TimelineEvent]:
    return sorted(events, key=lambda each: each.at_ms)


def _find_subscriptions(
    sandbox: Sandbox, matches: Callable[[Subscription], bool]
) -> Iterator[tuple[str, str]]:
    newest = islice(sandbox.subscriptions.items_newest_first(), SEARCHED_MAX)
    return (("subscriptions", key) for key, each in newest if matches(each))


def _customer_events(sandbox: Sandbox, row: Customer) -> list[TimelineEvent]:
    tokens = (sandbox.tokens.get(card.token) for card in row.cards)
    cards = [
        _event(token.created_ms, "card tokenized", by=token.id)
        for token in tokens
        if token is not None
    ]
    created = _event(row.created_ms, "customer created", by=row.id)
    paid = _payment_events(_find_charges(sandbox, lambda each: each.customer == row.id))
    return _in_order([*cards, created, *paid])


def _customer_links(sandbox: Sandbox, row: Customer) -> Related:
    return (
        *_ids("cards", row.cards),
        *_ids("charges", _find_charges(sandbox, lambda each: each.customer == row.id)),
        *_find_subscriptions(sandbox, lambda each: each.customer == row.id),
    )


def _token_events(sandbox: Sandbox, row: Token) -> list[TimelineEvent]:
    created = _event(row.created_ms, "tokenized", by=row.id)
    return [created, *_payment_events(_find_charges(sandbox, lambda each: each.token.id == row.id))]


def _token_links(sandbox: Sandbox, row: Token) -> Related:
    return (
        ("customers", row.customer),
        ("cards", row.card_id),
        *_gift_card_of(row),
        *_ids("charges", _find_charges(sandbox, lambda each: each.token.id == row.id)),
    )


def _card_events(sandbox: Sandbox, row: SavedCardRow) -> list[TimelineEvent]:
    return [] if row.token is None else _token_events(sandbox, row.token)


def _card_links(sandbox: Sandbox, row: SavedCardRow) -> Related:
    token = row.saved.token
    return (
        ("customers", row.customer.id),
        ("tokens", token),
        *_ids("charges", _find_charges(sandbox, lambda each: each.token.id == token)),
    )


def _gift_card_events(sandbox: Sandbox, row: GiftCard) -> list[TimelineEvent]:
    """Return the charges of a gift card; reloads and cash-outs are not stored."""
    changes = [
        change
        for key in row.charges[-RELATED_MAX:]
        if (charge := sandbox.charges.get(key)) is not None
        for change in _gift_card_changes(sandbox, charge)
    ]
    events = [_event(row.expires_ms - GIFT_CARD_LIFETIME_MS, "loaded", row.loaded, row.loaded)]
    balance = gift_card_balance(sandbox, row).balance - sum(change for _, change in changes)
    for event, change in sorted(changes, key=lambda each: each[0].at_ms):
        balance += change
        events.append(replace(event, balance=balance))
    return events


def _gift_card_changes(sandbox: Sandbox, charge: Charge) -> Iterator[tuple[TimelineEvent, int]]:
    """Yield the events of a charge with their changes of the gift card's balance."""
    before = 0
    for event in charge_events(sandbox, charge):
        after = 0 if event.what == "authorized" else event.balance or 0
        what = {"captured": "redeemed", "authorized": "locked"}.get(event.what, event.what)
        yield replace(event, what=what), before - after
        before = after


def _gift_card_links(_: Sandbox, row: GiftCard) -> Related:
    return (("charges", key) for key in row.charges[-RELATED_MAX:])


def _plan_links(sandbox: Sandbox, row: Plan) -> Related:
    return _find_subscriptions(sandbox, lambda each: each.plan == row.id)


def _subscription_events(_: Sandbox, row: Subscription) -> list[TimelineEvent]:
    events = [_event(row.created_ms, "subscribed", by=row.id)]
    if row.last_run_ms is not None:
        events.append(_event(row.last_run_ms, "last charge", by=CHARGE_SUBSCRIPTION_JOB))
    if row.next_ms is not None:
        events.append(
            _event(row.next_ms, "next charge due", row.amount, by=CHARGE_SUBSCRIPTION_JOB)
        )
    return events


def _subscription_links(_: Sandbox, row: Subscription) -> Related:
    return (("plans", row.plan), ("customers", row.customer))


def _checkout_events(sandbox: Sandbox, row: Checkout) -> list[TimelineEvent]:
    charges = [sandbox.charges.get(key) for key in (*row.declined, row.charge or "")]
    created = _event(row.created_ms, "opened", row.amount, by=row.id)
    events = [created, *_payment_events([each for each in charges if each is not None])]
    if row.state(sandbox.clock.now_ms()) == "expired":
        events.append(_event(row.expires_ms, "expired", by=row.id))
    return _in_order(events)


def _checkout_links(_: Sandbox, row: Checkout) -> Related:
    return (("orders", row.order), *(("charges", key) for key in (*row.declined, row.charge)))


def _no_events(_sandbox: Sandbox, _row: Any) -> list[TimelineEvent]:
    return []


HISTORY: dict[
    str, tuple[Callable[[Sandbox, Any], list[TimelineEvent]], Callable[[Sandbox, Any], Related]]
] = {
    "charges": (charge_events, _charge_links),
    "refunds": (_refund_row_events, _refund_links),
    "orders": (_order_events, _order_links),
    "customers": (_customer_events, _customer_links),
    "cards": (_card_events, _card_links),
    "tokens": (_token_events, _token_links),
    "gift_cards": (_gift_card_events, _gift_card_links),
    "plans": (_no_events, _plan_links),
    "subscriptions": (_subscription_events, _subscription_links),
    "checkouts": (_checkout_events, _checkout_links),
}
"""The functions of events and related rows, by kind; other kinds have neither."""


def timeline_of(sandbox: Sandbox, kind: str, row: Any) -> tuple[TimelineEvent, ...]:
    """Return the events of a row, oldest first."""
    return tuple(HISTORY[kind][0](sandbox, row)) if kind in HISTORY else ()


def related_rows(sandbox: Sandbox, kind: str, row: Any) -> tuple[Link, ...]:
    """Return the rows related to a row."""
    related = HISTORY[kind][1](sandbox, row) if kind in HISTORY else ()
    return tuple(Link(kind=name, id=key) for name, key in related if key is not None)
