"""Check server URLs and limit the request rate. Clover's production hosts are never allowed."""

import re
import threading
from collections.abc import Callable
from typing import get_args
from urllib.parse import urlsplit

from mock_clover.client import ClientError, Response
from mock_clover.clover.common.hosts import DOMAIN, SANDBOX_DOMAIN, Service, sandbox_host
from mock_clover.conformance.run_flow import Send
from mock_clover.sandbox.clock import elapsed_ns, started_ns

PER_SECOND = 8
"""Half of Clover's documented limit per token (MD:api-usage-rate-limits)."""
PER_SECOND_MAX = 16
"""Maximum on Clover's hosts."""
SANDBOX: dict[Service, str] = {
    service: f"https://{sandbox_host(service)}" for service in get_args(Service)
}
_SANDBOX_PATH = re.compile(r"/sandbox/[^/]+$")
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+(?:%[a-z0-9._-]+)?")
"""A host name in ASCII, or an address. Clients map other spellings to ASCII, for example an
ideographic full stop to a dot, so they could name any host."""
_RETRIES_MAX, _WAIT_S_MAX = 3, 30


class AddressError(Exception):
    """A URL or a rate is not allowed. The message says why."""


def validate_url(url: str) -> str:
    """Validate a URL and return it without a trailing slash. Raises AddressError."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError as error:
        raise AddressError(f"{url}: {error}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AddressError(f"{url}: must be an http:// or https:// URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise AddressError("the URL must not contain credentials, a query or a fragment")
    if not _HOST.fullmatch(host):
        raise AddressError(f"{host!a}: write the host name in ASCII, without percent-encoding")
    if _is_clover_host(host) and not host.endswith(f".{SANDBOX_DOMAIN}"):
        raise AddressError(
            f"{host} is a production host of Clover; only *.{SANDBOX_DOMAIN} is allowed"
        )
    return url.rstrip("/")


def service_urls(against: str, overrides: dict[Service, str | None]) -> dict[Service, str]:
    """Return the URL of each service. Any host of Clover's sandbox selects all of its hosts.

    Raises AddressError.
    """
    against = validate_url(against)
    host = urlsplit(against).hostname or ""
    default = SANDBOX if _is_clover_host(host) else dict.fromkeys(SANDBOX, against)
    return {
        service: validate_url(url) if (url := overrides.get(service)) else default[service]
        for service in SANDBOX
    }


def server_root(against: str) -> str:
    """Return the base URL of a mock-clover server, without a sandbox path."""
    return _SANDBOX_PATH.sub("", validate_url(against))


def check_rate(per_second: int, urls: dict[Service, str]) -> None:
    """Raise AddressError if the rate is above Clover's limit on Clover's hosts."""
    hosts = (urlsplit(url).hostname or "" for url in urls.values())
    if per_second > PER_SECOND_MAX and any(map(_is_clover_host, hosts)):
        raise AddressError(f"--rate exceeds Clover's limit of {PER_SECOND_MAX} requests per second")


def _is_clover_host(host: str) -> bool:
    return f".{host.rstrip('.')}".endswith(f".{DOMAIN}")


class RateLimitedSender:
    """Sends requests one at a time at a limited rate, and honors `Retry-After`."""

    def __init__(
        self,
        send: Send,
        per_second: int = PER_SECOND,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._send = send
        self._interval_s = 1 / per_second
        self._wait = wait or threading.Event().wait
        self._last_ns = 0

    def __call__(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Response:
        """Send a request at the limited rate. Raises ClientError."""
        response = self._send_rate_limited(method, url, headers, body)
        for _ in range(_RETRIES_MAX):
            retry_after = response.headers.get("retry-after", "")
            if (
                response.status != 429
                or not retry_after.isdecimal()
                or int(retry_after) > _WAIT_S_MAX
            ):
                break
            self._wait(int(retry_after))
            response = self._send_rate_limited(method, url, headers, body)
        return response

    def _send_rate_limited(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> Response:
        passed_s = elapsed_ns(self._last_ns) / 1e9
        if self._last_ns and passed_s < self._interval_s:
            self._wait(self._interval_s - passed_s)
        self._last_ns = started_ns()
        return self._send(method, url, headers, body)


def has_control(root: str, send: Send, headers: dict[str, str]) -> bool:
    """Return whether a mock-clover serves its control API at a URL. Raises ClientError."""
    try:
        response = send("GET", f"{root}/_mock/clock", headers, None)
    except ClientError as error:
        raise ClientError(f"{root}: {error}") from None
    return response.status == 200 and b'"now_ms"' in response.body
