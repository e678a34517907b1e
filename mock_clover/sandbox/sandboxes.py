"""All sandboxes of a server: found by name or by credential, made on first use, bounded."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from mock_clover.model.scenario import Scenario, Settings
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import Credentials, derive, fingerprint_key
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox, nobody
from mock_clover.wire.redact import redact

DEFAULT = "default"
SANDBOXES_MAX = 5_000
"""Sandboxes kept; the one that was least lately used goes first, `default` never."""
NAME_CHARS_MAX = 64
_CLIENT = re.compile(rb"(?:client_id|app_uuid)\"?\s*[=:]\s*\"?([0-9A-Z]{13})\b")
_CLIENT_WITHIN_BYTES = 8_192
"""An honest call of OAuth names its app within so many bytes of its query or its body."""


class Sandboxes:
    """The sandboxes of one server."""

    def __init__(
        self,
        scenario: Scenario,
        keys: KeyRing,
        *,
        seed: str,
        switched: dict[str, Any] | None = None,
        make_clock: Callable[[], Clock] = Clock,
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.keys = keys
        self.seed = seed
        self._switched = switched or {}
        self._fingerprint_key = fingerprint_key(seed)
        self._rules = self.rules_of(scenario)
        self._settings = self.settings_of(scenario)
        self._make_clock = make_clock
        self._on_drop = on_drop
        self.courier: Callable[[Sandbox], None] = nobody
        """Takes what is in an outbox to its target; every sandbox made from now on has it."""
        self._by_name: dict[str, Sandbox] = {}
        self._used: dict[str, None] = {}
        """Names, the one that was used last at the end."""
        self._by_credential: dict[str, Sandbox] = {}
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
        shown = headers.get(b"apikey") or headers.get(b"authorization", b"")
        credential = shown.rpartition(b" ")[2].decode("latin-1")
        found = self._by_credential.get(credential) or self._giver_of(credential)
        self.find(found.name)
        return found

    def of_client(self, query: bytes, body: bytes | None) -> Sandbox | None:
        """Return the sandbox of the app that the query or the body of an OAuth call names."""
        asked = b"%b&%b" % (query[:_CLIENT_WITHIN_BYTES], (body or b"")[:_CLIENT_WITHIN_BYTES])
        named = _CLIENT.search(asked)
        found = self._by_credential.get(named[1].decode()) if named else None
        return self.find(found.name) if found else None

    def _giver_of(self, credential: str) -> Sandbox:
        """Return the sandbox whose OAuth gave a token, or the default: 0.2 us for each sandbox."""
        if credential:
            for each in self:
                if credential in each.bearers or credential in each.access_tokens:
                    return each
        return self.default

    def find(self, name: str) -> Sandbox | None:
        """Return the sandbox of this name if there is one; it is the last to be dropped now."""
        found = self._by_name.get(name)
        if found is not None:
            self._used[name] = self._used.pop(name, None)
        return found

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
            clock=self._make_clock(),
        )

    def make(
        self,
        name: str,
        scenario: Scenario | None = None,
        switched: dict[str, Any] | None = None,
        seed: str | None = None,
    ) -> Sandbox:
        """Make a sandbox anew; one of the same name goes."""
        rules, settings = self._rules, self._settings
        if scenario is not None:
            rules, settings = self.rules_of(scenario), self.settings_of(scenario)
        made = Sandbox(
            name,
            derive(self.seed, name),
            rules,
            msgspec.structs.replace(settings, **(switched or {})),
            self.keys,
            seed=f"{self.seed}\0{name}" if seed is None else seed,
            fingerprint_key=self._fingerprint_key,
            clock=self._make_clock(),
        )
        made.switched = switched or {}
        self._admit(made)
        return made

    def fork(self, sandbox: Sandbox, name: str) -> Sandbox:
        """Make a sandbox that goes on from another; one of the same name goes."""
        made = sandbox.fork(name, derive(self.seed, name))
        self.find(sandbox.name)
        self._admit(made)
        made.courier(made)
        return made

    def employ(self, courier: Callable[[Sandbox], None]) -> None:
        """Have a courier take what is in all outboxes to its targets."""
        self.courier = courier
        for sandbox in self:
            sandbox.courier = courier

    def drop(self, name: str) -> bool:
        """Drop a sandbox; a fresh `default` takes its place. Tell whether there was one."""
        dropped = self._by_name.pop(name, None)
        if dropped is None:
            return False
        dropped.outbox = None  # what was pending goes nowhere
        self._used.pop(name, None)
        for credential in _openers(derive(self.seed, name)):
            self._by_credential.pop(credential, None)
        if name == DEFAULT:
            self.default = self.make(DEFAULT)
        return True

    def reload(self, scenario: Scenario) -> None:
        """Put a scenario in force wherever the server's own was; what was made stays."""
        before = self._rules
        self._rules, self._settings = self.rules_of(scenario), self.settings_of(scenario)
        for sandbox in self:
            if sandbox.rules is before:
                sandbox.steer(self._rules, self._settings)

    def rules_of(self, scenario: Scenario) -> Rules:
        """Make a scenario ready for sandboxes of this server."""
        return Rules(scenario, self._fingerprint_key)

    def settings_of(self, scenario: Scenario) -> Settings:
        """Return a scenario's settings; what the command line switched wins."""
        return msgspec.structs.replace(scenario.settings, **self._switched)

    def _admit(self, made: Sandbox) -> None:
        if made.name not in self._by_name and len(self._by_name) >= SANDBOXES_MAX:
            oldest = next(each for each in self._used if each != DEFAULT)
            self.drop(oldest)
            self._on_drop(redact(oldest))
        replaced = self._by_name.get(made.name)
        if replaced is not None:
            replaced.outbox = None
        self._by_name[made.name] = made
        made.courier = self.courier
        self._used[made.name] = self._used.pop(made.name, None)
        if made.name == DEFAULT:
            self.default = made
        for credential in _openers(made.credentials):
            self._by_credential[credential] = made


def _openers(known: Credentials) -> tuple[str, str, str]:
    return (known.access_token, known.api_key, known.client_id)
