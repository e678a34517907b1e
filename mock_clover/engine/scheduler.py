"""Run due jobs in the order of their times, each with the clock at its own time.

A subscription that was due a week ago charges as of a week ago. Jobs run before a request is
handled, so that every reply reflects the current time of the clock.
"""

from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

_JOBS_MAX = 20_000
"""Jobs per run: ten years of a daily subscription are 3,650. The rest runs at the next request."""


def run_due_jobs(sandbox: Sandbox) -> list[Job]:
    """Run the jobs that are due, in order, and return those that had an effect."""
    effective: list[Job] = []
    now_ms = sandbox.clock.now_ms()
    while len(effective) < _JOBS_MAX and (due := sandbox.agenda.take(now_ms)) is not None:
        with sandbox.clock.held_at(due.at_ms), sandbox.changes.because(due.kind):
            if sandbox.hooks.run_job(sandbox, due):
                effective.append(due)
    return effective
