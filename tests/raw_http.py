"""Raw HTTP over a socket."""

import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from mock_clover.sandbox.credentials import derive_credentials
from tests.in_process import SEED

CREDENTIALS = derive_credentials(SEED, "default")
TIMEOUT_S = 60.0
"""Seconds that a test waits for an event before it fails; long enough for a busy machine."""
COMMAND_TIMEOUT_S = 600
"""Seconds that a script of several commands, or a run of pytest, may take."""

_MAIN = "from mock_clover.cli import main; main()"
_WITHOUT_C = "import sys; sys.modules['httptools'] = sys.modules['uvloop'] = None"


def command_after(*statements: str) -> tuple[str, ...]:
    """Return the command `mock-clover`, run by Python after these statements."""
    return (sys.executable, "-c", "; ".join((*statements, _MAIN)))


PARSERS: dict[str, tuple[str, ...]] = {
    "httptools": command_after("pass"),
    "h11": command_after(_WITHOUT_C),
}
"""The command that starts a server with each parser; with h11 it uses asyncio's event loop."""


def command_with(parser: str, *statements: str) -> tuple[str, ...]:
    """Return a command that starts a server with a parser, after these statements."""
    return command_after(*((_WITHOUT_C,) if parser == "h11" else ()), *statements)


class RawResponse(NamedTuple):
    """A response as it was received."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


class RawConnection:
    """A connection to a server on this machine, with TLS if a context is given."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="scl.clover.com")
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self.socket.sendall(data)

    def exchange(self, data: bytes) -> RawResponse:
        """Send one request and read its response."""
        self.send(data)
        return self.read_response(bodiless=data.startswith(b"HEAD "))

    def read_response(self, *, bodiless: bool = False) -> RawResponse:
        """Read one response; `bodiless` is one to HEAD. Raises ConnectionError at the end."""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = first.split(" ")
        if version != "HTTP/1.1":
            raise ValueError(f"not a status line: {first!r}")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        size = 0 if bodiless or status == "100" else int(headers["content-length"])
        while len(self._buffer) < size:
            self._receive()
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        return RawResponse(int(status), headers, body)

    def is_silent(self) -> bool:
        """Return whether nothing can be read now. Call it after a later event on the server."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._buffer
        else:
            return False
        finally:
            self.socket.settimeout(TIMEOUT_S)

    def read_to_end(self) -> bytes:
        """Read until the server closes the connection. Raises TimeoutError when it does not."""
        with contextlib.suppress(ConnectionResetError):  # a reset closes it too
            while chunk := self.socket.recv(65_536):
                self._buffer += chunk
        return self._buffer

    def send_repeatedly(self, piece: bytes, size: int) -> bytes:
        """Write a piece until `size` bytes are sent or the server closes; return its response.

        Raises TimeoutError when the server does not close the connection.
        """
        with contextlib.suppress(ConnectionError):
            for _ in range(size // len(piece)):
                self.send(piece)
        return self.read_to_end()

    def send_to_end(self, data: bytes) -> bytes:
        """Write bytes, shut down the sending side, and read until the server closes."""
        with contextlib.suppress(ConnectionError):
            self.send(data)
            self.socket.shutdown(socket.SHUT_WR)
        return self.read_to_end()

    def _receive(self) -> None:
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise ConnectionError(f"the server closed the connection after {self._buffer!r}")
        self._buffer += chunk

    def reset(self) -> None:
        """Close the connection with a reset."""
        at_once = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger: on, 0 seconds
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.socket.close()


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
        sent |= {
            "authorization": f"Bearer {CREDENTIALS.access_token}",
            "apikey": CREDENTIALS.api_key,
        }
    lines = [f"{name}: {value}\r\n" for name, value in (sent | (headers or {})).items()]
    return f"{method} {path} HTTP/{version}\r\n{''.join(lines)}\r\n".encode("latin-1")


def request(
    method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> bytes:
    """Return a whole request; a body that is not bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    length = {"content-length": str(len(data))} if data or method in ("POST", "PUT") else {}
    return head(method, path, headers=length | (headers or {})) + data


def chunked(data: bytes, size: int = 65_536) -> bytes:
    """Return a body in chunked transfer coding."""
    parts = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def call(port: int, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
    """Send one request on a new connection."""
    with RawConnection(port) as connection:
        return connection.exchange(request(method, path, body, headers=headers))


def make_token(port: int, pan: str = "4242424242424242") -> str:
    """Create a token and return its id."""
    card = {"number": pan, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
    return str(call(port, "POST", "/v1/tokens", {"card": card}).json["id"])


def eventually(condition: Callable[[], Any]) -> Any:
    """Return the first true value of a condition. Raises AssertionError after TIMEOUT_S."""
    deadline = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still false after {TIMEOUT_S} s")
        time.sleep(0.005)
    return found
