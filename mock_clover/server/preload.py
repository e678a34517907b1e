"""Import modules in the background after start-up, so that few requests wait for an import."""

import threading
from importlib import import_module

from mock_clover.sandbox.keys import KeyRing

_USUAL = (
    *(
        "clover.tokens.endpoints",
        "clover.charges.endpoints",
        "clover.charges.endpoints_read",
        "clover.refunds.endpoints",
        "clover.customers.endpoints",
    ),
    *("clover.orders.endpoints", "control.sandboxes", "control.journal", "control.steering"),
)
_AFTER_S = 0.3
"""Let the first requests go before the slow import for decrypting card numbers."""


class BackgroundImports:
    """Prepare the key and the common operations in a background thread."""

    def __init__(self, keys: KeyRing) -> None:
        self._timer = threading.Timer(_AFTER_S, _warm, (keys,))
        self._timer.daemon = True

    def begin(self) -> None:
        """Start the timer; call this once the server accepts requests."""
        self._timer.start()

    def end(self) -> None:
        """Cancel, or wait for the thread: exiting during an import aborts the interpreter."""
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()


def _warm(keys: KeyRing) -> None:
    for name in _USUAL:
        import_module(f"mock_clover.{name}")
    keys.make_ready()
