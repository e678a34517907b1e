"""Faults in process: which call is befallen, and what has happened when it is.

What they look like on a socket is shown where sockets are: here a reply carries its fault.
"""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.reply import Reply, Wait
from mock_clover.sandbox.faults import FAULTS_MAX, Faults
from mock_clover.scenario.load import load, parse
from mock_clover.scenario.records_fault import Fault
from tests.world import NOW_MS, World

MakeWorld = Callable[..., World]
BEFORE, AFTER = "before_commit", "after_commit"
SILENT = ("drop", "hang", "truncate", "garbage", "dribble")


def world_of(make_world: MakeWorld, text: str) -> World:
    return make_world(parse(f"name: t\n{text}".encode(), "t.yaml"))


def ask(
    world: World,
    path: str = "/v1/charges",
    body: bytes = b"",
    *,
    after_delay: bool = False,
    **headers: str,
) -> Reply | Wait:
    """Send one request and return the reply with its fault: POST with a body, else GET."""
    sent = {b"authorization": world.sandbox.bearer_header}
    sent |= {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    method = "POST" if body else "GET"
    raw = RawRequest(method=method, path=path, ids=(), query=b"", headers=sent, body=body)
    return world.app.handle_in_sandbox(world.sandbox, raw, after_delay=after_delay)[0]


def pay(
    world: World, *, after_delay: bool = False, source: str = "", **headers: str
) -> Reply | Wait:
    source = source or world.token()
    body = f'{{"amount": 1800, "currency": "usd", "source": "{source}"}}'.encode()
    return ask(world, body=body, after_delay=after_delay, **headers)


def kinds(replies: list[Reply | Wait]) -> list[str]:
    return [
        "delay" if isinstance(reply, Wait) else reply.fault.kind if reply.fault else ""
        for reply in replies
    ]


# Which call ---------------------------------------------------------------------------------------


def test_first_matching_fault_applies_and_is_counted() -> None:
    faults = Faults("seed")
    for fault in (
        Fault(kind="drop", endpoint="create_charge", times=2),
        Fault(kind="hang", times=1),
        Fault(kind="garbage", endpoint="create_charge"),
    ):
        faults.add(fault, NOW_MS)
    calls = ["create_charge", "list_charges", "list_charges"] + ["create_charge"] * 3
    taken = [faults.take(call, NOW_MS) for call in calls]
    assert [fault and fault.kind for fault in taken] == [
        "drop",
        "hang",
        None,
        "drop",
        "garbage",
        "garbage",
    ]
    assert [live.fault.kind for live in faults.unexpired(NOW_MS)] == ["garbage"]


def test_fault_applies_only_times_times(make_world: MakeWorld) -> None:
    world = world_of(make_world, "faults: [{kind: drop, endpoint: create_charge, times: 2}]")
    assert kinds([pay(world) for _ in range(4)]) == ["drop", "drop", "", ""]


@pytest.mark.parametrize(
    ("endpoint", "befallen"),
    [("create_charge", ["pay"]), ("list_charges", ["list"]), (None, ["list", "pay"])],
)
def test_fault_applies_only_to_its_endpoint(
    make_world: MakeWorld, endpoint: str | None, befallen: list[str]
) -> None:
    world = make_world()
    source = world.token()
    world.sandbox.faults.add(Fault(kind="drop", endpoint=endpoint), NOW_MS)
    got = {"list": ask(world), "pay": pay(world, source=source)}
    assert [name for name, reply in got.items() if reply.fault] == befallen


def test_a_fault_ends_by_the_sandboxs_clock(make_world: MakeWorld) -> None:
    world = world_of(make_world, "faults: [{kind: drop, ttl_ms: 5000}]")
    world.clock.advance(4_999)
    assert kinds([ask(world)]) == ["drop"]
    world.clock.advance(1)
    assert kinds([ask(world)]) == [""]
    assert len(world.sandbox.faults) == 0


@pytest.mark.parametrize("odds", [0.1, 0.5, 0.9])
def test_odds_are_drawn_from_the_seed(make_world: MakeWorld, odds: float) -> None:
    text = f"faults: [{{kind: drop, odds: {odds}}}]"
    runs = []
    for _ in range(2):
        world = world_of(make_world, text)
        runs.append(kinds([ask(world) for _ in range(400)]))
    assert runs[0] == runs[1], "the same calls meet the same faults"
    assert abs(runs[0].count("drop") / 400 - odds) < 0.08
    world = world_of(make_world, text)
    world.sandbox = world.sandboxes.get_or_create("other")
    assert kinds([ask(world) for _ in range(400)]) != runs[0], "another sandbox has its own luck"


def test_odds_of_one_use_no_randomness() -> None:
    """So a certain fault, added or gone, changes no other's luck."""
    alone, beside = Faults("seed"), Faults("seed")
    beside.add(Fault(kind="drop", times=1), NOW_MS)
    assert beside.take("x", NOW_MS) is not None
    for faults in (alone, beside):
        faults.add(Fault(kind="hang", odds=0.5), NOW_MS)
    drawn = [[faults.take("x", NOW_MS) for _ in range(50)] for faults in (alone, beside)]
    assert drawn[0] == drawn[1]


def test_delays_jitter_by_the_seed_within_their_bounds() -> None:
    fault = Fault(kind="delay", delay_ms=100, jitter_ms=50)
    drawn = [[faults.delay_ms(fault) for _ in range(100)] for faults in (Faults("a"), Faults("a"))]
    assert drawn[0] == drawn[1]
    assert min(drawn[0]) >= 100
    assert max(drawn[0]) <= 150
    assert len(set(drawn[0])) > 10
    assert Faults("a").delay_ms(Fault(kind="delay", delay_ms=7)) == 7


def test_oldest_fault_is_evicted() -> None:
    faults = Faults("seed")
    for number in range(FAULTS_MAX + 5):
        faults.add(Fault(kind="drop", endpoint=f"e{number}"), NOW_MS)
    live = faults.unexpired(NOW_MS)
    assert (len(live), live[0].id, live[-1].id) == (FAULTS_MAX, "fault-6", "fault-105")
    assert (faults.clear(), len(faults)) == (FAULTS_MAX, 0)


# What has happened --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 0), (AFTER, 1)])
def test_before_commit_and_after_commit(
    make_world: MakeWorld, kind: str, when: str, charges: int
) -> None:
    fault = f"{{kind: {kind}, when: {when}, endpoint: create_charge}}"
    world = world_of(make_world, f"faults: [{fault}]")
    token = world.token()
    before = world.sandbox.state()
    got = pay(world, source=token)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.when) == (kind, when)
    assert len(world.sandbox.charges) == charges
    if when == BEFORE:
        assert world.sandbox.state() == before, "not even the token is spent"
        assert got.why == f"fault: {kind} {when}"
    else:
        assert got.status == 200, "the reply is whole; only its way is not"
        assert world.sandbox.state() != before


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_journal_entry_names_fault(make_world: MakeWorld, when: str) -> None:
    world = world_of(make_world, f"faults: [{{kind: drop, when: {when}, endpoint: create_charge}}]")
    pay(world)
    entry = list(world.sandbox.journal)[-1]
    assert (entry.endpoint, entry.fault) == ("create_charge", f"drop {when}")


@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 0), (AFTER, 1)])
def test_a_fault_may_be_a_problem(make_world: MakeWorld, when: str, charges: int) -> None:
    fault = f"{{kind: problem, problem: RATE_LIMITED, when: {when}, endpoint: create_charge}}"
    world = world_of(make_world, f"faults: [{fault}]")
    got = pay(world)
    assert (got.status, got.body) == (429, b'{"message":"429 Too Many Requests"}')
    assert got.why.startswith(f"fault: problem RATE_LIMITED {when}")
    assert len(world.sandbox.charges) == charges


def test_a_delay_before_commit_waits_first_and_works_then(make_world: MakeWorld) -> None:
    fault = "{kind: delay, delay_ms: 250, endpoint: create_charge, times: 1}"
    world = world_of(make_world, f"faults: [{fault}]")
    token = world.token()
    got = pay(world, source=token)
    assert (got, len(world.sandbox.charges)) == (Wait(250), 0)
    got = pay(world, source=token, after_delay=True)
    assert (got.status, got.fault, len(world.sandbox.charges)) == (200, None, 1)


def test_a_delay_after_commit_works_first_and_waits_then(make_world: MakeWorld) -> None:
    fault = "{kind: delay, delay_ms: 250, when: after_commit, endpoint: create_charge}"
    world = world_of(make_world, f"faults: [{fault}]")
    got = pay(world)
    assert (got.status, got.wait_ms, len(world.sandbox.charges)) == (200, 250, 1)


@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 1), (AFTER, 1)])
def test_a_retry_with_the_same_key_charges_once(
    make_world: MakeWorld, when: str, charges: int
) -> None:
    fault = f"{{kind: drop, when: {when}, endpoint: create_charge, times: 1}}"
    world = world_of(make_world, f"faults: [{fault}]")
    token = world.token()
    lost, got = (pay(world, source=token, idempotency_key="once") for _ in range(2))
    assert (got.status, got.fault, len(world.sandbox.charges)) == (200, None, charges)
    assert (got.body == lost.body) == (when == AFTER), "the first charge's very bytes"
    assert got.why.startswith("idempotency: replay of: ") == (when == AFTER)


def test_without_a_key_the_retry_of_a_lost_reply_charges_twice(make_world: MakeWorld) -> None:
    world = make_world(load("lost-replies"))
    assert kinds([pay(world) for _ in range(3)]) == ["drop", "drop", ""]
    assert len(world.sandbox.charges) == 3


def test_after_commit_fault_applies_to_rejected_request(make_world: MakeWorld) -> None:
    world = world_of(make_world, "faults: [{kind: drop, when: after_commit}]")
    got = ask(world, "/v1/charges/NOTTHERE00000")
    assert (got.status, kinds([got])) == (404, ["drop"])


def test_unauthorized_request_gets_no_fault(make_world: MakeWorld) -> None:
    world = world_of(make_world, "faults: [{kind: drop, times: 1}]")
    got = ask(world, authorization="Bearer nobody")
    assert (got.status, got.fault) == (401, None)
    assert kinds([ask(world)]) == ["drop"], "and takes none away"


# Other ways to ask for one ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("drop", ("drop", BEFORE, 0)),
        ("drop after_commit", ("drop", AFTER, 1)),
        ("after_commit truncate", ("truncate", AFTER, 1)),
        ("dribble after_commit delay_ms=20", ("dribble", AFTER, 1)),
    ],
)
def test_fault_by_header(world: World, header: str, expected: tuple[str, str, int]) -> None:
    got = pay(world, x_mock_clover_fault=header)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.when, len(world.sandbox.charges)) == expected
    assert kinds([pay(world)]) == [""], "it befalls one call only"


@pytest.mark.parametrize(
    "header", ["explode", "delay_ms=20", "drop odds=7", "drop drip=1", "drop times=x"]
)
def test_invalid_fault_header_is_rejected(world: World, header: str) -> None:
    got = pay(world, x_mock_clover_fault=header)
    assert got.status == 400
    assert got.body.startswith(b'{"message":"x-mock-clover-fault: ')
    assert len(world.sandbox.charges) == 0


@pytest.mark.parametrize(
    ("then", "status", "charges"),
    [
        ("{fault: {kind: drop}}", 503, 0),
        ("{fault: {kind: drop, when: after_commit}}", 200, 1),
        ("{approve: {amount: 5}, fault: {kind: drop, when: after_commit}}", 200, 1),
        ("{decline: {}, fault: {kind: hang, when: after_commit}}", 402, 1),
        ("{problem: UNAUTHORIZED, fault: {kind: truncate, when: after_commit}}", 401, 0),
        ("{raw: {status: 500, body: x}, fault: {kind: garbage, when: after_commit}}", 500, 0),
    ],
)
def test_rule_with_outcome_and_fault(
    make_world: MakeWorld, then: str, status: int, charges: int
) -> None:
    rule = f"{{when: {{endpoint: create_charge, first: 1}}, then: {then}}}"
    world = world_of(make_world, f"rules: [{rule}]")
    got = pay(world)
    assert (got.status, len(world.sandbox.charges)) == (status, charges)
    assert got.fault is not None
    assert kinds([pay(world)]) == [""]


def test_a_rules_delay_waits_once_and_counts_once(make_world: MakeWorld) -> None:
    rule = (
        "{when: {endpoint: create_charge, nth: 1}, "
        "then: {decline: {decline_code: lost_card}, fault: {kind: delay, delay_ms: 30}}}"
    )
    world = world_of(make_world, f"rules: [{rule}]")
    token = world.token()
    assert pay(world, source=token) == Wait(30)
    got = pay(world, source=token, after_delay=True)
    assert (got.status, b"lost_card" in got.body) == (402, True)
    assert pay(world).status == 200


def test_faults_are_isolated_by_sandbox(make_world: MakeWorld) -> None:
    world = make_world()
    other: Any = world.sandboxes.get_or_create("other")
    other.faults.add(Fault(kind="drop"), NOW_MS)
    assert kinds([ask(world)]) == [""]
    world.sandbox = other
    assert kinds([ask(world)]) == ["drop"]


def test_flaky_network_is_deterministic(make_world: MakeWorld) -> None:
    def run() -> list[str]:
        world = make_world(load("flaky-network"))
        return kinds([ask(world) for _ in range(300)])

    first = run()
    assert first == run()
    assert {"", "delay", "problem", "drop", "truncate", "dribble", "garbage"} <= set(first)
    assert "hang" not in first, "that one is of create_charge"
