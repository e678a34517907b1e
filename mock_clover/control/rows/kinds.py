"""The kinds of rows in a sandbox, and a one-line summary of each row for lists.

A kind has functions that count its rows, iterate over them from the newest, find one by its id, and
summarize one. Saved cards are stored in their customers. Orders that charges create are derived
from those charges.
"""

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.common.cards import Card
from mock_clover.clover.customers.records import Customer, SavedCard
from mock_clover.clover.gift_cards.operations import gift_card_balance
from mock_clover.clover.gift_cards.records import GIFT_CARD_LIFETIME_MS, GiftCard
from mock_clover.clover.orders.endpoints import find_order
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.clover.recurring.records import Plan, Subscription
from mock_clover.clover.refunds.records import Refund
from mock_clover.clover.tokens.records import Token
from mock_clover.control.masking import gift_card_id
from mock_clover.core.counted import counted
from mock_clover.core.record import Record
from mock_clover.sandbox.masking import mask_prose
from mock_clover.sandbox.sandbox import Sandbox

_GIFT_CARDS_SEARCHED_MAX = 10_000
Rows = Iterator[tuple[str, Callable[[], Any]]]
"""Ids from the newest, each with a function that returns the row; most rows are skipped."""


class RowSummary(Record, frozen=True, kw_only=True):
    """A row in one line; amounts are in minor units."""

    id: str
    at_ms: int | None = None
    """Creation time by the sandbox's clock."""
    title: str
    state: str | None = None
    amount: int | None = None
    currency: str | None = None
    customer: str | None = None
    order: str | None = None
    card: str | None = None
    """For example VISA ...4242."""


def masked_summary(line: RowSummary) -> RowSummary:
    """Return a summary with masked texts."""
    texts = {
        name: mask_prose(value)
        for name in line.__struct_fields__
        if isinstance(value := getattr(line, name), str)
    }
    return replace(line, **texts)


class SavedCardRow(NamedTuple):
    """A card on file, its customer and its token."""

    saved: SavedCard
    customer: Customer
    token: Token | None


class RowKind(NamedTuple):
    """One kind of rows."""

    count: Callable[[Sandbox], int]
    newest: Callable[[Sandbox], Rows]
    find: Callable[[Sandbox, str], Any]
    summarize: Callable[[Sandbox, str, Any], RowSummary]


def card_label(card: Card) -> str:
    """Return the brand and the last four digits of a card."""
    return f"{card.brand} ...{card.last4}".strip()


def charge_state(charge: Charge) -> str:
    """Return the state of a charge for display; it includes refunds."""
    if charge.state == "failed":
        return "declined"
    if charge.state != "captured" or not charge.amount_refunded:
        return charge.state
    return "partially refunded" if charge.amount_refundable else "refunded"


def order_state(order_row: OrderWithCharges) -> str:
    """Return the state of an order for display."""
    if order_row.amount_returned:
        return "partially returned" if order_row.amount_returnable else "returned"
    if order_row.paid_ms is not None:
        return "paid"
    return "partially paid" if order_row.amount_paid else "created"


def _summarize_charge(_: Sandbox, key: str, row: Charge) -> RowSummary:
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=row.request.description or "charge",
        state=charge_state(row),
        amount=row.request.amount,
        currency=row.currency,
        customer=row.customer,
        order=row.order,
        card=card_label(row.token.card),
    )


def _summarize_refund(sandbox: Sandbox, key: str, row: Refund) -> RowSummary:
    charge = sandbox.charges.get(row.charge)
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=f"{'void' if row.refund_type == 'PREAUTH' else 'refund'} of {row.charge}",
        state="canceled" if row.canceled else "succeeded",
        amount=row.amount,
        currency=None if charge is None else charge.currency,
        customer=None if charge is None else charge.customer,
        order=None if charge is None else charge.order,
        card=None if charge is None else card_label(charge.token.card),
    )


def _summarize_customer(_: Sandbox, key: str, row: Customer) -> RowSummary:
    name = " ".join(filter(None, (row.first_name, row.last_name)))
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=", ".join(filter(None, (name, row.email))) or "customer",
        state=counted(len(row.cards), "card"),
    )


def _summarize_saved_card(_: Sandbox, key: str, row: SavedCardRow) -> RowSummary:
    token = row.token
    return RowSummary(
        id=key,
        at_ms=None if token is None else token.created_ms,
        title=row.customer.email or row.customer.id,
        state=None if token is None else token.state,
        customer=row.customer.id,
        card=None if token is None else card_label(token.card),
    )


def _summarize_token(_: Sandbox, key: str, row: Token) -> RowSummary:
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=row.kind.replace("_", " "),
        state=row.state,
        customer=row.customer,
        card=card_label(row.card),
    )


def _summarize_order(_: Sandbox, key: str, row: OrderWithCharges) -> RowSummary:
    order = row.order
    names = [item.description for item in order.items[:3] if item.description]
    more = len(order.items) - len(names)
    if more:
        names.append(f"{more} more" if names else counted(more, "item"))
    return RowSummary(
        id=key,
        at_ms=order.created_ms,
        title=", ".join(names),
        state=order_state(row),
        amount=order.amount,
        currency=order.currency,
        customer=order.customer,
    )


def _summarize_gift_card(sandbox: Sandbox, key: str, row: GiftCard) -> RowSummary:
    balance = gift_card_balance(sandbox, row)
    return RowSummary(
        id=key,
        at_ms=row.expires_ms - GIFT_CARD_LIFETIME_MS,
        title=f"gift card ...{row.last4}",
        state="expired" if sandbox.clock.now_ms() >= row.expires_ms else "active",
        amount=balance.balance,
        card=f"GIFT_CARD ...{row.last4}",
    )


def _summarize_plan(_: Sandbox, key: str, row: Plan) -> RowSummary:
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=f"{row.name}, every {row.interval_count} {row.interval}",
        state="active" if row.active else "inactive",
        amount=row.amount,
    )


def _summarize_subscription(sandbox: Sandbox, key: str, row: Subscription) -> RowSummary:
    plan = sandbox.plans.get(row.plan)
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=plan.name if plan else row.plan,
        state="active" if row.active else "inactive",
        amount=row.amount,
        customer=row.customer,
    )


def _summarize_checkout(sandbox: Sandbox, key: str, row: Any) -> RowSummary:
    return RowSummary(
        id=key,
        at_ms=row.created_ms,
        title=", ".join(line.name for line in row.lines[:3]),
        state=row.state(sandbox.clock.now_ms()),
        amount=row.amount,
        order=row.order,
    )


def _summarize_item(_: Sandbox, key: str, row: Any) -> RowSummary:
    return RowSummary(id=key, at_ms=row.modified_ms, title=row.asked.name, amount=row.asked.price)


def _summarize_tax_rate(_: Sandbox, key: str, row: Any) -> RowSummary:
    return RowSummary(
        id=key, title=row.asked.name, state="default" if row.asked.isDefault else None
    )


def _summarize_order_type(_: Sandbox, key: str, row: Any) -> RowSummary:
    return RowSummary(id=key, title=row.asked.label or "order type")


def _identity(row: Any) -> Any:
    return row


def _row_kind_of_table(table: str, summarize: Callable[[Sandbox, str, Any], RowSummary]) -> RowKind:
    """Return the kind for a table that has row ids as keys."""

    def newest(sandbox: Sandbox) -> Rows:
        return (
            (key, partial(_identity, row))
            for key, row in getattr(sandbox, table).items_newest_first()
        )

    return RowKind(
        count=lambda sandbox: len(getattr(sandbox, table)),
        newest=newest,
        find=lambda sandbox, key: getattr(sandbox, table).get(key),
        summarize=summarize,
    )


def _cards(sandbox: Sandbox) -> Iterator[SavedCardRow]:
    for _, customer in sandbox.customers.items_newest_first():
        for saved in reversed(customer.cards):
            yield SavedCardRow(saved, customer, sandbox.tokens.get(saved.token))


def _find_card(sandbox: Sandbox, key: str) -> SavedCardRow | None:
    for _, customer in sandbox.customers.items_newest_first():
        for saved in customer.cards:
            if saved.id == key:
                return SavedCardRow(saved, customer, sandbox.tokens.get(saved.token))
    return None


def _newest_orders(sandbox: Sandbox) -> Rows:
    """Iterate over all orders; derive the orders of charges on demand."""
    plain = (
        (order.created_ms, key)
        for key, order in sandbox.orders.items_newest_first()
        if sandbox.sale_orders.get(key) is None
    )
    of_charges = (
        (charge.created_ms, key)
        for key, charge_id in sandbox.sale_orders.items_newest_first()
        if (charge := sandbox.charges.get(charge_id)) is not None
    )
    merged = heapq.merge(plain, of_charges, key=lambda pair: pair[0], reverse=True)
    return ((key, partial(find_order, sandbox, key)) for _, key in merged)


def _count_orders(sandbox: Sandbox) -> int:
    """Count orders. Those that a charge created and the platform API changed are in both tables."""
    both = sum(key in sandbox.sale_orders for key, _ in sandbox.orders.items())
    return len(sandbox.orders) + len(sandbox.sale_orders) - both


def _newest_gift_cards(sandbox: Sandbox) -> Rows:
    return (
        (gift_card_id(key), partial(_identity, row))
        for key, row in sandbox.gift_cards.items_newest_first()
    )


def _find_gift_card(sandbox: Sandbox, card_id: str) -> GiftCard | None:
    """Find one of the newest gift cards by its public id."""
    for index, (key, row) in enumerate(sandbox.gift_cards.items_newest_first()):
        if index >= _GIFT_CARDS_SEARCHED_MAX:
            break
        if gift_card_id(key) == card_id:
            return row
    return None


ROW_KINDS: dict[str, RowKind] = {
    "charges": _row_kind_of_table("charges", _summarize_charge),
    "refunds": _row_kind_of_table("refunds", _summarize_refund),
    "orders": RowKind(
        count=_count_orders, newest=_newest_orders, find=find_order, summarize=_summarize_order
    ),
    "customers": _row_kind_of_table("customers", _summarize_customer),
    "cards": RowKind(
        count=lambda sandbox: sum(len(each.cards) for each in sandbox.customers),
        newest=lambda sandbox: (
            (each.saved.id, partial(_identity, each)) for each in _cards(sandbox)
        ),
        find=_find_card,
        summarize=_summarize_saved_card,
    ),
    "tokens": _row_kind_of_table("tokens", _summarize_token),
    "gift_cards": RowKind(
        count=lambda sandbox: len(sandbox.gift_cards),
        newest=_newest_gift_cards,
        find=_find_gift_card,
        summarize=_summarize_gift_card,
    ),
    "plans": _row_kind_of_table("plans", _summarize_plan),
    "subscriptions": _row_kind_of_table("subscriptions", _summarize_subscription),
    "checkouts": _row_kind_of_table("checkouts", _summarize_checkout),
    "items": _row_kind_of_table("items", _summarize_item),
    "tax_rates": _row_kind_of_table("tax_rates", _summarize_tax_rate),
    "order_types": _row_kind_of_table("order_types", _summarize_order_type),
}
"""The kinds by name: the names of the tables, and `cards` for saved cards."""
