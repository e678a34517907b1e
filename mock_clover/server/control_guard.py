"""The gate before the control calls: they steer the server, so no stranger's page may make them.

- A Host that could be a stranger's domain is refused: a page may rebind its name to this address.
  Addresses, single-label names (as compose gives) and private suffixes cannot be a stranger's.
- A request that a page of another origin makes is refused, and no reply allows one to be read.
- With a control token, each call must carry it in `x-mock-clover-control`.
"""

import hmac
import re

from mock_clover.clover.common.problems import CONTROL_FORBIDDEN, PATH_NOT_FOUND
from mock_clover.core.record import Record

TOKEN_HEADER = b"x-mock-clover-control"
_PRIVATE = (".localhost", ".local", ".internal", ".test", ".svc", ".cluster.local", ".home.arpa")
_ADDRESS = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?")
_NAME = re.compile(r"([a-z0-9._-]*)(?::\d*)?")


class ControlGuard(Record, frozen=True, kw_only=True):
    """Who may make control calls."""

    is_open: bool = True
    token: str | None = None
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject an empty token: a request without the header would match it. Raises ValueError."""
        if self.token is not None and not self.token.strip():
            raise ValueError("the control token is empty; None means that no token is required")

    def check_host(self, headers: dict[bytes, bytes]) -> str:
        """Refuse a Host that could be a stranger's, and everything where the gate is shut."""
        if not self.is_open:
            raise PATH_NOT_FOUND.error()
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_ours(host):
            raise CONTROL_FORBIDDEN.error(
                said="Host: this name is not allowed to make control calls; allow it with "
                "`mock-clover serve --control-host NAME`"
            )
        return host

    def check(self, headers: dict[bytes, bytes]) -> None:
        """Refuse a control call that may not be made."""
        host = self.check_host(headers)
        origin = headers.get(b"origin", b"").decode("latin-1").lower()
        elsewhere = headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site")
        if elsewhere or (origin and origin.partition("://")[2] != host):
            raise CONTROL_FORBIDDEN.error(
                said="Origin: pages of other origins make no control calls"
            )
        shown = headers.get(TOKEN_HEADER, b"")
        if self.token is not None and not hmac.compare_digest(shown, self.token.encode()):
            raise CONTROL_FORBIDDEN.error(
                said=f"{TOKEN_HEADER.decode()}: the control token is missing"
            )

    def _is_ours(self, host: str) -> bool:
        if _ADDRESS.fullmatch(host):
            return True
        named = _NAME.fullmatch(host)
        if named is None:
            return False
        bare = named[1]
        return "." not in bare or bare.endswith(_PRIVATE) or bare in self.hosts
