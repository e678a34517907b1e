"""The ASGI application: bytes in, one synchronous answer, bytes out.

The last await before the answer is the body's. Clover's surface is answered here without any
framework in the way; pages are Starlette's, imported when the first is asked for.
"""

import random
import re
import time
from typing import TYPE_CHECKING

from mock_clover.api.answer import Reply, answer, bearer, refuse
from mock_clover.api.endpoint import Raw
from mock_clover.api.surface import SURFACE, Dispatch
from mock_clover.control.surface import CONTROL
from mock_clover.model.problem import METHOD_NOT_ALLOWED, PAYLOAD_TOO_LARGE, Refusal
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import NAME_CHARS_MAX, Sandboxes
from mock_clover.server.log import ExchangeLog

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 1_048_576
"""1 MiB: a thousand times the largest honest request."""
_DRAIN_BYTES_MAX = 64 * BODY_BYTES_MAX
"""A refused body is read on to here, so that its sender hears the 413 and not a reset."""

_SANDBOX_PATH = re.compile(
    rf"/sandbox/([A-Za-z0-9][A-Za-z0-9._\-]{{0,{NAME_CHARS_MAX - 1}}})(/.*)$"
)
_PREFLIGHT = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*, apikey, authorization, content-type, accept"),
    (b"access-control-max-age", b"600"),
)
_ANY_ORIGIN = ((b"access-control-allow-origin", b"*"),)
_DISPATCH = Dispatch((*SURFACE, *CONTROL))


class ClientGoneError(Exception):
    """The client went away before its request was whole; nothing has happened."""


class App:
    """A server's ASGI application over its sandboxes."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self.sandboxes = sandboxes
        self._log = log
        self._pages: ASGIApp | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"mock-clover speaks HTTP only, not {scope['type']}")
        started = time.perf_counter()
        path: str = scope["path"]
        if path == "/":
            return await self._page(scope, receive, send)
        method: str = scope["method"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        sandbox, path = self._sandbox(path, headers)
        try:
            body = await _body(receive)
        except ClientGoneError:
            return None
        raw = Raw(method, path, (), scope["query_string"], headers, body or b"")
        reply, silent = self._answer(sandbox, raw, too_large=body is None)
        await _send(send, reply, close=body is None)
        if not silent:
            self._log.write(sandbox.name, method, path, reply.status, reply.why, started)
        return None

    def _sandbox(self, path: str, headers: dict[bytes, bytes]) -> tuple[Sandbox, str]:
        """Return the sandbox of a request and the path within it."""
        found = _SANDBOX_PATH.match(path) if path.startswith("/sandbox/") else None
        if found:
            sandbox, path = self.sandboxes.named(found[1]), found[2]
        else:
            shown = headers.get(b"apikey", b"").decode("latin-1") or bearer(
                headers.get(b"authorization")
            )
            sandbox = self.sandboxes.by_credential(shown)
        if path[-1] == "/" and path != "/":
            path = path.rstrip("/") or "/"
        return sandbox, path

    def _answer(self, sandbox: Sandbox, raw: Raw, *, too_large: bool) -> tuple[Reply, bool]:
        """Answer one whole request; the second value says whether to keep it out of the log."""
        try:
            endpoint, ids = _DISPATCH.find(raw.method, raw.path)
            if too_large:
                PAYLOAD_TOO_LARGE.refuse()
        except Refusal as refusal:
            if raw.method == "OPTIONS" and _is_cross_origin(raw.path):
                return Reply(200, b"", "preflight", headers=_PREFLIGHT), True
            reply = refuse(sandbox, refusal, raw)
            if refusal.problem is METHOD_NOT_ALLOWED:
                allow = ", ".join((*_DISPATCH.methods(raw.path), "OPTIONS")).encode()
                reply = reply._replace(headers=((b"allow", allow),))
            return reply, False
        reply = answer(sandbox, endpoint, raw._replace(ids=ids) if ids else raw)
        if endpoint.cross_origin and b"origin" in raw.headers:
            reply = reply._replace(headers=reply.headers + _ANY_ORIGIN)
        return reply, endpoint.silent

    async def _page(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if self._pages is None:
            from mock_clover.server.pages import pages

            self._pages = pages(self.sandboxes)
        await self._pages(scope, receive, send)


def _is_cross_origin(path: str) -> bool:
    return any(endpoint.cross_origin and endpoint.path == path for endpoint in SURFACE)


async def _body(receive: "Receive") -> bytes | None:
    """Read the body; None when it is too large. Counted as it streams, whatever its length says."""
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGoneError
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= BODY_BYTES_MAX else None
    parts, size = [body], len(body)
    while message.get("more_body", False) and size <= _DRAIN_BYTES_MAX:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size <= BODY_BYTES_MAX:
            parts.append(part)
    return b"".join(parts) if size <= BODY_BYTES_MAX else None


async def _send(send: "Send", reply: Reply, *, close: bool) -> None:
    body = reply.body
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", b"%d" % len(body)),
        (b"x-mock-clover-why", reply.why.encode("ascii", "replace")),
        (b"x-request-id", b"%016x" % random.getrandbits(64)),
        *reply.headers,
    ]
    if close:
        headers.append((b"connection", b"close"))
    start: Message = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
