"""Work once a second: run due jobs, delete idle sandboxes, keep states for capsules."""

import asyncio
import contextlib
import functools
import time
from collections.abc import Callable, Coroutine
from typing import Any

from mock_clover.core.steps import Work
from mock_clover.engine.scheduler import due_jobs, has_due_jobs
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.server.app.app import App
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


async def run_periodic_tasks(app: App) -> None:
    """Run all background work until the task is cancelled."""
    supervisor = Supervisor(app.log)
    async with asyncio.TaskGroup() as group:
        for name, task in background_tasks(app).items():
            group.create_task(supervisor.run_async(name, task))
        group.create_task(supervisor.run_every_second(periodic_tasks(app)))


def background_tasks(app: App) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
    """Return the tasks that run in the background, by the names that the log shows."""
    return {
        "loading the key": functools.partial(load_key, app.sandboxes.keys),
        "running due jobs": DueJobs(app).run_every_second,
    }


def periodic_tasks(app: App) -> dict[str, Callable[[], object]]:
    """Return the short tasks to run once a second, by the names that the log shows."""
    return {
        "deleting idle sandboxes": IdleSandboxReaper(app.sandboxes, app.log).sweep,
        "keeping states for capsules": app.sandboxes.keep_starts,
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


class DueJobs:
    """The due jobs of all sandboxes, which run even without requests."""

    def __init__(self, app: App) -> None:
        self._sandboxes = app.sandboxes
        self._slices = app.slices
        self._supervisor = Supervisor(app.log)

    async def run_every_second(self) -> None:
        """Run due jobs until cancelled."""
        while True:
            await asyncio.sleep(1)
            await self._supervisor.run_async("running due jobs", self.run)

    async def run(self) -> None:
        """Run the due jobs of each sandbox, one sandbox after the other."""
        for sandbox in list(self._sandboxes):
            if sandbox.scheduler.heap:
                run = functools.partial(self._run_jobs_of, sandbox)
                name = f"sandbox {sandbox.name}: running due jobs"
                await self._supervisor.run_async(name, run)

    async def _run_jobs_of(self, sandbox: Sandbox) -> None:
        # If the lane is busy, a request runs the jobs.
        if has_due_jobs(sandbox) and not self._slices.is_busy(sandbox.clock):
            await self._slices.run(Work(due_jobs(sandbox), sandbox.clock))
