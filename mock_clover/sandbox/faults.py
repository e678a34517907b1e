"""The active faults of a sandbox."""

import random

from msgspec.structs import replace

from mock_clover.core.record import Value
from mock_clover.scenario.records_fault import Fault

FAULTS_MAX = 100


class ActiveFault(Value, frozen=True, kw_only=True):
    """An active fault, with its number of uses, how many remain, and its time of expiry."""

    id: str
    fault: Fault
    remaining: int | None
    expires_ms: int | None
    used: int = 0
    seen: int = 0
    """For a fault with `nth`: how many requests it has counted."""


class Faults:
    """The active faults; the first match applies.

    Whether a fault with odds applies is drawn from a generator with the sandbox's seed.
    """

    __slots__ = ("_random", "active", "count")

    def __init__(self, seed: str) -> None:
        self.active: list[ActiveFault] = []
        """Oldest first; expired faults stay until `unexpired` is called."""
        self.count = 0
        self._random = random.Random(f"{seed}\0faults")  # noqa: S311 - repeatable on purpose

    def __len__(self) -> int:
        return len(self.active)

    def add(self, fault: Fault, now_ms: int) -> ActiveFault:
        """Activate a fault; the oldest is removed if there are too many."""
        self.count += 1
        expires_ms = now_ms + fault.ttl_ms if fault.ttl_ms else None
        remaining = fault.times if fault.nth is None else 1
        active = ActiveFault(
            id=f"fault-{self.count}", fault=fault, remaining=remaining, expires_ms=expires_ms
        )
        self.active.append(active)
        del self.active[:-FAULTS_MAX]
        return active

    def random_state(self) -> tuple[int, ...]:
        """Return the state of the random generator."""
        return tuple(self._random.getstate()[1])

    def restore(self, active: list[ActiveFault], count: int, random_state: tuple[int, ...]) -> None:
        """Restore the state of a snapshot. Raises ValueError if the random state is invalid."""
        self.active, self.count = list(active), count
        if random_state:
            try:
                self._random.setstate((3, tuple(random_state), None))
            except (TypeError, OverflowError) as error:
                raise ValueError(f"invalid random state of the faults: {error}") from None

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
        self.active = [active for active in self.active if active.id != fault_id]
        return len(self.active) < before

    def unexpired(self, now_ms: int) -> list[ActiveFault]:
        """Return the faults that have not expired, oldest first, and remove the others."""
        self.active = [
            active for active in self.active if not active.expires_ms or now_ms < active.expires_ms
        ]
        return list(self.active)

    def take(self, endpoint: str, now_ms: int) -> Fault | None:
        """Return the fault that applies to a request, if any, and count its use."""
        for active in self._counted(endpoint, now_ms):
            fault = active.fault
            if fault.endpoint not in (None, endpoint) or fault.nth not in (None, active.seen):
                continue
            if not self.triggers(fault):
                continue
            index = self.active.index(active)
            if active.remaining is not None and active.remaining <= 1:
                del self.active[index]
            else:
                remaining = None if active.remaining is None else active.remaining - 1
                self.active[index] = replace(active, remaining=remaining, used=active.used + 1)
            return fault
        return None

    def _counted(self, endpoint: str, now_ms: int) -> list[ActiveFault]:
        """Count a request in the faults with `nth`, and return the faults that have not expired."""
        self.active = [
            replace(active, seen=active.seen + 1)
            if active.fault.nth is not None and active.fault.endpoint in (None, endpoint)
            else active
            for active in self.unexpired(now_ms)
        ]
        return list(self.active)

    def triggers(self, fault: Fault) -> bool:
        """Decide at random, by its odds, whether a fault applies."""
        return fault.odds >= 1 or self._random.random() < fault.odds

    def delay_ms(self, fault: Fault) -> int:
        """Draw the delay of a fault."""
        return fault.delay_ms + (self._random.randint(0, fault.jitter_ms) if fault.jitter_ms else 0)
