"""The control API that external tests rely on: complete responses, and error messages."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec
import pytest

from mock_clover.clover.common.problems import BY_NAME
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.clock import LATEST_MS
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.scenario.load import builtin_names, load
from tests.fake_clock import FakeClockLoop, InProcessConnection, calls_of, run, settle
from tests.in_process import DECLINED_CARD, NOW_MS, SEED, VISA, InProcessServer
from tests.raw_http import RawConnection, RawResponse, call, request
from tests.server_process import ServerProcess

DAY_MS = 86_400_000
MASTERCARD = "5424180279791732"
ROOT = "http://localhost:4242"


def root(
    server: InProcessServer, method: str, path: str, body: Any = None, **headers: str
) -> Reply:
    """Send a request to the root, with only the given credentials."""
    sent = {"host": "localhost:4242"} | headers
    path, _, query = path.partition("?")
    return server.app.handle_now(
        method,
        path,
        query.encode(),
        {name.encode(): value.encode() for name, value in sent.items()},
        b"" if body is None else json.dumps(body).encode(),
    )


def got(reply: Any) -> tuple[int, Any]:
    """Return status and document."""
    return reply.status, json.loads(reply.body)


def sandbox(name: str, scenario: str = "sandbox") -> dict[str, str]:
    """Return the expected response of a sandbox, derived from seed and name."""
    credentials = derive_credentials(SEED, name)
    return {
        "name": name,
        "base_url": ROOT if name == "default" else f"{ROOT}/sandbox/{name}",
        "scenario": scenario,
        "merchant_id": credentials.merchant_id,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "access_token": credentials.access_token,
        "api_key": credentials.api_key,
    }


# Sandboxes --------------------------------------------------------------------------------------

NAMES = ["t1", "a", "A.b-c_d", "0", "x" * 64, "gw0"]


@pytest.mark.parametrize("name", NAMES)
def test_create_get_and_delete_sandbox(server: InProcessServer, name: str) -> None:
    path = f"/_mock/sandboxes/{name}"
    absent = (
        404,
        {"message": f"sandbox {name!r} not found; create it with PUT /_mock/sandboxes/{name}"},
    )
    assert got(root(server, "GET", path)) == absent
    assert got(root(server, "PUT", path)) == (200, sandbox(name))
    assert got(root(server, "GET", path)) == (200, sandbox(name))
    assert got(root(server, "DELETE", path)) == (200, {"dropped": name})
    assert got(root(server, "GET", path)) == absent
    assert got(root(server, "DELETE", path)) == absent


def test_sandboxes_are_listed_in_order_of_creation(server: InProcessServer) -> None:
    for name in ("b", "a", "c"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    root(server, "DELETE", "/_mock/sandboxes/a")
    listed = [sandbox(name) for name in ("default", "b", "c")]
    assert got(root(server, "GET", "/_mock/sandboxes")) == (200, {"data": listed})


def test_activity_of_sandboxes(server: InProcessServer) -> None:
    declined = {"amount": 1, "currency": "usd", "source": server.token(DECLINED_CARD)}
    server.send("POST", "/v1/charges", declined)
    server.send("GET", "/v1/charges/NOSUCHCHARGE1")
    root(server, "PUT", "/_mock/sandboxes/b")
    answer = got(root(server, "GET", "/_mock/activity"))[1]
    made_ms = answer["machine_ms"]  # the clock of the tests stands still
    default, empty = answer["data"]
    assert default | {"created_ms": 0, "last_ms": 0} == {
        "name": "default",
        "scenario": "sandbox",
        "created_ms": 0,
        "last_ms": 0,
        "requests": 3,
        "outcomes": {"ok": 1, "declined": 1, "rejected": 1},
    }
    assert default["created_ms"] <= default["last_ms"] <= made_ms
    assert empty | {"created_ms": 0} == {
        "name": "b",
        "scenario": "sandbox",
        "created_ms": 0,
        "last_ms": None,
        "requests": 0,
        "outcomes": {},
    }


def test_the_default_sandbox_is_made_anew_when_it_is_dropped(server: InProcessServer) -> None:
    server.charge()
    assert got(root(server, "DELETE", "/_mock/sandboxes/default")) == (200, {"dropped": "default"})
    assert got(root(server, "GET", "/_mock/sandboxes/default")) == (200, sandbox("default"))
    assert list(server.sandboxes.default.charges) == []


def test_a_sandbox_that_is_made_again_is_empty(server: InProcessServer) -> None:
    bearer = f"Bearer {derive_credentials(SEED, 'x').access_token}"
    card = {"card": {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}}
    tokens = []
    for _ in range(2):
        root(server, "PUT", "/_mock/sandboxes/x")
        key = derive_credentials(SEED, "x").api_key
        created = root(server, "POST", "/v1/tokens", card, apikey=key)
        tokens.append(json.loads(created.body)["id"])
        source = {"amount": 1, "currency": "usd", "source": tokens[-1]}
        assert root(server, "POST", "/v1/charges", source, authorization=bearer).status == 200
        listed = json.loads(root(server, "GET", "/v1/charges", authorization=bearer).body)
        assert len(listed["data"]) == 1
    assert tokens[0] == tokens[1]  # one seed, one flow, one id


@pytest.mark.parametrize(
    ("requested", "scenario"),
    [
        ({}, "sandbox"),
        ({"scenario": "declines"}, "declines"),
        ({"dialect": "documented"}, "sandbox"),
        ({"seed": "other"}, "sandbox"),
        ({"scenario": "card-on-file", "dialect": "observed", "seed": "1"}, "card-on-file"),
        ({"strict": True, "listed_cards_only": True}, "sandbox"),
    ],
)
def test_sandbox_options(server: InProcessServer, requested: dict[str, Any], scenario: str) -> None:
    """Its credentials are derived from the server's seed, never from its own."""
    created = got(root(server, "PUT", "/_mock/sandboxes/x", requested))
    assert created == (200, sandbox("x", scenario))


def test_new_sandbox_takes_any_setting(server: InProcessServer) -> None:
    body = {"rate_limits": True, "void_type": "VOID"}
    assert root(server, "PUT", "/_mock/sandboxes/set", body).status == 200
    settings = server.sandboxes.get_or_create("set").settings
    assert settings == msgspec.structs.replace(server.sandbox.settings, **body)
    status, refused = got(root(server, "PUT", "/_mock/sandboxes/set", {"void_typ": "VOID"}))
    assert (status, "did you mean" in refused["message"]) == (400, True), refused


def test_its_dialect_is_its_own(server: InProcessServer) -> None:
    bodies = {}
    for dialect in ("observed", "documented"):
        root(server, "PUT", f"/_mock/sandboxes/{dialect}", {"dialect": dialect})
        bearer = f"Bearer {derive_credentials(SEED, dialect).access_token}"
        reply = root(server, "POST", "/v1/charges", {}, authorization=bearer)
        bodies[dialect] = json.loads(reply.body)["error"]
    assert "doc_url" not in bodies["observed"]
    assert "doc_url" in bodies["documented"]


def test_ids_are_derived_from_seed(server: InProcessServer) -> None:
    ids = []
    for seed in ("one", "one", "two"):
        root(server, "PUT", "/_mock/sandboxes/x", {"seed": seed})
        ids.append(server.sandboxes.get_or_create("x").ids.object_id())
    assert ids[0] == ids[1] != ids[2]


def test_credential_selects_sandbox_at_root(server: InProcessServer) -> None:
    for name in ("a", "b"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    card = {"card": {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}}
    for name, amounts in (("a", (1, 2)), ("b", (3,))):
        credentials = derive_credentials(SEED, name)
        for amount in amounts:
            created = root(server, "POST", "/v1/tokens", card, apikey=credentials.api_key)
            body = {
                "amount": amount,
                "currency": "usd",
                "source": json.loads(created.body)["id"],
            }
            bearer = f"Bearer {credentials.access_token}"
            assert root(server, "POST", "/v1/charges", body, authorization=bearer).status == 200
    seen = {}
    for name in ("a", "b", "default"):
        bearer = f"Bearer {derive_credentials(SEED, name).access_token}"
        for path in ("/v1/charges", f"/sandbox/{name}/v1/charges"):
            listed = json.loads(root(server, "GET", path, authorization=bearer).body)["data"]
            seen[name, path[:9]] = [row["amount"] for row in listed]
    assert seen == {
        ("a", "/v1/charg"): [2, 1],
        ("a", "/sandbox/"): [2, 1],
        ("b", "/v1/charg"): [3],
        ("b", "/sandbox/"): [3],
        ("default", "/v1/charg"): [],
        ("default", "/sandbox/"): [],
    }


def test_credential_is_rejected_by_other_sandbox(server: InProcessServer) -> None:
    for name in ("a", "b"):
        root(server, "PUT", f"/_mock/sandboxes/{name}")
    bearer = f"Bearer {derive_credentials(SEED, 'a').access_token}"
    assert root(server, "GET", "/sandbox/b/v1/charges", authorization=bearer).status == 401


def test_credentials_of_deleted_sandbox_are_rejected(server: InProcessServer) -> None:
    root(server, "PUT", "/_mock/sandboxes/a")
    root(server, "DELETE", "/_mock/sandboxes/a")
    bearer = f"Bearer {derive_credentials(SEED, 'a').access_token}"
    assert root(server, "GET", "/v1/charges", authorization=bearer).status == 401


# Clock ------------------------------------------------------------------------------------------


def clock(server: InProcessServer, **asked: Any) -> tuple[int, Any]:
    return got(server.send("PUT", "/_mock/clock", asked))


def test_the_clock_is_frozen_set_advanced_and_resumed(server: InProcessServer) -> None:
    steps: list[tuple[dict[str, Any], int, bool]] = [
        ({}, 0, True),
        ({"freeze": True}, 0, True),
        ({"advance": "8d"}, 8 * DAY_MS, True),
        ({"advance": "90m"}, 8 * DAY_MS + 5_400_000, True),
        ({"advance": "2h"}, 8 * DAY_MS + 12_600_000, True),
        ({"advance": "30s"}, 8 * DAY_MS + 12_630_000, True),
        ({"advance": "500ms"}, 8 * DAY_MS + 12_630_500, True),
        ({"advance": 500}, 8 * DAY_MS + 12_631_000, True),
        ({"advance": 0}, 8 * DAY_MS + 12_631_000, True),
        ({"set": NOW_MS + 9 * DAY_MS}, 9 * DAY_MS, True),
        ({"set": NOW_MS + 9 * DAY_MS}, 9 * DAY_MS, True),
        ({"set": NOW_MS + 10 * DAY_MS, "advance": "1d"}, 11 * DAY_MS, True),
    ]
    for requested, ahead_ms, frozen in steps:
        expected = {"now_ms": NOW_MS + ahead_ms, "frozen": frozen, "fired": []}
        assert clock(server, **requested) == (200, expected)
        assert got(server.send("GET", "/_mock/clock")) == (200, expected)
    status, resumed = clock(server, resume=True)
    assert (status, resumed["frozen"], resumed["fired"]) == (200, False, [])
    assert 0 <= resumed["now_ms"] - NOW_MS - 11 * DAY_MS < 10_000


NOT_A_DURATION = (
    "is not a valid duration. Use a number and a unit (ms, s, m, h or d), for example 30s; "
    "the maximum is 3650d."
)
CLOCK_REFUSALS: list[tuple[Any, str]] = [
    (
        {"set": NOW_MS - 1},
        f"set: the clock cannot move back; the current time is 2025-05-27T10:22:50.775Z ({NOW_MS})",
    ),
    (
        {"set": NOW_MS * 9},
        "set: the time is more than ten years ahead of 2025-05-27T10:22:50.775Z (1748341370775)",
    ),
    ({"set": "soon"}, 'set is "soon"; must be a time in ms since 1970, for example 1748341370775'),
    (
        {"advance": -1},
        f"advance: '-1ms' {NOT_A_DURATION} Time moves forward only.",
    ),
    (
        {"advance": "8 weeks"},
        f"advance: '8 weeks' {NOT_A_DURATION}",
    ),
    (
        {"advance": "-8d"},
        f"advance: '-8d' {NOT_A_DURATION} Time moves forward only.",
    ),
    (
        {"advance": "99999999999d"},
        f"advance: '99999999999d' {NOT_A_DURATION}",
    ),
    ({"freze": True}, "Object contains unknown field `freze`; did you mean `freeze`?"),
    ({"freeze": "yes"}, 'freeze is "yes"; must be true or false'),
    ([], "the body: expected an object, got an array"),
]


@pytest.mark.parametrize(("requested", "message"), CLOCK_REFUSALS, ids=lambda each: str(each)[:30])
def test_invalid_clock_request_changes_nothing(
    server: InProcessServer, requested: Any, message: str
) -> None:
    assert got(server.send("PUT", "/_mock/clock", requested)) == (400, {"message": message})
    now = {"now_ms": NOW_MS, "frozen": True, "fired": []}
    assert got(server.send("GET", "/_mock/clock")) == (200, now)


def test_the_clock_stays_within_calendars(server: InProcessServer) -> None:
    """Each call with a date works at the latest time, and so does a snapshot."""
    server.clock.set(LATEST_MS)
    assert got(server.send("PUT", "/_mock/clock", {"advance": 1})) == (
        400,
        {"message": "the clock cannot go beyond the year 9899"},
    )
    gift = server.send("POST", "/v1/activate", {"promotion_code": "67062"})
    assert (gift.status, gift.json["gift_card"]["expiration_date"]) == (200, "9904-12-31")
    snapshot = server.send("GET", "/_mock/snapshot").body
    assert server.send("PUT", "/_mock/snapshot", raw=snapshot).status == 200


@pytest.mark.parametrize(("pan", "days"), [(VISA, 7), (MASTERCARD, 30)])
def test_an_authorization_expires_after_its_days(
    server: InProcessServer, pan: str, days: int
) -> None:
    created = server.charge(source=server.token(pan), capture=False)["id"]
    due_ms = NOW_MS + days * DAY_MS
    assert clock(server, set=due_ms - 1)[1]["fired"] == []
    fired = [{"at_ms": due_ms, "kind": "authorization_expired", "id": created}]
    assert clock(server, advance=1) == (200, {"now_ms": due_ms, "frozen": True, "fired": fired})
    assert clock(server, advance="1d")[1]["fired"] == []
    assert server.send("POST", f"/v1/charges/{created}/capture").status == 400


def test_due_jobs_run_in_order(server: InProcessServer) -> None:
    created = []
    for pan in (MASTERCARD, VISA, VISA, MASTERCARD, VISA):
        created.append(server.charge(source=server.token(pan), capture=False)["id"])
        clock(server, advance="1h")
    server.send("POST", f"/v1/charges/{created[1]}/capture")  # a captured charge does not expire
    fired = clock(server, advance="3650d")[1]["fired"]
    hour_ms = 3_600_000
    order = [(2, 7, 2), (4, 7, 4), (0, 30, 0), (3, 30, 3)]
    assert fired == [
        {
            "at_ms": NOW_MS + days * DAY_MS + hours * hour_ms,
            "kind": "authorization_expired",
            "id": created[at],
        }
        for at, days, hours in order
    ]


def test_moves_of_the_clock_are_listed(server: InProcessServer) -> None:
    clock(server, advance="1h")
    clock(server, freeze=True)
    clock(server, resume=True)
    clock(server, resume=True)  # it runs
    moves = got(server.send("GET", "/_mock/clock/moves"))[1]
    hour = NOW_MS + 3_600_000
    shown = [
        (each["from_ms"] - hour, each["to_ms"] - hour, each["frozen"]) for each in moves["data"]
    ]
    assert shown[:2] == [(-3_600_000, 0, True), (0, 0, False)]
    assert moves["machine_ms"] >= moves["data"][-1]["machine_ms"]


def test_moves_of_the_clock_list_what_became_due(server: InProcessServer) -> None:
    held = server.charge(capture=False)["id"]
    fired = clock(server, advance="30d")[1]["fired"]
    assert [job["id"] for job in fired] == [held]
    due = {fired[0]["kind"]: 1}
    for query, jobs in (("", None), ("?jobs=true", fired)):
        moves = got(server.send("GET", f"/_mock/clock/moves{query}"))[1]["data"]
        assert (moves[-1]["due"], moves[-1].get("jobs")) == (due, jobs)
    clock(server, freeze=True)
    clock(server, resume=True)
    assert got(server.send("GET", "/_mock/clock/moves?jobs=true"))[1]["data"][0]["jobs"] == fired


def test_cost_of_advancing_does_not_depend_on_duration(server: InProcessServer) -> None:
    clock(server, advance="1h")  # the first step imports
    assert calls_of(lambda: clock(server, advance="3650d")) == calls_of(
        lambda: clock(server, advance="1h")
    )


# Faults -----------------------------------------------------------------------------------------


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


# Scenario ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("name", builtin_names())
def test_a_scenario_by_its_name(server: InProcessServer, method: str, name: str) -> None:
    scenario = load(name)
    status, answer = got(server.send(method, "/_mock/scenario", {"name": name}))
    shown = {key: answer[key] for key in ("name", "about", "cards", "faults")}
    assert (status, shown) == (
        200,
        {
            "name": name,
            "about": scenario.about,
            "cards": len(scenario.cards),
            "faults": len(scenario.faults),
        },
    )
    assert len(answer["rules"]) == len(scenario.rules)
    assert got(server.send("GET", "/_mock/scenario")) == (200, answer)


def test_a_whole_document(server: InProcessServer) -> None:
    document = {
        "name": "mine",
        "about": "Mine.",
        "settings": {"dialect": "documented"},
        "cards": [{"number": VISA, "outcome": "decline"}],
        "rules": [
            {
                "name": "big",
                "when": {"amount": {"min": 100}},
                "then": {"problem": "RATE_LIMITED"},
            },
            {"when": {"currency": "cad"}, "then": {"approve": {}}},
        ],
        "faults": [{"kind": "drop", "endpoint": "create_refund"}],
    }
    answer = {
        "name": "mine",
        "about": "Mine.",
        "cards": 1,
        "rules": ["mine: rule 1 (big) (inferred)", "mine: rule 2 (inferred)"],
        "faults": 1,
        "settings": {"dialect": "documented"},
    }
    assert got(server.send("PUT", "/_mock/scenario", document)) == (200, answer)
    statuses = [
        server.send(
            "POST",
            "/v1/charges",
            {"amount": amount, "currency": currency, "source": server.token()},
        ).status
        for amount, currency in ((100, "usd"), (99, "cad"), (99, "usd"))
    ]
    assert statuses == [429, 200, 400]


def test_rows_are_kept_when_scenario_changes(server: InProcessServer) -> None:
    charge = server.charge()["id"]
    server.send("PUT", "/_mock/scenario", {"name": "declines"})
    assert server.send("GET", f"/v1/charges/{charge}").status == 200


SHIPPED = "built-in: " + ", ".join(builtin_names())
SCENARIO_REFUSALS: list[tuple[Any, str]] = [
    (
        {},
        'the body is empty; send a scenario, or the name of one such as {"name": "declines"}',
    ),
    ([], "the body: expected an object, got an array"),
    ({"name": "../x"}, "scenario: '../x' is a path; use the name of a built-in scenario"),
    ({"name": "x.yaml"}, "scenario: 'x.yaml' is a path; use the name of a built-in scenario"),
    (
        {"name": "x", "ruls": []},
        "Object contains unknown field `ruls`; did you mean `rules`?",
    ),
]


@pytest.mark.parametrize(
    ("requested", "message"), SCENARIO_REFUSALS, ids=lambda each: str(each)[:40]
)
def test_invalid_scenario_is_rejected(
    server: InProcessServer, requested: Any, message: str
) -> None:
    before = got(server.send("GET", "/_mock/scenario"))
    assert got(server.send("PUT", "/_mock/scenario", requested)) == (400, {"message": message})
    assert got(server.send("GET", "/_mock/scenario")) == before


@pytest.mark.parametrize(("name", "meant"), [("declins", "declines"), ("@", ""), ("", "")])
def test_unknown_scenario_error_lists_scenarios(
    server: InProcessServer, name: str, meant: str
) -> None:
    for method, path, body in (
        ("PUT", "/_mock/scenario", {"name": name}),
        ("PUT", "/_mock/sandboxes/x", {"scenario": name}),
    ):
        status, answer = got(server.send(method, path, body))
        assert (status, SHIPPED in answer["message"]) == (400, True)
        assert f"unknown scenario {name!r}" in answer["message"]
        assert ("did you mean" in answer["message"]) == bool(meant)
        assert meant in answer["message"]


RULE_MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown problem": ({"rules": [{"then": {"problem": "RATE_LIMITD"}}]}, "RATE_LIMITED"),
    "an unknown problem of a fault": (
        {"faults": [{"kind": "problem", "problem": "RATE_LIMITD"}]},
        "RATE_LIMITED",
    ),
    "an unknown endpoint": (
        {"rules": [{"when": {"endpoint": "create_chrge"}, "then": {"approve": {}}}]},
        "create_charge",
    ),
    "a number that is none": (
        {"cards": [{"number": "4242424242424241", "outcome": "approve"}]},
        "cards[0]",
    ),
    "nothing that follows": ({"rules": [{"then": {}}]}, "rules[0].then"),
}


@pytest.mark.parametrize(("more", "message"), RULE_MISTAKES.values(), ids=RULE_MISTAKES)
def test_a_document_is_checked_as_a_file_is(
    server: InProcessServer, more: dict[str, Any], message: str
) -> None:
    before = got(server.send("GET", "/_mock/scenario"))
    status, answer = got(server.send("PUT", "/_mock/scenario", {"name": "x"} | more))
    assert (status, message in answer.get("message", "")) == (400, True)
    assert got(server.send("GET", "/_mock/scenario")) == before


def test_unknown_nested_field_gets_suggestion(server: InProcessServer) -> None:
    rule = {"when": {"amout": 1}, "then": {"approve": {}}}
    result = got(server.send("PUT", "/_mock/scenario", {"name": "x", "rules": [rule]}))
    message = "rules[0].when: Object contains unknown field `amout`; did you mean `amount`?"
    assert result == (400, {"message": message})


# Journal ----------------------------------------------------------------------------------------


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


# Waiting, on a fake clock -------------------------------------------------------------------------

LIST = "endpoint=list_charges"
VERIFY = "/_mock/verify"


class Waiter(InProcessConnection):
    """Return a connection with a request that waits."""

    def __init__(self, server: InProcessServer, path: str, body: Any = None) -> None:
        super().__init__(server.app)
        self.send(request("POST" if body else "GET", path, body))


def pay(server: InProcessServer, times: int = 1) -> None:
    """Create exchanges of `list_charges`."""
    for _ in range(times):
        assert server.send("GET", "/v1/charges").status == 200


def test_a_wait_ends_with_the_nth_match(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        with Waiter(server, f"/_mock/journal?{LIST}&wait=3&wait_ms=60000") as waiter:
            pay(server, 2)
            server.send("GET", "/v1/orders")  # no match
            await settle()
            assert waiter.is_silent()
            pay(server)
            await settle()
            response = waiter.read_response()
        endpoints = [entry["endpoint"] for entry in response.json["data"]]
        assert (response.status, endpoints) == (200, ["list_charges"] * 3)

    run(main)


def test_a_wait_for_entries_that_exist_is_answered_at_once(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        pay(server, 2)
        with Waiter(server, f"/_mock/journal?{LIST}&wait=2&wait_ms=60000") as waiter:
            await settle()
            assert len(waiter.read_response().json["data"]) == 2

    run(main)


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_wait_ends_after_wait_ms_with_the_matches_so_far(
    server: InProcessServer, slash: str
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        pay(server)
        with Waiter(server, f"/_mock/journal{slash}?{LIST}&wait=2&wait_ms=60000") as waiter:
            await loop.advance(59.999)
            assert waiter.is_silent()
            await loop.advance(0.001)
            response = waiter.read_response()
        assert (response.status, len(response.json["data"])) == (200, 1)

    run(main)


def test_concurrent_waits(shared_server: ServerProcess) -> None:
    """On real sockets: in one sandbox, and in another one that is not affected."""
    one, other = Shop(shared_server.port, "waits-one"), Shop(shared_server.port, "waits-other")
    query = f"/_mock/journal?{LIST}&wait_ms=60000&wait="
    verify = {"endpoint": "list_charges", "at_least": 2, "within_ms": 60_000}
    with ExitStack() as stack:
        waiters = [stack.enter_context(one.waiting(f"{query}{n}")) for n in (1, 1, 2, 2)]
        waiters.append(stack.enter_context(one.waiting(VERIFY, verify)))
        elsewhere = stack.enter_context(other.waiting(f"{query}1"))
        one.pay(2)
        result = [connection.read_response() for connection in waiters]
        counts = [len(each.json["data"]) for each in result[:4]]
        assert all(1 <= count <= 2 for count in counts[:2])
        assert (counts[2:], result[4].json) == ([2, 2], {"verified": True, "count": 2})
        assert elsewhere.is_silent()
        other.pay()
        assert len(elsewhere.read_response().json["data"]) == 1


def test_abandoned_wait_does_not_affect_other_requests(shared_server: ServerProcess) -> None:
    shop = Shop(shared_server.port, "waits-gone")
    for _ in range(20):
        shop.waiting("/_mock/journal?wait=9&wait_ms=60000").reset()
    shop.pay(9)
    assert shop.send("GET", "/_mock/journal?wait=9").status == 200


def test_verify_waits_until_the_bound_is_met(server: InProcessServer) -> None:
    async def main(_: FakeClockLoop) -> None:
        body = {"endpoint": "list_charges", "exactly": 2, "within_ms": 60_000}
        with Waiter(server, VERIFY, body) as waiter:
            pay(server)
            await settle()
            assert waiter.is_silent()
            pay(server)
            await settle()
            assert got(waiter.read_response()) == (200, {"verified": True, "count": 2})

    run(main)


@pytest.mark.parametrize(
    "bound", [{"at_least": 2}, {"exactly": 2}, {"in_order": ["create_refund"]}]
)
def test_verify_fails_after_within_ms(server: InProcessServer, bound: Any) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with Waiter(server, VERIFY, {"within_ms": 60_000} | bound) as waiter:
            await loop.advance(59.999)
            assert waiter.is_silent()
            await loop.advance(0.001)
            response = waiter.read_response()
        assert (response.status, response.json["verified"]) == (409, False)

    run(main)


def test_verify_fails_at_once_when_the_bound_cannot_be_met_any_more(
    server: InProcessServer,
) -> None:
    async def main(_: FakeClockLoop) -> None:
        pay(server, 3)
        with Waiter(server, VERIFY, {"at_most": 2, "within_ms": 60_000}) as waiter:
            await settle()
            status, answer = got(waiter.read_response())
        assert (status, answer["message"]) == (
            409,
            "expected 2 or fewer matching requests, found 3",
        )

    run(main)


def test_a_wait_in_a_deleted_sandbox_makes_no_sandbox(server: InProcessServer) -> None:
    async def main(loop: FakeClockLoop) -> None:
        assert root(server, "PUT", "/_mock/sandboxes/gone", {}).status == 200
        path = "/sandbox/gone/_mock/journal?wait=1&wait_ms=60000"
        with Waiter(server, path) as waiter:
            await settle()
            assert waiter.is_silent()
            assert root(server, "DELETE", "/_mock/sandboxes/gone").status == 200
            await loop.advance(60)
            waiter.read_response()
        assert root(server, "GET", "/_mock/sandboxes/gone").status == 404

    run(main)


class Shop:
    """A sandbox of a server."""

    def __init__(self, port: int, name: str) -> None:
        credentials = derive_credentials(SEED, name)
        self.port, self.base = port, f"/sandbox/{name}"
        self.headers = {
            "apikey": credentials.api_key,
            "authorization": f"Bearer {credentials.access_token}",
        }
        assert call(port, "PUT", f"/_mock/sandboxes/{name}").status == 200

    def send(self, method: str, path: str, body: Any = None) -> RawResponse:
        return call(self.port, method, self.base + path, body, **self.headers)

    def pay(self, times: int = 1) -> None:
        """Create exchanges of `list_charges`."""
        for _ in range(times):
            assert self.send("GET", "/v1/charges").status == 200

    def waiting(self, path: str, body: Any = None) -> RawConnection:
        """Send a request that waits, and do not read the response."""
        connection = RawConnection(self.port)
        data = request("POST" if body else "GET", self.base + path, body, headers=self.headers)
        connection.send(data)
        return connection


# Verify -----------------------------------------------------------------------------------------


@pytest.fixture
def shopped(server: InProcessServer) -> InProcessServer:
    """Tokens, two charges of 1800, one of 500 with metadata, one declined; ids 1 to 8."""
    for amount, pan, more in (
        (1800, VISA, {}),
        (1800, VISA, {}),
        (500, VISA, {"metadata": {"order": "7", "who": {"name": "jo"}}, "capture": False}),
        (900, DECLINED_CARD, {}),
    ):
        body = {"amount": amount, "currency": "usd", "source": server.token(pan)} | more
        server.send("POST", "/v1/charges", body)
    return server


CHARGE = {"endpoint": "create_charge"}
TRUE: list[tuple[dict[str, Any], int]] = [
    ({}, 8),
    (CHARGE, 4),
    (CHARGE | {"exactly": 4}, 4),
    (CHARGE | {"at_least": 4}, 4),
    (CHARGE | {"at_least": 1}, 4),
    (CHARGE | {"at_most": 4}, 4),
    (CHARGE | {"at_most": 9}, 4),
    (CHARGE | {"match": {"amount": 1800}}, 2),
    (CHARGE | {"match": {"amount": 1800}, "exactly": 2}, 2),
    (CHARGE | {"match": {"amount": 1800, "currency": "usd"}, "exactly": 2}, 2),
    (CHARGE | {"match": {"amount": 1}, "never": True}, 0),
    (CHARGE | {"match": {"amount": 1}, "exactly": 0}, 0),
    (CHARGE | {"match": {"amount": 1}, "at_most": 0}, 0),
    (CHARGE | {"match": {"metadata.order": "7"}, "exactly": 1}, 1),
    (CHARGE | {"match": {"metadata.who.name": "jo"}, "exactly": 1}, 1),
    (CHARGE | {"match": {"metadata": {"order": "7", "who": {"name": "jo"}}}}, 1),
    (CHARGE | {"match": {"metadata.nothing": None}, "exactly": 4}, 4),
    (CHARGE | {"match": {"capture": False}, "exactly": 1}, 1),
    (CHARGE | {"status": 402, "exactly": 1}, 1),
    (CHARGE | {"status": 200, "match": {"amount": 1800}, "exactly": 2}, 2),
    ({"status": 402, "exactly": 1}, 1),
    ({"endpoint": "create_refund", "never": True}, 0),
    ({"in_order": ["create_token", "create_charge"]}, 2),
    ({"in_order": ["create_charge", "create_token", "create_charge"]}, 3),
    ({"in_order": ["create_charge"] * 4}, 4),
]


@pytest.mark.parametrize(("requested", "count"), TRUE, ids=lambda each: str(each)[:70])
def test_verify_succeeds(shopped: InProcessServer, requested: dict[str, Any], count: int) -> None:
    assert got(shopped.send("POST", "/_mock/verify", requested)) == (
        200,
        {"verified": True, "count": count},
    )


def miss(number: int, **differs: tuple[Any, Any]) -> dict[str, Any]:
    shown = {
        path.replace("__", "."): {"expected": expected, "was": was}
        for path, (expected, was) in differs.items()
    }
    return {"id": number, "endpoint": "create_charge", "differs": shown}


UNTRUE: list[tuple[dict[str, Any], int, str, list[dict[str, Any]] | None]] = [
    (CHARGE | {"exactly": 3}, 4, "expected exactly 3 matching requests, found 4", []),
    (CHARGE | {"at_least": 5}, 4, "expected 5 or more matching requests, found 4", []),
    (CHARGE | {"at_most": 3}, 4, "expected 3 or fewer matching requests, found 4", []),
    (CHARGE | {"never": True}, 4, "expected exactly 0 matching requests, found 4", []),
    ({"endpoint": "create_refund"}, 0, "expected 1 or more matching requests, found 0", []),
    (
        CHARGE | {"match": {"amount": 501, "currency": "usd"}},
        0,
        "expected 1 or more matching requests, found 0",
        [miss(2, amount=(501, 1800)), miss(4, amount=(501, 1800)), miss(6, amount=(501, 500))],
    ),
    (
        CHARGE | {"match": {"amount": 1800, "metadata.order": "7"}},
        0,
        "expected 1 or more matching requests, found 0",
        [
            miss(2, metadata__order=("7", None)),
            miss(4, metadata__order=("7", None)),
            miss(6, amount=(1800, 500)),
        ],
    ),
    (
        CHARGE | {"match": {"amount": 900}, "status": 200},
        0,
        "expected 1 or more matching requests, found 0",
        [
            miss(2, amount=(900, 1800)),
            miss(4, amount=(900, 1800)),
            miss(6, amount=(900, 500)),
        ],
    ),
    (
        {"in_order": ["create_charge", "create_refund"]},
        1,
        "create_refund was not called after create_charge",
        None,
    ),
    (
        {"in_order": ["create_charge"] * 5},
        4,
        "create_charge was not called after create_charge",
        None,
    ),
    ({"in_order": ["create_refund"]}, 0, "create_refund was not called", None),
]


@pytest.mark.parametrize(
    ("requested", "count", "message", "nearest"), UNTRUE, ids=[str(row[0])[:70] for row in UNTRUE]
)
def test_verify_fails_with_near_misses(
    shopped: InProcessServer,
    requested: dict[str, Any],
    count: int,
    message: str,
    nearest: list[dict[str, Any]] | None,
) -> None:
    expected: dict[str, Any] = {"verified": False, "count": count, "message": message}
    if nearest is not None:
        expected["nearest"] = nearest
    assert got(shopped.send("POST", "/_mock/verify", requested)) == (409, expected)


VERIFY_REFUSALS: list[tuple[Any, str]] = [
    ({"endpont": "x"}, "Object contains unknown field `endpont`; did you mean `endpoint`?"),
    ({"exactly": 1, "at_least": 1}, "set only one of exactly, at_least"),
    (
        {"exactly": 1, "at_most": 1, "never": True},
        "set only one of exactly, at_most, never",
    ),
    (
        {"endpoint": "create_charge", "match": {"amuont": 1}, "never": True},
        "match: create_charge has no member `amuont`; did you mean `amount`?",
    ),
    (
        {"endpoint": "create_order", "match": {"items.amuont": 1}},
        "match: create_order has no member `items.amuont`; did you mean `items.amount`?",
    ),
    (
        {"endpoint": "get_charge", "match": {"amount": 1}},
        "match: get_charge has no member `amount`",
    ),
    ({"match": {"amuont": 1}}, "match: the requests of all operations have no member `amuont`"),
    ({"match": 5}, "match is 5; must be an object"),
    ({"exactly": "x"}, 'exactly is "x"; must be an integer'),
    ({"within_ms": -1}, "within_ms is -1; at least 0"),
    ({"within_ms": 60_001}, "within_ms is 60001; at most 60000"),
    ({"match": {f"a{n}": 1 for n in range(101)}}, "match has 101 members; at most 100"),
    ({"match": {"a" * 201: 1}}, "match has a name that is too long; at most 200"),
    ({"in_order": ["x"] * 1_001}, "in_order has 1001 items; at most 1000"),
    ([], "the body: expected an object, got an array"),
]


@pytest.mark.parametrize(("requested", "message"), VERIFY_REFUSALS, ids=lambda each: str(each)[:40])
def test_invalid_verification_is_rejected(
    server: InProcessServer, requested: Any, message: str
) -> None:
    assert got(server.send("POST", "/_mock/verify", requested)) == (400, {"message": message})


@pytest.mark.parametrize(
    "requested",
    [
        {"endpoint": "create_chrge", "never": True},
        {"endpoint": "create_chrge"},
        {"in_order": ["create_chrge"]},
        {"in_order": []},
        {"exactly": -1},
        {"never": False},
        {"in_order": ["create_charge"], "exactly": 1},
    ],
    ids=str,
)
def test_verification_without_criteria_is_rejected(
    server: InProcessServer, requested: dict[str, Any]
) -> None:
    assert server.send("POST", "/_mock/verify", requested).status == 400


def test_field_sent_with_default_value_matches(server: InProcessServer) -> None:
    server.charge(capture=True)
    body = {"match": {"capture": True}, "exactly": 1}
    assert server.send("POST", "/_mock/verify", body).status == 200


# No request gets a 500 ----------------------------------------------------------------------------

PATHS = [
    ("PUT", "/_mock/sandboxes/x"),
    ("PUT", "/_mock/clock"),
    ("POST", "/_mock/faults"),
    ("PUT", "/_mock/scenario"),
    ("POST", "/_mock/scenario"),
    ("POST", "/_mock/verify"),
    ("POST", "/_mock/why"),
    ("POST", "/_mock/fork"),
    ("PUT", "/_mock/snapshot"),
]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"5",
    b"\xff\xfe",
    b'{"name":null}',
    b'{"name":{}}',
    b'{"name":["x"]}',
    b'{"a":' * 100 + b"1" + b"}" * 100,
    b'{"path":"\\u0000","body":{"amount":NaN}}',
    b'{"path":"/v1/charges","headers":{"\\u00e9":"\\ud83d\\ude00"}}',
    b'{"match":{"a.b..c.":[1,{"x":null}],"":5}}',
    b'{"set":1e400}',
    b'{"kind":"drop","times":%b}' % (b"9" * 400),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("body", BODIES, ids=lambda each: each[:30].decode("latin-1"))
def test_no_body_ends_in_a_500(
    server: InProcessServer, method: str, path: str, body: bytes
) -> None:
    reply = server.send(method, path, raw=body)  # a bug would be raised here
    assert reply.status in {200, 400, 409}
    if reply.status == 400:
        assert reply.json["message"]


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


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/_mock/clock"), ("GET", "/_mock/fork"), ("POST", "/_mock/sandboxes/x")],
)
def test_unsupported_method(server: InProcessServer, method: str, path: str) -> None:
    assert server.send(method, path).status == 405


@pytest.mark.parametrize("path", ["/_mock/nothing", "/_mock/sandboxes/a/b"])
def test_unknown_path(server: InProcessServer, path: str) -> None:
    assert server.send("GET", path).status == 404


NAME_ERROR = (
    "name: use up to 64 letters, digits, '.', '_' and '-'; "
    "start with a letter or digit; do not use what looks like a card number"
)
SANDBOX_REFUSALS: list[tuple[str, Any, str]] = [
    ("x", {"scenaro": "x"}, "Object contains unknown field `scenaro`; did you mean `scenario`?"),
    (
        "x",
        {"dialect": "obsrved"},
        'dialect is "obsrved"; must be one of observed, documented; did you mean `observed`?',
    ),
    ("x", {"strict": "x"}, 'strict is "x"; must be true or false'),
    ("x", [], "the body: expected an object, got an array"),
    ("-x", {}, NAME_ERROR),
    ("x" * 65, {}, NAME_ERROR),
    ("x y", {}, NAME_ERROR),
    ("é", {}, NAME_ERROR),
    ("x\n", {}, NAME_ERROR),
]


@pytest.mark.parametrize(("name", "requested", "message"), SANDBOX_REFUSALS)
def test_invalid_sandbox_is_rejected(
    server: InProcessServer, name: str, requested: Any, message: str
) -> None:
    before = got(server.send("GET", "/_mock/sandboxes"))
    result = got(server.send("PUT", f"/_mock/sandboxes/{name}", requested))
    assert result == (400, {"message": message})
    assert got(server.send("GET", "/_mock/sandboxes")) == before


def test_command_line_overrides_sandbox_settings(
    make_server: Callable[..., InProcessServer],
) -> None:
    server = make_server(dialect="documented")
    document = {"name": "x", "settings": {"dialect": "observed"}}
    answer = got(server.send("PUT", "/_mock/scenario", document))[1]
    assert answer["settings"] == {"dialect": "documented"}
