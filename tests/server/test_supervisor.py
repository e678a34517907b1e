"""Errors in the work that belongs to no request: each is logged, and everything else goes on."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import uvicorn

from mock_clover.cli.serve import background_jobs
from mock_clover.clover.jobs import JOBS
from mock_clover.sandbox.journal import Journal
from mock_clover.sandbox.keys import KeyFileError, KeyRing, SerializedKeyPair
from mock_clover.sandbox.scheduler import Scheduler
from mock_clover.server.app.app import App
from mock_clover.server.housekeeping import (
    IDLE_S,
    DueJobs,
    IdleSandboxReaper,
    run_periodic_tasks,
)
from mock_clover.server.serve import Server
from mock_clover.server.supervisor import Supervisor
from mock_clover.server.webhook_sender import WebhookSender
from tests.fake_clock import FakeClockLoop, run, settle
from tests.in_process import NOW_MS, InProcessServer
from tests.logs import LogFile


@pytest.fixture
def app(server: InProcessServer, log: LogFile) -> App:
    """The core of the server, with a log."""
    server.app.log = log.log
    return server.app


def fail(*_: object) -> Any:
    raise KeyError("4539148803436467")


def test_an_error_that_repeats_is_logged_once(log: LogFile) -> None:
    supervisor = Supervisor(log.log)
    done = [supervisor.run("the task", task) for task in (fail, fail, list, fail)]
    assert done == [False, False, True, False]
    (line, again) = log.lines()
    assert line == again
    assert line.startswith("the task failed: KeyError in fail:")


def test_an_error_of_a_background_task_is_logged(log: LogFile) -> None:
    async def main(_: FakeClockLoop) -> None:
        async def task() -> None:
            fail()

        await Supervisor(log.log).run_async("the task", task)

    run(main)
    (line,) = log.lines()
    assert line.startswith("the task failed: KeyError in fail:")


async def tick_server(log: LogFile, chores: dict[str, Callable[[], object]], **more: Any) -> Server:
    config = uvicorn.Config(None, lifespan="off", log_config=None)  # type: ignore[arg-type] # unused
    config.load_app = lambda: None  # type: ignore[assignment, method-assign, return-value] # unused
    config.load()
    tasks = more.get("tasks", {})
    server = Server(config, lambda: None, chores, tasks, Supervisor(log.log))
    server.server_state.connections |= more.get("connections", set())
    await server.on_tick(0)
    return server


class Https:
    """An HTTPS port, as far as its job needs it."""

    class tls:  # noqa: N801 - the name of a field
        """A certificate that is never due."""

        renew = staticmethod(print)


def jobs_that_run(log: LogFile, periodic: list[str], tasks: list[str], broken: str) -> list[str]:
    """Run jobs with these names, one of which fails; return the names of the others."""
    ran: list[str] = []

    def run_job(name: str) -> None:
        if name == broken:
            fail()
        ran.append(name)

    async def run_task(name: str) -> None:
        run_job(name)

    async def main(_: FakeClockLoop) -> None:
        chores = {name: partial(run_job, name) for name in periodic}
        coroutines = {name: partial(run_task, name) for name in tasks}
        server = await tick_server(log, chores, tasks=coroutines)
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[])
        await settle()

    run(main)
    return ran


def test_a_job_that_fails_stops_no_other(server: InProcessServer, log: LogFile) -> None:
    """For each job of `serve`, also for those to come."""
    https: Any = Https
    found = background_jobs(server.app, https, "sandbox")
    periodic, tasks = (list(each) for each in found)
    names = [*periodic, *tasks]
    assert (len(periodic), len(tasks)) == (3, 3)
    for broken in names:
        others = [name for name in names if name != broken]
        assert jobs_that_run(log, periodic, tasks, broken) == others
        assert log.lines()[-1].startswith(f"{broken} failed: KeyError in fail:")
    assert len(log.lines()) == len(names)


class BrokenConnection:
    """A connection whose timeout check fails."""

    close_if_timed_out = staticmethod(fail)


def test_a_connection_that_fails_is_checked_no_more(log: LogFile) -> None:
    broken = BrokenConnection()
    server = run(lambda _: tick_server(log, {}, connections={broken}))
    assert server.server_state.connections == set()
    (line,) = log.lines()
    assert line.startswith("closing a slow connection failed: KeyError in fail:")


class BrokenScheduler(Scheduler):
    """A scheduler that cannot say what is due."""

    is_due = staticmethod(fail)


def test_a_sandbox_whose_jobs_cannot_run_stops_no_other(app: App, log: LogFile) -> None:
    bad, good = (app.sandboxes.get_or_create(name) for name in ("bad", "good"))
    bad.scheduler = BrokenScheduler()
    for sandbox in (bad, good):
        sandbox.scheduler.add(NOW_MS, next(iter(JOBS)), "A")
    jobs = DueJobs(app)

    async def main(_: FakeClockLoop) -> None:
        for _ in range(2):
            await jobs.run()

    run(main)
    assert good.scheduler.heap == []
    (line,) = log.lines()
    said = "sandbox bad: running due jobs failed: KeyError in fail:"
    assert line.startswith(said)


class BrokenJournal(Journal):
    """A journal whose readers cannot be notified."""

    notify = staticmethod(fail)


def test_a_sandbox_that_cannot_be_dropped_stops_no_other(
    server: InProcessServer, log: LogFile
) -> None:
    for name in ("first", "second"):
        server.sandboxes.get_or_create(name)
    server.sandboxes.get_or_create("first").journal = BrokenJournal()
    reaper = IdleSandboxReaper(server.sandboxes, log.log)
    reaper.sweep(0.0)
    reaper.sweep(IDLE_S + 1)
    assert [each.name for each in server.sandboxes] == ["default"]
    failed, dropped = log.lines()
    assert failed.startswith("sandbox first: deletion failed: KeyError in fail:")
    assert dropped == "sandbox second deleted: no requests for an hour"


def test_house_is_kept_without_a_key(app: App, log: LogFile) -> None:
    def fetch() -> SerializedKeyPair:
        raise KeyFileError("4539148803436467")

    app.sandboxes.keys = KeyRing(fetch=fetch)
    sandbox = app.sandboxes.default
    sandbox.scheduler.add(NOW_MS, next(iter(JOBS)), "A")

    async def main(loop: FakeClockLoop) -> None:
        loop.set_default_executor(ThreadPoolExecutor(1))  # does one thing after another
        task = asyncio.ensure_future(run_periodic_tasks(app))
        for _ in range(5):
            await loop.advance(1)
            await loop.run_in_executor(None, list)
        assert not task.done()
        task.cancel()

    run(main)
    assert sandbox.scheduler.heap == []
    (line,) = log.lines()
    assert line.startswith("loading the key failed: KeyFileError in ")


class BrokenOutbox:
    """An outbox with a delivery that cannot be taken."""

    take = staticmethod(fail)

    def ready_targets(self) -> list[str]:
        return ["A"]


def test_a_round_of_deliveries_that_fails_is_logged(server: InProcessServer) -> None:
    said: list[str] = []
    server.sandbox.outbox = BrokenOutbox()  # type: ignore[assignment] # a fault

    async def main(_: FakeClockLoop) -> None:
        WebhookSender(log=said.append).wake(server.sandbox)
        await settle()

    run(main)
    (line,) = said
    assert line.startswith("sandbox default: sending webhooks: KeyError in fail:")
