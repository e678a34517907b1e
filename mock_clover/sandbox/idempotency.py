"""Stored responses by idempotency key.

A retry with the same key gets the stored response byte for byte; this includes declines.

Errors are not stored: they change nothing, so a corrected request may reuse its key.
Documented: a retry with the same key creates no second charge. The rest is inferred (Clover
documents neither a retry with a different body nor the lifetime of a key).
"""

from collections import deque
from collections.abc import Iterator

import msgspec

from mock_clover.core.masking import redact
from mock_clover.core.record import Record, Value, encode
from mock_clover.sandbox.credentials import fingerprint

KEYS_MAX = 10_000
"""Maximum number of stored keys, about 10 MB; the oldest is evicted first."""
KEY_CHARS_MAX = 255
"""A longer key is stored as its hash."""

Key = tuple[str, str]
"""Credential and idempotency key, so that the keys of two merchants cannot collide."""


class StoredResponse(Value, frozen=True, kw_only=True):
    """A request and its stored response."""

    endpoint: str
    path: str
    request: Record | None
    status: int
    body: bytes
    why: str
    request_hash: str = ""
    """Hash of the request, instead of a request that a snapshot must not contain."""

    def answers(self, path: str, request: Record | None, fingerprint_key: bytes) -> bool:
        """Return whether this is the response to a request, by path and content of the body."""
        if path != self.path:
            return False
        if self.request_hash:
            return hash_request(request, fingerprint_key) == self.request_hash
        # Equal bodies may have been decoded to different types.
        return self.request == request or encode(self.request) == encode(request)

    def difference(self, endpoint: str, path: str, request: Record | None) -> str:
        """Return how another request with the key differs from the first one."""
        if path != self.path:
            other = endpoint if endpoint != self.endpoint else f"another path of {endpoint}"
            used = f"the idempotency key was first used for {self.endpoint}, now for {other}"
        else:
            names = ", ".join(_differing_fields(self.request, request)) or "body"
            used = f"the idempotency key was first used with another {names}"
        return f"{used}; use a new key for each new request"

    def __repr__(self) -> str:
        """Return only path and status, because the bodies may contain anything."""
        return redact(f"StoredResponse({self.path!r}, {self.status})")


def _differing_fields(first: Record | None, second: Record | None) -> Iterator[str]:
    if first is None or second is None or first.__struct_fields__ != second.__struct_fields__:
        return
    for name, sent in zip(first.__struct_fields__, first.__struct_encode_fields__, strict=True):
        if getattr(first, name) != getattr(second, name):
            yield sent


def hash_request(request: Record | None, fingerprint_key: bytes) -> str:
    """Return the keyed hash of a request."""
    text = msgspec.json.encode(request, order="deterministic").decode()
    return fingerprint(fingerprint_key, f"request {text}")


class IdempotencyStore:
    """Bounded store of responses by idempotency key."""

    __slots__ = ("_by_key", "_order", "get")

    def __init__(self) -> None:
        self._by_key: dict[Key, StoredResponse] = {}
        self._order: deque[Key] = deque()
        self.get = self._by_key.get

    def __len__(self) -> int:
        return len(self._by_key)

    def fork(self) -> "IdempotencyStore":
        """Return a copy; the stored responses are shared."""
        copy = IdempotencyStore()
        copy._by_key.update(self._by_key)
        copy._order.extend(self._order)
        return copy

    def entries(self) -> Iterator[tuple[Key, StoredResponse]]:
        """Iterate over keys and responses, oldest first."""
        return ((key, self._by_key[key]) for key in self._order)

    def store(self, key: Key, response: StoredResponse) -> None:
        """Store a response; the oldest is evicted if there are too many.

        Raises ValueError for a key that is stored already.
        """
        if key in self._by_key:
            raise ValueError("an idempotency key occurs twice")
        self._by_key[key] = response
        self._order.append(key)
        if len(self._order) > KEYS_MAX:
            del self._by_key[self._order.popleft()]
