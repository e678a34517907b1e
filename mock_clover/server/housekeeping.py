"""Periodic tasks, once a second: run due jobs and delete idle sandboxes."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable

from mock_clover.engine.scheduler import run_due_jobs
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.server.log import ExchangeLog
from mock_clover.server.supervisor import Supervisor

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
    supervisor = Supervisor(log)
    await supervisor.run_async("loading the key", functools.partial(load_key, sandboxes.keys))
    await supervisor.run_every_second(periodic_tasks(sandboxes, log))


def periodic_tasks(sandboxes: Sandboxes, log: ExchangeLog) -> dict[str, Callable[[], object]]:
    """Return the tasks to run once a second, by the names that the log shows."""
    return {
        "running due jobs": SchedulerTicker(sandboxes, log).tick,
        "deleting idle sandboxes": IdleSandboxReaper(sandboxes, log).sweep,
    }


class IdleSandboxReaper:
    """Detect idle sandboxes by their journal counts, so that requests need no bookkeeping."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._supervisor = Supervisor(log)
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
                delete = functools.partial(self._delete, sandbox.name)
                self._supervisor.run(f"sandbox {sandbox.name}: deletion", delete)
            else:
                seen[sandbox.name] = (count, since)
        self._seen = seen

    def _delete(self, name: str) -> None:
        self._sandboxes.delete(name)
        self._log.write_message(f"sandbox {name} deleted: no requests for an hour")


class SchedulerTicker:
    """Run the due jobs of every sandbox, even without requests."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._sandboxes = sandboxes
        self._supervisor = Supervisor(log)

    def tick(self) -> None:
        """Run all due jobs."""
        for sandbox in list(self._sandboxes):
            if sandbox.scheduler.heap:
                self._supervisor.run(
                    f"sandbox {sandbox.name}: running due jobs",
                    functools.partial(run_due_jobs, sandbox),
                )
