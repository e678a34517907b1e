"""A client that sends raw bytes, and reads a response only when an attack asks for it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tests.raw_http import request

PATIENCE_S = 60.0
"""How long to wait for a server that must answer."""
_STALLED_S = 0.5
"""A server that takes nothing for so long has stopped reading."""
_PIECE_BYTES = 1_048_576
_BACKLOG = 64
"""How many connections are opened at the same time."""


async def connect(port: int) -> socket.socket:
    """Open a connection."""
    connection = socket.socket()
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    return connection


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[socket.socket]]:
    """Open connections; reset them at the end."""
    opened: list[socket.socket] = []
    try:
        while len(opened) < count:
            more = min(_BACKLOG, count - len(opened))
            opened += await asyncio.gather(*(connect(port) for _ in range(more)))
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def send_all(opened: Iterable[socket.socket], data: bytes) -> None:
    """Send the same bytes on all connections, as far as the server takes them."""
    await asyncio.gather(*(send(connection, data) for connection in opened))


async def send(connection: socket.socket, data: bytes) -> None:
    """Send bytes until the server stops reading or closes the connection."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError, OSError):
        for start in range(0, len(data), _PIECE_BYTES):
            async with asyncio.timeout(_STALLED_S):
                await loop.sock_sendall(connection, data[start : start + _PIECE_BYTES])


class Answer(NamedTuple):
    """What the server answered."""

    status: int
    body: bytes


class Client:
    """A connection whose answers are read."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send one request and read its answer."""
        self._writer.write(request(method, path, body, headers=headers))
        return await self._read()

    async def ask_all(self, requests: list[bytes]) -> list[Answer]:
        """Send requests in one segment and read the answers."""
        self._writer.write(b"".join(requests))
        return [await self._read() for _ in requests]

    async def _read(self) -> Answer:
        lines = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(lines.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return Answer(int(lines[9:12]), await self._reader.readexactly(length))


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """Open a connection to ask on."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def longest_wait(port: int) -> float:
    """Ask a running server again and again until cancelled; return the longest wait, in seconds."""
    longest = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            started = time.monotonic()
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # at the cap
                try:
                    async with client(port) as probe:
                        await probe.ask("GET", "/livez")
                finally:
                    longest = max(longest, time.monotonic() - started)
            await asyncio.sleep(0.1)
    return longest
