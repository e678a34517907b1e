"""A sandbox's clock: the only source of time for everything Clover decides."""

import time


class Clock:
    """Real time, in milliseconds since 1970 UTC."""

    __slots__ = ()

    def now_ms(self) -> int:
        """Return the present."""
        return time.time_ns() // 1_000_000

    def month(self) -> tuple[int, int]:
        """Return the present year and month, UTC."""
        date = time.gmtime(self.now_ms() // 1000)
        return date.tm_year, date.tm_mon


class ManualClock(Clock):
    """A clock that stands still until it is moved; never backwards."""

    __slots__ = ("_now_ms",)

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the time that was set."""
        return self._now_ms

    def advance(self, by_ms: int) -> None:
        """Move the present forward."""
        if by_ms < 0:
            raise ValueError("a clock runs forward only")
        self._now_ms += by_ms
