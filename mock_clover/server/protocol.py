"""The HTTP protocol class: uvicorn's, made patient with real clients and impatient with bad ones.

- Clover's Node SDK sends a GET with `Content-Length: 0` and then two stray bytes `{}`, which land
  in front of the next request of the socket. They are dropped between requests, and only there.
- `Upgrade: h2c`, which Java's own client sends, is taken out of the head: both parsers would take
  it for the end of the request and lose its body.
- A head is handed to the parser whole, however it was cut into segments; it may be HEAD_BYTES_MAX
  long, and a request must be whole within RECEIPT_SECONDS_MAX, so that a half-open socket costs a
  socket and no more.
- Broken bytes behind a whole request end the connection after that request's answer.
"""

import asyncio
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class _Base(asyncio.Protocol):
        def shutdown(self) -> None: ...

else:
    _Base = object

HEAD_BYTES_MAX = 65_536
RECEIPT_SECONDS_MAX = 20.0
IDLE_SECONDS_MAX = 65.0
"""Longer than common clients' pools keep a connection, so that they never meet a closed end."""
CONNECTIONS_MAX = 4_096

_BETWEEN = re.compile(rb"(?:\{\}|[\r\n])+")  # stray pairs, and the empty lines of RFC 9112
_BARE_END = re.compile(rb"\r?\n\r?\n")
_CHUNK_WASTE_MAX = 8  # bytes on the wire for each of the body: one-byte chunks have six
_LAST_CHUNK = b"0\r\n\r\n"
_UPGRADE = re.compile(rb"\r\n(?:upgrade|http2-settings)[ \t]*:[^\r\n]*", re.IGNORECASE)
_TOO_LARGE_HEAD = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class HardenedProtocol(_Base):
    """What both protocol classes share: where a request begins, and how long it may take."""

    transport: Any
    connections: Any
    server_state: Any
    app_state: dict[str, Any]
    cycle: Any

    def connection_made(self, transport: Any) -> None:
        """Start the receipt deadline; a connection too many is closed at once."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}  # for faults by ASGI
        self._touched: float = self.server_state.now
        self._held = b""  # part of a head, or half a stray pair
        self._chunk_bytes = 0
        self._body_left: int | None = None  # None: not known, or chunked
        self._broken = False
        self._receiving_since: float | None = self._touched
        if len(self.connections) > CONNECTIONS_MAX:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Hand on whole heads and their bodies, without the stray bytes between two requests."""
        self._touched = self.server_state.now
        if not self._held and self._feed_plain(data):
            return
        if self._held:
            data, self._held = self._held + data, b""
        while data and not self._broken and not self.transport.is_closing():
            if not self._is_between_requests():
                data = self._feed_body(data)
            elif self._answer_is_due() or data == b"{":
                self._held = data
                break
            elif found := _BETWEEN.match(data):
                data = data[found.end() :]
            else:
                data = self._feed_head(data)
        if self._is_between_requests() and len(self._held) <= 1:
            self._receiving_since = None
        elif self._receiving_since is None:
            self._receiving_since = self._touched

    def _feed_plain(self, data: bytes) -> bool:
        """Feed one request that nothing is odd about, head and body at once: most are so."""
        end = data.find(b"\r\n\r\n") + 4
        if (
            not 3 < end <= HEAD_BYTES_MAX
            or data.find(b"\r\n\r\n", end) >= 0  # a further head, or chunks
            or data.startswith(b"{}", end)
            or len(data) - end == 1
            or not 0x41 <= data[0] <= 0x5A
            or b"pgrade" in data
            or b"PGRADE" in data
            or self._broken
            or not self._is_between_requests()
            or self._answer_is_due()
        ):
            return False
        self._chunk_bytes = 0
        self._feed(data)
        if self._is_between_requests() or self.transport.is_closing():
            self._receiving_since = None
            return True
        length = self._content_length()
        whole = int(length) if length is not None and length.isdigit() else None
        self._body_left = None if whole is None else max(whole - (len(data) - end), 0)
        self._receiving_since = self._touched
        return True

    def _feed_head(self, data: bytes) -> bytes:
        """Feed one head, or hold what has come of it; return what follows it."""
        end = data.find(b"\r\n\r\n") + 4
        if end == 3:
            bare = _BARE_END.search(data)
            if bare:
                end = bare.end()
            elif len(data) > HEAD_BYTES_MAX:
                end = len(data)
            elif 0x41 <= data[0] <= 0x5A:  # a capital letter: a method may begin so
                self._held = data
                return b""
            else:
                end = len(data)  # no HTTP: the parser says so
        if end > HEAD_BYTES_MAX:
            self._close_with(_TOO_LARGE_HEAD)
            return b""
        head = data[:end]
        if b"upgrade" in head.lower():
            head = _UPGRADE.sub(b"", head)
        self._body_left = None
        self._chunk_bytes = 0
        self._feed(head)
        return data[end:]

    def _feed_body(self, data: bytes) -> bytes:
        """Feed what belongs to the present body; return what follows it."""
        if self._body_left is None:
            length = self._content_length()
            if length is None or not length.isdigit():
                return self._feed_chunks(data)
            self._body_left = int(length)
        piece = data[: self._body_left]
        self._body_left -= len(piece)
        self._feed(piece)
        if not piece:  # the parser waits for more than was promised: it is broken
            self._close_with(b"")
        return data[len(piece) :]

    def _feed_chunks(self, data: bytes) -> bytes:
        """Feed up to what looks like the last chunk; whether it is, the parser knows."""
        end = data.find(_LAST_CHUNK) + len(_LAST_CHUNK)
        if end < len(_LAST_CHUNK):
            end = len(data)
        self._chunk_bytes += end
        self._feed(data[:end])
        if self._chunk_bytes > HEAD_BYTES_MAX + _CHUNK_WASTE_MAX * self._body_bytes():
            self._close_with(_TOO_LARGE_HEAD)  # chunk sizes or trailers without end
        return data[end:]

    def shutdown(self) -> None:
        """End the connection for the server's end; a request that is not whole gets no answer."""
        if self._held or not self._is_between_requests():
            self.transport.close()
        else:
            super().shutdown()

    def close_if_timed_out(self, now: float) -> None:
        """End the connection when its request has been arriving, or it has idled, for too long."""
        since = self._receiving_since
        if since is not None and now - since > RECEIPT_SECONDS_MAX:
            self._close_with(_TOO_SLOW if self._held or not self._is_between_requests() else b"")
        elif now - self._touched > IDLE_SECONDS_MAX and self._is_idle():
            self._close_with(b"")

    def _is_idle(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _close_with(self, farewell: bytes) -> None:
        if not self.transport.is_closing():
            if farewell:
                self.transport.write(farewell)
            self.transport.close()

    def _feed(self, data: bytes) -> None:
        super().data_received(data)

    def _is_between_requests(self) -> bool:
        """Tell whether no request is being received."""
        raise NotImplementedError

    def _content_length(self) -> bytes | None:
        """Return the length that the present head promises."""
        raise NotImplementedError

    def _body_bytes(self) -> int:
        """Return how much of the present body has come."""
        return self._chunk_bytes

    def _answer_is_due(self) -> bool:
        """Tell whether the parser can take no head before an answer has gone out."""
        return False
