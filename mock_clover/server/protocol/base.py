"""The base of the HTTP protocol classes: pass requests to the parser one at a time, within limits.

uvicorn's protocol class gets a complete head in one piece, then the body, and nothing more until
its response is written. Bytes of later requests wait here. So pipelined requests are answered in
order, whatever the segments, faults and waits are.

- Clover's Node SDK sends a GET with `Content-Length: 0` followed by two stray bytes `{}`, which
  precede the next request on the connection. They are dropped between requests, and nowhere else.
- Java's built-in client sends `Upgrade: h2c`. That header is removed: both parsers would treat it
  as the end of the request and lose the body.
- A head may have HEAD_BYTES_MAX bytes, and a request must be complete within
  REQUEST_RECEIVE_TIMEOUT_S, so a half-open connection uses no resources except its socket.
- While a client does not read its responses, its requests are neither read nor answered.
- A client that closes only its sending side still gets its responses.
"""

import asyncio
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from mock_clover.server.app.connection import CONNECTION

if TYPE_CHECKING:

    class _Base(asyncio.Protocol):
        def eof_received(self) -> None: ...
        def shutdown(self) -> None: ...
        def on_response_complete(self) -> None: ...
        def send_400_response(self, msg: str) -> None: ...

else:
    _Base = object

HEAD_BYTES_MAX = 65_536
PIPELINED_BYTES_MAX = 65_536
"""Stop reading when so many bytes of later requests wait for a response."""
REQUEST_RECEIVE_TIMEOUT_S = 20.0
KEEP_ALIVE_TIMEOUT_S = 65.0
"""Longer than the idle timeout of common clients' connection pools.

Clients then do not reuse a connection that the server has closed.
"""
SEND_TIMEOUT_S = 65.0
"""How long a client may leave its responses unread before the connection is aborted."""
CONNECTIONS_MAX = 4_096

_STRAY_FIRST_BYTES = b"{\r\n"
_STRAY_BYTES = re.compile(rb"(?:\{\}|[\r\n])+")  # stray pairs, and the empty lines of RFC 9112
_CHUNKS_END = re.compile(rb"\n\r?\n")
"""Where a chunked body may end: with or without a chunk extension, with or without trailers."""
_UPGRADE = re.compile(rb"\n(?:upgrade|http2-settings)[ \t]*:[^\n]*", re.IGNORECASE)
_INVALID_REQUEST = "Invalid HTTP request received."
_TLS_REQUEST = (
    "A client sent HTTPS to the HTTP port: use an http:// URL, or start the server with --tls."
)
_TLS_HANDSHAKE = 0x16
"""The first byte of a TLS connection (RFC 8446, content type handshake)."""
HEADERS_TOO_LARGE_RESPONSE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
_REQUEST_TIMEOUT_RESPONSE = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_OUT_OF_MEMORY_RESPONSE = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


def has_room(connections: Collection[Any]) -> bool:
    """Return whether there are not too many connections.

    If there are, one whose client only waits for a response is closed, because most of these
    clients have gone: a client that closes its connection looks like one that half-closes it.
    """
    if len(connections) <= CONNECTIONS_MAX:
        return True
    gone = next((each for each in connections if getattr(each, "is_half_closed", False)), None)
    if gone is None:
        return False
    gone.abort()
    return True


class HardenedProtocol(_Base):
    """Find the start and the end of each request and enforce limits, for both parsers."""

    transport: Any
    connections: Any
    server_state: Any
    app_state: dict[str, Any]
    config: Any
    scope: Any
    cycle: Any
    flow: Any
    headers: Any
    logger: Any
    loop: asyncio.AbstractEventLoop
    _waits_for_body = False
    """Whether the parser has the head of a request whose body is held until it is complete."""

    def connection_made(self, transport: Any) -> None:
        """Start the receive timeout; close the connection if there are too many."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, CONNECTION: self}
        self._closes_at_eof = False
        self._data = b""  # bytes that the parser has not got
        self._at = 0  # where they begin
        self._searched = 0  # how many of them cannot be the end of a head
        self._held = 0  # how many of them count in the server's total
        self._body_remaining: int | None = None  # None if chunked
        self._is_in_request = False  # the parser has a head, but not all of the body
        self._is_scheduled = self._is_eof = False
        self._is_receiving = True
        self._since: float = self.server_state.now  # when it began to receive, or to be idle
        self._unread = 0  # how many bytes of its responses count in the server's total
        if not has_room(self.connections):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the bytes that were held, and the references to this connection."""
        super().connection_lost(exc)
        self.config.app.held.total -= self._held + self._unread
        self._data, self._held, self._unread = b"", 0, 0
        self.app_state, self.scope, self.cycle = {}, {}, None  # they refer to this connection

    def data_received(self, data: bytes) -> None:
        """Process bytes after those that are held."""
        self._data = self._data[self._at :] + data if self._data else data
        self._at = 0
        self._process()

    def eof_received(self) -> Any:  # a bool; uvicorn declares None
        """Keep the connection until the complete requests are answered."""
        self._is_eof = True
        return (self._is_blocked() and not self._closes_at_eof) or self._is_scheduled

    @property
    def is_half_closed(self) -> bool:
        """Whether the client has closed its sending side, and the connection is still open."""
        return self._is_eof and not self.transport.is_closing()

    def abort(self) -> None:
        """End the connection, so that another one has room."""
        self.transport.abort()
        self.connections.discard(self)

    def close_at_eof(self) -> None:
        """Let the client's EOF end the connection: the current response may never end."""
        self._closes_at_eof = True
        if self._is_eof:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Start the send timeout; requests are not answered until the client reads.

        Abort the connection if the server holds too much.
        """
        super().pause_writing()
        self._since = self.server_state.now
        held, unread = self.config.app.held, self.transport.get_write_buffer_size()
        held.total += unread - self._unread
        self._unread = unread
        if held.are_too_many:
            self.transport.abort()

    def resume_writing(self) -> None:
        """Continue with the next request."""
        super().resume_writing()
        self.config.app.held.total -= self._unread
        self._unread = 0
        self._since = self.server_state.now
        self._continue_soon()

    def on_response_complete(self) -> None:
        """Continue with the next request."""
        super().on_response_complete()
        self._closes_at_eof = self._is_receiving = False
        self._since = self.server_state.now
        if self._data or self._is_eof:
            self._continue_soon()

    def _continue_soon(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon(self._continue)

    def _continue(self) -> None:
        self._is_scheduled = False
        if not self.transport.is_closing():
            self.flow.resume_reading()
            try:
                self._process()
            except Exception:  # as the event loop does after an error in `data_received`
                self.transport.abort()
                raise

    def _process(self) -> None:
        """Pass one request, or the available part of one, to the parser."""
        data, transport, has_fed = self._data, self.transport, False
        while self._at < len(data) and not transport.is_closing():
            if self._is_in_request:
                is_fed = self._feed_body()
            elif self._is_blocked():
                break
            elif data[self._at] in _STRAY_FIRST_BYTES and self._skip_stray_bytes():
                continue
            elif has_fed:  # other connections first
                self._continue_soon()
                break
            else:
                is_fed = self._feed_head()
            if not is_fed:
                break
            has_fed = True
        held = len(data) - self._at
        if not held:
            self._data = b""
        if self._is_in_request or held > 1:  # one byte may be half a stray pair
            if not self._is_receiving:
                self._is_receiving, self._since = True, self.server_state.now
        elif has_fed:
            self._is_receiving, self._since = False, self.server_state.now
        if held or self._held or self._is_eof:
            self._hold(held)

    def _skip_stray_bytes(self) -> bool:
        """Drop stray pairs and empty lines; return whether there were any."""
        stray = _STRAY_BYTES.match(self._data, self._at)
        if stray is not None:
            self._at = stray.end()
        return stray is not None

    def _hold(self, held: int) -> None:
        """Count held bytes, stop reading if there are many, and end the connection after EOF."""
        all_held = self.config.app.held
        all_held.total += held - self._held
        self._held = held
        is_waiting = self._is_scheduled or self._is_blocked()
        if held and all_held.are_too_many:
            self._close_with(_OUT_OF_MEMORY_RESPONSE)
        elif self._is_eof and not is_waiting:
            self.transport.close()
        elif is_waiting and held > PIPELINED_BYTES_MAX:
            if self._closes_at_eof:  # it must be read to see the EOF
                self.transport.abort()
            else:
                self.flow.pause_reading()

    def _feed_head(self) -> bool:
        """Feed one head and what there is of its body; return False if it is incomplete."""
        data, at = self._data, self._at
        start = at + self._searched
        end = data.find(b"\n\r\n", start) + 3
        bare = data.find(b"\n\n", start, end if end > 2 else len(data)) + 2
        if bare > 1:
            end = bare
        if end <= 2:
            self._keep_incomplete_head()
            return False
        self._searched = 0
        if end - at > HEAD_BYTES_MAX:
            self._close_with(HEADERS_TOO_LARGE_RESPONSE)
            return False
        head = data[at:end]
        lower = head.lower()
        if b"\ntransfer-encoding" in lower and b"\ncontent-length" in lower:
            self.logger.warning(_INVALID_REQUEST)  # h11 accepts both
            self.send_400_response(_INVALID_REQUEST)
            return False
        if b"upgrade" in lower:
            head = _UPGRADE.sub(b"", head)
        self._at = end
        self._feed_parser(head)
        if not self._is_in_request:
            return True
        if not self._waits_for_body:
            length = next((v for n, v in self.headers if n == b"content-length"), b"")
            self._body_remaining = int(length) if length.isdigit() else None
        return end == len(data) or self._feed_body()

    def _keep_incomplete_head(self) -> None:
        """Wait for the rest of a head, unless it is too long or cannot be one."""
        data, at = self._data, self._at
        # What came in earlier segments is not searched again, except for a part of an end.
        self._searched = max(len(data) - at - 2, 0)
        if len(data) - at > HEAD_BYTES_MAX:
            self._close_with(HEADERS_TOO_LARGE_RESPONSE)
        elif not 0x41 <= data[at] <= 0x5A and data[at:] != b"{":  # no method begins like this
            reason = _TLS_REQUEST if data[at] == _TLS_HANDSHAKE else _INVALID_REQUEST
            self.logger.warning(reason)
            self.send_400_response(reason)

    def _feed_body(self) -> bool:
        """Feed the available part of the body, chunks only up to where the request may end."""
        at = self._at
        if self._body_remaining is None:
            end = self._end_of_chunks()
            if end == at:
                return False
        else:
            end = min(at + self._body_remaining, len(self._data))
            self._body_remaining -= end - at
        self._at = end
        self._feed_parser(self._data[at:end])
        if self._body_remaining == 0 and self._is_in_request:
            self._close_with(b"")  # the parser expects more than Content-Length: invalid
        return True

    def _end_of_chunks(self) -> int:
        """Return the next position where a chunked body may end, or the end of the data."""
        data, at = self._data, self._at
        match = _CHUNKS_END.search(data, at)
        if match is not None:
            return match.end()
        begun = next((part for part in (b"\n\r", b"\n") if data.endswith(part, at)), b"")
        return len(data) - len(begun)  # leave an empty line that has only begun

    def shutdown(self) -> None:
        """Close the connection at shutdown; an incomplete request gets no response."""
        if self._is_in_request:
            self.transport.close()
        else:
            super().shutdown()

    def close_if_timed_out(self, now: float) -> None:
        """Close the connection if its request takes too long to arrive or it has been idle."""
        elapsed_s = now - self._since
        if self.flow.write_paused:
            if elapsed_s > SEND_TIMEOUT_S:
                self.transport.abort()
        elif self._is_receiving and not self._is_blocked():
            if elapsed_s > REQUEST_RECEIVE_TIMEOUT_S:
                has_begun = self._data or self._is_in_request
                self._close_with(_REQUEST_TIMEOUT_RESPONSE if has_begun else b"")
        elif elapsed_s > KEEP_ALIVE_TIMEOUT_S and not self._is_blocked():
            self._close_with(b"")

    def _close_with(self, data: bytes) -> None:
        if not self.transport.is_closing():
            if data:
                self.transport.write(data)
            self.transport.close()

    def _feed_parser(self, data: bytes) -> None:
        super().data_received(data)
        self._is_in_request = self._waits_for_body or (
            self.cycle is not None and self.cycle.more_body
        )

    def _is_blocked(self) -> bool:
        """Return whether the next request must wait for a response, or for the client to read."""
        cycle = self.cycle
        is_answering = cycle is not None and not (cycle.more_body or cycle.response_complete)
        return is_answering or self.flow.write_paused
