"""The rows of a sandbox, with one table for each kind."""

from typing import Any

from mock_clover.clover.charges.records import Charge
from mock_clover.clover.checkout.records import Checkout
from mock_clover.clover.customers.records import Customer
from mock_clover.clover.gift_cards.records import GiftCard
from mock_clover.clover.oauth.records import Code
from mock_clover.clover.oauth.records_v2 import (
    AccessTokenV2,
    CodeV2,
    RefreshToken,
    SpentRefreshToken,
)
from mock_clover.clover.orders.records import Order
from mock_clover.clover.platform.records_inventory import InventoryItem, MerchantTax, OrderType
from mock_clover.clover.platform.records_row import PlatformRow
from mock_clover.clover.recurring.records import Plan, Subscription
from mock_clover.clover.refunds.records import Refund
from mock_clover.clover.tokens.records import Token
from mock_clover.sandbox.changes import RECORDED_TABLES, Changes
from mock_clover.sandbox.table import Table

OAUTH_ROWS_MAX = 10_000
INVENTORY_ROWS_MAX = 10_000
"""Maximum number of tax rates and of order types: each order scans all default taxes."""
PLATFORM_ROWS_MAX = 20_000
"""Maximum number of rows of the platform's other collections, such as categories."""
CHECKOUTS_MAX = 10_000
"""Maximum number of Hosted Checkout sessions, about 20 MB; the oldest is evicted. A session ends in
minutes."""
TABLES = (
    "tokens",
    "charges",
    "refunds",
    "customers",
    "orders",
    "sale_orders",
    "items",
    "tax_rates",
    "order_types",
    "platform_rows",
    "codes",
    "access_tokens",
    "codes_v2",
    "bearers",
    "refresh_tokens",
    "spent_refresh_tokens",
    "gift_cards",
    "plans",
    "subscriptions",
    "checkouts",
)


class Tables:
    """The rows of one merchant."""

    __slots__ = TABLES

    def __init__(self) -> None:
        self.tokens: Table[Token] = Table()
        self.charges: Table[Charge] = Table()
        self.refunds: Table[Refund] = Table()
        self.customers: Table[Customer] = Table()
        self.orders: Table[Order] = Table()
        self.sale_orders: Table[str] = Table()
        """Orders that charges created implicitly: order id to charge id."""
        self.items: Table[InventoryItem] = Table()
        self.tax_rates: Table[MerchantTax] = Table(INVENTORY_ROWS_MAX)
        self.order_types: Table[OrderType] = Table(INVENTORY_ROWS_MAX)
        self.platform_rows: Table[PlatformRow] = Table(PLATFORM_ROWS_MAX)
        """Rows of collections without a table of their own, by collection and id."""
        self.codes: Table[Code] = Table(OAUTH_ROWS_MAX)
        self.access_tokens: Table[int] = Table(OAUTH_ROWS_MAX)
        """Legacy bearer tokens, with the time of issue in milliseconds."""
        self.codes_v2: Table[CodeV2] = Table(OAUTH_ROWS_MAX)
        self.bearers: Table[AccessTokenV2] = Table(OAUTH_ROWS_MAX)
        """Access tokens of OAuth v2."""
        self.refresh_tokens: Table[RefreshToken] = Table(OAUTH_ROWS_MAX)
        """Valid refresh tokens, oldest first."""
        self.spent_refresh_tokens: Table[SpentRefreshToken] = Table(OAUTH_ROWS_MAX)
        self.gift_cards: Table[GiftCard] = Table()
        """Gift cards by the fingerprint of their number."""
        self.plans: Table[Plan] = Table()
        self.subscriptions: Table[Subscription] = Table()
        self.checkouts: Table[Checkout] = Table(CHECKOUTS_MAX)

    def fork_rows_of(self, other: "Tables") -> None:
        """Share the rows of other tables until either side changes them."""
        for name in TABLES:
            setattr(self, name, getattr(other, name).fork())

    def merge_rows_of(self, other: "Tables", changes: Changes) -> None:
        """Add the rows of other tables without recording them; later changes are recorded."""
        for name in TABLES:
            own_rows, other_rows = getattr(self, name), getattr(other, name)
            if not len(own_rows):
                setattr(self, name, other_rows.fork())
                if name in RECORDED_TABLES and changes.enabled:
                    getattr(self, name).record_changes_in(changes, name)
            else:
                own_rows.merge(other_rows)

    def record_rows_in(self, changes: Changes) -> None:
        """Start to record row changes."""
        for name in RECORDED_TABLES:
            getattr(self, name).record_changes_in(changes, name)

    @property
    def rows_bound(self) -> int:
        """An upper bound of the number of all rows, in constant time."""
        return sum(getattr(self, name).size_max for name in TABLES)

    def state(self) -> dict[str, list[Any]]:
        """Return all rows, to check that an error changes nothing."""
        return {name: list(getattr(self, name)) for name in TABLES}
