"""Put a server together: scenario, keys, sandboxes, application."""

from collections.abc import Callable
from typing import Any

from mock_clover.model.scenario import Scenario
from mock_clover.model.stock import Stock
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.server.app import App
from mock_clover.server.gate import Gate
from mock_clover.server.log import ExchangeLog


def build(
    scenario: Scenario,
    keys: KeyRing,
    *,
    seed: str,
    log: ExchangeLog,
    switched: dict[str, Any],
    gate: Gate | None = None,
    webhook_hosts: tuple[str, ...] = (),
    told: Callable[[int], None] = lambda _: None,
) -> App:
    """Return the application; what the command line switched wins over the scenario.

    `told` hears of each thing that is made of the scenario's data for the first sandbox.
    """

    def sow(sandbox: Sandbox, stock: Stock) -> None:
        from mock_clover.api.sow import sow  # most scenarios have no data

        sow(sandbox, stock, told)

    sandboxes = Sandboxes(
        scenario,
        keys,
        seed=seed,
        sow=sow,
        switched=switched,
        on_drop=lambda name: log.say(f"sandbox {name} is dropped: there are too many"),
    )
    return App(sandboxes, log, gate, webhook_hosts)
