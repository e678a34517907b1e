"""Validate the data and merchants of a scenario. A finding is a path and a message.

`scenario/fixtures.py` creates valid data without errors.
"""

from collections.abc import Iterator
from itertools import accumulate, islice

from mock_clover.clover.charges.records import AUTHORIZATION_LIFETIME_MS, METADATA_BYTES_MAX
from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.orders.records import order_totals
from mock_clover.clover.platform.records_row import COLLECTIONS, OBJECTS
from mock_clover.core.duration import parse_duration_ms
from mock_clover.core.masking import passes_luhn
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import encode
from mock_clover.core.suggestions import did_you_mean
from mock_clover.scenario.findings import Finding
from mock_clover.scenario.records import Merchant, Scenario
from mock_clover.scenario.records_fixtures import (
    ROWS_MAX,
    TOTAL_ROWS_MAX,
    FixtureCard,
    FixtureCharge,
    FixtureCustomer,
    FixtureOrder,
    Fixtures,
)

_CREDENTIALS = ("merchant_id", "access_token", "api_key")
_SUGGESTED_MAX = 200
"""Names that an unknown customer is compared with; each comparison takes 50 microseconds."""
_REFUNDED_STATES = frozenset({"voided", "refunded"})


def check_all_fixtures(scenario: Scenario) -> Iterator[Finding]:
    """Yield the errors in the data of a scenario and its merchants."""
    excess = _excess_rows(scenario)
    if excess is not None:
        yield excess
        return
    listed = {card.number for card in scenario.cards if card.brand is not None}
    if scenario.data is not None:
        yield from _check_fixtures(scenario.data, listed, ".data")
    for index, merchant in enumerate(scenario.merchants):
        yield from _check_merchant(merchant, scenario.merchants[:index], f".merchants[{index}]")
        if merchant.data is not None:
            yield from _check_fixtures(merchant.data, listed, f".merchants[{index}].data")


def _excess_rows(scenario: Scenario) -> Finding | None:
    """Return an error at the first data that exceeds the total number of rows."""
    located = [(".data", scenario.data)]
    for index, merchant in enumerate(scenario.merchants):
        located.append((f".merchants[{index}].data", merchant.data))
    counts = [(path, data.count) for path, data in located if data is not None]
    total = sum(count for _, count in counts)
    sums = accumulate(count for _, count in counts)
    for (path, _), so_far in zip(counts, sums, strict=True):
        if so_far > TOTAL_ROWS_MAX:
            message = f"the scenario has {total:,} rows of data; the maximum is {TOTAL_ROWS_MAX:,}"
            return path, f"{message} for all merchants together"
    return None


def _check_merchant(
    merchant: Merchant, before: tuple[Merchant, ...], path: str
) -> Iterator[Finding]:
    for field in ("name", *_CREDENTIALS):
        value = getattr(merchant, field)
        same = (n for n, other in enumerate(before) if getattr(other, field) == value)
        if value is not None and (index := next(same, None)) is not None:
            yield f"{path}.{field}", f"merchant {index + 1} has the same value; it must be unique"


def _check_fixtures(fixtures: Fixtures, listed: set[str], path: str) -> Iterator[Finding]:
    ids: set[str] = set()
    payers = {
        name: customer
        for customer in fixtures.customers
        for name in (customer.email, customer.id)
        if name
    }
    for index, customer in enumerate(fixtures.customers):
        here = f"{path}.customers[{index}]"
        yield from _check_id(customer.id, ids, f"{here}.id")
        yield from _check_cards(customer, listed, ids, here)
    for index, order in enumerate(fixtures.orders):
        here = f"{path}.orders[{index}]"
        yield from _check_id(order.id, ids, f"{here}.id")
        yield from _check_payer(order, payers, listed, ids, here)
        total = order_totals(list(order.items))[0]
        if total > AMOUNT_MAX:
            yield f"{here}.items", f"the total {total} exceeds the maximum of {AMOUNT_MAX}"
        elif not total and order.state != "created":
            yield f"{here}.state", f"an order with total 0 cannot be {order.state}"
    yield from _check_platform(fixtures, path)
    for index, charge in enumerate(fixtures.charges):
        here = f"{path}.charges[{index}]"
        yield from _check_id(charge.id, ids, f"{here}.id")
        yield from _check_payer(charge, payers, listed, ids, here)
        yield from _check_charge(charge, here)


def _check_platform(fixtures: Fixtures, path: str) -> Iterator[Finding]:
    known = (*COLLECTIONS, *OBJECTS)
    for name, rows in fixtures.platform.items():
        here = f"{path}.platform.{name}"
        if name not in known:
            yield here, f"there is no such collection{did_you_mean(name, known)}"
        if len(rows) > (1 if name in OBJECTS else ROWS_MAX):
            yield here, "has too many rows" if name in COLLECTIONS else "is one object"
        ids = [row["id"] for row in rows if "id" in row]
        for index, row_id in enumerate(ids):
            if not isinstance(row_id, str) or not row_id or "/" in row_id:
                yield f"{here}[{index}].id", "must be a text without a slash"
            elif row_id in ids[:index]:
                yield f"{here}[{index}].id", f"{row_id} is used twice"


def _check_cards(
    customer: FixtureCustomer, listed: set[str], ids: set[str], path: str
) -> Iterator[Finding]:
    numbers: set[str] = set()
    for index, card in enumerate(customer.cards):
        here = f"{path}.cards[{index}]"
        yield from _check_card(card, listed, ids, here)
        if card.number in numbers:
            yield f"{here}.number", "duplicate card of this customer"
        numbers.add(card.number)


def _check_card(card: FixtureCard, listed: set[str], ids: set[str], path: str) -> Iterator[Finding]:
    if not passes_luhn(card.number):
        yield f"{path}.number", "the number fails the Luhn check"
    elif brand_of(card.number) is None and card.number not in listed:
        yield (
            f"{path}.number",
            "no known card brand issues this number; add it to `cards` with its brand",
        )
    yield from _check_id(card.id, ids, f"{path}.id")
    yield from _check_id(card.token, ids, f"{path}.token")


def _check_id(row_id: str | None, ids: set[str], path: str) -> Iterator[Finding]:
    if row_id is not None and row_id in ids:
        yield path, "duplicate id"
    elif row_id is not None:
        ids.add(row_id)


def _check_payer(
    row: FixtureOrder | FixtureCharge,
    payers: dict[str, FixtureCustomer],
    listed: set[str],
    ids: set[str],
    path: str,
) -> Iterator[Finding]:
    if row.card is not None:
        yield from _check_card(row.card, listed, ids, f"{path}.card")
    if row.customer is None:
        return
    if row.card is not None:
        yield f"{path}.card", "cannot be combined with `customer`"
    customer = payers.get(row.customer)
    if customer is None:
        hint = did_you_mean(row.customer, islice(payers, _SUGGESTED_MAX))
        yield f"{path}.customer", f"unknown customer `{row.customer[:60]}`{hint}"
    elif isinstance(row, FixtureOrder) and row.state != "created" and not customer.cards:
        yield f"{path}.customer", "has no card to pay with"


def _check_charge(charge: FixtureCharge, path: str) -> Iterator[Finding]:
    if charge.decline_code is not None and charge.state != "failed":
        yield f"{path}.decline_code", f"not allowed for state {charge.state}"
    for field in ("captured", "refunded"):
        if getattr(charge, field) is not None and charge.state != "captured":
            yield f"{path}.{field}", f"requires state captured, not {charge.state}"
    captured = charge.amount if charge.captured is None else charge.captured
    if captured > charge.amount:
        yield f"{path}.captured", f"exceeds the amount of {charge.amount}"
    elif charge.refunded is not None and charge.refunded > captured:
        yield f"{path}.refunded", f"exceeds the captured amount of {captured}"
    if charge.state in _REFUNDED_STATES and not charge.amount:
        yield f"{path}.state", f"a charge with amount 0 cannot be {charge.state}"
    if charge.metadata and len(encode(charge.metadata)) > METADATA_BYTES_MAX:
        yield f"{path}.metadata", f"is longer than {METADATA_BYTES_MAX} characters of JSON"


def fixture_warnings(fixtures: Fixtures, path: str) -> Iterator[Finding]:
    """Yield warnings: valid data that is probably a mistake."""
    lifetime_ms = min(AUTHORIZATION_LIFETIME_MS.values())
    for index, charge in enumerate(fixtures.charges):
        if charge.state == "authorized" and parse_duration_ms(charge.ago) >= lifetime_ms:
            message = "authorizations expire after 7 days (Mastercard: 30 days)"
            yield f"{path}.charges[{index}].ago", message
