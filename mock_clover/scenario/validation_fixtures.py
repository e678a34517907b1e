"""The laws of a scenario's data and merchants: each finding is a path and a sentence.

What passes them can be made without a refusal (`scenario/fixtures.py`).
"""

from collections.abc import Iterator

from mock_clover.clover.charges.records import AUTHORISATION_LIFE_MS, METADATA_BYTES_MAX
from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.orders.records import order_totals
from mock_clover.core.duration import parse_duration_ms
from mock_clover.core.masking import passes_luhn
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import encode
from mock_clover.scenario.records import Merchant, Scenario
from mock_clover.scenario.records_fixtures import (
    FixtureCard,
    FixtureCharge,
    FixtureCustomer,
    FixtureOrder,
    Fixtures,
)
from mock_clover.scenario.suggestions import Finding, did_you_mean

_CREDENTIALS = ("merchant_id", "access_token", "api_key")
_ENDED = frozenset({"voided", "refunded"})


def find_wrong_stocks(scenario: Scenario) -> Iterator[Finding]:
    """Find what cannot be made of a scenario's data and its merchants'."""
    listed = {card.number for card in scenario.cards if card.brand is not None}
    if scenario.data is not None:
        yield from _wrong_stock(scenario.data, listed, ".data")
    for place, merchant in enumerate(scenario.merchants):
        yield from _wrong_merchant(merchant, scenario.merchants[:place], f".merchants[{place}]")
        if merchant.data is not None:
            yield from _wrong_stock(merchant.data, listed, f".merchants[{place}].data")


def _wrong_merchant(merchant: Merchant, before: tuple[Merchant, ...], at: str) -> Iterator[Finding]:
    for member in ("name", *_CREDENTIALS):
        given = getattr(merchant, member)
        same = (n for n, other in enumerate(before) if getattr(other, member) == given)
        if given is not None and (place := next(same, None)) is not None:
            yield f"{at}.{member}", f"merchant {place + 1} has the same"


def _wrong_stock(stock: Fixtures, listed: set[str], at: str) -> Iterator[Finding]:
    ids: set[str] = set()
    for place, customer in enumerate(stock.customers):
        here = f"{at}.customers[{place}]"
        yield from _wrong_id(customer.id, ids, f"{here}.id")
        yield from _wrong_cards(customer, listed, ids, here)
    for place, order in enumerate(stock.orders):
        here = f"{at}.orders[{place}]"
        yield from _wrong_id(order.id, ids, f"{here}.id")
        yield from _wrong_payer(order, stock, listed, ids, here)
        total = order_totals(list(order.items))[0]
        if total > AMOUNT_MAX:
            yield f"{here}.items", f"their total {total} is above {AMOUNT_MAX}"
        elif not total and order.state != "created":
            yield f"{here}.state", f"an order of nothing cannot be {order.state}"
    for place, charge in enumerate(stock.charges):
        here = f"{at}.charges[{place}]"
        yield from _wrong_id(charge.id, ids, f"{here}.id")
        yield from _wrong_payer(charge, stock, listed, ids, here)
        yield from _wrong_charge(charge, here)


def _wrong_cards(
    customer: FixtureCustomer, listed: set[str], ids: set[str], at: str
) -> Iterator[Finding]:
    numbers: set[str] = set()
    for place, card in enumerate(customer.cards):
        here = f"{at}.cards[{place}]"
        yield from _wrong_card(card, listed, ids, here)
        if card.number in numbers:
            yield f"{here}.number", "this customer has the card already"
        numbers.add(card.number)


def _wrong_card(card: FixtureCard, listed: set[str], ids: set[str], at: str) -> Iterator[Finding]:
    if not passes_luhn(card.number):
        yield f"{at}.number", "the number fails its check digit"
    elif brand_of(card.number) is None and card.number not in listed:
        yield f"{at}.number", "no known brand has this number; list it in `cards` with its brand"
    yield from _wrong_id(card.id, ids, f"{at}.id")
    yield from _wrong_id(card.token, ids, f"{at}.token")


def _wrong_id(given: str | None, ids: set[str], at: str) -> Iterator[Finding]:
    if given is not None and given in ids:
        yield at, "something else has this id"
    elif given is not None:
        ids.add(given)


def _wrong_payer(
    thing: FixtureOrder | FixtureCharge, stock: Fixtures, listed: set[str], ids: set[str], at: str
) -> Iterator[Finding]:
    if thing.card is not None:
        yield from _wrong_card(thing.card, listed, ids, f"{at}.card")
    if thing.customer is None:
        return
    if thing.card is not None:
        yield f"{at}.card", "`customer` stands here too; one of them pays"
    known = {name: each for each in stock.customers for name in (each.email, each.id) if name}
    whose = known.get(thing.customer)
    if whose is None:
        said = f"there is no customer `{thing.customer[:60]}` in `customers`"
        yield f"{at}.customer", f"{said}{did_you_mean(thing.customer, known)}"
    elif isinstance(thing, FixtureOrder) and thing.state != "created" and not whose.cards:
        yield f"{at}.customer", "has no card to pay with"


def _wrong_charge(charge: FixtureCharge, at: str) -> Iterator[Finding]:
    if charge.decline_code is not None and charge.state != "failed":
        yield f"{at}.decline_code", f"a charge that is {charge.state} was not declined"
    for member in ("captured", "refunded"):
        if getattr(charge, member) is not None and charge.state != "captured":
            yield f"{at}.{member}", f"is of a captured charge, and this one is {charge.state}"
    captured = charge.amount if charge.captured is None else charge.captured
    if captured > charge.amount:
        yield f"{at}.captured", f"is above the amount of {charge.amount}"
    elif charge.refunded is not None and charge.refunded > captured:
        yield f"{at}.refunded", f"is above the {captured} that was captured"
    if charge.state in _ENDED and not charge.amount:
        yield f"{at}.state", f"a charge of nothing cannot be {charge.state}"
    if charge.metadata and len(encode(charge.metadata)) > METADATA_BYTES_MAX:
        yield f"{at}.metadata", f"is longer than {METADATA_BYTES_MAX} characters of JSON"


def find_doubtful_stock(stock: Fixtures, at: str) -> Iterator[Finding]:
    """Find what can be made, and is perhaps not meant."""
    life_ms = min(AUTHORISATION_LIFE_MS.values())
    for place, charge in enumerate(stock.charges):
        if charge.state == "authorised" and parse_duration_ms(charge.ago) >= life_ms:
            said = "an authorisation expires after seven days, of Mastercard's after thirty"
            yield f"{at}.charges[{place}].ago", said
