"""The protocol classes on httptools: every request through ASGI, or plain requests directly.

uvicorn creates a task, an event and a cycle for each request, and writes headers and body
separately. A plain request to the API needs none of that: its response is one synchronous call and
one write. Everything else takes uvicorn's way.
"""

from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_clover.engine.endpoint import SCHEME
from mock_clover.engine.reply import Reply
from mock_clover.server.app.render import response
from mock_clover.server.protocol.base import (
    HEAD_BYTES_MAX,
    HEADERS_TOO_LARGE_RESPONSE,
    HardenedProtocol,
)

TESTED = {"uvicorn": ("0.30", "0.54"), "httptools": ("0.6", "0.9")}
"""Minor versions that `make test-all` and `make test-lowest` run with.

The direct way depends on details of these packages. Other versions get only uvicorn's way.
"""
_CHUNK_OVERHEAD_MAX = 8  # bytes on the wire per body byte; chunks of one byte need six
_DIRECT_BODY_BYTES_MAX = 65_536


class HardenedHttpToolsProtocol(HardenedProtocol, HttpToolsProtocol):
    """Add the checks of HardenedProtocol to uvicorn's httptools protocol."""

    _fed_bytes = _body_bytes = 0
    _is_direct = False

    def on_message_begin(self) -> None:
        """Count the bytes of each body."""
        super().on_message_begin()
        self._fed_bytes = self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Count the bytes of the body."""
        if not self._is_direct:
            self._body_bytes += len(body)
            super().on_body(body)

    def _feed_body(self) -> bool:
        """Reject endless chunk sizes, extensions and trailers. h11 limits these itself."""
        before = self._at
        is_fed = super()._feed_body()
        self._fed_bytes += self._at - before
        if self._fed_bytes > HEAD_BYTES_MAX + _CHUNK_OVERHEAD_MAX * self._body_bytes:
            self._close_with(HEADERS_TOO_LARGE_RESPONSE)
        return is_fed


class DirectHttpToolsProtocol(HardenedHttpToolsProtocol):
    """Answer plain requests in the parser callbacks.

    A request is plain if it is for the API, keeps the connection alive and has a body of a known,
    small size. It goes uvicorn's way after all if its response has to wait or has a fault.
    """

    _is_api = False
    _known_url = b""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._raw_headers: dict[bytes, bytes] = {}
        # The parser calls these for every request and every header. A C method takes a quarter of
        # the time of a Python method. If a header occurs twice, the last value wins.
        self.on_message_begin = self._raw_headers.clear  # type: ignore[method-assign] # a method of the class
        self.on_header = self._raw_headers.__setitem__  # type: ignore[assignment, method-assign] # called with positional arguments
        super().__init__(*args, **kwargs)

    def on_url(self, url: bytes) -> None:
        """Keep the URL, which arrives in one piece, because the head does."""
        self.url = url

    def on_headers_complete(self) -> None:
        """Choose the direct way or uvicorn's."""
        self._head = head = {name.lower(): value for name, value in self._raw_headers.items()}
        if self.url != self._known_url:
            self._parse_url(self.url)
        self._body = b""
        self._length = int(head.get(b"content-length", b"0"))
        self._is_direct = self._waits_for_body = (
            self._is_api
            and self._length <= _DIRECT_BODY_BYTES_MAX
            and b"transfer-encoding" not in head
            and b"expect" not in head
            and self.parser.should_keep_alive()
            and not (b"connection" in head and self.parser.get_http_version() == "1.0")
            and not self.parser.should_upgrade()
        )
        if not self._is_direct:
            self._start_asgi(self.config.loaded_app)

    def _parse_url(self, url: bytes) -> None:
        """Parse and remember a URL: most requests of a connection repeat the previous one."""
        self._known_url = url
        path, _, self._query = url.partition(b"?")
        self._path = _decode_path(path)
        self._is_api = url[:1] == b"/" and "_mock" not in self._path

    def on_message_complete(self) -> None:
        """Respond to the complete request."""
        self._waits_for_body = False
        if self._is_direct:
            self._respond()
        else:
            super().on_message_complete()

    def _respond(self) -> None:
        method = self.parser.get_method().decode("latin-1")
        head = self._head
        if self.scheme == "https":
            head[SCHEME] = b"https"
        app: Any = self.config.app  # not uvicorn's wrapper, which the trace log level adds
        reply = app.handle(method, self._path, self._query, head, self._body)
        if type(reply) is Reply and not reply.waits():
            lines: bytes = self.server_state.header_lines
            head_only = method == "HEAD"
            self.transport.write(response(reply, lines, close=False, head_only=head_only))
        else:
            request = (method, self._path, self._query, head, self._body)
            self._start_asgi(partial(app.respond, request, reply))
            super().on_message_complete()

    def _start_asgi(self, app: Callable[..., Any]) -> None:
        """Pass the current request on to uvicorn, to be answered by an ASGI application."""
        url, self.app = self.url, app
        super().on_message_begin()  # the class's method
        self.url = url
        self.headers.extend(self._head.items())
        self.expect_100_continue = self._head.get(b"expect", b"").lower() == b"100-continue"
        super().on_headers_complete()

    def _feed_body(self) -> bool:
        """Hold a body on the direct way until it is complete."""
        if not self._is_direct:
            return super()._feed_body()
        at, end = self._at, self._at + self._length
        if end > len(self._data):
            return False
        self._at = end
        self._body = self._data[at:end]
        self.parser.feed_data(self._body)
        self._is_in_request = False
        return True


def untested_versions() -> str:
    """Return the installed packages whose versions are not in TESTED."""
    return ", ".join(
        f"{name} {installed}"
        for name, tested in TESTED.items()
        if ".".join((installed := version(name)).split(".")[:2]) not in tested
    )


def _decode_path(path: bytes) -> str:
    text = path.partition(b"#")[0].decode("latin-1")
    return unquote(text) if "%" in text else text
