"""Protect the control API from web pages of other origins.

- Reject a Host that could be a public domain (DNS rebinding). IP addresses, single-label names
  (for example of Docker Compose services) and private suffixes cannot be public domains.
- Reject requests from pages of other origins. No control response has CORS headers.
- With a control token, each request must send it in `x-mock-clover-control`.
"""

import hmac
import re

from mock_clover.clover.common.problems import CONTROL_FORBIDDEN, PATH_NOT_FOUND, ApiError
from mock_clover.core.record import Record
from mock_clover.engine.origin import is_cross_origin

CONTROL_PATH = "/_mock/"
DASHBOARD = ("/_mock", "/_mock/static/")
"""The dashboard's page and files. They contain no sandbox data."""
TOKEN_HEADER = b"x-mock-clover-control"
_PRIVATE = (".localhost", ".local", ".internal", ".test", ".svc", ".cluster.local", ".home.arpa")
_ADDRESS = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?")
_NAME = re.compile(r"([a-z0-9._-]*)(?::\d*)?")


class ControlGuard(Record, frozen=True, kw_only=True):
    """Decide whether a control request is allowed."""

    enabled: bool = True
    token: str | None = None
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject an empty token: a request without the header would match it. Raises ValueError."""
        if self.token is not None and not self.token.strip():
            raise ValueError("the control token must not be empty; use None to require no token")

    def check_host(self, headers: dict[bytes, bytes]) -> str:
        """Reject a Host that could be a public domain. Reject all requests if not `enabled`."""
        if not self.enabled:
            raise PATH_NOT_FOUND.error()
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_local(host):
            raise CONTROL_FORBIDDEN.error(
                detail="Host: the control API does not accept this host name; allow it with "
                "`mock-clover serve --control-host NAME`"
            )
        return host

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Reject a control request with a wrong Host, Origin or token."""
        self.check_host(headers)
        if is_cross_origin(headers):
            raise CONTROL_FORBIDDEN.error(
                detail="Origin: the control API does not accept requests from other origins"
            )
        token = headers.get(TOKEN_HEADER, b"")
        if self.token is not None and not hmac.compare_digest(token, self.token.encode()):
            raise CONTROL_FORBIDDEN.error(
                detail=f"{TOKEN_HEADER.decode()}: the control token is missing or invalid"
            )

    def check_path(self, path: str, headers: dict[bytes, bytes]) -> None:
        """Reject a wrong request if the path is of the control API.

        The dashboard's files need only an allowed Host.
        """
        if path == DASHBOARD[0] or path.startswith(DASHBOARD[1]):
            self.check_host(headers)
        elif path.startswith(CONTROL_PATH):
            self.check(headers)

    def refuses(self, path: str, headers: dict[bytes, bytes]) -> bool:
        """Return whether `check_path` rejects a request."""
        try:
            self.check_path(path, headers)
        except ApiError:
            return True
        return False

    def allows_dashboard(self, headers: dict[bytes, bytes]) -> bool:
        """Return whether a request with these headers gets the dashboard's page."""
        return not self.refuses(DASHBOARD[0], headers)

    def _is_local(self, host: str) -> bool:
        if _ADDRESS.fullmatch(host):
            return True
        match = _NAME.fullmatch(host)
        if match is None:
            return False
        name = match[1]
        return "." not in name or name.endswith(_PRIVATE) or name in map(str.lower, self.hosts)
