"""A sandbox's clock: the only source of time for everything Clover decides. Forward only."""

import contextlib
import time
from collections.abc import Iterator


class Clock:
    """Real time in milliseconds since 1970 UTC, which may be frozen, set and advanced."""

    __slots__ = ("_ahead_ms", "_frozen_ms")

    def __init__(self) -> None:
        self._ahead_ms = 0
        self._frozen_ms: int | None = None

    def now_ms(self) -> int:
        """Return the present."""
        if self._frozen_ms is not None:
            return self._frozen_ms
        return time.time_ns() // 1_000_000 + self._ahead_ms

    def month(self) -> tuple[int, int]:
        """Return the present year and month, UTC."""
        date = time.gmtime(self.now_ms() // 1000)
        return date.tm_year, date.tm_mon

    @property
    def frozen(self) -> bool:
        """Whether it stands still."""
        return self._frozen_ms is not None

    def freeze(self) -> None:
        """Stand still."""
        self._frozen_ms = self.now_ms()

    def resume(self) -> None:
        """Run on from where it stands."""
        if self._frozen_ms is not None:
            self._ahead_ms = self._frozen_ms - time.time_ns() // 1_000_000
            self._frozen_ms = None

    def advance(self, by_ms: int) -> None:
        """Move the present forward. Raises ValueError for a step back."""
        if by_ms < 0:
            raise ValueError("a sandbox's clock runs forward only")
        if self._frozen_ms is not None:
            self._frozen_ms += by_ms
        else:
            self._ahead_ms += by_ms

    def set(self, now_ms: int) -> None:
        """Move to a time that is to come. Raises ValueError for one that is past."""
        self.advance(now_ms - self.now_ms())

    def jump(self, now_ms: int, *, frozen: bool) -> None:
        """Show another time, past or to come: only for a sandbox that is made from a snapshot."""
        self._frozen_ms = now_ms if frozen else None
        self._ahead_ms = now_ms - time.time_ns() // 1_000_000

    @contextlib.contextmanager
    def held_at(self, now_ms: int) -> Iterator[None]:
        """Show another time for a while: for what happens as of then."""
        before = self._ahead_ms, self._frozen_ms
        self._frozen_ms = now_ms
        try:
            yield
        finally:
            self._ahead_ms, self._frozen_ms = before

    def fork(self) -> "Clock":
        """Return a clock that shows the same time and goes its own way."""
        twin = Clock()
        twin._ahead_ms, twin._frozen_ms = self._ahead_ms, self._frozen_ms
        return twin


class ManualClock(Clock):
    """A clock that is frozen from the start."""

    __slots__ = ()

    def __init__(self, now_ms: int) -> None:
        super().__init__()
        self._frozen_ms = now_ms


def started_ns() -> int:
    """Return a reading from which `elapsed_ns` counts: real time, not a sandbox's."""
    return time.perf_counter_ns()


def elapsed_ns(since_ns: int) -> int:
    """Return how long ago a reading was; 0 for none."""
    return time.perf_counter_ns() - since_ns if since_ns else 0
