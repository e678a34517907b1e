"""What a server does beside answering, once a second: let time pass, drop idle sandboxes."""

import time

from mock_clover.core.masking import redact
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.server.log import ExchangeLog

IDLE_S = 3_600.0
"""A sandbox that nobody called or watched for so long is dropped; `default` never is."""


class IdleSandboxReaper:
    """Finds sandboxes that nobody uses, by their journals' counts: answering pays nothing."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._seen: dict[str, tuple[int, float]] = {}

    def sweep(self, now: float | None = None) -> None:
        """Drop what has been idle for too long."""
        now = time.monotonic() if now is None else now
        seen: dict[str, tuple[int, float]] = {}
        for sandbox in list(self._sandboxes):
            count, since = self._seen.get(sandbox.name, (-1, now))
            if sandbox.journal.count != count or sandbox.journal.watchers:
                count, since = sandbox.journal.count, now
            if sandbox.name != DEFAULT and now - since > IDLE_S:
                self._sandboxes.drop(sandbox.name)
                self._log.say(f"sandbox {redact(sandbox.name)} is dropped: nobody used it")
            else:
                seen[sandbox.name] = (count, since)
        self._seen = seen


class SchedulerTicker:
    """Lets what is due happen in every sandbox, whether or not anybody calls."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes

    def tick(self) -> None:
        """Let what is due happen."""
        for sandbox in self._sandboxes:
            if sandbox.agenda.heap:
                run_due_jobs(sandbox)
