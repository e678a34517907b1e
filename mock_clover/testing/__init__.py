"""Test with mock-clover: in pytest by its fixtures, elsewhere by `serve` and `serve_async`.

Importing this module imports only the standard library, not pytest.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mock_clover.testing.clock import Clock
from mock_clover.testing.declines import Decline, declines
from mock_clover.testing.embed import serve, serve_async
from mock_clover.testing.handle import MockClover
from mock_clover.testing.transport import MockCloverError

if TYPE_CHECKING:
    from mock_clover.testing.asynchronous import AsyncClock, AsyncMockClover
    from mock_clover.testing.in_process import MockCloverApp
    from mock_clover.testing.plugin import MockCloverFactory

__all__ = [
    "AsyncClock",
    "AsyncMockClover",
    "Clock",
    "Decline",
    "MockClover",
    "MockCloverApp",
    "MockCloverError",
    "MockCloverFactory",
    "declines",
    "serve",
    "serve_async",
]

pytest_plugins = ("mock_clover.testing.plugin",)
"""So that `-p mock_clover.testing` loads the plugin, too."""

_MODULES = {
    "AsyncClock": "asynchronous",
    "AsyncMockClover": "asynchronous",
    "MockCloverApp": "in_process",
    "MockCloverFactory": "plugin",
}
"""Names whose modules import asyncio, the server or pytest: they are imported on first use."""


def __getattr__(name: str) -> Any:
    """Import a name on its first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
