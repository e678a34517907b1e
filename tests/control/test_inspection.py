"""The calls behind a dashboard: what an exchange changed, what rows there are, what became of them.

Whole replies are compared; the ids in them are read off earlier answers.
"""

import json
import shlex
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.gift_cards.records import GIFT_CARD_LIFETIME_MS
from mock_clover.control.row_types import ROW_KINDS
from mock_clover.control.snapshots import Snapshot, restore, take_snapshot
from mock_clover.core.codec import Codec
from mock_clover.core.record import encode
from mock_clover.sandbox.changes import CHANGES_MAX, RECORDED_TABLES
from mock_clover.sandbox.journal import ENTRIES_MAX
from mock_clover.sandbox.tables import TABLES
from mock_clover.scenario.load import parse
from mock_clover.scenario.records_fault import FIELDS_BY_KIND, Fault, FaultKind
from tests.canary import CVV, PAN, songs
from tests.hostile import furnish
from tests.world import DECLINES, NOW_MS, VISA, World

MakeWorld = Callable[..., World]
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
def world(make_world: MakeWorld) -> World:
    """A world at which somebody looks, so that its changes are noted."""
    made = make_world()
    made.sandbox.enable_change_recording()
    return made


def look(world: World, path: str) -> Any:
    """Return what a control call shows."""
    got = world.send("GET", f"/_mock{path}")
    assert got.status == 200, got
    return got.json


def refused(world: World, method: str, path: str, body: Any = None) -> tuple[int, str]:
    got = world.send(method, f"/_mock{path}", body)
    return got.status, got.json["message"]


def last(world: World) -> Any:
    """Return the newest exchange, whole."""
    return look(world, f"/journal/{world.sandbox.journal.count}")


# One exchange -------------------------------------------------------------------------------------


def test_exchange_has_changes_and_curl_command(world: World) -> None:
    token = world.token()
    charge = world.charge(source=token, capture=False)
    world.send("POST", f"/v1/charges/{charge['id']}/capture", {"amount": 1000})
    told = last(world)
    before, after = (each.pop("after") for each in (told["changes"][0] | {}, told["changes"][0]))
    assert before == after
    before = told["changes"][0].pop("before")
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
    assert told == {
        "exchange": look(world, "/journal")["data"][-1],
        "rule": None,
        "changes": [{"table": "charges", "id": charge["id"], "cause": "call"}],
        "noted": True,
        "curl": f'curl -X POST {HOME}{path} -H "authorization: Bearer $CLOVER_ACCESS_TOKEN" '
        "-H 'x-forwarded-for: 127.0.0.1' -H 'content-type: application/json' "
        """-d '{"amount":1000}'""",
        "replayable": True,
        "hint": None,
    }


def test_a_new_row_has_nothing_before_it_and_a_deleted_one_nothing_after(world: World) -> None:
    customer = world.customer()["id"]
    made = [(each["table"], each["before"] is None) for each in last(world)["changes"]]
    assert made == [("customers", True), ("tokens", False)]
    world.send("DELETE", f"/v1/customers/{customer}")
    gone = [(each["table"], each["after"] is None) for each in last(world)["changes"]]
    assert gone == [("tokens", False), ("customers", True)]


def test_job_changes_are_attributed_to_next_exchange(world: World) -> None:
    charge = world.charge(capture=False)
    world.clock.advance(7 * DAY_MS)
    world.send("GET", f"/v1/charges/{charge['id']}")
    (change,) = last(world)["changes"]
    assert (change["id"], change["cause"]) == (charge["id"], "authorization_expired")
    assert (change["before"]["state"], change["after"]["state"]) == ("authorized", "expired")


def test_control_call_changes_are_attributed_to_next_exchange(world: World) -> None:
    pending = furnish(world).pending
    world.send("POST", f"/_mock/threeds/{pending}", {"result": "approve"})
    asked = {"charge_id": pending, "threeds": {"source": "CLOVER", "flow_status": "SUCCESS"}}
    assert world.send("POST", "/v1/charges/finalize_payment", asked).status == 200
    causes = [(each["table"], each["cause"]) for each in last(world)["changes"]]
    assert causes[:2] == [("charges", "resolve_threeds"), ("charges", "call")]


def test_a_refusal_changes_nothing(world: World) -> None:
    world.send("POST", "/v1/charges", {"amount": 1})
    told = last(world)
    assert (told["exchange"]["status"], told["changes"]) == (400, [])
    assert told["hint"] == "its body was not parsed, so it cannot be replayed"


def test_changes_are_recorded_after_first_inspection(make_world: MakeWorld) -> None:
    world = make_world()
    world.charge()
    told = last(world)
    said = "its changes were not recorded; recording starts when the live journal is first used"
    assert (told["changes"], told["noted"], told["hint"]) == ([], False, said)
    world.charge()
    assert [each["table"] for each in last(world)["changes"]] == ["charges", "tokens"]
    assert look(world, "/journal/2")["hint"] == said


def test_change_log_is_bounded(world: World) -> None:
    customer = world.customer()["id"]
    for _ in range(CHANGES_MAX // 2):
        world.charge(source=customer)
    first = world.sandbox.journal.count + 1
    for _ in range(CHANGES_MAX):
        world.send("PUT", f"/v1/customers/{customer}", {"email": "jo@example.com"})
    kept = world.sandbox.journal.count - ENTRIES_MAX + 1
    assert first < kept
    assert look(world, f"/journal/{kept}")["hint"] is None
    ring = world.sandbox.changes
    assert [ring.is_complete_for(each) for each in (first - 1, first, first + 1)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("table", RECORDED_TABLES)
def test_recorded_tables_exist(table: str) -> None:
    assert table in TABLES


def test_a_fork_a_snapshot_and_a_scenario_begin_without_changes(make_world: MakeWorld) -> None:
    world = make_world(parse(RULES.encode() + b"data: {people: 3}\n", "rules"))
    world.sandbox.enable_change_recording()
    world.charge()
    assert world.sandbox.changes.for_exchange(1)
    twin = world.sandboxes.fork(world.sandbox, "twin")
    snapshot = Codec(Snapshot).decode(encode(take_snapshot(world.sandbox)))
    replaced = world.sandboxes.get_or_create("restored")
    restored = restore(replaced, snapshot)
    world.sandboxes.replace(replaced, restored)
    fresh = world.sandboxes.get_or_create("fresh")
    restored.enable_change_recording()
    for sandbox in (twin, restored, fresh):
        assert [sandbox.changes.for_exchange(number) for number in (0, 1, 2)] == [[], [], []], (
            sandbox.name
        )
    restored.customers.delete(next(key for key, _ in restored.customers.items()))
    assert [each.table for each in restored.changes.for_exchange(1)] == ["customers"]
    assert [each.table for each in world.sandbox.changes.for_exchange(1)] == ["tokens"]


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
def test_exchange_names_deciding_rule(make_world: MakeWorld, case: Any) -> None:
    asked, headers, expected = case
    world = make_world(parse(RULES.encode(), "rules"))
    source = world.token()
    body = {"currency": "usd", "source": source} | asked
    world.send("POST", "/v1/charges", body, headers=headers)
    told = last(world)
    if "x-mock-clover-fault" in headers:
        fault = told["exchange"]["fault"]
        expected = {"name": f"fault: {fault}", "because": "the fault was active"}
    assert told["rule"] == expected


def test_exchange_names_deciding_card(world: World) -> None:
    asked = {"amount": 1, "currency": "usd", "source": world.token(DECLINES)}
    why = world.send("POST", "/v1/charges", asked).why
    assert last(world)["rule"] == {"name": why, "because": "the scenario lists the card"}


NOT_KEPT = "its request contained card data, so it was not stored and cannot be replayed"
UNREPEATABLE: dict[str, tuple[str, str, Any, str]] = {
    "a token": ("POST", "/v1/tokens", {"card": {"number": VISA}}, NOT_KEPT),
    "no path": (
        *("GET", "/v1/nothing", None),
        "no operation handled it, so it cannot be replayed",
    ),
    "no body": (
        *("POST", "/v1/charges", []),
        "its body was not parsed, so it cannot be replayed",
    ),
}


@pytest.mark.parametrize("case", UNREPEATABLE.values(), ids=UNREPEATABLE)
def test_unstored_request_cannot_be_replayed(world: World, case: Any) -> None:
    method, path, body, said = case
    world.send(method, path, body)
    told = last(world)
    assert (told["curl"], told["replayable"], told["hint"]) == (None, False, said)
    assert refused(world, "POST", "/journal/1/replay", {}) == (400, f"exchange 1: {said}")
    assert world.sandbox.journal.count == 1


UNKNOWN_EXCHANGES = {
    "0": "there is no exchange '0'",
    "2": "there is no exchange '2'",
    "-1": "'-1' is not an exchange id; ids are integers",
    "x": "'x' is not an exchange id; ids are integers",
    "\xb2": "'\xb2' is not an exchange id; ids are integers",
    PAN: "'[card ...6467]' is not an exchange id; ids are integers",
}


@pytest.mark.parametrize(("number", "said"), UNKNOWN_EXCHANGES.items())
def test_unknown_exchange_id(world: World, number: str, said: str) -> None:
    world.charge(source=world.customer()["id"])
    world.sandbox.journal.__init__()  # type: ignore[misc] # an empty one
    world.send("GET", "/v1/charges")
    assert refused(world, "GET", f"/journal/{number}") == (404, said)
    assert refused(world, "POST", f"/journal/{number}/replay", {}) == (404, said)


def test_evicted_exchange_id(world: World) -> None:
    for _ in range(ENTRIES_MAX + 1):
        world.send("GET", "/v1/orders/x")
    assert refused(world, "GET", "/journal/1") == (404, "exchange 1 is no longer in the journal")
    assert look(world, "/journal/2")["exchange"]["id"] == 2


def test_replay_by_exchange_id(world: World) -> None:
    customer = world.customer()["id"]
    charge = world.charge(source=customer, amount=700)
    number, keyed = world.sandbox.journal.count, {"idempotency_key": "again"}
    replies = [
        world.send("POST", f"/_mock/journal/{number}/replay", body) for body in ({}, keyed, keyed)
    ]
    assert [each.status for each in replies] == [200, 200, 200]
    first, second, third = (each.json for each in replies)
    fresh = {name: first["reply"][name] for name in ("id", "ref_num", "auth_code")}
    assert first == {
        "id": number + 1,
        "status": 200,
        "why": "sandbox: VISA ...4242 is listed to approve (documented)",
        "reply": charge | fresh,
    }
    assert len({charge["id"], first["reply"]["id"], second["reply"]["id"]}) == 3
    assert third == second | {"id": number + 3, "why": f"idempotency: replay of: {second['why']}"}
    shown = look(world, f"/journal/{number + 1}")["exchange"]
    assert (shown["client"], shown["request"]) == (
        "mock-clover replay",
        {"amount": 700, "currency": "usd", "source": customer},
    )


def test_replay_repeats_decline_but_not_fault(make_world: MakeWorld) -> None:
    world = make_world(parse(RULES.encode(), "rules"))
    source = {"amount": 666, "currency": "usd", "source": world.customer()["id"]}
    assert world.send("POST", "/v1/charges", source).status == 402
    number = world.sandbox.journal.count
    world.send("POST", "/_mock/faults", {"kind": "delay", "delay_ms": 60_000})
    got = world.send("POST", f"/_mock/journal/{number}/replay", {}).json
    assert (got["status"], got["reply"]["error"]["declineCode"]) == (402, "insufficient_funds")


REPEATED = {
    "strict": {"strict": True},
    "guarded": {"refuse_inferred": True, "allow_inferred": ("OTHER_BRANDS_EXPIRE_LIKE_VISA",)},
}


def test_every_stored_request_can_be_replayed(make_world: MakeWorld) -> None:
    world = make_world()
    furnish(world)
    numbers = range(1, world.sandbox.journal.count + 1)
    shown = [look(world, f"/journal/{number}") for number in numbers]
    got = {
        number: world.send("POST", f"/_mock/journal/{number}/replay", {}).status
        for number, each in zip(numbers, shown, strict=True)
        if each["replayable"]
    }
    assert len(got) > 10
    assert set(got.values()) == {200}
    assert all(each["curl"] is None or each["curl"].startswith("curl ") for each in shown)


def test_the_command_is_safe_in_a_shell_and_means_the_body(world: World) -> None:
    wild = 'it\'s "quoted" $HOME `id` $(id) \\ \n end'
    asked = {"amount": 1, "currency": "usd", "source": world.token(), "description": wild}
    assert world.send("POST", "/v1/charges", asked).status == 200
    told = last(world)
    got = subprocess.run(
        ["sh", "-c", f'curl() {{ printf "%s\\0" "$@"; }}; {told["curl"]}'],
        env={"CLOVER_ACCESS_TOKEN": "secret"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    assert json.loads(got[-2]) == asked
    assert got[got.index("-H") + 1] == "authorization: Bearer secret"


def test_curl_command_has_no_credentials(make_world: MakeWorld) -> None:
    world = make_world()
    things = furnish(world)
    known = world.known
    for number in range(1, world.sandbox.journal.count + 1):
        curl = look(world, f"/journal/{number}")["curl"] or ""
        for secret in (known.access_token, known.api_key, known.client_secret):
            assert secret not in curl
    exchange = look(world, f"/journal/{world.sandbox.journal.count}")["curl"]
    assert "$CLOVER_CLIENT_SECRET" in exchange
    assert things.client_secret == known.client_secret


HINTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "nothing odd": ({}, None),
    "a member that nobody reads": ({"amout": 1}, "unknown fields are not replayed"),
    "a number": ({"description": PAN}, "card numbers are masked in the command"),
}


@pytest.mark.parametrize(("more", "hint"), HINTS.values(), ids=HINTS)
def test_replay_lists_omitted_parts(world: World, more: dict[str, Any], hint: str | None) -> None:
    world.charge(**more)
    told = last(world)
    assert told["hint"] == hint
    assert songs(json.dumps(told)) == []


def test_replay_reports_omitted_query(world: World) -> None:
    world.send("GET", "/v1/charges?limit=1")
    told = last(world)
    assert told["hint"] == "the query is not stored, so the replay has none"
    bearer = '-H "authorization: Bearer $CLOVER_ACCESS_TOKEN"'
    assert told["curl"] == f"curl {HOME}/v1/charges {bearer}"


def test_an_exchange_of_a_sandbox_is_at_its_path(world: World) -> None:
    raw = {b"host": b"localhost:4242"}
    world.app.handle("PUT", "/_mock/sandboxes/a", b"", raw, b"")
    world.app.handle("GET", "/sandbox/a/v1/charges", b"", raw, b"")
    got = world.app.handle("GET", "/sandbox/a/_mock/journal/1", b"", raw, b"")
    curl = json.loads(got.body)["curl"]
    assert shlex.split(curl)[1] == f"{HOME}/sandbox/a/v1/charges"
    assert world.app.handle("GET", "/_mock/journal/1", b"", raw, b"").status == 404


# Rows ---------------------------------------------------------------------------------------------


def test_row_counts_by_kind(world: World) -> None:
    assert set(ROW_KINDS) == {*RECORDED_TABLES, "cards"}
    assert look(world, "/rows") == {"data": [{"kind": kind, "count": 0} for kind in ROW_KINDS]}
    furnish(world)
    shown = {each["kind"]: each["count"] for each in look(world, "/rows")["data"]}
    listed = {kind: len(look(world, f"/rows/{kind}")["data"]) for kind in ROW_KINDS}
    assert shown == listed
    assert shown["orders"] == len(world.send("GET", "/v1/orders?limit=100").json["data"])


def test_every_row_has_details_and_links(world: World) -> None:
    furnish(world)
    seen = 0
    for kind in ROW_KINDS:
        for line in look(world, f"/rows/{kind}?limit=200")["data"]:
            whole = look(world, f"/rows/{kind}/{line['id']}")
            assert (whole["kind"], whole["id"], whole["line"]) == (kind, line["id"], line)
            for link in whole["links"]:
                back = look(world, f"/rows/{link['kind']}/{link['id']}")
                seen += {"kind": kind, "id": line["id"]} in back["links"]
            times = [each["at_ms"] for each in whole["timeline"]]
            assert times == sorted(times)
            assert not {"fingerprint", "security_card_value"} & set(_names(whole))
    assert seen > 20


def _names(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [*tree, *(name for each in tree.values() for name in _names(each))]
    return [name for each in tree for name in _names(each)] if isinstance(tree, list) else []


def test_charge_list_entry(world: World) -> None:
    customer = world.customer()["id"]
    charge = world.charge(source=customer, description="Two lamps")
    assert look(world, "/rows/charges") == {
        "data": [
            {
                "id": charge["id"],
                "at_ms": NOW_MS,
                "title": "Two lamps",
                "state": "captured",
                "amount": 1800,
                "currency": "USD",
                "customer": customer,
                "order": world.send("GET", f"/v1/charges/{charge['id']}").json["order"],
                "card": "VISA ...4242",
            }
        ],
        "has_more": False,
        "searched": 1,
    }


def test_rows_come_in_pages_newest_first(world: World) -> None:
    customer = world.customer()["id"]
    made = [world.charge(source=customer, amount=n)["id"] for n in range(1, 8)][::-1]
    for kind, expected in (("charges", made), ("orders", _orders_of(world, made))):
        seen: list[str] = []
        pages = []
        before = ""
        while not pages or pages[-1]["has_more"]:
            pages.append(look(world, f"/rows/{kind}?limit=3{before}"))
            seen += [each["id"] for each in pages[-1]["data"]]
            before = f"&before={seen[-1]}"
        assert seen == expected
        assert [len(page["data"]) for page in pages] == [3, 3, 1]


def _orders_of(world: World, charges: list[str]) -> list[str]:
    return [world.send("GET", f"/v1/charges/{each}").json["order"] for each in charges]


SEARCHES = {"lamp": ["a"], "LAMP": ["a"], "usd": ["b", "a"], "777": ["b"], "4242": ["b", "a"]}


@pytest.mark.parametrize(("q", "names"), [*SEARCHES.items(), ("nothing", [])])
def test_rows_are_searched(world: World, q: str, names: list[str]) -> None:
    made = {
        "a": world.charge(description="A lamp")["id"],
        "b": world.charge(amount=777)["id"],
    }
    found = look(world, f"/rows/charges?q={q}")
    assert [each["id"] for each in found["data"]] == [made[name] for name in names]
    assert (found["has_more"], found["searched"]) == (False, 2)


def test_search_is_limited_to_newest_rows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_clover.control.rows.SEARCHED_MAX", 3)
    customer = world.customer()["id"]
    made = [world.charge(source=customer, amount=n)["id"] for n in (9, 1, 2, 3)]
    for query in ("q=usd&limit=200", "limit=3"):
        page = look(world, f"/rows/charges?{query}")
        assert [each["id"] for each in page["data"]] == made[:0:-1]
        assert (page["has_more"], page["searched"]) == (False, 3)
    said = f"before: {made[0]!r} is not among the newest 3 rows"
    assert refused(world, "GET", f"/rows/charges?before={made[0]}") == (400, said)
    assert look(world, f"/rows/charges/{made[0]}")["line"]["amount"] == 9


ROW_REFUSALS = {
    "/rows/chargs": (404, "kind: unknown name 'chargs'; did you mean `charges`?"),
    "/rows/x/y": (404, "kind: unknown name 'x'"),
    f"/rows/{PAN}": (404, "kind: unknown name '[card ...6467]'"),
    "/rows/charges/x": (404, "charges: no row has the id 'x'"),
    f"/rows/cards/{PAN}": (404, "cards: no row has the id '[card ...6467]'"),
    "/rows/charges?before=x": (404, "charges: no row has the id 'x'"),
    "/rows/charges?limit=0": (400, "limit: Expected `int` >= 1"),
    "/rows/charges?limit=201": (400, "limit: Expected `int` <= 200"),
    "/rows/charges?query=x": (400, "unknown query parameter `query`"),
}


@pytest.mark.parametrize(("path", "said"), ROW_REFUSALS.items(), ids=lambda each: str(each)[:40])
def test_unknown_row(world: World, path: str, said: tuple[int, str]) -> None:
    assert refused(world, "GET", path) == said


# What became of them ------------------------------------------------------------------------------

Step = tuple[int, str, int, int, str]


def steps(world: World, kind: str, key: str, **names: str) -> list[Step]:
    """Return a timeline: days, what, amount, balance, and by whom, named."""
    called = {value: name for name, value in names.items()}
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each["amount"],
            each["balance"],
            called.get(each["by"], each["by"]),
        )
        for each in look(world, f"/rows/{kind}/{key}")["timeline"]
    ]


def _later(world: World, method: str, path: str, body: Any) -> Any:
    world.clock.advance(DAY_MS)
    got = world.send(method, path, body)
    assert got.status == 200, got
    return got.json


def test_charge_timeline(world: World) -> None:
    made = world.charge(amount=2000, capture=False)["id"]
    _later(world, "POST", f"/v1/charges/{made}/capture", {"amount": 1500})
    one = _later(world, "POST", "/v1/refunds", {"charge": made, "amount": 500})["id"]
    two = _later(world, "POST", "/v1/refunds", {"charge": made})["id"]
    assert steps(world, "charges", made, charge=made, one=one, two=two) == [
        (0, "authorized", 2000, 2000, "charge"),
        (1, "captured", 1500, 1500, "charge"),
        (2, "refunded", 500, 1000, "one"),
        (3, "refunded", 1000, 0, "two"),
    ]


def test_timeline_of_charge_with_tip(world: World) -> None:
    made = world.charge(amount=2000, tip_amount=300)["id"]
    void = world.send("POST", "/v1/refunds", {"charge": made})
    assert void.why == "voided 2300 of 2300 refundable"
    assert steps(world, "charges", made, charge=made, void=void.json["id"]) == [
        (0, "captured", 2000, 2000, "charge"),
        (0, "tip added", 300, 2300, "charge"),
        (0, "voided", 2300, 0, "void"),
    ]


def test_authorization_timeline(world: World) -> None:
    void, lapse, decline = (
        world.charge(capture=False)["id"],
        world.charge(capture=False)["id"],
        world.send(
            "POST",
            "/v1/charges",
            {"amount": 5, "currency": "usd", "source": world.token(DECLINES)},
        ).json["error"]["charge"],
    )
    by = _later(world, "POST", "/v1/refunds", {"charge": void})["id"]
    world.clock.advance(7 * DAY_MS)
    world.send("GET", "/v1/charges")
    assert steps(world, "charges", void, charge=void, by=by) == [
        (0, "authorized", 1800, 1800, "charge"),
        (1, "voided", 1800, 0, "by"),
    ]
    assert steps(world, "charges", lapse, charge=lapse) == [
        (0, "authorized", 1800, 1800, "charge"),
        (7, "expired", 1800, 0, "authorization_expired"),
    ]
    assert steps(world, "charges", decline, charge=decline) == [(0, "declined", 5, 0, "charge")]


def test_gift_card_timeline(world: World) -> None:
    number = world.send("POST", "/v1/activate", {"promotion_code": "67062"}).json
    gift = {"gift_card": {"number": number["gift_card"]["number"]}}

    def token() -> str:
        return str(world.send("POST", "/v1/tokens", gift).json["id"])

    sale = world.charge(source=token(), amount=1000)["id"]
    refund = _later(world, "POST", "/v1/refunds", {"charge": sale, "amount": 400})["id"]
    lock = world.charge(source=token(), amount=2000, capture=False)["id"]
    _later(world, "POST", f"/v1/charges/{lock}/capture", {"amount": 500})
    _later(world, "POST", f"/v1/refunds/{refund}/cancel", {})
    (line,) = look(world, "/rows/gift_cards")["data"]
    assert (line["amount"], line["at_ms"]) == (3500, NOW_MS)
    told = look(world, f"/rows/gift_cards/{line['id']}")
    assert told["row"]["expires_ms"] == NOW_MS + GIFT_CARD_LIFETIME_MS
    names = {"sale": sale, "refund": refund, "lock": lock}
    loaded, *rest = told["timeline"]
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


def test_order_timeline(world: World) -> None:
    order = world.order(1000, 800)["id"]
    charges = [
        _later(world, "POST", f"/v1/orders/{order}/pay", {"source": world.token(), "amount": n})[
            "charge"
        ]
        for n in (600, 1200)
    ]
    _later(world, "POST", f"/v1/orders/{order}/returns", {})
    told = look(world, f"/rows/orders/{order}")
    refunds = [each["id"] for each in look(world, "/rows/refunds")["data"]]
    assert [each["kind"] for each in told["links"]] == ["charges"] * 2 + ["refunds"] * 2
    made, *rest = told["timeline"]
    assert made == {"at_ms": NOW_MS, "what": "created", "amount": 1800, "balance": 0}
    names = {"first": charges[0], "second": charges[1], "one": refunds[1], "two": refunds[0]}
    told_steps = steps_of(rest, names)
    assert told_steps[:2] == [(1, "paid", 600, 600, "first"), (2, "paid", 1200, 1800, "second")]
    assert sorted(each[1:3] for each in told_steps[2:]) == [("refunded", 600), ("refunded", 1200)]
    assert told_steps[-1][3] == 0
    assert told["line"]["state"] == "returned"


def test_customer_links_to_cards_and_payments(world: World) -> None:
    customer = world.customer()
    charge = world.charge(source=customer["id"])["id"]
    card = customer["sources"]["data"][0]
    told = look(world, f"/rows/customers/{customer['id']}")
    assert told["links"] == [{"kind": "cards", "id": card}, {"kind": "charges", "id": charge}]
    assert [each["what"] for each in told["timeline"]] == [
        "card tokenized",
        "customer created",
        "captured",
    ]
    saved = look(world, f"/rows/cards/{card}")
    assert saved["line"] == {
        "id": card,
        "at_ms": NOW_MS,
        "title": "jo@example.com",
        "state": "multipay",
        "customer": customer["id"],
        "card": f"{brand_of(VISA)} ...4242",
    }


def test_what_clients_wrote_into_rows_is_masked(world: World) -> None:
    free = {PAN: PAN, "list": [int(PAN), PAN], "cvv": CVV, "code": {"cvc": int(CVV)}}
    world.charge(description=f"of {PAN}", metadata=free, customer={"phone": int(PAN)})
    items = [{"amount": 1, "description": PAN}]
    world.send("POST", "/v1/orders", {"currency": "usd", "items": items, "metadata": free})
    paths = [f"/journal/{n}" for n in range(1, world.sandbox.journal.count + 1)]
    for kind in ("charges", "orders", "tokens"):
        rows = look(world, f"/rows/{kind}")["data"]
        paths += [f"/rows/{kind}", *(f"/rows/{kind}/{row['id']}" for row in rows)]
    told = {path: songs(world.send("GET", f"/_mock{path}").body.decode()) for path in paths}
    assert {path: found for path, found in told.items() if found} == {}
    assert "[card ...6467]" in world.send("GET", "/_mock/rows/orders").body.decode()


# Words and faults ---------------------------------------------------------------------------------


def test_dashboard_vocabulary_matches_code(world: World) -> None:
    told = look(world, "/env")
    fields = set(Fault.__struct_fields__) - {"kind"}
    assert (told["sandbox"], told["base_url"], told["home"]) == ("default", HOME, HOME)
    assert told["credentials"] == look(world, "/sandboxes")["data"][0]
    assert (
        [each["kind"] for each in told["faults"]]
        == list(FaultKind.__args__)
        == list(FIELDS_BY_KIND)
    )
    assert {name for each in told["faults"] for name in each["members"]} == fields
    assert {each["name"] for each in told["fault_members"]} == {"kind", *fields}
    for problem in (told["problems"][0], told["problems"][-1]):
        fault = {"kind": "problem", "problem": problem["name"], "when": told["fault_times"][1]}
        assert world.send("POST", "/_mock/faults", fault).status == 200
    assert told["dialects"] == ["observed", "documented"]
    assert "issuer_declined" in [each["name"] for each in told["declines"]]


def test_faults_can_be_removed_individually(world: World) -> None:
    for delay_ms in (1, 2):
        world.send("POST", "/_mock/faults", {"kind": "delay", "delay_ms": delay_ms})
    assert world.send("DELETE", "/_mock/faults/fault-1").json == {"cleared": 1}
    assert [each["id"] for each in look(world, "/faults")["data"]] == ["fault-2"]
    assert refused(world, "DELETE", "/faults/fault-1") == (
        404,
        "no active fault has the id 'fault-1'; did you mean `fault-2`?",
    )
    assert world.sandbox.has_overrides
    world.send("DELETE", "/_mock/faults/fault-2")
    assert not world.sandbox.has_overrides


def test_a_delivery_is_shown_masked_and_resent(world: World) -> None:
    """Its attempts and its resending are shown in test_webhooks.py."""
    target = {"id": "t", "kind": "hosted_checkout", "url": "http://127.0.0.1:9/hook"}
    assert world.send("PUT", "/_mock/webhooks", target).status == 200
    payload = {"note": "a", "cvv": CVV}
    event = {"kind": "hosted_checkout", "payload": payload}
    sent = world.send("POST", "/_mock/webhooks/send", event)
    assert sent.status == 200, sent
    (made,) = sent.json["data"]
    assert made["body"] == {"note": "a", "cvv": "[cvv]"}
    again = world.send("POST", f"/_mock/deliveries/{made['id']}/resend").json
    assert (again["resend_of"], again["body"]) == (made["id"], made["body"])
    listed = look(world, "/deliveries")["data"]
    assert [each["id"] for each in listed] == [made["id"], again["id"]]
    kept = world.sandbox.outbox
    assert kept is not None
    assert json.loads(next(iter(kept)).body) == payload  # what is sent is what was asked for
