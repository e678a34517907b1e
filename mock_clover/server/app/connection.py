"""The connection of a request, and what happens to the request when `mock-clover serve` ends."""

import asyncio
from typing import TYPE_CHECKING, Any

from mock_clover.core.steps import Work
from mock_clover.engine.reply import Reply, Wait
from mock_clover.server.slices import Slices

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

CONNECTION = "mock_clover.connection"
"""Key of the protocol in the ASGI scope's state; set by `mock-clover serve` only."""
_SHUTTING_DOWN_BODY = b'{"message":"the server is shutting down"}'


def own_connection(scope: "Scope") -> Any:
    """Return the protocol of the connection if `mock-clover serve` runs the application."""
    return scope.get("state", {}).get(CONNECTION)


async def sleep(wait_ms: float, scope: "Scope") -> bool:
    """Sleep; return False early if `mock-clover serve` ends. Raises CancelledError elsewhere."""
    try:
        await asyncio.sleep(wait_ms / 1000)
    except asyncio.CancelledError:
        if own_connection(scope) is None:
            raise
        return False
    return True


async def wait_for_disconnect(receive: "Receive") -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def run_unless_shut_down(
    slices: Slices, reply: Reply | Wait | Work[Reply | Wait], scope: "Scope"
) -> Reply | Wait:
    """Run a request that is work. If `mock-clover serve` shuts down, return an error instead."""
    if not isinstance(reply, Work):
        return reply
    try:
        return await slices.run(reply)
    except asyncio.CancelledError:
        if own_connection(scope) is None:
            raise
        return Reply(status=503, body=_SHUTTING_DOWN_BODY, why="the server is shutting down")
