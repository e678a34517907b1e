"""The faults in force in a sandbox: each with its endpoint, its count, its odds and its end."""

import random
from typing import NamedTuple

from mock_clover.scenario.records_fault import Fault

FAULTS_MAX = 100


class Live(NamedTuple):
    """A fault in force."""

    id: str
    fault: Fault
    left: int | None
    until_ms: int | None


class Faults:
    """What may go wrong; the first that matches does. Chances are drawn from the sandbox's seed."""

    __slots__ = ("_live", "_random", "count")

    def __init__(self, seed: str) -> None:
        self._live: list[Live] = []
        self.count = 0
        self._random = random.Random(f"{seed}\0faults")  # noqa: S311 - repeatable on purpose

    def __len__(self) -> int:
        return len(self._live)

    def add(self, fault: Fault, now_ms: int) -> Live:
        """Put a fault in force; the oldest goes when there are too many."""
        self.count += 1
        until_ms = now_ms + fault.ttl_ms if fault.ttl_ms else None
        live = Live(f"fault-{self.count}", fault, fault.times, until_ms)
        self._live.append(live)
        del self._live[:-FAULTS_MAX]
        return live

    def chances(self) -> tuple[int, ...]:
        """Return what the next chances are drawn from."""
        return tuple(self._random.getstate()[1])

    def restore(self, live: list[Live], count: int, chances: tuple[int, ...]) -> None:
        """Go on from a state. Raises ValueError for what is none."""
        self._live, self.count = list(live), count
        if chances:
            try:
                self._random.setstate((3, tuple(chances), None))
            except (TypeError, OverflowError) as error:
                raise ValueError(f"no state of chances: {error}") from None

    def fork(self) -> "Faults":
        """Return a copy whose chances go on as these would."""
        twin = Faults("")
        twin._live, twin.count = list(self._live), self.count
        twin._random.setstate(self._random.getstate())
        return twin

    def clear(self) -> int:
        """Take all out of force and return how many there were."""
        count = len(self._live)
        self._live.clear()
        return count

    def remove(self, fault_id: str) -> bool:
        """Take one out of force; False where there is none of that id."""
        before = len(self._live)
        self._live = [each for each in self._live if each.id != fault_id]
        return len(self._live) < before

    def live(self, now_ms: int) -> list[Live]:
        """Return those in force, oldest first."""
        self._live = [each for each in self._live if not each.until_ms or now_ms < each.until_ms]
        return list(self._live)

    def take(self, endpoint: str, now_ms: int) -> Fault | None:
        """Return the fault that befalls a call now, and count it."""
        for live in self.live(now_ms):
            fault = live.fault
            if fault.endpoint not in (None, endpoint) or not self.strikes(fault):
                continue
            place = self._live.index(live)
            if live.left is not None and live.left <= 1:
                del self._live[place]
            elif live.left is not None:
                self._live[place] = live._replace(left=live.left - 1)
            return fault
        return None

    def strikes(self, fault: Fault) -> bool:
        """Draw whether a fault befalls a call."""
        return fault.odds >= 1 or self._random.random() < fault.odds

    def delay_ms(self, fault: Fault) -> int:
        """Draw how long a fault delays."""
        return fault.delay_ms + (self._random.randint(0, fault.jitter_ms) if fault.jitter_ms else 0)
