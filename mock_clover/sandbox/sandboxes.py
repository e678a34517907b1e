"""The sandboxes of a server: found by name or credential, created and evicted."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import asdict

from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials, derive_credentials, fingerprint_key
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.journal import JournalBudget
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.merchants import (
    apply_declared,
    scenario_credentials,
    with_app_of,
    with_overrides,
)
from mock_clover.sandbox.names import check_name
from mock_clover.sandbox.presented import presented_client_id, presented_credential
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, keep_in_outbox
from mock_clover.scenario.records import Scenario, ScenarioError, Settings
from mock_clover.scenario.records_fixtures import Fixtures
from mock_clover.scenario.validation import faults_of

DEFAULT = "default"
SANDBOXES_MAX = 5_000
"""Maximum number of sandboxes. The least recently used one is evicted, but never `default`."""
TOKEN_OWNERS_MAX = 10_000
"""Maximum number of OAuth tokens whose sandbox is cached."""
_FIXTURE_TTL_MS = 600_000
"""Fixtures are recreated after ten minutes, because their ages are relative to the current time."""


class Sandboxes:
    """The sandboxes of one server."""

    def __init__(
        self,
        scenario: Scenario,
        keys: KeyRing,
        *,
        seed: str,
        hooks: Hooks,
        setting_overrides: dict[str, Any] | None = None,
        make_clock: Callable[[], Clock] = Clock,
        on_evict: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.keys = keys
        self.seed = seed
        self.scenario_file = ""
        """Source of the server's own scenario: the name of a built-in one, or a path."""
        self.ca_certificate = ""
        """The certificate of the CA that issued the server's TLS certificate, in PEM, or empty."""
        self._hooks = hooks
        self._fixture_cache: dict[int, Sandbox] = {}
        """Sandboxes with the loaded fixtures of the server's own scenario, by `id(fixtures)`."""
        self._setting_overrides = setting_overrides or {}
        self._fingerprint_key = fingerprint_key(seed)
        self._rules = self.compile_rules(scenario)
        self._settings = self.settings_of(scenario)
        self._make_clock = make_clock
        self._on_evict = on_evict
        self.journal_budget = JournalBudget()
        self.webhook_sender: Callable[[Sandbox], None] = keep_in_outbox
        """Sends the deliveries of an outbox. All new sandboxes get it."""
        self._by_name: dict[str, Sandbox] = {}
        self._lru: dict[str, None] = {}
        """Sandbox names, from least to most recently used."""
        self._by_credential: dict[str, Sandbox] = {}
        self._token_owners: dict[str, str] = {}
        """Cache: OAuth tokens to the names of their sandboxes."""
        self.default = self.get_or_create(DEFAULT)

    def __iter__(self) -> Iterator[Sandbox]:
        """Iterate in the order of creation."""
        return iter(self._by_name.values())

    def get_or_create(self, name: str) -> Sandbox:
        """Return the sandbox with this name; create it if there is none."""
        return self.find(name) or self.create(name)

    def for_request(self, headers: dict[bytes, bytes]) -> Sandbox:
        """Return the sandbox that the credential of a request belongs to, or `default`."""
        if len(self._by_name) == 1:
            return self.default
        credential = presented_credential(headers)
        sandbox = self._by_credential.get(credential) or self._issuer_of(credential)
        self.find(sandbox.name)
        return sandbox

    def for_oauth_client(self, query: bytes, body: bytes | None) -> Sandbox | None:
        """Return the sandbox of the app named in the query or body of an OAuth request."""
        client_id = presented_client_id(query, body)
        sandbox = self._by_credential.get(client_id) if client_id else None
        return self.find(sandbox.name) if sandbox else None

    def _issuer_of(self, credential: str) -> Sandbox:
        """Return the sandbox that issued an OAuth token, or `default`.

        The first lookup searches all sandboxes: one millisecond for 5,000 of them.
        """
        cached = self._by_name.get(self._token_owners.get(credential, ""))
        if cached is not None and cached.has_issued(credential):
            return cached
        for sandbox in self:
            if sandbox.has_issued(credential):
                self._token_owners[credential] = sandbox.name
                if len(self._token_owners) > TOKEN_OWNERS_MAX:
                    del self._token_owners[next(iter(self._token_owners))]
                return sandbox
        return self.default

    def for_merchant(self, merchant_id: str) -> Sandbox | None:
        """Return the sandbox with a merchant id, from a path of the platform API, or None."""
        sandbox = self._by_credential.get(merchant_id)
        return None if sandbox is None else self.find(sandbox.name)

    def find(self, name: str) -> Sandbox | None:
        """Return the sandbox with this name, or None, and mark it as the most recently used."""
        sandbox = self._by_name.get(name)
        if sandbox is not None:
            self._lru[name] = self._lru.pop(name, None)
        return sandbox

    def is_registered(self, sandbox: Sandbox) -> bool:
        """Return whether this sandbox, or its replacement, is registered. Not counted as a use."""
        current = self._by_name.get(sandbox.name)
        return current is not None and current.journal is sandbox.journal

    def current_version_of(self, sandbox: Sandbox) -> Sandbox:
        """Return the sandbox that replaced this one, or this one."""
        return self._by_name[sandbox.name] if self.is_registered(sandbox) else sandbox

    def create(
        self,
        name: str,
        scenario: Scenario | None = None,
        setting_overrides: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Sandbox:
        """Create a sandbox with its merchants and fixtures; replace one with the same name.

        Raises ScenarioError.
        """
        created = self.prepare(name, scenario, setting_overrides, seed)
        self.register(created)
        return created

    def prepare(
        self,
        name: str,
        scenario: Scenario | None = None,
        setting_overrides: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Sandbox:
        """Return a new sandbox without registering it: no request finds it, and none is evicted.

        Raises ScenarioError.
        """
        rules, settings = self._rules, self._settings
        if scenario is not None:
            rules, settings = self.compile_rules(scenario), self.settings_of(scenario)
        prepared = self._new(
            name, rules, settings, setting_overrides or {}, self._make_clock(), seed
        )
        self._add_merchants(prepared, seed)
        return prepared

    def apply_scenario(self, sandbox: Sandbox, scenario: Scenario) -> None:
        """Apply a scenario to a sandbox; existing rows are kept, and fixtures are added."""
        rules, settings = self.compile_rules(scenario), self.settings_of(scenario)
        if scenario.data is not None or scenario.merchants:
            # Try it on a scratch sandbox first, so that an error leaves this one unchanged.
            scratch = self._new(sandbox.name, rules, settings, {}, self._make_clock())
            self._add_merchants(scratch, None)
        sandbox.apply_scenario(rules, settings)
        self._add_merchants(sandbox, None)
        self.register(sandbox)

    def fork(self, sandbox: Sandbox, name: str) -> Sandbox:
        """Create a copy of a sandbox and its merchants; replace one with the same name.

        Raises ScenarioError.
        """
        created = self._fork_one(sandbox, name)
        for merchant in sandbox.merchants:
            copy = self._fork_one(merchant, f"{name}.{merchant.name.rpartition('.')[2]}")
            if merchant.credentials.client_id == sandbox.credentials.client_id:
                copy.set_credentials(with_app_of(copy.credentials, created.credentials))
            copy.clock = created.clock
            created.merchants += (copy,)
        self.find(sandbox.name)
        self.register(created)
        for merchant in created.all_merchants:
            merchant.webhook_sender(merchant)
        return created

    def replace(self, old: Sandbox, new: Sandbox) -> None:
        """Serve a new sandbox in place of one with the same name and credentials.

        The journal, its live readers and the other merchants at the address are kept.
        """
        new.take_over_from(old)
        old.outbox = None  # drops pending deliveries
        old.scheduler.clear()
        if not self.is_registered(old):
            return
        self._by_name[new.name] = new
        for credential in _credential_keys(new.credentials):
            if self._by_credential.get(credential) is old:
                self._by_credential[credential] = new
        parent = self._by_name.get(new.name.rpartition(".")[0])
        if parent is not None:
            parent.merchants = tuple(
                new if merchant is old else merchant for merchant in parent.merchants
            )
        if self.default is old:
            self.default = new

    def set_webhook_sender(self, webhook_sender: Callable[[Sandbox], None]) -> None:
        """Set the sender of webhooks for all sandboxes, present and future."""
        self.webhook_sender = webhook_sender
        for sandbox in self:
            sandbox.webhook_sender = webhook_sender

    def delete(self, name: str) -> bool:
        """Delete a sandbox; return False if there is none. `default` is recreated immediately."""
        sandbox = self._by_name.get(name)
        if sandbox is None:
            return False
        self._unregister(sandbox)
        if name == DEFAULT:
            self.default = self.create(DEFAULT)
        return True

    def reload(self, scenario: Scenario) -> None:
        """Replace the server's own scenario in all sandboxes that use it; existing rows are kept.

        Its merchants and data only apply to new sandboxes.
        """
        before = self._rules
        self._rules, self._settings = self.compile_rules(scenario), self.settings_of(scenario)
        self._fixture_cache.clear()
        for sandbox in self:
            if sandbox.rules is before:
                sandbox.apply_scenario(self._rules, self._settings)

    def is_server_scenario(self, rules: Rules) -> bool:
        """Return whether these are the rules of the server's own scenario."""
        return rules is self._rules

    def compile_rules(self, scenario: Scenario) -> Rules:
        """Return the compiled rules of a scenario for sandboxes of this server.

        Raises ScenarioError for a fault that the server cannot apply.
        """
        for path, fault in faults_of(scenario):
            if obstacle := self._hooks.unsupported_fault_reason(fault.kind):
                raise ScenarioError(f"{path}: {obstacle}")
        return Rules(scenario, self._fingerprint_key)

    def settings_of(self, scenario: Scenario) -> Settings:
        """Return the settings of a scenario; those of the command line take precedence."""
        return with_overrides(scenario.settings, self._setting_overrides)

    def _new(
        self,
        name: str,
        rules: Rules,
        settings: Settings,
        setting_overrides: dict[str, Any],
        clock: Clock,
        seed: str | None = None,
    ) -> Sandbox:
        """Create an empty, unregistered sandbox. Raises ScenarioError for a reserved name."""
        check_name(name)
        created = Sandbox(
            name,
            derive_credentials(self.seed, name),
            rules,
            with_overrides(settings, setting_overrides),
            self.keys,
            seed=f"{self.seed}\0{name}" if seed is None else seed,
            fingerprint_key=self._fingerprint_key,
            hooks=self._hooks,
            clock=clock,
        )
        created.setting_overrides = setting_overrides
        return created

    def _add_merchants(self, sandbox: Sandbox, seed: str | None) -> None:
        """Create the merchants of a sandbox's scenario and load their fixtures."""
        scenario = sandbox.rules.scenario
        self._load_fixtures(sandbox, scenario.data, "")
        if not scenario.merchants:
            return
        first, *others = scenario.merchants
        sandbox.set_credentials(scenario_credentials(scenario, self.seed, sandbox.name))
        sandbox.merchants = ()
        if first.settings is not None:
            sandbox.setting_overrides = (
                asdict(with_overrides(first.settings, self._setting_overrides))
                | sandbox.setting_overrides
            )
            sandbox.settings = with_overrides(sandbox.settings, sandbox.setting_overrides)
        self._load_fixtures(sandbox, first.data, first.name)
        for declared in others:
            name = f"{sandbox.name}.{declared.name}"
            settings = self.settings_of(scenario)
            setting_overrides = (
                sandbox.setting_overrides
                if declared.settings is None
                else asdict(with_overrides(declared.settings, self._setting_overrides))
            )
            own_seed = None if seed is None else f"{seed}\0{declared.name}"
            merchant = self._new(
                name, sandbox.rules, settings, setting_overrides, sandbox.clock, own_seed
            )
            own = scenario_credentials(scenario, self.seed, sandbox.name, declared.name)
            merchant.set_credentials(own)
            self._load_fixtures(merchant, declared.data, declared.name)
            sandbox.merchants += (merchant,)

    def _load_fixtures(self, sandbox: Sandbox, fixtures: Fixtures | None, merchant: str) -> None:
        """Add the fixtures of a scenario or merchant to a sandbox; they are cached and shared.

        Their ids derive from the names of scenario and merchant, so loading is idempotent.
        """
        if fixtures is None or not fixtures.count:
            return
        loaded = self._fixture_cache.get(id(fixtures))
        if loaded is None or sandbox.clock.now_ms() - loaded.created_ms > _FIXTURE_TTL_MS:
            loaded = self._new(
                "-",
                sandbox.rules,
                sandbox.settings,
                {},
                sandbox.clock.fork(),
                f"{self.seed}\0{sandbox.rules.scenario.name}\0{merchant}",
            )
            loaded.outbox = None  # fixtures send no webhooks
            self._hooks.load_fixtures(loaded, fixtures)
            if sandbox.rules is self._rules:
                self._fixture_cache[id(fixtures)] = loaded
        sandbox.merge(loaded)

    def _fork_one(self, sandbox: Sandbox, name: str) -> Sandbox:
        check_name(name)
        credentials = derive_credentials(self.seed, name)
        for merchant in sandbox.rules.scenario.merchants:
            if sandbox.credentials == apply_declared(merchant, sandbox.credentials):
                credentials = apply_declared(merchant, credentials)
        return sandbox.fork(name, credentials)

    def _unregister(self, sandbox: Sandbox) -> None:
        """Remove a sandbox and the merchants at its address."""
        for merchant in sandbox.all_merchants:
            merchant.outbox = None  # drops pending deliveries
            merchant.scheduler.clear()
            self._by_name.pop(merchant.name, None)
            self._lru.pop(merchant.name, None)
            for credential in _credential_keys(merchant.credentials):
                if self._by_credential.get(credential) is merchant:
                    del self._by_credential[credential]
            merchant.journal.close()

    def register(self, sandbox: Sandbox) -> None:
        """Add a sandbox and its merchants; evict the least recently used ones beyond the limit."""
        before = self._by_name.get(sandbox.name)
        if before is not None and before is not sandbox:
            self._unregister(before)
        for merchant in sandbox.all_merchants:
            if merchant.name not in self._by_name and len(self._by_name) >= SANDBOXES_MAX:
                oldest = next(name for name in self._lru if name != DEFAULT)
                self.delete(oldest)
                self._on_evict(oldest)
            self._by_name[merchant.name] = merchant
            merchant.webhook_sender = self.webhook_sender
            self.journal_budget.add(merchant.journal)
            self._lru[merchant.name] = self._lru.pop(merchant.name, None)
            for credential in _credential_keys(merchant.credentials):
                owner = self._by_credential.get(credential)
                # If several declare the same credential, `default` gets it, otherwise the first.
                if owner is None or (
                    sandbox.name == DEFAULT and owner not in sandbox.all_merchants
                ):
                    self._by_credential[credential] = merchant
        if sandbox.name == DEFAULT:
            self.default = sandbox


def _credential_keys(credentials: Credentials) -> tuple[str, ...]:
    return (
        credentials.access_token,
        credentials.api_key,
        credentials.client_id,
        credentials.merchant_id,
    )
