"""What became of a thing, step by step, and what it hangs together with; amounts are minor units.

Nothing is kept for this: steps are read off the rows. A balance is what a charge holds or has
taken, what an order was paid, or what a gift card has, after the step.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec

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

SOUGHT_MAX = 10_000
"""Newest rows that are looked through for what belongs to a thing."""
FOUND_MAX = 100
"""Of what was found, the newest so many are told."""


class Link(Record, frozen=True, kw_only=True):
    """Another thing that this one hangs together with."""

    kind: str
    id: str


class TimelineEvent(Record, frozen=True, kw_only=True):
    """One step."""

    at_ms: int
    what: str
    amount: int | None = None
    balance: int | None = None
    by: str | None = None
    """The id of what did it, or, for what time does, the kind of the agenda's entry."""


def refunds_of(sandbox: Sandbox, charge: Charge) -> list[Refund]:
    """Return what was given back of a charge, from the oldest. All refunds are gone through."""
    if not charge.amount_refunded and charge.gift is None:
        return []  # a gift card's may all have been canceled
    return [row for row in sandbox.refunds if row.charge == charge.id]


def charge_moments(sandbox: Sandbox, charge: Charge) -> list[TimelineEvent]:
    """Tell the life of a charge's money; the last balance is what may still be given back."""
    asked, by = charge.request, charge.id
    amount, tip = asked.amount, asked.tip_amount or 0
    paid_ms, moments = charge.paid_ms, []
    if charge.threeds is not None and charge.threeds.transaction:
        asks = TimelineEvent(at_ms=charge.created_ms, what="3-D Secure asked", amount=amount, by=by)
        moments.append(asks)
    if charge.state == "pending":
        return moments
    if charge.decline is not None:
        declined = TimelineEvent(at_ms=paid_ms, what="declined", amount=amount, balance=0, by=by)
        return [*moments, declined]
    if not charge.sale:
        held = amount + tip if charge.gift is not None else amount
        moments.append(
            TimelineEvent(at_ms=paid_ms, what="authorised", amount=held, balance=held, by=by)
        )
    if charge.state == "expired":
        at_ms = paid_ms + AUTHORISATION_LIFE_MS.get(
            charge.token.card.brand, AUTHORISATION_LIFE_MS["VISA"]
        )
        lapsed = TimelineEvent(
            at_ms=at_ms, what="lapsed", amount=amount, balance=0, by=AUTHORISATION_EXPIRES
        )
        return [*moments, lapsed]
    balance = charge.amount_captured
    captured_ms = paid_ms if charge.sale else charge.captured_ms
    if charge.state == "captured" and captured_ms is not None:
        captured = charge.amount_captured
        moments.append(
            TimelineEvent(
                at_ms=captured_ms, what="captured", amount=captured, balance=captured, by=by
            )
        )
        if tip:
            balance += tip
            moments.append(
                TimelineEvent(
                    at_ms=captured_ms, what="tip added", amount=tip, balance=balance, by=by
                )
            )
    elif charge.state == "voided" and captured_ms is not None:
        moments.append(
            TimelineEvent(at_ms=captured_ms, what="released", amount=amount, balance=0, by=by)
        )
    return moments + list(_given_back(sandbox, charge, balance))


def _given_back(sandbox: Sandbox, charge: Charge, balance: int) -> Iterator[TimelineEvent]:
    """Tell refunds and their cancellations, in the order of their times.

    One of all that was paid, before it is settled, is a void (see `clover/refunds/endpoints.py`).
    """
    steps: list[tuple[int, str, int, str]] = []
    for refund in refunds_of(sandbox, charge):
        at_once = refund.created_ms - charge.paid_ms <= sandbox.settings.void_window_ms
        undoes = charge.state == "voided" or (at_once and refund.amount == balance)
        what = "voided" if undoes else "refunded"
        steps.append((refund.created_ms, what, -refund.amount, refund.id))
        if refund.canceled_ms is not None:
            steps.append((refund.canceled_ms, "refund canceled", refund.amount, refund.id))
    for at_ms, what, change, by in sorted(steps, key=lambda step: step[0]):
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


def _refund_moments(_: Sandbox, row: Refund) -> list[TimelineEvent]:
    made = TimelineEvent(at_ms=row.created_ms, what="refunded", amount=row.amount, by=row.charge)
    if row.canceled_ms is None:
        return [made]
    return [made, TimelineEvent(at_ms=row.canceled_ms, what="refund canceled", amount=row.amount)]


def _refund_links(sandbox: Sandbox, row: Refund) -> Iterator[Link]:
    yield Link(kind="charges", id=row.charge)
    charge = sandbox.charges.get(row.charge)
    if charge is not None and charge.order is not None:
        yield Link(kind="orders", id=charge.order)


def _order_moments(sandbox: Sandbox, sold: OrderWithCharges) -> list[TimelineEvent]:
    """Tell an order's payments and what was given back of them."""
    order = sold.order
    made = TimelineEvent(at_ms=order.created_ms, what="ordered", amount=order.amount, balance=0)
    steps = [
        (each, charge.id) for charge in sold.charges for each in charge_moments(sandbox, charge)
    ]
    moments, balances = [made], dict.fromkeys((charge.id for charge in sold.charges), 0)
    for each, charge_id in sorted(steps, key=lambda step: step[0].at_ms):
        if each.what in ("captured", "tip added", "refunded", "voided", "refund canceled"):
            balances[charge_id] = each.balance or 0
        what = "paid" if each.what == "captured" else each.what
        moments.append(
            TimelineEvent(
                at_ms=each.at_ms,
                what=what,
                amount=each.amount,
                balance=sum(balances.values()),
                by=each.by,
            )
        )
    return moments


def _order_links(sandbox: Sandbox, sold: OrderWithCharges) -> Iterator[Link]:
    if sold.order.customer is not None:
        yield Link(kind="customers", id=sold.order.customer)
    for charge in sold.charges:
        yield Link(kind="charges", id=charge.id)
    for charge in sold.charges:
        yield from (Link(kind="refunds", id=row.id) for row in refunds_of(sandbox, charge))


def _charges_where(sandbox: Sandbox, is_meant: Callable[[Charge], bool]) -> list[Charge]:
    """Return charges from the oldest, of the newest that are looked through."""
    sought = islice(sandbox.charges.newest(), SOUGHT_MAX)
    found = [row for _, row in islice((each for each in sought if is_meant(each[1])), FOUND_MAX)]
    return found[::-1]


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


def _in_order(moments: list[TimelineEvent]) -> list[TimelineEvent]:
    return sorted(moments, key=lambda each: each.at_ms)


def _customer_moments(sandbox: Sandbox, row: Customer) -> list[TimelineEvent]:
    tokens = (sandbox.tokens.get(card.token) for card in row.cards)
    cards = [
        TimelineEvent(at_ms=token.created_ms, what="card tokenised", by=token.id)
        for token in tokens
        if token is not None
    ]
    made = TimelineEvent(at_ms=row.created_ms, what="customer made", by=row.id)
    paid = _payments(_charges_where(sandbox, lambda each: each.customer == row.id))
    return _in_order([*cards, made, *paid])


def _customer_links(sandbox: Sandbox, row: Customer) -> Iterator[Link]:
    yield from (Link(kind="cards", id=card.id) for card in row.cards)
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.customer == row.id))
    for key, each in islice(sandbox.subscriptions.newest(), SOUGHT_MAX):
        if each.customer == row.id:
            yield Link(kind="subscriptions", id=key)


def _charge_ids(charges: list[Charge]) -> Iterator[Link]:
    return (Link(kind="charges", id=row.id) for row in charges)


def _token_moments(sandbox: Sandbox, row: Token) -> list[TimelineEvent]:
    made = TimelineEvent(at_ms=row.created_ms, what="tokenised", by=row.id)
    return [made, *_payments(_charges_where(sandbox, lambda each: each.token.id == row.id))]


def _token_links(sandbox: Sandbox, row: Token) -> Iterator[Link]:
    if row.customer is not None:
        yield Link(kind="customers", id=row.customer)
    if row.card_id is not None:
        yield Link(kind="cards", id=row.card_id)
    if row.kind == "gift_card":
        yield Link(kind="gift_cards", id=gift_card_id(row.card.fingerprint))
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.token.id == row.id))


def _card_moments(sandbox: Sandbox, row: Saved) -> list[TimelineEvent]:
    return [] if row.token is None else _token_moments(sandbox, row.token)


def _card_links(sandbox: Sandbox, row: Saved) -> Iterator[Link]:
    yield Link(kind="customers", id=row.customer.id)
    yield Link(kind="tokens", id=row.saved.token)
    token = row.saved.token
    yield from _charge_ids(_charges_where(sandbox, lambda each: each.token.id == token))


def _gift_moments(sandbox: Sandbox, row: GiftCard) -> list[TimelineEvent]:
    """Tell what drew on a gift card; when it was reloaded or cashed out is not kept."""
    loaded = TimelineEvent(
        at_ms=row.expires_ms - LIFE_MS, what="loaded", amount=row.loaded, balance=row.loaded
    )
    taken = [
        step
        for key in row.charges[-FOUND_MAX:]
        if (charge := sandbox.charges.get(key)) is not None
        for step in _drawn(sandbox, charge)
    ]
    moments = [loaded]
    balance = gift_card_balance(sandbox, row).balance - sum(change for _, change in taken)
    for step, change in sorted(taken, key=lambda each: each[0].at_ms):
        balance += change
        moments.append(msgspec.structs.replace(step, balance=balance))
    return moments


def _drawn(sandbox: Sandbox, charge: Charge) -> Iterator[tuple[TimelineEvent, int]]:
    """Tell what a charge did to its gift card, each step with what it changed of the balance."""
    before = 0
    for each in charge_moments(sandbox, charge):
        after = 0 if each.what == "authorised" else each.balance or 0
        what = {"captured": "redeemed", "authorised": "locked"}.get(each.what, each.what)
        yield msgspec.structs.replace(each, what=what), before - after
        before = after


def _gift_links(_: Sandbox, row: GiftCard) -> Iterator[Link]:
    return (Link(kind="charges", id=key) for key in row.charges[-FOUND_MAX:])


def _plan_links(sandbox: Sandbox, row: Plan) -> Iterator[Link]:
    for key, each in islice(sandbox.subscriptions.newest(), SOUGHT_MAX):
        if each.plan == row.id:
            yield Link(kind="subscriptions", id=key)


def _subscription_moments(_: Sandbox, row: Subscription) -> list[TimelineEvent]:
    moments = [TimelineEvent(at_ms=row.created_ms, what="subscribed", by=row.id)]
    if row.last_run_ms is not None:
        moments.append(
            TimelineEvent(at_ms=row.last_run_ms, what="charged last", by=SUBSCRIPTION_RUN)
        )
    if row.next_ms is not None:
        due = TimelineEvent(
            at_ms=row.next_ms, what="due next", amount=row.amount, by=SUBSCRIPTION_RUN
        )
        moments.append(due)
    return moments


def _subscription_links(_: Sandbox, row: Subscription) -> Iterator[Link]:
    yield Link(kind="plans", id=row.plan)
    yield Link(kind="customers", id=row.customer)


def _checkout_moments(sandbox: Sandbox, row: Checkout) -> list[TimelineEvent]:
    tried = [sandbox.charges.get(key) for key in (*row.declined, row.charge or "")]
    made = TimelineEvent(at_ms=row.created_ms, what="opened", amount=row.amount, by=row.id)
    moments = [made, *_payments([each for each in tried if each is not None])]
    if row.state(sandbox.clock.now_ms()) == "expired":
        moments.append(TimelineEvent(at_ms=row.expires_ms, what="expired", by=row.id))
    return _in_order(moments)


def _checkout_links(_: Sandbox, row: Checkout) -> Iterator[Link]:
    if row.order is not None:
        yield Link(kind="orders", id=row.order)
    for key in (*row.declined, *([row.charge] if row.charge else ())):
        yield Link(kind="charges", id=key)


MOMENTS: dict[str, Callable[[Sandbox, Any], list[TimelineEvent]]] = {
    "charges": charge_moments,
    "refunds": _refund_moments,
    "orders": _order_moments,
    "customers": _customer_moments,
    "cards": _card_moments,
    "tokens": _token_moments,
    "gift_cards": _gift_moments,
    "subscriptions": _subscription_moments,
    "checkouts": _checkout_moments,
}
"""The steps of each kind that has any."""
LINKS: dict[str, Callable[[Sandbox, Any], Iterator[Link]]] = {
    "charges": _charge_links,
    "refunds": _refund_links,
    "orders": _order_links,
    "customers": _customer_links,
    "cards": _card_links,
    "tokens": _token_links,
    "gift_cards": _gift_links,
    "plans": _plan_links,
    "subscriptions": _subscription_links,
    "checkouts": _checkout_links,
}
"""What each kind hangs together with."""


def moments_of(sandbox: Sandbox, kind: str, row: Any) -> tuple[TimelineEvent, ...]:
    """Return the steps of a thing, from the first."""
    return tuple(MOMENTS[kind](sandbox, row)) if kind in MOMENTS else ()


def links_of(sandbox: Sandbox, kind: str, row: Any) -> tuple[Link, ...]:
    """Return what a thing hangs together with."""
    return tuple(LINKS[kind](sandbox, row)) if kind in LINKS else ()
