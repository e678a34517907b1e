"""`POST /_mock/why` explains a request without processing it."""

import json
from typing import Any

import pytest

from mock_clover.scenario.records_card import DECLINE_CODES
from tests.in_process import DECLINED_CARD, VISA, InProcessServer

APPROVED = "sandbox: VISA ...4242 is listed to approve (documented)"
RULES = [
    {
        "name": "the poor",
        "when": {"amount": {"min": 1000}, "currency": "usd"},
        "then": {"decline": {"decline_code": "insufficient_funds", "message": "No."}},
    },
    {
        "name": "the third",
        "when": {"endpoint": "create_charge", "nth": 3},
        "then": {"problem": "RATE_LIMITED"},
    },
    {
        "name": "vip",
        "evidence": "observed",
        "when": {"metadata": {"vip": "yes"}},
        "then": {"approve": {}},
    },
    {"when": {"card": {"number": VISA}, "amount": 13}, "then": {"raw": {"status": 418}}},
]
NAMES = [
    "mine: rule 1 (the poor) (inferred)",
    "mine: rule 2 (the third) (inferred)",
    "mine: rule 3 (vip) (observed)",
    "mine: rule 4 (inferred)",
]


def asked(server: InProcessServer, request: dict[str, Any]) -> dict[str, Any]:
    response = server.send("POST", "/_mock/why", request)
    assert response.status == 200, response
    return dict(response.json)


def charge(source: str, **more: Any) -> dict[str, Any]:
    body = {"amount": 5, "currency": "usd", "source": source} | more
    return {"path": "/v1/charges", "body": body}


def looked(*matched: str) -> list[dict[str, Any]]:
    """Return the rules up to here, each with why it does or does not match."""
    return [
        {"rule": name, "matched": because == "all conditions are met", "because": because}
        for name, because in zip(NAMES, matched, strict=False)
    ]


@pytest.fixture
def ruled(server: InProcessServer) -> InProcessServer:
    """A server with four rules, of which one counts."""
    document = {"name": "mine", "rules": RULES}
    assert server.send("PUT", "/_mock/scenario", document).status == 200
    return server


OUTCOMES: list[tuple[dict[str, Any], list[dict[str, Any]], str, int]] = [
    ({"amount": 1000}, looked("all conditions are met"), NAMES[0], 402),
    (
        {"amount": 999, "metadata": {"vip": "yes"}},
        looked(
            "the condition `amount` is not met",
            "not applied to matching request 1",
            "all conditions are met",
        ),
        NAMES[2],
        200,
    ),
    (
        {"amount": 13},
        looked(
            "the condition `amount` is not met",
            "not applied to matching request 1",
            "the condition `metadata.vip` is not met",
            "all conditions are met",
        ),
        NAMES[3],
        418,
    ),
    (
        {"amount": 1000, "currency": "cad", "metadata": {"vip": "yes"}},
        looked(
            "the condition `currency` is not met",
            "not applied to matching request 1",
            "all conditions are met",
        ),
        NAMES[2],
        200,
    ),
]


@pytest.mark.parametrize(("more", "rules", "outcome", "status"), OUTCOMES)
def test_why_lists_rules_and_the_match(
    ruled: InProcessServer, more: dict[str, Any], rules: list[Any], outcome: str, status: int
) -> None:
    result = asked(ruled, charge(ruled.token(), **more))
    assert (result["rules"], result["outcome"], result["status"]) == (rules, outcome, status)


def test_why_shows_count_of_counting_rule(ruled: InProcessServer) -> None:
    source = ruled.customer()["id"]
    seen = []
    for _ in range(4):
        result = asked(ruled, charge(source))
        again = asked(ruled, charge(source))
        assert again == result  # an explanation is not a request
        reply = ruled.send("POST", "/v1/charges", charge(source)["body"])
        assert (result["status"], result["outcome"]) == (reply.status, reply.why)
        seen.append((result["rules"][1]["because"], reply.status))
    assert seen == [
        ("not applied to matching request 1", 200),
        ("not applied to matching request 2", 200),
        ("all conditions are met", 429),
        ("not applied to matching request 4", 200),
    ]


@pytest.mark.parametrize(
    ("pan", "rule", "status"),
    [
        (VISA, APPROVED, 200),
        (DECLINED_CARD, "sandbox: VISA ...2222 is listed to decline (documented)", 402),
        (
            "5424180279791732",
            "sandbox: this number is not listed, and unlisted cards are approved",
            200,
        ),
    ],
)
def test_why_for_unlisted_card(server: InProcessServer, pan: str, rule: str, status: int) -> None:
    result = asked(server, charge(server.token(pan)))
    assert result["rules"] == [
        {"rule": rule, "matched": True, "because": "the scenario lists the card"}
    ]
    assert (result["outcome"], result["status"]) == (rule, status)


def test_why_predicts_exact_response(server: InProcessServer) -> None:
    """The response equals that of the request that follows: its ids, references and messages."""
    sale = server.charge()["id"]
    authorized = server.charge(capture=False)["id"]
    order = server.order(5)["id"]
    customer = server.customer()["id"]
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/v1/charges", charge(customer)["body"]),
        ("POST", "/v1/charges", charge(server.token(DECLINED_CARD))["body"]),
        ("POST", "/v1/charges", {"amount": 1}),
        ("POST", f"/v1/charges/{authorized}/capture", None),
        ("POST", "/v1/refunds", {"charge": sale, "amount": 5}),
        ("POST", f"/v1/orders/{order}/pay", {"source": customer}),
        ("POST", "/v1/tokens", server.card()),
        ("POST", "/v1/tokens", server.card("4242424242424241")),
        ("PUT", f"/v1/customers/{customer}", {"email": "x@example.com"}),
        ("GET", f"/v1/charges/{sale}", None),
        ("GET", "/v1/charges?limit=1", None),
        ("GET", "/v1/charges?limit=x", None),
        ("GET", "/v1/charges/ZZZZZZZZZZZZZ", None),
    ]
    for method, path, body in requests:
        result = asked(server, {"method": method, "path": path, "body": body})
        reply = server.send(method, path, body)
        assert result["status"] == reply.status, path
        assert result["outcome"] == reply.why
        assert result["reply"] == json.loads(reply.body)


@pytest.mark.parametrize("code", DECLINE_CODES)
@pytest.mark.parametrize("by", ["header", "description", "metadata"])
def test_why_explains_requested_outcome(server: InProcessServer, code: str, by: str) -> None:
    outcome = f"card_declined/{code}"
    mark = f"mock-clover:{outcome}"
    request = charge(
        server.token(),
        **({"description": mark} if by == "description" else {}),
        **({"metadata": {"a": mark}} if by == "metadata" else {}),
    )
    if by == "header":
        request["headers"] = {"X-Mock-Clover-Outcome": outcome}
    result = asked(server, request)
    expected = f"header: {outcome}" if by == "header" else f"text: {mark}"
    assert (result["outcome"], result["status"]) == (expected, 402)
    assert result["reply"]["error"]["declineCode"] == code


def test_no_rule_is_reported_if_header_decides(ruled: InProcessServer) -> None:
    request = charge(ruled.token(), amount=5000)
    request["headers"] = {"x-mock-clover-outcome": "approve"}
    result = asked(ruled, request)
    assert (result["status"], result["outcome"]) == (200, "header: approve")
    assert [rule["rule"] for rule in result["rules"] if rule["matched"]] in (
        [],
        ["header: approve"],
    )


def test_why_reports_active_fault(server: InProcessServer) -> None:
    fault = {"kind": "drop", "when": "after_commit", "endpoint": "create_charge"}
    assert server.send("POST", "/_mock/faults", fault).status == 200
    result = asked(server, charge(server.token()))
    assert "drop after_commit" in json.dumps(result)


def test_a_rules_delay_is_skipped(server: InProcessServer) -> None:
    then = {"problem": "INVALID_SOURCE", "fault": {"kind": "delay", "delay_ms": 30}}
    rule = {"when": {"endpoint": "create_charge"}, "then": then}
    document = {"name": "slow", "rules": [rule]}
    assert server.send("PUT", "/_mock/scenario", document).status == 200
    result = asked(server, charge("clv_1TSTSxxxxxxxxxxxxxxxxxxx"))
    assert (result["status"], "INVALID_SOURCE" in result["outcome"]) == (400, True)


def test_it_names_the_rule_that_decides_a_token(server: InProcessServer) -> None:
    rule = {"when": {"card": {"number": VISA}}, "then": {"problem": "INVALID_PAN"}}
    server.send("PUT", "/_mock/scenario", {"name": "mine", "rules": [rule]})
    result = asked(server, {"path": "/v1/tokens", "body": server.card()})
    reply = server.send("POST", "/v1/tokens", server.card())
    assert (result["status"], result["outcome"]) == (reply.status, reply.why)
    assert [each["rule"] for each in result["rules"] if each["matched"]] == [
        "mine: rule 1 (inferred)"
    ]


# Nothing changes --------------------------------------------------------------------------------


def whole(server: InProcessServer) -> tuple[Any, ...]:
    """Return everything that a request could change."""
    sandbox = server.sandbox
    return (
        sandbox.state(),
        server.send("GET", "/_mock/snapshot").body,
        sandbox.ids.state(),
        dict(sandbox.rule_counts),
        [exchange.number for exchange in sandbox.journal],
        sandbox.journal.count,
        sandbox.faults.unexpired(sandbox.clock.now_ms()),
        sandbox.faults._random.getstate(),
        list(sandbox.idempotency.entries()),
        sandbox.scheduler.entries(),
        sandbox.clock.now_ms(),
        [each.name for each in server.sandboxes],
    )


def test_why_changes_nothing(ruled: InProcessServer) -> None:
    charge_id = ruled.charge(amount=5, capture=False)["id"]
    customer, order = ruled.customer()["id"], ruled.order(100)["id"]
    spare = ruled.token()
    odd = {"kind": "problem", "problem": "SANDBOX_FULL", "odds": 0.5, "times": 3}
    ruled.send("POST", "/_mock/faults", odd | {"endpoint": "create_refund"})
    key = {"idempotency-key": "k"}
    requests: list[dict[str, Any]] = [
        charge(spare),
        charge(customer) | {"headers": key},
        charge(customer, amount=9999),
        charge(spare, capture=False),
        {"path": "/v1/tokens", "body": ruled.card()},
        {"path": "/v1/customers", "body": {"email": "a@example.com", "source": spare}},
        {"path": "/v1/refunds", "body": {"charge": charge_id}},
        {"path": f"/v1/charges/{charge_id}/capture"},
        {"path": f"/v1/orders/{order}/pay", "body": {"source": customer}},
        {"path": "/v1/orders", "body": {"currency": "usd", "items": [{"amount": 1}]}},
        {"method": "GET", "path": "/v1/charges"},
        charge(spare) | {"headers": {"authorization": "Bearer nobody"}},
        charge(spare) | {"headers": {"x-mock-clover-fault": "drop after_commit"}},
        charge(spare) | {"headers": {"x-mock-clover-outcome": "RATE_LIMITED"}},
        charge(spare) | {"headers": {"x-mock-clover-outcome": "nonsense"}},
        charge(spare, description="mock-clover:nonsense"),
    ]
    before = whole(ruled)
    for request in requests:
        asked(ruled, request)
        assert whole(ruled) == before, request
    created = ruled.send("POST", "/v1/charges", charge(customer)["body"], headers=key)
    again = asked(ruled, charge(customer) | {"headers": key})
    assert again["outcome"] == f"idempotency: replay of: {created.why}"
    assert again["reply"] == created.json


def test_rate_limits_do_not_count_it(server: InProcessServer) -> None:
    server.send("PUT", "/_mock/scenario", {"name": "x", "settings": {"rate_limits": True}})
    for _ in range(60):
        assert asked(server, {"method": "GET", "path": "/v1/charges"})["status"] == 200
    assert server.send("GET", "/v1/charges").status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 200), ({"authorization": "Bearer nobody"}, 401), ({"Authorization": ""}, 401)],
)
def test_why_adds_missing_credentials(
    server: InProcessServer, headers: dict[str, str], status: int
) -> None:
    assert asked(server, {"method": "GET", "path": "/v1/charges", "headers": headers})[
        "status"
    ] == (status)


REFUSALS: list[tuple[Any, str]] = [
    ({}, "path is missing; it is required"),
    ({"path": "/nope"}, "path: 404 Not Found: Clover has no such path"),
    (
        {"path": "v1/charges"},
        "path: 404 Not Found: Clover has no such path; did you mean POST /v1/charges?",
    ),
    ({"path": "/_mock/faults"}, "path: 404 Not Found: only Clover's operations are explained"),
    (
        {"path": "/v1/charges", "method": "PATCH"},
        "path: 405 PATCH not allowed.: the path has POST, GET",
    ),
    (
        {"path": "/v1/charges", "heders": {}},
        "Object contains unknown field `heders`; did you mean `headers`?",
    ),
    (
        {"path": "/v1/charges", "headers": {"x": 5}},
        "headers[...]: Expected `str`, got `int`",
    ),
    ([], "the body: expected an object, got an array"),
]


@pytest.mark.parametrize(("request_body", "message"), REFUSALS, ids=lambda each: str(each)[:40])
def test_invalid_why_request_is_rejected(
    server: InProcessServer, request_body: Any, message: str
) -> None:
    response = server.send("POST", "/_mock/why", request_body)
    assert (response.status, response.json) == (400, {"message": message})


def test_it_shows_no_card_number(server: InProcessServer) -> None:
    response = server.send("POST", "/_mock/why", {"path": "/v1/tokens", "body": server.card()})
    assert VISA.encode() not in response.body
