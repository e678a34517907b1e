"""HTTP spoken by hand over a real socket: bytes out, whole replies in."""

import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from mock_clover.sandbox.credentials import derive_credentials
from tests.world import SEED

KNOWN = derive_credentials(SEED, "default")
PATIENCE_S = 60.0
"""Seconds that a test waits for an event before it fails; generous, for a slow and busy machine."""
SCRIPT_PATIENCE_S = 600
"""The same for a script of several commands, or a run of pytest."""

_MAIN = "from mock_clover.cli import main; main()"
_WITHOUT_C = "import sys; sys.modules['httptools'] = sys.modules['uvloop'] = None"


def starting(*statements: str) -> tuple[str, ...]:
    """Return a command that runs these statements before the command line starts."""
    return (sys.executable, "-c", "; ".join((*statements, _MAIN)))


PARSERS: dict[str, tuple[str, ...]] = {
    "httptools": starting("pass"),
    "h11": starting(_WITHOUT_C),
}
"""How to start a server on each parser; h11 comes with asyncio's own event loop."""


def on(parser: str, *statements: str) -> tuple[str, ...]:
    """Return a command that starts a server on a parser, after these statements."""
    return starting(*((_WITHOUT_C,) if parser == "h11" else ()), *statements)


class Told(NamedTuple):
    """A reply as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.body)


class Wire:
    """One connection to a server on this machine; with a context, by TLS."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.line = context.wrap_socket(self.line, server_hostname="scl.clover.com")
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self.line.sendall(data)

    def ask(self, data: bytes) -> Told:
        """Write one whole request and read its reply."""
        self.send(data)
        return self.reply(bodiless=data.startswith(b"HEAD "))

    def reply(self, *, bodiless: bool = False) -> Told:
        """Read one whole reply; `bodiless` is one to HEAD. Raises ConnectionError at the end."""
        while b"\r\n\r\n" not in self._held:
            self._take()
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ")
        if version != "HTTP/1.1":
            raise ValueError(f"no status line: {first!r}")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = 0 if bodiless or status == "100" else int(headers["content-length"])
        while len(self._held) < size:
            self._take()
        body, self._held = self._held[:size], self._held[size:]
        return Told(int(status), headers, body)

    def is_silent(self) -> bool:
        """Return whether nothing can be read now; ask after a later event on the same server."""
        self.line.setblocking(False)
        try:
            self.line.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._held
        else:
            return False
        finally:
            self.line.settimeout(PATIENCE_S)

    def rest(self) -> bytes:
        """Read until the server ends the connection. Raises TimeoutError when it does not."""
        with contextlib.suppress(ConnectionResetError):  # ended all the same
            while chunk := self.line.recv(65_536):
                self._held += chunk
        return self._held

    def pour(self, piece: bytes, size: int) -> bytes:
        """Write a piece again and again; return what the server says when it ends that.

        Raises TimeoutError when it takes so many bytes and does not.
        """
        with contextlib.suppress(ConnectionError):
            for _ in range(size // len(piece)):
                self.send(piece)
        return self.rest()

    def pour_once(self, data: bytes) -> bytes:
        """Write bytes and no more; return what the server says until it ends the connection."""
        with contextlib.suppress(ConnectionError):
            self.send(data)
            self.line.shutdown(socket.SHUT_WR)
        return self.rest()

    def _take(self) -> None:
        chunk = self.line.recv(65_536)
        if not chunk:
            raise ConnectionError(f"the server ended the connection after {self._held!r}")
        self._held += chunk

    def vanish(self) -> None:
        """Go away without a goodbye: the other end gets a reset."""
        at_once = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger: on, 0 seconds
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.line.close()


def head(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    version: str = "1.1",
    auth: bool = True,
) -> bytes:
    """Return the head of a request, with the default sandbox's credentials."""
    sent = {"host": "localhost"}
    if auth:
        sent |= {"authorization": f"Bearer {KNOWN.access_token}", "apikey": KNOWN.api_key}
    lines = [f"{name}: {value}\r\n" for name, value in (sent | (headers or {})).items()]
    return f"{method} {path} HTTP/{version}\r\n{''.join(lines)}\r\n".encode("latin-1")


def request(
    method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> bytes:
    """Return a whole request; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sized = {"content-length": str(len(data))} if data or method in ("POST", "PUT") else {}
    return head(method, path, headers=sized | (headers or {})) + data


def chunked(data: bytes, size: int = 65_536) -> bytes:
    """Return a body in chunks."""
    parts = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def call(port: int, method: str, path: str, body: Any = None, **headers: str) -> Told:
    """Make one request on a connection of its own."""
    with Wire(port) as wire:
        return wire.ask(request(method, path, body, headers=headers))


def make_token(port: int, pan: str = "4242424242424242") -> str:
    """Make a token and return its id."""
    card = {"number": pan, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
    return str(call(port, "POST", "/v1/tokens", {"card": card}).json["id"])


def eventually(condition: Callable[[], Any]) -> Any:
    """Return the first true value of a condition. Raises AssertionError after PATIENCE_S."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still not so after {PATIENCE_S} s")
        time.sleep(0.005)
    return found
