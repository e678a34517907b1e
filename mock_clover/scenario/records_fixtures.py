"""What a merchant of a scenario has from the start: customers with cards, orders, charges.

All of it is made by the same functions that answer requests (`scenario/fixtures.py`), as of `ago`.
"""

from typing import Annotated, Any, Literal

import msgspec

from mock_clover.clover.orders.records_item import Item
from mock_clover.core.duration import SPAN
from mock_clover.core.evidence import CURRENCY, EMAIL, END
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.record import Record

PEOPLE_MAX = 10_000
ROWS_MAX = 2_000

ObjectId = (
    Annotated[
        str,
        msgspec.Meta(
            pattern=f"^[0-9A-HJKMNP-TV-Z]{{13}}{END}",
            description="13 characters, capital letters but I, L, O, U; drawn when left out.",
        ),
    ]
    | None
)
Ago = Annotated[
    str,
    msgspec.Meta(pattern=SPAN, description="How long ago it was made, as 3d; now without it."),
]
Amount = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX, description="Minor units.")]
Currency = Annotated[str, msgspec.Meta(pattern=CURRENCY, description="ISO 4217.")]
Whose = (
    Annotated[str, msgspec.Meta(description="Whose card pays: an e-mail or id of `customers`.")]
    | None
)


class StockRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of what is there from the start: an unknown member is a mistake."""


class FixtureCard(StockRecord, frozen=True, kw_only=True):
    """A card; it may have expired, and the scenario may decline it."""

    number: Annotated[
        str, msgspec.Meta(pattern=f"^[2-9][0-9]{{12,18}}{END}", description="The PAN, quoted.")
    ]
    exp_month: Annotated[
        str, msgspec.Meta(pattern=f"^(0[1-9]|1[0-2]){END}", description="Two digits, quoted.")
    ] = "12"
    exp_year: Annotated[
        str, msgspec.Meta(pattern=f"^20[0-9]{{2}}{END}", description="Four digits, quoted.")
    ] = "2035"
    name: Annotated[str | None, msgspec.Meta(description="Cardholder.")] = None
    address_line1: Annotated[str | None, msgspec.Meta(description="For the address check.")] = None
    address_zip: Annotated[str | None, msgspec.Meta(description="For the address check.")] = None
    id: ObjectId = None
    token: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=f"^clv_[1-9A-HJ-NP-Za-km-z]{{24}}{END}",
                description="`clv_` and 24 base58 characters; drawn when left out.",
            ),
        ]
        | None
    ) = None

    def __repr__(self) -> str:
        """Show it without its number."""
        return f"StockCard(...{self.number[-4:]})"


DEFAULT_CARD = FixtureCard(number="4242424242424242")


class FixtureCustomer(StockRecord, frozen=True, kw_only=True):
    """A customer and the cards on file, of which the last pays."""

    email: Annotated[str, msgspec.Meta(pattern=EMAIL, max_length=254)]
    id: ObjectId = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    cards: Annotated[
        tuple[FixtureCard, ...],
        msgspec.Meta(description="One that approves without it.", max_length=50),
    ] = (DEFAULT_CARD,)
    ago: Ago = "0s"


OrderState = Literal["created", "paid", "returned"]
StockState = Literal["captured", "authorised", "voided", "refunded", "expired", "failed"]


class FixtureOrder(StockRecord, frozen=True, kw_only=True):
    """An order; one that is paid has a charge."""

    id: ObjectId = None
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1, max_length=500)]
    currency: Currency = "usd"
    state: Annotated[OrderState, msgspec.Meta(description="How far it came.")] = "created"
    customer: Whose = None
    card: Annotated[
        FixtureCard | None, msgspec.Meta(description="What pays, when no customer does.")
    ] = None
    ago: Ago = "0s"


class FixtureCharge(StockRecord, frozen=True, kw_only=True):
    """A charge in any state."""

    id: ObjectId = None
    amount: Amount
    currency: Currency = "usd"
    state: Annotated[
        StockState,
        msgspec.Meta(description="`refunded` in full; a part with `captured` and `refunded: n`."),
    ] = "captured"
    captured: (
        Annotated[
            int, msgspec.Meta(ge=1, description="Authorised first, and so much of it captured.")
        ]
        | None
    ) = None
    refunded: (
        Annotated[int, msgspec.Meta(ge=1, description="So much of a captured charge.")] | None
    ) = None
    decline_code: Annotated[str | None, msgspec.Meta(description="Of a failed charge.")] = None
    customer: Whose = None
    card: Annotated[
        FixtureCard | None, msgspec.Meta(description="What pays, when no customer does.")
    ] = None
    description: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    external_reference_id: (
        Annotated[str, msgspec.Meta(max_length=12, pattern=f"^[A-Za-z0-9 ]*{END}")] | None
    ) = None
    metadata: dict[str, Any] | None = None
    ago: Ago = "0s"


class Fixtures(StockRecord, frozen=True, kw_only=True):
    """What a merchant has from the start."""

    people: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=PEOPLE_MAX,
            description="So many customers with a saved card each, by Faker under the seed.",
        ),
    ] = 0
    customers: Annotated[tuple[FixtureCustomer, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()
    orders: Annotated[tuple[FixtureOrder, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()
    charges: Annotated[tuple[FixtureCharge, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()

    @property
    def count(self) -> int:
        """How many things are to be made."""
        return self.people + len(self.customers) + len(self.orders) + len(self.charges)
