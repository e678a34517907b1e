"""Apply faults to a connection: send something else, or nothing, instead of the response.

`httptools_protocol.py` applies them on the direct path. This module has what both paths share, and
the ASGI path.
"""

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

from mock_clover.engine.reply import Reply
from mock_clover.scenario.records_fault import SOCKET_FAULTS
from mock_clover.server.render import reply_headers, response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

TRANSPORT = "mock_clover.transport"
"""Key of the connection in the ASGI scope's state; set by `mock-clover serve` only."""
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


def is_own_server(scope: "Scope") -> bool:
    """Return whether `mock-clover serve` runs the application."""
    return TRANSPORT in scope.get("state", {})


async def sleep(wait_ms: float, scope: "Scope") -> None:
    """Sleep; return early if `mock-clover serve` shuts down. Raises CancelledError elsewhere."""
    try:
        await asyncio.sleep(wait_ms / 1000)
    except asyncio.CancelledError:
        if not is_own_server(scope):
            raise


async def apply_fault(reply: Reply, scope: "Scope", receive: "Receive", send: "Send") -> bool:
    """Apply the fault of a response; return False if the response must still be sent."""
    kind = reply.fault.kind if reply.fault else ""
    transport = scope.get("state", {}).get(TRANSPORT)
    if kind in ("delay", "problem"):
        await sleep(reply.wait_ms, scope)
        return False
    if kind == "dribble":
        await _dribble(reply, scope, send)
        return True
    if kind == "drop":
        abort(transport)
    elif kind != "hang":
        data = response(reply, b"", close=True, head_only=scope["method"] == "HEAD")
        transport.write(truncate_body(reply, data) if kind == "truncate" else GARBAGE)
        transport.close()
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
    return True


async def _dribble(reply: Reply, scope: "Scope", send: "Send") -> None:
    body = reply.body
    headers = [*reply_headers(reply), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for start in range(0, len(body), DRIBBLE_CHUNK_BYTES):
        piece = body[start : start + DRIBBLE_CHUNK_BYTES]
        await sleep(reply.wait_ms, scope)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
