"""The journal as server-sent events: each exchange as it happens, until the reader goes away."""

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

import msgspec

from mock_clover.server.render import reply_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mock_clover.api.reply import Reply
    from mock_clover.server.app import App

EVENT_STREAM = b"text/event-stream"
_HEARTBEAT_S = 15.0
_encode = msgspec.json.encode


async def stream(
    app: "App", scope: "Scope", headers: dict[bytes, bytes], receive: "Receive", send: "Send"
) -> None:
    """Send exchanges from now on, or after the id in `Last-Event-ID`."""
    path: str = scope["path"]
    sandbox, _ = app.locate(path, headers)
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    last = headers.get(b"last-event-id", b"")
    after = int(last) if last.isdigit() and len(last) < 19 else sandbox.journal.count

    def look() -> "Reply":
        query = urlencode({**asked, "after": after, "limit": 1000, "wait": 0}).encode()
        return app.reply_to("GET", path, query, headers, b"")

    reply = look()
    if reply.status != 200:
        lines = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": reply.body})
        return
    changed = asyncio.Event()
    sandbox.journal.watchers.add(changed.set)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        lines = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        while not gone.done():
            changed.clear()
            events = b""
            for each in msgspec.json.decode(look().body)["data"]:
                after = each["id"]
                events += b"id: %d\ndata: %b\n\n" % (after, _encode(each))
            await send(
                {"type": "http.response.body", "body": events or b": alive\n\n", "more_body": True}
            )
            waiting = asyncio.ensure_future(changed.wait())
            await asyncio.wait(
                {gone, waiting}, timeout=_HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
            )
            waiting.cancel()
    except asyncio.CancelledError:  # the server ends: the stream does too, as it should
        await send({"type": "http.response.body", "body": b""})
    finally:
        sandbox.journal.watchers.discard(changed.set)
        gone.cancel()


async def _until_gone(receive: "Receive") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
