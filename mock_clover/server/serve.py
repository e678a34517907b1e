"""Run a server: bind, announce that it is ready, and shut down within a second of a signal."""

import asyncio
import contextlib
import errno
import functools
import gc
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.server import ServerState

from mock_clover.server.protocol.base import KEEP_ALIVE_TIMEOUT_S
from mock_clover.server.supervisor import Supervisor

if TYPE_CHECKING:
    from mock_clover.server.app.app import App
    from mock_clover.server.tls.transport import Tls

_GRACEFUL_SHUTDOWN_S = 0.3
_SWEEP_TICKS = 10  # of a tenth of a second each
_FIRST_UNPRIVILEGED_PORT = 1_024
_PRIVILEGED_PORT_HINT = """
  Ports below 1024 are privileged. Use another port, or, on Linux, make this one unprivileged:
    sudo sysctl net.ipv4.ip_unprivileged_port_start={port}
  In a Docker container, neither is necessary."""
_BACKLOG = 2_048
_GC_THRESHOLDS = (50_000, 20, 50)


class BindError(Exception):
    """The address cannot be bound; the message says why."""

    def __init__(self, message: str, number: int | None) -> None:
        super().__init__(message)
        self.number = number
        """The number of the error, if it has one."""


def bind(
    host: str, port: int, create: Callable[..., socket.socket] = socket.create_server
) -> socket.socket:
    """Bind a port and listen on it. Raises BindError.

    A name is resolved to an IPv4 address if the machine has it, otherwise to an IPv6 address.
    """
    try:
        listener = _listen(host, port, create)
    except OSError as error:
        # os.strerror does not know the errors of Windows sockets. Python appends the address.
        reason = (error.strerror or str(error)).partition(" (while attempting")[0]
        if error.errno == errno.EACCES and port < _FIRST_UNPRIVILEGED_PORT:
            reason += _PRIVILEGED_PORT_HINT.format(port=port)
        message = f"cannot listen on {host} port {port}: {reason}"
        raise BindError(message, error.errno) from None
    # Accepted sockets inherit this; asyncio sets it only if the socket has a protocol number.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def bind_ipv6_loopback(
    host: str, listener: socket.socket, warn: Callable[[str], None]
) -> list[socket.socket]:
    """Also listen on ::1 if a listener is on 127.0.0.1: `localhost` may be either address.

    Returns nothing if the machine has no IPv6, or if another program has the port.
    """
    if host not in ("127.0.0.1", "localhost") or listener.family != socket.AF_INET:
        return []
    port = listener.getsockname()[1]
    try:
        return [bind("::1", port)]
    except BindError as error:
        if error.number == errno.EADDRINUSE:
            warn(
                f"another program listens on [::1]:{port}: clients of http://localhost:{port} may "
                f"reach it instead of this server; use http://127.0.0.1:{port}"
            )
        return []


def _listen(host: str, port: int, create: Callable[..., socket.socket]) -> socket.socket:
    if ":" in host:
        return create((host, port), family=socket.AF_INET6, backlog=_BACKLOG)
    try:
        return create((host, port), family=socket.AF_INET, backlog=_BACKLOG)
    except OSError as error:
        is_other_reason = error.errno in (errno.EACCES, errno.EADDRINUSE)
        if is_other_reason or host.replace(".", "").isdigit():
            raise
        with contextlib.suppress(OSError):
            return create((host, port), family=socket.AF_INET6, backlog=_BACKLOG)
        raise


class State(ServerState):
    """State shared by all connections: uvicorn's, a coarse clock, and the server's header lines."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: set[Any]  # HardenedProtocol, and TLSTransport during a handshake
        self.now = time.monotonic()
        """Updated every tenth of a second, which is accurate enough for deadlines."""
        self.header_lines = b""


class Server(uvicorn.Server):
    """Extend uvicorn's server: announce readiness, time out slow requests, exit with code 0."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        periodic_tasks: dict[str, Callable[[], object]],
        tasks: dict[str, Callable[[], Coroutine[Any, Any, None]]],
        supervisor: Supervisor,
        tls: "Tls | None" = None,
    ) -> None:
        super().__init__(config)
        self._supervisor = supervisor
        self._tls = tls
        self._on_ready = on_ready
        self._periodic_tasks = periodic_tasks
        self._tasks = tasks
        self.server_state: State = State()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the server, then announce that it is ready."""
        await super().startup(sockets)
        if self._tls is not None:
            self.servers.append(await self._listen_tls(self._tls))
        for name, task in self._tasks.items():
            supervised = self._supervisor.run_async(name, task)
            started = asyncio.get_running_loop().create_task(supervised)
            self.server_state.tasks.add(started)
            started.add_done_callback(self.server_state.tasks.discard)
        self._on_ready()

    async def _listen_tls(self, tls: "Tls") -> asyncio.Server:
        """Listen for HTTPS with the same protocol class behind TLS."""
        from mock_clover.server.tls.transport import TLSTransport

        loop = asyncio.get_running_loop()
        protocol: Any = protocol_class()
        create_protocol = functools.partial(
            protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        return await loop.create_server(
            lambda: TLSTransport(tls.context, self.server_state, create_protocol),
            sock=tls.listener,
            backlog=self.config.backlog,
        )

    async def on_tick(self, counter: int) -> bool:
        """Run uvicorn's tick; once a second, run the periodic tasks and time out slow requests."""
        state = self.server_state
        state.now = time.monotonic()
        if counter % _SWEEP_TICKS == 0:
            for name, task in self._periodic_tasks.items():
                self._supervisor.run(name, task)
            for connection in list(state.connections):
                check = functools.partial(connection.close_if_timed_out, state.now)
                if not self._supervisor.run("closing a slow connection", check):
                    state.connections.discard(connection)
        should_end = await super().on_tick(counter)
        state.header_lines = b"".join(b"%b: %b\r\n" % line for line in state.default_headers)
        return should_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down. Pending long-poll requests get the current state as their response."""
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0.02)  # lets connections close and their tasks notice
        for task in list(self.server_state.tasks):
            task.cancel()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Exit with code 0 on SIGINT and SIGTERM; uvicorn would raise the signal again."""

        def handle_signal(number: int, _frame: FrameType | None) -> None:
            self.force_exit = self.should_exit and number == signal.SIGINT
            self.should_exit = True

        before = {n: signal.signal(n, handle_signal) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def protocol_class() -> type[asyncio.Protocol]:
    """Return the protocol class on httptools if it is installed, otherwise the one on h11."""
    try:
        from mock_clover.server.protocol import httptools
    except ImportError:
        from mock_clover.server.protocol.h11 import HardenedH11Protocol

        return HardenedH11Protocol
    if httptools.untested_versions():
        return httptools.HardenedHttpToolsProtocol
    return httptools.DirectHttpToolsProtocol


def _log_if_slower(http: type[asyncio.Protocol], log_message: Callable[[str], None]) -> None:
    """Log that plain requests are not answered directly because of other versions."""
    if http.__module__.endswith(".httptools"):
        from mock_clover.server.protocol.httptools import untested_versions

        if untested := untested_versions():
            log_message(f"not tested with {untested}: requests take uvicorn's slower way")


def run(
    app: "App",
    listeners: list[socket.socket],
    on_ready: Callable[[], None],
    periodic_tasks: dict[str, Callable[[], object]],
    tasks: dict[str, Callable[[], Coroutine[Any, Any, None]]],
    tls: "Tls | None" = None,
) -> None:
    """Serve until a signal arrives.

    `periodic_tasks` run once a second, and `tasks` in the background. An error in one is logged
    under its name.
    """
    http = protocol_class()
    _log_if_slower(http, app.log.write_message)
    config = uvicorn.Config(
        app,
        http=http,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=int(KEEP_ALIVE_TIMEOUT_S),
    )
    # uvicorn declares an int, but a float works, and a whole second is too long.
    config.timeout_graceful_shutdown = _GRACEFUL_SHUTDOWN_S  # type: ignore[assignment] # see above
    _tune_garbage_collection()
    server = Server(config, on_ready, periodic_tasks, tasks, Supervisor(app.log), tls)
    server.run(sockets=listeners)


def _tune_garbage_collection() -> None:
    """Reduce the cost of garbage collection; called only in mock-clover's own server process.

    Rows are untracked (see core/record.py), so the rest is small and short-lived. Objects from
    startup live until the process ends: freeze them, so that no collection visits them. There is
    no collection before that, because it takes ten milliseconds and frees almost nothing.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()
