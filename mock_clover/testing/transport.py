"""Send JSON requests through any transport; a failure raises MockCloverError."""

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

__tracebackhide__ = True


class MockCloverError(Exception):
    """The server could not be reached or returned an error."""

    def __init__(self, message: str, status: int = 0, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status of the response; 0 without a response."""
        self.body = body
        """The decoded response body."""


MockCloverError.__module__ = "mock_clover.testing"  # the name in pytest's reports


class Transport(Protocol):
    """A way to send requests to a server."""

    blob: str
    """The server's public key, cached after the first use."""

    def use_event_loop(self, loop: "AbstractEventLoop") -> None:
        """Serve calls of other threads while the running event loop of this thread runs."""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes, str]:
        """Send one request and return status, body and reason. Raises MockCloverError."""


def request_json(
    transport: Transport,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    wait_s: float = 0.0,
) -> dict[str, Any]:
    """Send a JSON request and return the body. Raises MockCloverError unless the status is 200."""
    data = None if body is None else json.dumps(body).encode()
    all_headers = {"content-type": "application/json", **(headers or {})}
    status, raw, why = transport.call(method, path, data, all_headers, wait_s)
    try:
        decoded = json.loads(raw)
    except (ValueError, RecursionError):
        decoded = raw[:500].decode("utf-8", "replace")
    if status != 200 or not isinstance(decoded, dict):
        # The messages of control calls say what is wrong; Clover's do not.
        reason = f": {why}" if why and "/_mock/" not in path else ""
        text = f"{_message_of(decoded)} (status {status} of {method} {path}){reason}"
        raise MockCloverError(text, status, decoded)
    return decoded


def _message_of(body: Any) -> str:
    """Return the most specific message of an error response."""
    if not isinstance(body, dict):
        return str(body)
    error = body.get("error")
    if isinstance(error, dict) and error.get("message"):
        return f"{error['message']} [{error['code']}]" if error.get("code") else error["message"]
    return str(body.get("message"))
