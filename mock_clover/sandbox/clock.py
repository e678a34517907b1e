"""A sandbox's clock: the only source of time for Clover's behaviour. It only moves forward."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import NamedTuple

from mock_clover.sandbox.scheduler import Job

LATEST_MS = 250_246_627_200_000
"""The year 9900. Calendars end with the year 9999, and rows have times years ahead of the clock."""
_MACHINE_MS_MAX = 2**63 // 1_000_000
"""In the year 2262: `time` counts nanoseconds in 64 bits and raises OverflowError beyond."""


MOVES_MAX = 50
"""Only the newest moves of a clock are kept."""
JOBS_MAX = 50
"""Jobs that are kept of a move, and only of the newest MOVES_WITH_JOBS_MAX moves."""
MOVES_WITH_JOBS_MAX = 4


class ClockMove(NamedTuple):
    """A change of a clock: frozen, set, advanced or resumed. Times are Unix times in ms."""

    machine_ms: int
    """The time of the change, on the machine's clock."""
    from_ms: int
    to_ms: int
    frozen: bool
    """Whether the clock is frozen afterwards."""
    due: tuple[tuple[str, int], ...] = ()
    """The number of jobs that became due, by kind."""
    jobs: tuple[Job, ...] = ()
    """Some of these jobs: the first ones of the rarest kinds."""


def machine_ms(read_ns: Callable[[], int] = time.time_ns) -> int:
    """Return the time of the machine's clock, at most that of the year 2262."""
    try:
        return read_ns() // 1_000_000
    except OverflowError:
        return _MACHINE_MS_MAX


class Clock:
    """A clock that can be frozen, set and advanced, in Unix time in milliseconds."""

    __slots__ = ("_frozen_ms", "_latest_ms", "_machine_ns", "_offset_ms", "held_ms", "moves")

    def __init__(self, machine_ns: Callable[[], int] = time.time_ns) -> None:
        self._machine_ns = machine_ns
        self._offset_ms = 0
        self._latest_ms = 0
        """The last time that was read from the machine's clock, which may go back."""
        self._frozen_ms: int | None = None
        self.held_ms: int | None = None
        """The time of the request that is being answered: all that it does has one time, so it can
        be repeated with the same result."""
        self.moves: tuple[ClockMove, ...] = ()
        """The newest changes, oldest first: they relate times of rows to those of the machine."""

    def machine_ms(self) -> int:
        """Return the time of the machine's clock."""
        return machine_ms(self._machine_ns)

    def note_move(self, from_ms: int) -> bool:
        """Record that a request changed the clock; return whether it did."""
        last_frozen = self.moves[-1].frozen if self.moves else False
        move = ClockMove(
            machine_ms=self.machine_ms(),
            from_ms=from_ms,
            to_ms=self.now_ms(),
            frozen=self.frozen,
        )
        has_moved = move.to_ms > from_ms or move.frozen != last_frozen
        if has_moved:
            self.moves = (*self.moves, move)[-MOVES_MAX:]
        return has_moved

    def note_jobs(self, jobs: list[Job]) -> None:
        """Record the jobs that the newest move made due."""
        due = sorted(Counter(job.kind for job in jobs).items(), key=itemgetter(1))
        order = [kind for kind, _ in due]
        rarest_first = sorted(jobs, key=lambda job: order.index(job.kind))
        older = [
            move._replace(jobs=()) if place < len(self.moves) - MOVES_WITH_JOBS_MAX else move
            for place, move in enumerate(self.moves[:-1])
        ]
        newest = self.moves[-1]._replace(due=tuple(due), jobs=tuple(rarest_first[:JOBS_MAX]))
        self.moves = (*older, newest)

    def to_machine_ms(self, at_ms: int) -> int:
        """Return the machine's time at which this clock showed a past time.

        For a time at which the clock was frozen, this is when it was frozen; for a time that it
        jumped over, when it jumped. Before the oldest move that is kept, the clock is assumed to
        have run.
        """
        end_ms = self.machine_ms()
        for move in reversed(self.moves):
            if at_ms >= move.to_ms:
                since_ms = 0 if move.frozen else at_ms - move.to_ms
                return min(end_ms, move.machine_ms + since_ms)
            end_ms = move.machine_ms
        from_ms = self.moves[0].from_ms if self.moves else self.now_ms()
        return end_ms - max(0, from_ms - at_ms)

    def now_ms(self) -> int:
        """Return the current time."""
        if self._frozen_ms is not None:
            return self._frozen_ms
        if self.held_ms is not None:
            return self.held_ms
        try:  # as `machine_ms`, but without a call: each request reads the clock several times
            now_ms = self._machine_ns() // 1_000_000 + self._offset_ms
        except OverflowError:
            now_ms = _MACHINE_MS_MAX + self._offset_ms
        if now_ms < self._latest_ms:  # the machine's clock went back: go on from the last time
            self._offset_ms += self._latest_ms - now_ms
            return self._latest_ms
        self._latest_ms = now_ms
        return now_ms

    def year_and_month(self) -> tuple[int, int]:
        """Return the current year and month, UTC."""
        date = time.gmtime(self.now_ms() // 1000)
        return date.tm_year, date.tm_mon

    @property
    def frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._frozen_ms is not None

    def freeze(self) -> None:
        """Stop the clock."""
        self._frozen_ms = self.now_ms()

    def resume(self) -> None:
        """Restart a frozen clock from its current time."""
        if self._frozen_ms is not None:
            self._offset_ms = self._frozen_ms - machine_ms(self._machine_ns)
            self._latest_ms, self._frozen_ms = self._frozen_ms, None
            self.held_ms = None

    def advance(self, by_ms: int) -> None:
        """Move the clock forward. Raises ValueError for a negative duration."""
        if by_ms < 0:
            raise ValueError("a sandbox's clock cannot move back")
        if self._frozen_ms is not None:
            self._frozen_ms += by_ms
        else:
            self._offset_ms += by_ms
            self.held_ms = None

    def set(self, now_ms: int) -> None:
        """Move the clock to a time. Raises ValueError for a time in the past."""
        self.advance(now_ms - self.now_ms())

    def restore(self, now_ms: int, *, frozen: bool) -> None:
        """Set any time, past or future. Used only for a sandbox created from a snapshot."""
        self._frozen_ms = now_ms if frozen else None
        self._latest_ms = now_ms
        self.held_ms = None
        self._offset_ms = now_ms - machine_ms(self._machine_ns)

    @contextlib.contextmanager
    def frozen_at(self, now_ms: int) -> Iterator[None]:
        """Freeze the clock at a time within the context, to run a job at its due time."""
        before = self._offset_ms, self._frozen_ms
        self._frozen_ms = now_ms
        try:
            yield
        finally:
            self._offset_ms, self._frozen_ms = before

    def fork(self) -> "Clock":
        """Return an independent clock with the same time."""
        copy = Clock(self._machine_ns)
        copy._offset_ms, copy._frozen_ms = self._offset_ms, self._frozen_ms
        copy._latest_ms = self._latest_ms
        copy.moves = self.moves
        return copy


class ManualClock(Clock):
    """A clock that starts frozen."""

    __slots__ = ()

    def __init__(self, now_ms: int) -> None:
        super().__init__()
        self._frozen_ms = now_ms


def started_ns() -> int:
    """Return a start time for `elapsed_ns`, in real time, not that of a sandbox."""
    return time.perf_counter_ns()


def elapsed_ns(since_ns: int) -> int:
    """Return the time since `started_ns`; 0 if there is no start time."""
    return time.perf_counter_ns() - since_ns if since_ns else 0
