"""The clock of a sandbox, for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

__tracebackhide__ = True
"""pytest shows the line of the test, not of this module."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class ControlCall(Protocol):
    """Call the control API of one sandbox."""

    def __call__(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send the request and return the response."""


class Clock:
    """A clock that only moves forward. Methods run due jobs, in order, before they return."""

    def __init__(self, call: ControlCall) -> None:
        self._call = call

    @property
    def now_ms(self) -> int:
        """The current time, in milliseconds since the Unix epoch."""
        return int(self._call("GET", "/_mock/clock")["now_ms"])

    def freeze(self) -> None:
        """Stop the clock."""
        self._put({"freeze": True})

    def set(self, now: int | datetime) -> list[dict[str, Any]]:
        """Set the clock to a future time, in ms or as a datetime; return the jobs that ran.

        Raises ValueError for a datetime without a time zone.
        """
        if isinstance(now, datetime):
            if now.tzinfo is None:
                raise ValueError(f"{now!r} has no time zone; add for example tzinfo=UTC")
            now = (now - _EPOCH) // _MILLISECOND
        return self._put({"set": now})

    def advance(self, duration: str | int | timedelta) -> list[dict[str, Any]]:
        """Advance by `8d`, `90m` or a timedelta; return the jobs that ran. 8 is 8 milliseconds."""
        if isinstance(duration, timedelta):
            duration = duration // _MILLISECOND
        return self._put({"advance": duration})

    def resume(self) -> None:
        """Start a frozen clock again from its current time."""
        self._put({"resume": True})

    def _put(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        response = self._call("PUT", "/_mock/clock", body)
        jobs = list(response["fired"])
        while response.get("more"):
            response = self._call("GET", "/_mock/clock")
            jobs += response["fired"]
        return jobs
