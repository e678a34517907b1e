"""The core: handle one complete request synchronously and return its response.

The protocol class of `mock-clover serve` calls `handle` directly for plain requests, without a task
or a framework. This halves the cost of a request. Everything else uses the core as an ASGI
application: control calls, requests that wait, servers that run on h11, and the Starlette
application (`starlette_app.py`) on any ASGI server.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from mock_clover.browser.surface import BROWSER_SURFACE, STATIC_ROUTER
from mock_clover.clover.common.problems import (
    METHOD_NOT_ALLOWED,
    PAYLOAD_TOO_LARGE,
    UNAUTHORIZED,
    ApiError,
)
from mock_clover.clover.surface import SURFACE
from mock_clover.control.snapshot.endpoints import SNAPSHOT_BYTES_MAX
from mock_clover.control.surface import CONTROL_ENDPOINTS, server_endpoints
from mock_clover.core.error_text import error_location
from mock_clover.core.steps import Steps, Work, finish
from mock_clover.engine import answering
from mock_clover.engine.endpoint import Endpoint, RawRequest
from mock_clover.engine.evidence_gate import reject_unless_inferred
from mock_clover.engine.remarks import with_ignored
from mock_clover.engine.reply import Reply, Wait, error_reply
from mock_clover.engine.router import Router
from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.exchange import NOT_READ
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.server.app.asgi_scope import has_body, headers_of, path_in_app
from mock_clover.server.app.body import REASON, ClientDisconnectedError, HeldBytes
from mock_clover.server.app.connection import run_unless_shut_down, sleep
from mock_clover.server.app.control_guard import DASHBOARD, ControlGuard
from mock_clover.server.app.faults import apply_fault
from mock_clover.server.app.forbidden_page import forbidden_page
from mock_clover.server.app.long_poll import UNAVAILABLE_BODY, long_poll
from mock_clover.server.app.render import reply_headers
from mock_clover.server.app.replica import addressing_error
from mock_clover.server.app.resolver import (
    SANDBOX_PREFIX,
    SandboxResolver,
    path_in_sandbox,
    without_slash,
)
from mock_clover.server.app.stream import stream, wants_stream
from mock_clover.server.log import ExchangeLog
from mock_clover.server.slices import Slices

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mock_clover.server.webhook_sender import WebhookSender

BODY_BYTES_MAX = 1_048_576
"""1 MiB: a thousand times the largest valid request."""
_INTERNAL_ERROR_BODY = b'{"message":"500 Internal Server Error"}'
_SNAPSHOT = "/_mock/snapshot"


class App:
    """Serve all sandboxes of one server."""

    def __init__(
        self,
        sandboxes: Sandboxes,
        log: ExchangeLog,
        control_guard: ControlGuard | None = None,
        webhook_hosts: tuple[str, ...] = (),
    ) -> None:
        self.sandboxes = sandboxes
        sandboxes.set_webhook_sender(self._schedule_deliveries)
        self._sender: WebhookSender | None = None
        self._webhook_hosts = tuple(map(str.lower, webhook_hosts))
        self._control_guard = control_guard or ControlGuard()
        self._resolver = SandboxResolver(sandboxes, self._control_guard)
        self.resolve_sandbox = self._resolver.resolve
        self.log = log
        self.held = HeldBytes()
        self.slices = Slices()
        """Runs the work that `handle` returns."""
        own_endpoints = server_endpoints(sandboxes, self._control_guard.allows_dashboard)
        self.endpoints = (*SURFACE, *CONTROL_ENDPOINTS, *own_endpoints, *BROWSER_SURFACE)
        """All operations, control endpoints and files."""
        self._router = Router(own_endpoints, base=STATIC_ROUTER)

    def handle(
        self,
        method: str,
        path: str,
        query: bytes,
        headers: dict[bytes, bytes],
        body: bytes | None,
        *,
        after_delay: Wait | None = None,
        error: ApiError | None = None,
    ) -> Reply | Wait | Work[Reply | Wait]:
        """Handle one complete request and log it.

        A body of None means that it was not read because of `error`; by default it is too large.
        A `Wait` means that nothing has happened yet: wait, then call again with `after_delay=` it.
        `Work` takes long: run it with `slices`.
        """
        started = started_ns()
        sandbox = self.sandboxes.default  # for the log, if finding the sandbox fails
        reply: Reply | Wait | Work[Reply | Wait]
        unjournaled, note = False, ""
        is_prefixed = path.startswith(SANDBOX_PREFIX)
        try:
            if is_prefixed and self.sandboxes.lacks_fixtures(path.split("/", 3)[2]):
                request = (method, path, query, headers, body)
                steps = self._handle_after_fixtures(request, after_delay, error)
                return Work(steps, self.sandboxes)
            if self.sandboxes.is_replica and method != "OPTIONS":
                misdirected = addressing_error(path)
                if misdirected is not None:
                    reply = self._misdirected_reply(path, headers, misdirected)
                    return self._end(reply, sandbox, method, path, started, note, unjournaled)
            sandbox, path = self.resolve_sandbox(path, headers, query, body)
            note = self._resolver.note(sandbox, path) if is_prefixed else ""
            raw = RawRequest(
                method=method,
                path=path,
                query=query,
                headers=headers,
                body=NOT_READ if body is None else body,
                started_ns=started,
            )
            reply, unjournaled = self.handle_in_sandbox(
                sandbox,
                raw,
                error=(error or PAYLOAD_TOO_LARGE.error()) if body is None else None,
                after_delay=after_delay,
            )
            if type(reply) is Reply and reply.status == UNAUTHORIZED.status:
                note = self._note_on_credential(sandbox, path, headers, reply, note)
        except Exception as bug:  # noqa: BLE001 - a bug must not end the connection
            reply = self._internal_error(bug)
        if type(reply) is Work:
            ending = (sandbox, method, path, started, note, unjournaled)
            return reply.then(partial(self._end_work, ending))
        return self._end(reply, sandbox, method, path, started, note, unjournaled)

    def _handle_after_fixtures(
        self,
        request: Any,
        after_delay: Wait | None,
        error: ApiError | None,
    ) -> Steps[Reply | Wait]:
        """Create the fixtures of the server's scenario, which the new sandbox needs."""
        try:
            yield from self.sandboxes.factory.load_own_fixtures()
        except Exception as bug:  # noqa: BLE001 - as in `handle`
            return self._internal_error(bug)
        reply = self.handle(*request, after_delay=after_delay, error=error)
        return (yield from reply.steps) if isinstance(reply, Work) else reply

    def _note_on_credential(
        self, sandbox: Sandbox, path: str, headers: dict[bytes, bytes], reply: Reply, note: str
    ) -> str:
        """Append which sandbox the credential of a rejected request belongs to."""
        if UNAUTHORIZED not in reply.basis:
            return note
        owner = self._resolver.owner_note(sandbox, path, headers, reply.why)
        return "; ".join(filter(None, (note, owner)))

    def _end_work(self, ending: Any, steps: Steps[Reply | Wait]) -> Steps[Reply | Wait]:
        """Run a request that takes long to its end."""
        try:
            reply = yield from steps
        except Exception as bug:  # noqa: BLE001 - a bug must not end the connection
            reply = self._internal_error(bug)
        return self._end(reply, *ending)

    def _end(
        self,
        reply: Reply | Wait,
        sandbox: Sandbox,
        method: str,
        path: str,
        started: int,
        note: str,
        unjournaled: bool,  # noqa: FBT001 - passed on
    ) -> Reply | Wait:
        """Log an exchange and return its response, with what the client should know."""
        if isinstance(reply, Wait):
            return reply
        if note:
            reply = replace(reply, why=f"{reply.why}; {note}")
        if not unjournaled:
            duration_ms = elapsed_ns(started) / 1e6
            status = reply.status if reply.fault is None else reply.sent_status
            why = with_ignored(reply) if reply.headers else reply.why
            self.log.write(sandbox.name, method, path, status, why, duration_ms)
        return reply

    def handle_now(self, *request: Any, after_delay: Wait | None = None) -> Reply:
        """Handle one complete request like `handle`, but without a delay or a pause."""
        reply = self.handle(*request, after_delay=after_delay)
        if isinstance(reply, Work):
            reply = finish(reply.steps)
        return self.handle_now(*request, after_delay=reply) if isinstance(reply, Wait) else reply

    def handle_in_sandbox(
        self,
        sandbox: Sandbox,
        raw: RawRequest,
        *,
        error: ApiError | None = None,
        after_delay: Wait | None = None,
    ) -> tuple[Reply | Wait | Work[Reply | Wait], bool]:
        """Handle a request in a sandbox; return the response and whether to skip logging it."""
        endpoint: Endpoint | None = None
        try:
            if raw.path.startswith(DASHBOARD[0]):
                self._control_guard.check_path(raw.path, raw.headers)
            endpoint, ids = self._router.find(raw.method, raw.path)
            if error is not None:
                raise error
        except ApiError as early:
            return self._error_reply(sandbox, raw, early, endpoint)
        if ids:
            raw = replace(raw, ids=ids)
        surface = endpoint.surface
        reply = (
            answering.answer_after_jobs(
                sandbox, endpoint, raw, self.sandboxes.current_version_of, after_delay
            )
            if surface.runs_due_jobs and (sandbox.scheduler.heap or sandbox.merchants)
            else answering.answer_without_jobs(sandbox, endpoint, raw, after_delay)
        )
        return reply, not surface.journaled

    def _error_reply(
        self, sandbox: Sandbox, raw: RawRequest, error: ApiError, endpoint: Endpoint | None
    ) -> tuple[Reply, bool]:
        """Respond to a CORS preflight request, or reject a request before it reaches a handler."""
        if raw.method == "OPTIONS" and self._is_cross_origin(raw.path):
            return answering.PREFLIGHT_REPLY, True
        reply = reject_unless_inferred(sandbox, error, raw, endpoint)
        if error.problem is METHOD_NOT_ALLOWED:
            allow = ", ".join((*self._router.allowed_methods(raw.path), "OPTIONS")).encode()
            reply = replace(reply, headers=((b"allow", allow),))
        return (forbidden_page(raw, reply) if raw.path == DASHBOARD[0] else reply), False

    def _misdirected_reply(self, path: str, headers: dict[bytes, bytes], error: ApiError) -> Reply:
        """Reject a request whose path selects no sandbox. No journal has it."""
        reply = error_reply(self.sandboxes.default, error, headers)
        headers_out = answering.CORS_HEADERS if self._is_cross_origin(path) else ()
        return replace(reply, headers=headers_out)

    def _is_cross_origin(self, path: str) -> bool:
        return any(endpoint.cross_origin for endpoint in self._router.endpoints_at(path).values())

    def _internal_error(self, error: Exception) -> Reply:
        """Return a 500 response and log where the exception was raised.

        Its message is not logged, because it could contain card data.
        """
        self.log.write_message(f"internal error: {error_location(error)}; please report it")
        return Reply(status=500, body=_INTERNAL_ERROR_BODY, why="internal error of mock-clover")

    def _schedule_deliveries(self, sandbox: Sandbox) -> None:
        """Schedule the deliveries of an outbox; they run after the current response."""
        self._webhook_sender().wake(sandbox)

    def deliver_all_due(self) -> None:
        """Deliver everything that is due and wait. For callers without a running event loop."""
        import threading

        webhook_sender = self._webhook_sender()
        thread = threading.Thread(target=lambda: asyncio.run(webhook_sender.drain(self.sandboxes)))
        thread.start()
        thread.join()

    def _webhook_sender(self) -> "WebhookSender":
        if self._sender is None:
            from mock_clover.server.webhook_sender import (
                WebhookSender,  # most servers have no webhooks
            )

            self._sender = WebhookSender(
                self._webhook_hosts, self.log.write_message, slices=self.slices
            )
        return self._sender

    def body_bytes_max(self, path: str) -> int:
        """Return the maximum body size of a path, in bytes."""
        return SNAPSHOT_BYTES_MAX if without_slash(path).endswith(_SNAPSHOT) else BODY_BYTES_MAX

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Handle one request as an ASGI application."""
        if scope["type"] != "http":
            raise RuntimeError(f"mock-clover supports only HTTP, not {scope['type']}")
        scope = {**scope, "path": path_in_app(scope)}
        headers = headers_of(scope)
        if wants_stream(scope, headers):
            await stream(self, scope, headers, receive, send)
            return
        body: bytes | None = b""
        error = None
        if self._control_guard.refuses(path_in_sandbox(scope["path"]), headers):
            body = None if has_body(headers) else b""  # it is not read
        else:
            try:
                body, error = await self.held.read(receive, self.body_bytes_max(scope["path"]))
            except ClientDisconnectedError:
                return
        request = (scope["method"], scope["path"], scope["query_string"], headers, body)
        await self.respond(request, self.handle(*request, error=error), scope, receive, send)

    async def respond(
        self,
        request: Any,
        reply: Reply | Wait | Work[Reply | Wait],
        scope: "Scope",
        receive: "Receive",
        send: "Send",
    ) -> None:
        """Send the response that `handle` returned, after its work, waits and faults."""
        with self.held.counted(*request[3:]):
            if self.held.are_too_many and (type(reply) is not Reply or reply.waits()):
                reply = Reply(status=503, body=UNAVAILABLE_BODY, why=REASON)
            reply = await run_unless_shut_down(self.slices, reply, scope)
            await self._respond(request, reply, scope, receive, send)

    async def _respond(
        self, request: Any, reply: Reply | Wait, scope: "Scope", receive: "Receive", send: "Send"
    ) -> None:
        if isinstance(reply, Wait):
            await sleep(reply.ms, scope)
            reply = await run_unless_shut_down(
                self.slices, self.handle(*request, after_delay=reply), scope
            )
        if isinstance(reply, Wait):
            raise TypeError("a request is delayed once")
        if reply.fault is not None and await apply_fault(reply, scope, receive, send):
            return
        if reply.long_poll_ms:
            try:
                reply = await long_poll(self, request, reply, scope)
            except Exception as error:  # noqa: BLE001 - as in `handle`
                reply = self._internal_error(error)
        response_headers = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
        if request[4] is None and scope["http_version"] == "1.1":
            response_headers.append((b"connection", b"close"))
        await send(
            {"type": "http.response.start", "status": reply.status, "headers": response_headers}
        )
        is_head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if is_head else reply.body})

    async def close(self) -> None:
        """Stop the deliveries of the running event loop and write the rest of the log."""
        if self._sender is not None:
            await self._sender.close()
        self.log.flush()
