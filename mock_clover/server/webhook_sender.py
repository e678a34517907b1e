"""Send the webhook deliveries of all outboxes, in order for each target.

Nothing is sent while a request is handled: the response to the request that triggers an event is
sent first. A host name is resolved once, and the connection uses the address that was checked.
Redirects are not followed. A target's response is read up to a limit; the beginning of its body is
kept for the list of attempts. A real-time deadline covers the attempt.
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
from mock_clover.clover.webhooks.operations_deliveries import record_attempt, shown_response
from mock_clover.clover.webhooks.records_address import address_error, host_of
from mock_clover.clover.webhooks.records_delivery import (
    RESPONSE_BYTES_MAX,
    Delivery,
    WebhookTarget,
    headers_of,
    printable_error,
    shown_signature,
)
from mock_clover.core.error_text import error_location
from mock_clover.core.masking import redact
from mock_clover.core.steps import Work
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.clock import elapsed_ns, started_ns
from mock_clover.sandbox.outbox import Outbox
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.server.slices import Slices

ATTEMPT_S_MAX = 10.0
"""Timeout of one attempt: resolving, connecting, sending and reading the complete response."""
HEAD_BYTES_MAX = 16_384
REPLY_BYTES_MAX = 65_536
CONCURRENT_ATTEMPTS_MAX = 64
"""For all sandboxes, so that many test suites with dead targets cannot exhaust the sockets."""
ADDRESSES_MAX = 4
"""Addresses of one name, tried in order: localhost has two."""
_TEST_CLIENT = "testserver"
_TEST_CLIENT_HINT = (
    "; test clients of Starlette, FastAPI and Django use this name, but no server listens there: "
    "run the app on a port"
)
_PORTS = {"http": 80, "https": 443}
_CHUNK_BYTES = 16_384


class DeliveryFailedError(Exception):
    """A failed attempt; the message is shown in the delivery log."""


class WebhookSender:
    """Send the deliveries of all sandboxes of a server."""

    def __init__(
        self,
        hosts: tuple[str, ...] = (),
        log: Callable[[str], None] = lambda _: None,
        attempt_s_max: float = ATTEMPT_S_MAX,
        slices: Slices | None = None,
    ) -> None:
        self._hosts = hosts
        self._log = log
        self._attempt_s_max = attempt_s_max
        self._slices = slices or Slices()
        self._target_tasks: dict[tuple[int, str], asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(CONCURRENT_ATTEMPTS_MAX)

    def wake(self, sandbox: Sandbox) -> None:
        """Start a task for each target that has deliveries and no task yet.

        Without a running event loop, do nothing: deliveries wait for the first call within one.
        """
        outbox = sandbox.outbox
        if outbox is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if loop is not self._loop:  # a semaphore belongs to one loop; in-process use has several
            self._loop, self._slots = loop, asyncio.Semaphore(CONCURRENT_ATTEMPTS_MAX)
        for target in outbox.ready_targets():
            key = (id(outbox), target)
            if key not in self._target_tasks or self._target_tasks[key].get_loop() is not loop:
                self._target_tasks[key] = loop.create_task(self._send_due(key, sandbox, outbox))

    async def drain(self, sandboxes: Iterable[Sandbox]) -> None:
        """Send all deliveries that are due, including those that become due in the meantime."""
        while True:
            for sandbox in sandboxes:
                self.wake(sandbox)
            tasks = self._tasks_of_running_loop()
            if not tasks:
                return
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Cancel the tasks of the running event loop; their deliveries remain in the outbox."""
        tasks = self._tasks_of_running_loop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tasks_of_running_loop(self) -> list[asyncio.Task[None]]:
        loop = asyncio.get_running_loop()
        return [task for task in self._target_tasks.values() if task.get_loop() is loop]

    async def _send_due(self, key: tuple[int, str], sandbox: Sandbox, outbox: Outbox) -> None:
        """Send the due deliveries of one target, in order."""
        try:
            while sandbox.outbox is outbox:
                async with self._slots:
                    taken = outbox.take(key[1])  # only with a slot: a taken delivery must be sent
                    if taken is None:
                        return
                    await self._deliver(sandbox, outbox, *taken)
        except Exception as error:  # noqa: BLE001 - a bug must not end the server
            self._log(f"sandbox {sandbox.name}: sending webhooks: {error_location(error)}")
        finally:
            if self._target_tasks.get(key) is asyncio.current_task():
                del self._target_tasks[key]

    async def _deliver(
        self, sandbox: Sandbox, outbox: Outbox, target: WebhookTarget, delivery: Delivery
    ) -> None:
        """Make one attempt and report its result, unless the outbox has been replaced."""
        started, status, body, error = started_ns(), None, b"", None
        try:
            async with asyncio.timeout(self._attempt_s_max):
                status, body = await self._attempt(target, delivery)
            if status >= 300:
                error = f"the target responded with status {status}, expected 2xx"
                error += "; redirects are not followed" if status < 400 else ""
        except TimeoutError:
            error = f"no complete response within {self._attempt_s_max:g} s"
        except (OSError, DeliveryFailedError, h11.ProtocolError, ssl.SSLError) as exception:
            error = _error_text(exception)
        except asyncio.CancelledError:
            if outbox.get(delivery.id) is delivery:
                outbox.update(delivery)  # the loop ends; in-process use may start another
            raise
        except Exception as exception:  # noqa: BLE001 - a bug in mock-clover must not end the task
            error = f"internal error of mock-clover: {type(exception).__name__}"
        if sandbox.outbox is not outbox:
            return
        took_ms = elapsed_ns(started) // 1_000_000
        done = record_attempt(
            *(sandbox, delivery.id),
            status=status,
            error=error,
            took_ms=took_ms,
            signature=shown_signature(target, delivery),
            response=shown_response(body),
        )
        host = host_of(urlsplit(target.spec.url))
        subject = redact(f"{sandbox.name}: {delivery.about} to {target.id} ({host})")
        self._log(f"webhook {delivery.id} of {subject}: {status if error is None else error}")
        if done is not None and done.state == "waiting" and done.due_ms <= sandbox.clock.now_ms():
            # The next attempt became due during this one.
            await self._slices.run(Work(due_jobs(sandbox), sandbox.clock))
        sandbox.journal.notify()

    async def _attempt(self, target: WebhookTarget, delivery: Delivery) -> tuple[int, bytes]:
        """Send a delivery once; return the response's status and the beginning of its body.

        Raises any other failure.
        """
        parts = urlsplit(target.spec.url)
        auth_headers = headers_of(target, delivery)
        headers = [
            ("Host", parts.netloc),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(delivery.body.encode()))),
            ("User-Agent", f"mock-clover/{__version__}"),
            ("Connection", "close"),
            *auth_headers,
        ]
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        request = h11.Request(method="POST", target=path, headers=headers)
        async with self._connect(parts) as (reader, writer):
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
            for event in (request, h11.Data(data=delivery.body.encode()), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            return await _read_response(connection, reader)

    @contextlib.asynccontextmanager
    async def _connect(
        self, parts: SplitResult
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect to the first address of a host that is allowed and accepts the connection."""
        host, port = host_of(parts), parts.port or _PORTS[parts.scheme.lower()]
        exception: Exception = DeliveryFailedError(f"{host} has no address")
        for address in (await _addresses(host, port))[:ADDRESSES_MAX]:
            reason = address_error(address, host, self._hosts)
            if reason:
                raise DeliveryFailedError(f"not sent: {reason}")
            try:
                context = ssl.create_default_context() if parts.scheme.lower() == "https" else None
                reader, writer = await asyncio.open_connection(
                    address, port, ssl=context, server_hostname=host if context else None
                )
            except OSError as error:
                exception = error
                continue
            try:
                yield reader, writer
            finally:
                writer.transport.abort()
            return
        raise exception


async def _read_response(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[int, bytes]:
    """Read a complete response; return its status and the beginning of its body."""
    status = size = 0
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK_BYTES)
            size += len(data)
            if not data and not status:
                raise DeliveryFailedError("the connection was closed without a response")
            if size > REPLY_BYTES_MAX:
                raise DeliveryFailedError(f"the response is longer than {REPLY_BYTES_MAX} bytes")
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += bytes(event.data[: RESPONSE_BYTES_MAX - len(body)])
        elif isinstance(event, h11.EndOfMessage):
            return status, body


async def _addresses(host: str, port: int) -> list[str]:
    """Resolve a host once; return its addresses in the system's order.

    This uses a separate daemon thread: a slow name server must not delay the server's shutdown.
    """
    with contextlib.suppress(OSError):  # raised for a name
        return _resolve(host, port, socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    addresses: asyncio.Future[list[str]] = loop.create_future()

    def resolve() -> None:
        result: Any
        try:
            result = addresses.set_result, _resolve(host, port, 0)
        except OSError as error:
            hint = _TEST_CLIENT_HINT if host == _TEST_CLIENT else ""
            failure = DeliveryFailedError(f"{host}: {error.strerror}{hint}")
            result = addresses.set_exception, failure
        with contextlib.suppress(RuntimeError):  # the loop has been closed
            loop.call_soon_threadsafe(_set_unless_done, addresses, *result)

    threading.Thread(target=resolve, name="mock-clover resolver", daemon=True).start()
    return await addresses


def _resolve(host: str, port: int, flags: int) -> list[str]:
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError:  # IDNA cannot encode an empty or too long label
        raise DeliveryFailedError(f"{host} is not a host name") from None
    return [str(each[4][0]) for each in infos]


def _error_text(exception: Exception) -> str:
    """Return why an attempt failed. For a system error, return only the errno description."""
    if (
        isinstance(exception, OSError)
        and not isinstance(exception, ssl.SSLError)
        and exception.errno
    ):
        return os.strerror(exception.errno)
    return printable_error(exception)


def _set_unless_done(
    future: "asyncio.Future[list[str]]", set_value: Callable[[Any], None], value: Any
) -> None:
    if not future.done():
        set_value(value)
