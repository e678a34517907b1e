"""Find the sandbox of a request, and create it if the request may use it."""

import re
from itertools import islice

from mock_clover.clover.platform.http import PLATFORM_PATH, merchant_id_from_path
from mock_clover.engine.endpoint import sandbox_and_server
from mock_clover.sandbox.names import NAME, NAME_RULE, is_masked
from mock_clover.sandbox.presented import last_word, presented_credential, presents_any_of
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.server.app.control_guard import CONTROL_PATH, DASHBOARD, ControlGuard

SANDBOX_PREFIX = "/sandbox/"
_OAUTH_PATH = "/oauth/"
_NAMED_MAX = 5
"""More sandboxes are not listed in a reason."""
_SANDBOX_PATH = re.compile(rf"{SANDBOX_PREFIX}({NAME})(/.*)$")


class SandboxResolver:
    """Finds sandboxes by the path and the credentials of a request."""

    def __init__(self, sandboxes: Sandboxes, control_guard: ControlGuard) -> None:
        self._sandboxes = sandboxes
        self._control_guard = control_guard

    def resolve(
        self,
        path: str,
        headers: dict[bytes, bytes],
        query: bytes = b"",
        body: bytes | None = b"",
    ) -> tuple[Sandbox, str]:
        """Return the sandbox of a request and the path within it."""
        match = _SANDBOX_PATH.match(path) if path.startswith(SANDBOX_PREFIX) else None
        own = self._sandbox_at(match[1], match[2], headers, query, body) if match else None
        if match and own is not None:
            path = match[2]
            sandbox = _merchant_sandbox(own, path, headers) if own.merchants else own
        elif path.startswith(PLATFORM_PATH):
            sandbox = self._sandboxes.for_merchant(
                merchant_id_from_path(path)
            ) or self._sandboxes.for_request(headers)
        elif path.startswith(_OAUTH_PATH):
            sandbox = self._sandboxes.for_oauth_client(query, body) or self._sandboxes.for_request(
                headers
            )
        else:
            sandbox = self._sandboxes.for_request(headers)
        return sandbox, without_slash(path)

    def note(self, sandbox: Sandbox, path: str) -> str:
        """Return what a client should know about its `/sandbox/` path, or ''.

        `path` is the path within the sandbox.
        """
        if path.startswith(SANDBOX_PREFIX):
            return f"the sandbox name is invalid: {NAME_RULE}"
        if not self._sandboxes.is_registered(sandbox):
            return f"the request has no credential of sandbox {sandbox.name}, so it was not created"
        return ""

    def owner_note(self, sandbox: Sandbox, path: str, headers: dict[bytes, bytes], why: str) -> str:
        """Return which sandbox the credential of a rejected request belongs to, or ''.

        If it is unknown here, return which sandboxes the server has, to those who may list them.
        `why`: the reason of the rejection.
        """
        presented = [
            (f"the header {header.decode()} has a credential", last_word(headers.get(header, b"")))
            for header in (b"authorization", b"apikey")
        ]
        if path.startswith(PLATFORM_PATH):
            presented.append(("the path has the merchant id", merchant_id_from_path(path)))
        for where, credential in presented:
            owner = self._sandboxes.owner_of(credential) if credential else None
            if owner is not None and owner.name != sandbox.name:
                return f"{where} of sandbox {owner.name}"
        names = [each.name for each in islice(self._sandboxes, _NAMED_MAX + 1)]
        is_unknown = sandbox_and_server(sandbox, headers) in why
        if (
            not is_unknown
            or len(names) > _NAMED_MAX
            or not self._may_control(CONTROL_PATH, headers)
        ):
            return ""
        return f"the sandboxes of this server: {', '.join(names)}"

    def _sandbox_at(
        self,
        name: str,
        path: str,
        headers: dict[bytes, bytes],
        query: bytes,
        body: bytes | None,
    ) -> Sandbox | None:
        """Return the sandbox of a name, or None if no sandbox can have this name.

        A request that presents one of its credentials, or may control it, creates it. Any other
        request, and a control request with `If-Match: *`, gets one that is not registered: it gets
        the same response, but it leaves no sandbox behind and evicts none.
        """
        sandbox = self._sandboxes.find(name)
        if sandbox is None and not is_masked(name):
            sandbox = self._sandboxes.prepare(name)
            credentials = (each.credentials for each in sandbox.all_merchants)
            if presents_any_of(credentials, headers, query, body) or self._may_control(
                path, headers
            ):
                self._sandboxes.register(sandbox)
        return sandbox

    def _may_control(self, path: str, headers: dict[bytes, bytes]) -> bool:
        is_control = path.startswith(CONTROL_PATH) and not path.startswith(DASHBOARD[1])
        if headers.get(b"if-match") == b"*":  # the dashboard's polls, which may follow a deletion
            return False
        return is_control and not self._control_guard.refuses(path, headers)


def path_in_sandbox(path: str) -> str:
    """Return the path of a request within its sandbox."""
    match = _SANDBOX_PATH.match(path) if path.startswith(SANDBOX_PREFIX) else None
    return without_slash(match[2] if match else path)


def without_slash(path: str) -> str:
    """Return a path without trailing slashes, as the router compares it."""
    return (path.rstrip("/") or "/") if path[-1:] == "/" else path


def _merchant_sandbox(sandbox: Sandbox, path: str, headers: dict[bytes, bytes]) -> Sandbox:
    """Return the sandbox of the merchant in the path, or of the merchant of the credential."""
    merchant_id = merchant_id_from_path(path) if path.startswith(PLATFORM_PATH) else ""
    for each in sandbox.all_merchants:
        if each.credentials.merchant_id == merchant_id:
            return each
    return sandbox.merchant_of(presented_credential(headers))
