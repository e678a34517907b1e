"""Time and work that a test controls: a loop with a held clock, a connection on it, call counts."""

import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import uvicorn

from mock_clover.server.app import App
from mock_clover.server.h11_protocol import HardenedH11Protocol
from mock_clover.server.httptools_protocol import DirectHttpToolsProtocol
from mock_clover.server.serve import State
from tests.served import Served
from tests.wire import Told, Wire, request

PROTOCOLS: dict[str, Any] = {"httptools": DirectHttpToolsProtocol, "h11": HardenedH11Protocol}
_TURNS = 20
"""Loop iterations that let everything finish that does not wait for time or for a socket."""


HELD_CLOCK = (
    "import signal, types",
    "from mock_clover.server import serve",
    "signals = []",
    "signal.signal(signal.SIGUSR1, lambda *_: signals.append(30.0))",
    "serve.time = types.SimpleNamespace(monotonic=lambda: sum(signals))",
)
"""Statements for a server whose deadlines are held: their clock moves by signals only.

30 s are more than a handshake and the receipt of a request may take, and less than a connection
may be idle.
"""


def pass_half_a_minute(server: Served) -> None:
    """Move the held clock of a server."""
    server.process.send_signal(signal.SIGUSR1)


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

    def taken(self) -> bytes:
        """Take the bytes that were written since the last time."""
        came, self._transport.written = self._transport.written, b""
        return came

    def _take(self) -> None:
        if not self._transport.written:
            raise BlockingIOError("no whole answer was written")
        self._held += self.taken()


async def get(app: App, path: str, **headers: str) -> Told:
    """Make one GET on a connection of its own, without time passing."""
    with HeldWire(app) as wire:
        return await wire.answer(request("GET", path, headers=headers))


@contextlib.contextmanager
def counted_calls(most: float = math.inf) -> Iterator[list[int]]:
    """Count the calls of Python and C functions that this thread makes; yield a list of the sum.

    Raises AssertionError, within the work, as soon as there are more than `most`.
    """
    count = [0]

    def see(_frame: Any, event: str, _arg: Any) -> None:
        if event in ("call", "c_call"):
            count[0] += 1
            assert count[0] <= most, f"more than {most} calls"

    sys.setprofile(see)
    try:
        yield count
    finally:
        sys.setprofile(None)


def calls_of(work: Callable[[], Any]) -> int:
    """Return how many calls of functions a piece of work makes."""
    with counted_calls() as count:
        work()
    return count[0]
