"""Reject rows of a snapshot that no request could have created."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.gift_cards.records import CHARGES_MAX
from mock_clover.core.iso8601 import LAST_MS
from mock_clover.core.steps import Steps
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.tables import TABLES

_OVER_CAPTURE_TIMES_MAX = 11
"""`over_capture_percent` is at most 1,000; a scenario may have changed it since."""


def check_rows(sandbox: Sandbox) -> Steps[None]:
    """Reject rows with a wrong key, time, amount or reference. Raises ValueError with the path."""
    for table in TABLES:
        for key, row in getattr(sandbox, table).items():
            if getattr(row, "key", getattr(row, "id", key)) != key:
                _reject(table, key, "id", "is not the key of the row")
            for name, value in _times(row):
                if not 0 <= value <= LAST_MS:
                    _reject(table, key, name, "is not a time before the year 10000")
            yield
    yield from _check_charges(sandbox)
    yield from _check_orders(sandbox)
    yield from _check_customers(sandbox)
    for table, key, member, other, wanted in _references(sandbox):
        if wanted not in getattr(sandbox, other):
            _reject(table, key, member, f"{wanted!r} is not in {other}")
        yield


def _times(row: object) -> Iterator[tuple[str, int]]:
    """Yield all times of a row and of the records in it."""
    if isinstance(row, tuple):
        for each in row:
            yield from _times(each)
    if not isinstance(row, msgspec.Struct):
        return
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, int) and name.endswith("_ms"):
            yield name, value
        elif isinstance(value, msgspec.Struct | tuple):
            yield from _times(value)


def _references(sandbox: Sandbox) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield table, key and member of each reference, and table and key of the row it needs."""
    for key, refund in sandbox.refunds.items():
        yield "refunds", key, "charge", "charges", refund.charge
    for key, order in sandbox.orders.items():
        yield from (("orders", key, "charges", "charges", each) for each in order.charges)
    for key, charge in sandbox.sale_orders.items():
        yield "sale_orders", key, "", "charges", charge
    for key, card in sandbox.gift_cards.items():
        yield from (("gift_cards", key, "charges", "charges", each) for each in card.charges)
    for key, subscription in sandbox.subscriptions.items():
        yield "subscriptions", key, "plan", "plans", subscription.plan
    for key, checkout in sandbox.checkouts.items():
        made = (*checkout.declined, *((checkout.charge,) if checkout.charge else ()))
        yield from (("checkouts", key, "charge", "charges", each) for each in made)


def _check_charges(sandbox: Sandbox) -> Steps[None]:
    refunded: Counter[str] = Counter()
    for key, refund in sandbox.refunds.items():
        if refund.amount < 0:
            _reject("refunds", key, "amount", "is negative")
        refunded[refund.charge] += 0 if refund.canceled else refund.amount
        yield
    for key, charge in sandbox.charges.items():
        if member := _inconsistent_amount(charge):
            _reject("charges", key, member, "does not fit the other amounts")
        if refunded[key] > max(_most_refundable(charge), charge.request.amount):
            _reject("charges", key, "amount_refunded", "is less than the refunds")
        if charge.state == "pending" and charge.threeds is None:
            _reject("charges", key, "threeds", "is missing in a pending charge")
        yield
    for key, card in sandbox.gift_cards.items():
        if card.loaded < 0:
            _reject("gift_cards", key, "loaded", "is negative")
        if len(card.charges) > CHARGES_MAX:
            _reject("gift_cards", key, "charges", f"are more than {CHARGES_MAX}")
        yield


def _most_refundable(charge: Charge) -> int:
    return charge.amount_captured + (charge.request.tip_amount or 0)


def _inconsistent_amount(charge: Charge) -> str:
    if not 0 <= charge.amount_captured <= charge.request.amount * _OVER_CAPTURE_TIMES_MAX:
        return "amount_captured"
    if not 0 <= charge.amount_released <= charge.request.amount:
        return "amount_released"
    most = _most_refundable(charge) if charge.state == "captured" else charge.request.amount
    return "" if 0 <= charge.amount_refunded <= most else "amount_refunded"


def _check_orders(sandbox: Sandbox) -> Steps[None]:
    for key, order in sandbox.orders.items():
        if order.amount < 0:
            _reject("orders", key, "amount", "is negative")
        lists = {name: getattr(order, name) for name in ("taxes", "prices", "returned")}
        lists["platform.lines"] = order.platform.lines if order.platform is not None else ()
        for member, entries in lists.items():
            if len(entries) not in (0, len(order.items)):
                _reject("orders", key, member, "must have one entry for each item")
        yield


def _check_customers(sandbox: Sandbox) -> Steps[None]:
    for key, customer in sandbox.customers.items():
        for card in customer.cards:
            token: Any = sandbox.tokens.get(card.token)
            if token is None or token.kind != "card":
                _reject("customers", key, "cards", f"{card.token!r} is not the token of a card")
        yield


def _reject(table: str, key: str, member: str, reason: str) -> NoReturn:
    path = f"{table}.{key}.{member}".rstrip(".")
    raise ValueError(f"{path}: {reason}")
