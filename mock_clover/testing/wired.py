"""The way to a running server: HTTP over connections that are kept, one for each call at a time."""

import contextlib
import http.client
from urllib.parse import urlsplit

from mock_clover.testing.line import MockCloverError

_PATIENCE_S = 30.0


class _StaleError(Exception):
    """The server had closed the connection while it was idle: the call was not heard."""


class HttpTransport:
    """A server at a URL; `token` is its control token, where it has one."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise MockCloverError(f"{url!r} is no address; give it as http://127.0.0.1:4242")
        self._secure = parts.scheme == "https"
        self._address = parts.netloc.rpartition("@")[2]
        self._shown = {"x-mock-clover-control": token} if token else {}
        self._idle: list[http.client.HTTPConnection] = []
        self.blob = ""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes]:
        """Make one call, from any thread. Raises MockCloverError when there is no answer."""
        asked = (method, path, body, headers | self._shown, wait_s)
        with contextlib.suppress(IndexError, _StaleError):
            return self._exchange(self._idle.pop(), *asked, kept=True)
        make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return self._exchange(make(self._address), *asked, kept=False)

    def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        wait_s: float,
        *,
        kept: bool,
    ) -> tuple[int, bytes]:
        connection.timeout = _PATIENCE_S + wait_s
        if connection.sock is not None:
            connection.sock.settimeout(connection.timeout)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            said = reply.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if kept and isinstance(error, ConnectionError):
                raise _StaleError from None
            raise MockCloverError(f"{method} {self._address}{path}: {error!r}") from None
        self._idle.append(connection)
        return reply.status, said
