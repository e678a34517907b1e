"""Faults as events of the socket: what befalls a reply on its way, told in bytes.

The direct way plays them in `direct.py`; here is what both ways need, and the ASGI way.
"""

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any

from mock_clover.engine.reply import Reply
from mock_clover.server.render import reply_headers, response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

GARBAGE = bytes(range(256)) * 2
"""What a garbage fault sends: no HTTP in any reading."""
DRIBBLE_BYTES = 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def abort(transport: Any) -> None:
    """Reset a connection: its client hears neither an answer nor a goodbye."""
    line = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def half_of(reply: Reply, whole: bytes) -> bytes:
    """Return a response that ends in the midst of its body."""
    return whole[: -(len(reply.body) // 2) - 1]


async def sleep(wait_ms: float) -> None:
    """Wait; not beyond the server's end."""
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.sleep(wait_ms / 1000)


async def play_fault(reply: Reply, scope: "Scope", receive: "Receive", send: "Send") -> bool:
    """Let a reply's fault befall it; False when the reply goes out after all."""
    kind = reply.fault.kind if reply.fault else ""
    transport = scope.get("state", {}).get("transport")
    if kind in ("delay", "problem"):
        await sleep(reply.wait_ms)
        return False
    if kind == "dribble":
        await _dribble(reply, send)
        return True
    if transport is None and kind != "hang":
        raise ConnectionResetError(f"a fault: {kind}")  # in process there is no socket to reset
    if kind == "drop":
        abort(transport)
    elif kind != "hang":
        whole = response(reply, b"", close=True, head_only=scope["method"] == "HEAD")
        transport.write(half_of(reply, whole) if kind == "truncate" else GARBAGE)
        transport.close()
    with contextlib.suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass
    return True


async def _dribble(reply: Reply, send: "Send") -> None:
    body = reply.body
    headers = [*reply_headers(reply), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    for start in range(0, len(body), DRIBBLE_BYTES):
        piece = body[start : start + DRIBBLE_BYTES]
        await sleep(reply.wait_ms)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
