"""A Clover in process: an ASGI application with the handle of a test, and no socket."""

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
_ON_A_WIRE = ("drop", "hang", "truncate", "garbage", "dribble")


class Parts:
    """What the applications of a run share: the key pair and the default scenario."""

    def __init__(self) -> None:
        self._keys = KeyRing()
        self._scenario = load("sandbox")

    def app(self) -> App:
        """Return a fresh application."""
        log = ExchangeLog(None, "none")
        return build(self._scenario, self._keys, seed=_SEED, log=log, switched={})


class InProcessTransport:
    """The way to an application in process: a plain call."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.blob = ""

    def call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], wait_s: float
    ) -> tuple[int, bytes]:
        """Make one call; to wait for more is of use only where other threads go on."""
        target, _, query = path.partition("?")
        head = {name.lower().encode(): value.encode() for name, value in headers.items()}
        asked = (method, target, query.encode(), {b"host": b"localhost", **head}, body or b"")
        reply = self._app.reply_to(*asked)
        if not reply.status:  # a delay: nobody is there to be kept waiting
            reply = self._app.reply_to(*asked, waited=True)
        if reply.pending_ms and target.endswith("/_mock/deliveries"):
            self._app.deliver_now()
            reply = self._app.reply_to(*asked)
        started = started_ns()
        watchers, changed = self._app.sandboxes.default.journal.watchers, threading.Event()
        watchers.add(changed.set)
        try:
            while reply.pending_ms and (left_s := wait_s - elapsed_ns(started) / 1e9) > 0:
                changed.wait(left_s)
                changed.clear()
                reply = self._app.reply_to(*asked)
        finally:
            watchers.discard(changed.set)
        return reply.status, reply.body


class MockCloverApp(MockClover):
    """A sandbox in process; call it as an ASGI application."""

    @classmethod
    def inside(cls, parts: Parts, asked: dict[str, Any]) -> Self:
        """Make a fresh one."""
        app = parts.app()
        made = cls.make(InProcessTransport(app), DEFAULT, asked)
        made._app = app
        return made

    _app: App

    @property
    def __call__(self) -> Callable[[Any, Any, Any], Awaitable[None]]:
        """The application itself: who looks whether it is a coroutine function sees that it is."""
        return self._app.__call__

    def fault(self, kind: str, **more: Any) -> dict[str, Any]:
        """Put a fault in force; what happens to a connection needs one, and is refused."""
        if kind in _ON_A_WIRE:
            raise MockCloverError(f"{kind} needs a socket: take the fixture mock_clover")
        return super().fault(kind, **more)
