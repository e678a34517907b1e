"""Stream the journal as server-sent events: each exchange as it happens, until the client leaves.

- An exchange is masked and encoded once for all readers, and events are sent in batches. One reader
  takes at most a quarter of the server's time.
- A slow reader buffers at most one batch. Exchanges that leave the journal meanwhile are reported
  as missed.
- A stream ends when its sandbox is dropped or recreated: the new one has other exchanges.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mock_clover.control.journal import JournalQuery
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
"""The minimum between two batches; too short for a person to notice."""
_PAUSE_FACTOR = 3
"""Pause this many times as long as the last batch took."""
_BATCH_BYTES_MAX = 65_536
_GONE = b": the sandbox no longer exists\n\n"


async def stream(
    app: "App", scope: "Scope", headers: dict[bytes, bytes], receive: "Receive", send: "Send"
) -> None:
    """Send new exchanges, or all after the id in `Last-Event-ID` or in the `after` parameter."""
    path, query = scope["path"], scope["query_string"]
    sandbox, _ = app.locate(path, headers)
    reply = app.reply_now("GET", path, b"&".join(filter(None, (query, b"limit=1"))), headers, b"")
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
        cursor = _Cursor(sandbox.journal, headers, query)
        await _send_events(app, sandbox, cursor, changed, gone, send)
    except asyncio.CancelledError:  # the server shuts down: end the stream properly
        await send({"type": "http.response.body", "body": b""})
    finally:
        sandbox.journal.watchers.discard(changed.set)
        if not sandbox.journal.watchers:
            sandbox.journal.forget_lines()
        gone.cancel()


class _Cursor:
    """The position of a reader in a journal."""

    def __init__(self, journal: "Journal", headers: dict[bytes, bytes], query: bytes) -> None:
        self._journal = journal
        parameters = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
        self._query: JournalQuery = Codec(JournalQuery).convert(parameters)
        last = headers.get(b"last-event-id", b"")
        self._after = journal.count
        if last.isdigit() and len(last) < 19:
            self._after = int(last)
        elif "after" in parameters:
            self._after = self._query.after
        if self._after > journal.count:  # an id of an earlier server process
            self._after = 0

    def batch(self) -> bytes:
        """Return the next events, about 64 KiB at most; empty if there are none."""
        return b"".join(self._events())

    def _events(self) -> Iterator[bytes]:
        journal, size = self._journal, 0
        for exchange in journal.since(self._after):
            missed = exchange.number - 1 - self._after
            self._after = exchange.number
            if missed:
                yield b": %d exchanges were missed\n\n" % missed
            if self._query.matches(exchange):
                event = b"id: %d\ndata: %b\n\n" % (exchange.number, journal.line(exchange))
                yield event
                size += len(event)
                if size >= _BATCH_BYTES_MAX:
                    return


async def _send_events(
    app: "App",
    sandbox: "Sandbox",
    cursor: _Cursor,
    changed: asyncio.Event,
    gone: "asyncio.Future[Any]",
    send: "Send",
) -> None:
    """Send batches until the client disconnects or the sandbox is dropped."""
    sends_heartbeat = True
    while not gone.done():
        changed.clear()
        if not app.sandboxes.has(sandbox):
            await send({"type": "http.response.body", "body": _GONE})
            return
        started = time.perf_counter()
        events = cursor.batch()
        took = time.perf_counter() - started
        if events or sends_heartbeat:
            body = events or b": alive\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
            sends_heartbeat = False
        if events:  # there may be more
            await asyncio.wait((gone,), timeout=max(_PAUSE_S, _PAUSE_FACTOR * took))
            continue
        waiting: asyncio.Future[Any] = asyncio.ensure_future(changed.wait())
        await asyncio.wait(
            (gone, waiting), timeout=_HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
        )
        sends_heartbeat = not waiting.done()
        waiting.cancel()


async def _until_gone(receive: "Receive") -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
