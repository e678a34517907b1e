"""All sandboxes of a server: found by name or by credential, made on first use, bounded."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import msgspec

from mock_clover.core.masking import redact
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials, derive, fingerprint_key
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.merchants import credentials_in, declared, of_app
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, no_sender
from mock_clover.scenario.records import Scenario, Settings
from mock_clover.scenario.records_fixtures import Fixtures

DEFAULT = "default"
SANDBOXES_MAX = 5_000
"""Sandboxes kept; the one that was least lately used goes first, `default` never."""
NAME_CHARS_MAX = 64
TOKEN_OWNERS_MAX = 10_000
"""Tokens of OAuth whose sandbox is remembered; others are looked for anew."""
_CLIENT = re.compile(rb'(?:client_id|app_uuid)"?\s*[=:]\s*"?([^&"\s]{1,200})')
_CLIENT_WITHIN_BYTES = 8_192
"""An honest call of OAuth names its app within so many bytes of its query or its body."""
_FIXTURES_MS_MAX = 600_000
"""Rows of a scenario are made anew after ten minutes, for their ages are told from now."""


class Sandboxes:
    """The sandboxes of one server."""

    def __init__(
        self,
        scenario: Scenario,
        keys: KeyRing,
        *,
        seed: str,
        hooks: Hooks,
        switched: dict[str, Any] | None = None,
        make_clock: Callable[[], Clock] = Clock,
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.keys = keys
        self.seed = seed
        self.scenario_file = ""
        """Where the server's own scenario was read from: a shipped one's name, or a path."""
        self.authority = ""
        """The certificate, in PEM, by which clients trust this server's HTTPS; none without it."""
        self._hooks = hooks
        self._fixture_cache: dict[int, Sandbox] = {}
        """What was sown for the server's own scenario, by its stock; new sandboxes share it."""
        self._switched = switched or {}
        self._fingerprint_key = fingerprint_key(seed)
        self._rules = self.rules_of(scenario)
        self._settings = self.settings_of(scenario)
        self._make_clock = make_clock
        self._on_drop = on_drop
        self.webhook_sender: Callable[[Sandbox], None] = no_sender
        """Takes what is in an outbox to its target; every sandbox made from now on has it."""
        self._by_name: dict[str, Sandbox] = {}
        self._used: dict[str, None] = {}
        """Names, the one that was used last at the end."""
        self._by_credential: dict[str, Sandbox] = {}
        self._token_owners: dict[str, str] = {}
        """Tokens that OAuth gave, and the sandbox where they were found last."""
        self.default = self.named(DEFAULT)

    def __iter__(self) -> Iterator[Sandbox]:
        """Iterate in the order of their making."""
        return iter(self._by_name.values())

    def named(self, name: str) -> Sandbox:
        """Return the sandbox of this name; made now if there is none."""
        return self.find(name) or self.make(name)

    def of(self, headers: dict[bytes, bytes]) -> Sandbox:
        """Return the sandbox that the credential of a request opens, or the default."""
        if len(self._by_name) == 1:
            return self.default
        credential = shown_credential(headers)
        found = self._by_credential.get(credential) or self._giver_of(credential)
        self.find(found.name)
        return found

    def of_client(self, query: bytes, body: bytes | None) -> Sandbox | None:
        """Return the sandbox of the app that the query or the body of an OAuth call names."""
        asked = b"%b&%b" % (query[:_CLIENT_WITHIN_BYTES], (body or b"")[:_CLIENT_WITHIN_BYTES])
        named = _CLIENT.search(asked)
        found = self._by_credential.get(unquote(named[1].decode("latin-1"))) if named else None
        return self.find(found.name) if found else None

    def _giver_of(self, credential: str) -> Sandbox:
        """Return the sandbox whose OAuth gave a token, or the default.

        The first time it is looked for in all of them: a millisecond where there are 5,000.
        """
        known = self._by_name.get(self._token_owners.get(credential, ""))
        if known is not None and known.has_given(credential):
            return known
        for each in self:
            if each.has_given(credential):
                self._token_owners[credential] = each.name
                if len(self._token_owners) > TOKEN_OWNERS_MAX:
                    del self._token_owners[next(iter(self._token_owners))]
                return each
        return self.default

    def of_merchant(self, merchant_id: str) -> Sandbox | None:
        """Return the sandbox of a merchant id, as it stands in paths of the platform API."""
        found = self._by_credential.get(merchant_id)
        return None if found is None else self.find(found.name)

    def find(self, name: str) -> Sandbox | None:
        """Return the sandbox of this name if there is one; it is the last to be dropped now."""
        found = self._by_name.get(name)
        if found is not None:
            self._used[name] = self._used.pop(name, None)
        return found

    def has(self, sandbox: Sandbox) -> bool:
        """Tell whether a sandbox is still the one of its name; to ask is no use of it."""
        return self._by_name.get(sandbox.name) is sandbox

    def unlisted(self) -> Sandbox:
        """Return a sandbox that nobody can find, for a call to one that is not made for it."""
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
        switched: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Sandbox:
        """Make a sandbox anew, with all that its scenario gives it; one of the same name goes."""
        rules, settings = self._rules, self._settings
        if scenario is not None:
            rules, settings = self.rules_of(scenario), self.settings_of(scenario)
        made = self._new(name, rules, settings, switched or {}, self._make_clock(), seed)
        self._people(made, seed)
        self._register(made)
        return made

    def steer(self, sandbox: Sandbox, scenario: Scenario) -> None:
        """Put a scenario in force in a sandbox; what was made stays, and more may come to it."""
        rules, settings = self.rules_of(scenario), self.settings_of(scenario)
        if scenario.data is not None or scenario.merchants:
            # What cannot be made is refused before anything is changed.
            self._people(self._new("-", rules, settings, {}, self._make_clock()), None)
        sandbox.steer(rules, settings)
        self._people(sandbox, None)
        self._register(sandbox)

    def fork(self, sandbox: Sandbox, name: str) -> Sandbox:
        """Make a sandbox that goes on from another; one of the same name goes."""
        made = self._forked(sandbox, name)
        for each in sandbox.merchants:
            twin = self._forked(each, f"{name}.{each.name.rpartition('.')[2]}")
            if each.credentials.client_id == sandbox.credentials.client_id:
                twin.set_credentials(of_app(twin.credentials, made.credentials))
            twin.clock = made.clock
            made.merchants += (twin,)
        self.find(sandbox.name)
        self._register(made)
        for each in made.family:
            each.webhook_sender(each)
        return made

    def set_webhook_sender(self, webhook_sender: Callable[[Sandbox], None]) -> None:
        """Have a courier take what is in all outboxes to its targets."""
        self.webhook_sender = webhook_sender
        for sandbox in self:
            sandbox.webhook_sender = webhook_sender

    def drop(self, name: str) -> bool:
        """Drop a sandbox; a fresh `default` takes its place. Tell whether there was one."""
        gone = self._by_name.get(name)
        if gone is None:
            return False
        self._unregister(gone)
        if name == DEFAULT:
            self.default = self.make(DEFAULT)
        return True

    def reload(self, scenario: Scenario) -> None:
        """Put a scenario in force wherever the server's own was; what was made stays.

        Its merchants and data are for sandboxes that are made from now on.
        """
        before = self._rules
        self._rules, self._settings = self.rules_of(scenario), self.settings_of(scenario)
        self._fixture_cache.clear()
        for sandbox in self:
            if sandbox.rules is before:
                sandbox.steer(self._rules, self._settings)

    def is_own(self, rules: Rules) -> bool:
        """Tell whether rules are those of the server's own scenario."""
        return rules is self._rules

    def rules_of(self, scenario: Scenario) -> Rules:
        """Make a scenario ready for sandboxes of this server."""
        return Rules(scenario, self._fingerprint_key)

    def settings_of(self, scenario: Scenario) -> Settings:
        """Return a scenario's settings; what the command line switched wins."""
        return msgspec.structs.replace(scenario.settings, **self._switched)

    def _new(
        self,
        name: str,
        rules: Rules,
        settings: Settings,
        switched: dict[str, Any],
        clock: Clock,
        seed: str | None = None,
    ) -> Sandbox:
        """Make a sandbox with nothing in it."""
        made = Sandbox(
            name,
            derive(self.seed, name),
            rules,
            msgspec.structs.replace(settings, **switched),
            self.keys,
            seed=f"{self.seed}\0{name}" if seed is None else seed,
            fingerprint_key=self._fingerprint_key,
            hooks=self._hooks,
            clock=clock,
        )
        made.switched = switched
        return made

    def _people(self, made: Sandbox, seed: str | None) -> None:
        """Give a sandbox the merchants of its scenario, and each what it has from the start."""
        scenario = made.rules.scenario
        self._stock(made, scenario.data, "")
        if not scenario.merchants:
            return
        own, *others = scenario.merchants
        made.set_credentials(credentials_in(scenario, self.seed, made.name))
        made.merchants = ()
        if own.settings is not None:
            made.switched = self._given(own.settings) | made.switched
            made.settings = msgspec.structs.replace(made.settings, **made.switched)
        self._stock(made, own.data, own.name)
        for each in others:
            name = f"{made.name}.{each.name}"
            settings = self.settings_of(scenario)
            switched = made.switched if each.settings is None else self._given(each.settings)
            own_seed = None if seed is None else f"{seed}\0{each.name}"
            beside = self._new(name, made.rules, settings, switched, made.clock, own_seed)
            beside.set_credentials(credentials_in(scenario, self.seed, made.name, each.name))
            self._stock(beside, each.data, each.name)
            made.merchants += (beside,)

    def _given(self, settings: Settings) -> dict[str, Any]:
        """Return a merchant's settings but for those that the command line decides."""
        return {
            name: getattr(settings, name)
            for name in settings.__struct_fields__
            if name not in self._switched
        }

    def _stock(self, made: Sandbox, stock: Fixtures | None, whose: str) -> None:
        """Give a sandbox what stands in a scenario; it is made once and shared.

        Its ids follow from the names of scenario and merchant: putting it twice is as once.
        """
        if stock is None or not stock.count:
            return
        fixtures = self._fixture_cache.get(id(stock))
        if fixtures is None or made.clock.now_ms() - fixtures.made_ms > _FIXTURES_MS_MAX:
            fixtures = self._new(
                "-",
                made.rules,
                made.settings,
                {},
                made.clock.fork(),
                f"{self.seed}\0{made.rules.scenario.name}\0{whose}",
            )
            fixtures.outbox = None  # nobody is told of it
            self._hooks.load_fixtures(fixtures, stock)
            if made.rules is self._rules:
                self._fixture_cache[id(stock)] = fixtures
        made.merge_rows(fixtures)

    def _forked(self, sandbox: Sandbox, name: str) -> Sandbox:
        known = derive(self.seed, name)
        for each in sandbox.rules.scenario.merchants:
            if sandbox.credentials == declared(each, sandbox.credentials):
                known = declared(each, known)
        return sandbox.fork(name, known)

    def _unregister(self, gone: Sandbox) -> None:
        """Let a sandbox and the merchants at its address go."""
        for each in gone.family:
            each.outbox = None  # what was pending goes nowhere
            self._by_name.pop(each.name, None)
            self._used.pop(each.name, None)
            for credential in _credential_keys(each.credentials):
                if self._by_credential.get(credential) is each:
                    del self._by_credential[credential]
            each.journal.stir()  # whoever watches it learns that it is gone

    def _register(self, made: Sandbox) -> None:
        before = self._by_name.get(made.name)
        if before is not None and before is not made:
            self._unregister(before)
        for each in made.family:
            if each.name not in self._by_name and len(self._by_name) >= SANDBOXES_MAX:
                oldest = next(name for name in self._used if name != DEFAULT)
                self.drop(oldest)
                self._on_drop(redact(oldest))
            self._by_name[each.name] = each
            each.webhook_sender = self.webhook_sender
            self._used[each.name] = self._used.pop(each.name, None)
            for credential in _credential_keys(each.credentials):
                holder = self._by_credential.get(credential)
                # Of two that declare the same, `default` has it at the root, or else the first.
                if holder is None or (made.name == DEFAULT and holder not in made.family):
                    self._by_credential[credential] = each
        if made.name == DEFAULT:
            self.default = made


def shown_credential(headers: dict[bytes, bytes]) -> str:
    """Return the credential that a request shows, or ''."""
    shown = headers.get(b"apikey") or headers.get(b"authorization", b"")
    return shown.rpartition(b" ")[2].decode("latin-1")


def _credential_keys(known: Credentials) -> tuple[str, ...]:
    return (known.access_token, known.api_key, known.client_id, known.merchant_id)
