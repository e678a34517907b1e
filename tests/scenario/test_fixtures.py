"""The data of a scenario's sandbox at the start, and additional merchants."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.core.duration import DURATION_MS_MAX, parse_duration_ms
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.sandbox.people import generate_people
from mock_clover.scenario.load import load_with_warnings, parse
from mock_clover.scenario.records import ScenarioError
from tests.command_line import run_cli
from tests.in_process import NOW_MS, SEED, InProcessServer, MakeServer, Response
from tests.raw_http import call
from tests.server_process import ServerProcess

DAY_MS = 86_400_000
VISA, DECLINED_CARD = "4242424242424242", "4005571702222222"
JO = "J0000000000J0"
STOCK: dict[str, Any] = {
    "customers": [
        {
            "email": "jo@example.com",
            "id": JO,
            "first_name": "Jo",
            "ago": "30d",
            "cards": [
                {"number": VISA, "id": "CARD000000001", "token": "clv_1TSTSJoJoJoJoJoJoJoJoJoJ"},
                {"number": "5424180279791732", "id": "CARD000000002"},
            ],
        },
        {"email": "al@example.com", "cards": [{"number": VISA, "exp_year": "2020"}]},
        {"email": "no@example.com", "cards": []},
        {"email": "de@example.com", "cards": [{"number": DECLINED_CARD}]},
    ]
}
Make = Callable[[dict[str, Any]], InProcessServer]


@pytest.fixture
def stocked(make_server: MakeServer) -> Make:
    """Return a function that makes a server with a scenario document."""

    def make(document: dict[str, Any]) -> InProcessServer:
        return make_server(parse(json.dumps({"name": "s", **document}).encode(), "s.yaml"))

    return make


def root(
    server: InProcessServer, method: str, path: str, token: str = "", body: Any = None
) -> Response:
    """Send a request to the root, where the credentials select the merchant."""
    headers = {b"host": b"localhost:4242", b"authorization": f"Bearer {token}".encode()}
    data = b"" if body is None else json.dumps(body).encode()
    path, _, query = path.partition("?")
    reply = server.app.handle_now(method, path, query.encode(), headers, data)
    result = {name.decode(): value.decode() for name, value in reply.headers}
    return Response(reply.status, reply.body, reply.why, reply.content_type.decode(), result)


def the_charge(server: InProcessServer) -> dict[str, Any]:
    (created,) = server.send("GET", "/v1/charges").json["data"]
    return dict(created)


# Charges, orders, customers ----------------------------------------------------------------------

CHARGES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"status": "succeeded", "captured": True, "amount_captured": 1800, "paid": True}),
    ({"state": "authorized"}, {"status": "succeeded", "captured": False}),
    ({"state": "voided"}, {"captured": False, "amount_refunded": 1800, "refunded": True}),
    ({"state": "expired"}, {"captured": False, "amount_refunded": 0}),
    ({"state": "refunded"}, {"captured": True, "amount_refunded": 1800, "refunded": True}),
    ({"refunded": 300}, {"captured": True, "amount_refunded": 300, "refunded": False}),
    ({"captured": 900}, {"captured": True, "amount_captured": 900, "amount_refunded": 0}),
    ({"captured": 900, "refunded": 900}, {"amount_refunded": 900, "refunded": True}),
    (
        {"state": "failed"},
        {"status": "failed", "failure_message": "DECLINED: No reason provided.", "paid": None},
    ),
    (
        {"state": "failed", "decline_code": "insufficient_funds"},
        {"status": "failed", "failure_message": "Insufficient funds"},
    ),
    ({"id": "CHARGE0000001"}, {"id": "CHARGE0000001"}),
    ({"ago": "3d"}, {"created": (NOW_MS - 3 * DAY_MS) // 1000 * 1000}),
    ({"currency": "cad"}, {"currency": "CAD"}),
    ({"description": "tea", "external_reference_id": "A 1"}, {"description": "tea"}),
    ({"metadata": {"a": "b"}}, {"metadata": {"a": "b"}}),
    ({"customer": "jo@example.com"}, {"customer": JO}),
    ({"customer": JO}, {"customer": JO}),
    ({"card": {"number": "5424180279791732"}}, {}),
]


@pytest.mark.parametrize(("result", "expected"), CHARGES, ids=lambda value: json.dumps(value)[:60])
def test_fixture_charge_in_every_state(
    stocked: Make, result: dict[str, Any], expected: dict[str, Any]
) -> None:
    server = stocked({"data": {**STOCK, "charges": [{"amount": 1800, **result}]}})
    assert server.send("GET", "/_mock/journal").json == {"data": []}, "there is no request for it"
    created = the_charge(server)
    assert {name: created.get(name) for name in expected} == expected
    assert server.send("GET", f"/v1/charges/{created['id']}").json == created


@pytest.mark.parametrize(
    ("result", "method", "path", "status"),
    [
        ({"state": "authorized", "ago": "6d"}, "POST", "/v1/charges/{id}/capture", 200),
        ({"state": "authorized", "ago": "8d"}, "POST", "/v1/charges/{id}/capture", 400),
        ({"state": "expired"}, "POST", "/v1/charges/{id}/capture", 400),
        ({"state": "voided"}, "POST", "/v1/charges/{id}/capture", 400),
        ({"state": "captured"}, "POST", "/v1/refunds", 200),
        ({"state": "refunded"}, "POST", "/v1/refunds", 400),
        ({"state": "failed"}, "POST", "/v1/refunds", 400),
    ],
)
def test_fixture_charges_can_be_captured_and_refunded(
    stocked: Make, result: dict[str, Any], method: str, path: str, status: int
) -> None:
    server = stocked({"data": {"charges": [{"amount": 1800, **result}]}})
    charge_id = the_charge(server)["id"]
    body = {"charge": charge_id} if "refunds" in path else {}
    assert server.send(method, path.format(id=charge_id), body).status == status


def test_lists_are_by_age_whatever_their_order_in_the_file(stocked: Make) -> None:
    ages = ["1h", "3d", "0s", "2d"]
    server = stocked(
        {"data": {"charges": [{"amount": n + 1, "ago": ago} for n, ago in enumerate(ages)]}}
    )
    listed = server.send("GET", "/v1/charges").json["data"]
    assert [each["amount"] for each in listed] == [3, 1, 4, 2]
    assert [each["amount"] for each in server.send("GET", "/v1/orders").json["data"]] == [
        3,
        1,
        4,
        2,
    ]


def test_fixture_customer_has_listed_cards(stocked: Make) -> None:
    server = stocked({"data": STOCK})
    assert server.send("GET", f"/v1/customers/{JO}").json == {
        "id": JO,
        "object": "customer",
        "created": NOW_MS - 30 * DAY_MS,
        "currency": "USD",
        "email": "jo@example.com",
        "name": " ",
        "sources": {"object": "list", "data": ["CARD000000001", "CARD000000002"]},
        "shipping": {"name": " "},
    }


@pytest.mark.parametrize(
    ("customer", "status", "message"),
    [
        ("jo@example.com", 200, None),
        ("al@example.com", 402, "Expired card"),
        ("no@example.com", 400, "card_on_file_missing"),
        ("de@example.com", 402, "DECLINED: No reason provided."),
    ],
)
def test_saved_card_has_outcome_of_its_card_entry(
    stocked: Make, customer: str, status: int, message: str | None
) -> None:
    """A saved card may have expired since, and may be one that is declined today."""
    cards = [{"number": DECLINED_CARD, "outcome": "decline"}]
    server = stocked({"data": STOCK, "cards": cards})
    ids = {each.email: each.id for each in server.sandbox.customers}
    body = {"amount": 5, "currency": "usd", "source": ids[customer]}
    created = server.send("POST", "/v1/charges", body)
    error = created.json.get("error", {})
    assert created.status == status
    assert message in (None, error.get("message"), error.get("code"))


def test_token_of_saved_card_can_be_set(stocked: Make) -> None:
    server = stocked({"data": STOCK})
    paid = server.charge(
        source="clv_1TSTSJoJoJoJoJoJoJoJoJoJ",
        stored_credentials={"sequence": "SUBSEQUENT", "initiator": "MERCHANT"},
    )
    assert paid["source"]["last4"] == "4242"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({}, {"amount": 1000, "charge": None, "amount_paid": None, "amount_returned": None}),
        ({"state": "paid"}, {"amount_paid": 1000, "amount_returned": None}),
        ({"state": "returned"}, {"amount_paid": 1000, "amount_returned": 1000}),
        ({"state": "paid", "customer": "jo@example.com"}, {"customer": JO}),
        ({"state": "paid", "card": {"number": DECLINED_CARD}}, {"amount_paid": 1000}),
        ({"customer": JO}, {"customer": JO, "amount_paid": None}),
        ({"id": "0RDER00000001", "ago": "1d"}, {"id": "0RDER00000001"}),
    ],
    ids=str,
)
def test_fixture_order_in_every_state(
    stocked: Make, result: dict[str, Any], expected: dict[str, Any]
) -> None:
    order = {"items": [{"amount": 500, "quantity": 2}], **result}
    server = stocked({"data": {**STOCK, "orders": [order]}})
    (listed,) = server.send("GET", "/v1/orders").json["data"]
    created = server.send("GET", f"/v1/orders/{listed['id']}").json
    assert {name: created.get(name) for name in expected} == expected


# People ------------------------------------------------------------------------------------------


def test_people_creates_customers_with_one_card_each(stocked: Make) -> None:
    """They have the approved cards of the scenario in turn."""
    cards = [
        {"number": VISA, "outcome": "approve"},
        {"number": "5424180279791732", "outcome": "approve"},
        {"number": DECLINED_CARD, "outcome": "decline"},
    ]
    server = stocked({"data": {"people": 50}, "cards": cards})
    customers = list(server.sandbox.customers)
    assert len({each.email for each in customers}) == 50
    assert all(each.email.endswith("@example.com") and each.first_name for each in customers)
    brands = [token.card.brand for token in server.sandbox.tokens]
    assert brands == ["VISA", "MC"] * 25
    assert server.charge(source=customers[7].id)["source"]["brand"] == "MC"


def test_people_are_the_same_under_the_same_seed(stocked: Make) -> None:
    one, other = ([*stocked({"data": {"people": 5}}).sandbox.customers] for _ in "ab")
    assert one == other
    assert (
        list(generate_people("a", 9))
        == list(generate_people("a", 9))
        != list(generate_people("b", 9))
    )


def test_all_sandboxes_share_what_they_do_not_change(stocked: Make) -> None:
    server = stocked({"data": {"people": 3, "charges": [{"amount": 7, "id": "AAAAAAAAAAAAA"}]}})
    one, other = server.sandboxes.get_or_create("one"), server.sandboxes.get_or_create("other")
    assert list(one.customers) == list(other.customers) == list(server.sandbox.customers)
    one.charges.delete("AAAAAAAAAAAAA")
    assert (len(one.charges), len(other.charges)) == (0, 1)
    ids = {each.ids.object_id() for each in (one, other, server.sandbox)}
    assert len(ids) == 3, "new objects have ids of their own sandbox"


def test_ago_is_relative_to_sandbox_creation(stocked: Make) -> None:
    """The sandbox is created again after ten minutes."""
    server = stocked({"data": {"charges": [{"amount": 7, "ago": "1d"}]}})
    created = []
    for ahead_ms in (0, 599_000, 2_000):
        server.clock.advance(ahead_ms)
        (charge,) = server.sandboxes.get_or_create(f"at-{server.clock.now_ms()}").charges
        created.append(charge.created_ms - (NOW_MS - DAY_MS))
    assert created == [0, 0, 601_000]


def test_put_scenario_adds_its_data(server: InProcessServer) -> None:
    """Once for each scenario, however often it is set."""
    server.charge(amount=1)
    for name, amount in (("a", 2), ("a", 2), ("b", 3)):
        document = {"name": name, "data": {"people": 2, "charges": [{"amount": amount}]}}
        assert server.send("PUT", "/_mock/scenario", document).status == 200
    listed = server.send("GET", "/v1/charges").json["data"]
    assert [each["amount"] for each in listed] == [3, 2, 1]
    assert len(server.sandbox.customers) == 4


def test_merchant_data_is_separate_from_scenario_data(stocked: Make) -> None:
    own = {"people": 3, "charges": [{"amount": 2}]}
    server = stocked(
        {
            "data": {"people": 2, "charges": [{"amount": 1}]},
            "merchants": [{"name": "m", "data": own}],
        }
    )
    listed = server.send("GET", "/v1/charges").json["data"]
    assert [each["amount"] for each in listed] == [2, 1]
    assert len(server.sandbox.customers) == 5


def test_snapshot_has_rows_but_no_card_numbers(stocked: Make) -> None:
    server = stocked({"data": {**STOCK, "charges": [{"amount": 7}]}, "merchants": [{"name": "a"}]})
    taken = server.send("GET", "/_mock/snapshot")
    assert DECLINED_CARD not in taken.body.decode()
    assert VISA not in taken.body.decode()
    other = server.sandboxes.get_or_create("other")
    rows = server.sandbox.state()
    server.sandbox = other
    assert server.send("PUT", "/_mock/snapshot", taken.json).status == 200
    assert server.sandbox.state() == rows


# Errors -------------------------------------------------------------------------------------------

MISTAKES: list[tuple[str, str, str]] = [
    ("people: 10001", "3:3", "Expected `int` <= 10000"),
    ("people: many", "3:3", "Expected `int`, got `str`"),
    ("customer: []", "3:3", "unknown field `customer`; did you mean `customers`?"),
    ("customers: [{email: jo}]", "3:16", "The value does not have the form"),
    ("customers: [{email: a@b.c, id: short}]", "3:30", "The value does not have the form"),
    (
        'customers: [{email: a@b.c, cards: [{number: "4242424242424241"}]}]',
        "3:39",
        "the number fails the Luhn check",
    ),
    (
        'customers: [{email: a@b.c, cards: [{number: "9000000000000001"}]}]',
        "3:39",
        "no known card brand issues this number; add it to `cards` with its brand",
    ),
    (
        f'customers: [{{email: a@b.c, cards: [{{number: "{VISA}"}}, {{number: "{VISA}"}}]}}]',
        "3:69",
        "duplicate card of this customer",
    ),
    (
        f"customers: [{{email: a@b.c, id: {JO}}}, {{email: b@b.c, id: {JO}}}]",
        "3:65",
        "duplicate id",
    ),
    (
        f'customers: [{{email: a@b.c, cards: [{{number: "{VISA}", exp_month: 13}}]}}]',
        "3:67",
        "Expected `str`, got `int`; put the value in quotes",
    ),
    ("charges: [{amount: 10.5}]", "3:14", "amounts are integers in minor units: 1050 is $10.50"),
    ("charges: [{amount: 5, state: capture}]", "3:25", "did you mean `captured`?"),
    ("charges: [{amount: 5, ago: yesterday}]", "3:25", "The value does not have the form"),
    (
        "charges: [{amount: 5, customer: joe@example.com}]",
        "3:25",
        "unknown customer `joe@example.com`",
    ),
    (
        "charges: [{amount: 5, decline_code: do_not_honor}]",
        "3:25",
        "not allowed for state captured",
    ),
    ("charges: [{amount: 5, captured: 6}]", "3:25", "exceeds the amount of 5"),
    ("charges: [{amount: 5, refunded: 6}]", "3:25", "exceeds the captured amount of 5"),
    (
        "charges: [{amount: 5, captured: 3, refunded: 4}]",
        "3:38",
        "exceeds the captured amount of 3",
    ),
    (
        "charges: [{amount: 5, state: voided, refunded: 5}]",
        "3:40",
        "requires state captured, not voided",
    ),
    (
        "charges: [{amount: 0, state: refunded}]",
        "3:25",
        "amount 0 cannot be refunded",
    ),
    (
        f"charges: [{{amount: 5, metadata: {{a: {'x' * 500}}}}}]",
        "3:25",
        "is longer than 500 characters of JSON",
    ),
    ("orders: [{items: []}]", "3:13", "Expected `array` of length >= 1"),
    (
        "orders: [{items: [{amount: 0}], state: paid}]",
        "3:35",
        "with total 0 cannot be paid",
    ),
    (
        "orders: [{items: [{amount: 99999999, quantity: 2}]}]",
        "3:13",
        "the total 199999998 exceeds the maximum of 99999999",
    ),
]


@pytest.mark.parametrize(
    ("text", "at", "message"), MISTAKES, ids=[each[0][:50] for each in MISTAKES]
)
def test_data_error_has_line_number(text: str, at: str, message: str) -> None:
    with pytest.raises(ScenarioError) as result:
        parse(f"name: x\ndata:\n  {text}\n".encode(), "s.yaml")
    assert str(result.value).startswith(f"s.yaml:{at}: ")
    assert message in str(result.value)


def test_misspelled_name_gets_suggestion() -> None:
    text = (
        "name: x\ndata:\n  customers: [{email: jo@example.com, cards: []}]\n"
        "  charges: [{amount: 5, customer: joe@example.com}]\n"
        "  orders: [{items: [{amount: 5}], state: paid, customer: jo@example.com}]\n"
    )
    with pytest.raises(ScenarioError) as result:
        parse(text.encode(), "s.yaml")
    assert str(result.value).splitlines() == [
        "s.yaml:4:25: unknown customer `joe@example.com`;"
        " did you mean `jo@example.com`? - at `data.charges[0].customer`",
        "s.yaml:5:48: has no card to pay with - at `data.orders[0].customer`",
    ]


def test_authorization_older_than_its_lifetime_gives_warning(tmp_path: Any) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("name: x\ndata: {charges: [{amount: 5, state: authorized, ago: 7d}]}\n")
    assert load_with_warnings(str(file))[1] == [
        f"{file}:2:49: warning: authorizations expire after 7 days (Mastercard: 30 days)"
        " - at `data.charges[0].ago`"
    ]


@pytest.mark.parametrize(
    ("text", "ms"), [("0ms", 0), ("500ms", 500), ("30s", 30_000), ("8d", 8 * DAY_MS)]
)
def test_duration_is_parsed(text: str, ms: int) -> None:
    assert parse_duration_ms(text) == ms


@pytest.mark.parametrize("text", ["", "8", "d", "-1d", "1.5h", "1w", "3651d", "9" * 13 + "ms"])
def test_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid duration"):
        parse_duration_ms(text)
    assert DURATION_MS_MAX == 3_650 * DAY_MS


# Merchants ---------------------------------------------------------------------------------------

MARKET: dict[str, Any] = {
    "data": {"charges": [{"amount": 1}]},
    "merchants": [
        {"name": "market", "access_token": "market-token", "merchant_id": "MARKET"},
        {
            "name": "bakery",
            "access_token": "bakery-token",
            "settings": {"dialect": "documented"},
            "data": {"charges": [{"amount": 2}]},
        },
        {"name": "florist"},
    ],
}


def test_first_merchant_is_the_sandbox(
    stocked: Make,
) -> None:
    server = stocked(MARKET)
    shown = root(server, "GET", "/_mock/sandboxes/default").json
    credentials, florist = (
        derive_credentials(SEED, "default"),
        derive_credentials(SEED, "default.florist"),
    )
    assert {name: shown[name] for name in ("merchant_id", "client_id", "access_token")} == {
        "merchant_id": "MARKET",
        "client_id": credentials.client_id,
        "access_token": "market-token",
    }
    assert shown["merchants"][1] == {
        "name": "default.florist",
        "base_url": "http://localhost:4242",
        "scenario": "s",
        "merchant_id": florist.merchant_id,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "access_token": florist.access_token,
        "api_key": florist.api_key,
    }


@pytest.mark.parametrize("prefix", ["", "/sandbox/default", "/sandbox/t1"])
def test_a_credential_chooses_the_merchant(stocked: Make, prefix: str) -> None:
    """At the root and under a prefix: each test may have all merchants."""
    server = stocked(MARKET)
    name = prefix.rpartition("/")[2] or "default"
    florist = derive_credentials(SEED, f"{name}.florist").access_token
    seen = {
        token: [
            each["amount"]
            for each in root(server, "GET", f"{prefix}/v1/charges", token).json["data"]
        ]
        for token in ("market-token", "bakery-token", florist)
    }
    assert seen == {"market-token": [1], "bakery-token": [2], florist: []}
    assert root(server, "GET", f"{prefix}/v1/charges", "nobodys-token").status == 401


def test_a_merchant_has_its_own_settings(stocked: Make) -> None:
    server = stocked(MARKET)
    worded = {
        token: root(server, "POST", "/v1/charges", f"{token}-token", {})
        .json["error"]
        .get("doc_url")
        for token in ("market", "bakery")
    }
    assert worded == {
        "market": None,
        "bakery": "https://docs.clover.com/docs/ecommerce-error-codes",
    }


def test_command_line_overrides_merchant_settings(
    make_server: MakeServer,
) -> None:
    scenario = parse(json.dumps({"name": "s", **MARKET}).encode(), "s.yaml")
    server = make_server(scenario, dialect="observed")
    requested = root(server, "POST", "/v1/charges", "bakery-token", {})
    assert "doc_url" not in requested.json["error"]


def test_merchants_share_one_clock(stocked: Make) -> None:
    document = {
        "merchants": [
            {"name": "a", "data": {"charges": [{"amount": 1, "state": "authorized"}]}},
            {"name": "b", "data": {"charges": [{"amount": 2, "state": "authorized", "ago": "1d"}]}},
        ]
    }
    server = stocked(document)
    result = root(server, "PUT", "/_mock/clock", body={"advance": "8d"}).json
    amounts = {
        each.id: each.request.amount for m in server.sandbox.all_merchants for each in m.charges
    }
    assert [amounts[each["id"]] for each in result["fired"]] == [2, 1]


@pytest.mark.parametrize(
    ("asked_for", "opens"),
    [("MARKET", "market"), ("{bakery}", "bakery"), ("elsewhere", "market"), ("", "market")],
)
def test_oauth_gives_a_token_of_the_merchant_that_is_asked_for(
    stocked: Make, asked_for: str, opens: str
) -> None:
    server = stocked(MARKET)
    credentials = server.sandbox.credentials
    merchant = asked_for.format(bakery=derive_credentials(SEED, "default.bakery").merchant_id)
    sent = root(
        server, "GET", f"/oauth/authorize?client_id={credentials.client_id}&merchant_id={merchant}"
    )
    code = sent.headers["location"].partition("code=")[2]
    query = (
        f"client_id={credentials.client_id}&client_secret={credentials.client_secret}&code={code}"
    )
    token = root(server, "GET", f"/oauth/token?{query}").json["access_token"]
    listed = root(server, "GET", "/v1/charges", token).json["data"]
    assert [each["amount"] for each in listed] == [{"market": 1, "bakery": 2}[opens]]
    assert root(server, "GET", f"/oauth/token?{query}").status == 400, "a code can be used once"


def test_oauth_v2_gives_tokens_of_the_merchant_that_is_asked_for(stocked: Make) -> None:
    server = stocked(MARKET)
    credentials, bakery = (
        server.sandbox.credentials,
        derive_credentials(SEED, "default.bakery").merchant_id,
    )
    app = {"client_id": credentials.client_id}

    def amounts(token_pair: dict[str, Any]) -> list[int]:
        listed = root(server, "GET", "/v1/charges", token_pair["access_token"]).json["data"]
        return [each["amount"] for each in listed]

    query = f"client_id={credentials.client_id}&merchant_id={bakery}"
    sent = root(server, "GET", f"/oauth/v2/authorize?{query}").headers["location"]
    assert f"merchant_id={bakery}&" in sent
    secret = {"client_secret": credentials.client_secret}
    requested = app | secret | {"code": sent.partition("code=")[2]}
    first = root(server, "POST", "/oauth/v2/token", body=requested).json
    refresh = app | {"refresh_token": first["refresh_token"]}
    second = root(server, "POST", "/oauth/v2/refresh", body=refresh).json
    recovery = app | secret | {"recovery_token": first["refresh_token"]}
    third = root(server, "POST", "/oauth/v2/recovery", body=recovery).json
    assert [amounts(token_pair) for token_pair in (first, second, third)] == [[2], [2], [2]]
    legacy = {
        "app_uuid": credentials.client_id,
        "merchant_uuid": bakery,
        "auth_token": "bakery-token",
    }
    code = root(server, "POST", "/oauth/token/migrate_v2", body=legacy).json["authorization_code"]
    fourth = root(server, "POST", "/oauth/v2/token", body=app | secret | {"code": code}).json
    assert amounts(fourth) == [2]


def test_a_fork_has_the_merchants_too(stocked: Make) -> None:
    server = stocked(MARKET)
    created = root(server, "POST", "/_mock/fork", body={"name": "twin"}).json
    assert [each["name"] for each in created["merchants"]] == ["twin.bakery", "twin.florist"]
    path = "/sandbox/twin/v1/charges"
    charge = {"amount": 9, "currency": "usd", "source": "clv_x"}
    assert root(server, "POST", path, "bakery-token", charge).status == 400
    assert root(server, "GET", path, "bakery-token").json["data"][0]["amount"] == 2
    root(server, "PUT", "/sandbox/twin/_mock/clock", body={"advance": "1d"})
    twin = server.sandboxes.get_or_create("twin")
    assert {each.clock.now_ms() for each in twin.all_merchants} == {twin.clock.now_ms()}


def test_shared_credential_selects_default_sandbox_at_root(stocked: Make) -> None:
    server = stocked(MARKET)
    root(server, "PUT", "/_mock/sandboxes/other")
    owner = server.sandboxes.for_request({b"authorization": b"Bearer bakery-token"})
    assert owner.name == "default.bakery"
    root(server, "DELETE", "/_mock/sandboxes/other")
    assert server.sandboxes.find("other.bakery") is None
    assert (
        server.sandboxes.for_request({b"authorization": b"Bearer bakery-token"}).name
        == "default.bakery"
    )


def test_sandbox_from_scenario_document(server: InProcessServer) -> None:
    body = {"scenario": {"name": "market", **MARKET}}
    created = root(server, "PUT", "/_mock/sandboxes/t", body=body).json
    assert (created["scenario"], created["access_token"]) == ("market", "market-token")
    assert root(server, "GET", "/sandbox/t/v1/charges", "bakery-token").status == 200
    wrong = {"scenario": {"name": "market", "merchants": [{"name": "a"}, {"name": "a"}]}}
    refused = root(server, "PUT", "/_mock/sandboxes/t", body=wrong)
    assert (refused.status, refused.json) == (
        400,
        {"message": "merchants[1].name: merchant 1 has the same value; it must be unique"},
    )
    assert root(server, "GET", "/_mock/sandboxes/t").json == created, "nothing has changed"


def test_put_scenario_adds_its_merchants(server: InProcessServer) -> None:
    server.charge(amount=5)
    root(server, "PUT", "/_mock/scenario", body={"name": "market", **MARKET})
    listed = root(server, "GET", "/v1/charges", "market-token").json["data"]
    assert [each["amount"] for each in listed] == [1, 5]
    assert root(server, "GET", "/v1/charges", "bakery-token").json["data"][0]["amount"] == 2


def test_the_rows_of_all_merchants_together_are_bounded() -> None:
    def parsed(*merchants: dict[str, Any]) -> str:
        document = {"name": "x", "data": {"people": 10_000}, "merchants": list(merchants)}
        return parse(json.dumps(document).encode(), "s.yaml").name

    full = [{"name": "a", "data": {"people": 9_998, "charges": [{"amount": 1}, {"amount": 2}]}}]
    assert parsed(*full) == "x"
    more = {"name": "b", "data": {"charges": [{"amount": 3}]}}
    with pytest.raises(ScenarioError) as refused:
        parsed(*full, {"name": "empty"}, more)
    (finding,) = refused.value.findings
    assert (finding.path, finding.message) == (
        "merchants[2].data",
        "the scenario has 20,001 rows of data; the maximum is 20,000 for all merchants together",
    )


@pytest.mark.parametrize("member", ["name", "access_token", "api_key", "merchant_id"])
def test_duplicate_merchant_credentials_are_rejected(member: str) -> None:
    one, other = {"name": "a", member: "same"}, {"name": "b", member: "same"}
    document = {"name": "x", "merchants": [one, other]}
    with pytest.raises(ScenarioError, match=rf"merchants\[1\]\.{member}"):
        parse(json.dumps(document).encode(), "s.yaml")


@pytest.mark.parametrize("merchant", [None, "market", "bakery", "florist"])
def test_env_matches_server_credentials(tmp_path: Any, stocked: Make, merchant: str | None) -> None:
    file = tmp_path / "market.yaml"
    file.write_text(json.dumps({"name": "s", **MARKET}))
    server = stocked(MARKET)
    args = ["env", "--seed", SEED, "--scenario", str(file), "--format", "json"]
    output = run_cli(*args, *(["--merchant", merchant] if merchant else []))
    meant = {"bakery": 1, "florist": 2}.get(merchant or "", 0)
    credentials = server.sandbox.all_merchants[meant].credentials
    assert json.loads(output.stdout) == {
        "CLOVER_BASE_URL": "http://127.0.0.1:4242",
        "CLOVER_MERCHANT_ID": credentials.merchant_id,
        "CLOVER_CLIENT_ID": credentials.client_id,
        "CLOVER_CLIENT_SECRET": credentials.client_secret,
        "CLOVER_ACCESS_TOKEN": credentials.access_token,
        "CLOVER_API_KEY": credentials.api_key,
    }


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--merchant", "x"], "requires --scenario"),
        (["--scenario", "sandbox", "--merchant", "x"], "has no merchant 'x'; it has: none"),
        (["--scenario", "sandbx"], "did you mean `sandbox`?"),
    ],
)
def test_env_rejects_invalid_arguments(args: list[str], message: str) -> None:
    output = run_cli("env", *args)
    assert (output.code, output.stdout) == (2, "")
    assert message in output.stderr


def test_progress_is_shown_for_large_fixtures(
    tmp_path: Any, start_server: Callable[..., ServerProcess]
) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("name: many\ndata: {people: 600}\nmerchants: [{name: m, access_token: t}]\n")
    server = start_server("--scenario", str(file))
    created = call(server.port, "GET", "/_mock/snapshot")
    assert len(json.loads(created.body)["customers"]) == 600
    assert "creating 600 rows of scenario many" in server.log.read_text()
