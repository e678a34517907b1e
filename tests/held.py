"""Time and work that a test controls: a loop with a held clock, a connection on it, call counts."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn

from mock_clover.server.app import App
from mock_clover.server.direct import DirectHttpTools
from mock_clover.server.plain import GuardedH11
from mock_clover.server.serve import State
from tests.wire import Told, Wire, request

PROTOCOLS: dict[str, Any] = {"httptools": DirectHttpTools, "h11": GuardedH11}
_TURNS = 20
"""Loop iterations that let everything finish that does not wait for time or for a socket."""


class HeldLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock moves only by `advance`; sockets and threads work as usual."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        """Return the held time, in seconds."""
        return self._now_s

    async def advance(self, seconds: float) -> None:
        """Move the clock, and run what is due then."""
        await settle()
        self._now_s += seconds
        await settle()


def run(main: Callable[[HeldLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function, which is given the loop, on a loop with a held clock."""
    with asyncio.Runner(loop_factory=HeldLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, HeldLoop)
        return runner.run(main(loop))


async def settle() -> None:
    """Run what can run without time passing."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class _Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._closing = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self._closing = True

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class HeldWire(Wire):
    """A connection to an application in process, by the server's own protocol class.

    `reply` raises BlockingIOError where a socket's would wait.
    """

    def __init__(self, app: App, parser: str = "httptools") -> None:
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_config=None, access_log=False, proxy_headers=False
        )
        self._held = b""
        self._transport = _Transport()
        self._protocol = PROTOCOLS[parser](config=config, server_state=State(), app_state={})
        self._protocol.connection_made(self._transport)

    def __exit__(self, *_: object) -> None:
        self._transport.close()
        self._protocol.connection_lost(None)

    def send(self, data: bytes) -> None:
        """Hand bytes to the protocol, as one read of a socket."""
        self._protocol.data_received(data)

    def is_silent(self) -> bool:
        """Return whether nothing was written that is not read yet."""
        return not self._held and not self._transport.written

    async def answer(self, data: bytes) -> Told:
        """Send one whole request and return its reply, which must come without time passing."""
        self.send(data)
        await settle()
        return self.reply()

    def _take(self) -> None:
        if not self._transport.written:
            raise BlockingIOError("no whole answer was written")
        self._held += self._transport.written
        self._transport.written = b""


async def get(app: App, path: str, **headers: str) -> Told:
    """Make one GET on a connection of its own, without time passing."""
    with HeldWire(app) as wire:
        return await wire.answer(request("GET", path, headers=headers))


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many calls of Python and C functions a piece of work makes."""
    count = 0

    def see(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
