"""Replies by idempotency key: a retry gets the stored reply, byte for byte, declines too.

Refusals are not stored: they changed nothing, so a corrected request may use its key again.
Documented: a retry with the same key makes no second charge. All else here is inferred (Clover
tells nothing of replays with another body, or of a key's lifetime).
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from mock_clover.core.masking import redact
from mock_clover.core.record import Record

KEYS_MAX = 10_000
"""Keys remembered; the oldest goes first. About 10 MB."""
KEY_CHARS_MAX = 255
"""A longer key is remembered by its hash."""

Key = tuple[str, str]
"""Credential and key: two merchants' keys never meet."""


class Remembered(NamedTuple):
    """A request that was answered, and its answer."""

    endpoint: str
    target: str
    request: Record | None
    status: int
    body: bytes
    why: str

    def __repr__(self) -> str:
        """Show what was asked for and how it ended."""
        return redact(f"Remembered({self.target!r}, {self.status})")


class IdempotencyStore:
    """Bounded memory of answered keys."""

    __slots__ = ("_by_key", "_order", "get")

    def __init__(self) -> None:
        self._by_key: dict[Key, Remembered] = {}
        self._order: deque[Key] = deque()
        self.get = self._by_key.get

    def __len__(self) -> int:
        return len(self._by_key)

    def fork(self) -> "IdempotencyStore":
        """Return a copy: the answers themselves are shared."""
        twin = IdempotencyStore()
        twin._by_key.update(self._by_key)
        twin._order.extend(self._order)
        return twin

    def entries(self) -> Iterator[tuple[Key, Remembered]]:
        """Iterate from the oldest."""
        return ((key, self._by_key[key]) for key in self._order)

    def remember(self, key: Key, answered: Remembered) -> None:
        """Keep an answer; the oldest goes when there are too many."""
        self._by_key[key] = answered
        self._order.append(key)
        if len(self._order) > KEYS_MAX:
            del self._by_key[self._order.popleft()]
