"""Due jobs, of which one fails: it is recorded and logged, and everything else goes on."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_clover.clover.common.problems import SANDBOX_FULL
from mock_clover.clover.jobs import JOBS
from mock_clover.clover.webhooks.records import DeliveryFault, TargetSpec
from mock_clover.core.steps import finish
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.clock import ManualClock
from mock_clover.sandbox.keys import KeyRing
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import FAILED_MAX, Job
from mock_clover.scenario.load import parse
from mock_clover.scenario.records import Scenario
from mock_clover.server.app.app import App
from mock_clover.server.build import build
from tests.clover.tokens.test_instruments import ACH
from tests.hostile import BROWSER
from tests.in_process import NOW_MS, InProcessServer
from tests.logs import LogFile
from tests.subscriptions import DAY_MS, SubscriptionShop

CARD = "4539148803436467"
ERRORS = {
    "KeyError in break_job.<locals>.run_job:": KeyError(CARD),
    "SANDBOX_FULL": SANDBOX_FULL.error(),
}


class Logged:
    """A server that writes its log to a file."""

    def __init__(self, keys: KeyRing, scenario: Scenario, log: LogFile) -> None:
        self.lines = log.lines
        self.app: App = build(
            scenario,
            keys,
            seed="tests",
            log=log.log,
            setting_overrides={},
            make_clock=lambda: ManualClock(NOW_MS),
        )

    def get(self, sandbox: str, path: str) -> tuple[int, Any]:
        headers = {b"host": b"localhost"}
        headers[b"authorization"] = self.app.sandboxes.get_or_create(sandbox).bearer_header
        reply = self.app.handle_now("GET", f"/sandbox/{sandbox}{path}", b"", headers, b"")
        return reply.status, json.loads(reply.body)


@pytest.fixture
def logged(keys: KeyRing, default_scenario: Scenario, tmp_path: Path) -> Iterator[Logged]:
    with LogFile(tmp_path / "log") as log:
        yield Logged(keys, default_scenario, log)


def break_job(sandbox: Sandbox, kind: str, error: Exception) -> list[Job]:
    """Let a kind of job fail in a sandbox; return the list of the others that run."""
    others: list[Job] = []

    def run_job(_: Sandbox, job: Job) -> bool:
        if job.kind == kind:
            raise error
        others.append(job)
        return True

    sandbox.hooks = sandbox.hooks._replace(run_job=run_job)
    return others


@pytest.mark.parametrize("said", ERRORS)
@pytest.mark.parametrize("kind", JOBS)
def test_a_job_that_fails_stops_only_itself(logged: Logged, kind: str, said: str) -> None:
    bad, good = (logged.app.sandboxes.get_or_create(name) for name in ("bad", "good"))
    other = next(each for each in JOBS if each != kind)
    for sandbox in (bad, good):
        for due in (Job(NOW_MS - 2, kind, f"A-{CARD}"), Job(NOW_MS - 1, other, "B")):
            sandbox.scheduler.add(*due)
    others = break_job(bad, kind, ERRORS[said])
    assert [logged.get(bad.name, "/v1/charges")[0] for _ in range(2)] == [200, 200]
    assert logged.get(good.name, "/v1/charges")[0] == 200
    assert others == [Job(NOW_MS - 1, other, "B")]
    assert bad.clock.now_ms() == NOW_MS
    (line,) = logged.lines()
    assert line.startswith(
        f"sandbox bad: job {kind} of A-[card ...6467] failed and will not run again: {said}"
    )
    (failed,) = logged.get(bad.name, "/_mock/clock")[1]["failed"]
    assert failed.pop("error").startswith(said)
    assert failed == {"at_ms": NOW_MS - 2, "kind": kind, "id": "A-[card ...6467]"}
    assert "failed" not in logged.get(good.name, "/_mock/clock")[1]
    assert logged.get(bad.name, "/_mock/health")[1]["failed_jobs"] == 1
    assert "failed_jobs" not in logged.get(good.name, "/_mock/health")[1]


def test_many_failures_are_counted_and_the_first_ones_are_shown(logged: Logged) -> None:
    kind, other = list(JOBS)[:2]
    sandbox = logged.app.sandboxes.default
    for number in range(FAILED_MAX + 5):
        sandbox.scheduler.add(NOW_MS - 100 + number, kind, str(number))
    sandbox.scheduler.add(NOW_MS, other, "B")
    others = break_job(sandbox, kind, KeyError("x"))
    assert logged.get("default", "/v1/charges")[0] == 200
    assert [job.id for job in others] == ["B"]
    shown = logged.get("default", "/_mock/clock")[1]["failed"]
    assert [each["id"] for each in shown] == [str(number) for number in range(FAILED_MAX)]
    assert logged.get("default", "/_mock/health")[1]["failed_jobs"] == FAILED_MAX + 5
    assert len(logged.lines()) == FAILED_MAX


RULE = b"""
name: jobs
merchants: [{name: a}, {name: b}]
rules:
  - when: {endpoint: charge_subscription, first: 9}
    then: {webhook: {id: A, object: P, type: UPDATE}}
"""


def jobs_of_each_kind(make_server: Callable[..., InProcessServer]) -> InProcessServer:
    """Return a server with a due job of each kind; most write several rows."""
    server = make_server(parse(RULE, "jobs"), upcoming_charge_notice_ms=DAY_MS // 2)
    shop, delay = SubscriptionShop(server), DeliveryFault(do="delay", delay_ms=1, times=1)
    target = TargetSpec(url="http://127.0.0.1:9/", plan=(delay,))
    server.sandbox.ensure_outbox().add_target(target, "seed")
    shop.subscribe(shop.plan(interval="DAY"), endDate="2025-05-29")
    server.sandbox.enable_change_recording()
    shop.set_clock(NOW_MS)
    server.charge(capture=False)
    debit = server.send("POST", "/v1/tokens", {"ach": ACH}).json["id"]
    server.charge(source=debit)
    threeds = {"source": "CLOVER", "browser_info": BROWSER}
    body = {"amount": 1, "currency": "usd", "source": server.token(), "threeds": threeds}
    waiting = {"x-mock-clover-outcome": "threeds/challenge"}
    assert server.send("POST", "/v1/charges", body, headers=waiting).json["status"] == "pending"
    server.clock.advance(200 * DAY_MS)
    return server


def state_of(sandbox: Sandbox) -> list[Any]:
    """Return all that a job may change."""
    box, outbox = sandbox, sandbox.outbox
    assert outbox is not None
    counts = (box.journal.count, box.journal.bytes, box.notices.count, outbox.count)
    rows = (box.state(), list(box.journal), list(box.notices), list(outbox), outbox.pending())
    changes = [box.changes.for_exchange(number) for number in range(1, box.journal.count + 2)]
    places = [box.journal.place_of(each.number) for each in box.journal]
    ready = (outbox.ready_targets(), outbox.targets, box.rule_counts, box.armed.outcomes)
    return [*counts, *rows, changes, places, *map(repr, ready)]


def test_a_job_that_fails_changes_nothing(make_server: Callable[..., InProcessServer]) -> None:
    """Each job fails after its last write."""
    server = jobs_of_each_kind(make_server)
    sandbox, run = server.sandbox, server.sandbox.hooks.run_job
    tried: list[Job] = []

    def run_and_fail(sandbox: Sandbox, job: Job) -> bool:
        agenda = sandbox.scheduler.entries()
        assert state_of(sandbox) == before
        assert run(sandbox, job) is True
        tried.append(job)
        assert [state_of(sandbox), sandbox.scheduler.entries()] != [before, agenda], job.kind
        raise KeyError

    sandbox.hooks = sandbox.hooks._replace(run_job=run_and_fail)
    due = [entry for entry in sandbox.scheduler.entries() if entry[0] <= sandbox.clock.now_ms()]
    before = state_of(sandbox)
    finish(due_jobs(sandbox))
    assert state_of(sandbox) == before
    assert [each.at_ms for each in tried] == [at_ms for at_ms, *_ in due]
    assert {each.kind for each in tried} == set(JOBS)
    assert not sandbox.scheduler.is_due(sandbox.clock.now_ms())
