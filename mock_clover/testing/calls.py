"""Calls of the control API of one sandbox, and what the parts of the test API share."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from mock_clover.core.card_expiry import default_expiry
from mock_clover.core.suggestions import did_you_mean
from mock_clover.testing.clock import Clock
from mock_clover.testing.transport import Transport, request_json

__tracebackhide__ = True

WAIT_MS = 10_000
"""How long `journal(wait=…)` and `deliveries(wait=…)` wait at most, by default."""
_WAIT_MS_MAX = 60_000


class SandboxCalls:
    """The base class of the test API."""

    def __init__(self, transport: Transport, base_url: str) -> None:
        self.transport = transport
        self._path = urlsplit(base_url).path.rstrip("/")
        self.clock = Clock(self._request)

    if not TYPE_CHECKING:  # a type checker must report unknown names

        def __getattr__(self, name: str) -> object:
            """Raise AttributeError with the most similar name."""
            known = [each for each in dir(self) if not each.startswith("_")]
            hint = did_you_mean(name, known)
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}{hint}")

    def _expiry(self, exp: str | None) -> tuple[str, str]:
        """Return month and year of a card; by default, years after the sandbox's time."""
        exp = default_expiry(self.clock.now_ms) if exp is None else exp
        month, slash, year = exp.partition("/")
        if not slash:
            raise ValueError(f"exp is {exp!r}; must be MM/YY, for example 12/30")
        return month, year

    def _read(
        self,
        collection: str,
        filters: dict[str, Any],
        *,
        limit: int | None = None,
        wait: int = 0,
        wait_ms: int = 0,
    ) -> list[dict[str, Any]]:
        query = filters if limit is None else filters | {"limit": limit}
        if wait:
            query = query | {"wait": wait, "wait_ms": wait_ms}
        path = f"/_mock/{collection}?{urlencode(without_none(query))}".rstrip("?")
        return list(self._request("GET", path, wait_ms=wait_ms if wait else 0)["data"])

    def _request(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        wait_ms: Any = 0,
    ) -> dict[str, Any]:
        wait_s = valid_wait_ms(wait_ms) / 1000
        return request_json(self.transport, method, f"{self._path}{path}", body, headers, wait_s)


def valid_wait_ms(wait_ms: Any) -> int:
    """Return how long a call may wait; 0 if the server will reject it."""
    return wait_ms if isinstance(wait_ms, int) and 0 <= wait_ms <= _WAIT_MS_MAX else 0


def missed_text(wait: int, what: str, filters: dict[str, Any], count: int, came: list[str]) -> str:
    """Describe a wait for `wait` entries of which only `count` came."""
    wanted = ", ".join(f"{name}={value!r}" for name, value in without_none(filters).items())
    condition = f" with {wanted}" if wanted else ""
    lines = [f"waited for {wait} {what}{condition}, but {count} came; all {what}:"]
    return "\n  ".join(lines + (came or ["(none)"]))


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are set."""
    return {name: value for name, value in values.items() if value is not None}
