"""The courier: takes what is in outboxes to its targets, one after another for each target.

Never within a request: a call that announces something is answered first. A name is looked up once
and the connection goes to the address that was judged; no redirect is followed; what a target
answers is read up to a bound and thrown away, and all of it is done by a deadline in real time.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any
from urllib.parse import SplitResult, urlsplit

import h11

from mock_clover import __version__
from mock_clover.clover.webhooks.operations_deliveries import report
from mock_clover.clover.webhooks.records_address import host_of, refusal
from mock_clover.clover.webhooks.records_delivery import (
    Delivery,
    Subscription,
    headers_of,
    printable_error,
)
from mock_clover.core.masking import redact
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox

ATTEMPT_S_MAX = 10.0
"""For the whole of an attempt: to look up, connect, send, and hear the answer to its end."""
HEAD_BYTES_MAX = 16_384
REPLY_BYTES_MAX = 65_536
ATTEMPTS_AT_ONCE = 64
"""Over all sandboxes: a hundred suites with dead targets must not eat the sockets."""
ADDRESSES_MAX = 4
"""Of one name, tried in their order: localhost has two."""
_PORTS = {"http": 80, "https": 443}
_CHUNK_BYTES = 16_384


class UndeliverableError(Exception):
    """An attempt that failed; the message is for the delivery log."""


class WebhookSender:
    """Delivers for all sandboxes of a server."""

    def __init__(
        self,
        hosts: tuple[str, ...] = (),
        say: Callable[[str], None] = lambda _: None,
        attempt_s_max: float = ATTEMPT_S_MAX,
    ) -> None:
        self._hosts = hosts
        self._say = say
        self._attempt_s_max = attempt_s_max
        self._rounds: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._at_once = asyncio.Semaphore(ATTEMPTS_AT_ONCE)

    def wake(self, sandbox: Sandbox) -> None:
        """Begin a round for each target that has something to come and no round yet.

        Where no loop runs, nothing goes: it waits for the first call within one.
        """
        outbox = sandbox.outbox
        if outbox is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if loop is not self._loop:  # a semaphore is of one loop; in process there are several
            self._loop, self._at_once = loop, asyncio.Semaphore(ATTEMPTS_AT_ONCE)
        for target in outbox.targets_ready():
            key = (id(outbox), target)
            if key not in self._rounds or self._rounds[key].get_loop() is not loop:
                self._rounds[key] = loop.create_task(self._round(key, sandbox, outbox))

    async def drain(self, sandboxes: Iterable[Sandbox]) -> None:
        """Deliver all that may go now, and what comes of it."""
        while True:
            for sandbox in sandboxes:
                self.wake(sandbox)
            loop = asyncio.get_running_loop()
            rounds = [task for task in self._rounds.values() if task.get_loop() is loop]
            if not rounds:
                return
            await asyncio.wait(rounds)

    async def _round(self, key: tuple[int, str], sandbox: Sandbox, outbox: Outbox) -> None:
        """Deliver what may go to one target, in its order."""
        try:
            while sandbox.outbox is outbox:
                async with self._at_once:
                    taken = outbox.take(key[1])  # not before its turn: what is taken must go
                    if taken is None:
                        return
                    await self._deliver(sandbox, outbox, *taken)
        finally:
            if self._rounds.get(key) is asyncio.current_task():
                del self._rounds[key]

    async def _deliver(
        self, sandbox: Sandbox, outbox: Outbox, known: Subscription, delivery: Delivery
    ) -> None:
        """Make one attempt, and note how it ended where it is still of interest."""
        started, status, error = started_ns(), None, None
        try:
            async with asyncio.timeout(self._attempt_s_max):
                status = await self._attempt(known, delivery)
            if status >= 300:
                error = f"the answer is {status}, not 2xx"
                error += "; redirects are not followed" if status < 400 else ""
        except TimeoutError:
            error = f"no whole answer within {self._attempt_s_max:g} s"
        except (OSError, UndeliverableError, h11.ProtocolError, ssl.SSLError) as failed:
            error = _said(failed)
        except asyncio.CancelledError:
            if outbox.get(delivery.id) is delivery:
                outbox.put(delivery)  # the loop ends: in process another may come
            raise
        except Exception as failed:  # noqa: BLE001 - a bug of ours must not end the round
            error = f"a bug in mock-clover: {type(failed).__name__}"
        if sandbox.outbox is not outbox:
            return
        took_ms = elapsed_ns(started) // 1_000_000
        done = report(sandbox, delivery.id, status=status, error=error, took_ms=took_ms)
        host = host_of(urlsplit(known.spec.url))
        ended = redact(f"{sandbox.name}: {delivery.about} to {known.id} ({host})")
        self._say(f"webhook {delivery.id} of {ended}: {status if error is None else error}")
        if done is not None and done.state == "waiting" and done.due_ms <= sandbox.clock.now_ms():
            run_due_jobs(sandbox)  # the clock went past the next attempt's time meanwhile
        sandbox.journal.stir()

    async def _attempt(self, known: Subscription, delivery: Delivery) -> int:
        """Deliver once; return the status that was answered. Raises for everything else."""
        parts = urlsplit(known.spec.url)
        proved = headers_of(known, delivery)
        headers = [
            ("Host", parts.netloc),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(delivery.body.encode()))),
            ("User-Agent", f"mock-clover/{__version__}"),
            ("Connection", "close"),
            *proved,
        ]
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = h11.Request(method="POST", target=target, headers=headers)
        async with self._connected(parts) as (reader, writer):
            spoken = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
            for event in (request, h11.Data(data=delivery.body.encode()), h11.EndOfMessage()):
                writer.write(spoken.send(event) or b"")
            await writer.drain()
            return await _status(spoken, reader)

    @contextlib.asynccontextmanager
    async def _connected(
        self, parts: SplitResult
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect to the first address of a host that may be reached and answers."""
        host, port = host_of(parts), parts.port or _PORTS[parts.scheme.lower()]
        failed: Exception = UndeliverableError(f"{host} has no address")
        for address in (await _addresses(host, port))[:ADDRESSES_MAX]:
            refused = refusal(address, host, self._hosts)
            if refused:
                raise UndeliverableError(f"refused: {refused}")
            try:
                secure = ssl.create_default_context() if parts.scheme.lower() == "https" else None
                reader, writer = await asyncio.open_connection(
                    address, port, ssl=secure, server_hostname=host if secure else None
                )
            except OSError as error:
                failed = error
                continue
            try:
                yield reader, writer
            finally:
                writer.transport.abort()
            return
        raise failed


async def _status(spoken: h11.Connection, reader: asyncio.StreamReader) -> int:
    """Hear an answer to its end and return its status."""
    status = size = 0
    while True:
        event = spoken.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK_BYTES)
            size += len(data)
            if not data and not status:
                raise UndeliverableError("the connection ended without an answer")
            if size > REPLY_BYTES_MAX:
                raise UndeliverableError(f"the answer is longer than {REPLY_BYTES_MAX} bytes")
            spoken.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.EndOfMessage):
            return status


async def _addresses(host: str, port: int) -> list[str]:
    """Look a host up once; its addresses in the system's order.

    In a thread of its own that nobody waits for: a slow name server must not hold the server's end.
    """
    with contextlib.suppress(OSError):  # of a name
        return _meant_by(host, port, socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def look_up() -> None:
        told: Any
        try:
            told = answer.set_result, _meant_by(host, port, 0)
        except OSError as error:
            told = answer.set_exception, UndeliverableError(f"{host}: {error.strerror}")
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_unless_done, answer, *told)

    threading.Thread(target=look_up, name="mock-clover look-up", daemon=True).start()
    return await answer


def _meant_by(host: str, port: int, flags: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [str(each[4][0]) for each in found]


def _said(failed: Exception) -> str:
    """Say why an attempt failed; of the system's errors only what they mean."""
    if isinstance(failed, OSError) and not isinstance(failed, ssl.SSLError) and failed.errno:
        return os.strerror(failed.errno)
    return printable_error(failed)


def _unless_done(answer: "asyncio.Future[list[str]]", tell: Callable[[Any], None], it: Any) -> None:
    if not answer.done():
        tell(it)
