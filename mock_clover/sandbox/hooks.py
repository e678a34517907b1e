"""Callbacks of a sandbox into higher layers; `clover/hooks.py` provides them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mock_clover.clover.webhooks.records import EventSpec
    from mock_clover.core.record import Record
    from mock_clover.core.steps import Steps
    from mock_clover.sandbox.sandbox import Sandbox
    from mock_clover.sandbox.scheduler import FailedJob, Job
    from mock_clover.scenario.records_fixtures import Fixtures


class Hooks(NamedTuple):
    """The functions that a sandbox needs from the layers above it."""

    load_fixtures: "Callable[[Sandbox, Fixtures], Steps[None]]"
    """Create the initial data of a scenario in an empty sandbox."""
    run_job: "Callable[[Sandbox, Job], bool]"
    """Run a job that is due; return whether it had an effect."""
    send_rule_event: (
        "Callable[[Sandbox, str, tuple[str, ...], Record | None, EventSpec, int, bytes], None]"
    )
    """Send the webhook event of a rule after a request."""
    unsupported_fault_reason: "Callable[[str], str]" = lambda _kind: ""
    """Return why the server cannot apply a kind of fault, or ''."""
    report_failed_job: "Callable[[Sandbox, FailedJob], None]" = lambda _sandbox, _failed: None
    """Log a job that raised an error."""
