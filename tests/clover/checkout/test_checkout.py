"""Hosted checkout without a page: sessions, payments, their effects, and isolation."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from msgspec import convert

from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.scenario.load import ScenarioError, parse
from tests.checkouts import (
    LAMP,
    MINUTE_MS,
    PATH,
    URLS,
    asked,
    create,
    pay,
    selling,
    session,
    shown,
)
from tests.hostile import BODIES, VALUES, error_in, invalid_bodies
from tests.in_process import (
    DECLINED_CARD,
    NOW_MS,
    SEED,
    VISA,
    InProcessServer,
    MakeServer,
    Response,
)
from tests.receiver import taken

SECRET = "s3cret"
TAXED = LAMP | {"unitQty": 2, "taxRates": [{"name": "Tax", "rate": 1_000_000}, {"rate": 500_000}]}


def switched(make_server: MakeServer, **settings: Any) -> InProcessServer:
    return make_server(checkout=convert(settings, CheckoutSettings))


# A session ---------------------------------------------------------------------------------------


def test_a_session_lasts_fifteen_minutes(server: InProcessServer) -> None:
    got = create(server)
    session_id = got.json["checkoutSessionId"]
    assert got.json == {
        "href": f"http://localhost:4242/pay-checkout/{session_id}?mode=checkout",
        "checkoutSessionId": session_id,
        "createdTime": "2025-05-27T10:22:50.775Z",
        "expirationTime": "2025-05-27T10:37:50.775Z",
    }
    states = []
    for advance in ("0ms", "14m", "59999ms", "1ms"):
        server.send("PUT", "/_mock/clock", {"advance": advance})
        states.append(shown(server, session_id)["state"])
    assert states == ["open", "open", "open", "expired"]


def test_the_documented_dialect_has_unix_time(make_server: MakeServer) -> None:
    server = make_server(dialect="documented")
    documented = {"createdTime": NOW_MS, "expirationTime": NOW_MS + 15 * MINUTE_MS}
    assert create(server).json.items() >= documented.items()
    named = {"x-clover-merchant-id": server.known.merchant_id, "x-mock-clover-dialect": "observed"}
    got = server.send("POST", PATH, asked(), headers=named)
    assert got.json["createdTime"] == "2025-05-27T10:22:50.775Z"


def test_an_option_changes_one_setting_of_the_checkout(make_server: MakeServer) -> None:
    scenario = parse(b"name: tipped\nsettings: {checkout: {tips: always}}", "tipped.yaml")
    server = make_server(scenario, checkout={"redirects": "any"})
    assert server.sandbox.settings.checkout == CheckoutSettings(tips="always", redirects="any")
    assert create(server, redirectUrls={"success": "http://localhost:3000/"}).status == 200


CARTS: dict[str, tuple[list[dict[str, Any]], int, int | None]] = {
    "one thing": ([LAMP], 10_900, None),
    "price times units": ([LAMP | {"unitQty": 3}], 32_700, None),
    "taxes on the line": ([TAXED], 25_070, 3_270),
    "two lines, one of them taxed": ([LAMP, TAXED], 35_970, 3_270),
    "half a cent of tax is rounded up": (
        [LAMP | {"price": 5} | {"taxRates": [{"rate": 10**6}]}],
        6,
        1,
    ),
    "a gift": ([LAMP | {"price": 0}], 0, None),
    "an item of the inventory, named": ([LAMP | {"itemRefUuid": "8ZC0J6AG35N64"}], 10_900, None),
    "the maximum": ([LAMP | {"price": 99_999_999}], 99_999_999, None),
}


@pytest.mark.parametrize(("lines", "amount", "tax"), CARTS.values(), ids=CARTS)
def test_the_amount_is_the_sum_of_the_lines_and_their_taxes(
    server: InProcessServer, lines: list[dict[str, Any]], amount: int, tax: int | None
) -> None:
    created = session(server, shoppingCart={"lineItems": lines})
    row = shown(server, created)
    assert (row["amount"], row.get("tax_amount")) == (amount, tax)
    paid = pay(server, created).json
    charge = server.send("GET", f"/v1/charges/{paid['charge']}").json
    order = server.send("GET", f"/v1/orders/{paid['order']}").json
    assert (charge["amount"], charge.get("tax_amount")) == (amount, tax)
    assert (order["amount"], order["charge"]) == (amount, charge["id"])


INVENTORY: dict[str, tuple[dict[str, Any], str, int]] = {
    "its name and price": ({}, "Desk lamp", 2_500),
    "its name": ({"price": 1}, "Desk lamp", 1),
    "its price": ({"name": "Lamp"}, "Lamp", 2_500),
    "neither": ({"name": "Lamp", "price": 0}, "Lamp", 0),
}


@pytest.mark.parametrize(("given", "name", "price"), INVENTORY.values(), ids=INVENTORY)
def test_line_takes_missing_values_from_inventory_item(
    server: InProcessServer, given: dict[str, Any], name: str, price: int
) -> None:
    """And no tax: a session has only those of its request."""
    root = f"/v3/merchants/{server.known.merchant_id}"
    tax = {"name": "Tax", "rate": 1_000_000, "isDefault": True}
    assert server.send("POST", f"{root}/tax_rates", tax).status == 200
    item = server.send("POST", f"{root}/items", {"name": "Desk lamp", "price": 2_500}).json["id"]
    line = {"itemRefUuid": item, "unitQty": 2} | given
    created = shown(server, session(server, shoppingCart={"lineItems": [line]}))
    assert (created["amount"], created["lines"]) == (
        2 * price,
        [{"name": name, "price": price, "quantity": 2, "item": item}],
    )


def test_the_platform_has_the_order_and_the_payment(server: InProcessServer) -> None:
    """Integrators look for them there (observed)."""
    line = TAXED | {"itemRefUuid": "8ZC0J6AG35N64"}
    created = create(server, shoppingCart={"lineItems": [line]}).json
    pay(server, created["checkoutSessionId"], DECLINED_CARD)
    paid = pay(server, created["checkoutSessionId"]).json
    root = f"/v3/merchants/{server.known.merchant_id}"
    since_ms = NOW_MS // 1_000 * 1_000  # the platform has whole seconds
    query = f"filter=createdTime>={since_ms}&orderBy=createdTime%20DESC"
    query += "&expand=lineItems,payments"
    (order,) = server.send("GET", f"{root}/orders?{query}").json["elements"]
    assert (order["id"], order["total"], order["paymentState"]) == (paid["order"], 25_070, "PAID")
    assert [line["name"] for line in order["lineItems"]["elements"]] == ["Floor lamp"]
    (payment,) = order["payments"]["elements"]
    assert (payment["id"], payment["amount"], payment["taxAmount"], payment["result"]) == (
        *(paid["charge"], 25_070, 3_270),
        "SUCCESS",
    )


TAKEN: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing of the customer": ({}, {"customer": {}}, []),
    "no redirect at all": ({}, {"redirectUrls": ...}, []),
    "tips": ({}, {"tips": {"enabled": True}}, []),
    "metadata": ({}, {"metadata": {"a": [1, {"b": None}]}}, []),
    "another word for the redirects": (
        {},
        {"redirectUrl": "https://shop.example/"},
        ["redirectUrl (did you mean redirectUrls?)"],
    ),
    "a word of older clients": ({}, {"successUrl": "x"}, ["successUrl"]),
    "a fragment": ({}, {"redirectUrls": {"success": "https://shop.example/#/paid"}}, []),
    "all of a customer, demanded": (
        {"customer": "all"},
        {"customer": {"firstName": "Jo", "lastName": "Doe", "email": "jo@example.com"}},
        [],
    ),
    "some of a customer, demanded": ({"customer": "any"}, {"customer": {"lastName": "Doe"}}, []),
    "a shop on this machine": (
        {"redirects": "any"},
        {"redirectUrls": {"success": "http://localhost:3000/paid?id={CHECKOUT_SESSION_ID}"}},
        [],
    ),
}


@pytest.mark.parametrize(("settings", "changes", "ignored"), TAKEN.values(), ids=TAKEN)
def test_accepted_session_requests(
    make_server: MakeServer,
    settings: dict[str, Any],
    changes: dict[str, Any],
    ignored: list[str],
) -> None:
    server = switched(make_server, **settings)
    assert create(server, **changes).status == 200
    (entry,) = server.send("GET", "/_mock/journal").json["data"]
    assert entry.get("ignored", []) == ignored


def test_strict_rejects_unknown_field(make_server: MakeServer) -> None:
    got = create(make_server(strict=True), redirectUrl="https://shop.example/")
    assert (got.status, got.json["error"]["code"]) == (400, "parameter_unknown")


def test_oldest_session_is_evicted(server: InProcessServer) -> None:
    server.sandbox.checkouts.rows_max = 2
    first, second, third = (session(server) for _ in range(3))
    listed = server.send("GET", "/_mock/checkouts").json["data"]
    assert [row["id"] for row in listed] == [third, second]
    assert pay(server, first).status == 404


def test_sessions_are_listed_by_their_state(server: InProcessServer) -> None:
    paid, cancelled, expired = (session(server) for _ in range(3))
    pay(server, paid)
    server.send("POST", f"/_mock/checkouts/{cancelled}/cancel")
    server.send("PUT", "/_mock/clock", {"advance": "1h"})
    created = session(server)
    states = {"open": created, "paid": paid, "cancelled": cancelled, "expired": expired}
    for state, expected in states.items():
        found = server.send("GET", f"/_mock/checkouts?state={state}").json["data"]
        assert [(row["id"], row["state"]) for row in found] == [(expected, state)]
    newest = server.send("GET", "/_mock/checkouts?limit=2").json["data"]
    assert [row["id"] for row in newest] == [created, expired]
    assert server.send("GET", "/_mock/checkouts?state=done").status == 400


# A payment ---------------------------------------------------------------------------------------


def test_a_decline_and_then_another_card(server: InProcessServer) -> None:
    created = session(server, customer={"email": "jo@example.com"})
    declined = pay(server, created, DECLINED_CARD)
    paid = pay(server, created)
    no, yes = (got.json["charge"] for got in (declined, paid))
    assert {name: declined.json.get(name) for name in OUTCOME} == {
        "result": "declined",
        "charge": no,
        "order": None,
        "decline_code": "issuer_declined",
        "message": "DECLINED: No reason provided.",
        "location": None,
    }
    assert {name: paid.json.get(name) for name in OUTCOME} == {
        "result": "approved",
        "charge": yes,
        "order": paid.json["order"],
        "decline_code": None,
        "message": None,
        "location": URLS["success"],
    }
    assert [got.why.partition(" is ")[0] for got in (declined, paid)] == [
        "sandbox: VISA ...2222",
        "sandbox: VISA ...4242",
    ]
    listed = server.send("GET", "/v1/charges").json["data"]
    assert [(row["id"], row["status"]) for row in listed] == [(yes, "succeeded"), (no, "failed")]
    row = shown(server, created)
    assert (row["state"], row["charge"], row["declined"]) == ("paid", yes, [no])
    orders = server.send("GET", "/v1/orders").json["data"]
    assert [(order["id"], order["charge"]) for order in orders] == [(row["order"], yes)]


OUTCOME = ("result", "charge", "order", "decline_code", "message", "location")

CARDS: dict[str, tuple[dict[str, Any], str]] = {
    "a wrong check digit": ({"number": "4242424242424241"}, "INCORRECT_NUMBER"),
    "letters": ({"number": "4242 card"}, "INCORRECT_NUMBER"),
    "no number": ({"number": None}, "INVALID_PAN"),
    "month 13": ({"exp_month": "13"}, "INVALID_EXPIRY_MONTH"),
    "no year": ({"exp_year": None}, "INVALID_EXPIRY_YEAR"),
    "a month that is over": ({"exp_month": "4", "exp_year": "25"}, "EXPIRED_CARD"),
    "a CVV of two digits": ({"cvv": "12"}, "INCORRECT_CVC"),
    "no CVV": ({"cvv": None}, "INCORRECT_CVC"),
    "an unknown brand": ({"number": "9999999999999995"}, "INVALID_CARD_TYPE"),
}


@pytest.mark.parametrize(("card", "problem"), CARDS.values(), ids=CARDS)
def test_card_is_validated_like_a_token_request(
    server: InProcessServer, card: dict[str, Any], problem: str
) -> None:
    created = session(server)
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = server.send("POST", f"/_mock/checkouts/{created}/pay", server.card(**card))
    assert (got.status, problem in got.why) == (400, True)
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before
    (*_, entry) = server.send("GET", "/_mock/journal").json["data"]
    assert (entry["endpoint"], entry["status"], entry["why"]) == ("pay_checkout", 400, problem)
    assert pay(server, created).json["result"] == "approved"


def test_an_encrypted_number_is_taken_too(server: InProcessServer) -> None:
    created = session(server)
    got = server.send("POST", f"/_mock/checkouts/{created}/pay", server.encrypted(DECLINED_CARD))
    assert got.json["result"] == "declined"


def test_listed_cards_only_applies_to_checkout(make_server: MakeServer) -> None:
    server = make_server(listed_cards_only=True)
    got = pay(server, session(server), "4539148803436467")
    assert (got.status, "CARD_NOT_LISTED" in got.why) == (400, True)


def test_a_tip_is_paid_beside_the_amount(server: InProcessServer) -> None:
    created = session(server)
    body = server.card() | {"tip": 500}
    charge = server.send("POST", f"/_mock/checkouts/{created}/pay", body).json["charge"]
    row = server.send("GET", f"/v1/charges/{charge}").json
    assert (row["amount"], row["tip_amount"]) == (10_900, 500)


def test_a_payment_can_be_refunded(server: InProcessServer) -> None:
    paid = pay(server, session(server)).json
    refund = server.send("POST", "/v1/refunds", {"charge": paid["charge"]})
    assert (refund.status, refund.json["amount"]) == (200, 10_900)
    assert server.send("GET", f"/v1/orders/{paid['order']}").status == 200


def test_its_token_is_spent(server: InProcessServer) -> None:
    paid = pay(server, session(server)).json
    token = server.send("GET", f"/v1/charges/{paid['charge']}").json["source"]["id"]
    body = {"amount": 1, "currency": "usd", "source": token}
    assert server.send("POST", "/v1/charges", body).json["error"]["code"] == "token_already_used"


def test_a_session_names_its_newest_declines(server: InProcessServer) -> None:
    created = session(server)
    declined = [pay(server, created, DECLINED_CARD).json["charge"] for _ in range(21)]
    assert shown(server, created)["declined"] == declined[1:]


FULL = ("tokens", "orders", "charges")


@pytest.mark.parametrize("table", FULL)
def test_payment_fails_if_sandbox_is_full(server: InProcessServer, table: str) -> None:
    created = session(server)
    getattr(server.sandbox, table).rows_max = 0
    before = (server.sandbox.state(), server.sandbox.ids.state())
    assert pay(server, created).status == 503
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


# Rules --------------------------------------------------------------------------------------------

NO = {"decline": {"decline_code": "do_not_honor", "message": "Do not honor"}}
RULES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "by operation": ({"endpoint": "pay_checkout"}, NO, "declined"),
    "by another operation": ({"endpoint": "create_charge"}, NO, "approved"),
    "by no operation": ({"amount": 666}, NO, "declined"),
    "by another amount": ({"amount": 667}, NO, "approved"),
    "by card": ({"card": {"last4": "4242"}}, NO, "declined"),
    "by e-mail": ({"email": "JO@example.com"}, NO, "declined"),
    "by currency": ({"currency": "usd"}, NO, "declined"),
    "by an item's name": ({"description": "Soft"}, NO, "declined"),
    "by metadata": ({"metadata": {"order": "1001"}}, NO, "declined"),
    "the second payment": ({"endpoint": "pay_checkout", "nth": 2}, NO, "approved"),
    "a refusal": ({"endpoint": "pay_checkout"}, {"problem": "RATE_LIMITED"}, "429"),
    "a refusal of calls": ({"amount": 666}, {"problem": "RATE_LIMITED"}, "approved"),
    "a part of it": (
        {"endpoint": "pay_checkout"},
        {"approve": {"amount": 600}},
        "declined",
    ),
    "all of it, by a number": (
        {"endpoint": "pay_checkout"},
        {"approve": {"amount": 700}},
        "approved",
    ),
}


def ruled(make_server: MakeServer, when: dict[str, Any], then: dict[str, Any]) -> InProcessServer:
    rule = json.dumps({"name": "x", "rules": [{"when": when, "then": then}]})
    return make_server(parse(rule.encode(), "x.yaml"))


@pytest.mark.parametrize(("when", "then", "end"), RULES.values(), ids=RULES)
def test_rules_decide(
    make_server: MakeServer, when: dict[str, Any], then: dict[str, Any], end: str
) -> None:
    server = ruled(make_server, when, then)
    created = session(
        server,
        customer={"email": "jo@example.com"},
        shoppingCart=selling(666, "Software"),
        metadata={"order": "1001"},
    )
    got = pay(server, created)
    assert got.json.get("result", str(got.status)) == end
    assert shown(server, created)["state"] == ("paid" if end == "approved" else "open")


def test_partial_approval_is_rejected(make_server: MakeServer) -> None:
    server = ruled(make_server, {"endpoint": "pay_checkout"}, {"approve": {"amount": 600}})
    got = pay(server, session(server))
    assert (got.json["decline_code"], got.json["message"]) == (
        "insufficient_funds",
        "Insufficient funds",
    )
    assert "the page accepts no partial approval" in got.why


def test_phantom_decline_on_checkout(make_server: MakeServer) -> None:
    server = ruled(make_server, {"endpoint": "pay_checkout"}, {"decline": {"phantom": True}})
    hook(server)
    created = session(server)
    got = pay(server, created)
    assert (got.json["result"], shown(server, created)["state"]) == ("declined", "open")
    (charge,) = server.send("GET", "/v1/charges").json["data"]
    (order,) = server.send("GET", "/v1/orders").json["data"]
    assert (charge["status"], order["charge"]) == ("succeeded", charge["id"])
    assert [post.json["status"] for post in taken(server.sandbox)] == ["DECLINED"]


MARKED: dict[str, dict[str, Any]] = {
    "in an item's name": {"shoppingCart": selling(1, "mock-clover:card_declined/lost_card")},
    "in metadata": {"metadata": {"test": "mock-clover:card_declined/lost_card"}},
}


@pytest.mark.parametrize("changes", MARKED.values(), ids=MARKED)
def test_an_outcome_in_a_text_decides_the_payment(
    server: InProcessServer, changes: dict[str, Any]
) -> None:
    got = pay(server, session(server, **changes))
    assert (got.json["decline_code"], got.why) == (
        "lost_card",
        "text: mock-clover:card_declined/lost_card",
    )


def test_an_outcome_in_a_header_decides_the_payment(server: InProcessServer) -> None:
    got = server.send(
        "POST",
        f"/_mock/checkouts/{session(server)}/pay",
        server.card(),
        headers={"x-mock-clover-outcome": "card_declined/stolen_card"},
    )
    assert got.json["decline_code"] == "stolen_card"


def test_the_journal_has_each_attempt_without_the_card(server: InProcessServer) -> None:
    created = session(server)
    pay(server, created, DECLINED_CARD)
    pay(server, created)
    entries = server.send("GET", "/_mock/journal?endpoint=pay_checkout").json["data"]
    assert [(each["method"], each["path"], each["status"]) for each in entries] == [
        ("PAGE", f"/pay-checkout/{created}", 402),
        ("PAGE", f"/pay-checkout/{created}", 200),
    ]
    assert entries[0]["request"] == {
        "checkout": created,
        "amount": 10_900,
        "currency": "USD",
        "description": "Floor lamp",
    }
    body = {"endpoint": "pay_checkout", "exactly": 2, "match": {"checkout": created}}
    assert server.send("POST", "/_mock/verify", body).status == 200


def test_due_jobs_run_before_payment(server: InProcessServer) -> None:
    """No request triggers it in between: the clock runs by itself."""
    server.charge(capture=False)
    server.clock.advance(7 * 24 * 60 * MINUTE_MS - MINUTE_MS)
    created = session(server)
    server.clock.advance(MINUTE_MS)
    pay(server, created)
    states = [charge.state for charge in server.sandbox.state()["charges"]]
    assert states == ["expired", "captured"]


# Redirects ----------------------------------------------------------------------------------------

DASHBOARD = {"success": "https://dash.example/ok", "failure": "https://dash.example/no"}
LEADS: dict[str, tuple[dict[str, Any], dict[str, str], list[str | None]]] = {
    "as was asked": ({}, URLS, [None, URLS["success"]]),
    "nowhere": ({}, {}, [None, None]),
    "the dashboard's win": ({"dashboard": DASHBOARD}, URLS, [None, DASHBOARD["success"]]),
    "to the failure": ({"after_decline": "redirect"}, URLS, [URLS["failure"], URLS["success"]]),
    "to no failure": ({"after_decline": "redirect"}, {}, [None, None]),
    "to the dashboard's failure": (
        {"after_decline": "redirect", "dashboard": DASHBOARD},
        {},
        [DASHBOARD["failure"], DASHBOARD["success"]],
    ),
}


@pytest.mark.parametrize(("settings", "urls", "leads"), LEADS.values(), ids=LEADS)
def test_redirects_after_decline_and_payment(
    make_server: MakeServer,
    settings: dict[str, Any],
    urls: dict[str, str],
    leads: list[str | None],
) -> None:
    server = switched(make_server, **settings)
    created = session(server, redirectUrls=urls)
    assert [
        pay(server, created, pan).json.get("location") for pan in (DECLINED_CARD, VISA)
    ] == leads


def test_cancelling_redirects_to_shop(server: InProcessServer) -> None:
    created = session(server)
    got = server.send("POST", f"/_mock/checkouts/{created}/cancel")
    assert (got.json["result"], got.json["location"]) == ("cancelled", URLS["cancel"])
    assert server.send("GET", "/v1/charges").json["data"] == []


def test_checkout_settings_of_one_sandbox(server: InProcessServer) -> None:
    body = {"checkout": {"redirects": "any", "after_decline": "redirect"}}
    created = server.send("PUT", "/_mock/sandboxes/shop", body)
    assert created.status == 200
    switch = server.sandboxes.get_or_create("shop").settings.checkout
    assert (switch.redirects, switch.after_decline, switch.webhook_data) == (
        "any",
        "redirect",
        None,
    )
    wrong = server.send("PUT", "/_mock/sandboxes/shop", {"checkout": {"redirect": "any"}})
    assert (wrong.status, "redirect" in wrong.json["message"]) == (400, True)


def test_invalid_dashboard_url_is_reported_with_path() -> None:
    text = (
        b"name: x\nsettings:\n  checkout:\n    dashboard:\n      success: 'javascript:alert(1)'\n"
    )
    with pytest.raises(ScenarioError, match=r"x.yaml:5:7: must be an http.*dashboard.success"):
        parse(text, "x.yaml")


# Webhooks -----------------------------------------------------------------------------------------


def hook(server: InProcessServer, **members: Any) -> None:
    body = {"kind": "hosted_checkout", "url": "http://127.0.0.1:9/", "secret": SECRET} | members
    assert server.send("PUT", "/_mock/webhooks", body).status == 200


def test_webhooks_for_payment_and_decline(server: InProcessServer) -> None:
    hook(server)
    created = session(server)
    ids = [pay(server, created, pan).json["charge"] for pan in (DECLINED_CARD, VISA)]
    posts = taken(server.sandbox)
    ends = [("Decline", "DECLINED"), ("Approved", "APPROVED")]
    assert [post.json for post in posts] == [
        {
            "createdTime": NOW_MS,
            "message": f"{word} for 10900",
            "status": status,
            "type": "PAYMENT",
            "id": charge,
            "merchantId": server.known.merchant_id,
            "checkoutSessionId": created,
        }
        for charge, (word, status) in zip(ids, ends, strict=True)
    ]
    for post in posts:
        result = dict(part.split("=") for part in post.headers["Clover-Signature"].split(","))
        proof = hmac.new(SECRET.encode(), f"{result['t']}.".encode() + post.body, hashlib.sha256)
        assert (result["t"], result["v1"]) == (str(NOW_MS // 1000), proof.hexdigest())


@pytest.mark.parametrize(
    ("dialect", "checkout", "has_data"),
    [
        ("observed", {}, False),
        ("documented", {}, True),
        ("observed", {"webhook_data": True}, True),
        ("documented", {"webhook_data": False}, False),
    ],
)
def test_a_payment_webhook_has_data_by_dialect_or_setting(
    server: InProcessServer, dialect: str, checkout: dict[str, bool], has_data: bool
) -> None:
    body = {"dialect": dialect, "checkout": checkout}
    assert server.send("PUT", "/_mock/sandboxes/shop", body).status == 200
    server.sandbox = server.sandboxes.get_or_create("shop")
    server.known = server.sandbox.credentials
    hook(server)
    created = session(server)
    pay(server, created)
    (post,) = taken(server.sandbox)
    named = {name: value for name, value in post.json.items() if value == created}
    assert named == {"checkoutSessionId": created} | ({"data": created} if has_data else {})


def test_nothing_else_is_announced(server: InProcessServer) -> None:
    """Only PAYMENT events; none for expiry or abandonment (documented)."""
    hook(server)
    cancelled, expired = session(server), session(server)
    server.send("POST", f"/_mock/checkouts/{cancelled}/cancel")
    server.send("POST", f"/_mock/checkouts/{expired}/pay", server.card(number="4242"))
    server.send("PUT", "/_mock/clock", {"advance": "1h"})
    pay(server, expired)
    assert taken(server.sandbox) == []


def test_platform_targets_get_order_and_payment_events(server: InProcessServer) -> None:
    hook(server, kind="platform", handshake=False)
    created = session(server)
    pay(server, created, DECLINED_CARD)
    pay(server, created)
    events = [post.event for post in taken(server.sandbox)]
    assert events == ["P:CREATE", "O:CREATE", "P:CREATE", "O:UPDATE"]


def test_an_event_may_follow_by_rule(make_server: MakeServer) -> None:
    event = {"kind": "hosted_checkout", "signature": "wrong"}
    server = ruled(make_server, {"endpoint": "pay_checkout"}, {"approve": {}, "webhook": event})
    hook(server)
    created = session(server)
    charge = pay(server, created).json["charge"]
    posts = taken(server.sandbox)
    ends = [tuple(map(post.json.get, ("id", "status", "checkoutSessionId"))) for post in posts]
    assert ends == [(charge, "APPROVED", created)] * 2


# Isolation ----------------------------------------------------------------------------------------


def test_sessions_are_isolated_by_sandbox(server: InProcessServer) -> None:
    created = session(server)
    other = derive_credentials(SEED, "other")
    opens = {"authorization": f"Bearer {other.access_token}", "host": "localhost:4242"}
    opens["x-clover-merchant-id"] = other.merchant_id

    def send(method: str, path: str, body: Any = None) -> Any:
        sent = {name.encode(): value.encode() for name, value in opens.items()}
        raw = b"" if body is None else json.dumps(body).encode()
        return server.app.handle_now(method, f"/sandbox/other{path}", b"", sent, raw)

    for reply in (
        send("GET", f"/_mock/checkouts/{created}"),
        send("GET", f"/pay-checkout/{created}"),
        send("POST", f"/_mock/checkouts/{created}/pay", server.card()),
        send("POST", f"/_mock/checkouts/{created}/cancel"),
    ):
        assert reply.status == 404
    theirs = json.loads(send("POST", PATH, asked()).body)
    assert theirs["href"].startswith("http://localhost:4242/sandbox/other/pay-checkout/")
    path = theirs["href"].removeprefix("http://localhost:4242/sandbox/other").partition("?")[0]
    assert send("GET", path).status == 200
    assert server.send("GET", path).status == 404
    assert shown(server, created)["state"] == "open"


MERCHANTS = b"""
name: mall
merchants:
  - {name: bakery}
  - {name: florist}
"""


def test_sessions_of_additional_merchant(make_server: MakeServer) -> None:
    server = make_server(parse(MERCHANTS, "mall.yaml"))
    (florist,) = server.sandbox.merchants
    credentials = florist.credentials
    sent = {
        b"host": b"localhost:4242",
        b"authorization": f"Bearer {credentials.access_token}".encode(),
        b"x-clover-merchant-id": credentials.merchant_id.encode(),
    }
    reply = server.app.handle_now("POST", PATH, b"", sent, json.dumps(asked()).encode())
    created = json.loads(reply.body)
    path = created["href"].removeprefix("http://localhost:4242").partition("?")[0]
    bare = {b"host": b"localhost:4242"}
    root = f"/checkout/{created['checkoutSessionId']}"
    assert [server.app.handle_now("GET", each, b"", bare, b"").status for each in (path, root)] == [
        200,
        200,
    ]
    card = json.dumps(server.card()).encode()
    control = f"/_mock/checkouts/{created['checkoutSessionId']}/pay"
    assert server.app.handle_now("POST", control, b"", bare, card).status == 200
    assert (len(florist.charges), len(server.sandbox.charges)) == (1, 0)


def test_fork_is_independent(server: InProcessServer) -> None:
    created = session(server)
    twin = server.sandbox.fork("twin", derive_credentials(SEED, "twin"))
    pay(server, created)
    row = twin.checkouts.get(created)
    assert row is not None
    assert (row.ended, shown(server, created)["state"]) == (None, "paid")


def test_snapshot_restores_sessions(make_server: MakeServer) -> None:
    server = make_server()
    dear = {"success": "https://shop.example/?order=4539148803436467"}
    open_, paid = session(server, metadata={"a": 1}, redirectUrls=dear), session(server)
    pay(server, paid, DECLINED_CARD)
    pay(server, paid)
    snapshot = server.send("GET", "/_mock/snapshot").json
    other = make_server()
    assert other.send("PUT", "/_mock/snapshot", snapshot).status == 200
    assert other.send("GET", "/_mock/snapshot").json == snapshot
    assert shown(other, paid) == shown(server, paid)
    got = pay(other, open_)
    assert (got.json["result"], got.json["charge"]) == (
        "approved",
        pay(server, open_).json["charge"],
    )


# Invalid requests ---------------------------------------------------------------------------------


def test_no_body_of_a_payment_breaks_it(server: InProcessServer) -> None:
    from mock_clover.clover.checkout.control import PayCheckoutRequest

    valid_request = server.card() | {"tip": 1}
    table = {
        label: json.dumps(wrong).encode()
        for label, wrong in invalid_bodies(PayCheckoutRequest, valid_request)
    }
    created = session(server)
    result: dict[str, str] = {}
    for label, raw in (table | BODIES).items():
        if shown(server, created)["state"] != "open":
            created = session(server)
        got = server.send("POST", f"/_mock/checkouts/{created}/pay", raw=raw)
        result[label] = error_in(got)
    assert {label: wrong for label, wrong in result.items() if wrong} == {}
    assert len(table) > 10 * len(VALUES)


def answered(server: InProcessServer, **changes: Any) -> Response:
    return create(server, **changes)


def test_a_huge_number_in_metadata_can_be_shown(server: InProcessServer) -> None:
    for number in (10**19, 10**4_000, -(10**30)):
        got = answered(server, metadata={"a": number})
        assert got.status in (200, 400)
        for path in ("/_mock/checkouts", "/_mock/journal", "/_mock/snapshot"):
            assert server.send("GET", path).status == 200, number
