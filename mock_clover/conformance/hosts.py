"""Which servers may be asked, and how fast: never Clover's production, always politely."""

import re
import threading
from collections.abc import Callable
from typing import get_args
from urllib.parse import urlsplit

from mock_clover.client import Answer, ClientError
from mock_clover.clover.common.hosts import DOMAIN, SANDBOX_DOMAIN, Service, sandbox_host
from mock_clover.conformance.play import Send
from mock_clover.sandbox.clock import elapsed_ns, started_ns

PER_SECOND = 8
"""Half of what Clover documents for a token (MD:api-usage-rate-limits)."""
PER_SECOND_MAX = 16
"""On Clover's own hosts."""
SANDBOX: dict[Service, str] = {
    service: f"https://{sandbox_host(service)}" for service in get_args(Service)
}
_OWN_SANDBOX = re.compile(r"/sandbox/[^/]+$")
_TRIES, _WAIT_S_MAX = 3, 30


class AddressError(Exception):
    """An address that is not asked; the message says why."""


def checked(url: str) -> str:
    """Return an address without its last slash. Raises AddressError."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError as error:
        raise AddressError(f"{url}: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AddressError(f"{url}: give an http:// or https:// address")
    if parts.username is not None or parts.query or parts.fragment:
        raise AddressError("give an address without credentials, query and fragment")
    if _is_clovers(host) and not host.endswith(f".{SANDBOX_DOMAIN}"):
        raise AddressError(
            f"{host} is Clover's production: only its sandbox, *.{SANDBOX_DOMAIN}, is asked"
        )
    return url.rstrip("/")


def urls_of(against: str, given: dict[Service, str | None]) -> dict[Service, str]:
    """Return the address of each service; those of the real sandbox follow from one of its hosts.

    Raises AddressError.
    """
    against = checked(against)
    host = urlsplit(against).hostname or ""
    default = SANDBOX if _is_clovers(host) else dict.fromkeys(SANDBOX, against)
    return {
        service: checked(url) if (url := given.get(service)) else default[service]
        for service in SANDBOX
    }


def root_of(against: str) -> str:
    """Return the root of a mock-clover: its sandboxes stand beside each other."""
    return _OWN_SANDBOX.sub("", checked(against))


def check_pace(per_second: int, urls: dict[Service, str]) -> None:
    """Refuse to ask Clover faster than it allows. Raises AddressError."""
    hosts = (urlsplit(url).hostname or "" for url in urls.values())
    if per_second > PER_SECOND_MAX and any(map(_is_clovers, hosts)):
        raise AddressError(f"Clover allows {PER_SECOND_MAX} calls a second: lower --pace")


def _is_clovers(host: str) -> bool:
    return f".{host.rstrip('.')}".endswith(f".{DOMAIN}")


class Paced:
    """Sends one request after another, so many a second, and waits when it is told to."""

    def __init__(
        self,
        send: Send,
        per_second: int = PER_SECOND,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._send = send
        self._apart_s = 1 / per_second
        self._wait = wait or threading.Event().wait
        self._last_ns = 0

    def __call__(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        """Send a request in its turn. Raises ClientError."""
        answer = self._in_turn(method, url, headers, body)
        for _ in range(_TRIES):
            told = answer.headers.get("retry-after", "")
            if answer.status != 429 or not told.isdecimal() or int(told) > _WAIT_S_MAX:
                break
            self._wait(int(told))
            answer = self._in_turn(method, url, headers, body)
        return answer

    def _in_turn(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Answer:
        passed_s = elapsed_ns(self._last_ns) / 1e9
        if self._last_ns and passed_s < self._apart_s:
            self._wait(self._apart_s - passed_s)
        self._last_ns = started_ns()
        return self._send(method, url, headers, body)


def has_control(root: str, send: Send, headers: dict[str, str]) -> bool:
    """Tell whether a server is a mock-clover whose control calls are open. Raises ClientError."""
    try:
        answer = send("GET", f"{root}/_mock/clock", headers, None)
    except ClientError as error:
        raise ClientError(f"{root}: {error}") from None
    return answer.status == 200 and b'"now_ms"' in answer.body
