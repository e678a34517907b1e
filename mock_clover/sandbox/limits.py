"""Clover's rate limits, on the sandbox's clock. A scenario or a control request enables them.

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
_WORDS = {
    "X-RateLimit-tokenLimit": "requests a second for a token",
    "X-RateLimit-crossTokenLimit": "requests a second for an app",
    "X-RateLimit-tokenConcurrentLimit": "concurrent requests for a token",
    "X-RateLimit-crossTokenConcurrentLimit": "concurrent requests for an app",
}


class LimitExceeded(NamedTuple):
    """The limit that a request exceeded: its header, its value and the time to wait."""

    header: str
    limit: int
    wait_ms: int

    @property
    def wait_s(self) -> int:
        """The time to wait in seconds, rounded up, as in `retry-after`."""
        return -(-self.wait_ms // 1000)

    @property
    def rule(self) -> str:
        """The limit and the wait in words."""
        return f"limit {self.limit} {_WORDS[self.header]}; retry in {self.wait_s} s"


class Limits:
    """Counts the requests of one sandbox; its merchant has one app."""

    __slots__ = ("_app", "_blocked_until_ms", "_by_token", "_concurrent")

    def __init__(self) -> None:
        self._app: deque[int] = deque(maxlen=PER_APP)
        self._by_token: dict[str, deque[int]] = {}
        self._concurrent: dict[str, int] = {}
        self._blocked_until_ms: dict[str, int] = {}

    def check(self, token: str, now_ms: int) -> LimitExceeded | None:
        """Count a request of a token, or return the limit that it exceeds."""
        blocked_until_ms = self._blocked_until_ms.get(token, 0)
        if now_ms < blocked_until_ms:
            blocked_until_ms += _EXTENSION_MS
            self._blocked_until_ms[token] = blocked_until_ms
            return LimitExceeded("X-RateLimit-tokenLimit", PER_TOKEN, blocked_until_ms - now_ms)
        concurrent = self._concurrent.get(token, 0)
        if concurrent >= TOKEN_CONCURRENT:
            return LimitExceeded("X-RateLimit-tokenConcurrentLimit", TOKEN_CONCURRENT, _WINDOW_MS)
        if sum(self._concurrent.values()) >= APP_CONCURRENT:
            return LimitExceeded(
                "X-RateLimit-crossTokenConcurrentLimit", APP_CONCURRENT, _WINDOW_MS
            )
        times_ms = self._by_token.setdefault(token, deque(maxlen=PER_TOKEN))
        if len(times_ms) == PER_TOKEN and now_ms - times_ms[0] < _WINDOW_MS:
            return self._start_wait(token, "X-RateLimit-tokenLimit", PER_TOKEN, now_ms)
        if len(self._app) == PER_APP and now_ms - self._app[0] < _WINDOW_MS:
            return self._start_wait(token, "X-RateLimit-crossTokenLimit", PER_APP, now_ms)
        times_ms.append(now_ms)
        self._app.append(now_ms)
        return None

    def begin_request(self, token: str) -> None:
        """Count a request whose response is delayed."""
        self._concurrent[token] = self._concurrent.get(token, 0) + 1

    def end_request(self, token: str) -> None:
        """Count the end of a delayed request."""
        remaining = self._concurrent.get(token, 1) - 1
        if remaining:
            self._concurrent[token] = remaining
        else:
            self._concurrent.pop(token, None)

    def _start_wait(self, token: str, header: str, limit: int, now_ms: int) -> LimitExceeded:
        self._blocked_until_ms[token] = now_ms + _WINDOW_MS
        return LimitExceeded(header, limit, _WINDOW_MS)
