"""One exchange of the journal: its changes, the rule that determined it, and its repetition.

Complete responses are compared; the ids in them come from earlier responses.
"""

import json
import shlex
import subprocess
from typing import Any

import pytest

from mock_clover.control.snapshot.state import restore
from mock_clover.core.steps import finish
from mock_clover.sandbox.changes import RECORDED_TABLES
from mock_clover.sandbox.tables import TABLES
from mock_clover.scenario.load import parse
from tests.canary import CVV, PAN, find_leaks
from tests.control.calls import ROOT, get_json, refused
from tests.hostile import create_fixtures
from tests.in_process import DECLINED_CARD, NOW_MS, InProcessServer, MakeServer
from tests.snapshots import snapshot_of

RULES = """\
name: shop
rules:
  - name: no luck
    when: {endpoint: create_charge, amount: 666, card: {number: "4242424242424242"}}
    then: {decline: {decline_code: insufficient_funds}}
  - when: {}
    then: {approve: {}}
"""
DAY_MS = 86_400_000


def last(server: InProcessServer) -> Any:
    """Return the newest exchange in full."""
    return get_json(server, f"/journal/{server.sandbox.journal.count}")


def test_exchange_has_changes_and_curl_command(server: InProcessServer) -> None:
    token = server.token()
    charge = server.charge(source=token, capture=False)
    server.send("POST", f"/v1/charges/{charge['id']}/capture", {"amount": 1000})
    result = last(server)
    before, after = (
        each.pop("after") for each in (result["changes"][0] | {}, result["changes"][0])
    )
    assert before == after
    assert result.pop("code").keys() == {"python", "node", "pytest"}
    before = result["changes"][0].pop("before")
    changed = {"state": "captured", "amount_captured": 1000, "captured_ms": NOW_MS}
    assert after == before | changed
    assert before["token"] == {
        "id": token,
        "card": {
            "brand": "VISA",
            "first6": "424242",
            "last4": "4242",
            "exp_month": "12",
            "exp_year": "2030",
            "expires_ms": 1_924_992_000_000,
            "has_cvv": True,
        },
        "created_ms": NOW_MS,
    }
    path = f"/v1/charges/{charge['id']}/capture"
    assert result == {
        "exchange": get_json(server, "/journal")["data"][-1],
        "rule": None,
        "changes": [{"table": "charges", "id": charge["id"], "cause": "call"}],
        "noted": True,
        "curl": f'curl -X POST {ROOT}{path} -H "authorization: Bearer $CLOVER_ACCESS_TOKEN" '
        "-H 'x-forwarded-for: 127.0.0.1' -H 'content-type: application/json' "
        """-d '{"amount":1000}'""",
        "template": {
            "method": "POST",
            "path": path,
            "headers": {"x-forwarded-for": "127.0.0.1", "content-type": "application/json"},
            "body": '{"amount":1000}',
            "credential": "access_token",
        },
        "replayable": True,
        "replay_of": None,
        "replays": [],
        "payment": charge["id"],
        "hint": None,
    }


def test_a_new_row_has_nothing_before_it_and_a_deleted_one_nothing_after(
    server: InProcessServer,
) -> None:
    customer = server.customer()["id"]
    created = [(each["table"], each["before"] is None) for each in last(server)["changes"]]
    assert created == [("customers", True), ("tokens", False)]
    server.send("DELETE", f"/v1/customers/{customer}")
    gone = [(each["table"], each["after"] is None) for each in last(server)["changes"]]
    assert gone == [("tokens", False), ("customers", True)]


def test_job_changes_are_attributed_to_next_exchange(server: InProcessServer) -> None:
    charge = server.charge(capture=False)
    server.clock.advance(7 * DAY_MS)
    server.send("GET", f"/v1/charges/{charge['id']}")
    (change,) = last(server)["changes"]
    assert (change["id"], change["cause"]) == (charge["id"], "authorization_expired")
    assert (change["before"]["state"], change["after"]["state"]) == ("authorized", "expired")


def test_control_call_changes_are_attributed_to_next_exchange(server: InProcessServer) -> None:
    pending = create_fixtures(server).pending
    server.send("POST", f"/_mock/threeds/{pending}", {"result": "approve"})
    body = {"charge_id": pending, "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"}}
    assert server.send("POST", "/v1/charges/finalize_payment", body).status == 200
    causes = [(each["table"], each["cause"]) for each in last(server)["changes"]]
    assert causes[:2] == [("charges", "resolve_threeds"), ("charges", "call")]


def test_a_refusal_changes_nothing(server: InProcessServer) -> None:
    server.send("POST", "/v1/charges", {"amount": 1})
    result = last(server)
    assert (result["exchange"]["status"], result["changes"]) == (400, [])
    assert (result["exchange"]["request"], result["replayable"]) == ({"amount": 1}, True)


def test_changes_are_recorded_after_first_inspection(make_server: MakeServer) -> None:
    server = make_server()
    server.charge()
    result = last(server)
    message = "its changes were not recorded; recording starts when the live journal is first used"
    assert (result["changes"], result["noted"], result["hint"]) == ([], False, message)
    server.charge()
    assert [each["table"] for each in last(server)["changes"]] == ["charges", "tokens"]
    assert get_json(server, "/journal/2")["hint"] == message


def test_change_log_is_bounded(make_server: MakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    changes, entries = 200, 100
    monkeypatch.setattr("mock_clover.sandbox.changes.CHANGES_MAX", changes)
    monkeypatch.setattr("mock_clover.sandbox.journal.ENTRIES_MAX", entries)
    server = make_server()
    server.sandbox.enable_change_recording()
    customer = server.customer()["id"]
    for _ in range(changes // 2):
        server.charge(source=customer)
    first = server.sandbox.journal.count + 1
    for _ in range(changes):
        server.send("PUT", f"/v1/customers/{customer}", {"email": "jo@example.com"})
    saved = server.sandbox.journal.count - entries + 1
    assert first < saved
    assert get_json(server, f"/journal/{saved}")["hint"] is None
    ring = server.sandbox.changes
    assert [ring.is_complete_for(each) for each in (first - 1, first, first + 1)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("table", RECORDED_TABLES)
def test_recorded_tables_exist(table: str) -> None:
    assert table in TABLES


def test_a_fork_a_snapshot_and_a_scenario_begin_without_changes(make_server: MakeServer) -> None:
    server = make_server(parse(RULES.encode() + b"data: {people: 3}\n", "rules"))
    server.sandbox.enable_change_recording()
    server.charge()
    assert server.sandbox.changes.for_exchange(1)
    twin = server.sandboxes.fork(server.sandbox, "twin")
    snapshot = snapshot_of(server.sandbox)
    replaced = server.sandboxes.get_or_create("restored")
    restored = finish(restore(replaced, snapshot))
    server.sandboxes.replace(replaced, restored)
    fresh = server.sandboxes.get_or_create("fresh")
    restored.enable_change_recording()
    for sandbox in (twin, restored, fresh):
        assert [sandbox.changes.for_exchange(number) for number in (0, 1, 2)] == [[], [], []], (
            sandbox.name
        )
    restored.customers.delete(next(key for key, _ in restored.customers.items()))
    assert [each.table for each in restored.changes.for_exchange(1)] == ["customers"]
    assert [each.table for each in server.sandbox.changes.for_exchange(1)] == ["tokens"]


WHO_DECIDED: dict[str, tuple[dict[str, Any], dict[str, str], dict[str, str] | None]] = {
    "a rule": (
        {"amount": 666},
        {},
        {
            "name": "shop: rule 1 (no luck) (inferred)",
            "because": "endpoint is create_charge, card.number is ...4242, amount is 666",
        },
    ),
    "a rule without conditions": (
        {"amount": 5},
        {},
        {"name": "shop: rule 2 (inferred)", "because": "the rule has no conditions"},
    ),
    "a header": (
        {"amount": 5},
        {"x-mock-clover-outcome": "card_declined"},
        {"name": "header: card_declined", "because": "it overrides all rules"},
    ),
    "a fault": (
        {"amount": 5},
        {"x-mock-clover-fault": "problem problem=SERVICE_UNAVAILABLE"},
        None,
    ),
    "nobody": ({"amount": -1}, {}, None),
}


@pytest.mark.parametrize("case", WHO_DECIDED.values(), ids=WHO_DECIDED)
def test_exchange_names_deciding_rule(make_server: MakeServer, case: Any) -> None:
    requested, headers, expected = case
    server = make_server(parse(RULES.encode(), "rules"))
    source = server.token()
    body = {"currency": "usd", "source": source} | requested
    server.send("POST", "/v1/charges", body, headers=headers)
    result = last(server)
    if "x-mock-clover-fault" in headers:
        fault = result["exchange"]["fault"]
        expected = {"name": f"fault: {fault}", "because": "the fault was active"}
    assert result["rule"] == expected


def test_exchange_names_deciding_card(server: InProcessServer) -> None:
    body = {"amount": 1, "currency": "usd", "source": server.token(DECLINED_CARD)}
    why = server.send("POST", "/v1/charges", body).why
    assert last(server)["rule"] == {"name": why, "because": "the scenario lists the card"}


TOO_LONG = "it is too long to be stored, so it cannot be replayed"
UNREPEATABLE: dict[str, tuple[str, str, Any, str]] = {
    "no path": (
        *("GET", "/v1/nothing", None),
        "no operation handled it, so it cannot be replayed",
    ),
    "a long body": ("POST", "/v1/charges", [""] * 5_000, TOO_LONG),
    "a long query": ("GET", f"/v1/charges?a={'x' * 5_000}", None, TOO_LONG),
}


@pytest.mark.parametrize("case", UNREPEATABLE.values(), ids=UNREPEATABLE)
def test_unstored_request_cannot_be_replayed(server: InProcessServer, case: Any) -> None:
    method, path, body, message = case
    server.send(method, path, body)
    result = last(server)
    assert (result["replayable"], result["hint"]) == (False, message)
    assert (result["curl"], result["template"]) == (None, None)
    assert refused(server, "POST", "/journal/1/replay", {}) == (400, f"exchange 1: {message}")
    assert server.sandbox.journal.count == 1


UNKNOWN_EXCHANGES = {
    "0": "there is no exchange '0'",
    "2": "there is no exchange '2'",
    "-1": "'-1' is not an exchange id; ids are integers",
    "x": "'x' is not an exchange id; ids are integers",
    "\xb2": "'\xb2' is not an exchange id; ids are integers",
    PAN: "'[card ...6467]' is not an exchange id; ids are integers",
}


@pytest.mark.parametrize(("number", "message"), UNKNOWN_EXCHANGES.items())
def test_unknown_exchange_id(server: InProcessServer, number: str, message: str) -> None:
    server.charge(source=server.customer()["id"])
    server.sandbox.journal.__init__()  # type: ignore[misc] # an empty one
    server.send("GET", "/v1/charges")
    assert refused(server, "GET", f"/journal/{number}") == (404, message)
    assert refused(server, "POST", f"/journal/{number}/replay", {}) == (404, message)


def test_evicted_exchange_id(server: InProcessServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_clover.sandbox.journal.ENTRIES_MAX", 50)
    for _ in range(51):
        server.send("GET", "/v1/orders/x")
    assert refused(server, "GET", "/journal/1") == (404, "exchange 1 is no longer in the journal")
    assert get_json(server, "/journal/2")["exchange"]["id"] == 2


def test_replay_by_exchange_id(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    charge = server.charge(source=customer, amount=700)
    number, keyed = server.sandbox.journal.count, {"idempotency_key": "again"}
    replies = [
        server.send("POST", f"/_mock/journal/{number}/replay", body) for body in ({}, keyed, keyed)
    ]
    assert [each.status for each in replies] == [200, 200, 200]
    first, second, third = (each.json for each in replies)
    fresh = {name: first["reply"][name] for name in ("id", "ref_num", "auth_code")}
    assert first == {
        "id": number + 1,
        "status": 200,
        "outcome": "ok",
        "replay_of": number,
        "why": "sandbox: VISA ...4242 is listed to approve (documented)",
        "reply": charge | fresh,
    }
    assert len({charge["id"], first["reply"]["id"], second["reply"]["id"]}) == 3
    assert third == second | {"id": number + 3, "why": f"idempotency: replay of: {second['why']}"}
    shown = get_json(server, f"/journal/{number + 1}")["exchange"]
    assert (shown["client"], shown["request"]) == (
        "mock-clover replay",
        {"amount": 700, "currency": "usd", "source": customer},
    )


def test_replay_repeats_decline_but_not_fault(make_server: MakeServer) -> None:
    server = make_server(parse(RULES.encode(), "rules"))
    source = {"amount": 666, "currency": "usd", "source": server.customer()["id"]}
    assert server.send("POST", "/v1/charges", source).status == 402
    number = server.sandbox.journal.count
    server.send("POST", "/_mock/faults", {"kind": "delay", "delay_ms": 60_000})
    got = server.send("POST", f"/_mock/journal/{number}/replay", {}).json
    assert (got["status"], got["reply"]["error"]["declineCode"]) == (402, "insufficient_funds")


def test_every_stored_request_can_be_replayed(make_server: MakeServer) -> None:
    server = make_server()
    create_fixtures(server)
    numbers = range(1, server.sandbox.journal.count + 1)
    shown = [get_json(server, f"/journal/{number}") for number in numbers]
    got = {
        number: server.send("POST", f"/_mock/journal/{number}/replay", {}).status
        for number, each in zip(numbers, shown, strict=True)
        if each["replayable"]
    }
    assert len(got) > 10
    assert set(got.values()) == {200}
    assert all(each["curl"] is None or each["curl"].startswith("curl ") for each in shown)


def test_the_command_is_safe_in_a_shell_and_means_the_body(server: InProcessServer) -> None:
    wild = 'it\'s "quoted" $ROOT `id` $(id) \\ \n end'
    body = {"amount": 1, "currency": "usd", "source": server.token(), "description": wild}
    assert server.send("POST", "/v1/charges", body).status == 200
    result = last(server)
    got = subprocess.run(
        ["sh", "-c", f'curl() {{ printf "%s\\0" "$@"; }}; {result["curl"]}'],
        env={"CLOVER_ACCESS_TOKEN": "secret"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    assert json.loads(got[-2]) == body
    assert got[got.index("-H") + 1] == "authorization: Bearer secret"


def test_curl_command_has_no_credentials(make_server: MakeServer) -> None:
    server = make_server()
    fixtures = create_fixtures(server)
    credentials = server.known
    for number in range(1, server.sandbox.journal.count + 1):
        curl = get_json(server, f"/journal/{number}")["curl"] or ""
        for secret in (credentials.access_token, credentials.api_key, credentials.client_secret):
            assert secret not in curl
    exchange = get_json(server, f"/journal/{server.sandbox.journal.count}")["curl"]
    assert "$CLOVER_CLIENT_SECRET" in exchange
    assert fixtures.client_secret == credentials.client_secret


HINTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing odd": ({}, None),
    "a member that nobody reads": ({"amout": 1}, None),
    "a number": ({"description": PAN}, "card numbers are masked in the command"),
}


@pytest.mark.parametrize(("more", "hint"), HINTS.values(), ids=HINTS)
def test_replay_lists_omitted_parts(
    server: InProcessServer, more: dict[str, Any], hint: str | None
) -> None:
    server.charge(**more)
    result = last(server)
    assert result["hint"] == hint
    assert find_leaks(json.dumps(result)) == []


def test_a_request_is_shown_and_repeated_as_it_was_sent(server: InProcessServer) -> None:
    headers = {"idempotency-key": "order-7", "x-forwarded-for": "203.0.113.9"}
    source = server.token()
    for amount, captur in (("18.00", 1), ("18", None), (18, 1), (18, None)):
        sent: dict[str, Any] = {"amount": amount, "currency": "usd", "source": source}
        sent |= {} if captur is None else {"captur": captur}
        server.send("POST", "/v1/charges", sent, headers=headers)
        result = last(server)
        read = {"amount": 18, "currency": "usd", "source": source}
        exchange = result["exchange"]
        differs = sent if sent != read else None
        assert (exchange["request"], exchange.get("sent")) == (read, differs)
        words = shlex.split(result["curl"])
        assert json.loads(words[-1]) == sent
        assert {"idempotency-key: order-7", "x-forwarded-for: 203.0.113.9"} < set(words)
    for amount in ("18", 18):
        item = {"type": "sku", "quantity": 1, "amount": amount, "description": "Bulb"}
        order = {"currency": "usd", "items": [item]}
        server.send("POST", "/v1/orders", order)
        quoted = order if amount == "18" else None
        assert last(server)["exchange"].get("sent") == quoted, "also a number within a list"
    server.send("POST", "/v1/charges", sent | {"card": {"number": PAN}, "cvv": "123"})
    assert find_leaks(json.dumps(last(server))) == []
    assert "sent" in last(server)["exchange"]


def test_a_replay_has_the_query_and_a_body_that_was_rejected(server: InProcessServer) -> None:
    bearer = '-H "authorization: Bearer $CLOVER_ACCESS_TOKEN"'
    forwarded = "-H 'x-forwarded-for: 127.0.0.1' -H 'content-type: application/json'"
    for method, path, raw, curl in (
        ("GET", "/v1/charges?limit=1", b"", f"curl '{ROOT}/v1/charges?limit=1' {bearer}"),
        (
            *("POST", "/v1/charges", b'{"amount":-5}'),
            f"""curl -X POST {ROOT}/v1/charges {bearer} {forwarded} -d '{{"amount":-5}}'""",
        ),
        (
            *("POST", "/v1/charges", b'{"amount":5,}'),
            f"""curl -X POST {ROOT}/v1/charges {bearer} {forwarded} -d '{{"amount":5,}}'""",
        ),
    ):
        sent = server.send(method, path, raw=raw)
        result = last(server)
        assert (result["hint"], result["curl"]) == (None, curl)
        number = server.sandbox.journal.count
        again = server.send("POST", f"/_mock/journal/{number}/replay", {}).json
        assert (again["status"], again["reply"]) == (sent.status, sent.json)
        assert last(server)["curl"] == curl


def test_an_exchange_of_a_sandbox_is_at_its_path(server: InProcessServer) -> None:
    raw = {b"host": b"localhost:4242"}
    server.app.handle_now("PUT", "/_mock/sandboxes/a", b"", raw, b"")
    server.app.handle_now("GET", "/sandbox/a/v1/charges", b"", raw, b"")
    got = server.app.handle_now("GET", "/sandbox/a/_mock/journal/1", b"", raw, b"")
    curl = json.loads(got.body)["curl"]
    assert shlex.split(curl)[1] == f"{ROOT}/sandbox/a/v1/charges"
    assert server.app.handle_now("GET", "/_mock/journal/1", b"", raw, b"").status == 404


def test_what_clients_wrote_into_rows_is_masked(server: InProcessServer) -> None:
    free = {PAN: PAN, "list": [int(PAN), PAN], "cvv": CVV, "code": {"cvc": int(CVV)}}
    server.charge(description=f"of {PAN}", metadata=free, customer={"phone": int(PAN)})
    items = [{"amount": 1, "description": PAN}]
    server.send("POST", "/v1/orders", {"currency": "usd", "items": items, "metadata": free})
    paths = [f"/journal/{n}" for n in range(1, server.sandbox.journal.count + 1)]
    for kind in ("charges", "orders", "tokens"):
        rows = get_json(server, f"/rows/{kind}")["data"]
        paths += [f"/rows/{kind}", *(f"/rows/{kind}/{row['id']}" for row in rows)]
    result = {path: find_leaks(server.send("GET", f"/_mock{path}").body.decode()) for path in paths}
    assert {path: found for path, found in result.items() if found} == {}
    assert "[card ...6467]" in server.send("GET", "/_mock/rows/orders").body.decode()
