"""The protocol on httptools: whole requests are answered straight from the parser.

uvicorn makes a task, an event and a cycle for each request, and writes head and body apart; an
answer here is one synchronous call, so none of that is needed. What does await (pages) goes
uvicorn's way, and so does what is pipelined behind it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_clover.engine.endpoint import SCHEME
from mock_clover.engine.reply import Reply
from mock_clover.server.app import BODY_BYTES_MAX, DRAIN_BYTES_MAX
from mock_clover.server.faults import DRIBBLE_BYTES, GARBAGE, abort, half_of
from mock_clover.server.protocol import HardenedProtocol
from mock_clover.server.render import response

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class DirectHttpTools(HardenedProtocol, HttpToolsProtocol):
    """uvicorn's httptools protocol, guarded, with a way past ASGI."""

    _receiving = _in_body = _busy = False
    _direct = True
    _known_url = b""

    def __init__(self, *args: Any, **named: Any) -> None:
        self._met: dict[bytes, bytes] = {}
        # The parser calls this for every header: a method of C takes a quarter of the time of ours.
        # Of two with one name the last counts.
        self.on_header = self._met.__setitem__  # type: ignore[assignment, method-assign] # its names are positions here
        super().__init__(*args, **named)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._receiving = True
        self.url = b""
        self._head: dict[bytes, bytes] = {}
        self._met.clear()
        self._parts: list[bytes] = []
        self._size = 0

    def on_headers_complete(self) -> None:
        """Choose the way: past ASGI, or through it."""
        self._in_body = True
        self._head = {name.lower(): value for name, value in self._met.items()}
        if self.url != self._known_url:
            self._know(self.url)
        due = self.cycle is not None and not self.cycle.response_complete
        self._direct = self._may_be_direct and not due
        if not self._direct:
            self._go_by_asgi()
        elif self._head.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(_CONTINUE)

    def _know(self, url: bytes) -> None:
        """Read a target; most often it is that of the connection's last request."""
        self._known_url = url
        path, _, self._query = url.partition(b"?")
        self._path = _decoded(path)
        app: Any = self.config.app
        ours = "_mock/" in self._path or self._path == "/"
        self._may_be_direct = url[:1] == b"/" and not (ours and app.awaits(self._path))
        self._bytes_max = app.body_bytes_max(self._path) if ours else BODY_BYTES_MAX

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, up to what is bearable."""
        self._size += len(body)
        if not self._direct:
            super().on_body(body)
        elif self._size <= self._bytes_max:
            self._parts.append(body)
        elif self._size > DRAIN_BYTES_MAX:
            self._respond(None)

    def on_message_complete(self) -> None:
        """Answer, now that the request is whole."""
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
        app: Any = self.config.app  # not uvicorn's wrapping of it, which a trace log level brings
        close = (
            body is None
            or not self.parser.should_keep_alive()
            or (b"connection" in self._head and self.parser.get_http_version() == "1.0")
        )
        asked = (method, self._path, self._query, self._head, body)
        reply = app.reply_to(*asked)
        if reply.fault is None:
            self._write(reply, close=close, head_only=method == "HEAD")
        elif reply.status:
            self._spoil(reply, close=close, head_only=method == "HEAD")
        else:  # nothing has happened yet: wait, and ask again
            self._later(reply.wait_ms, lambda: self._resume(asked, close=close))

    def _write(self, reply: Reply, *, close: bool, head_only: bool = False) -> None:
        lines: bytes = self.server_state.header_lines
        self.transport.write(response(reply, lines, close=close, head_only=head_only))
        if close:
            self.transport.close()

    def _later(self, wait_ms: float, then: Callable[[], None]) -> None:
        """Do a thing later; till then no further request of this connection is begun."""
        self._busy = True
        self.flow.pause_reading()
        self.loop.call_later(wait_ms / 1000, then)

    def _resume(self, asked: tuple[Any, ...], *, close: bool) -> None:
        app: Any = self.config.app
        reply = app.reply_to(*asked, waited=True)  # also when the client is gone: it did ask
        self._go_on(lambda: self._write(reply, close=close, head_only=asked[0] == "HEAD"))

    def _go_on(self, answer: Callable[[], None]) -> None:
        """Answer, and take up what was held back meanwhile."""
        self._busy = False
        if self.transport.is_closing():
            return
        answer()
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(b"")

    def _spoil(self, reply: Reply, *, close: bool, head_only: bool) -> None:
        """Let a reply's fault befall it."""
        kind = reply.fault.kind if reply.fault else ""
        if kind in ("delay", "problem"):
            self._later(
                reply.wait_ms,
                lambda: self._go_on(lambda: self._write(reply, close=close, head_only=head_only)),
            )
            return
        lines: bytes = self.server_state.header_lines
        whole = response(reply, lines, close=close, head_only=head_only)
        if kind == "drop":
            abort(self.transport)
        elif kind == "hang":
            self._busy = self._broken = True  # and hears no more
        elif kind == "dribble":
            self._dribble(whole, reply.wait_ms, close=close)
        else:
            self.transport.write(half_of(reply, whole) if kind == "truncate" else GARBAGE)
            self.transport.close()

    def _dribble(self, rest: bytes, wait_ms: int, *, close: bool) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(rest[:DRIBBLE_BYTES])
        rest = rest[DRIBBLE_BYTES:]
        if rest:
            self._later(wait_ms, lambda: self._dribble(rest, wait_ms, close=close))
        elif close:
            self.transport.close()
        else:
            self._go_on(lambda: None)

    def _go_by_asgi(self) -> None:
        url, head = self.url, self._head
        super().on_message_begin()
        self.url = url
        self.headers.extend(head.items())
        self.expect_100_continue = head.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """End a connection whose later bytes were broken."""
        super().on_response_complete()
        if self._broken and self.cycle.response_complete:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse broken bytes, after the answer that is due to a whole request before them."""
        due = self.cycle is not None and not self.cycle.response_complete
        if due and not self._in_body:
            self._broken = True
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        """Read no further while the client does not take its answers."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        super().resume_writing()
        self.flow.resume_reading()

    def _content_length(self) -> bytes | None:
        return self._head.get(b"content-length")

    def _answer_is_due(self) -> bool:
        return self._busy

    def _is_idle(self) -> bool:
        return not self._busy and super()._is_idle()

    def _body_bytes(self) -> int:
        return self._size

    def _is_between_requests(self) -> bool:
        return not self._receiving


class DirectHttps(DirectHttpTools):
    """The same behind TLS: the headers say so, by a name that no header can have.

    What comes in plain text pays nothing for it.
    """

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._met[SCHEME] = b"https"


def _decoded(path: bytes) -> str:
    text = path.partition(b"#")[0].decode("latin-1")
    return unquote(text) if "%" in text else text
