"""What a sandbox started from, and the control requests that changed its behaviour since.

Together with the journal it is all that is needed to repeat a run elsewhere. Only control requests
write here, so it costs a payment nothing.
"""

from typing import TYPE_CHECKING

from mock_clover.core.record import Value
from mock_clover.sandbox.rules import Rules
from mock_clover.scenario.records import Settings

if TYPE_CHECKING:
    from mock_clover.sandbox.sandbox import Sandbox

CALLS_MAX = 1_000
"""Control requests that are kept; as many as exchanges."""
BYTES_MAX = 1_048_576
"""Their bodies and scenarios, as JSON."""

STARTS_MAX = 2
"""Later states that are kept of a sandbox."""


class KeptCall(Value, frozen=True, kw_only=True):
    """A control request that changed something."""

    after: int
    """The place of the newest exchange at that time (`Journal.last_place`)."""
    at_ms: int
    name: str
    """The name of its endpoint, or of a change that it made (`control/replay/repeat.py`)."""
    ids: tuple[str, ...]
    body: bytes
    """The decoded body, as JSON. It has no card data; a secret is removed when it is shown."""

    @property
    def size(self) -> int:
        """The bytes of its body."""
        return len(self.body)


class ScenarioChange(Value, frozen=True, kw_only=True):
    """Another scenario that was applied."""

    after: int
    at_ms: int
    rules: Rules
    settings: Settings
    size: int
    """The bytes of the scenario as JSON."""


class Start(Value, frozen=True, kw_only=True):
    """A state from which a run can be repeated."""

    origin: "Sandbox | None"
    """A copy of the sandbox; None for one that was created, with its fixtures."""
    number: int
    """The number of the newest exchange at that time."""
    at_ms: int
    """The time of the clock, or 0 for the first start."""
    calls: int
    """How many control requests there were before."""


class History:
    """The start of a sandbox and its control requests, oldest first."""

    __slots__ = (
        *("_bytes", "calls", "fixtures", "later", "lost", "origin", "rules", "settings", "start"),
    )

    def __init__(self) -> None:
        self.calls: list[KeptCall | ScenarioChange] = []
        self.lost = 0
        """How many control requests are no longer kept."""
        self.fixtures: tuple[Sandbox, ...] = ()
        """The rows that the sandbox was created with."""
        self.rules: Rules | None = None
        """The rules it was created with, if another scenario was applied since."""
        self.settings: Settings | None = None
        self.origin: Sandbox | None = None
        """A copy of the state that a fork, a snapshot or data of a scenario gave it."""
        self.start = 0
        """The number of the newest exchange at that time."""
        self.later: tuple[Start, ...] = ()
        """Later states, oldest first: the journal may lose the exchanges before them."""
        self._bytes = 0

    def add_call(self, call: KeptCall) -> None:
        """Add a control request; the oldest are dropped if there are too many."""
        self._add(call)

    def _add(self, call: KeptCall | ScenarioChange) -> None:
        self._bytes += call.size
        self.calls.append(call)
        while len(self.calls) > CALLS_MAX or self._bytes > BYTES_MAX:
            self._bytes -= self.calls.pop(0).size
            self.lost += 1

    def add_scenario(self, change: ScenarioChange, rules: Rules, settings: Settings) -> None:
        """Add a change of the scenario, from these rules and settings."""
        if self.rules is None:
            self.rules, self.settings = rules, settings
        self._add(change)

    def restart(self, origin: "Sandbox", start: int) -> None:
        """Begin again with a copy of the sandbox; discard what was recorded before."""
        self.calls.clear()
        self.lost = self._bytes = 0
        self.fixtures, self.rules, self.settings = (), None, None
        self.origin, self.start, self.later = origin, start, ()

    @property
    def starts(self) -> tuple[Start, ...]:
        """The states from which the run can be repeated, oldest first."""
        return (Start(origin=self.origin, number=self.start, at_ms=0, calls=0), *self.later)

    def keep_start(self, origin: "Sandbox", number: int, at_ms: int) -> None:
        """Keep a later state, a copy of the sandbox; the oldest are dropped if there are many."""
        calls = self.lost + len(self.calls)
        start = Start(origin=origin, number=number, at_ms=at_ms, calls=calls)
        self.later = (*self.later, start)[-STARTS_MAX:]
