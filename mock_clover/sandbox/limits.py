"""Clover's rate limits, on the sandbox's clock; off unless a scenario or control call enables them.

Documented in MD:api-usage-rate-limits: 16 requests per second for a token and 50 for an app; 5
concurrent requests for a token and 10 for an app; a request before `retry-after` has passed extends
the wait. The windows and the extension of the wait are inferred.
"""

from collections import deque
from typing import NamedTuple

PER_TOKEN, PER_APP = 16, 50
TOKEN_CONCURRENT, APP_CONCURRENT = 5, 10
_WINDOW_MS = 1_000
_EXTENSION_MS = 1_000


class Limited(NamedTuple):
    """A rejected request: the header that names the limit, and the wait."""

    header: str
    limit: int
    wait_ms: int


class Limits:
    """Counts the requests of one sandbox; its merchant has one app."""

    __slots__ = ("_app", "_blocked_until_ms", "_by_token", "_concurrent")

    def __init__(self) -> None:
        self._app: deque[int] = deque(maxlen=PER_APP)
        self._by_token: dict[str, deque[int]] = {}
        self._concurrent: dict[str, int] = {}
        self._blocked_until_ms: dict[str, int] = {}

    def check(self, token: str, now_ms: int) -> Limited | None:
        """Count a request of a token, or return the limit that it exceeds."""
        until_ms = self._blocked_until_ms.get(token, 0)
        if now_ms < until_ms:
            self._blocked_until_ms[token] = until_ms + _EXTENSION_MS
            return Limited("X-RateLimit-tokenLimit", PER_TOKEN, until_ms + _EXTENSION_MS - now_ms)
        busy = self._concurrent.get(token, 0)
        if busy >= TOKEN_CONCURRENT:
            return Limited("X-RateLimit-tokenConcurrentLimit", TOKEN_CONCURRENT, _WINDOW_MS)
        if sum(self._concurrent.values()) >= APP_CONCURRENT:
            return Limited("X-RateLimit-crossTokenConcurrentLimit", APP_CONCURRENT, _WINDOW_MS)
        calls = self._by_token.setdefault(token, deque(maxlen=PER_TOKEN))
        if len(calls) == PER_TOKEN and now_ms - calls[0] < _WINDOW_MS:
            return self._block(token, "X-RateLimit-tokenLimit", PER_TOKEN, now_ms)
        if len(self._app) == PER_APP and now_ms - self._app[0] < _WINDOW_MS:
            return self._block(token, "X-RateLimit-crossTokenLimit", PER_APP, now_ms)
        calls.append(now_ms)
        self._app.append(now_ms)
        return None

    def enter(self, token: str) -> None:
        """Count a request whose response is delayed."""
        self._concurrent[token] = self._concurrent.get(token, 0) + 1

    def leave(self, token: str) -> None:
        """Count the end of a delayed request."""
        left = self._concurrent.get(token, 1) - 1
        if left:
            self._concurrent[token] = left
        else:
            self._concurrent.pop(token, None)

    def _block(self, token: str, header: str, limit: int, now_ms: int) -> Limited:
        self._blocked_until_ms[token] = now_ms + _WINDOW_MS
        return Limited(header, limit, _WINDOW_MS)
