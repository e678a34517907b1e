"""mock-clover: a local mock of the Clover payments sandbox.

Importing this package imports nothing else, to keep startup fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["ScenarioError", "__version__", "create_app"]
__version__ = "0.1.0"

if TYPE_CHECKING:
    from mock_clover.scenario.records import ScenarioError
    from mock_clover.server.build import create_app
else:

    def __getattr__(name: str) -> Any:
        """Import the error on its first use."""
        if name != "ScenarioError":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module("mock_clover.scenario.records").ScenarioError

    def create_app(*args: Any, **kwargs: Any) -> Any:
        """Return mock-clover as a Starlette application; see `mock_clover.server.build`."""
        return import_module("mock_clover.server.build").create_app(*args, **kwargs)
