"""The journal as server-sent events: each exchange as it happens, until the reader goes away.

- An exchange is masked and encoded once for all readers, and the events go out in batches: a reader
  takes a quarter of the server's time at most, however much happens.
- A reader that does not read costs one batch and no more: what leaves the journal meanwhile is told
  as missed.
- A stream ends when its sandbox is dropped or made anew, for that one's exchanges are other ones.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mock_clover.core.codec import Codec
from mock_clover.server.render import reply_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mock_clover.sandbox.journal import Journal
    from mock_clover.sandbox.sandbox import Sandbox
    from mock_clover.server.app import App

EVENT_STREAM = b"text/event-stream"
_HEARTBEAT_S = 15.0
_PAUSE_S = 0.02
"""Between two batches at least; nobody sees that they came late."""
_SHARE = 3
"""A reader pauses so many times as long as its last batch took."""
_BATCH_BYTES_MAX = 65_536
_GONE = b": the sandbox is no more\n\n"


async def stream(
    app: "App", scope: "Scope", headers: dict[bytes, bytes], receive: "Receive", send: "Send"
) -> None:
    """Send exchanges from now on, or after the id in `Last-Event-ID` or the query."""
    path, query = scope["path"], scope["query_string"]
    sandbox, _ = app.locate(path, headers)
    reply = app.reply_to("GET", path, b"&".join(filter(None, (query, b"limit=1"))), headers, b"")
    if reply.status != 200:
        lines = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
        await send({"type": "http.response.body", "body": reply.body})
        return
    sandbox.note_changes()
    changed = asyncio.Event()
    sandbox.journal.watchers.add(changed.set)
    gone: asyncio.Future[Any] = asyncio.ensure_future(_until_gone(receive))
    try:
        lines = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await _tell(app, sandbox, _Place(sandbox.journal, headers, query), changed, gone, send)
    except asyncio.CancelledError:  # the server ends: the stream does too, as it should
        await send({"type": "http.response.body", "body": b""})
    finally:
        sandbox.journal.watchers.discard(changed.set)
        if not sandbox.journal.watchers:
            sandbox.journal.forget_lines()
        gone.cancel()


class _Place:
    """Where a reader is in a journal."""

    def __init__(self, journal: "Journal", headers: dict[bytes, bytes], query: bytes) -> None:
        from mock_clover.control.journal import JournalQuery  # with the first reader

        self._journal = journal
        asked = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        self._query: JournalQuery = Codec(JournalQuery).convert(asked)
        last = headers.get(b"last-event-id", b"")
        self._after = journal.count
        if last.isdigit() and len(last) < 19:
            self._after = int(last)
        elif "after" in asked:
            self._after = self._query.after
        if self._after > journal.count:  # of a server before this one: its ids are no more
            self._after = 0

    def batch(self) -> bytes:
        """Return the next events, some 64 KiB of them; nothing when there are none."""
        return b"".join(self._events())

    def _events(self) -> Iterator[bytes]:
        journal, size = self._journal, 0
        for exchange in journal.since(self._after):
            missed = exchange.number - 1 - self._after
            self._after = exchange.number
            if missed:
                yield b": %d exchanges left the journal unseen\n\n" % missed
            if self._query.means(exchange):
                event = b"id: %d\ndata: %b\n\n" % (exchange.number, journal.line(exchange))
                yield event
                size += len(event)
                if size >= _BATCH_BYTES_MAX:
                    return


async def _tell(
    app: "App",
    sandbox: "Sandbox",
    place: _Place,
    changed: asyncio.Event,
    gone: "asyncio.Future[Any]",
    send: "Send",
) -> None:
    """Send batches until the reader, or the sandbox, is gone."""
    is_first = True
    while not gone.done():
        changed.clear()
        if not app.sandboxes.has(sandbox):
            await send({"type": "http.response.body", "body": _GONE})
            return
        started = time.perf_counter()
        events = place.batch()
        took = time.perf_counter() - started
        if events or is_first:
            body = events or b": alive\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
            is_first = False
        if events:  # there may be more by now
            await asyncio.wait((gone,), timeout=max(_PAUSE_S, _SHARE * took))
            continue
        waiting: asyncio.Future[Any] = asyncio.ensure_future(changed.wait())
        await asyncio.wait(
            (gone, waiting), timeout=_HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
        )
        is_first = not waiting.done()  # nothing happened: the reader is told that it lives
        waiting.cancel()


async def _until_gone(receive: "Receive") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
