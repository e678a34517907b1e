"""The base of the HTTP protocol classes: handle the quirks of real clients, and hostile ones.

- Clover's Node SDK sends a GET with `Content-Length: 0` followed by two stray bytes `{}`, which
  precede the next request on the connection. They are dropped between requests, and nowhere else.
- Java's built-in client sends `Upgrade: h2c`. That header is removed: both parsers would treat it
  as the end of the request and lose the body.
- The request line and the headers (the head) are passed to the parser in one piece, even if they
  arrive in several segments. A head may have HEAD_BYTES_MAX bytes, and a request must be complete
  within REQUEST_RECEIVE_TIMEOUT_S, so a half-open connection uses no resources except its socket.
- Invalid bytes after a complete request close the connection after the response to that request.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Any

from mock_clover.server.faults import TRANSPORT

if TYPE_CHECKING:

    class _Base(asyncio.Protocol):
        def shutdown(self) -> None: ...

else:
    _Base = object

HEAD_BYTES_MAX = 65_536
REQUEST_RECEIVE_TIMEOUT_S = 20.0
KEEP_ALIVE_TIMEOUT_S = 65.0
"""Longer than the idle timeout of common clients' connection pools.

Clients then do not reuse a connection that the server has closed.
"""
CONNECTIONS_MAX = 4_096

_STRAY_BYTES = re.compile(rb"(?:\{\}|[\r\n])+")  # stray pairs, and the empty lines of RFC 9112
_BARE_LF_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_OVERHEAD_MAX = 8  # bytes on the wire per body byte; chunks of one byte need six
_LAST_CHUNK = b"0\r\n\r\n"
_UPGRADE = re.compile(rb"\r\n(?:upgrade|http2-settings)[ \t]*:[^\r\n]*", re.IGNORECASE)
_HEADERS_TOO_LARGE_RESPONSE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_REQUEST_TIMEOUT_RESPONSE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


class HardenedProtocol(_Base):
    """Find the start of each request and enforce limits, for both protocol classes."""

    transport: Any
    connections: Any
    server_state: Any
    app_state: dict[str, Any]
    cycle: Any

    def connection_made(self, transport: Any) -> None:
        """Start the receive timeout; close the connection if there are too many."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}  # for faults through ASGI
        self._last_activity: float = self.server_state.now
        self._buffered = b""  # an incomplete head, or half of a stray pair
        self._chunk_bytes = 0
        self._body_remaining: int | None = None  # None if unknown or chunked
        self._ignore_input = False
        self._receiving_since: float | None = self._last_activity
        if len(self.connections) > CONNECTIONS_MAX:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Feed complete heads and their bodies to the parser; drop stray bytes between requests."""
        self._last_activity = self.server_state.now
        if not self._buffered and self._feed_single_request(data):
            return
        if self._buffered:
            data, self._buffered = self._buffered + data, b""
        while data and not self._ignore_input and not self.transport.is_closing():
            if not self._is_between_requests():
                data = self._feed_body(data)
            elif self._has_pending_response() or data == b"{":
                self._buffered = data
                break
            elif stray := _STRAY_BYTES.match(data):
                data = data[stray.end() :]
            else:
                data = self._feed_head(data)
        if self._is_between_requests() and len(self._buffered) <= 1:
            self._receiving_since = None
        elif self._receiving_since is None:
            self._receiving_since = self._last_activity

    def _feed_single_request(self, data: bytes) -> bool:
        """Feed one ordinary request, head and body together. This is the fast path.

        Return False without feeding anything if the data needs the general path.
        """
        end = data.find(b"\r\n\r\n") + 4
        if (
            not 3 < end <= HEAD_BYTES_MAX
            or data.find(b"\r\n\r\n", end) >= 0  # another head, or chunks
            or data.startswith(b"{}", end)
            or len(data) - end == 1
            or not 0x41 <= data[0] <= 0x5A
            or b"pgrade" in data
            or b"PGRADE" in data
            or self._ignore_input
            or not self._is_between_requests()
            or self._has_pending_response()
        ):
            return False
        self._chunk_bytes = 0
        self._feed_parser(data)
        if self._is_between_requests() or self.transport.is_closing():
            self._receiving_since = None
            return True
        length = self._content_length()
        expected = int(length) if length is not None and length.isdigit() else None
        self._body_remaining = None if expected is None else max(expected - (len(data) - end), 0)
        self._receiving_since = self._last_activity
        return True

    def _feed_head(self, data: bytes) -> bytes:
        """Feed one head, or hold it if it is incomplete; return the bytes after it."""
        end = data.find(b"\r\n\r\n") + 4
        if end == 3:
            bare = _BARE_LF_HEADER_END.search(data)
            if bare:
                end = bare.end()
            elif len(data) > HEAD_BYTES_MAX:
                end = len(data)
            elif 0x41 <= data[0] <= 0x5A:  # a capital letter may start a method
                self._buffered = data
                return b""
            else:
                end = len(data)  # not HTTP: let the parser reject it
        if end > HEAD_BYTES_MAX:
            self._close_with(_HEADERS_TOO_LARGE_RESPONSE)
            return b""
        head = data[:end]
        if b"upgrade" in head.lower():
            head = _UPGRADE.sub(b"", head)
        self._body_remaining = None
        self._chunk_bytes = 0
        self._feed_parser(head)
        return data[end:]

    def _feed_body(self, data: bytes) -> bytes:
        """Feed the bytes of the current body; return the bytes after it."""
        if self._body_remaining is None:
            length = self._content_length()
            if length is None or not length.isdigit():
                return self._feed_chunks(data)
            self._body_remaining = int(length)
        piece = data[: self._body_remaining]
        self._body_remaining -= len(piece)
        self._feed_parser(piece)
        if not piece:  # the parser expects more than Content-Length: the request is invalid
            self._close_with(b"")
        return data[len(piece) :]

    def _feed_chunks(self, data: bytes) -> bytes:
        """Feed up to what looks like the last chunk; the parser decides whether it is."""
        end = data.find(_LAST_CHUNK) + len(_LAST_CHUNK)
        if end < len(_LAST_CHUNK):
            end = len(data)
        self._chunk_bytes += end
        self._feed_parser(data[:end])
        if self._chunk_bytes > HEAD_BYTES_MAX + _CHUNK_OVERHEAD_MAX * self._body_bytes():
            self._close_with(_HEADERS_TOO_LARGE_RESPONSE)  # endless chunk sizes or trailers
        return data[end:]

    def shutdown(self) -> None:
        """Close the connection at shutdown; an incomplete request gets no response."""
        if self._buffered or not self._is_between_requests():
            self.transport.close()
        else:
            super().shutdown()

    def close_if_timed_out(self, now: float) -> None:
        """Close the connection if its request takes too long to arrive or it has been idle."""
        since = self._receiving_since
        if since is not None and now - since > REQUEST_RECEIVE_TIMEOUT_S:
            self._close_with(
                _REQUEST_TIMEOUT_RESPONSE
                if self._buffered or not self._is_between_requests()
                else b""
            )
        elif now - self._last_activity > KEEP_ALIVE_TIMEOUT_S and self._is_idle():
            self._close_with(b"")

    def _is_idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _close_with(self, data: bytes) -> None:
        if not self.transport.is_closing():
            if data:
                self.transport.write(data)
            self.transport.close()

    def _feed_parser(self, data: bytes) -> None:
        super().data_received(data)

    def _is_between_requests(self) -> bool:
        """Return whether no request is being received."""
        raise NotImplementedError

    def _content_length(self) -> bytes | None:
        """Return the Content-Length of the current head."""
        raise NotImplementedError

    def _body_bytes(self) -> int:
        """Return how many bytes of the current body have arrived."""
        return self._chunk_bytes

    def _has_pending_response(self) -> bool:
        """Return whether a response must be sent before the parser can take the next head."""
        return False
