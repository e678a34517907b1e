"""Faults in process: which requests they apply to, and what was done before them.

What they look like on a socket is in tests/system/test_socket_faults.py; here a response has a
fault.
"""

from typing import Any

import pytest

from mock_clover.engine.endpoint import RawRequest
from mock_clover.engine.reply import Reply, Wait
from mock_clover.sandbox.exchange import mask_exchange
from mock_clover.sandbox.faults import FAULTS_MAX, Faults
from mock_clover.scenario.load import load, parse
from mock_clover.scenario.records_fault import Fault
from tests.in_process import NOW_MS, InProcessServer, MakeServer

BEFORE, AFTER = "before_commit", "after_commit"
SILENT = ("drop", "hang", "truncate", "garbage", "dribble")


def server_of(make_server: MakeServer, text: str) -> InProcessServer:
    return make_server(parse(f"name: t\n{text}".encode(), "t.yaml"))


def send(
    server: InProcessServer,
    path: str = "/v1/charges",
    body: bytes = b"",
    *,
    after_delay: Wait | None = None,
    **headers: str,
) -> Reply | Wait:
    """Send one request and return the response with its fault: POST with a body, else GET."""
    sent = {b"authorization": server.sandbox.bearer_header}
    sent |= {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    method = "POST" if body else "GET"
    raw = RawRequest(method=method, path=path, ids=(), query=b"", headers=sent, body=body)
    return server.app.handle_in_sandbox(server.sandbox, raw, after_delay=after_delay)[0]


def pay(
    server: InProcessServer, *, after_delay: Wait | None = None, source: str = "", **headers: str
) -> Reply | Wait:
    source = source or server.token()
    body = f'{{"amount": 1800, "currency": "usd", "source": "{source}"}}'.encode()
    return send(server, body=body, after_delay=after_delay, **headers)


def kinds(replies: list[Reply | Wait]) -> list[str]:
    return [
        "delay" if isinstance(reply, Wait) else reply.fault.kind if reply.fault else ""
        for reply in replies
    ]


# Which requests -----------------------------------------------------------------------------------


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


def test_fault_applies_only_times_times(make_server: MakeServer) -> None:
    server = server_of(make_server, "faults: [{kind: drop, endpoint: create_charge, times: 2}]")
    assert kinds([pay(server) for _ in range(4)]) == ["drop", "drop", "", ""]


@pytest.mark.parametrize(
    ("endpoint", "befallen"),
    [("create_charge", ["pay"]), ("list_charges", ["list"]), (None, ["list", "pay"])],
)
def test_fault_applies_only_to_its_endpoint(
    make_server: MakeServer, endpoint: str | None, befallen: list[str]
) -> None:
    server = make_server()
    source = server.token()
    server.sandbox.faults.add(Fault(kind="drop", endpoint=endpoint), NOW_MS)
    got = {"list": send(server), "pay": pay(server, source=source)}
    assert [name for name, reply in got.items() if reply.fault] == befallen


def test_a_fault_ends_by_the_sandboxs_clock(make_server: MakeServer) -> None:
    server = server_of(make_server, "faults: [{kind: drop, ttl_ms: 5000}]")
    server.clock.advance(4_999)
    assert kinds([send(server)]) == ["drop"]
    server.clock.advance(1)
    assert kinds([send(server)]) == [""]
    assert len(server.sandbox.faults) == 0


def test_fault_with_nth_applies_to_that_request_only() -> None:
    faults = Faults("seed")
    faults.add(Fault(kind="hang", endpoint="create_charge", nth=3), NOW_MS)
    faults.add(Fault(kind="drop", endpoint="create_charge", nth=2), NOW_MS)
    calls = ["create_charge", "list_charges"] + ["create_charge"] * 3
    taken = [faults.take(call, NOW_MS) for call in calls]
    assert [fault and fault.kind for fault in taken] == [None, None, "drop", "hang", None]
    assert faults.active == []


@pytest.mark.parametrize("odds", [0.1, 0.5, 0.9])
def test_odds_are_drawn_from_the_seed(make_server: MakeServer, odds: float) -> None:
    text = f"faults: [{{kind: drop, odds: {odds}}}]"
    runs = []
    for _ in range(2):
        server = server_of(make_server, text)
        runs.append(kinds([send(server) for _ in range(80)]))
    assert runs[0] == runs[1], "the same requests get the same faults"
    faults = Faults("seed")
    faults.add(Fault(kind="drop", odds=odds), NOW_MS)
    drawn = [faults.take("create_charge", NOW_MS) for _ in range(400)]
    assert abs(400 - drawn.count(None) - 400 * odds) < 400 * 0.08
    server = server_of(make_server, text)
    server.sandbox = server.sandboxes.get_or_create("other")
    assert kinds([send(server) for _ in range(80)]) != runs[0], "another sandbox draws other faults"


def test_odds_of_one_use_no_randomness() -> None:
    """So adding or removing a certain fault changes no other draw."""
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


# What was done ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SILENT)
@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 0), (AFTER, 1)])
def test_before_commit_and_after_commit(
    make_server: MakeServer, kind: str, when: str, charges: int
) -> None:
    fault = f"{{kind: {kind}, when: {when}, endpoint: create_charge}}"
    server = server_of(make_server, f"faults: [{fault}]")
    token = server.token()
    before = server.sandbox.state()
    got = pay(server, source=token)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.when) == (kind, when)
    assert len(server.sandbox.charges) == charges
    if when == BEFORE:
        assert server.sandbox.state() == before, "not even the token is used"
        assert got.why == f"fault: {kind} {when}"
    else:
        assert got.status == 200, "the response is complete; only its transmission is not"
        assert server.sandbox.state() != before


@pytest.mark.parametrize("when", [BEFORE, AFTER])
def test_journal_entry_names_fault(make_server: MakeServer, when: str) -> None:
    server = server_of(
        make_server, f"faults: [{{kind: drop, when: {when}, endpoint: create_charge}}]"
    )
    pay(server)
    entry = list(server.sandbox.journal)[-1]
    assert (entry.endpoint, entry.fault) == ("create_charge", f"drop {when}")


@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 0), (AFTER, 1)])
def test_a_fault_may_be_a_problem(make_server: MakeServer, when: str, charges: int) -> None:
    fault = f"{{kind: problem, problem: RATE_LIMITED, when: {when}, endpoint: create_charge}}"
    server = server_of(make_server, f"faults: [{fault}]")
    got = pay(server)
    assert (got.status, got.body) == (429, b'{"message":"429 Too Many Requests"}')
    assert got.why.startswith(f"fault: problem RATE_LIMITED {when}")
    assert len(server.sandbox.charges) == charges


STATUSES: list[tuple[dict[str, Any], int, bytes, bytes]] = [
    ({"status": 500}, 500, b"", b"text/plain"),
    (
        {"status": 502, "body": "<html>Bad Gateway</html>"},
        502,
        b"<html>Bad Gateway</html>",
        b"text/html; charset=utf-8",
    ),
    ({"status": 504, "body": "timeout"}, 504, b"timeout", b"text/plain; charset=utf-8"),
    ({"status": 503, "body": {"error": [1]}}, 503, b'{"error":[1]}', b"application/json"),
    ({"status": 418, "body": "{}", "content_type": "a/b"}, 418, b"{}", b"a/b"),
]


@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 0), (AFTER, 1)])
def test_a_fault_may_be_any_status(make_server: MakeServer, when: str, charges: int) -> None:
    for fault, status, body, content_type in STATUSES:
        server = make_server()
        added = server.send(
            "POST",
            "/_mock/faults",
            {"kind": "problem", "when": when, "endpoint": "create_charge"} | fault,
        )
        assert added.status == 200, added
        got = pay(server)
        assert isinstance(got, Reply)
        assert (got.status, got.body, got.content_type, got.evidence) == (
            status,
            body,
            content_type,
            None,
        )
        assert got.why == f"fault: problem {status} {when}"
        assert len(server.sandbox.charges) == charges
    header = pay(make_server(), x_mock_clover_fault=f"problem status=502 {when}")
    assert (header.status, header.body) == (502, b"") if isinstance(header, Reply) else False


def test_a_delay_before_commit_waits_first_and_works_then(make_server: MakeServer) -> None:
    fault = "{kind: delay, delay_ms: 250, endpoint: create_charge, times: 1}"
    server = server_of(make_server, f"faults: [{fault}]")
    token = server.token()
    got = pay(server, source=token)
    assert (got, len(server.sandbox.charges)) == (Wait(250, "delay before_commit"), 0)
    got = pay(server, source=token, after_delay=got)
    assert (got.status, got.fault, len(server.sandbox.charges)) == (200, None, 1)
    exchange = list(server.sandbox.journal)[-1]
    assert (exchange.fault, exchange.delay_ms) == ("delay before_commit", 250)
    shown = mask_exchange(exchange)
    assert (shown.delay_ms, (shown.took_us or 0) >= 250_000) == (250, True)


def test_a_delay_after_commit_works_first_and_waits_then(make_server: MakeServer) -> None:
    fault = "{kind: delay, delay_ms: 250, when: after_commit, endpoint: create_charge}"
    server = server_of(make_server, f"faults: [{fault}]")
    got = pay(server)
    assert (got.status, got.wait_ms, len(server.sandbox.charges)) == (200, 250, 1)
    assert list(server.sandbox.journal)[-1].delay_ms == 250


def test_a_rule_counts_a_request_that_a_fault_delays(make_server: MakeServer) -> None:
    rule = "{when: {endpoint: create_charge, first: 1}, then: {decline: {}}}"
    fault = "{kind: delay, delay_ms: 30, endpoint: create_charge}"
    server = server_of(make_server, f"rules: [{rule}]\nfaults: [{fault}]")
    waits = [pay(server) for _ in range(2)]
    assert [pay(server, after_delay=wait).status for wait in waits] == [402, 200]


@pytest.mark.parametrize(("when", "charges"), [(BEFORE, 1), (AFTER, 1)])
def test_a_retry_with_the_same_key_charges_once(
    make_server: MakeServer, when: str, charges: int
) -> None:
    fault = f"{{kind: drop, when: {when}, endpoint: create_charge, times: 1}}"
    server = server_of(make_server, f"faults: [{fault}]")
    token = server.token()
    lost, got = (pay(server, source=token, idempotency_key="once") for _ in range(2))
    assert (got.status, got.fault, len(server.sandbox.charges)) == (200, None, charges)
    assert (got.body == lost.body) == (when == AFTER), "the bytes of the first charge"
    assert got.why.startswith("idempotency: replay of: ") == (when == AFTER)


def test_without_a_key_the_retry_of_a_lost_reply_charges_twice(make_server: MakeServer) -> None:
    server = make_server(load("lost-replies"))
    assert kinds([pay(server) for _ in range(3)]) == ["drop", "drop", ""]
    assert len(server.sandbox.charges) == 3


def test_after_commit_fault_applies_to_rejected_request(make_server: MakeServer) -> None:
    server = server_of(make_server, "faults: [{kind: drop, when: after_commit}]")
    got = send(server, "/v1/charges/NOTTHERE00000")
    assert (got.status, kinds([got])) == (404, ["drop"])


def test_unauthorized_request_gets_no_fault(make_server: MakeServer) -> None:
    server = server_of(make_server, "faults: [{kind: drop, times: 1}]")
    got = send(server, authorization="Bearer nobody")
    assert (got.status, got.fault) == (401, None)
    assert kinds([send(server)]) == ["drop"], "and is not used up"


# Other ways to set a fault ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("drop", ("drop", BEFORE, 0)),
        ("drop after_commit", ("drop", AFTER, 1)),
        ("after_commit truncate", ("truncate", AFTER, 1)),
        ("dribble after_commit delay_ms=20", ("dribble", AFTER, 1)),
    ],
)
def test_fault_by_header(
    server: InProcessServer, header: str, expected: tuple[str, str, int]
) -> None:
    got = pay(server, x_mock_clover_fault=header)
    assert got.fault is not None
    assert (got.fault.kind, got.fault.when, len(server.sandbox.charges)) == expected
    assert kinds([pay(server)]) == [""], "it applies to one request only"


@pytest.mark.parametrize(
    "header", ["explode", "delay_ms=20", "drop odds=7", "drop drip=1", "drop times=x"]
)
def test_invalid_fault_header_is_rejected(server: InProcessServer, header: str) -> None:
    got = pay(server, x_mock_clover_fault=header)
    assert got.status == 400
    assert got.body.startswith(b'{"message":"x-mock-clover-fault: ')
    assert len(server.sandbox.charges) == 0


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
    make_server: MakeServer, then: str, status: int, charges: int
) -> None:
    rule = f"{{when: {{endpoint: create_charge, first: 1}}, then: {then}}}"
    server = server_of(make_server, f"rules: [{rule}]")
    got = pay(server)
    assert (got.status, len(server.sandbox.charges)) == (status, charges)
    assert got.fault is not None
    assert kinds([pay(server)]) == [""]


def test_a_rules_delay_waits_once_and_counts_once(make_server: MakeServer) -> None:
    rule = (
        "{when: {endpoint: create_charge, nth: 1}, "
        "then: {decline: {decline_code: lost_card}, fault: {kind: delay, delay_ms: 30}}}"
    )
    server = server_of(make_server, f"rules: [{rule}]")
    token = server.token()
    wait = pay(server, source=token)
    assert wait == Wait(30, "delay before_commit", is_counted=True)
    got = pay(server, source=token, after_delay=wait)
    assert (got.status, b"lost_card" in got.body) == (402, True)
    assert pay(server).status == 200


def test_faults_are_isolated_by_sandbox(make_server: MakeServer) -> None:
    server = make_server()
    other: Any = server.sandboxes.get_or_create("other")
    other.faults.add(Fault(kind="drop"), NOW_MS)
    assert kinds([send(server)]) == [""]
    server.sandbox = other
    assert kinds([send(server)]) == ["drop"]


def test_flaky_network_is_deterministic(make_server: MakeServer) -> None:
    def run() -> list[str]:
        server = make_server(load("flaky-network"))
        return kinds([send(server) for _ in range(150)])

    first = run()
    assert first == run()
    assert {"", "delay", "problem", "drop", "truncate", "dribble", "garbage"} <= set(first)
    assert "hang" not in first, "that one is of create_charge"
