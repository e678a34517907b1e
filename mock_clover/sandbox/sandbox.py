"""A sandbox: one isolated Clover. You make one and drop it; nothing is ever reset.

It is the bundle of everything that changes. No module holds one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

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

if TYPE_CHECKING:  # the rows of what nobody calls need no import
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
"""Taxes, and order types: each order looks at all the taxes that are default ones."""
CHECKOUTS_MAX = 10_000
"""Sessions of Hosted Checkout, some 20 MB; the oldest goes. A shop's are over in minutes."""
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
    """Everything one merchant's Clover knows."""

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
        """Further merchants at the same address, chosen by their credentials."""
        self.rules = rules
        self.settings = settings
        self.keys = keys
        self.fingerprint_key = fingerprint_key
        self.hooks = hooks
        self.clock = clock or Clock()
        self.made_ms = self.clock.now_ms()
        self.seed = seed
        self.switched: dict[str, Any] = {}
        """Settings that were given for this sandbox alone; they outlive a change of scenario."""
        self.ids = Ids(seed)
        self.agenda = Scheduler()
        self.faults = Faults(seed)
        self.limits = Limits() if settings.rate_limits else None
        self.rule_counts: dict[int, int] = {}
        """How many calls matched each counting rule of the scenario."""
        for fault in rules.scenario.faults:
            self.faults.add(fault, self.made_ms)
        self.stir()
        self.outbox: Outbox | None = None
        """Where events go; None while nobody listens, so that announcing costs one look."""
        self.webhook_sender: Callable[[Sandbox], None] = no_sender
        """Called when something in the outbox may go; a server's takes it there."""
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
        """Bearer tokens that exchanges gave, with the time of their giving in milliseconds."""
        self.codes_v2: Table[CodeV2] = Table(OAUTH_ROWS_MAX)
        self.bearers: Table[Bearer] = Table(OAUTH_ROWS_MAX)
        """Access tokens of OAuth v2."""
        self.refresh_tokens: Table[RefreshToken] = Table(OAUTH_ROWS_MAX)
        """Those that still work, from the oldest."""
        self.spent_refresh_tokens: Table[SpentRefreshToken] = Table(OAUTH_ROWS_MAX)
        self.gift_cards: Table[GiftCard] = Table()
        """Gift cards by the fingerprint of their number."""
        self.plans: Table[Plan] = Table()
        self.subscriptions: Table[Subscription] = Table()
        self.checkouts: Table[Checkout] = Table(CHECKOUTS_MAX)
        self.changes = Changes(self.journal)

    def set_credentials(self, credentials: Credentials) -> None:
        """Take these credentials for one's own."""
        self.credentials = credentials
        self.bearer_header = f"Bearer {credentials.access_token}".encode()

    @property
    def family(self) -> "tuple[Sandbox, ...]":
        """This merchant and those at the same address."""
        return (self, *self.merchants)

    def merchant_of(self, credential: str) -> "Sandbox":
        """Return the merchant at this address whom a credential opens, or this one."""
        for each in self.merchants:
            known = each.credentials
            if credential in (known.access_token, known.api_key) or each.has_given(credential):
                return each
        return self

    def has_given(self, token: str) -> bool:
        """Tell whether an exchange of OAuth has given a bearer token here."""
        return self.bearers.get(token) is not None or self.access_tokens.get(token) is not None

    def holder_of(self, table: str, key: str | None) -> "Sandbox":
        """Return the merchant at this address who has a row, or this one."""
        if key:
            for each in self.merchants:
                if key in getattr(each, table):
                    return each
        return self

    def _create_inventory_tables(self) -> None:
        """Make the tables of what a merchant sells and how, empty."""
        self.orders: Table[Order] = Table()
        self.sale_orders: Table[str] = Table()
        """Orders that charges made by themselves: order id to charge id."""
        self.items: Table[InventoryItem] = Table()
        self.tax_rates: Table[MerchantTax] = Table(INVENTORY_ROWS_MAX)
        self.order_types: Table[OrderType] = Table(INVENTORY_ROWS_MAX)

    def note_changes(self) -> None:
        """Keep the changes of rows from now on: somebody looks.

        Nobody does in most runs, and the keeping costs a charge a twentieth of its time.
        """
        if not self.changes.are_noted:
            self._forget_changes(note=True)

    def _forget_changes(self, *, note: bool) -> None:
        """Begin without changes, of the tables as they are now."""
        self.changes = Changes(self.journal, are_noted=note)
        for name in NOTED if note else ():
            getattr(self, name).note_in(self.changes, name)

    def stir(self) -> None:
        """Note anew whether anything may intervene in a call: most often nothing does."""
        self.has_overrides = bool(self.rules.scenario.rules or len(self.faults) or self.limits)

    def hooked(self) -> "Outbox":
        """Return the outbox, made now if there is none."""
        from mock_clover.sandbox.outbox import Outbox

        self.outbox = self.outbox or Outbox()
        return self.outbox

    def _apply_webhook_targets(self) -> None:
        """Put the scenario's own webhook targets in force; others stay."""
        wanted = list(self.rules.scenario.webhooks)
        for known in tuple(self.outbox.subscriptions.values()) if self.outbox else ():
            if known.of_scenario and known.spec in wanted:
                wanted.remove(known.spec)  # it stays, with what is on its way to it
            elif known.of_scenario:
                self.hooked().unsubscribe(known.id)
        for spec in wanted:
            self.hooked().subscribe(spec, self.seed, of_scenario=True)

    def currency_echo(self, currency: str) -> str:
        """Return a currency as answers show it."""
        echo = self.settings.currency_echo
        if echo == "as_sent":
            return currency
        return currency.upper() if echo == "upper" else currency.lower()

    def fork(self, name: str, credentials: Credentials) -> "Sandbox":
        """Return a sandbox that goes on from this one: its rows, clock, ids, rules and faults.

        Rows are shared until one of the two changes them; the journal begins anew.
        """
        twin = Sandbox(
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
        twin.made_ms = self.made_ms
        twin.ids.restore(self.ids.state())
        twin.agenda, twin.faults = self.agenda.fork(), self.faults.fork()
        twin.switched = dict(self.switched)
        twin.rule_counts = dict(self.rule_counts)
        twin.idempotency = self.idempotency.fork()
        twin.outbox = self.outbox.fork() if self.outbox is not None else None
        twin.notices = self.notices.fork()
        for table in TABLES:
            setattr(twin, table, getattr(self, table).fork())
        twin._forget_changes(note=self.changes.are_noted)
        twin.stir()
        return twin

    def become(self, other: "Sandbox") -> None:
        """Take over all that another sandbox is, but for its name and credentials."""
        note = self.changes.are_noted
        kept = (
            "name",
            "credentials",
            "bearer_header",
            "keys",
            "journal",
            "webhook_sender",
            "merchants",
        )
        for slot in self.__slots__:
            if slot not in kept:
                setattr(self, slot, getattr(other, slot))
        self._forget_changes(note=note)
        for each in self.merchants:
            each.clock = self.clock

    def merge_rows(self, other: "Sandbox") -> None:
        """Take the rows of another sandbox, and what is to happen to them, to one's own."""
        for table in TABLES:
            mine, others = getattr(self, table), getattr(other, table)
            if not len(mine):
                setattr(self, table, others.fork())
                if table in NOTED and self.changes.are_noted:
                    getattr(self, table).note_in(self.changes, table)
            else:
                mine.lay(others)
        for at_ms, _, kind, row_id in other.agenda.entries():
            self.agenda.add(at_ms, kind, row_id)

    def steer(self, rules: Rules, settings: Settings) -> None:
        """Put another scenario in force; what was made stays."""
        self.rules = rules
        self.settings = msgspec.structs.replace(settings, **self.switched)
        settings = self.settings
        self.rule_counts = {}
        self.faults.clear()
        self.limits = Limits() if settings.rate_limits else None
        for fault in rules.scenario.faults:
            self.faults.add(fault, self.clock.now_ms())
        self._apply_webhook_targets()
        self.stir()

    def state(self) -> dict[str, list[Any]]:
        """Return all rows, for comparison: a refusal must leave this as it was."""
        return {name: list(getattr(self, name)) for name in TABLES}


def no_sender(_: Sandbox) -> None:
    """Be no courier: what is in the outbox stays there."""
