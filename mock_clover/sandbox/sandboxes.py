"""The sandboxes of a server: found by name or credential, created and evicted."""

from collections.abc import Callable, Iterator
from typing import Any

from mock_clover.core.steps import Steps, finish
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials, derive_credentials
from mock_clover.sandbox.factory import SandboxFactory
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.journal import ENTRIES_MAX, JournalBudget, Turns
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.merchants import apply_declared, with_app_of
from mock_clover.sandbox.names import check_name
from mock_clover.sandbox.presented import presented_client_id, presented_credential
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, keep_in_outbox
from mock_clover.scenario.records import Scenario

DEFAULT = "default"
SANDBOXES_MAX = 5_000
"""Maximum number of sandboxes. The least recently used one is evicted, but never `default`."""
TOKEN_OWNERS_MAX = 10_000
"""Maximum number of OAuth tokens whose sandbox is cached."""

START_EXCHANGES = ENTRIES_MAX // 2
"""How many exchanges are between two states that are kept for capsules."""
START_ROWS_MAX = 10_000
"""With more rows, the state would not fit into a capsule."""


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
        self.is_replica = False
        """Whether other servers have other sandboxes, and a proxy selects the server by path."""
        self.ca_certificate = ""
        """The certificate of the CA that issued the server's TLS certificate, in PEM, or empty."""
        self.factory = SandboxFactory(
            scenario,
            keys,
            seed=seed,
            hooks=hooks,
            setting_overrides=setting_overrides or {},
            make_clock=make_clock,
        )
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
        sandbox = self.owner_of(presented_credential(headers)) or self.default
        self.find(sandbox.name)
        return sandbox

    def owner_of(self, credential: str) -> Sandbox | None:
        """Return the sandbox of a credential or an OAuth token, or None. Not counted as a use."""
        return self._by_credential.get(credential) or self._issuer_of(credential)

    def for_oauth_client(self, query: bytes, body: bytes | None) -> Sandbox | None:
        """Return the sandbox of the app named in the query or body of an OAuth request."""
        client_id = presented_client_id(query, body)
        sandbox = self._by_credential.get(client_id) if client_id else None
        return self.find(sandbox.name) if sandbox else None

    def _issuer_of(self, credential: str) -> Sandbox | None:
        """Return the sandbox that issued an OAuth token, or None.

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
        return None

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

    def create(self, name: str) -> Sandbox:
        """Create a sandbox of the server's scenario. Raises ScenarioError."""
        return finish(self.create_in_steps(name))

    def create_in_steps(
        self,
        name: str,
        scenario: Scenario | None = None,
        setting_overrides: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Steps[Sandbox]:
        """Create a sandbox with its merchants and fixtures; replace one with the same name.

        It is registered in the last step. Raises ScenarioError.
        """
        created = yield from self.factory.create(name, scenario, setting_overrides, seed)
        self.register(created)
        return created

    def prepare(self, name: str) -> Sandbox:
        """Return a new sandbox without registering it: no request finds it, and none is evicted.

        Raises ScenarioError.
        """
        return finish(self.factory.create(name))

    def apply_scenario(self, sandbox: Sandbox, scenario: Scenario) -> Steps[Sandbox]:
        """Apply a scenario to a sandbox in the last step, and return the sandbox.

        Existing rows are kept, and fixtures are added. Raises ScenarioError.
        """
        rules, loaded = yield from self.factory.load(sandbox, scenario)
        sandbox = self.current_version_of(sandbox)
        sandbox.apply_scenario(rules, self.factory.settings_of(scenario))
        finish(self.factory.add_merchants(sandbox, None, loaded))
        self.register(sandbox)
        if loaded or scenario.merchants:
            _restart_histories(sandbox)
        return sandbox

    def lacks_fixtures(self, name: str) -> bool:
        """Return whether a sandbox does not exist and creating it would first create fixtures."""
        return name not in self._by_name and not self.factory.has_own_fixtures()

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
            _restart_history(new)
            return
        self._by_name[new.name] = new
        for credential in _credential_keys(new.credentials):
            if self._by_credential.get(credential) is old:
                self._by_credential[credential] = new
        first, parent = new, self._by_name.get(new.name.rpartition(".")[0])
        if parent is not None and old in parent.merchants:
            parent.merchants = tuple(
                new if merchant is old else merchant for merchant in parent.merchants
            )
            first, new.clock = parent, parent.clock
        _restart_histories(first)
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
        before = self.factory.rules
        self.factory.set_scenario(scenario)
        for sandbox in self:
            if sandbox.rules is before:
                sandbox.apply_scenario(self.factory.rules, self.factory.settings)

    def keep_starts(self) -> None:
        """Keep the present state of sandboxes whose journal may soon lose the one before it.

        A capsule of a long run then begins later. One with more rows than a capsule can have is
        left out.
        """
        for sandbox in self:
            family = sandbox.all_merchants
            if sandbox.journal.turns is not None and len(family) == 1:
                continue  # a merchant, whose state is kept with that of its sandbox
            if any(each.has_new_exchanges(START_EXCHANGES) for each in family) and (
                sum(each.rows_bound for each in family) <= START_ROWS_MAX
            ):
                for each in family:
                    each.keep_start()

    def is_server_scenario(self, rules: Rules) -> bool:
        """Return whether these are the rules of the server's own scenario."""
        return rules is self.factory.rules

    def _fork_one(self, sandbox: Sandbox, name: str) -> Sandbox:
        check_name(name)
        credentials = derive_credentials(self.seed, name)
        for merchant in sandbox.rules.scenario.merchants:
            if sandbox.credentials == apply_declared(merchant, sandbox.credentials):
                credentials = apply_declared(merchant, credentials)
        copy = sandbox.fork(name, credentials)
        _restart_history(copy)
        return copy

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
        turns = (sandbox.journal.turns or Turns()) if sandbox.merchants else None
        for merchant in sandbox.all_merchants:
            merchant.journal.turns = turns
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


def _restart_histories(sandbox: Sandbox) -> None:
    """Restart the histories of all merchants at an address: a capsule starts them together."""
    for merchant in sandbox.all_merchants:
        _restart_history(merchant)


def _restart_history(sandbox: Sandbox) -> None:
    """Keep a copy of the present state as the start of the history. Its rows are shared."""
    copy = sandbox.fork(sandbox.name, sandbox.credentials)
    sandbox.history.restart(copy, sandbox.journal.count)


def _credential_keys(credentials: Credentials) -> tuple[str, ...]:
    return (
        credentials.access_token,
        credentials.api_key,
        credentials.client_id,
        credentials.merchant_id,
    )
