"""What a sandbox calls of the layers above it. Each module is imported with its first use."""

from collections.abc import Callable
from typing import Any

from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job
from mock_clover.scenario.records_fixtures import Fixtures


def make_hooks(on_progress: Callable[[int], None] = lambda _: None) -> Hooks:
    """Return the hooks; `on_progress` gets the number of rows that fixtures have added."""

    def load_fixtures(sandbox: Sandbox, stock: Fixtures) -> None:
        from mock_clover.scenario.fixtures import load_fixtures as load

        load(sandbox, stock, on_progress)

    return Hooks(load_fixtures, run_job, send_rule_event)


def run_job(sandbox: Sandbox, due: Job) -> bool:
    """Run a job that is due; return whether it did anything."""
    from mock_clover.clover.jobs import JOBS

    return JOBS[due.kind](sandbox, due)


def send_rule_event(*call: Any) -> None:
    """Send the webhook that a rule asks for after a call."""
    from mock_clover.clover.webhooks.operations import send_rule_event as send

    send(*call)
