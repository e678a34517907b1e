"""The clock of a sandbox, for tests."""

from typing import Any, Protocol


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

    def set(self, now_ms: int) -> list[dict[str, Any]]:
        """Set the clock to a future time; return the jobs that ran."""
        return self._put({"set": now_ms})

    def advance(self, duration: str | int) -> list[dict[str, Any]]:
        """Advance by a duration (`8d`, `90m` or milliseconds); return the jobs that ran."""
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
