"""mock-clover: the Clover payments sandbox on your own machine.

Importing this package imports nothing else, to keep start-up fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_clover.server.build import create_app

__all__ = ["__version__", "create_app"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "create_app":
        return import_module("mock_clover.server.build").create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
