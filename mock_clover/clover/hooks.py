"""The functions of higher layers that a sandbox calls."""

from collections.abc import Callable

from mock_clover.clover import jobs
from mock_clover.clover.webhooks.operations import send_rule_event
from mock_clover.core.steps import Steps
from mock_clover.sandbox.hooks import Hooks
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import FailedJob, Job
from mock_clover.scenario import fixtures
from mock_clover.scenario.records_fixtures import Fixtures


def make_hooks(
    on_progress: Callable[[int], None] = lambda _: None,
    unsupported_fault_reason: Callable[[str], str] = lambda _: "",
    report_failed_job: Callable[[Sandbox, FailedJob], None] = lambda _sandbox, _failed: None,
) -> Hooks:
    """Return the hooks; `on_progress` gets the number of rows that fixtures have loaded.

    `unsupported_fault_reason` returns why the server cannot apply a kind of fault, or ''.
    `report_failed_job` logs a job that raised an error.
    """

    def load_fixtures(sandbox: Sandbox, rows: Fixtures) -> Steps[None]:
        return fixtures.load_fixtures(sandbox, rows, on_progress)

    def run_job(sandbox: Sandbox, job: Job) -> bool:
        return jobs.JOBS[job.kind](sandbox, job)

    return Hooks(
        load_fixtures=load_fixtures,
        run_job=run_job,
        send_rule_event=send_rule_event,
        unsupported_fault_reason=unsupported_fault_reason,
        report_failed_job=report_failed_job,
    )
