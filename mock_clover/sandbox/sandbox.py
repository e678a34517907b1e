"""A sandbox: one isolated Clover. Sandboxes are created and dropped, never reset.

A sandbox holds all mutable state; modules hold none.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from mock_clover.sandbox.changes import NOTED, Changes
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.faults import Faults
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.idempotency import IdempotencyStore
from mock_clover.sandbox.ids import Ids
from mock_clover.sandbox.journal import Journal
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.limits import Limits
from mock_clover.sandbox.notices import Notices
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.scheduler import Scheduler
from mock_clover.sandbox.table import Table
from mock_clover.scenario.records import Settings

if TYPE_CHECKING:  # these modules are imported when their endpoints are first called
    from mock_clover.clover.charges.records import Charge
    from mock_clover.clover.checkout.records import Checkout
    from mock_clover.clover.customers.records import Customer
    from mock_clover.clover.gift_cards.records import GiftCard
    from mock_clover.clover.oauth.records import Code
    from mock_clover.clover.oauth.records_v2 import Bearer, CodeV2, RefreshToken, SpentRefreshToken
    from mock_clover.clover.orders.records import Order
    from mock_clover.clover.platform.records_inventory import InventoryItem, MerchantTax, OrderType
    from mock_clover.clover.recurring.records import Plan, Subscription
    from mock_clover.clover.refunds.records import Refund
    from mock_clover.clover.tokens.records import Token
    from mock_clover.sandbox.outbox import Outbox

OAUTH_ROWS_MAX = 10_000
INVENTORY_ROWS_MAX = 10_000
"""Maximum of tax rates and of order types: each order scans all default taxes."""
CHECKOUTS_MAX = 10_000
"""Sessions of Hosted Checkout, about 20 MB; the oldest is evicted. A session ends in minutes."""
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


class Sandbox:
    """The state of one merchant's Clover."""

    __slots__ = (
        "access_tokens",
        "agenda",
        "bearer_header",
        "bearers",
        "changes",
        "charges",
        "checkouts",
        "clock",
        "codes",
        "codes_v2",
        "credentials",
        "customers",
        "faults",
        "fingerprint_key",
        "gift_cards",
        "has_overrides",
        "hooks",
        "idempotency",
        "ids",
        "items",
        "journal",
        "keys",
        "limits",
        "made_ms",
        "merchants",
        "name",
        "notices",
        "order_types",
        "orders",
        "outbox",
        "plans",
        "refresh_tokens",
        "refunds",
        "rule_counts",
        "rules",
        "sale_orders",
        "seed",
        "settings",
        "spent_refresh_tokens",
        "subscriptions",
        "switched",
        "tax_rates",
        "tokens",
        "webhook_sender",
    )

    def __init__(
        self,
        name: str,
        credentials: Credentials,
        rules: Rules,
        settings: Settings,
        keys: KeyRing,
        *,
        seed: str,
        fingerprint_key: bytes,
        hooks: Hooks,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.set_credentials(credentials)
        self.merchants: tuple[Sandbox, ...] = ()
        """Other merchants at the same address, selected by their credentials."""
        self.rules = rules
        self.settings = settings
        self.keys = keys
        self.fingerprint_key = fingerprint_key
        self.hooks = hooks
        self.clock = clock or Clock()
        self.made_ms = self.clock.now_ms()
        self.seed = seed
        self.switched: dict[str, Any] = {}
        """Setting overrides of this sandbox; a change of scenario keeps them."""
        self.ids = Ids(seed)
        self.agenda = Scheduler()
        self.faults = Faults(seed)
        self.limits = Limits() if settings.rate_limits else None
        self.rule_counts: dict[int, int] = {}
        """Number of requests that matched each counting rule of the scenario."""
        for fault in rules.scenario.faults:
            self.faults.add(fault, self.made_ms)
        self.stir()
        self.outbox: Outbox | None = None
        """Webhook targets and deliveries; None without a target, so that events cost nothing."""
        self.webhook_sender: Callable[[Sandbox], None] = no_sender
        """Called when a delivery may be sent; a server sets its own sender."""
        self._apply_webhook_targets()
        self.journal = Journal()
        self.idempotency = IdempotencyStore()
        self.notices = Notices()
        self.tokens: Table[Token] = Table()
        self.charges: Table[Charge] = Table()
        self.refunds: Table[Refund] = Table()
        self.customers: Table[Customer] = Table()
        self._create_inventory_tables()
        self.codes: Table[Code] = Table(OAUTH_ROWS_MAX)
        self.access_tokens: Table[int] = Table(OAUTH_ROWS_MAX)
        """Legacy bearer tokens, with the time of issue in milliseconds."""
        self.codes_v2: Table[CodeV2] = Table(OAUTH_ROWS_MAX)
        self.bearers: Table[Bearer] = Table(OAUTH_ROWS_MAX)
        """Access tokens of OAuth v2."""
        self.refresh_tokens: Table[RefreshToken] = Table(OAUTH_ROWS_MAX)
        """Valid refresh tokens, oldest first."""
        self.spent_refresh_tokens: Table[SpentRefreshToken] = Table(OAUTH_ROWS_MAX)
        self.gift_cards: Table[GiftCard] = Table()
        """Gift cards by the fingerprint of their number."""
        self.plans: Table[Plan] = Table()
        self.subscriptions: Table[Subscription] = Table()
        self.checkouts: Table[Checkout] = Table(CHECKOUTS_MAX)
        self.changes = Changes(self.journal)

    def set_credentials(self, credentials: Credentials) -> None:
        """Replace the credentials of this sandbox."""
        self.credentials = credentials
        self.bearer_header = f"Bearer {credentials.access_token}".encode()

    @property
    def family(self) -> "tuple[Sandbox, ...]":
        """This merchant and the others at the same address."""
        return (self, *self.merchants)

    def merchant_of(self, credential: str) -> "Sandbox":
        """Return the merchant at this address that a credential belongs to, or this one."""
        for each in self.merchants:
            own = each.credentials
            if credential in (own.access_token, own.api_key) or each.has_issued(credential):
                return each
        return self

    def has_issued(self, token: str) -> bool:
        """Return whether OAuth has issued a bearer token in this sandbox."""
        return self.bearers.get(token) is not None or self.access_tokens.get(token) is not None

    def holder_of(self, table: str, key: str | None) -> "Sandbox":
        """Return the merchant at this address that has a row, or this one."""
        if key:
            for each in self.merchants:
                if key in getattr(each, table):
                    return each
        return self

    def _create_inventory_tables(self) -> None:
        """Create the empty tables of orders and inventory."""
        self.orders: Table[Order] = Table()
        self.sale_orders: Table[str] = Table()
        """Orders that charges created implicitly: order id to charge id."""
        self.items: Table[InventoryItem] = Table()
        self.tax_rates: Table[MerchantTax] = Table(INVENTORY_ROWS_MAX)
        self.order_types: Table[OrderType] = Table(INVENTORY_ROWS_MAX)

    def note_changes(self) -> None:
        """Record the changes of rows from now on; called when a client first asks for them.

        Most runs never do, and recording adds 5 % to the time of a charge.
        """
        if not self.changes.are_noted:
            self._forget_changes(note=True)

    def _forget_changes(self, *, note: bool) -> None:
        """Start an empty record of changes for the current tables."""
        self.changes = Changes(self.journal, are_noted=note)
        for name in NOTED if note else ():
            getattr(self, name).note_in(self.changes, name)

    def stir(self) -> None:
        """Update `has_overrides`: whether a rule, fault or rate limit may apply to a request."""
        self.has_overrides = bool(self.rules.scenario.rules or len(self.faults) or self.limits)

    def hooked(self) -> "Outbox":
        """Return the outbox, creating it if there is none."""
        from mock_clover.sandbox.outbox import Outbox

        self.outbox = self.outbox or Outbox()
        return self.outbox

    def _apply_webhook_targets(self) -> None:
        """Subscribe the scenario's webhook targets; other targets remain."""
        new = list(self.rules.scenario.webhooks)
        for current in tuple(self.outbox.subscriptions.values()) if self.outbox else ():
            if current.of_scenario and current.spec in new:
                new.remove(current.spec)  # keeps the target and its pending deliveries
            elif current.of_scenario:
                self.hooked().unsubscribe(current.id)
        for spec in new:
            self.hooked().subscribe(spec, self.seed, of_scenario=True)

    def currency_echo(self, currency: str) -> str:
        """Return a currency as responses show it."""
        echo = self.settings.currency_echo
        if echo == "as_sent":
            return currency
        return currency.upper() if echo == "upper" else currency.lower()

    def fork(self, name: str, credentials: Credentials) -> "Sandbox":
        """Return a copy of this sandbox: its rows, clock, ids, rules and faults.

        Rows are shared until one of the two changes them. The journal starts empty.
        """
        copy = Sandbox(
            name,
            credentials,
            self.rules,
            self.settings,
            self.keys,
            seed=self.seed,
            fingerprint_key=self.fingerprint_key,
            hooks=self.hooks,
            clock=self.clock.fork(),
        )
        copy.made_ms = self.made_ms
        copy.ids.restore(self.ids.state())
        copy.agenda, copy.faults = self.agenda.fork(), self.faults.fork()
        copy.switched = dict(self.switched)
        copy.rule_counts = dict(self.rule_counts)
        copy.idempotency = self.idempotency.fork()
        copy.outbox = self.outbox.fork() if self.outbox is not None else None
        copy.notices = self.notices.fork()
        for table in TABLES:
            setattr(copy, table, getattr(self, table).fork())
        copy._forget_changes(note=self.changes.are_noted)
        copy.stir()
        return copy

    def continue_journal_of(self, other: "Sandbox") -> None:
        """Take over the journal, its readers, the merchants and the webhook sender of another."""
        self.journal, self.webhook_sender = other.journal, other.webhook_sender
        self.merchants = other.merchants
        self._forget_changes(note=other.changes.are_noted)
        for each in self.merchants:
            each.clock = self.clock

    def merge_rows(self, other: "Sandbox") -> None:
        """Add the rows and the scheduled jobs of another sandbox."""
        for table in TABLES:
            own_rows, other_rows = getattr(self, table), getattr(other, table)
            if not len(own_rows):
                setattr(self, table, other_rows.fork())
                if table in NOTED and self.changes.are_noted:
                    getattr(self, table).note_in(self.changes, table)
            else:
                own_rows.merge(other_rows)
        for at_ms, _, kind, row_id in other.agenda.entries():
            self.agenda.add(at_ms, kind, row_id)

    def steer(self, rules: Rules, settings: Settings) -> None:
        """Apply another scenario; existing rows remain."""
        self.rules = rules
        self.settings = replace(settings, **self.switched)
        settings = self.settings
        self.rule_counts = {}
        self.faults.clear()
        self.limits = Limits() if settings.rate_limits else None
        for fault in rules.scenario.faults:
            self.faults.add(fault, self.clock.now_ms())
        self._apply_webhook_targets()
        self.stir()

    def state(self) -> dict[str, list[Any]]:
        """Return all rows, to check that an error changes nothing."""
        return {name: list(getattr(self, name)) for name in TABLES}


def no_sender(_: Sandbox) -> None:
    """Leave deliveries in the outbox; the default sender."""
