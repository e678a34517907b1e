"""HTTP transport to a running server, with connection reuse."""

import contextlib
import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mock_clover.testing.transport import MockCloverError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__tracebackhide__ = True

_TIMEOUT_S = 30.0


class _StaleConnectionError(Exception):
    """The server closed the idle connection and did not receive the request."""


class HttpTransport:
    """Transport to a server at a URL; `token` is its control token, if any."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise MockCloverError(
                f"{url!r} is not a valid URL; expected for example http://127.0.0.1:4242"
            )
        self._secure = parts.scheme == "https"
        self._address = parts.netloc.rpartition("@")[2]
        self._headers = {"x-mock-clover-control": token} if token else {}
        self._idle: list[http.client.HTTPConnection] = []
        self.blob = ""

    def use_event_loop(self, loop: "AbstractEventLoop") -> None:
        """Do nothing: the server has its own event loop."""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes, str]:
        """Send one request, from any thread. Raises MockCloverError without a response."""
        request = (method, path, body, headers | self._headers, wait_s)
        with contextlib.suppress(IndexError, _StaleConnectionError):
            return self._send(self._idle.pop(), *request, reused=True)
        connection_type = (
            http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        )
        return self._send(connection_type(self._address), *request, reused=False)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        wait_s: float,
        *,
        reused: bool,
    ) -> tuple[int, bytes, str]:
        connection.timeout = _TIMEOUT_S + wait_s
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if reused and isinstance(error, ConnectionError):
                raise _StaleConnectionError from None
            reason = str(error) or type(error).__name__
            raise MockCloverError(f"{reason} ({method} {self._address}{path})") from None
        self._idle.append(connection)
        return response.status, content, response.headers.get("x-mock-clover-why", "")
