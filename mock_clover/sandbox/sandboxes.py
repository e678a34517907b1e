"""All sandboxes of a server: found by name or by credential, made on first use, bounded."""

from collections.abc import Callable, Iterator

from mock_clover.model.scenario import Settings
from mock_clover.sandbox.clock import Clock
from mock_clover.sandbox.credentials import derive, fingerprint_key
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.rules import Rules
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.wire.redact import redact

DEFAULT = "default"
SANDBOXES_MAX = 1_000
"""Sandboxes kept; the one that was made first goes first, `default` never."""
NAME_CHARS_MAX = 64


class Sandboxes:
    """The sandboxes of one server."""

    def __init__(
        self,
        rules_of: Callable[[bytes], Rules],
        settings: Settings,
        keys: KeyRing,
        *,
        seed: str,
        make_clock: Callable[[], Clock] = Clock,
        on_drop: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.keys = keys
        self.seed = seed
        self._settings = settings
        self._fingerprint_key = fingerprint_key(seed)
        self._rules = rules_of(self._fingerprint_key)
        self._make_clock = make_clock
        self._on_drop = on_drop
        self._by_name: dict[str, Sandbox] = {}
        self._by_credential: dict[str, Sandbox] = {}
        self.default = self.named(DEFAULT)

    def __iter__(self) -> Iterator[Sandbox]:
        """Iterate in the order of their making."""
        return iter(self._by_name.values())

    def named(self, name: str) -> Sandbox:
        """Return the sandbox of this name; made now if there is none."""
        found = self._by_name.get(name)
        return found if found is not None else self._make(name)

    def of(self, headers: dict[bytes, bytes]) -> Sandbox:
        """Return the sandbox that the credential of a request opens, or the default."""
        if len(self._by_name) == 1:
            return self.default
        shown = headers.get(b"apikey") or headers.get(b"authorization", b"")
        credential = shown.rpartition(b" ")[2].decode("latin-1")
        return self._by_credential.get(credential, self.default)

    def _make(self, name: str) -> Sandbox:
        if len(self._by_name) >= SANDBOXES_MAX:
            oldest = next(each for each in self._by_name if each != DEFAULT)
            self._drop(oldest)
        made = Sandbox(
            name,
            derive(self.seed, name),
            self._rules,
            self._settings,
            self.keys,
            seed=self.seed,
            fingerprint_key=self._fingerprint_key,
            clock=self._make_clock(),
        )
        self._by_name[name] = made
        for credential in _openers(made):
            self._by_credential[credential] = made
        return made

    def _drop(self, name: str) -> None:
        gone = self._by_name.pop(name)
        for credential in [key for key, box in self._by_credential.items() if box is gone]:
            del self._by_credential[credential]
        self._on_drop(redact(name))


def _openers(sandbox: Sandbox) -> tuple[str, str, str]:
    known = sandbox.credentials
    return (known.access_token, known.api_key, known.client_id)
