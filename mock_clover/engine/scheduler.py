"""What is due happens, in the order of its times, and each thing sees the clock at its own time.

A subscription that was due a week ago charges as of a week ago. All of it happens before a request
is looked at, so no reply is older than the clock.
"""

from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

_JOBS_MAX = 20_000
"""At one go: ten years of a daily subscription are 3,650. What is left happens at the next call."""


def run_due_jobs(sandbox: Sandbox) -> list[Job]:
    """Let what is due by the clock happen, in order, and return it."""
    fired: list[Job] = []
    now_ms = sandbox.clock.now_ms()
    while len(fired) < _JOBS_MAX and (due := sandbox.agenda.take(now_ms)) is not None:
        with sandbox.clock.held_at(due.at_ms), sandbox.changes.because(due.kind):
            if sandbox.hooks.run_job(sandbox, due):
                fired.append(due)
    return fired
