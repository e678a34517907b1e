"""Put a server together: scenario, keys, sandboxes, application."""

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
    """Return the application; what the command line switched wins over the scenario.

    `told` hears of each thing that is made of the scenario's data for the first sandbox.
    """
    sandboxes = Sandboxes(
        scenario,
        keys,
        seed=seed,
        hooks=make_hooks(told),
        switched=switched,
        on_drop=lambda name: log.say(f"sandbox {name} is dropped: there are too many"),
    )
    return App(sandboxes, log, gate, webhook_hosts)
