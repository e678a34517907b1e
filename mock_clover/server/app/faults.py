"""Apply faults to a connection: send something else, or nothing, instead of the response."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mock_clover.engine.reply import Reply
from mock_clover.scenario.records_fault import SOCKET_FAULTS
from mock_clover.server.app.connection import own_connection, sleep, wait_for_disconnect
from mock_clover.server.app.render import reply_headers, response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

GARBAGE = bytes(range(256)) * 2
"""Sent by a garbage fault: not valid HTTP."""
DRIBBLE_CHUNK_BYTES = 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def abort(transport: Any) -> None:
    """Reset a connection: the client gets neither a response nor an orderly close."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def truncate_body(reply: Reply, data: bytes) -> bytes:
    """Return the response bytes up to the middle of the body."""
    return data[: -(len(reply.body) // 2) - 1]


def unsupported_by_sockets(kind: str) -> str:
    """Return why an application on another server cannot apply a kind of fault, or ''."""
    if kind not in SOCKET_FAULTS:
        return ""
    return (
        f"`{kind}` breaks the connection itself, which an ASGI application cannot do; "
        "it requires `mock-clover serve`"
    )


async def apply_fault(reply: Reply, scope: "Scope", receive: "Receive", send: "Send") -> bool:
    """Apply the fault of a response; return False if the response must still be sent."""
    kind = reply.fault.kind if reply.fault else ""
    connection = own_connection(scope)
    if kind in ("delay", "problem"):
        await sleep(reply.wait_ms, scope)
        return False
    if kind == "dribble":
        if await _dribble(reply, scope, send):
            return True
    elif kind == "drop":
        abort(connection.transport)
    elif kind == "hang":
        connection.close_at_eof()
    elif not connection.transport.is_closing():
        data = response(reply, b"", close=True, head_only=scope["method"] == "HEAD")
        connection.transport.write(truncate_body(reply, data) if kind == "truncate" else GARBAGE)
        connection.transport.close()
    try:
        await wait_for_disconnect(receive)
    except asyncio.CancelledError:  # the server ends
        connection.transport.abort()
        await wait_for_disconnect(receive)
    return True


async def _dribble(reply: Reply, scope: "Scope", send: "Send") -> bool:
    """Send a response in small pieces: all of it, on another server only the body.

    Return False if the client disconnects meanwhile.
    """
    connection = own_connection(scope)
    body = b"" if scope["method"] == "HEAD" else reply.body
    headers = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
    start = {"type": "http.response.start", "status": reply.status, "headers": headers}
    if connection is None:
        await send(start)
        for piece in _pieces(body):
            await sleep(reply.wait_ms, scope)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return True
    if connection.transport.is_closing():
        return False
    close = not connection.cycle.keep_alive
    data = response(reply, b"", close=close, head_only=scope["method"] == "HEAD")
    goes_on = True
    for number, piece in enumerate(_pieces(data)):
        goes_on = goes_on and (number == 0 or await sleep(reply.wait_ms, scope))
        if connection.transport.is_closing():
            return False
        connection.transport.write(piece)
    # What follows is not sent again: it tells uvicorn that the response is complete.
    connection.cycle.transport = _Written(connection.transport)
    await send(start)
    await send({"type": "http.response.body", "body": body})
    return True


def _pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), DRIBBLE_CHUNK_BYTES):
        yield data[start : start + DRIBBLE_CHUNK_BYTES]


class _Written:
    """A transport that sends nothing, for a response that has been sent already."""

    def __init__(self, transport: Any) -> None:
        self.close = transport.close
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Drop the data."""
