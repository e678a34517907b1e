"""In-process transport: an ASGI application with the test API, without a socket."""

import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

from starlette.applications import Starlette

from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.scenario.load import load
from mock_clover.server.app import App
from mock_clover.server.build import create_app
from mock_clover.testing.handle import MockClover


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

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes]:
        """Handle one request. Waiting for more entries works only if other threads add them."""
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
        return reply.status, reply.body


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

    @property
    def __call__(self) -> Callable[[Any, Any, Any], Awaitable[None]]:
        """The application itself, so that frameworks detect a coroutine function."""
        return self.app.__call__
