"""What the journal keeps of requests that were rejected, and how exchanges end under each fault."""

import json
from typing import Any

import pytest

from mock_clover.sandbox.clock import Clock
from mock_clover.scenario.load import parse
from mock_clover.scenario.records_fault import FaultKind
from tests.canary import CVV, PAN, find_leaks, texts_within
from tests.in_process import InProcessServer, MakeServer

CHARGE = {"amount": 1800, "currency": "usd"}
CARD = {"number": PAN, "exp_month": "12", "exp_year": "2035", "cvv": CVV, "brand": "VISA"}
RATE_LIMIT = "problem problem=RATE_LIMITED"
SHOWN_CARD = CARD | {"number": "[card ...6467]", "cvv": "[cvv]"}


def last(server: InProcessServer) -> dict[str, Any]:
    """Return the newest exchange as the control API shows it."""
    return dict(server.send("GET", "/_mock/journal?limit=1").json["data"][0])


# Each row: method and path, body, settings or headers, status, and what is shown of the body.
Kept = tuple[str, Any, dict[str, Any], int, Any]
KEPT: dict[str, Kept] = {
    "a rejected amount": ("POST /v1/charges", {"amount": -5}, {}, 400, {"amount": -5}),
    "a wrong type": ("POST /v1/charges", {"amount": "x"}, {}, 400, {"amount": "x"}),
    "broken JSON": ("POST /v1/charges", b'{"amount":5,}', {}, 400, '{"amount":5,}'),
    "bytes that are no text": ("POST /v1/charges", b"\xff{", {}, 400, "\ufffd{"),
    "a number and a CVV in broken JSON": (
        *("POST /v1/charges", f'{{"n":"{PAN}","cvv":{CVV}'.encode(), {}, 400),
        '{"n":"[card ...6467]","cvv":[cvv]',
    ),
    "a Python repr": (
        *("POST /v1/charges", f"{{'cvv': '{CVV}', 'number': '{PAN}'}}".encode(), {}, 400),
        "{'cvv': '[cvv]', 'number': '[card ...6467]'}",
    ),
    "without a credential": ("POST /v1/charges", CHARGE, {"auth": False}, 401, CHARGE),
    "an unknown path": (
        *("POST /v1/token", {"card": CARD, "list": [CVV]}, {}, 404),
        {"card": SHOWN_CARD, "list": [CVV]},
    ),
    "an unknown method": ("PUT /v1/charges", CHARGE, {}, 405, CHARGE),
    "a form": (
        *("POST /v1/nothing", f"card[cvv]={CVV}&card%5Bnumber%5D={PAN}&b=".encode(), {}, 404),
        {"card[cvv]": "[cvv]", "card[number]": "[card ...6467]"},
    ),
    "a rate limit": ("POST /v1/charges", CHARGE, {"fault": RATE_LIMIT}, 429, CHARGE),
    "an unknown member under strict": (
        *("POST /v1/charges", CHARGE | {"a": 1}, {"strict": True}, 400),
        CHARGE | {"a": 1},
    ),
    "a gift card number as a source": (
        *("POST /v1/nothing", {"source": "60301100", "account_number": 5}, {}, 404),
        {"source": "[number]", "account_number": 5},
    ),
    "a card": ("POST /v1/tokens", {"card": CARD}, {}, 200, {"card": SHOWN_CARD}),
    "a card with other members": (
        *("POST /v1/tokens", {"card": {"number": PAN, "pin": 1, "name": f"x {PAN}"}, PAN: 1}, {}),
        *(400,),
        {
            "card": {"number": "[card ...6467]", "pin": "[not stored]", "name": "[number]"},
            "[digits]": "[not stored]",
        },
    ),
    "a card as broken JSON": (
        *("POST /v1/tokens", json.dumps({"card": CARD}).encode()[:-1], {}, 400),
        '{"card": {"number": "[card ...[digits]]", "exp_month": "12", "exp_year": "[digits]", '
        '"cvv": "[cvv]", "brand": "VISA"}',
    ),
    "a secret": (
        *("POST /oauth/token?code=c", {"client_id": "x", "client_secret": "s"}, {}, 400),
        {"client_id": "x", "client_secret": "[secret]", "code": "[secret]"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", KEPT.values(), ids=KEPT)
def test_a_rejected_request_keeps_its_body(make_server: MakeServer, row: Kept) -> None:
    target, body, more, status, shown = row
    server = make_server(strict=True) if more.get("strict") else make_server()
    method, _, path = target.partition(" ")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"idempotency-key": f"k {PAN}", "x-forwarded-for": "10.0.0.1", "cookie": f"a={PAN}"}
    headers |= {"user-agent": "a shop"}
    if fault := more.get("fault"):
        headers["x-mock-clover-fault"] = fault
    source = f"{path}{'&' if '?' in path else '?'}expires=12&card={PAN}&cvv={CVV}"
    got = server.send(method, source, raw=raw, headers=headers, auth=more.get("auth", True))
    entry = last(server)
    assert (got.status, entry["request"]) == (status, shown)
    query = "expires=12&card=[card+...6467]&cvv=[cvv]"
    assert entry["query"].removeprefix("code=[secret]&") == query
    assert entry["client"] == "a shop"
    expected: dict[str, str | None] = dict.fromkeys(headers)
    expected |= {"x-forwarded-for": "10.0.0.1", "user-agent": "a shop", "host": "localhost:4242"}
    expected |= {"idempotency-key": "k [card ...6467]"}
    expected |= {"x-mock-clover-fault": fault} if fault else {}
    if more.get("auth", True):
        expected |= {"authorization": None, "apikey": None}
    assert entry["headers"] == expected
    ended = (True, "ok") if status == 200 else (False, "rejected")
    assert (entry["committed"], entry["outcome"]) == ended
    texts = list(texts_within(server.sandbox.journal))
    assert [text for text in texts if CVV in text and "list" not in text] == []
    assert find_leaks(json.dumps(entry).replace(f'["{CVV}"]', "")) == []


LOST: dict[FaultKind, tuple[bool, bool]] = {
    "delay": (False, True),
    "problem": (False, True),
    "drop": (True, False),
    "hang": (True, False),
    "truncate": (True, True),
    "garbage": (True, False),
    "dribble": (False, True),
}
"""By kind of fault: whether the response is lost, and whether a status line is sent."""


@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
@pytest.mark.parametrize("kind", LOST)
def test_each_exchange_says_how_it_ended(
    make_server: MakeServer, kind: FaultKind, when: str
) -> None:
    server = make_server(parse(b"name: t\n", "t.yaml"))
    body = CHARGE | {"source": server.token()}
    more = {"problem": " problem=RATE_LIMITED", "delay": " delay_ms=1"}
    fault = f"{kind} {when}{more.get(kind, '')}"
    headers = {
        b"authorization": server.sandbox.bearer_header,
        b"x-mock-clover-fault": fault.encode(),
    }
    raw = json.dumps(body).encode()
    server.app.handle_now("POST", "/v1/charges", b"", headers, raw)
    entry = last(server)
    is_lost, has_status = LOST[kind]
    is_before = when == "before_commit" and kind != "delay"
    status = {"problem": 429, "dribble": 503, "truncate": 503}.get(kind, 200)
    status = status if is_before or kind == "problem" else 200
    outcome = (
        "lost" if is_lost else "failed" if status == 503 else "rejected" if status == 429 else "ok"
    )
    assert (entry["status"], entry["outcome"], entry["committed"]) == (
        status if has_status else None,
        outcome,
        not is_before,
    )
    assert (entry["request"], entry.get("reply") is None) == (body, is_before and not has_status)
    assert entry["committed"] == (len(server.sandbox.charges) == 1)
    verify = {"endpoint": "create_charge", "match": {"amount": 1800}, "exactly": 1}
    assert server.send("POST", "/_mock/verify", verify).status == 200


def test_a_decline_is_committed_and_a_replay_is_not(make_server: MakeServer) -> None:
    for settings in ({}, {"card_error_status": 400}):
        server = make_server(**settings)
        body = CHARGE | {"source": server.token("4005571702222222")}
        for _ in range(2):
            server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k"})
        first, second = server.send("GET", "/_mock/journal?outcome=declined").json["data"][:2]
        assert [each["committed"] for each in (first, second)] == [True, False]


def test_what_was_requested_in_vain_is_marked(server: InProcessServer) -> None:
    for method, path in (
        ("GET", "/v1/nothing"),
        ("PATCH", "/v1/charges"),
        ("GET", "/v1/charges/x"),  # no such charge
        ("GET", "/_mock/nothing"),
    ):
        server.send(method, path)
    got = server.send("GET", "/_mock/journal?unserved=true").json["data"]
    assert [(each["method"], each["path"]) for each in got] == [
        ("GET", "/v1/nothing"),
        ("PATCH", "/v1/charges"),
    ]


def test_all_that_a_request_does_has_one_time(server: InProcessServer) -> None:
    ticks = iter(range(10**9))
    clock = Clock(lambda: next(ticks) * 1_000_000)  # a millisecond for each look at it
    server.clock = server.sandbox.clock = clock  # type: ignore[assignment] # no manual one
    charge = server.charge()
    token = server.sandbox.tokens.get(charge["source"]["id"])
    made, charged = server.sandbox.journal
    assert token is not None
    assert (token.created_ms, charge["created"]) == (made.at_ms, charged.at_ms)
    assert charged.at_ms > made.at_ms
    server.send("PUT", "/_mock/clock", {"advance": "1h"})
    assert clock.now_ms() > charged.at_ms + 3_600_000
