"""A server and its sandbox as a context manager, for use without pytest."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mock_clover.testing.handle import MockClover, sandbox_settings
from mock_clover.testing.names import DEFAULT_NAME
from mock_clover.testing.options import SandboxSettings

if TYPE_CHECKING:
    from mock_clover.testing.asynchronous import AsyncMockClover


@contextlib.contextmanager
def serve(
    scenario: str | Path | dict[str, Any] | None = None,
    *,
    seed: str | None = None,
    **settings: Unpack[SandboxSettings],
) -> Iterator[MockClover]:
    """Start a server on a free port, yield its sandbox, and stop the server at the end.

    The server also stops if this process is killed. `fork()` of an unused sandbox is another empty
    one on the same server, for example for each test. Raises MockCloverError.
    """
    from mock_clover.testing.http_transport import HttpTransport
    from mock_clover.testing.server import ServerProcess

    body = sandbox_settings(scenario, seed, settings)
    server = ServerProcess()
    try:
        with contextlib.closing(HttpTransport(server.url())) as transport:
            yield MockClover.create(transport, DEFAULT_NAME, body)
    finally:
        server.stop()


@contextlib.asynccontextmanager
async def serve_async(
    scenario: str | Path | dict[str, Any] | None = None,
    *,
    seed: str | None = None,
    **settings: Unpack[SandboxSettings],
) -> "AsyncIterator[AsyncMockClover]":
    """Do what `serve` does without blocking the event loop; yield an awaitable handle."""
    import asyncio

    from mock_clover.testing.asynchronous import AsyncMockClover

    server = serve(scenario, seed=seed, **settings)
    sync = await asyncio.to_thread(server.__enter__)
    try:
        yield AsyncMockClover(sync)
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)
