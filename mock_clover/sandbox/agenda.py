"""What happens by itself when a sandbox's clock comes to it: so far, authorisations expire."""

import heapq
from typing import NamedTuple


class Due(NamedTuple):
    """One thing that is to happen."""

    at_ms: int
    id: str
    kind: str = "authorisation_expired"


class Agenda:
    """Things to happen, by their time; the order of equal times is that of their making."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._count = 0

    def add(self, at_ms: int, charge_id: str) -> None:
        """Note that an authorisation expires."""
        self._count += 1
        heapq.heappush(self._heap, (at_ms, self._count, charge_id))

    def take(self, now_ms: int) -> list[Due]:
        """Take what is due, in order."""
        taken = []
        while self._heap and self._heap[0][0] <= now_ms:
            at_ms, _, charge_id = heapq.heappop(self._heap)
            taken.append(Due(at_ms, charge_id))
        return taken

    def fork(self) -> "Agenda":
        """Return a copy."""
        twin = Agenda()
        twin._heap, twin._count = list(self._heap), self._count
        return twin

    def entries(self) -> list[tuple[int, int, str]]:
        """Return all entries, for a snapshot."""
        return sorted(self._heap)
