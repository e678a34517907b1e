"""All sandboxes of a server: found by name or credential, created on first use, bounded."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from msgspec.structs import replace

from mock_clover.core.masking import redact
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials, derive, fingerprint_key
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.merchants import credentials_in, declared, of_app
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, no_sender
from mock_clover.scenario.records import Scenario, ScenarioError, Settings
from mock_clover.scenario.records_fixtures import Fixtures
from mock_clover.scenario.validation import faults_of

DEFAULT = "default"
SANDBOXES_MAX = 5_000
"""The least recently used sandbox is evicted first; `default` never is."""
NAME_CHARS_MAX = 64
TOKEN_OWNERS_MAX = 10_000
"""OAuth tokens whose sandbox is cached; for others all sandboxes are searched."""
_CLIENT = re.compile(rb'(?:client_id|app_uuid)"?\s*[=:]\s*"?([^&"\s]{1,200})')
_CLIENT_WITHIN_BYTES = 8_192
"""The prefix of query and body that is searched for the app of an OAuth request."""
_FIXTURE_TTL_MS = 600_000
"""Fixtures are recreated after ten minutes, because their ages are relative to now."""


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
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.keys = keys
        self.seed = seed
        self.scenario_file = ""
        """Source of the server's own scenario: the name of a shipped one, or a path."""
        self.authority = ""
        """The CA certificate of this server's HTTPS, in PEM; empty without HTTPS."""
        self._hooks = hooks
        self._fixture_cache: dict[int, Sandbox] = {}
        """Sandboxes with the loaded fixtures of the server's own scenario, by `id(fixtures)`."""
        self._setting_overrides = setting_overrides or {}
        self._fingerprint_key = fingerprint_key(seed)
        self._rules = self.rules_of(scenario)
        self._settings = self.settings_of(scenario)
        self._make_clock = make_clock
        self._on_drop = on_drop
        self.webhook_sender: Callable[[Sandbox], None] = no_sender
        """Sends the deliveries of an outbox; all new sandboxes get it."""
        self._by_name: dict[str, Sandbox] = {}
        self._used: dict[str, None] = {}
        """Names, the most recently used one last."""
        self._by_credential: dict[str, Sandbox] = {}
        self._token_owners: dict[str, str] = {}
        """Cache: OAuth tokens to the names of their sandboxes."""
        self.default = self.named(DEFAULT)

    def __iter__(self) -> Iterator[Sandbox]:
        """Iterate in the order of creation."""
        return iter(self._by_name.values())

    def named(self, name: str) -> Sandbox:
        """Return the sandbox of this name, creating it if there is none."""
        return self.find(name) or self.make(name)

    def of(self, headers: dict[bytes, bytes]) -> Sandbox:
        """Return the sandbox that the credential of a request belongs to, or the default."""
        if len(self._by_name) == 1:
            return self.default
        credential = shown_credential(headers)
        sandbox = self._by_credential.get(credential) or self._issuer_of(credential)
        self.find(sandbox.name)
        return sandbox

    def of_client(self, query: bytes, body: bytes | None) -> Sandbox | None:
        """Return the sandbox of the app named in the query or body of an OAuth request."""
        parameters = b"%b&%b" % (query[:_CLIENT_WITHIN_BYTES], (body or b"")[:_CLIENT_WITHIN_BYTES])
        match = _CLIENT.search(parameters)
        sandbox = self._by_credential.get(unquote(match[1].decode("latin-1"))) if match else None
        return self.find(sandbox.name) if sandbox else None

    def _issuer_of(self, credential: str) -> Sandbox:
        """Return the sandbox whose OAuth issued a token, or the default.

        The first lookup searches all sandboxes: one millisecond for 5,000 of them.
        """
        cached = self._by_name.get(self._token_owners.get(credential, ""))
        if cached is not None and cached.has_issued(credential):
            return cached
        for each in self:
            if each.has_issued(credential):
                self._token_owners[credential] = each.name
                if len(self._token_owners) > TOKEN_OWNERS_MAX:
                    del self._token_owners[next(iter(self._token_owners))]
                return each
        return self.default

    def of_merchant(self, merchant_id: str) -> Sandbox | None:
        """Return the sandbox of a merchant id in a path of the platform API."""
        sandbox = self._by_credential.get(merchant_id)
        return None if sandbox is None else self.find(sandbox.name)

    def find(self, name: str) -> Sandbox | None:
        """Return the sandbox of this name, or None, and mark it as the most recently used."""
        sandbox = self._by_name.get(name)
        if sandbox is not None:
            self._used[name] = self._used.pop(name, None)
        return sandbox

    def has(self, sandbox: Sandbox) -> bool:
        """Return whether a sandbox is registered, or one that replaced it; not counted as a use."""
        current = self._by_name.get(sandbox.name)
        return current is not None and current.journal is sandbox.journal

    def current(self, sandbox: Sandbox) -> Sandbox:
        """Return the sandbox that replaced this one, or this one."""
        return self._by_name[sandbox.name] if self.has(sandbox) else sandbox

    def unlisted(self) -> Sandbox:
        """Return an unregistered sandbox, for a request that must not create one."""
        return Sandbox(
            "-",
            derive(self.seed, "-"),
            self._rules,
            self._settings,
            self.keys,
            seed=self.seed,
            fingerprint_key=self._fingerprint_key,
            hooks=self._hooks,
            clock=self._make_clock(),
        )

    def make(
        self,
        name: str,
        scenario: Scenario | None = None,
        setting_overrides: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Sandbox:
        """Create a sandbox with its merchants and fixtures, replacing one of the same name."""
        rules, settings = self._rules, self._settings
        if scenario is not None:
            rules, settings = self.rules_of(scenario), self.settings_of(scenario)
        created = self._new(
            name, rules, settings, setting_overrides or {}, self._make_clock(), seed
        )
        self._add_merchants(created, seed)
        self._register(created)
        return created

    def apply_scenario(self, sandbox: Sandbox, scenario: Scenario) -> None:
        """Apply a scenario to a sandbox; existing rows remain, and fixtures are added."""
        rules, settings = self.rules_of(scenario), self.settings_of(scenario)
        if scenario.data is not None or scenario.merchants:
            # Try it on a new sandbox: an error must not change this one.
            self._add_merchants(self._new("-", rules, settings, {}, self._make_clock()), None)
        sandbox.apply_scenario(rules, settings)
        self._add_merchants(sandbox, None)
        self._register(sandbox)

    def fork(self, sandbox: Sandbox, name: str) -> Sandbox:
        """Create a copy of a sandbox and its merchants, replacing one of the same name."""
        created = self._fork_one(sandbox, name)
        for each in sandbox.merchants:
            copy = self._fork_one(each, f"{name}.{each.name.rpartition('.')[2]}")
            if each.credentials.client_id == sandbox.credentials.client_id:
                copy.set_credentials(of_app(copy.credentials, created.credentials))
            copy.clock = created.clock
            created.merchants += (copy,)
        self.find(sandbox.name)
        self._register(created)
        for each in created.family:
            each.webhook_sender(each)
        return created

    def replace(self, old: Sandbox, new: Sandbox) -> None:
        """Serve a new sandbox in place of one with the same name and credentials.

        The journal, its readers and the merchants at the address remain.
        """
        new.continue_journal_of(old)
        old.outbox = None  # drops pending deliveries
        if not self.has(old):
            return
        self._by_name[new.name] = new
        for credential in _credential_keys(new.credentials):
            if self._by_credential.get(credential) is old:
                self._by_credential[credential] = new
        parent = self._by_name.get(new.name.rpartition(".")[0])
        if parent is not None:
            parent.merchants = tuple(new if each is old else each for each in parent.merchants)
        if self.default is old:
            self.default = new

    def set_webhook_sender(self, webhook_sender: Callable[[Sandbox], None]) -> None:
        """Set the sender of webhooks for all sandboxes, present and future."""
        self.webhook_sender = webhook_sender
        for sandbox in self:
            sandbox.webhook_sender = webhook_sender

    def drop(self, name: str) -> bool:
        """Drop a sandbox; return False if there is none. `default` is recreated immediately."""
        dropped = self._by_name.get(name)
        if dropped is None:
            return False
        self._unregister(dropped)
        if name == DEFAULT:
            self.default = self.make(DEFAULT)
        return True

    def reload(self, scenario: Scenario) -> None:
        """Replace the server's own scenario in all sandboxes that use it; existing rows remain.

        Its merchants and data apply to new sandboxes only.
        """
        before = self._rules
        self._rules, self._settings = self.rules_of(scenario), self.settings_of(scenario)
        self._fixture_cache.clear()
        for sandbox in self:
            if sandbox.rules is before:
                sandbox.apply_scenario(self._rules, self._settings)

    def is_own(self, rules: Rules) -> bool:
        """Return whether rules are those of the server's own scenario."""
        return rules is self._rules

    def rules_of(self, scenario: Scenario) -> Rules:
        """Return the compiled rules of a scenario for sandboxes of this server.

        Raises ScenarioError for a fault that the server cannot apply.
        """
        for path, fault in faults_of(scenario):
            if obstacle := self._hooks.fault_obstacle(fault.kind):
                raise ScenarioError(f"{path}: {obstacle}")
        return Rules(scenario, self._fingerprint_key)

    def settings_of(self, scenario: Scenario) -> Settings:
        """Return the settings of a scenario; those of the command line take precedence."""
        return replace(scenario.settings, **self._setting_overrides)

    def _new(
        self,
        name: str,
        rules: Rules,
        settings: Settings,
        setting_overrides: dict[str, Any],
        clock: Clock,
        seed: str | None = None,
    ) -> Sandbox:
        """Create an empty, unregistered sandbox."""
        created = Sandbox(
            name,
            derive(self.seed, name),
            rules,
            replace(settings, **setting_overrides),
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
        own, *others = scenario.merchants
        sandbox.set_credentials(credentials_in(scenario, self.seed, sandbox.name))
        sandbox.merchants = ()
        if own.settings is not None:
            sandbox.setting_overrides = (
                self._merchant_settings(own.settings) | sandbox.setting_overrides
            )
            sandbox.settings = replace(sandbox.settings, **sandbox.setting_overrides)
        self._load_fixtures(sandbox, own.data, own.name)
        for each in others:
            name = f"{sandbox.name}.{each.name}"
            settings = self.settings_of(scenario)
            setting_overrides = (
                sandbox.setting_overrides
                if each.settings is None
                else self._merchant_settings(each.settings)
            )
            own_seed = None if seed is None else f"{seed}\0{each.name}"
            merchant = self._new(
                name, sandbox.rules, settings, setting_overrides, sandbox.clock, own_seed
            )
            merchant.set_credentials(credentials_in(scenario, self.seed, sandbox.name, each.name))
            self._load_fixtures(merchant, each.data, each.name)
            sandbox.merchants += (merchant,)

    def _merchant_settings(self, settings: Settings) -> dict[str, Any]:
        """Return the settings of a merchant that the command line does not override."""
        return {
            name: getattr(settings, name)
            for name in settings.__struct_fields__
            if name not in self._setting_overrides
        }

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
        credentials = derive(self.seed, name)
        for each in sandbox.rules.scenario.merchants:
            if sandbox.credentials == declared(each, sandbox.credentials):
                credentials = declared(each, credentials)
        return sandbox.fork(name, credentials)

    def _unregister(self, sandbox: Sandbox) -> None:
        """Remove a sandbox and the merchants at its address."""
        for each in sandbox.family:
            each.outbox = None  # drops pending deliveries
            self._by_name.pop(each.name, None)
            self._used.pop(each.name, None)
            for credential in _credential_keys(each.credentials):
                if self._by_credential.get(credential) is each:
                    del self._by_credential[credential]
            each.journal.notify()  # its watchers notice that the sandbox is gone

    def _register(self, sandbox: Sandbox) -> None:
        before = self._by_name.get(sandbox.name)
        if before is not None and before is not sandbox:
            self._unregister(before)
        for each in sandbox.family:
            if each.name not in self._by_name and len(self._by_name) >= SANDBOXES_MAX:
                oldest = next(name for name in self._used if name != DEFAULT)
                self.drop(oldest)
                self._on_drop(redact(oldest))
            self._by_name[each.name] = each
            each.webhook_sender = self.webhook_sender
            self._used[each.name] = self._used.pop(each.name, None)
            for credential in _credential_keys(each.credentials):
                holder = self._by_credential.get(credential)
                # If two declare the same credential, it belongs to `default`, else to the first.
                if holder is None or (sandbox.name == DEFAULT and holder not in sandbox.family):
                    self._by_credential[credential] = each
        if sandbox.name == DEFAULT:
            self.default = sandbox


def shown_credential(headers: dict[bytes, bytes]) -> str:
    """Return the credential in the headers of a request, or ''."""
    header = headers.get(b"apikey") or headers.get(b"authorization", b"")
    return header.rpartition(b" ")[2].decode("latin-1")


def _credential_keys(credentials: Credentials) -> tuple[str, ...]:
    return (
        credentials.access_token,
        credentials.api_key,
        credentials.client_id,
        credentials.merchant_id,
    )
