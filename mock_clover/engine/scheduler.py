"""Run due jobs in chronological order, each with the clock set to its due time.

A subscription that was due a week ago is charged as of a week ago. Jobs run before a request is
handled, so that every response reflects the current time of the clock.
"""

from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

_JOBS_MAX = 20_000
"""Jobs per run: ten years of a daily subscription are 3,650. The rest run with the next request."""


def run_due_jobs(sandbox: Sandbox) -> list[Job]:
    """Run the jobs that are due, in order, and return those that had an effect."""
    effective: list[Job] = []
    now_ms = sandbox.clock.now_ms()
    while len(effective) < _JOBS_MAX and (due := sandbox.scheduler.take(now_ms)) is not None:
        with sandbox.clock.frozen_at(due.at_ms), sandbox.changes.caused_by(due.kind):
            if sandbox.hooks.run_job(sandbox, due):
                effective.append(due)
    return effective
