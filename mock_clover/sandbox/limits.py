"""Clover's own rate limits, on the sandbox's clock; off unless a scenario or control call says so.

Documented MD:api-usage-rate-limits: 16 calls a second for a token and 50 for an app; 5 at once for
a token and 10 for an app; a call before `retry-after` is over lengthens the wait. How windows are
cut and by how much a wait grows is inferred.
"""

from collections import deque
from typing import NamedTuple

PER_TOKEN, PER_APP = 16, 50
TOKEN_AT_ONCE, APP_AT_ONCE = 5, 10
_WINDOW_MS = 1_000
_MORE_MS = 1_000


class Limited(NamedTuple):
    """A call too many: the header that names the limit, and how long to wait."""

    header: str
    limit: int
    wait_ms: int


class Limits:
    """Counts the calls of one sandbox; its merchant has one app."""

    __slots__ = ("_app", "_at_once", "_blocked_until_ms", "_by_token")

    def __init__(self) -> None:
        self._app: deque[int] = deque(maxlen=PER_APP)
        self._by_token: dict[str, deque[int]] = {}
        self._at_once: dict[str, int] = {}
        self._blocked_until_ms: dict[str, int] = {}

    def check(self, token: str, now_ms: int) -> Limited | None:
        """Count a call of a token, or return why it is one too many."""
        until_ms = self._blocked_until_ms.get(token, 0)
        if now_ms < until_ms:
            self._blocked_until_ms[token] = until_ms + _MORE_MS
            return Limited("X-RateLimit-tokenLimit", PER_TOKEN, until_ms + _MORE_MS - now_ms)
        busy = self._at_once.get(token, 0)
        if busy >= TOKEN_AT_ONCE:
            return Limited("X-RateLimit-tokenConcurrentLimit", TOKEN_AT_ONCE, _WINDOW_MS)
        if sum(self._at_once.values()) >= APP_AT_ONCE:
            return Limited("X-RateLimit-crossTokenConcurrentLimit", APP_AT_ONCE, _WINDOW_MS)
        calls = self._by_token.setdefault(token, deque(maxlen=PER_TOKEN))
        if len(calls) == PER_TOKEN and now_ms - calls[0] < _WINDOW_MS:
            return self._block(token, "X-RateLimit-tokenLimit", PER_TOKEN, now_ms)
        if len(self._app) == PER_APP and now_ms - self._app[0] < _WINDOW_MS:
            return self._block(token, "X-RateLimit-crossTokenLimit", PER_APP, now_ms)
        calls.append(now_ms)
        self._app.append(now_ms)
        return None

    def enter(self, token: str) -> None:
        """Count a call that is not answered at once."""
        self._at_once[token] = self._at_once.get(token, 0) + 1

    def leave(self, token: str) -> None:
        """Count the end of such a call."""
        left = self._at_once.get(token, 1) - 1
        if left:
            self._at_once[token] = left
        else:
            self._at_once.pop(token, None)

    def _block(self, token: str, header: str, limit: int, now_ms: int) -> Limited:
        self._blocked_until_ms[token] = now_ms + _WINDOW_MS
        return Limited(header, limit, _WINDOW_MS)
