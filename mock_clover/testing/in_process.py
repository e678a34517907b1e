"""In-process transport: an ASGI application with the test API, without a socket."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Self

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.scenario.load import load
from mock_clover.server.app.app import App
from mock_clover.server.build import create_app
from mock_clover.testing.handle import MockClover

__tracebackhide__ = True


class SharedResources:
    """The key pair and default scenario that all applications of a run share."""

    def __init__(self) -> None:
        self._keys = KeyRing()
        self._scenario = load("sandbox")

    def app(self) -> Starlette:
        """Return a new application."""
        return create_app(self._scenario, keys=self._keys)


class InProcessTransport:
    """Transport to an in-process application, by direct calls."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.blob = ""
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0

    def use_event_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serve calls of other threads while the running event loop of this thread runs."""
        self._event_loop, self._loop_thread = loop, threading.get_ident()

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes, str]:
        """Handle one request. Waiting for more entries works only if other threads add them.

        Requests of other threads are handled by the event loop of `use_event_loop` while it runs.
        """
        loop = self._event_loop
        if loop and loop.is_running() and threading.get_ident() != self._loop_thread:
            answer = _answer(self._app, method, path, body or b"", headers)
            return asyncio.run_coroutine_threadsafe(answer, loop).result()
        target, _, query = path.partition("?")
        raw_headers = {name.lower().encode(): value.encode() for name, value in headers.items()}
        request = (
            method,
            target,
            query.encode(),
            {b"host": b"localhost", **raw_headers},
            body or b"",
        )
        reply = self._app.handle_now(*request)
        if reply.long_poll_ms and target.endswith("/_mock/deliveries"):
            self._app.deliver_all_due()
            reply = self._app.handle_now(*request)
        started = started_ns()
        watchers, changed = self._app.sandboxes.default.journal.watchers, threading.Event()
        watchers.add(changed.set)
        try:
            while reply.long_poll_ms and (remaining_s := wait_s - elapsed_ns(started) / 1e9) > 0:
                changed.wait(remaining_s)
                changed.clear()
                reply = self._app.handle_now(*request)
        finally:
            watchers.discard(changed.set)
        return reply.status, reply.body, reply.why


async def _answer(
    app: App, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes, str]:
    """Send one request to the ASGI application; return status, body and reason."""
    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": target,
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")]
        + [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    why = dict(sent[0]["headers"]).get(b"x-mock-clover-why", b"").decode("latin-1")
    return int(sent[0]["status"]), b"".join(each.get("body", b"") for each in sent), why


class MockCloverApp(MockClover):
    """An in-process sandbox that is also an ASGI application."""

    @classmethod
    def create_in_process(cls, shared: SharedResources, settings: dict[str, Any]) -> Self:
        """Create a sandbox in a new application."""
        app = shared.app()
        handle = cls.create(InProcessTransport(app.state.mock_clover), DEFAULT, settings)
        handle.app = app
        return handle

    app: Starlette
    """The Starlette application, for example to mount it in another one."""

    if TYPE_CHECKING:

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            """Handle a request; type checkers do not accept a property as a method."""
    else:

        @property
        def __call__(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
            """The application itself, so that frameworks detect a coroutine function."""
            return self.app.__call__
