"""Run a server: bind first, then announce; end within a second of being asked."""

import asyncio
import contextlib
import errno
import functools
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from mock_clover.server.protocol import IDLE_SECONDS_MAX

if TYPE_CHECKING:
    from mock_clover.server.app import App
    from mock_clover.server.tls import Tls

_GOODBYE_S = 0.3
_SWEEP_TICKS = 10  # of a tenth of a second each
_PORTS_OF_ROOT = 1_024
_HOW_TO_BIND = """
  Ports below 1024 are not everybody's. Take another port, or, on Linux, let anybody have this one:
    sudo sysctl net.ipv4.ip_unprivileged_port_start={port}
  In a container of Docker nothing need be done."""
_GC_THRESHOLDS = (50_000, 20, 50)


class BindError(Exception):
    """The address cannot be bound; the message says why."""


def bind(host: str, port: int) -> socket.socket:
    """Bind and listen, so that the port is ours before it is announced. Raises BindError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        if error.errno == errno.EACCES and port < _PORTS_OF_ROOT:
            reason += _HOW_TO_BIND.format(port=port)
        raise BindError(f"cannot listen on {host} port {port}: {reason}") from None
    # Accepted sockets inherit it; the loop sets it only where a socket names its protocol.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class State(ServerState):
    """What connections share: uvicorn's state, a coarse clock, and the server's header lines."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: set[Any]  # Guards, and Seals while there is a handshake
        self.now = time.monotonic()
        """Read once a tenth of a second: deadlines need no finer one."""
        self.header_lines = b""


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready, ends late requests and exits with 0."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        chores: tuple[Callable[[], None], ...],
        tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...],
        tls: "Tls | None" = None,
    ) -> None:
        super().__init__(config)
        self._tls = tls
        self._on_ready = on_ready
        self._chores = chores
        self._tasks = tasks
        self.server_state: State = State()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets)
        if self._tls is not None:
            self.servers.append(await self._listen_sealed(self._tls))
        for task in self._tasks:
            started = asyncio.get_running_loop().create_task(task())
            self.server_state.tasks.add(started)
            started.add_done_callback(self.server_state.tasks.discard)
        self._on_ready()

    async def _listen_sealed(self, tls: "Tls") -> asyncio.Server:
        """Listen for HTTPS, with the same protocol class within."""
        from mock_clover.server.tls import TLSTransport

        loop = asyncio.get_running_loop()
        within: Any = protocol_class(is_sealed=True)
        make = functools.partial(
            within,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        return await loop.create_server(
            lambda: TLSTransport(tls.context, self.server_state, make),
            sock=tls.listener,
            backlog=self.config.backlog,
        )

    async def on_tick(self, counter: int) -> bool:
        """Do uvicorn's housekeeping, and once a second end requests that never become whole."""
        state = self.server_state
        state.now = time.monotonic()
        if counter % _SWEEP_TICKS == 0:
            for chore in self._chores:
                chore()
            for connection in list(state.connections):
                connection.close_if_timed_out(state.now)
        ends = await super().on_tick(counter)
        state.header_lines = b"".join(b"%b: %b\r\n" % line for line in state.default_headers)
        return ends

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End; whoever waits for something to happen is answered with what there is."""
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.02)  # what was not whole is closed by then, and its task knows
        for task in list(self.server_state.tasks):
            task.cancel()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM with exit code 0: uvicorn's would end by the signal itself."""

        def end(number: int, _frame: FrameType | None) -> None:
            self.force_exit = self.should_exit and number == signal.SIGINT
            self.should_exit = True

        before = {n: signal.signal(n, end) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def protocol_class(*, is_sealed: bool = False) -> type[asyncio.Protocol]:
    """Return the protocol on httptools where it exists, on h11 else; `is_sealed`: behind TLS."""
    try:
        from mock_clover.server.httptools_protocol import DirectHttps, DirectHttpTools
    except ImportError:
        from mock_clover.server.h11_protocol import GuardedH11

        return GuardedH11
    return DirectHttps if is_sealed else DirectHttpTools


def run(
    app: "App",
    listener: socket.socket,
    on_ready: Callable[[], None],
    chores: tuple[Callable[[], None], ...] = (),
    tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (),
    tls: "Tls | None" = None,
) -> None:
    """Serve until a signal ends it; chores are done once a second, tasks run beside."""
    config = uvicorn.Config(
        app,
        http=protocol_class(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(IDLE_SECONDS_MAX),
    )
    # A float serves as well as the int that is declared, and a whole second is too long.
    config.timeout_graceful_shutdown = _GOODBYE_S  # type: ignore[assignment]
    _settle_memory()
    if tls is not None:
        chores = (*chores, tls.renew)
    Server(config, on_ready, chores, tasks, tls).run(sockets=[listener])


def _settle_memory() -> None:
    """Keep garbage collection out of the way of answers; only ever in our own server process.

    Rows are untracked (see core/record.py), so what is left to collect is small and short-lived.
    What start-up made stays for good: it is frozen out of every later collection, uncollected,
    for collecting first costs ten milliseconds and frees next to nothing.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()


def stderr() -> Any:
    """Return the stream for the log."""
    return sys.stderr
