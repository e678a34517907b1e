"""The endpoints behind the dashboard: exchanges with their changes, row lists and timelines.

Complete responses are compared; the ids in them come from earlier responses.
"""

import json
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.gift_cards.records import GIFT_CARD_LIFETIME_MS
from mock_clover.control.rows.kinds import ROW_KINDS
from mock_clover.control.snapshot.state import restore
from mock_clover.core.steps import finish
from mock_clover.sandbox.changes import CHANGES_MAX, RECORDED_TABLES
from mock_clover.sandbox.journal import ENTRIES_MAX
from mock_clover.sandbox.tables import TABLES
from mock_clover.scenario.load import parse
from mock_clover.scenario.records_fault import FIELDS_BY_KIND, Fault, FaultKind
from tests.canary import CVV, PAN, find_leaks
from tests.hostile import create_fixtures
from tests.in_process import DECLINED_CARD, NOW_MS, VISA, InProcessServer
from tests.snapshots import snapshot_of

MakeServer = Callable[..., InProcessServer]
DAY_MS = 86_400_000
HOME = "http://localhost:4242"
RULES = """\
name: shop
rules:
  - name: no luck
    when: {endpoint: create_charge, amount: 666, card: {number: "4242424242424242"}}
    then: {decline: {decline_code: insufficient_funds}}
  - when: {}
    then: {approve: {}}
"""


@pytest.fixture
def server(make_server: MakeServer) -> InProcessServer:
    """A server whose sandbox is watched, so that its changes are recorded."""
    created = make_server()
    created.sandbox.enable_change_recording()
    return created


def get_json(server: InProcessServer, path: str) -> Any:
    """Return the document of a control request."""
    got = server.send("GET", f"/_mock{path}")
    assert got.status == 200, got
    return got.json


def refused(server: InProcessServer, method: str, path: str, body: Any = None) -> tuple[int, str]:
    got = server.send(method, f"/_mock{path}", body)
    return got.status, got.json["message"]


def last(server: InProcessServer) -> Any:
    """Return the newest exchange in full."""
    return get_json(server, f"/journal/{server.sandbox.journal.count}")


# One exchange -------------------------------------------------------------------------------------


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
        "curl": f'curl -X POST {HOME}{path} -H "authorization: Bearer $CLOVER_ACCESS_TOKEN" '
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


def test_change_log_is_bounded(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    for _ in range(CHANGES_MAX // 2):
        server.charge(source=customer)
    first = server.sandbox.journal.count + 1
    for _ in range(CHANGES_MAX):
        server.send("PUT", f"/v1/customers/{customer}", {"email": "jo@example.com"})
    saved = server.sandbox.journal.count - ENTRIES_MAX + 1
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


def test_evicted_exchange_id(server: InProcessServer) -> None:
    for _ in range(ENTRIES_MAX + 1):
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


REPEATED = {
    "strict": {"strict": True},
    "guarded": {"refuse_inferred": True, "allow_inferred": ("OTHER_BRANDS_EXPIRE_LIKE_VISA",)},
}


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
    wild = 'it\'s "quoted" $HOME `id` $(id) \\ \n end'
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
        ("GET", "/v1/charges?limit=1", b"", f"curl '{HOME}/v1/charges?limit=1' {bearer}"),
        (
            *("POST", "/v1/charges", b'{"amount":-5}'),
            f"""curl -X POST {HOME}/v1/charges {bearer} {forwarded} -d '{{"amount":-5}}'""",
        ),
        (
            *("POST", "/v1/charges", b'{"amount":5,}'),
            f"""curl -X POST {HOME}/v1/charges {bearer} {forwarded} -d '{{"amount":5,}}'""",
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
    assert shlex.split(curl)[1] == f"{HOME}/sandbox/a/v1/charges"
    assert server.app.handle_now("GET", "/_mock/journal/1", b"", raw, b"").status == 404


# Rows ---------------------------------------------------------------------------------------------


def test_row_counts_by_kind(server: InProcessServer) -> None:
    assert set(ROW_KINDS) == {*RECORDED_TABLES, "cards"}
    assert get_json(server, "/rows") == {"data": [{"kind": kind, "count": 0} for kind in ROW_KINDS]}
    create_fixtures(server)
    shown = {each["kind"]: each["count"] for each in get_json(server, "/rows")["data"]}
    listed = {kind: len(get_json(server, f"/rows/{kind}")["data"]) for kind in ROW_KINDS}
    assert shown == listed
    assert shown["orders"] == len(server.send("GET", "/v1/orders?limit=100").json["data"])


def test_every_row_has_details_and_links(server: InProcessServer) -> None:
    create_fixtures(server)
    seen = 0
    for kind in ROW_KINDS:
        for line in get_json(server, f"/rows/{kind}?limit=200")["data"]:
            whole = get_json(server, f"/rows/{kind}/{line['id']}")
            assert (whole["kind"], whole["id"], whole["line"]) == (kind, line["id"], line)
            for link in whole["links"]:
                back = get_json(server, f"/rows/{link['kind']}/{link['id']}")
                seen += {"kind": kind, "id": line["id"]} in back["links"]
            times = [each["at_ms"] for each in whole["timeline"]]
            assert times == sorted(times)
            assert not {"fingerprint", "security_card_value"} & set(_names(whole))
    assert seen > 20


def _names(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [*tree, *(name for each in tree.values() for name in _names(each))]
    return [name for each in tree for name in _names(each)] if isinstance(tree, list) else []


def test_charge_list_entry(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    charge = server.charge(source=customer, description="Two lamps")
    assert get_json(server, "/rows/charges") == {
        "data": [
            {
                "id": charge["id"],
                "at_ms": NOW_MS,
                "title": "Two lamps",
                "state": "captured",
                "amount": 1800,
                "currency": "USD",
                "customer": customer,
                "order": server.send("GET", f"/v1/charges/{charge['id']}").json["order"],
                "card": "VISA ...4242",
            }
        ],
        "has_more": False,
        "searched": 1,
    }


def test_rows_come_in_pages_newest_first(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    created = [server.charge(source=customer, amount=n)["id"] for n in range(1, 8)][::-1]
    for kind, expected in (("charges", created), ("orders", _orders_of(server, created))):
        seen: list[str] = []
        pages = []
        before = ""
        while not pages or pages[-1]["has_more"]:
            pages.append(get_json(server, f"/rows/{kind}?limit=3{before}"))
            seen += [each["id"] for each in pages[-1]["data"]]
            before = f"&before={seen[-1]}"
        assert seen == expected
        assert [len(page["data"]) for page in pages] == [3, 3, 1]


def _orders_of(server: InProcessServer, charges: list[str]) -> list[str]:
    return [server.send("GET", f"/v1/charges/{each}").json["order"] for each in charges]


SEARCHES = {"lamp": ["a"], "LAMP": ["a"], "usd": ["b", "a"], "777": ["b"], "4242": ["b", "a"]}


@pytest.mark.parametrize(("q", "names"), [*SEARCHES.items(), ("nothing", [])])
def test_rows_are_searched(server: InProcessServer, q: str, names: list[str]) -> None:
    created = {
        "a": server.charge(description="A lamp")["id"],
        "b": server.charge(amount=777)["id"],
    }
    found = get_json(server, f"/rows/charges?q={q}")
    assert [each["id"] for each in found["data"]] == [created[name] for name in names]
    assert (found["has_more"], found["searched"]) == (False, 2)


def test_search_is_limited_to_newest_rows(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_clover.control.rows.endpoints.SEARCHED_MAX", 3)
    customer = server.customer()["id"]
    created = [server.charge(source=customer, amount=n)["id"] for n in (9, 1, 2, 3)]
    for query in ("q=usd&limit=200", "limit=3"):
        page = get_json(server, f"/rows/charges?{query}")
        assert [each["id"] for each in page["data"]] == created[:0:-1]
        assert (page["has_more"], page["searched"]) == (False, 3)
    message = f"before: {created[0]!r} is not among the newest 3 rows"
    assert refused(server, "GET", f"/rows/charges?before={created[0]}") == (400, message)
    assert get_json(server, f"/rows/charges/{created[0]}")["line"]["amount"] == 9


ROW_REFUSALS = {
    "/rows/chargs": (404, "kind: unknown name 'chargs'; did you mean `charges`?"),
    "/rows/x/y": (404, f"kind: unknown name 'x'; one of {', '.join(ROW_KINDS)}"),
    f"/rows/{PAN}": (404, f"kind: unknown name '[card ...6467]'; one of {', '.join(ROW_KINDS)}"),
    "/rows/charges/x": (404, "charges: no row has the id 'x'"),
    f"/rows/cards/{PAN}": (404, "cards: no row has the id '[card ...6467]'"),
    "/rows/charges?before=x": (404, "charges: no row has the id 'x'"),
    "/rows/charges?limit=0": (400, "limit is 0; at least 1"),
    "/rows/charges?limit=201": (400, "limit is 201; at most 200"),
    "/rows/charges?query=x": (400, "unknown query parameter `query`"),
}


@pytest.mark.parametrize(("path", "message"), ROW_REFUSALS.items(), ids=lambda each: str(each)[:40])
def test_unknown_row(server: InProcessServer, path: str, message: tuple[int, str]) -> None:
    assert refused(server, "GET", path) == message


# Timelines ----------------------------------------------------------------------------------------

Step = tuple[int, str, int, int, str]


def steps(server: InProcessServer, kind: str, key: str, **names: str) -> list[Step]:
    """Return a timeline: days, event, amount, balance, and the exchange, named."""
    called = {value: name for name, value in names.items()}
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each["amount"],
            each["balance"],
            called.get(each["by"], each["by"]),
        )
        for each in get_json(server, f"/rows/{kind}/{key}")["timeline"]
    ]


def _later(server: InProcessServer, method: str, path: str, body: Any) -> Any:
    server.clock.advance(DAY_MS)
    got = server.send(method, path, body)
    assert got.status == 200, got
    return got.json


def test_charge_timeline(server: InProcessServer) -> None:
    created = server.charge(amount=2000, capture=False)["id"]
    _later(server, "POST", f"/v1/charges/{created}/capture", {"amount": 1500})
    one = _later(server, "POST", "/v1/refunds", {"charge": created, "amount": 500})["id"]
    two = _later(server, "POST", "/v1/refunds", {"charge": created})["id"]
    assert steps(server, "charges", created, charge=created, one=one, two=two) == [
        (0, "authorized", 2000, 2000, "charge"),
        (1, "captured", 1500, 1500, "charge"),
        (2, "refunded", 500, 1000, "one"),
        (3, "refunded", 1000, 0, "two"),
    ]


def test_timeline_of_charge_with_tip(server: InProcessServer) -> None:
    created = server.charge(amount=2000, tip_amount=300)["id"]
    void = server.send("POST", "/v1/refunds", {"charge": created})
    assert void.why == "voided 2300 of 2300 refundable"
    assert steps(server, "charges", created, charge=created, void=void.json["id"]) == [
        (0, "captured", 2000, 2000, "charge"),
        (0, "tip added", 300, 2300, "charge"),
        (0, "voided", 2300, 0, "void"),
    ]


def test_authorization_timeline(server: InProcessServer) -> None:
    void, lapse, decline = (
        server.charge(capture=False)["id"],
        server.charge(capture=False)["id"],
        server.send(
            "POST",
            "/v1/charges",
            {"amount": 5, "currency": "usd", "source": server.token(DECLINED_CARD)},
        ).json["error"]["charge"],
    )
    by = _later(server, "POST", "/v1/refunds", {"charge": void})["id"]
    server.clock.advance(7 * DAY_MS)
    server.send("GET", "/v1/charges")
    assert steps(server, "charges", void, charge=void, by=by) == [
        (0, "authorized", 1800, 1800, "charge"),
        (1, "voided", 1800, 0, "by"),
    ]
    assert steps(server, "charges", lapse, charge=lapse) == [
        (0, "authorized", 1800, 1800, "charge"),
        (7, "expired", 1800, 0, "authorization_expired"),
    ]
    assert steps(server, "charges", decline, charge=decline) == [(0, "declined", 5, 0, "charge")]


def test_gift_card_timeline(server: InProcessServer) -> None:
    number = server.send("POST", "/v1/activate", {"promotion_code": "67062"}).json
    gift = {"gift_card": {"number": number["gift_card"]["number"]}}

    def token() -> str:
        return str(server.send("POST", "/v1/tokens", gift).json["id"])

    sale = server.charge(source=token(), amount=1000)["id"]
    refund = _later(server, "POST", "/v1/refunds", {"charge": sale, "amount": 400})["id"]
    lock = server.charge(source=token(), amount=2000, capture=False)["id"]
    _later(server, "POST", f"/v1/charges/{lock}/capture", {"amount": 500})
    _later(server, "POST", f"/v1/refunds/{refund}/cancel", {})
    (line,) = get_json(server, "/rows/gift_cards")["data"]
    assert (line["amount"], line["at_ms"]) == (3500, NOW_MS)
    response = get_json(server, f"/rows/gift_cards/{line['id']}")
    assert response["row"]["expires_ms"] == NOW_MS + GIFT_CARD_LIFETIME_MS
    names = {"sale": sale, "refund": refund, "lock": lock}
    loaded, *rest = response["timeline"]
    assert loaded == {"at_ms": NOW_MS, "what": "loaded", "amount": 5000, "balance": 5000}
    assert steps_of(rest, names) == [
        (0, "redeemed", 1000, 4000, "sale"),
        (1, "refunded", 400, 4400, "refund"),
        (1, "locked", 2000, 4400, "lock"),
        (2, "redeemed", 500, 3900, "lock"),
        (3, "refund canceled", 400, 3500, "refund"),
    ]


def steps_of(timeline: list[dict[str, Any]], names: dict[str, str]) -> list[Step]:
    called = {value: name for name, value in names.items()}
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each["amount"],
            each["balance"],
            called[each["by"]],
        )
        for each in timeline
    ]


def test_order_timeline(server: InProcessServer) -> None:
    order = server.order(1000, 800)["id"]
    charges = [
        _later(server, "POST", f"/v1/orders/{order}/pay", {"source": server.token(), "amount": n})[
            "charge"
        ]
        for n in (600, 1200)
    ]
    _later(server, "POST", f"/v1/orders/{order}/returns", {})
    response = get_json(server, f"/rows/orders/{order}")
    refunds = [each["id"] for each in get_json(server, "/rows/refunds")["data"]]
    assert [each["kind"] for each in response["links"]] == ["charges"] * 2 + ["refunds"] * 2
    created, *rest = response["timeline"]
    assert created == {"at_ms": NOW_MS, "what": "created", "amount": 1800, "balance": 0}
    names = {"first": charges[0], "second": charges[1], "one": refunds[1], "two": refunds[0]}
    told_steps = steps_of(rest, names)
    assert told_steps[:2] == [(1, "paid", 600, 600, "first"), (2, "paid", 1200, 1800, "second")]
    assert sorted(each[1:3] for each in told_steps[2:]) == [("refunded", 600), ("refunded", 1200)]
    assert told_steps[-1][3] == 0
    assert response["line"]["state"] == "returned"


def test_customer_links_to_cards_and_payments(server: InProcessServer) -> None:
    customer = server.customer()
    charge = server.charge(source=customer["id"])["id"]
    card = customer["sources"]["data"][0]
    response = get_json(server, f"/rows/customers/{customer['id']}")
    assert response["links"] == [{"kind": "cards", "id": card}, {"kind": "charges", "id": charge}]
    assert [each["what"] for each in response["timeline"]] == [
        "card tokenized",
        "customer created",
        "captured",
    ]
    saved = get_json(server, f"/rows/cards/{card}")
    assert saved["line"] == {
        "id": card,
        "at_ms": NOW_MS,
        "title": "jo@example.com",
        "state": "multipay",
        "customer": customer["id"],
        "card": f"{brand_of(VISA)} ...4242",
    }


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


# Messages and faults ------------------------------------------------------------------------------


def test_dashboard_vocabulary_matches_code(server: InProcessServer) -> None:
    response = get_json(server, "/env")
    fields = set(Fault.__struct_fields__) - {"kind"}
    assert (response["sandbox"], response["base_url"], response["home"]) == ("default", HOME, HOME)
    assert response["credentials"] == get_json(server, "/sandboxes")["data"][0]
    assert (
        [each["kind"] for each in response["faults"]]
        == list(FaultKind.__args__)
        == list(FIELDS_BY_KIND)
    )
    assert {name for each in response["faults"] for name in each["members"]} == fields
    assert {each["name"] for each in response["fault_members"]} == {"kind", *fields}
    for problem in (response["problems"][0], response["problems"][-1]):
        fault = {"kind": "problem", "problem": problem["name"], "when": response["fault_times"][1]}
        assert server.send("POST", "/_mock/faults", fault).status == 200
    assert response["dialects"] == ["observed", "documented"]
    assert "issuer_declined" in [each["name"] for each in response["declines"]]


def test_faults_can_be_removed_individually(server: InProcessServer) -> None:
    for delay_ms in (1, 2):
        server.send("POST", "/_mock/faults", {"kind": "delay", "delay_ms": delay_ms})
    assert server.send("DELETE", "/_mock/faults/fault-1").json == {"cleared": 1}
    assert [each["id"] for each in get_json(server, "/faults")["data"]] == ["fault-2"]
    assert refused(server, "DELETE", "/faults/fault-1") == (
        404,
        "no active fault has the id 'fault-1'; did you mean `fault-2`?",
    )
    assert server.sandbox.has_overrides
    server.send("DELETE", "/_mock/faults/fault-2")
    assert not server.sandbox.has_overrides


def test_a_delivery_is_shown_masked_and_resent(server: InProcessServer) -> None:
    """Its attempts and resending are tested in test_webhooks.py."""
    target = {"id": "t", "kind": "hosted_checkout", "url": "http://127.0.0.1:9/hook"}
    assert server.send("PUT", "/_mock/webhooks", target).status == 200
    payload = {"note": "a", "cvv": CVV}
    event = {"kind": "hosted_checkout", "payload": payload}
    sent = server.send("POST", "/_mock/webhooks/send", event)
    assert sent.status == 200, sent
    (created,) = sent.json["data"]
    assert created["body"] == {"note": "a", "cvv": "[cvv]"}
    again = server.send("POST", f"/_mock/deliveries/{created['id']}/resend").json
    assert (again["resend_of"], again["body"]) == (created["id"], created["body"])
    listed = get_json(server, "/deliveries")["data"]
    assert [each["id"] for each in listed] == [created["id"], again["id"]]
    saved = server.sandbox.outbox
    assert saved is not None
    assert json.loads(next(iter(saved)).body) == payload  # what is sent is what was asked for
