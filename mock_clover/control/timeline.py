"""The timeline of a row, and its links to related rows; amounts are in minor units.

Nothing is stored for this: events are derived from the rows. A balance is the amount after the
event: held or captured by a charge, paid for an order, or left on a gift card.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.records import AUTHORISATION_EXPIRES, AUTHORISATION_LIFE_MS, Charge
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.gift_cards.operations import gift_card_balance
from mock_clover.clover.gift_cards.records import LIFE_MS, GiftCard
from mock_clover.clover.orders.views import OrderWithCharges
from mock_clover.clover.recurring.records import SUBSCRIPTION_RUN, Plan, Subscription
from mock_clover.clover.refunds.records import Refund
from mock_clover.clover.tokens.records import Token
from mock_clover.control.masking import gift_card_id
from mock_clover.control.row_types import Saved
from mock_clover.core.record import Record
from mock_clover.sandbox.sandbox import Sandbox

SEARCHED_MAX = 10_000
"""Search only this many of the newest rows for related ones."""
FOUND_MAX = 100
"""Return only this many of the newest related rows."""


class Link(Record, frozen=True, kw_only=True):
    """A related row."""

    kind: str
    id: str


class TimelineEvent(Record, frozen=True, kw_only=True):
    """One event in the life of a row."""

    at_ms: int
    what: str
    amount: int | None = None
    balance: int | None = None
    by: str | None = None
    """The id of the row that caused the event, or the kind of the scheduled job."""


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
        events.append(
            TimelineEvent(
                at_ms=charge.created_ms, what="3-D Secure requested", amount=amount, by=by
            )
        )
    if charge.state == "pending":
        return events
    if charge.decline is not None:
        declined = TimelineEvent(at_ms=paid_ms, what="declined", amount=amount, balance=0, by=by)
        return [*events, declined]
    if not charge.sale:
        held = amount + tip if charge.gift is not None else amount
        events.append(
            TimelineEvent(at_ms=paid_ms, what="authorised", amount=held, balance=held, by=by)
        )
    if charge.state == "expired":
        at_ms = paid_ms + AUTHORISATION_LIFE_MS.get(
            charge.token.card.brand, AUTHORISATION_LIFE_MS["VISA"]
        )
        lapsed = TimelineEvent(
            at_ms=at_ms, what="lapsed", amount=amount, balance=0, by=AUTHORISATION_EXPIRES
        )
        return [*events, lapsed]
    balance = charge.amount_captured
    captured_ms = paid_ms if charge.sale else charge.captured_ms
    if charge.state == "captured" and captured_ms is not None:
        captured = charge.amount_captured
        events.append(
            TimelineEvent(
                at_ms=captured_ms, what="captured", amount=captured, balance=captured, by=by
            )
        )
        if tip:
            balance += tip
            events.append(
                TimelineEvent(
                    at_ms=captured_ms, what="tip added", amount=tip, balance=balance, by=by
                )
            )
    elif charge.state == "voided" and captured_ms is not None:
        events.append(
            TimelineEvent(at_ms=captured_ms, what="released", amount=amount, balance=0, by=by)
        )
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
        yield TimelineEvent(at_ms=at_ms, what=what, amount=abs(change), balance=balance, by=by)


def _charge_links(sandbox: Sandbox, charge: Charge) -> Iterator[Link]:
    if charge.order is not None:
        yield Link(kind="orders", id=charge.order)
    if charge.customer is not None:
        yield Link(kind="customers", id=charge.customer)
    if charge.token.card_id is not None:
        yield Link(kind="cards", id=charge.token.card_id)
    if charge.token.kind == "gift_card":
        yield Link(kind="gift_cards", id=gift_card_id(charge.token.card.fingerprint))
    if charge.token.kind != "tender":
        yield Link(kind="tokens", id=charge.token.id)
    yield from (Link(kind="refunds", id=row.id) for row in refunds_of(sandbox, charge))


def _refund_row_events(_: Sandbox, row: Refund) -> list[TimelineEvent]:
    created = TimelineEvent(at_ms=row.created_ms, what="refunded", amount=row.amount, by=row.charge)
    if row.canceled_ms is None:
        return [created]
    return [
        created,
        TimelineEvent(at_ms=row.canceled_ms, what="refund canceled", amount=row.amount),
    ]


def _refund_links(sandbox: Sandbox, row: Refund) -> Iterator[Link]:
    yield Link(kind="charges", id=row.charge)
    charge = sandbox.charges.get(row.charge)
    if charge is not None and charge.order is not None:
        yield Link(kind="orders", id=charge.order)


def _order_events(sandbox: Sandbox, order_row: OrderWithCharges) -> list[TimelineEvent]:
    """Return the payments of an order and their refunds."""
    order = order_row.order
    created = TimelineEvent(at_ms=order.created_ms, what="ordered", amount=order.amount, balance=0)
    payments = [
        (each, charge.id) for charge in order_row.charges for each in charge_events(sandbox, charge)
    ]
    events, balances = [created], dict.fromkeys((charge.id for charge in order_row.charges), 0)
    for each, charge_id in sorted(payments, key=lambda pair: pair[0].at_ms):
        if each.what in ("captured", "tip added", "refunded", "voided", "refund canceled"):
            balances[charge_id] = each.balance or 0
        what = "paid" if each.what == "captured" else each.what
        events.append(
            TimelineEvent(
                at_ms=each.at_ms,
                what=what,
                amount=each.amount,
                balance=sum(balances.values()),
                by=each.by,
            )
        )
    return events


def _order_links(sandbox: Sandbox, order_row: OrderWithCharges) -> Iterator[Link]:
    if order_row.order.customer is not None:
        yield Link(kind="customers", id=order_row.order.customer)
    for charge in order_row.charges:
        yield Link(kind="charges", id=charge.id)
    for charge in order_row.charges:
        yield from (Link(kind="refunds", id=row.id) for row in refunds_of(sandbox, charge))


def _charges_where(sandbox: Sandbox, matches: Callable[[Charge], bool]) -> list[Charge]:
    """Return matching charges among the newest ones, oldest first."""
    newest = islice(sandbox.charges.newest(), SEARCHED_MAX)
    charges = [row for _, row in islice((each for each in newest if matches(each[1])), FOUND_MAX)]
    return charges[::-1]


def _payments(charges: list[Charge]) -> list[TimelineEvent]:
    return [
        TimelineEvent(
            at_ms=row.created_ms,
            what="declined" if row.decline is not None else row.state,
            amount=row.request.amount,
            by=row.id,
        )
        for row in charges
    ]


def _in_order(events: list[TimelineEvent]) -> list[TimelineEvent]:
    return sorted(events, key=lambda each: each.at_ms)


def _customer_events(sandbox: Sandbox, row: Customer) -> list[TimelineEvent]:
    tokens = (sandbox.tokens.get(card.token) for card in row.cards)
    cards = [
        TimelineEvent(at_ms=token.created_ms, what="card tokenised", by=token.id)
        for token in tokens
        if token is not None
    ]
    created = TimelineEvent(at_ms=row.created_ms, what="customer created", by=row.id)
    paid = _payments(_charges_where(sandbox, lambda each: each.customer == row.id))
    return _in_order([*cards, created, *paid])


def _customer_links(sandbox: Sandbox, row: Customer) -> Iterator[Link]:
    yield from (Link(kind="cards", id=card.id) for card in row.cards)
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.customer == row.id))
    for key, each in islice(sandbox.subscriptions.newest(), SEARCHED_MAX):
        if each.customer == row.id:
            yield Link(kind="subscriptions", id=key)


def _charge_ids(charges: list[Charge]) -> Iterator[Link]:
    return (Link(kind="charges", id=row.id) for row in charges)


def _token_events(sandbox: Sandbox, row: Token) -> list[TimelineEvent]:
    created = TimelineEvent(at_ms=row.created_ms, what="tokenised", by=row.id)
    return [created, *_payments(_charges_where(sandbox, lambda each: each.token.id == row.id))]


def _token_links(sandbox: Sandbox, row: Token) -> Iterator[Link]:
    if row.customer is not None:
        yield Link(kind="customers", id=row.customer)
    if row.card_id is not None:
        yield Link(kind="cards", id=row.card_id)
    if row.kind == "gift_card":
        yield Link(kind="gift_cards", id=gift_card_id(row.card.fingerprint))
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.token.id == row.id))


def _card_events(sandbox: Sandbox, row: Saved) -> list[TimelineEvent]:
    return [] if row.token is None else _token_events(sandbox, row.token)


def _card_links(sandbox: Sandbox, row: Saved) -> Iterator[Link]:
    yield Link(kind="customers", id=row.customer.id)
    yield Link(kind="tokens", id=row.saved.token)
    token = row.saved.token
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.token.id == token))


def _gift_card_events(sandbox: Sandbox, row: GiftCard) -> list[TimelineEvent]:
    """Return the charges of a gift card; reloads and cash-outs are not stored."""
    loaded = TimelineEvent(
        at_ms=row.expires_ms - LIFE_MS, what="loaded", amount=row.loaded, balance=row.loaded
    )
    changes = [
        change
        for key in row.charges[-FOUND_MAX:]
        if (charge := sandbox.charges.get(key)) is not None
        for change in _gift_card_changes(sandbox, charge)
    ]
    events = [loaded]
    balance = gift_card_balance(sandbox, row).balance - sum(change for _, change in changes)
    for event, change in sorted(changes, key=lambda each: each[0].at_ms):
        balance += change
        events.append(replace(event, balance=balance))
    return events


def _gift_card_changes(sandbox: Sandbox, charge: Charge) -> Iterator[tuple[TimelineEvent, int]]:
    """Yield the events of a charge with their changes of the gift card's balance."""
    before = 0
    for each in charge_events(sandbox, charge):
        after = 0 if each.what == "authorised" else each.balance or 0
        what = {"captured": "redeemed", "authorised": "locked"}.get(each.what, each.what)
        yield replace(each, what=what), before - after
        before = after


def _gift_card_links(_: Sandbox, row: GiftCard) -> Iterator[Link]:
    return (Link(kind="charges", id=key) for key in row.charges[-FOUND_MAX:])


def _plan_links(sandbox: Sandbox, row: Plan) -> Iterator[Link]:
    for key, each in islice(sandbox.subscriptions.newest(), SEARCHED_MAX):
        if each.plan == row.id:
            yield Link(kind="subscriptions", id=key)


def _subscription_events(_: Sandbox, row: Subscription) -> list[TimelineEvent]:
    events = [TimelineEvent(at_ms=row.created_ms, what="subscribed", by=row.id)]
    if row.last_run_ms is not None:
        events.append(
            TimelineEvent(at_ms=row.last_run_ms, what="charged last", by=SUBSCRIPTION_RUN)
        )
    if row.next_ms is not None:
        due = TimelineEvent(
            at_ms=row.next_ms, what="due next", amount=row.amount, by=SUBSCRIPTION_RUN
        )
        events.append(due)
    return events


def _subscription_links(_: Sandbox, row: Subscription) -> Iterator[Link]:
    yield Link(kind="plans", id=row.plan)
    yield Link(kind="customers", id=row.customer)


def _checkout_events(sandbox: Sandbox, row: Checkout) -> list[TimelineEvent]:
    charges = [sandbox.charges.get(key) for key in (*row.declined, row.charge or "")]
    created = TimelineEvent(at_ms=row.created_ms, what="opened", amount=row.amount, by=row.id)
    events = [created, *_payments([each for each in charges if each is not None])]
    if row.state(sandbox.clock.now_ms()) == "expired":
        events.append(TimelineEvent(at_ms=row.expires_ms, what="expired", by=row.id))
    return _in_order(events)


def _checkout_links(_: Sandbox, row: Checkout) -> Iterator[Link]:
    if row.order is not None:
        yield Link(kind="orders", id=row.order)
    for key in (*row.declined, *([row.charge] if row.charge else ())):
        yield Link(kind="charges", id=key)


EVENTS: dict[str, Callable[[Sandbox, Any], list[TimelineEvent]]] = {
    "charges": charge_events,
    "refunds": _refund_row_events,
    "orders": _order_events,
    "customers": _customer_events,
    "cards": _card_events,
    "tokens": _token_events,
    "gift_cards": _gift_card_events,
    "subscriptions": _subscription_events,
    "checkouts": _checkout_events,
}
"""The event functions by kind."""
LINKS: dict[str, Callable[[Sandbox, Any], Iterator[Link]]] = {
    "charges": _charge_links,
    "refunds": _refund_links,
    "orders": _order_links,
    "customers": _customer_links,
    "cards": _card_links,
    "tokens": _token_links,
    "gift_cards": _gift_card_links,
    "plans": _plan_links,
    "subscriptions": _subscription_links,
    "checkouts": _checkout_links,
}
"""The link functions by kind."""


def events_of(sandbox: Sandbox, kind: str, row: Any) -> tuple[TimelineEvent, ...]:
    """Return the events of a row, oldest first."""
    return tuple(EVENTS[kind](sandbox, row)) if kind in EVENTS else ()


def links_of(sandbox: Sandbox, kind: str, row: Any) -> tuple[Link, ...]:
    """Return the rows related to a row."""
    return tuple(LINKS[kind](sandbox, row)) if kind in LINKS else ()
