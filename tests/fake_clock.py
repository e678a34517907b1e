"""An event loop with a fake clock, a connection in process, and counts of function calls."""

import asyncio
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import uvicorn

from mock_clover.server.app.app import App
from mock_clover.server.protocol.base import KEEP_ALIVE_TIMEOUT_S
from mock_clover.server.protocol.h11 import HardenedH11Protocol
from mock_clover.server.protocol.httptools import DirectHttpToolsProtocol
from mock_clover.server.serve import State
from tests.raw_http import RawConnection, RawResponse, request
from tests.server_process import ServerProcess

PROTOCOLS: dict[str, Any] = {"httptools": DirectHttpToolsProtocol, "h11": HardenedH11Protocol}
_TURNS = 20
"""Loop iterations after which only work that waits for time or for a socket is unfinished."""


FAKE_CLOCK = (
    "import signal, types",
    "from mock_clover.server import serve",
    "signals = []",
    "signal.signal(signal.SIGUSR1, lambda *_: signals.append(30.0))",
    "serve.time = types.SimpleNamespace(monotonic=lambda: sum(signals))",
)
"""Statements for a server whose timeouts use a clock that only signals advance.

30 s are longer than the timeouts of a handshake and of receiving a request, and shorter than the
idle timeout of a connection.
"""


def advance_30_seconds(server: ServerProcess) -> None:
    """Advance the fake clock of a server."""
    server.process.send_signal(signal.SIGUSR1)


class FakeClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock moves only by `advance`; sockets and threads work as usual."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def time(self) -> float:
        """Return the fake time, in seconds."""
        return self._now_s

    async def advance(self, seconds: float) -> None:
        """Advance the clock, and run what is due then."""
        await settle()
        self._now_s += seconds
        await settle()


def run(main: Callable[[FakeClockLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine function, which is given the loop, on a loop with a fake clock."""
    with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, FakeClockLoop)
        return runner.run(main(loop))


async def settle() -> None:
    """Run everything that does not wait for time."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class _Transport(asyncio.Transport):
    """A transport that records what is written."""

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

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


class InProcessConnection(RawConnection):
    """A connection to an application in process, with the server's own protocol class.

    `read_response` raises BlockingIOError where a socket would wait.
    """

    def __init__(self, app: App, parser: str = "httptools", state: State | None = None) -> None:
        config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=int(KEEP_ALIVE_TIMEOUT_S),
        )
        self._buffer = b""
        self._transport = _Transport()
        self._protocol = PROTOCOLS[parser](
            config=config, server_state=state or State(), app_state={}
        )
        self._protocol.connection_made(self._transport)

    def __exit__(self, *_: object) -> None:
        self._transport.close()
        self._protocol.connection_lost(None)

    def send(self, data: bytes) -> None:
        """Pass bytes to the protocol, as one read of a socket."""
        self._protocol.data_received(data)

    @property
    def tasks(self) -> set[Any]:
        """The tasks of the connection's server, which a shutdown cancels."""
        return self._protocol.tasks  # type: ignore[no-any-return] # not typed

    def half_close(self) -> None:
        """Shut down the sending side, as the client."""
        if not self._protocol.eof_received():
            self._transport.close()

    @property
    def is_closed(self) -> bool:
        """Whether the server has closed the connection."""
        return self._transport.is_closing()

    @property
    def unread(self) -> bytes:
        """The bytes that were written and not taken."""
        return self._transport.written

    def stop_reading(self) -> None:
        """Let the transport report that the client reads nothing."""
        self._protocol.pause_writing()

    def go_on_reading(self) -> None:
        """Let the transport report that the client has read everything."""
        self._protocol.resume_writing()

    async def wait(self, loop: FakeClockLoop, seconds: float) -> None:
        """Advance the clock, also that of the connection's limits."""
        await loop.advance(seconds)
        state = self._protocol.server_state
        state.now += seconds
        if not self.is_closed:
            self._protocol.close_if_timed_out(state.now)

    def is_silent(self) -> bool:
        """Return whether everything that was written is read."""
        return not self._buffer and not self._transport.written

    async def answer(self, data: bytes) -> RawResponse:
        """Send one request and return its response, which must come before the clock advances."""
        self.send(data)
        await settle()
        return self.read_response()

    def taken(self) -> bytes:
        """Return and clear the bytes that were written."""
        written, self._transport.written = self._transport.written, b""
        return written

    def _receive(self) -> None:
        if not self._transport.written:
            raise BlockingIOError("no complete response was written")
        self._buffer += self.taken()


async def get(app: App, path: str, **headers: str) -> RawResponse:
    """Send one GET on a new connection, without advancing the clock."""
    with InProcessConnection(app) as connection:
        return await connection.answer(request("GET", path, headers=headers))


@contextlib.contextmanager
def count_calls(most: float = math.inf) -> Iterator[list[int]]:
    """Count the function calls of this thread, Python and C; yield a list of the one sum.

    Raises AssertionError, in the counted code, as soon as there are more than `most`.
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
    """Return how many function calls `work` makes."""
    with count_calls() as count:
        work()
    return count[0]
