"""Requests that wait for the journal of a sandbox: `wait` of a list, and verifications."""

import asyncio
from typing import TYPE_CHECKING, Any

from mock_clover.core.steps import Work
from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.server.app.connection import own_connection

if TYPE_CHECKING:
    from starlette.types import Scope

    from mock_clover.server.app.app import App

WAITS_MAX = 256
"""Requests that may wait for the journal of a sandbox: each exchange repeats all of them."""
UNAVAILABLE_BODY = b'{"message":"503 Service Unavailable"}'


async def long_poll(app: "App", request: Any, reply: Reply, scope: "Scope") -> Reply:
    """Repeat a request after each exchange until its condition is met or it times out."""
    method, path, query, headers, body = request
    sandbox, path = app.resolve_sandbox(path, headers)
    sandbox.webhook_sender(sandbox)  # deliveries that were queued before a loop was running
    raw = RawRequest(method=method, path=path, query=query, headers=headers, body=body or b"")
    changed = asyncio.Event()
    changed.set()  # exchanges may have been added while the first result was made
    watchers = sandbox.journal.watchers
    if len(watchers) >= WAITS_MAX:
        why = f"{WAITS_MAX} requests wait for this journal already"
        return Reply(status=503, body=UNAVAILABLE_BODY, why=why)
    watchers.add(changed.set)
    try:
        async with asyncio.timeout(reply.long_poll_ms / 1000):
            while reply.long_poll_ms:
                await changed.wait()
                changed.clear()
                reply = await _handle_again(app, sandbox, raw)
    except TimeoutError:
        reply = await _handle_again(app, sandbox, raw)
    except asyncio.CancelledError:
        if own_connection(scope) is None:
            raise
        reply = await _handle_again(app, sandbox, raw)  # the server shuts down
    finally:
        watchers.discard(changed.set)
    return reply


async def _handle_again(app: "App", sandbox: Sandbox, raw: RawRequest) -> Reply:
    reply, _ = app.handle_in_sandbox(app.sandboxes.current_version_of(sandbox), raw)
    if isinstance(reply, Work):
        reply = await app.slices.run(reply)
    if not isinstance(reply, Reply):
        raise TypeError("faults do not delay control requests")
    return reply
