"""What is imported beside the first answers, so that hardly any caller waits for it."""

import threading
from importlib import import_module

from mock_clover.sandbox.keys import KeyRing

_USUAL = (
    *("api.tokens", "api.charges", "api.charge_views", "api.refunds", "api.customers"),
    *("api.orders", "control.worlds", "control.proof", "control.steer"),
)
_AFTER_S = 0.3
"""The first answers come before the import that opens encrypted numbers."""


def warm(keys: KeyRing) -> None:
    """Make the key and the usual operations ready in a thread, beside whatever else goes on."""
    timer = threading.Timer(_AFTER_S, _warm, (keys,))
    timer.daemon = True
    timer.start()


def _warm(keys: KeyRing) -> None:
    for name in _USUAL:
        import_module(f"mock_clover.{name}")
    keys.make_ready()
