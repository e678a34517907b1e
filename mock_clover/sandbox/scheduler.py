"""The jobs that a sandbox's clock will bring. `engine/scheduler.py` runs them."""

import heapq
from collections.abc import Iterable
from typing import NamedTuple


class Job(NamedTuple):
    """One thing that is to happen to the row of an id."""

    at_ms: int
    kind: str
    id: str


class Scheduler:
    """Things to happen, by their time; the order of equal times is that of their making."""

    __slots__ = ("_count", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, str, str]] = []
        """By their times; to be looked at, and written to by nobody else."""
        self._count = 0

    def add(self, at_ms: int, kind: str, row_id: str) -> None:
        """Note a thing that is to happen."""
        self._count += 1
        heapq.heappush(self.heap, (at_ms, self._count, kind, row_id))

    def is_due(self, now_ms: int) -> bool:
        """Tell whether something is to happen by now."""
        return bool(self.heap) and self.heap[0][0] <= now_ms

    def take(self, now_ms: int) -> Job | None:
        """Take the first thing that is due, or nothing."""
        if not self.is_due(now_ms):
            return None
        at_ms, _, kind, row_id = heapq.heappop(self.heap)
        return Job(at_ms, kind, row_id)

    def fork(self) -> "Scheduler":
        """Return a copy."""
        twin = Scheduler()
        twin.heap, twin._count = list(self.heap), self._count
        return twin

    def restore(self, entries: Iterable[tuple[int, int, str, str]]) -> None:
        """Take over the entries of a snapshot, and their order among equal times."""
        self.heap = sorted(entries)
        self._count = max((number for _, number, _, _ in self.heap), default=0)

    def entries(self) -> list[tuple[int, int, str, str]]:
        """Return all entries, for a snapshot."""
        return sorted(self.heap)
