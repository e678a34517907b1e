"""In-process transport: an ASGI application with the test API, without a socket."""

import threading
from collections.abc import Awaitable, Callable
from typing import Any, Self

from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.scenario.load import load
from mock_clover.server.app import App
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
from mock_clover.testing.handle import MockClover
from mock_clover.testing.line import MockCloverError

_SEED = "mock-clover"
_SOCKET_FAULTS = ("drop", "hang", "truncate", "garbage", "dribble")


class Parts:
    """The key pair and default scenario, shared by the applications of a run."""

    def __init__(self) -> None:
        self._keys = KeyRing()
        self._scenario = load("sandbox")

    def app(self) -> App:
        """Return a new application."""
        log = ExchangeLog(None, "none")
        return build(self._scenario, self._keys, seed=_SEED, log=log, switched={})


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
        head = {name.lower().encode(): value.encode() for name, value in headers.items()}
        request = (method, target, query.encode(), {b"host": b"localhost", **head}, body or b"")
        reply = self._app.reply_now(*request)
        if reply.pending_ms and target.endswith("/_mock/deliveries"):
            self._app.deliver_now()
            reply = self._app.reply_now(*request)
        started = started_ns()
        watchers, changed = self._app.sandboxes.default.journal.watchers, threading.Event()
        watchers.add(changed.set)
        try:
            while reply.pending_ms and (left_s := wait_s - elapsed_ns(started) / 1e9) > 0:
                changed.wait(left_s)
                changed.clear()
                reply = self._app.reply_now(*request)
        finally:
            watchers.discard(changed.set)
        return reply.status, reply.body


class MockCloverApp(MockClover):
    """An in-process sandbox that is also an ASGI application."""

    @classmethod
    def inside(cls, parts: Parts, settings: dict[str, Any]) -> Self:
        """Create a sandbox in a new application."""
        app = parts.app()
        handle = cls.make(InProcessTransport(app), DEFAULT, settings)
        handle._app = app
        return handle

    _app: App

    @property
    def __call__(self) -> Callable[[Any, Any, Any], Awaitable[None]]:
        """The application itself, so that frameworks detect a coroutine function."""
        return self._app.__call__

    def fault(self, kind: str, **more: Any) -> dict[str, Any]:
        """Add a fault. Raises MockCloverError for connection faults, which need a socket."""
        if kind in _SOCKET_FAULTS:
            raise MockCloverError(f"{kind} needs a socket: use the mock_clover fixture")
        return super().fault(kind, **more)
