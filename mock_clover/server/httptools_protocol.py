"""The protocol class on httptools: handle complete requests in the parser callbacks.

uvicorn creates a task, an event and a cycle for each request, and writes headers and body
separately. A response here is one synchronous call, so none of that is needed. Requests that may
have to wait, and requests that are pipelined behind them, go through uvicorn's ASGI path.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_clover.engine.endpoint import SCHEME
from mock_clover.engine.reply import Reply, Wait
from mock_clover.server.app import BODY_BYTES_MAX, DRAIN_BYTES_MAX
from mock_clover.server.faults import DRIBBLE_CHUNK_BYTES, GARBAGE, abort, truncate_body
from mock_clover.server.protocol import HardenedProtocol
from mock_clover.server.render import response

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class DirectHttpToolsProtocol(HardenedProtocol, HttpToolsProtocol):
    """Extend uvicorn's httptools protocol with a direct path that bypasses ASGI."""

    _receiving = _in_body = _busy = False
    _direct = True
    _known_url = b""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._raw_headers: dict[bytes, bytes] = {}
        # The parser calls this for every header. A C method takes a quarter of the time of a Python
        # method. If a header occurs twice, the last value wins.
        self.on_header = self._raw_headers.__setitem__  # type: ignore[assignment, method-assign] # called with positional arguments
        super().__init__(*args, **kwargs)

    def on_message_begin(self) -> None:
        """Reset the state for a new request."""
        self._receiving = True
        self.url = b""
        self._head: dict[bytes, bytes] = {}
        self._raw_headers.clear()
        self._parts: list[bytes] = []
        self._size = 0

    def on_headers_complete(self) -> None:
        """Choose the direct path or the ASGI path."""
        self._in_body = True
        self._head = {name.lower(): value for name, value in self._raw_headers.items()}
        if self.url != self._known_url:
            self._parse_url(self.url)
        has_pending_response = self.cycle is not None and not self.cycle.response_complete
        self._direct = self._may_be_direct and not has_pending_response
        if not self._direct:
            self._start_asgi()
        elif self._head.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(_CONTINUE)

    def _parse_url(self, url: bytes) -> None:
        """Parse and remember a URL: most requests of a connection repeat the previous one."""
        self._known_url = url
        path, _, self._query = url.partition(b"?")
        self._path = _decode_path(path)
        app: Any = self.config.app
        is_control = "_mock/" in self._path
        self._may_be_direct = url[:1] == b"/" and not (is_control and app.needs_asgi(self._path))
        self._bytes_max = app.body_bytes_max(self._path) if is_control else BODY_BYTES_MAX

    def on_body(self, body: bytes) -> None:
        """Collect a part of the body, up to the maximum size."""
        self._size += len(body)
        if not self._direct:
            super().on_body(body)
        elif self._size <= self._bytes_max:
            self._parts.append(body)
        elif self._size > DRAIN_BYTES_MAX:
            self._respond(None)

    def on_message_complete(self) -> None:
        """Respond to the complete request."""
        self._receiving = self._in_body = False
        if not self._direct:
            super().on_message_complete()
        elif self._size > self._bytes_max:
            self._respond(None)
        else:
            parts = self._parts
            self._respond(parts[0] if len(parts) == 1 else b"".join(parts))

    def _respond(self, body: bytes | None) -> None:
        if self.transport.is_closing():
            return
        method = self.parser.get_method().decode("latin-1")
        app: Any = self.config.app  # not uvicorn's wrapper, which the trace log level adds
        close = (
            body is None
            or not self.parser.should_keep_alive()
            or (b"connection" in self._head and self.parser.get_http_version() == "1.0")
        )
        request = (method, self._path, self._query, self._head, body)
        reply = app.handle(*request)
        if isinstance(reply, Wait):
            self._call_later(reply.ms, lambda: self._retry(request, close=close))
        elif reply.fault is None:
            self._write(reply, close=close, head_only=method == "HEAD")
        else:
            self._apply_fault(reply, close=close, head_only=method == "HEAD")

    def _write(self, reply: Reply, *, close: bool, head_only: bool = False) -> None:
        lines: bytes = self.server_state.header_lines
        self.transport.write(response(reply, lines, close=close, head_only=head_only))
        if close:
            self.transport.close()

    def _call_later(self, wait_ms: float, then: Callable[[], None]) -> None:
        """Call a function after a delay; process no other request of this connection until then."""
        self._busy = True
        self.flow.pause_reading()
        self.loop.call_later(wait_ms / 1000, then)

    def _retry(self, request: tuple[Any, ...], *, close: bool) -> None:
        app: Any = self.config.app
        reply = app.handle_now(*request, after_delay=True)  # even if the client has disconnected
        self._resume(lambda: self._write(reply, close=close, head_only=request[0] == "HEAD"))

    def _resume(self, respond: Callable[[], None]) -> None:
        """Respond, then continue with the bytes that arrived in the meantime."""
        self._busy = False
        if self.transport.is_closing():
            return
        respond()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(b"")

    def _apply_fault(self, reply: Reply, *, close: bool, head_only: bool) -> None:
        """Send a response as its fault prescribes."""
        kind = reply.fault.kind if reply.fault else ""
        if kind in ("delay", "problem"):
            self._call_later(
                reply.wait_ms,
                lambda: self._resume(lambda: self._write(reply, close=close, head_only=head_only)),
            )
            return
        lines: bytes = self.server_state.header_lines
        data = response(reply, lines, close=close, head_only=head_only)
        if kind == "drop":
            abort(self.transport)
        elif kind == "hang":
            self._busy = self._ignore_input = True
        elif kind == "dribble":
            self._send_slowly(data, reply.wait_ms, close=close)
        else:
            self.transport.write(truncate_body(reply, data) if kind == "truncate" else GARBAGE)
            self.transport.close()

    def _send_slowly(self, rest: bytes, wait_ms: int, *, close: bool) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(rest[:DRIBBLE_CHUNK_BYTES])
        rest = rest[DRIBBLE_CHUNK_BYTES:]
        if rest:
            self._call_later(wait_ms, lambda: self._send_slowly(rest, wait_ms, close=close))
        elif close:
            self.transport.close()
        else:
            self._resume(lambda: None)

    def _start_asgi(self) -> None:
        url, head = self.url, self._head
        super().on_message_begin()
        self.url = url
        self.headers.extend(head.items())
        self.expect_100_continue = head.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Close the connection if invalid bytes followed the request."""
        super().on_response_complete()
        if self._ignore_input and self.cycle.response_complete:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Reject invalid bytes, after the response to a complete request before them."""
        has_pending_response = self.cycle is not None and not self.cycle.response_complete
        if has_pending_response and not self._in_body:
            self._ignore_input = True
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Stop reading while the client does not read its responses."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Start reading again."""
        super().resume_writing()
        self.flow.resume_reading()

    def _content_length(self) -> bytes | None:
        return self._head.get(b"content-length")

    def _has_pending_response(self) -> bool:
        return self._busy

    def _is_idle(self) -> bool:
        return not self._busy and super()._is_idle()

    def _body_bytes(self) -> int:
        return self._size

    def _is_between_requests(self) -> bool:
        return not self._receiving


class DirectHttpsProtocol(DirectHttpToolsProtocol):
    """The protocol for HTTPS. It adds the pseudo-header `:scheme`, which clients cannot send."""

    def on_message_begin(self) -> None:
        """Reset the state for a new request and mark it as HTTPS."""
        super().on_message_begin()
        self._raw_headers[SCHEME] = b"https"


def _decode_path(path: bytes) -> str:
    text = path.partition(b"#")[0].decode("latin-1")
    return unquote(text) if "%" in text else text
