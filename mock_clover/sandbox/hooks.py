"""The functions of higher layers that a sandbox calls: `clover/hooks.py` has them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mock_clover.clover.webhooks.records import EventOrder
    from mock_clover.core.record import Record
    from mock_clover.sandbox.sandbox import Sandbox
    from mock_clover.sandbox.scheduler import Due
    from mock_clover.scenario.records_fixtures import Stock


class Hooks(NamedTuple):
    """What a sandbox needs of the layers above it."""

    load_fixtures: "Callable[[Sandbox, Stock], None]"
    """Create the initial data of a scenario in an empty sandbox."""
    run_job: "Callable[[Sandbox, Due], bool]"
    """Run a job that is due; return whether it did anything."""
    send_rule_event: (
        "Callable[[Sandbox, str, tuple[str, ...], Record | None, EventOrder, int, bytes], None]"
    )
    """Send the webhook that a rule asks for after a call."""
