"""Stream the journal as server-sent events: each exchange as it happens, until the client leaves.

- An exchange is masked and encoded once for all readers, and events are sent in batches. One reader
  takes at most a quarter of the server's time.
- A slow reader buffers at most one batch. Exchanges that are evicted from the journal in the
  meantime are reported as missed.
- A stream ends when its sandbox is deleted or recreated: a new sandbox has a new journal.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mock_clover.control.journal.endpoints import JournalQuery
from mock_clover.core.codec import Codec
from mock_clover.server.app.connection import own_connection, wait_for_disconnect
from mock_clover.server.app.render import reply_headers
from mock_clover.server.app.resolver import without_slash

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from mock_clover.sandbox.journal import Journal
    from mock_clover.sandbox.sandbox import Sandbox
    from mock_clover.server.app.app import App

_EVENT_STREAM = b"text/event-stream"
_JOURNAL = "/_mock/journal"
_HEARTBEAT_S = 15.0
_PAUSE_S = 0.02
"""Minimum pause between two batches; too short to be noticeable."""
_PAUSE_FACTOR = 3
"""Pause this many times as long as the last batch took."""
_BATCH_BYTES_MAX = 65_536
_SANDBOX_DELETED_EVENT = b": the sandbox no longer exists\n\n"


def wants_stream(scope: "Scope", headers: dict[bytes, bytes]) -> bool:
    """Return whether a request asks for the journal as a stream."""
    return (
        scope["method"] == "GET"
        and headers.get(b"accept") == _EVENT_STREAM
        and without_slash(scope["path"]).endswith(_JOURNAL)
    )


async def stream(
    app: "App", scope: "Scope", headers: dict[bytes, bytes], receive: "Receive", send: "Send"
) -> None:
    """Send new exchanges, or all after the id in `Last-Event-ID` or in the `after` parameter."""
    path, query = scope["path"], scope["query_string"]
    reply = app.handle_now("GET", path, b"&".join(filter(None, (query, b"limit=1"))), headers, b"")
    if reply.status != 200:
        response_headers = [*reply_headers(reply), (b"content-length", b"%d" % len(reply.body))]
        await send(
            {"type": "http.response.start", "status": reply.status, "headers": response_headers}
        )
        await send({"type": "http.response.body", "body": reply.body})
        return
    sandbox, _ = app.resolve_sandbox(path, headers)
    if connection := own_connection(scope):
        connection.close_at_eof()
    sandbox.enable_change_recording()
    changed = asyncio.Event()
    sandbox.journal.watchers.add(changed.set)
    disconnected: asyncio.Future[Any] = asyncio.ensure_future(wait_for_disconnect(receive))
    try:
        response_headers = [(b"content-type", _EVENT_STREAM), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": response_headers})
        reader = _JournalReader(sandbox.journal, headers, query)
        await _send_events(app, sandbox, reader, changed, disconnected, send)
    except asyncio.CancelledError:  # the server shuts down: end the stream properly
        await send({"type": "http.response.body", "body": b""})
    finally:
        sandbox.journal.watchers.discard(changed.set)
        if not sandbox.journal.watchers:
            sandbox.journal.clear_line_cache()
        disconnected.cancel()


class _JournalReader:
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
        return b"".join(self._next_events())

    def _next_events(self) -> Iterator[bytes]:
        journal, size = self._journal, 0
        for exchange in journal.after(self._after):
            missed = exchange.number - 1 - self._after
            self._after = exchange.number
            if missed:
                yield b": %d exchanges were missed\n\n" % missed
            if self._query.matches(exchange):
                event = b"id: %d\ndata: %b\n\n" % (exchange.number, journal.json_line(exchange))
                yield event
                size += len(event)
                if size >= _BATCH_BYTES_MAX:
                    return


async def _send_events(
    app: "App",
    sandbox: "Sandbox",
    reader: _JournalReader,
    changed: asyncio.Event,
    disconnected: "asyncio.Future[Any]",
    send: "Send",
) -> None:
    """Send batches until the client disconnects or the sandbox is deleted."""
    sends_heartbeat = True
    while not disconnected.done():
        changed.clear()
        if not app.sandboxes.is_registered(sandbox):
            await send({"type": "http.response.body", "body": _SANDBOX_DELETED_EVENT})
            return
        started = time.perf_counter()
        events = reader.batch()
        duration_s = time.perf_counter() - started
        if events or sends_heartbeat:
            body = events or b": alive\n\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
            sends_heartbeat = False
        if events:  # there may be more
            await asyncio.wait((disconnected,), timeout=max(_PAUSE_S, _PAUSE_FACTOR * duration_s))
            continue
        waiting: asyncio.Future[Any] = asyncio.ensure_future(changed.wait())
        await asyncio.wait(
            (disconnected, waiting), timeout=_HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
        )
        sends_heartbeat = not waiting.done()
        waiting.cancel()
