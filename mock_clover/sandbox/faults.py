"""The active faults of a sandbox."""

import random

from msgspec.structs import replace

from mock_clover.core.record import Value
from mock_clover.scenario.records_fault import Fault

FAULTS_MAX = 100


class Live(Value, frozen=True, kw_only=True):
    """An active fault, with the remaining number of uses and the time of expiry."""

    id: str
    fault: Fault
    left: int | None
    until_ms: int | None


class Faults:
    """The active faults; the first match applies. Odds are drawn from the sandbox's seed."""

    __slots__ = ("_random", "active", "count")

    def __init__(self, seed: str) -> None:
        self.active: list[Live] = []
        """Oldest first; expired faults stay until `live` is called."""
        self.count = 0
        self._random = random.Random(f"{seed}\0faults")  # noqa: S311 - repeatable on purpose

    def __len__(self) -> int:
        return len(self.active)

    def add(self, fault: Fault, now_ms: int) -> Live:
        """Activate a fault; the oldest is removed if there are too many."""
        self.count += 1
        until_ms = now_ms + fault.ttl_ms if fault.ttl_ms else None
        live = Live(id=f"fault-{self.count}", fault=fault, left=fault.times, until_ms=until_ms)
        self.active.append(live)
        del self.active[:-FAULTS_MAX]
        return live

    def chances(self) -> tuple[int, ...]:
        """Return the state of the random generator."""
        return tuple(self._random.getstate()[1])

    def restore(self, live: list[Live], count: int, chances: tuple[int, ...]) -> None:
        """Restore a state. Raises ValueError for an invalid one."""
        self.active, self.count = list(live), count
        if chances:
            try:
                self._random.setstate((3, tuple(chances), None))
            except (TypeError, OverflowError) as error:
                raise ValueError(f"not a random state: {error}") from None

    def fork(self) -> "Faults":
        """Return a copy that continues the same sequence of random draws."""
        copy = Faults("")
        copy.active, copy.count = list(self.active), self.count
        copy._random.setstate(self._random.getstate())
        return copy

    def clear(self) -> int:
        """Remove all faults and return their number."""
        count = len(self.active)
        self.active.clear()
        return count

    def remove(self, fault_id: str) -> bool:
        """Remove a fault; return False if there is none with that id."""
        before = len(self.active)
        self.active = [each for each in self.active if each.id != fault_id]
        return len(self.active) < before

    def live(self, now_ms: int) -> list[Live]:
        """Return the active faults, oldest first."""
        self.active = [each for each in self.active if not each.until_ms or now_ms < each.until_ms]
        return list(self.active)

    def take(self, endpoint: str, now_ms: int) -> Fault | None:
        """Return the fault that applies to a request, if any, and count its use."""
        for live in self.live(now_ms):
            fault = live.fault
            if fault.endpoint not in (None, endpoint) or not self.strikes(fault):
                continue
            index = self.active.index(live)
            if live.left is not None and live.left <= 1:
                del self.active[index]
            elif live.left is not None:
                self.active[index] = replace(live, left=live.left - 1)
            return fault
        return None

    def strikes(self, fault: Fault) -> bool:
        """Draw whether a fault applies to a request."""
        return fault.odds >= 1 or self._random.random() < fault.odds

    def delay_ms(self, fault: Fault) -> int:
        """Draw the delay of a fault."""
        return fault.delay_ms + (self._random.randint(0, fault.jitter_ms) if fault.jitter_ms else 0)
