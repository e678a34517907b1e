"""Periodic tasks, once a second: run due jobs and delete idle sandboxes."""

import asyncio
import contextlib
import time

from mock_clover.core.masking import redact
from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.server.log import ExchangeLog

IDLE_S = 3_600.0
"""Delete a sandbox after this time without requests or live-journal clients, except `default`."""


_KEY_LOAD_DELAY_S = 0.3
"""Delay before the slow import of `cryptography`, so that the first requests need not wait."""


async def load_key(keys: KeyRing) -> None:
    """Import `cryptography` and load the key in a thread; the event loop waits for it at exit.

    If no thread can be started, the first request that needs the key loads it.
    """
    await asyncio.sleep(_KEY_LOAD_DELAY_S)
    with contextlib.suppress(RuntimeError):
        await asyncio.to_thread(keys.preload)


async def run_periodic_tasks(sandboxes: Sandboxes, log: ExchangeLog) -> None:
    """Run all background jobs until the task is cancelled."""
    reaper, ticker = IdleSandboxReaper(sandboxes, log), SchedulerTicker(sandboxes)
    await load_key(sandboxes.keys)
    while True:
        await asyncio.sleep(1)
        ticker.tick()
        reaper.sweep()


class IdleSandboxReaper:
    """Detect idle sandboxes by their journal counts, so that requests need no bookkeeping."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._seen: dict[str, tuple[int, float]] = {}

    def sweep(self, now: float | None = None) -> None:
        """Delete sandboxes that have been idle for IDLE_S."""
        now = time.monotonic() if now is None else now
        seen: dict[str, tuple[int, float]] = {}
        for sandbox in list(self._sandboxes):
            count, since = self._seen.get(sandbox.name, (-1, now))
            if sandbox.journal.count != count or sandbox.journal.watchers:
                count, since = sandbox.journal.count, now
            if sandbox.name != DEFAULT and now - since > IDLE_S:
                self._sandboxes.delete(sandbox.name)
                self._log.write_message(
                    f"sandbox {redact(sandbox.name)} deleted: no requests for an hour"
                )
            else:
                seen[sandbox.name] = (count, since)
        self._seen = seen


class SchedulerTicker:
    """Run the due jobs of every sandbox, even without requests."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes

    def tick(self) -> None:
        """Run all due jobs."""
        for sandbox in self._sandboxes:
            if sandbox.scheduler.heap:
                run_due_jobs(sandbox)
