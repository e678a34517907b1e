"""`/_mock/next`: an outcome or a fault for the next payments, spent by those that it applies to."""

from typing import Any

import pytest

from mock_clover.sandbox.armed import ISSUER_OPERATIONS
from tests import checkouts
from tests.hostile import BROWSER
from tests.in_process import InProcessServer

DECLINE = "card_declined/insufficient_funds"
LOST = "drop after_commit"


def arm(server: InProcessServer, **body: Any) -> Any:
    response = server.send("POST", "/_mock/next", body)
    assert response.status == 200, response
    return response.json


def left(server: InProcessServer) -> dict[str, int]:
    """Return what is armed: how often each still applies, by its outcome or fault."""
    armed = server.send("GET", "/_mock/next").json["data"]
    return {each.get("outcome") or each["fault"]: each["left"] for each in armed}


def pay(server: InProcessServer, **changes: Any) -> tuple[int, str]:
    """Create a charge and return its status and reason."""
    body = {"amount": 1800, "currency": "usd", "source": server.token()} | changes
    response = server.send("POST", "/v1/charges", body)
    return response.status, response.why


def test_arm_list_and_disarm(server: InProcessServer) -> None:
    first = {"id": "next-1", "outcome": DECLINE, "left": 1}
    second = {"id": "next-2", "fault": LOST, "endpoint": "create_refund", "left": 3}
    assert arm(server, outcome=DECLINE) == first
    assert arm(server, fault=LOST, endpoint="create_refund", times=3) == second
    assert server.send("GET", "/_mock/next").json == {"data": [first, second]}
    gone = server.send("DELETE", "/_mock/next/next-9")
    assert (gone.status, gone.json["message"]) == (
        404,
        "nothing armed has the id 'next-9'; did you mean `next-2`?",
    )
    assert server.send("DELETE", "/_mock/next/next-1").json == {"cleared": 1}
    assert server.send("GET", "/_mock/next").json == {"data": [second]}
    assert server.send("DELETE", "/_mock/next").json == {"cleared": 1}
    assert left(server) == {}


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({}, "exactly one of outcome and fault is required"),
    ({"outcome": "approve", "fault": LOST}, "exactly one of outcome and fault is required"),
    (
        {"outcome": "card_declined/insuficient_funds"},
        "outcome: unknown outcome 'card_declined/insuficient_funds'; "
        "did you mean `card_declined/insufficient_funds`?",
    ),
    (
        {"outcome": "threeds/chalenge"},
        "outcome: unknown outcome 'threeds/chalenge'; did you mean `threeds/challenge`?",
    ),
    (
        {"outcome": DECLINE, "endpoint": "create_chrge"},
        "endpoint: unknown name 'create_chrge'; did you mean `create_charge`?",
    ),
    *(
        (
            {"outcome": outcome, "endpoint": name},
            f"endpoint: {name} does not ask the issuer; arm an error or a fault for it",
        )
        for outcome, name in (
            (DECLINE, "capture_charge"),
            ("approve/500", "capture_charge"),
            ("threeds/challenge", "create_refund"),
        )
    ),
    ({"outcome": DECLINE, "times": 0}, "times is 0; at least 1"),
    ({"outcom": DECLINE}, "Object contains unknown field `outcom`; did you mean `outcome`?"),
    (
        {"fault": ""},
        "fault: kind is missing; it is required, one of delay, problem, drop, hang, truncate, "
        "garbage, dribble",
    ),
    (
        {"fault": "drop after_comit"},
        "fault: unknown word 'after_comit'; did you mean `after_commit`?",
    ),
    ({"fault": "drp"}, "fault: unknown word 'drp'; did you mean `drop`?"),
    ({"fault": "drop times=2"}, "fault: `times` is not allowed in the text"),
    (
        {"fault": "problem problem=RATE_LIMITD"},
        "fault: unknown problem `RATE_LIMITD`; did you mean `RATE_LIMITED`?",
    ),
]


@pytest.mark.parametrize(("body", "message"), REFUSALS, ids=lambda each: str(each)[:40])
def test_invalid_request_arms_nothing(
    server: InProcessServer, body: dict[str, Any], message: str
) -> None:
    response = server.send("POST", "/_mock/next", body)
    assert (response.status, response.json) == (400, {"message": message})
    assert left(server) == {}


def test_armed_outcome_applies_once_and_beats_rules_but_not_headers(
    server: InProcessServer,
) -> None:
    rule = {"when": {"endpoint": "create_charge"}, "then": {"problem": "RATE_LIMITED"}}
    server.send("PUT", "/_mock/scenario", {"name": "limits", "rules": [rule]})
    arm(server, outcome=DECLINE, times=2)
    approved = {"x-mock-clover-outcome": "approve"}
    source = server.token()
    body = {"amount": 1, "currency": "usd", "source": source}
    assert server.send("POST", "/v1/charges", body, headers=approved).status == 200
    assert left(server) == {DECLINE: 2}
    explained = server.send("POST", "/_mock/why", {"path": "/v1/charges", "body": body}).json
    assert (explained["status"], left(server)) == (400, {DECLINE: 2})  # the token is used
    assert pay(server) == (402, f"next: {DECLINE}")
    assert pay(server) == (402, f"next: {DECLINE}")
    assert left(server) == {}
    assert pay(server)[0] == 429


OUTCOMES = [
    ("approve", 200),
    ("approve/500", 200),
    ("card_declined", 402),
    ("card_declined/not_entitled", 402),
    ("RATE_LIMITED", 429),
    ("SERVICE_UNAVAILABLE", 503),
]


@pytest.mark.parametrize(("outcome", "status"), OUTCOMES)
def test_each_kind_of_outcome_is_spent_by_a_payment(
    server: InProcessServer, outcome: str, status: int
) -> None:
    arm(server, outcome=outcome)
    server.send("GET", "/v1/charges")
    rejected = {"source": "clv_1TSTnosuchtoken000000000"}
    first = 400 if status < 403 else status  # an error needs no valid request
    assert pay(server, **rejected)[0] == first
    assert left(server) == ({outcome: 1} if first == 400 else {})
    arm(server, outcome=outcome) if not left(server) else None
    order = server.order(1800)
    paid = server.send("POST", f"/v1/orders/{order['id']}/pay", {"source": server.token()})
    assert paid.status == status
    assert left(server) == {}
    if outcome == "approve/500":
        assert paid.json["amount_paid"] == 500


def test_capture_takes_errors_and_faults_but_no_decline(server: InProcessServer) -> None:
    charge = server.charge(capture=False)
    capture = ("POST", f"/v1/charges/{charge['id']}/capture", {})
    arm(server, outcome=DECLINE)
    arm(server, outcome="SERVICE_UNAVAILABLE")
    assert server.send(*capture).status == 503
    assert left(server) == {DECLINE: 1}
    assert server.send(*capture).status == 200
    assert left(server) == {DECLINE: 1}


def test_outcome_of_the_issuer_is_spent_by_a_saved_card(server: InProcessServer) -> None:
    for endpoint in ISSUER_OPERATIONS:
        arm(server, outcome="approve", endpoint=endpoint)
    server.send("DELETE", "/_mock/next")
    arm(server, outcome=DECLINE, endpoint="create_customer")
    body = {"email": "a@b.co", "source": "clv_no"}
    assert server.send("POST", "/v1/customers", body).status == 400
    assert left(server) == {DECLINE: 1}, "the request was rejected before the issuer was asked"
    body["source"] = server.token()
    assert server.send("POST", "/v1/customers", body).status == 402
    assert left(server) == {}


def test_flow_waits_for_a_payment_with_three_d_secure(server: InProcessServer) -> None:
    arm(server, outcome="threeds/challenge")
    assert pay(server)[0] == 200
    assert left(server) == {"threeds/challenge": 1}
    threeds = {"source": "CLOVER", "browser_info": BROWSER}
    body = {"amount": 100, "currency": "usd", "source": server.token(), "threeds": threeds}
    pending = server.send("POST", "/v1/charges", body)
    assert pending.json["status"] == "pending", pending
    assert left(server) == {}


def test_lost_reply_waits_for_a_payment_that_is_carried_out(server: InProcessServer) -> None:
    arm(server, fault=LOST)
    source, key = server.token(), {"idempotency-key": "k1"}
    body = {"amount": 100, "currency": "usd", "source": source}
    assert server.send("POST", "/v1/charges", body | {"source": "clv_no"}).status == 400
    assert left(server) == {LOST: 1}
    server.send("POST", "/v1/charges", body, headers=key)
    assert left(server) == {}
    arm(server, fault=LOST)
    replayed = server.send("POST", "/v1/charges", body, headers=key)
    assert replayed.why.startswith("idempotency: replay of")
    assert left(server) == {LOST: 1}
    journal = server.send("GET", "/_mock/journal?outcome=lost").json["data"]
    assert [(each["committed"], each["fault"]) for each in journal] == [(True, LOST)]


def test_hosted_checkout_takes_an_armed_outcome(server: InProcessServer) -> None:
    session = checkouts.session(server)
    arm(server, outcome=DECLINE)
    results = [checkouts.pay(server, session).json["result"] for _ in range(2)]
    assert (results, left(server)) == (["declined", "approved"], {})


def test_armed_outcomes_are_in_snapshots_and_forks(server: InProcessServer) -> None:
    arm(server, outcome=DECLINE, endpoint="create_charge", times=2)
    arm(server, fault=LOST)
    listed = server.send("GET", "/_mock/next").json
    snapshot = server.send("GET", "/_mock/snapshot").json
    server.send("DELETE", "/_mock/next")
    assert server.send("PUT", "/_mock/snapshot", snapshot).status == 200
    assert server.send("GET", "/_mock/next").json == listed
    assert arm(server, outcome="approve")["id"] == "next-3"
    fork = server.sandbox.fork("copy", server.known)
    assert fork.armed.outcomes == server.sandbox.armed.outcomes
    server.send("DELETE", "/_mock/next")
    assert len(fork.armed.outcomes) == 3
    for wrong in ({"outcome": "nonsense"}, {"fault": "drop drop=1"}, {"endpoint": "nonsense"}):
        snapshot["armed"] = [{"id": "next-1", "left": 1} | wrong]
        assert server.send("PUT", "/_mock/snapshot", snapshot).status == 400


RULES: list[tuple[dict[str, Any], list[int]]] = [
    ({"first": 1}, [402, 200, 200]),
    ({"nth": 2}, [200, 402, 200]),
    ({"after": 1}, [200, 402, 402]),
]


@pytest.mark.parametrize(("counter", "statuses"), RULES)
def test_refused_call_is_not_counted_by_a_rule_of_the_issuer(
    server: InProcessServer, counter: dict[str, Any], statuses: list[int]
) -> None:
    rule = {"when": {"endpoint": "create_charge"} | counter, "then": {"decline": {}}}
    server.send("PUT", "/_mock/scenario", {"name": "counts", "rules": [rule]})
    for status in statuses:
        assert pay(server, source="clv_1TSTnosuchtoken000000000")[0] == 400
        assert pay(server)[0] == status
