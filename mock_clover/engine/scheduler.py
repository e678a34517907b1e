"""Run due jobs in chronological order, each with the clock set to its due time.

Between two jobs, requests to other sandboxes are handled. Requests to this sandbox wait.

A subscription that was due a week ago is charged as of a week ago. Jobs run before a request is
handled, so that every response reflects the current time of the clock. A job that raises an error
changes nothing; it is recorded, logged and not run again. The other jobs and the request go on.
"""

from mock_clover.core.error_text import error_location
from mock_clover.core.problem import ApiError
from mock_clover.core.steps import Steps
from mock_clover.sandbox.rollback import undone_on_error
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import FailedJob, Job

_JOBS_MAX = 20_000
"""Jobs per run: ten years of a daily subscription are 3,650. The rest run with the next request."""


def has_due_jobs(sandbox: Sandbox) -> bool:
    """Return whether a job of a sandbox is due."""
    return bool(sandbox.scheduler.heap) and sandbox.scheduler.is_due(sandbox.clock.now_ms())


def due_jobs(sandbox: Sandbox) -> Steps[list[Job]]:
    """Run the jobs that are due, in order, and return those that had an effect."""
    effective: list[Job] = []
    failures = 0
    scheduler, clock = sandbox.scheduler, sandbox.clock
    while (
        len(effective) + failures < _JOBS_MAX
        and (due := scheduler.take(clock.now_ms())) is not None
    ):
        try:
            with (
                sandbox.clock.frozen_at(due.at_ms),
                sandbox.changes.caused_by(due.kind),
                undone_on_error(sandbox),
            ):
                if sandbox.hooks.run_job(sandbox, due):
                    effective.append(due)
        except Exception as error:  # noqa: BLE001 - must end neither the request nor the server
            failures += 1
            _record_failure(sandbox, due, error)
        if scheduler.is_due(clock.now_ms()):
            yield
    return effective


def _record_failure(sandbox: Sandbox, job: Job, error: Exception) -> None:
    text = error.problem.name if isinstance(error, ApiError) else error_location(error)
    failed = FailedJob(job, text)
    if sandbox.scheduler.note_failure(failed):
        sandbox.hooks.report_failed_job(sandbox, failed)
