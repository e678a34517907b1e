"""Build the application from a scenario, a key pair and settings."""

from collections.abc import Callable
from typing import Any

from mock_clover.clover.hooks import make_hooks
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import Scenario
from mock_clover.server.app import App
from mock_clover.server.control_guard import ControlGuard
from mock_clover.server.log import ExchangeLog


def build(
    scenario: Scenario,
    keys: KeyRing,
    *,
    seed: str,
    log: ExchangeLog,
    switched: dict[str, Any],
    gate: ControlGuard | None = None,
    webhook_hosts: tuple[str, ...] = (),
    told: Callable[[int], None] = lambda _: None,
) -> App:
    """Return the application; `switched` settings override those of the scenario.

    `told` is called with progress while the scenario's data is created for the first sandbox.
    """
    sandboxes = Sandboxes(
        scenario,
        keys,
        seed=seed,
        hooks=make_hooks(told),
        switched=switched,
        on_drop=lambda name: log.say(f"sandbox {name} dropped: there are too many"),
    )
    return App(sandboxes, log, gate, webhook_hosts)
