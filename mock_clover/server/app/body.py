"""Read the bodies of requests, within one limit for all requests of the server."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mock_clover.clover.common.problems import SERVICE_UNAVAILABLE, ApiError

if TYPE_CHECKING:
    from starlette.types import Receive

DRAIN_BYTES_MAX = 64 * 1_048_576
"""Read a body that is too large up to this size before closing.

The client then receives the 413 instead of a connection reset.
"""
HELD_BYTES_MAX = 256 * 1_048_576
"""Limit for the bytes of all requests that are being received or wait for their responses, and of
all responses that their clients do not read."""
_WAITING_BYTES = 16_384
"""What a request takes while it waits, without its head and its body: a task, and its response."""
REASON = "the requests that the server holds are too large together"


class ClientDisconnectedError(Exception):
    """The client disconnected before its request was complete; the request has no effect."""


class HeldBytes:
    """Count the bytes of all requests that a server holds in memory."""

    def __init__(self) -> None:
        self.total = 0
        self.maximum = HELD_BYTES_MAX

    @property
    def are_too_many(self) -> bool:
        """Whether the server must refuse to hold more."""
        return self.total > self.maximum

    @contextlib.contextmanager
    def counted(self, headers: dict[bytes, bytes], body: bytes | None) -> Iterator[None]:
        """Count a request while it waits for its response."""
        number = _WAITING_BYTES + len(body or b"") + len(b"".join((*headers, *headers.values())))
        self.total += number
        try:
            yield
        finally:
            self.total -= number

    async def read(
        self, receive: "Receive", bytes_max: int
    ) -> tuple[bytes | None, ApiError | None]:
        """Return the body; None if it is too large, with an error if all bodies together are.

        Counts the bytes and ignores Content-Length. Raises ClientDisconnectedError.
        """
        parts: list[bytes] = []
        size, before, more = 0, 0, True
        try:
            while more and size <= DRAIN_BYTES_MAX:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientDisconnectedError
                part = message.get("body", b"")
                more = message.get("more_body", False)
                size += len(part)
                if size > bytes_max:
                    parts.clear()
                else:
                    parts.append(part)
                held = size if parts else 0
                self.total += held - before
                before = held
                if held and self.are_too_many:
                    return None, SERVICE_UNAVAILABLE.error(reason=REASON)
        finally:
            self.total -= before
        return (b"".join(parts) if size <= bytes_max else None), None
