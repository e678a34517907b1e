"""A call to a server, whichever way there is to one, and what is said when it fails."""

import json
from typing import Any, Protocol


class MockCloverError(Exception):
    """The server could not be reached, or refused a call of the test's; the message says why."""

    def __init__(self, message: str, status: int = 0, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        """Of the answer; 0 where there was none."""
        self.body = body
        """The decoded answer."""


class Transport(Protocol):
    """A way to a server."""

    blob: str
    """The public key once it is known: it is the server's, not a sandbox's."""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes]:
        """Make one call and return status and body. Raises MockCloverError."""


def ask(
    line: Transport,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    wait_s: float = 0.0,
) -> dict[str, Any]:
    """Make one call in JSON. Raises MockCloverError for every answer but 200."""
    data = None if body is None else json.dumps(body).encode()
    sent = {"content-type": "application/json", **(headers or {})}
    status, said = line.call(method, path, data, sent, wait_s)
    try:
        told = json.loads(said)
    except ValueError:
        told = said[:500].decode("utf-8", "replace")
    if status != 200 or not isinstance(told, dict):
        message = told.get("message") if isinstance(told, dict) else told
        raise MockCloverError(f"{method} {path}: {status}: {message}", status, told)
    return told
