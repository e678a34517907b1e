"""Functions of upper layers that a sandbox calls. Their modules are imported on first use."""

from collections.abc import Callable
from typing import Any

from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job
from mock_clover.scenario.records_fixtures import Fixtures


def make_hooks(on_progress: Callable[[int], None] = lambda _: None) -> Hooks:
    """Return the hooks; `on_progress` gets the number of rows that fixtures have loaded."""

    def load_fixtures(sandbox: Sandbox, fixtures: Fixtures) -> None:
        from mock_clover.scenario.fixtures import load_fixtures as load

        load(sandbox, fixtures, on_progress)

    return Hooks(load_fixtures, run_job, send_rule_event)


def run_job(sandbox: Sandbox, job: Job) -> bool:
    """Run a due job; return whether it had an effect."""
    from mock_clover.clover.jobs import JOBS

    return JOBS[job.kind](sandbox, job)


def send_rule_event(*call: Any) -> None:
    """Send the webhook that a rule specifies after a request."""
    from mock_clover.clover.webhooks.operations import send_rule_event as send

    send(*call)
