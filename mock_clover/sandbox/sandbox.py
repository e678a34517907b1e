"""A sandbox: one isolated instance of Clover. Sandboxes are created and deleted, never reset.

A sandbox holds all mutable state; modules hold none.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.webhooks.records import PLAN_MAX, TargetSpec
from mock_clover.core.record import encode
from mock_clover.sandbox.armed import Armed
from mock_clover.sandbox.changes import Changes
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials
from mock_clover.sandbox.faults import Faults
from mock_clover.sandbox.history import History, ScenarioChange
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.idempotency import IdempotencyStore
from mock_clover.sandbox.ids import Ids
from mock_clover.sandbox.journal import Journal
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.limits import Limits
from mock_clover.sandbox.notices import Notices
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.scheduler import Scheduler
from mock_clover.sandbox.tables import Tables
from mock_clover.scenario.records import Settings


class Sandbox(Tables):
    """The state of one merchant's Clover."""

    __slots__ = (
        "armed",
        "bearer_header",
        "changes",
        "clock",
        "created_ms",
        "credentials",
        "faults",
        "fingerprint_key",
        "history",
        "hooks",
        "idempotency",
        "ids",
        "journal",
        "keys",
        "limits",
        "merchants",
        "name",
        "notices",
        "outbox",
        "rule_counts",
        "rules",
        "scheduler",
        "seed",
        "setting_overrides",
        "settings",
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
        super().__init__()
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
        self.created_ms = self.clock.now_ms()
        self.seed = seed
        self.setting_overrides: dict[str, Any] = {}
        """Setting overrides of this sandbox; they are kept when the scenario changes."""
        self.ids = Ids(seed)
        self.scheduler = Scheduler()
        self.faults = Faults(seed)
        self.armed = Armed()
        self.limits = Limits() if settings.rate_limits else None
        self.rule_counts: dict[str, int] = {}
        """Number of requests that matched each counting rule, by its index, and with `per` also by
        card or address."""
        for fault in rules.scenario.faults:
            self.faults.add(fault, self.created_ms)
        self.outbox: Outbox | None = None
        """Webhook targets and deliveries. None without a target, so that events cost nothing."""
        self.webhook_sender: Callable[[Sandbox], None] = keep_in_outbox
        """Called when a delivery may be sent; a server sets its own sender."""
        self._apply_webhook_targets()
        self.journal = Journal()
        self.idempotency = IdempotencyStore()
        self.notices = Notices()
        self.history = History()
        self.changes = Changes(self.journal)

    def set_credentials(self, credentials: Credentials) -> None:
        """Replace the credentials of this sandbox."""
        self.credentials = credentials
        self.bearer_header = f"Bearer {credentials.access_token}".encode()

    @property
    def all_merchants(self) -> "tuple[Sandbox, ...]":
        """This merchant and the others at the same address."""
        return (self, *self.merchants)

    def merchant_of(self, credential: str) -> "Sandbox":
        """Return the merchant at this address that a credential belongs to, or this one."""
        for merchant in self.merchants:
            own = merchant.credentials
            if credential in (own.access_token, own.api_key) or merchant.has_issued(credential):
                return merchant
        return self

    def has_issued(self, token: str) -> bool:
        """Return whether OAuth has issued a bearer token in this sandbox."""
        return self.bearers.get(token) is not None or self.access_tokens.get(token) is not None

    def merchant_with_row(self, table: str, key: str | None) -> "Sandbox":
        """Return the merchant at this address that has a row, or this one."""
        if key:
            for merchant in self.merchants:
                if key in getattr(merchant, table):
                    return merchant
        return self

    def enable_change_recording(self) -> None:
        """Start to record row changes; called when a client first requests them.

        Most runs never do, and recording adds 5 % to the time of a charge.
        """
        if not self.changes.enabled:
            self._reset_changes(enabled=True)

    def _reset_changes(self, *, enabled: bool) -> None:
        """Start an empty buffer of changes for the current tables."""
        self.changes = Changes(self.journal, enabled=enabled)
        if enabled:
            self.record_rows_in(self.changes)

    def has_overrides(self) -> bool:
        """Return whether a rule, fault, armed outcome or rate limit may apply to a request."""
        return bool(
            self.rules.scenario.rules or self.faults.active or self.limits or self.armed.outcomes
        )

    def ensure_outbox(self) -> Outbox:
        """Return the outbox, creating it if there is none."""
        self.outbox = self.outbox or Outbox()
        return self.outbox

    def with_scenario_plan(self, spec: TargetSpec) -> TargetSpec:
        """Return a webhook target with the delivery faults of the scenario."""
        plan = self.rules.scenario.webhook_plan
        if spec.kind != "platform":  # its events have no name
            plan = tuple(fault for fault in plan if fault.event is None)
        return replace(spec, plan=(*spec.plan, *plan)[:PLAN_MAX]) if plan else spec

    def _apply_webhook_targets(self) -> None:
        """Subscribe the scenario's webhook targets; other targets are kept."""
        new = list(map(self.with_scenario_plan, self.rules.scenario.webhooks))
        for current in tuple(self.outbox.targets.values()) if self.outbox else ():
            if current.of_scenario and current.spec in new:
                new.remove(current.spec)  # keeps the target and its pending deliveries
            elif current.of_scenario:
                self.ensure_outbox().remove_target(current.id)
        for spec in new:
            self.ensure_outbox().add_target(spec, self.seed, of_scenario=True)

    def format_currency(self, currency: str) -> str:
        """Return a currency in the case that responses use."""
        case = self.settings.currency_echo
        if case == "as_sent":
            return currency
        return currency.upper() if case == "upper" else currency.lower()

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
        copy.created_ms = self.created_ms
        copy.ids.restore(self.ids.state())
        copy.scheduler, copy.faults = self.scheduler.fork(), self.faults.fork()
        copy.armed.restore(self.armed.outcomes, self.armed.count)
        copy.setting_overrides = dict(self.setting_overrides)
        copy.rule_counts = dict(self.rule_counts)
        copy.idempotency = self.idempotency.fork()
        copy.outbox = self.outbox.fork() if self.outbox is not None else None
        copy.notices = self.notices.fork()
        copy.fork_rows_of(self)
        copy._reset_changes(enabled=self.changes.enabled)
        return copy

    def has_new_exchanges(self, count: int) -> bool:
        """Return whether there were so many exchanges since the newest start of the history."""
        return self.journal.count - self.history.starts[-1].number >= count

    def keep_start(self) -> None:
        """Keep a copy of the present state, which shares the rows, as a start of the history."""
        copy = self.fork(self.name, self.credentials)
        self.history.keep_start(copy, self.journal.count, self.clock.now_ms())

    def take_over_from(self, other: "Sandbox") -> None:
        """Take over the journal, the merchants and the webhook sender of a replaced sandbox."""
        self.journal, self.webhook_sender = other.journal, other.webhook_sender
        self.merchants = other.merchants
        self._reset_changes(enabled=other.changes.enabled)
        for merchant in self.merchants:
            merchant.clock = self.clock

    def merge(self, other: "Sandbox") -> None:
        """Add the rows and the scheduled jobs of another sandbox."""
        self.history.fixtures += (other,)
        self.merge_rows_of(other, self.changes)
        for at_ms, _, kind, row_id in other.scheduler.entries():
            self.scheduler.add(at_ms, kind, row_id)

    def apply_scenario(self, rules: Rules, settings: Settings) -> None:
        """Apply another scenario; existing rows are kept."""
        before = self.rules, self.settings
        self.rules = rules
        self.settings = replace(settings, **self.setting_overrides)
        settings = self.settings
        self.rule_counts = {}
        self.faults.clear()
        self.armed.clear()
        self.limits = Limits() if settings.rate_limits else None
        now_ms = self.clock.now_ms()
        for fault in rules.scenario.faults:
            self.faults.add(fault, now_ms)
        self._apply_webhook_targets()
        change = ScenarioChange(
            after=self.journal.last_place,
            at_ms=now_ms,
            rules=rules,
            settings=settings,
            size=len(encode(rules.scenario)),
        )
        self.history.add_scenario(change, *before)


def keep_in_outbox(_: Sandbox) -> None:
    """Leave deliveries in the outbox; the default sender."""
