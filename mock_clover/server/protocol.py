"""The HTTP protocol class: uvicorn's, made patient with real clients and impatient with bad ones.

- Clover's Node SDK sends a GET with `Content-Length: 0` and then two stray bytes `{}`, which land
  in front of the next request of the socket. They are dropped between requests, and only there.
- `Upgrade: h2c` (Java's own client sends it) is declined by answering in HTTP/1.1.
- A head larger than HEAD_BYTES_MAX is answered 431; a request that is not whole within
  RECEIPT_SECONDS_MAX is ended, so that half-open sockets cost a socket and no more.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Base = asyncio.Protocol
else:
    _Base = object

HEAD_BYTES_MAX = 65_536
RECEIPT_SECONDS_MAX = 20.0
CONNECTIONS_MAX = 4_096

_STRAY = b"{}"
_END_OF_HEAD_AND_STRAY = b"\r\n\r\n{}"
_TOO_LARGE_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class Guard(_Base):
    """What both protocol classes share. `_between` is true when no request is being received."""

    transport: Any
    connections: Any
    loop: Any

    def connection_made(self, transport: Any) -> None:
        """Start the receipt deadline; a connection too many is closed at once."""
        super().connection_made(transport)
        self._held = b""
        self._head_bytes = 0
        self._receiving_since: float | None = self.loop.time()
        if len(self.connections) > CONNECTIONS_MAX:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, without the stray bytes between two requests."""
        while data and not self.transport.is_closing():
            if self._between() and data[0] == 0x7B:  # "{": no method begins so
                data = self._held + data
                self._held = b""
                if len(data) == 1:
                    self._held = data
                    return
                if data.startswith(_STRAY):
                    data = data[2:]
                    continue
            elif self._held:
                if data[0] == 0x7D:  # "}": the other half of a stray pair
                    self._held, data = b"", data[1:]
                    continue
                self._held, data = b"", self._held + data
            cut = data.find(_END_OF_HEAD_AND_STRAY)
            if cut < 0:
                self._feed_bounded(data)
                return
            # The head ends before `{}`: feed it alone, then look whether a body was promised.
            self._feed_bounded(data[: cut + 4])
            data = data[cut + 4 :]
            if not self._between():
                self._feed_bounded(data[:2])
                data = data[2:]

    def _feed_bounded(self, data: bytes) -> None:
        if self._receiving_since is None:
            self._receiving_since = self.loop.time()
        self._feed(data)
        if self._between():
            self._receiving_since = None
            self._head_bytes = 0
        elif self._in_head():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._end_with(_TOO_LARGE_HEAD)

    def end_if_late(self, now: float) -> None:
        """End the connection when its request has been arriving for too long."""
        since = self._receiving_since
        if since is not None and now - since > RECEIPT_SECONDS_MAX:
            self._end_with(_TOO_SLOW if self._head_bytes else b"")

    def _end_with(self, farewell: bytes) -> None:
        if not self.transport.is_closing():
            if farewell:
                self.transport.write(farewell)
            self.transport.close()

    def _feed(self, data: bytes) -> None:
        super().data_received(data)

    def _between(self) -> bool:
        raise NotImplementedError

    def _in_head(self) -> bool:
        raise NotImplementedError


def protocol_class() -> type[asyncio.Protocol]:
    """Return the protocol on httptools where it exists, on h11 else."""
    try:
        import httptools  # noqa: F401 - whether it exists is the question
    except ImportError:
        return _h11_class()
    return _httptools_class()


def _httptools_class() -> type[asyncio.Protocol]:
    import httptools
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class GuardedHttpTools(Guard, HttpToolsProtocol):
        """uvicorn's httptools protocol, guarded."""

        _receiving = False
        _head = False

        def on_message_begin(self) -> None:
            self._receiving = self._head = True
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._head = False
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._receiving = False
            super().on_message_complete()

        def _between(self) -> bool:
            return not self._receiving

        def _in_head(self) -> bool:
            return self._head

        def _feed(self, data: bytes) -> None:
            self._unset_keepalive_if_required()
            while data:
                try:
                    self.parser.feed_data(data)
                    data = b""
                except httptools.HttpParserUpgrade as upgrade:
                    # Answered in HTTP/1.1; the parser itself is done, so a fresh one goes on.
                    data = data[upgrade.args[0] :]
                    self.parser = httptools.HttpRequestParser(self)
                except httptools.HttpParserError:
                    self.send_400_response("Invalid HTTP request received.")
                    return

    return GuardedHttpTools


def _h11_class() -> type[asyncio.Protocol]:
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class GuardedH11(Guard, H11Protocol):
        """uvicorn's h11 protocol, guarded."""

        def _between(self) -> bool:
            waiting = self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
            return waiting or self.conn.their_state in (h11.DONE, h11.MUST_CLOSE)

        def _in_head(self) -> bool:
            return self.conn.their_state is h11.IDLE

    return GuardedH11
