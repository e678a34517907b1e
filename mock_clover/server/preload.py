"""What is imported beside the first answers, so that hardly any caller waits for it."""

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
"""The first answers come before the import that opens encrypted numbers."""


class BackgroundImports:
    """Makes the key and the usual operations ready in a thread, beside whatever else goes on."""

    def __init__(self, keys: KeyRing) -> None:
        self._timer = threading.Timer(_AFTER_S, _warm, (keys,))
        self._timer.daemon = True

    def begin(self) -> None:
        """Begin, once the server answers."""
        self._timer.start()

    def end(self) -> None:
        """Begin no more, or wait: an import that the interpreter's own end cuts off aborts it."""
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()


def _warm(keys: KeyRing) -> None:
    for name in _USUAL:
        import_module(f"mock_clover.{name}")
    keys.make_ready()
