"""The application: one whole request in, one synchronous answer out.

The protocol class asks `reply_to` straight from its parser, without a task or a framework in the
way; that is half the cost of a request. The same App is an ASGI application for everything else:
pages, which are Starlette's and imported when the first is asked for, and servers on h11.
"""

import re
import sys
from typing import TYPE_CHECKING, Any

from mock_clover.browser.surface import lazy_loaders as web_places
from mock_clover.clover.common.problems import METHOD_NOT_ALLOWED, PAYLOAD_TOO_LARGE, ApiError
from mock_clover.clover.places import lazy_loaders
from mock_clover.clover.platform.http import PATH as PLATFORM_PATH
from mock_clover.clover.platform.http import merchant_in
from mock_clover.control.places import lazy_loaders as control_places
from mock_clover.engine.endpoint import SCHEME, Raw
from mock_clover.engine.evidence_gate import answer_if_supported
from mock_clover.engine.pipeline import answer, refuse
from mock_clover.engine.reply import Reply
from mock_clover.engine.router import Router
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import NAME_CHARS_MAX, Sandboxes, shown_credential
from mock_clover.server.control_guard import ControlGuard
from mock_clover.server.faults import play_fault, sleep
from mock_clover.server.log import ExchangeLog
from mock_clover.server.render import reply_headers
from mock_clover.server.stream import EVENT_STREAM, stream

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_clover.server.webhook_sender import WebhookSender

BODY_BYTES_MAX = 1_048_576
"""1 MiB: a thousand times the largest honest request."""
SNAPSHOT_BYTES_MAX = 64 * BODY_BYTES_MAX
"""Of a snapshot that is put back: about a hundred thousand charges."""
DRAIN_BYTES_MAX = 64 * BODY_BYTES_MAX
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
_PAGES = frozenset({"/"})
_CONTROL = "/_mock/"
_DASHBOARD = ("/_mock", "/_mock/static/")
"""The dashboard's page and files, which hold nothing of a sandbox."""
_OAUTH = "/oauth/"
_ISSUER = "/3ds/"
_PROBES = frozenset({"/readyz", "/livez", "/healthz"})
_AWAITED = ("/_mock/journal", "/_mock/verify", "/_mock/deliveries")

_new_tuple = tuple.__new__  # of what every request makes: this takes half the time


class App:
    """A server's application over its sandboxes."""

    def __init__(
        self,
        sandboxes: Sandboxes,
        log: ExchangeLog,
        gate: ControlGuard | None = None,
        webhook_hosts: tuple[str, ...] = (),
    ) -> None:
        self.sandboxes = sandboxes
        sandboxes.set_webhook_sender(self._deliver)
        self._courier: WebhookSender | None = None
        self._webhook_hosts = tuple(map(str.lower, webhook_hosts))
        self._gate = gate or ControlGuard()
        self._log = log
        self._dispatch = Router(unmet=lazy_loaders() | control_places(sandboxes) | web_places())
        self._pages: ASGIApp | None = None

    def reply_to(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: dict[bytes, bytes],
        body: bytes | None,
        *,
        waited: bool = False,
    ) -> Reply:
        """Answer one whole request and log it; a body of None was too large.

        A reply with a status of 0 says: wait, and ask again with `waited`.
        """
        started = started_ns()
        named = self.sandboxes.of_client(query, body) if path[:7] == _OAUTH else None
        sandbox, path = (named, path) if named else self.locate(path, headers)
        raw = _new_tuple(Raw, (method, path, (), query, headers, body or b"", started))
        try:
            reply, unjournaled = self.answer(sandbox, raw, too_large=body is None, waited=waited)
        except Exception:  # noqa: BLE001 - a bug of ours must not end the connection
            reply, unjournaled = self._internal_error(), False
        if not unjournaled and reply.status:
            took_ms = elapsed_ns(started) / 1e6
            self._log.write(sandbox.name, method, path, reply.status, reply.why, took_ms)
        return reply

    def answer(
        self, sandbox: Sandbox, raw: Raw, *, too_large: bool = False, waited: bool = False
    ) -> tuple[Reply, bool]:
        """Answer within a sandbox; the second value says whether to keep it out of the log."""
        try:
            if raw.path.startswith(_DASHBOARD[0]):
                self._check(raw)
            endpoint, ids = self._dispatch.find(raw.method, raw.path)
            if too_large:
                raise PAYLOAD_TOO_LARGE.error()
        except ApiError as refusal:
            return self._lazy_loaders(sandbox, raw, refusal)
        if ids:
            raw = raw._replace(ids=ids)
        if sandbox.agenda.heap and not endpoint.unjournaled:
            run_due_jobs(sandbox)
        if sandbox.settings.refuse_inferred and not endpoint.unjournaled:
            reply = answer_if_supported(sandbox, endpoint, raw, waited=waited)
        else:
            reply = answer(sandbox, endpoint, raw, waited=waited)
        reply = endpoint.surface.finish(sandbox, endpoint, raw, reply)
        if endpoint.cross_origin and b"origin" in raw.headers:
            reply = reply._replace(headers=reply.headers + _ANY_ORIGIN)
        return reply, endpoint.unjournaled

    def _check(self, raw: Raw) -> None:
        """Refuse a control call that may not be made; a page's files need only our own name."""
        if raw.path == _DASHBOARD[0] or raw.path.startswith(_DASHBOARD[1]):
            self._gate.check_host(raw.headers)
        elif raw.path.startswith(_CONTROL):
            self._gate.check(raw.headers)

    def _lazy_loaders(self, sandbox: Sandbox, raw: Raw, refusal: ApiError) -> tuple[Reply, bool]:
        """Answer what met no endpoint, or not whole."""
        if raw.method == "OPTIONS" and self._is_cross_origin(raw.path):
            return Reply(200, b"", "preflight", headers=_PREFLIGHT), True
        reply = refuse(sandbox, refusal, raw)
        if refusal.problem is METHOD_NOT_ALLOWED:
            allow = ", ".join((*self._dispatch.methods(raw.path), "OPTIONS")).encode()
            reply = reply._replace(headers=((b"allow", allow),))
        return reply, False

    def _is_cross_origin(self, path: str) -> bool:
        return any(endpoint.cross_origin for endpoint in self._dispatch.at(path).values())

    def locate(self, path: str, headers: dict[bytes, bytes]) -> tuple[Sandbox, str]:
        """Return the sandbox of a request and the path within it."""
        found = _SANDBOX_PATH.match(path) if path.startswith("/sandbox/") else None
        if found:
            path = found[2]
            sandbox = self.sandboxes.find(found[1]) or self._create_sandbox(found[1], path)
            if sandbox.merchants:
                sandbox = _merchant_at(sandbox, path, headers)
        elif path.startswith(PLATFORM_PATH):
            sandbox = self.sandboxes.of_merchant(merchant_in(path)) or self.sandboxes.of(headers)
        else:
            sandbox = self.sandboxes.of(headers)
        if path[-1:] == "/" and path != "/":
            path = path.rstrip("/") or "/"
        return sandbox, path

    def _create_sandbox(self, name: str, path: str) -> Sandbox:
        """Make a sandbox on its first use; a probe or a path that is not served is none.

        Nor is a page of 3-D Secure, which asks on while it is open: nothing waits in a new sandbox.
        """
        if (
            path in _PROBES
            or path.startswith(_ISSUER)
            or not self._dispatch.methods(path.rstrip("/"))
        ):
            return self.sandboxes.unlisted()
        return self.sandboxes.named(name)

    def _internal_error(self) -> Reply:
        """Say that this server is wrong; where, but no value, stands in the log."""
        kind, _, trace = sys.exc_info()
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
        self._log.say(f"BUG in mock-clover: {kind.__name__ if kind else '?'} in {where}")
        return Reply(500, b'{"message":"500 Internal Server Error"}', "a bug in mock-clover")

    def _deliver(self, sandbox: Sandbox) -> None:
        """Have what is in an outbox delivered, soon and not within the present answer."""
        self._webhook_sender().wake(sandbox)

    def deliver_now(self) -> None:
        """Deliver what may go now, and wait for its end: for a caller whose loop does not run."""
        import asyncio
        import threading

        webhook_sender = self._webhook_sender()
        going = threading.Thread(target=lambda: asyncio.run(webhook_sender.drain(self.sandboxes)))
        going.start()
        going.join()

    def _webhook_sender(self) -> "WebhookSender":
        if self._courier is None:
            from mock_clover.server.webhook_sender import (
                WebhookSender,  # most servers have no webhooks
            )

            self._courier = WebhookSender(self._webhook_hosts, self._log.say)
        return self._courier

    def body_bytes_max(self, path: str) -> int:
        """Return how long a body of a path may be."""
        return SNAPSHOT_BYTES_MAX if path.endswith("/_mock/snapshot") else BODY_BYTES_MAX

    def awaits(self, path: str) -> bool:
        """Tell whether a path's answer may have to be awaited, and so goes by ASGI."""
        return path in _PAGES or path.endswith(_AWAITED)

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Serve one request as an ASGI application."""
        if scope["type"] != "http":
            raise RuntimeError(f"mock-clover speaks HTTP only, not {scope['type']}")
        if scope["path"] in _PAGES:
            await self._page(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if scope.get("scheme") == "https":
            headers[SCHEME] = b"https"
        if _wants_stream(scope, headers):
            await stream(self, scope, headers, receive, send)
            return
        try:
            body = await _body(receive, self.body_bytes_max(scope["path"]))
        except ClientGoneError:
            return
        asked = (
            scope["method"],
            scope["path"],
            scope["query_string"],
            headers,
            body,
        )
        reply = self.reply_to(*asked)
        if not reply.status:
            await sleep(reply.wait_ms)
            reply = self.reply_to(*asked, waited=True)
        elif reply.fault is not None and await play_fault(reply, scope, receive, send):
            return
        if reply.pending_ms:
            reply = await self._awaited(asked, reply)
        lines = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
        if body is None:
            lines.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": reply.body})

    async def _awaited(self, asked: Any, reply: Reply) -> Reply:
        """Answer anew after each exchange, until there is nothing more to wait for."""
        import asyncio

        sandbox, path = self.locate(asked[1], asked[3])
        sandbox.webhook_sender(sandbox)  # what was posted before there was a loop
        raw = Raw(asked[0], path, (), *asked[2:])
        changed = asyncio.Event()
        watchers = sandbox.journal.watchers
        watchers.add(changed.set)
        try:
            async with asyncio.timeout(reply.pending_ms / 1000):
                while reply.pending_ms:
                    await changed.wait()
                    changed.clear()
                    reply = self.answer(sandbox, raw)[0]
        except (TimeoutError, asyncio.CancelledError):  # waited long enough, or the server ends
            reply = self.answer(sandbox, raw)[0]
        finally:
            watchers.discard(changed.set)
        return reply

    async def _page(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if self._pages is None:
            from mock_clover.server.pages import pages

            self._pages = pages(self.sandboxes)
        await self._pages(scope, receive, send)


def _wants_stream(scope: "Scope", headers: dict[bytes, bytes]) -> bool:
    return (
        scope["method"] == "GET"
        and headers.get(b"accept") == EVENT_STREAM
        and scope["path"].endswith("/_mock/journal")
    )


def _merchant_at(sandbox: Sandbox, path: str, headers: dict[bytes, bytes]) -> Sandbox:
    """Return the merchant of a sandbox whom a path names, or whom the credential opens."""
    named = merchant_in(path) if path.startswith(PLATFORM_PATH) else ""
    for each in sandbox.family:
        if each.credentials.merchant_id == named:
            return each
    return sandbox.merchant_of(shown_credential(headers))


class ClientGoneError(Exception):
    """The client went away before its request was whole; nothing has happened."""


async def _body(receive: "Receive", bytes_max: int) -> bytes | None:
    """Read the body; None when it is too large. Counted as it streams, whatever its length says."""
    parts: list[bytes] = []
    size, more = 0, True
    while more and size <= DRAIN_BYTES_MAX:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        part = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(part)
        if size <= bytes_max:
            parts.append(part)
    return b"".join(parts) if size <= bytes_max else None
