"""The journal as a list: complete entries, filters and rejected queries."""

from typing import Any

import pytest

from tests.control.calls import got
from tests.in_process import DECLINED_CARD, NOW_MS, InProcessServer


def without_time(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in entry.items() if k != "took_us"} for entry in entries]


def test_journal_entry_is_complete(server: InProcessServer) -> None:
    body = {"amount": 1800, "currency": "usd", "source": server.token()}
    created = server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k"})
    server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k", "user-agent": "me"})
    status, answer = got(server.send("GET", "/_mock/journal?endpoint=create_charge"))
    entry = {
        "at_ms": NOW_MS,
        "endpoint": "create_charge",
        "method": "POST",
        "path": "/v1/charges",
        "status": 200,
        "outcome": "ok",
        "request": body,
        "reply": created.json,
    }
    headers = {
        "host": "localhost:4242",
        "authorization": None,
        "apikey": None,
        "idempotency-key": "k",
    }
    why = "sandbox: VISA ...4242 is listed to approve (documented)"
    assert (status, without_time(answer["data"])) == (
        200,
        [
            {"id": 2, "why": why, "idempotency": "stored", "committed": True, "headers": headers}
            | entry,
            {
                "id": 3,
                "why": f"idempotency: replay of: {why}",
                "idempotency": "replayed",
                "committed": False,
                "client": "me",
                "headers": headers | {"user-agent": "me"},
            }
            | entry,
        ],
    )


def test_journal_lists_ignored_fields(server: InProcessServer) -> None:
    body = {
        "amount": 5,
        "currency": "usd",
        "source": server.token(),
        "amout": 7,
        "zzz": 1,
    }
    assert server.send("POST", "/v1/charges", body).status == 200
    server.charge()
    result = got(server.send("GET", "/_mock/journal?endpoint=create_charge"))[1]["data"]
    assert result[0]["ignored"] == ["amout (did you mean amount?)", "zzz"]
    assert "ignored" not in result[1]


def test_journal_lists_ignored_nested_fields(server: InProcessServer) -> None:
    server.charge(stored_credentials={"sequenc": "FIRST"})
    result = got(server.send("GET", "/_mock/journal?endpoint=create_charge"))[1]["data"]
    inner = "stored_credentials.sequenc"
    assert result[0]["ignored"] == [f"{inner} (did you mean stored_credentials.sequence?)"]


def test_the_journal_is_filtered(server: InProcessServer) -> None:
    token = server.token()  # 1
    charge = {"amount": 5, "currency": "usd", "source": token}
    for _ in range(2):  # 2 and 3: the second is refused
        server.send("POST", "/v1/charges", charge)
    server.send("GET", "/v1/charges")  # 4
    server.send("GET", "/v1/nothing")  # 5
    server.send("POST", "/v1/charges", charge | {"source": server.token(DECLINED_CARD)})  # 6 and 7
    for query, ids in {
        "": [1, 2, 3, 4, 5, 6, 7],
        "endpoint=create_charge": [2, 3, 7],
        "endpoint=create_charge&status=402": [7],
        "status=200": [1, 2, 4, 6],
        "method=GET": [4, 5],
        "path=/v1/charges": [2, 3, 4, 7],
        "path=/v1/charges&method=POST&status=400": [3],
        "after=4": [5, 6, 7],
        "after=99": [],
        "limit=2": [6, 7],
        "limit=1&endpoint=create_charge": [7],
        "endpoint=create_refund": [],
        "outcome=declined": [7],
        "outcome=rejected": [3, 5],
        "outcome=lost": [],
        "unserved=true": [5],
    }.items():
        status, answer = got(server.send("GET", f"/_mock/journal?{query}"))
        assert (status, [entry["id"] for entry in answer["data"]]) == (200, ids), query


def test_control_calls_are_not_journaled(server: InProcessServer) -> None:
    for method, path in (("GET", "/_mock/clock"), ("GET", "/_mock/journal"), ("GET", "/livez")):
        assert server.send(method, path).status == 200
    assert got(server.send("GET", "/_mock/journal")) == (200, {"data": []})


JOURNAL_REFUSALS = {
    "status=abc": 'status is "abc"; must be an integer',
    "wait=-1": "wait is -1; at least 0",
    "wait=1001": "wait is 1001; at most 1000",
    "wait_ms=60001": "wait_ms is 60001; at most 60000",
    "limit=0": "limit is 0; at least 1",
    "after=x": 'after is "x"; must be an integer',
}


@pytest.mark.parametrize(("query", "message"), JOURNAL_REFUSALS.items())
def test_invalid_query_is_rejected(server: InProcessServer, query: str, message: str) -> None:
    assert got(server.send("GET", f"/_mock/journal?{query}")) == (400, {"message": message})


@pytest.mark.parametrize("query", ["endpont=create_charge", "endpoint=create_chrge"])
def test_a_mistyped_filter_is_refused(server: InProcessServer, query: str) -> None:
    status, answer = got(server.send("GET", f"/_mock/journal?{query}"))
    assert (status, "did you mean" in answer.get("message", "")) == (400, True)
