"""A response has the weakest mark of what it is based on; `--strict evidence` rejects guesses."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from mock_clover.cli.strictness import NOT_STRICT, Strictness
from mock_clover.clover.charges.behaviours import (
    DECLINE_IS_402,
    LISTED_CARD,
    NEWEST_CARD_IS_CHARGED,
)
from mock_clover.clover.surface import OPERATIONS
from mock_clover.core.evidence import LOWER_OF, EvidenceLevel
from mock_clover.engine.evidence import inferred_parts, lowest_evidence
from mock_clover.scenario.load import parse
from mock_clover.scenario.records import ScenarioError
from tests.command_line import run_cli
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response
from tests.raw_http import call
from tests.server_process import ServerProcess

UNLISTED, EXPIRING = "4012888888881881", {"exp_month": "05", "exp_year": "2025"}
DAY_MS = 86_400_000


def charge(
    server: InProcessServer, pan: str = VISA, *, amount: int = 100, **headers: str
) -> Response:
    body = {"amount": amount, "currency": "usd", "source": server.token(pan)}
    return server.send("POST", "/v1/charges", body, headers=headers)


def charge_again(server: InProcessServer) -> Response:
    body = {"amount": 100, "currency": "usd", "source": server.token()}
    key = {"idempotency-key": "k"}
    server.send("POST", "/v1/charges", body, headers=key)
    return server.send("POST", "/v1/charges", body, headers=key)


def get_failed(server: InProcessServer) -> Response:
    return server.send(
        "GET", f"/v1/charges/{charge(server, DECLINED_CARD).json['error']['charge']}"
    )


def pay_by_newest(server: InProcessServer) -> Response:
    customer = server.customer()
    other = {"email": customer["email"], "source": server.token("5204245250003294")}
    server.send("PUT", f"/v1/customers/{customer['id']}", other)
    body = {"amount": 100, "currency": "usd", "source": customer["id"]}
    return server.send("POST", "/v1/charges", body)


def pay_expired(server: InProcessServer) -> Response:
    token = server.token(**EXPIRING)
    server.clock.advance(5 * DAY_MS)
    return server.send("POST", "/v1/charges", {"amount": 1, "currency": "usd", "source": token})


def pay_plainly_with_saved(server: InProcessServer) -> Response:
    token = server.token()
    server.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
    return server.send("POST", "/v1/charges", {"amount": 1, "currency": "usd", "source": token})


def pay_order(server: InProcessServer, pan: str) -> Response:
    body = {"source": server.token(pan)}
    return server.send("POST", f"/v1/orders/{server.order(100)['id']}/pay", body)


def save(server: InProcessServer, pan: str) -> Response:
    body = {"email": "jo@example.com", "source": server.token(pan)}
    return server.send("POST", "/v1/customers", body)


def challenge(server: InProcessServer) -> Response:
    info = dict.fromkeys(
        ("browser_ip", "browser_accept_header", "browser_language", "browser_color_depth"), "x"
    )
    info |= dict.fromkeys(
        ("browser_screen_height", "browser_screen_width", "browser_tz", "browser_user_agent"), "x"
    )
    flags: dict[str, Any] = {
        "browser_javascript_enabled": True,
        "browser_java_enabled": False,
    }
    threeds = {"source": "CLOVER", "browser_info": info | flags}
    body = {"amount": 100, "currency": "usd", "source": server.token(), "threeds": threeds}
    headers = {"x-mock-clover-outcome": "threeds/challenge"}
    return server.send("POST", "/v1/charges", body, headers=headers)


REPLIES: list[tuple[str, Callable[[InProcessServer], Response], int, str]] = [
    ("a documented operation", lambda w: w.send("GET", "/v1/charges"), 200, "documented"),
    ("a listed card", charge, 200, "documented"),
    ("a listed decline", lambda w: charge(w, DECLINED_CARD), 402, "documented"),
    ("a card listed by one recording", lambda w: charge(w, "4264281511117771"), 402, "observed"),
    ("a card that nobody lists", lambda w: charge(w, UNLISTED), 200, "inferred"),
    ("an order paid by one", lambda w: pay_order(w, UNLISTED), 200, "inferred"),
    ("an order paid by a listed one", lambda w: pay_order(w, VISA), 200, "documented"),
    ("one that is saved", lambda w: save(w, UNLISTED), 200, "inferred"),
    ("a listed one that is saved", lambda w: save(w, VISA), 200, "documented"),
    ("one that is refused when saved", lambda w: save(w, DECLINED_CARD), 402, "observed"),
    ("a recorded refusal", lambda w: w.send("GET", "/v1/charges/X"), 404, "observed"),
    ("a refusal that is ours", lambda w: w.send("GET", "/v1/orders/X"), 404, "inferred"),
    ("a path that is not there", lambda w: w.send("GET", "/v1/x"), 404, "observed"),
    ("an SDK's own operation", lambda w: w.send("GET", f"/v1/tokens/{w.token()}"), 200, "inferred"),
    ("a replay", charge_again, 200, "inferred"),
    ("a failed charge", get_failed, 200, "inferred"),
    ("the newest of several cards", pay_by_newest, 200, "inferred"),
    ("a card that has expired", pay_expired, 402, "inferred"),
    ("a saved token by itself", pay_plainly_with_saved, 402, "observed"),
    ("a challenge", challenge, 200, "inferred"),
    (
        "an outcome that was asked for",
        lambda w: charge(w, **{"x-mock-clover-outcome": "CHARGE_NOT_FOUND"}),
        404,
        "inferred",
    ),
]
every_reply = pytest.mark.parametrize(
    ("send", "status", "evidence"), [row[1:] for row in REPLIES], ids=[row[0] for row in REPLIES]
)


@every_reply
def test_header_has_lowest_evidence_level(
    server: InProcessServer, send: Callable[[InProcessServer], Response], status: int, evidence: str
) -> None:
    got = send(server)
    assert (got.status, got.evidence) == (status, evidence)


@pytest.mark.parametrize("path", ["/_mock/health", "/readyz", "/_mock/nothing-like-it"])
def test_control_call_has_no_evidence_header(server: InProcessServer, path: str) -> None:
    got = server.send("GET", path)
    assert got.evidence is None or got.status == 404


def test_evidence_levels_are_ordered() -> None:
    marks: tuple[EvidenceLevel, ...] = get_args(EvidenceLevel)
    assert {pair: weak for pair, weak in LOWER_OF.items() if pair[0] != pair[1]} == {
        ("documented", "observed"): "observed",
        ("observed", "documented"): "observed",
        ("documented", "inferred"): "inferred",
        ("inferred", "documented"): "inferred",
        ("observed", "inferred"): "inferred",
        ("inferred", "observed"): "inferred",
    }
    assert [LOWER_OF[mark, mark] for mark in marks] == list(marks)
    assert lowest_evidence((LISTED_CARD, DECLINE_IS_402)) == "observed"
    found = [
        name for name, _ in inferred_parts((LISTED_CARD, NEWEST_CARD_IS_CHARGED, DECLINE_IS_402))
    ]
    assert found == ["NEWEST_CARD_IS_CHARGED"]


def test_evidence_header_is_sent(shared_server: ServerProcess) -> None:
    response = call(
        shared_server.port,
        "GET",
        "/v1/charges",
        authorization=f"Bearer {served_token(shared_server)}",
    )
    assert response.headers["x-mock-clover-evidence"] == "documented"
    assert "x-mock-clover-evidence" not in call(shared_server.port, "GET", "/_mock/health").headers


def served_token(shared_server: ServerProcess) -> str:
    created = call(shared_server.port, "GET", "/_mock/sandboxes/default").json
    return str(created["access_token"])


# --strict evidence -------------------------------------------------------------------------------


def state(server: InProcessServer) -> Any:
    return server.sandbox.state(), server.sandbox.ids.state(), len(server.sandbox.idempotency)


@every_reply
def test_strict_evidence_rejects_inferred_behaviour(
    make_server: MakeServer, send: Callable[[InProcessServer], Response], status: int, evidence: str
) -> None:
    free, server = make_server(), make_server(refuse_inferred=True)
    expected, got = send(free), send(server)
    if evidence == "inferred":
        assert (got.status, got.json["error"]["code"]) == (501, "evidence_inferred")
    else:
        assert (got.status, got.body, got.evidence) == (status, expected.body, evidence)


def test_strict_evidence_error_names_behaviours(
    make_server: MakeServer,
) -> None:
    server = make_server(refuse_inferred=True)
    token = server.token(UNLISTED)
    before = state(server)
    body = {"amount": 100, "currency": "usd", "source": token}
    got = server.send("POST", "/v1/charges", body, headers={"idempotency-key": "k"})
    assert (got.status, got.json) == (
        501,
        {
            "message": "501 Not Implemented",
            "error": {
                "code": "evidence_inferred",
                "message": "The response would rely on inferred behaviour: UNLISTED_CARD_APPROVED "
                "(sandbox: this number is not listed, and unlisted cards are approved). To allow "
                "it, add allow_inferred: [UNLISTED_CARD_APPROVED] to the scenario's settings.",
            },
        },
    )
    assert state(server) == before
    (*_, result) = server.sandbox.journal
    assert (result.endpoint, result.status) == ("create_charge", 501)


@pytest.mark.parametrize(
    ("send", "name"),
    [
        (lambda w: charge(w, UNLISTED), "UNLISTED_CARD_APPROVED"),
        (lambda w: w.send("GET", "/v1/orders/X"), "ORDER_NOT_FOUND"),
        (lambda w: w.send("GET", f"/v1/tokens/{w.token()}"), "get_token"),
        (charge_again, "IDEMPOTENCY_REPLAY"),
        (get_failed, "FAILED_CHARGE_IS_RETRIEVABLE"),
        (pay_by_newest, "NEWEST_CARD_IS_CHARGED"),
        (pay_expired, "EXPIRED_CARD_DECLINED"),
        (
            lambda w: charge(w, **{"x-mock-clover-outcome": "CHARGE_NOT_FOUND"}),
            "REQUESTED_OUTCOME",
        ),
    ],
)
def test_allow_inferred(
    make_server: MakeServer, send: Callable[[InProcessServer], Response], name: str
) -> None:
    expected = send(make_server())
    assert send(make_server(refuse_inferred=True)).status == 501
    got = send(make_server(refuse_inferred=True, allow_inferred=(name,)))
    assert (got.status, got.body, got.evidence) == (expected.status, expected.body, "inferred")


def test_rule_with_evidence_is_not_inferred(make_server: MakeServer) -> None:
    rules = (
        "name: x\nsettings: {refuse_inferred: true}\nrules:\n"
        "  - {evidence: observed, when: {amount: 1}, then: {approve: {}}}\n"
        "  - {when: {amount: 2}, then: {approve: {}}}\n"
    )
    server = make_server(parse(rules.encode(), "x.yaml"))
    assert [charge(server, amount=amount).status for amount in (1, 2)] == [200, 501]


def test_a_refused_call_does_not_count_for_a_rule(make_server: MakeServer) -> None:
    rules = "name: x\nrules:\n  - {when: {amount: 1, nth: 1}, then: {decline: {}}}\n"
    server = make_server(parse(rules.encode(), "x.yaml"), refuse_inferred=True)
    assert [charge(server, amount=1).status for _ in range(2)] == [501, 501]
    assert server.sandbox.rule_counts == {}


@pytest.mark.parametrize(
    ("fault", "status"),
    [("problem problem=SERVICE_UNAVAILABLE before_commit", 503), ("drop before_commit", 503)],
)
def test_requested_fault_is_allowed(make_server: MakeServer, fault: str, status: int) -> None:
    server = make_server(refuse_inferred=True)
    got = server.send("GET", "/v1/orders/X", headers={"x-mock-clover-fault": fault})
    assert got.status == status


def test_strict_evidence_check_does_not_change_other_merchants(make_server: MakeServer) -> None:
    """An OAuth request may write to another merchant than the one in its path."""
    scenario = parse(b"name: x\nmerchants: [{name: one}, {name: two}]\n", "x.yaml")
    server = make_server(scenario, refuse_inferred=True)
    (two,) = server.sandbox.merchants
    credentials = two.credentials
    body = {
        "merchant_uuid": credentials.merchant_id,
        "app_uuid": credentials.client_id,
        "auth_token": credentials.access_token,
    }
    assert server.send("POST", "/oauth/token/migrate_v2", body).status == 200
    assert len(two.codes_v2) == 1


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/tokens/clv_1", None),
        ("POST", "/v1/charges", "parameter_missing"),
        ("GET", "/v1/refunds?expand=charge", "parameter_unknown"),
    ],
)
def test_a_strict_refusal_is_inferred_and_not_replaced(
    make_server: MakeServer, method: str, path: str, code: str | None
) -> None:
    for settings in ({"strict": True}, {"strict": True, "refuse_inferred": True}):
        got = make_server(**settings).send(method, path)
        found = got.json["error"]["code"] if got.content_type == "application/json" else None
        assert (got.evidence, found) == ("inferred", code)
        assert code is None or got.why.startswith(("FORWARDED_FOR", "UNKNOWN_PARAMETER (expand is"))


def test_why_reports_strict_evidence(make_server: MakeServer) -> None:
    server = make_server(refuse_inferred=True)
    body = {"method": "GET", "path": "/v1/orders/X"}
    assert server.send("POST", "/_mock/why", body).json["status"] == 501


# Ways to enable it --------------------------------------------------------------------------------


def test_strict_evidence_of_one_sandbox(server: InProcessServer) -> None:
    body = {"refuse_inferred": True, "allow_inferred": ["ORDER_NOT_FOUND"]}
    created = server.send("PUT", "/_mock/sandboxes/careful", body).json
    bearer = {"authorization": f"Bearer {created['access_token']}"}
    sandbox = server.sandboxes.get_or_create("careful")
    server.sandbox, server.known = sandbox, sandbox.credentials
    assert [
        server.send("GET", path, headers=bearer).status
        for path in ("/v1/orders/X", "/v1/customers/X")
    ] == [404, 501]
    assert charge(server, UNLISTED).status == 501


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "ORDER_NOT_FOUMD",
            "unknown behaviour, error or operation `ORDER_NOT_FOUMD`; did you mean",
        ),
        ("unlisted_cards", "unknown behaviour, error or operation `unlisted_cards`"),
    ],
)
def test_unknown_name_in_allow_inferred(name: str, message: str) -> None:
    text = f"name: x\nsettings: {{allow_inferred: [{name}]}}\n"
    with pytest.raises(ScenarioError, match=r"x\.yaml:2:\d+: ") as wrong:
        parse(text.encode(), "x.yaml", OPERATIONS)
    assert message in str(wrong.value)


def test_unknown_name_in_allow_inferred_by_control_call(server: InProcessServer) -> None:
    got = server.send("PUT", "/_mock/sandboxes/x", {"allow_inferred": ["GET_TOKEN"]})
    assert got.status == 400
    assert got.json["message"].startswith("allow_inferred: unknown name 'GET_TOKEN'")


@pytest.mark.parametrize(
    ("word", "settings"),
    [
        ("docs", {"strict": True}),
        ("evidence", {"refuse_inferred": True}),
        ("all", {"strict": True, "refuse_inferred": True}),
        ("1", {"strict": True}),
        ("True", {"strict": True}),
        ("0", NOT_STRICT),
        ("false", NOT_STRICT),
    ],
)
def test_strict_option_values(word: str, settings: dict[str, bool]) -> None:
    assert Strictness().convert(word, None, None) == settings


def test_invalid_strict_value_lists_valid_values() -> None:
    completed = run_cli("serve", "--strict", "evidense")
    assert completed.code == 2
    assert "'evidense' is not one of docs, evidence, all" in completed.stderr


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        (("--strict",), (404, 404)),
        (("--strict", "evidence"), (501, 501)),
        (("--strict", "evidence", "--no-strict"), (404, 200)),
    ],
)
def test_server_uses_strict_option(
    start_server: Callable[..., ServerProcess], options: tuple[str, ...], statuses: tuple[int, int]
) -> None:
    """The error for an unknown order is inferred; only SDKs read a token."""
    port = start_server(*options).port
    known = call(port, "GET", "/_mock/sandboxes/default").json
    bearer = {"authorization": f"Bearer {known['access_token']}"}
    card = {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
    token = call(port, "POST", "/v1/tokens", {"card": card}, apikey=known["api_key"]).json["id"]
    got = [
        call(port, "GET", path, **bearer).status for path in ("/v1/orders/X", f"/v1/tokens/{token}")
    ]
    assert tuple(got) == statuses
