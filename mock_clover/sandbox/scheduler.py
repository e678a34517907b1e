"""The scheduled jobs of a sandbox. `engine/scheduler.py` runs them."""

import heapq
from collections.abc import Iterable
from typing import NamedTuple


class Job(NamedTuple):
    """A job: when it is due, its kind and the id of the row it acts on."""

    at_ms: int
    kind: str
    id: str


class FailedJob(NamedTuple):
    """A job that raised an error. It is not run again."""

    job: Job
    error: str


FAILED_MAX = 20
"""Failed jobs that are kept and logged; the first ones show the cause."""


class Scheduler:
    """Jobs ordered by time; jobs due at the same time run in insertion order."""

    __slots__ = ("count", "failed", "failed_count", "heap")

    def __init__(self) -> None:
        self.heap: list[tuple[int, int, str, str]] = []
        """Entries as (time, number, kind, row id). Read-only for callers."""
        self.count = 0
        """Total number of jobs that were scheduled."""
        self.failed: tuple[FailedJob, ...] = ()
        """The first FAILED_MAX jobs that failed."""
        self.failed_count = 0

    def add(self, at_ms: int, kind: str, row_id: str) -> None:
        """Schedule a job."""
        self.count += 1
        heapq.heappush(self.heap, (at_ms, self.count, kind, row_id))

    def forget_after(self, count: int) -> None:
        """Remove the jobs that were scheduled since `count` had this value."""
        if self.count > count:
            self.count = count
            self.heap[:] = [entry for entry in self.heap if entry[1] <= count]
            heapq.heapify(self.heap)

    def is_due(self, now_ms: int) -> bool:
        """Return whether a job is due."""
        return bool(self.heap) and self.heap[0][0] <= now_ms

    def take(self, now_ms: int) -> Job | None:
        """Remove and return the first job that is due, or None."""
        if not self.is_due(now_ms):
            return None
        at_ms, _, kind, row_id = heapq.heappop(self.heap)
        return Job(at_ms, kind, row_id)

    def clear(self) -> None:
        """Remove all jobs of a sandbox that is deleted or replaced, even while they run."""
        self.heap.clear()

    def note_failure(self, failed: FailedJob) -> bool:
        """Record a job that failed; return whether it is one of the first."""
        self.failed_count += 1
        if self.failed_count > FAILED_MAX:
            return False
        self.failed += (failed,)
        return True

    def fork(self) -> "Scheduler":
        """Return a copy."""
        copy = Scheduler()
        copy.heap, copy.count = list(self.heap), self.count
        return copy

    def restore(self, entries: Iterable[tuple[int, int, str, str]]) -> None:
        """Load the entries of a snapshot, preserving the order of entries with the same time."""
        self.heap = sorted(entries)
        self.count = max((number for _, number, _, _ in self.heap), default=0)

    def entries(self) -> list[tuple[int, int, str, str]]:
        """Return all entries, for a snapshot."""
        return sorted(self.heap)
