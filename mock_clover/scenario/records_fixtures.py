"""A merchant's initial data: customers with cards, orders and charges.

`scenario/fixtures.py` creates it with the functions that handle requests.
"""

from typing import Annotated, Any, Literal

import msgspec

from mock_clover.clover.orders.records_item import Item
from mock_clover.core.duration import DURATION_PATTERN
from mock_clover.core.evidence import CURRENCY, EMAIL, END_OF_STRING
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.object_id import OBJECT_ID
from mock_clover.core.record import Record

PEOPLE_MAX = 10_000
ROWS_MAX = 2_000
TOTAL_ROWS_MAX = 20_000
"""Rows of a scenario, of all merchants together: two to four seconds of processor time."""

ObjectId = (
    Annotated[
        str,
        msgspec.Meta(
            pattern=f"^{OBJECT_ID}{END_OF_STRING}",
            description="13 digits and capital letters except I, L, O, U; default: generated.",
        ),
    ]
    | None
)
Ago = Annotated[
    str,
    msgspec.Meta(
        pattern=DURATION_PATTERN, description="Age, for example 3d; default: created now."
    ),
]
Amount = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX, description="Minor units.")]
Currency = Annotated[str, msgspec.Meta(pattern=CURRENCY, description="ISO 4217.")]
CustomerRef = (
    Annotated[
        str,
        msgspec.Meta(
            description="The customer who pays: an e-mail address or id from `customers`."
        ),
    ]
    | None
)


class FixtureRecord(Record, frozen=True, forbid_unknown_fields=True):
    """Base of the initial data. Unknown fields are errors."""


class FixtureCard(FixtureRecord, frozen=True, kw_only=True):
    """A card. It may have expired, and the scenario may decline it."""

    number: Annotated[
        str,
        msgspec.Meta(
            pattern=f"^[2-9][0-9]{{12,18}}{END_OF_STRING}",
            description="The PAN, quoted, digits only.",
        ),
    ]
    exp_month: Annotated[
        str,
        msgspec.Meta(pattern=f"^(0[1-9]|1[0-2]){END_OF_STRING}", description="Two digits, quoted."),
    ] = "12"
    exp_year: Annotated[
        str,
        msgspec.Meta(pattern=f"^20[0-9]{{2}}{END_OF_STRING}", description="Four digits, quoted."),
    ] = "2035"
    name: Annotated[str | None, msgspec.Meta(description="Cardholder.")] = None
    address_line1: Annotated[str | None, msgspec.Meta(description="For the address check.")] = None
    address_zip: Annotated[str | None, msgspec.Meta(description="For the address check.")] = None
    id: ObjectId = None
    token: (
        Annotated[
            str,
            msgspec.Meta(
                pattern=f"^clv_[1-9A-HJ-NP-Za-km-z]{{24}}{END_OF_STRING}",
                description="`clv_` and 24 base58 characters; default: generated.",
            ),
        ]
        | None
    ) = None

    def __repr__(self) -> str:
        """Show only the last four digits of the number."""
        return f"FixtureCard(...{self.number[-4:]})"


DEFAULT_CARD = FixtureCard(number="4242424242424242")


class FixtureCustomer(FixtureRecord, frozen=True, kw_only=True):
    """A customer with saved cards. Payments use the last one."""

    email: Annotated[str, msgspec.Meta(pattern=EMAIL, max_length=254)]
    id: ObjectId = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    cards: Annotated[
        tuple[FixtureCard, ...],
        msgspec.Meta(description="Saved cards; default: one card that is approved.", max_length=50),
    ] = (DEFAULT_CARD,)
    ago: Ago = "0s"


OrderState = Literal["created", "paid", "returned"]
FixtureChargeState = Literal["captured", "authorized", "voided", "refunded", "expired", "failed"]


class FixtureOrder(FixtureRecord, frozen=True, kw_only=True):
    """An order. A paid order has a charge."""

    id: ObjectId = None
    items: Annotated[tuple[Item, ...], msgspec.Meta(min_length=1, max_length=500)]
    currency: Currency = "usd"
    state: Annotated[OrderState, msgspec.Meta(description="State of the order.")] = "created"
    customer: CustomerRef = None
    card: Annotated[
        FixtureCard | None, msgspec.Meta(description="The card to charge if `customer` is not set.")
    ] = None
    ago: Ago = "0s"


class FixtureCharge(FixtureRecord, frozen=True, kw_only=True):
    """A charge in any state."""

    id: ObjectId = None
    amount: Amount
    currency: Currency = "usd"
    state: Annotated[
        FixtureChargeState,
        msgspec.Meta(
            description="`refunded` is a full refund. For a partial one, use `captured` with "
            "`refunded: n`."
        ),
    ] = "captured"
    captured: (
        Annotated[
            int, msgspec.Meta(ge=1, description="Amount captured after a separate authorization.")
        ]
        | None
    ) = None
    refunded: (
        Annotated[int, msgspec.Meta(ge=1, description="Amount refunded of a captured charge.")]
        | None
    ) = None
    decline_code: Annotated[
        str | None, msgspec.Meta(description="Decline code of a failed charge.")
    ] = None
    customer: CustomerRef = None
    card: Annotated[
        FixtureCard | None, msgspec.Meta(description="The card to charge if `customer` is not set.")
    ] = None
    description: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    external_reference_id: (
        Annotated[str, msgspec.Meta(max_length=12, pattern=f"^[A-Za-z0-9 ]*{END_OF_STRING}")] | None
    ) = None
    metadata: dict[str, Any] | None = None
    ago: Ago = "0s"


class Fixtures(FixtureRecord, frozen=True, kw_only=True):
    """The initial data of a merchant."""

    people: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=PEOPLE_MAX,
            description="Number of customers to generate from the seed, each with one saved card.",
        ),
    ] = 0
    customers: Annotated[tuple[FixtureCustomer, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()
    orders: Annotated[tuple[FixtureOrder, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()
    charges: Annotated[tuple[FixtureCharge, ...], msgspec.Meta(max_length=ROWS_MAX)] = ()
    platform: Annotated[
        dict[str, tuple[dict[str, Any], ...]],
        msgspec.Meta(
            description="Rows of the platform API's collections, such as categories, employees or "
            "devices, by the last part of their path. A row without `id` gets one."
        ),
    ] = {}

    @property
    def count(self) -> int:
        """The number of rows to create."""
        rows = self.people + len(self.customers) + len(self.orders) + len(self.charges)
        return rows + sum(map(len, self.platform.values()))
