"""Faults: added, listed, removed and rejected."""

from typing import Any

import pytest

from mock_clover.clover.common.problems import BY_NAME
from tests.control.calls import clock, get_json, got, refused
from tests.in_process import NOW_MS, InProcessServer


def test_faults_are_added_listed_and_cleared(server: InProcessServer) -> None:
    first = {"kind": "drop", "when": "after_commit", "endpoint": "create_charge", "times": 2}
    second = {"kind": "delay", "delay_ms": 20, "ttl_ms": 1_000, "odds": 0.5}
    shown = [
        {"id": "fault-1", "fault": first, "left": 2},
        {"id": "fault-2", "fault": second, "until_ms": NOW_MS + 1_000},
    ]
    for fault, answer in zip((first, second), shown, strict=True):
        assert got(server.send("POST", "/_mock/faults", fault)) == (200, answer)
    assert got(server.send("GET", "/_mock/faults")) == (200, {"data": shown})
    clock(server, advance=1_000)
    assert got(server.send("GET", "/_mock/faults")) == (200, {"data": shown[:1]})
    assert got(server.send("DELETE", "/_mock/faults")) == (200, {"cleared": 1})
    assert got(server.send("GET", "/_mock/faults")) == (200, {"data": []})
    third = got(server.send("POST", "/_mock/faults", {"kind": "hang"}))
    assert third == (200, {"id": "fault-3", "fault": {"kind": "hang"}})


KINDS = "delay, problem, drop, hang, truncate, garbage, dribble"
FAULT_REFUSALS: list[tuple[Any, str]] = [
    (
        {},
        f"kind is missing; it is required, one of {KINDS}",
    ),
    (
        {"kind": "dely"},
        f'kind is "dely"; must be one of {KINDS}; did you mean `delay`?',
    ),
    ({"kind": "drop", "tims": 1}, "Object contains unknown field `tims`; did you mean `times`?"),
    ({"kind": "drop", "times": 0}, "times is 0; at least 1"),
    ({"kind": "drop", "times": "x"}, 'times is "x"; must be an integer'),
    ({"kind": "drop", "odds": 0}, "odds is 0; more than 0.0"),
    ({"kind": "drop", "odds": 1.5}, "odds is 1.5; at most 1.0"),
    ({"kind": "drop", "ttl_ms": 0}, "ttl_ms is 0; at least 1"),
    ({"kind": "delay", "delay_ms": -1}, "delay_ms is -1; at least 0"),
    ({"kind": "delay", "delay_ms": 600_001}, "delay_ms is 600001; at most 600000"),
    (
        {"kind": "drop", "when": "later"},
        'when is "later"; must be one of before_commit, after_commit',
    ),
    (
        {"kind": "drop", "endpoint": "create_chrge"},
        "endpoint: unknown name 'create_chrge'; did you mean `create_charge`?",
    ),
    (
        {"kind": "problem", "problem": "RATE_LIMITD"},
        "problem: unknown problem `RATE_LIMITD`; did you mean `RATE_LIMITED`?",
    ),
    (
        {"kind": "problem", "problem": "@"},
        "problem: unknown problem `@`; for any other status, use `status`",
    ),
    (
        {"kind": "problem"},
        "kind problem requires problem=NAME, for example RATE_LIMITED "
        "(`mock-clover errors` lists them), or status=502",
    ),
    ({"kind": "drop", "status": 502}, "status: `status` is not allowed with kind drop"),
    (
        {"kind": "problem", "problem": "RATE_LIMITED", "status": 502},
        "status: `status` is not allowed with `problem`",
    ),
    ({"kind": "problem", "status": 399}, "status is 399; at least 400"),
    (
        {"kind": "problem", "status": 500, "body": "x" * 65_537},
        "body: `body` is longer than 65536 bytes",
    ),
    ([], "the body: expected an object, got an array"),
    ("drop", "the body: expected an object, got a string; is it encoded twice?"),
]


@pytest.mark.parametrize(("requested", "message"), FAULT_REFUSALS, ids=lambda each: str(each)[:40])
def test_invalid_fault_is_rejected(server: InProcessServer, requested: Any, message: str) -> None:
    assert got(server.send("POST", "/_mock/faults", requested)) == (400, {"message": message})
    assert got(server.send("GET", "/_mock/faults")) == (200, {"data": []})


def test_problem_fault_needs_a_name(server: InProcessServer) -> None:
    message = got(server.send("POST", "/_mock/faults", {"kind": "problem"}))[1]["message"]
    assert "None" not in message


def test_problem_field_is_rejected_for_other_fault_kinds(server: InProcessServer) -> None:
    body = {"kind": "drop", "problem": "RATE_LIMITED"}
    assert server.send("POST", "/_mock/faults", body).status == 400


def test_faults_can_be_removed_individually(server: InProcessServer) -> None:
    for delay_ms in (1, 2):
        server.send("POST", "/_mock/faults", {"kind": "delay", "delay_ms": delay_ms})
    assert server.send("DELETE", "/_mock/faults/fault-1").json == {"cleared": 1}
    assert [each["id"] for each in get_json(server, "/faults")["data"]] == ["fault-2"]
    assert refused(server, "DELETE", "/faults/fault-1") == (
        404,
        "no active fault has the id 'fault-1'; did you mean `fault-2`?",
    )
    assert server.sandbox.has_overrides()
    server.send("DELETE", "/_mock/faults/fault-2")
    assert not server.sandbox.has_overrides()


def test_every_problem_can_be_asked_for(server: InProcessServer) -> None:
    failed = []
    for name in BY_NAME:
        headers = {"x-mock-clover-fault": f"problem problem={name}"}
        try:
            server.send("GET", "/v1/charges", headers=headers)
        except KeyError:
            failed.append(name)
    assert failed == []


def test_unknown_problem_in_header_is_rejected(server: InProcessServer) -> None:
    headers = {"x-mock-clover-fault": "problem problem=RATE_LIMITD"}
    assert server.send("GET", "/v1/charges", headers=headers).status == 400
