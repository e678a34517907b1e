"""Hosted checkout without a page: sessions, payments, what follows from them, and who sees them."""

import hashlib
import hmac
import json
from collections.abc import Callable
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
from tests.hostile import BODIES, VALUES, complaint, wrong_bodies
from tests.receiver import taken
from tests.world import DECLINES, NOW_MS, SEED, VISA, Answered, World

MakeWorld = Callable[..., World]
SECRET = "s3cret"
TAXED = LAMP | {"unitQty": 2, "taxRates": [{"name": "Tax", "rate": 1_000_000}, {"rate": 500_000}]}


def switched(make_world: MakeWorld, **settings: Any) -> World:
    return make_world(checkout=convert(settings, CheckoutSettings))


# A session ---------------------------------------------------------------------------------------


def test_a_session_lasts_fifteen_minutes(world: World) -> None:
    got = create(world)
    session_id = got.json["checkoutSessionId"]
    assert got.json == {
        "href": f"http://localhost:4242/hosted/checkout/{session_id}",
        "checkoutSessionId": session_id,
        "createdTime": "2025-05-27T10:22:50.775Z",
        "expirationTime": "2025-05-27T10:37:50.775Z",
    }
    states = []
    for advance in ("0ms", "14m", "59999ms", "1ms"):
        world.send("PUT", "/_mock/clock", {"advance": advance})
        states.append(shown(world, session_id)["state"])
    assert states == ["open", "open", "open", "expired"]


def test_the_documented_dialect_has_unix_time(make_world: MakeWorld) -> None:
    world = make_world(dialect="documented")
    documented = {"createdTime": NOW_MS, "expirationTime": NOW_MS + 15 * MINUTE_MS}
    assert create(world).json.items() >= documented.items()
    named = {"x-clover-merchant-id": world.known.merchant_id, "x-mock-clover-dialect": "observed"}
    got = world.send("POST", PATH, asked(), headers=named)
    assert got.json["createdTime"] == "2025-05-27T10:22:50.775Z"


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
    world: World, lines: list[dict[str, Any]], amount: int, tax: int | None
) -> None:
    made = session(world, shoppingCart={"lineItems": lines})
    row = shown(world, made)
    assert (row["amount"], row.get("tax_amount")) == (amount, tax)
    paid = pay(world, made).json
    charge = world.send("GET", f"/v1/charges/{paid['charge']}").json
    order = world.send("GET", f"/v1/orders/{paid['order']}").json
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
    world: World, given: dict[str, Any], name: str, price: int
) -> None:
    """And no tax: a session has those of its request only."""
    root = f"/v3/merchants/{world.known.merchant_id}"
    tax = {"name": "Tax", "rate": 1_000_000, "isDefault": True}
    assert world.send("POST", f"{root}/tax_rates", tax).status == 200
    item = world.send("POST", f"{root}/items", {"name": "Desk lamp", "price": 2_500}).json["id"]
    line = {"itemRefUuid": item, "unitQty": 2} | given
    made = shown(world, session(world, shoppingCart={"lineItems": [line]}))
    assert (made["amount"], made["lines"]) == (
        2 * price,
        [{"name": name, "price": price, "quantity": 2, "item": item}],
    )


def test_the_platform_has_the_order_and_the_payment(world: World) -> None:
    """There integrators look for them (observed)."""
    line = TAXED | {"itemRefUuid": "8ZC0J6AG35N64"}
    made = create(world, shoppingCart={"lineItems": [line]}).json
    pay(world, made["checkoutSessionId"], DECLINES)
    paid = pay(world, made["checkoutSessionId"]).json
    root = f"/v3/merchants/{world.known.merchant_id}"
    since_ms = NOW_MS // 1_000 * 1_000  # the platform has whole seconds
    query = f"filter=createdTime>={since_ms}&orderBy=createdTime%20DESC"
    query += "&expand=lineItems,payments"
    (order,) = world.send("GET", f"{root}/orders?{query}").json["elements"]
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
        ["redirectUrl; did you mean redirectUrls?"],
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
    make_world: MakeWorld,
    settings: dict[str, Any],
    changes: dict[str, Any],
    ignored: list[str],
) -> None:
    world = switched(make_world, **settings)
    assert create(world, **changes).status == 200
    (entry,) = world.send("GET", "/_mock/journal").json["data"]
    assert entry.get("ignored", []) == ignored


def test_strict_rejects_unknown_field(make_world: MakeWorld) -> None:
    got = create(make_world(strict=True), redirectUrl="https://shop.example/")
    assert (got.status, got.json["error"]["code"]) == (400, "parameter_unknown")


def test_oldest_session_is_evicted(world: World) -> None:
    world.sandbox.checkouts.rows_max = 2
    first, second, third = (session(world) for _ in range(3))
    listed = world.send("GET", "/_mock/checkouts").json["data"]
    assert [row["id"] for row in listed] == [third, second]
    assert pay(world, first).status == 404


def test_sessions_are_listed_by_their_state(world: World) -> None:
    paid, cancelled, expired = (session(world) for _ in range(3))
    pay(world, paid)
    world.send("POST", f"/_mock/checkouts/{cancelled}/cancel")
    world.send("PUT", "/_mock/clock", {"advance": "1h"})
    made = session(world)
    states = {"open": made, "paid": paid, "cancelled": cancelled, "expired": expired}
    for state, expected in states.items():
        found = world.send("GET", f"/_mock/checkouts?state={state}").json["data"]
        assert [(row["id"], row["state"]) for row in found] == [(expected, state)]
    newest = world.send("GET", "/_mock/checkouts?limit=2").json["data"]
    assert [row["id"] for row in newest] == [made, expired]
    assert world.send("GET", "/_mock/checkouts?state=done").status == 400


# A payment ---------------------------------------------------------------------------------------


def test_a_decline_and_then_another_card(world: World) -> None:
    made = session(world, customer={"email": "jo@example.com"})
    declined = pay(world, made, DECLINES)
    paid = pay(world, made)
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
    listed = world.send("GET", "/v1/charges").json["data"]
    assert [(row["id"], row["status"]) for row in listed] == [(yes, "succeeded"), (no, "failed")]
    row = shown(world, made)
    assert (row["state"], row["charge"], row["declined"]) == ("paid", yes, [no])
    orders = world.send("GET", "/v1/orders").json["data"]
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
    world: World, card: dict[str, Any], problem: str
) -> None:
    made = session(world)
    before = (world.sandbox.state(), world.sandbox.ids.state())
    got = world.send("POST", f"/_mock/checkouts/{made}/pay", world.card(**card))
    assert (got.status, problem in got.why) == (400, True)
    assert (world.sandbox.state(), world.sandbox.ids.state()) == before
    (*_, entry) = world.send("GET", "/_mock/journal").json["data"]
    assert (entry["endpoint"], entry["status"], entry["why"]) == ("pay_checkout", 400, problem)
    assert pay(world, made).json["result"] == "approved"


def test_an_encrypted_number_is_taken_too(world: World) -> None:
    made = session(world)
    got = world.send("POST", f"/_mock/checkouts/{made}/pay", world.encrypted(DECLINES))
    assert got.json["result"] == "declined"


def test_listed_cards_only_applies_to_checkout(make_world: MakeWorld) -> None:
    world = make_world(listed_cards_only=True)
    got = pay(world, session(world), "4539148803436467")
    assert (got.status, "CARD_NOT_LISTED" in got.why) == (400, True)


def test_a_tip_is_paid_beside_the_amount(world: World) -> None:
    made = session(world)
    body = world.card() | {"tip": 500}
    charge = world.send("POST", f"/_mock/checkouts/{made}/pay", body).json["charge"]
    row = world.send("GET", f"/v1/charges/{charge}").json
    assert (row["amount"], row["tip_amount"]) == (10_900, 500)


def test_a_payment_can_be_refunded(world: World) -> None:
    paid = pay(world, session(world)).json
    refund = world.send("POST", "/v1/refunds", {"charge": paid["charge"]})
    assert (refund.status, refund.json["amount"]) == (200, 10_900)
    assert world.send("GET", f"/v1/orders/{paid['order']}").status == 200


def test_its_token_is_spent(world: World) -> None:
    paid = pay(world, session(world)).json
    token = world.send("GET", f"/v1/charges/{paid['charge']}").json["source"]["id"]
    body = {"amount": 1, "currency": "usd", "source": token}
    assert world.send("POST", "/v1/charges", body).json["error"]["code"] == "token_already_used"


def test_a_session_names_its_newest_declines(world: World) -> None:
    made = session(world)
    declined = [pay(world, made, DECLINES).json["charge"] for _ in range(21)]
    assert shown(world, made)["declined"] == declined[1:]


FULL = ("tokens", "orders", "charges")


@pytest.mark.parametrize("table", FULL)
def test_payment_fails_if_sandbox_is_full(world: World, table: str) -> None:
    made = session(world)
    getattr(world.sandbox, table).rows_max = 0
    before = (world.sandbox.state(), world.sandbox.ids.state())
    assert pay(world, made).status == 503
    assert (world.sandbox.state(), world.sandbox.ids.state()) == before


# What rules make of it ---------------------------------------------------------------------------

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


def ruled(make_world: MakeWorld, when: dict[str, Any], then: dict[str, Any]) -> World:
    rule = json.dumps({"name": "x", "rules": [{"when": when, "then": then}]})
    return make_world(parse(rule.encode(), "x.yaml"))


@pytest.mark.parametrize(("when", "then", "end"), RULES.values(), ids=RULES)
def test_rules_decide(
    make_world: MakeWorld, when: dict[str, Any], then: dict[str, Any], end: str
) -> None:
    world = ruled(make_world, when, then)
    made = session(
        world,
        customer={"email": "jo@example.com"},
        shoppingCart=selling(666, "Software"),
        metadata={"order": "1001"},
    )
    got = pay(world, made)
    assert got.json.get("result", str(got.status)) == end
    assert shown(world, made)["state"] == ("paid" if end == "approved" else "open")


def test_partial_approval_is_rejected(make_world: MakeWorld) -> None:
    world = ruled(make_world, {"endpoint": "pay_checkout"}, {"approve": {"amount": 600}})
    got = pay(world, session(world))
    assert (got.json["decline_code"], got.json["message"]) == (
        "insufficient_funds",
        "Insufficient funds",
    )
    assert "the page accepts no partial approval" in got.why


def test_phantom_decline_on_checkout(make_world: MakeWorld) -> None:
    world = ruled(make_world, {"endpoint": "pay_checkout"}, {"decline": {"phantom": True}})
    hook(world)
    made = session(world)
    got = pay(world, made)
    assert (got.json["result"], shown(world, made)["state"]) == ("declined", "open")
    (charge,) = world.send("GET", "/v1/charges").json["data"]
    (order,) = world.send("GET", "/v1/orders").json["data"]
    assert (charge["status"], order["charge"]) == ("succeeded", charge["id"])
    assert [post.json["status"] for post in taken(world.sandbox)] == ["DECLINED"]


MARKED: dict[str, dict[str, Any]] = {
    "in an item's name": {"shoppingCart": selling(1, "mock-clover:card_declined/lost_card")},
    "in metadata": {"metadata": {"test": "mock-clover:card_declined/lost_card"}},
}


@pytest.mark.parametrize("changes", MARKED.values(), ids=MARKED)
def test_an_outcome_in_a_text_decides_the_payment(world: World, changes: dict[str, Any]) -> None:
    got = pay(world, session(world, **changes))
    assert (got.json["decline_code"], got.why) == (
        "lost_card",
        "text: mock-clover:card_declined/lost_card",
    )


def test_an_outcome_in_a_header_decides_the_payment(world: World) -> None:
    got = world.send(
        "POST",
        f"/_mock/checkouts/{session(world)}/pay",
        world.card(),
        headers={"x-mock-clover-outcome": "card_declined/stolen_card"},
    )
    assert got.json["decline_code"] == "stolen_card"


def test_the_journal_has_each_attempt_without_the_card(world: World) -> None:
    made = session(world)
    pay(world, made, DECLINES)
    pay(world, made)
    entries = world.send("GET", "/_mock/journal?endpoint=pay_checkout").json["data"]
    assert [(each["method"], each["path"], each["status"]) for each in entries] == [
        ("PAGE", f"/hosted/checkout/{made}", 402),
        ("PAGE", f"/hosted/checkout/{made}", 200),
    ]
    assert entries[0]["request"] == {
        "checkout": made,
        "amount": 10_900,
        "currency": "USD",
        "description": "Floor lamp",
    }
    asked = {"endpoint": "pay_checkout", "exactly": 2, "match": {"checkout": made}}
    assert world.send("POST", "/_mock/verify", asked).status == 200


def test_due_jobs_run_before_payment(world: World) -> None:
    """No call that would see to it comes in between: the clock runs by itself."""
    world.charge(capture=False)
    world.clock.advance(7 * 24 * 60 * MINUTE_MS - MINUTE_MS)
    made = session(world)
    world.clock.advance(MINUTE_MS)
    pay(world, made)
    states = [charge.state for charge in world.sandbox.state()["charges"]]
    assert states == ["expired", "captured"]


# Where the browser goes --------------------------------------------------------------------------

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
    make_world: MakeWorld,
    settings: dict[str, Any],
    urls: dict[str, str],
    leads: list[str | None],
) -> None:
    world = switched(make_world, **settings)
    made = session(world, redirectUrls=urls)
    assert [pay(world, made, pan).json.get("location") for pan in (DECLINES, VISA)] == leads


def test_cancelling_redirects_to_shop(world: World) -> None:
    made = session(world)
    got = world.send("POST", f"/_mock/checkouts/{made}/cancel")
    assert (got.json["result"], got.json["location"]) == ("cancelled", URLS["cancel"])
    assert world.send("GET", "/v1/charges").json["data"] == []


def test_checkout_settings_of_one_sandbox(world: World) -> None:
    body = {"checkout": {"redirects": "any", "after_decline": "redirect"}}
    made = world.send("PUT", "/_mock/sandboxes/shop", body)
    assert made.status == 200
    switch = world.sandboxes.get_or_create("shop").settings.checkout
    assert (switch.redirects, switch.after_decline, switch.webhook_data) == (
        "any",
        "redirect",
        None,
    )
    wrong = world.send("PUT", "/_mock/sandboxes/shop", {"checkout": {"redirect": "any"}})
    assert (wrong.status, "redirect" in wrong.json["message"]) == (400, True)


def test_invalid_dashboard_url_is_reported_with_path() -> None:
    text = (
        b"name: x\nsettings:\n  checkout:\n    dashboard:\n      success: 'javascript:alert(1)'\n"
    )
    with pytest.raises(ScenarioError, match=r"x.yaml:5:7: must be an http.*dashboard.success"):
        parse(text, "x.yaml")


# What is announced -------------------------------------------------------------------------------


def hook(world: World, **members: Any) -> None:
    asked = {"kind": "hosted_checkout", "url": "http://127.0.0.1:9/", "secret": SECRET} | members
    assert world.send("PUT", "/_mock/webhooks", asked).status == 200


def test_webhooks_for_payment_and_decline(world: World) -> None:
    hook(world)
    made = session(world)
    ids = [pay(world, made, pan).json["charge"] for pan in (DECLINES, VISA)]
    posts = taken(world.sandbox)
    ends = [("Decline", "DECLINED"), ("Approved", "APPROVED")]
    assert [post.json for post in posts] == [
        {
            "createdTime": NOW_MS,
            "message": f"{word} for 10900",
            "status": status,
            "type": "PAYMENT",
            "id": charge,
            "merchantId": world.known.merchant_id,
            "checkoutSessionId": made,
        }
        for charge, (word, status) in zip(ids, ends, strict=True)
    ]
    for post in posts:
        said = dict(part.split("=") for part in post.headers["Clover-Signature"].split(","))
        proof = hmac.new(SECRET.encode(), f"{said['t']}.".encode() + post.body, hashlib.sha256)
        assert (said["t"], said["v1"]) == (str(NOW_MS // 1000), proof.hexdigest())


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
    world: World, dialect: str, checkout: dict[str, bool], has_data: bool
) -> None:
    body = {"dialect": dialect, "checkout": checkout}
    assert world.send("PUT", "/_mock/sandboxes/shop", body).status == 200
    world.sandbox = world.sandboxes.get_or_create("shop")
    world.known = world.sandbox.credentials
    hook(world)
    made = session(world)
    pay(world, made)
    (post,) = taken(world.sandbox)
    named = {name: value for name, value in post.json.items() if value == made}
    assert named == {"checkoutSessionId": made} | ({"data": made} if has_data else {})


def test_nothing_else_is_announced(world: World) -> None:
    """Only PAYMENT events; none for expiry or abandonment (documented)."""
    hook(world)
    cancelled, expired = session(world), session(world)
    world.send("POST", f"/_mock/checkouts/{cancelled}/cancel")
    world.send("POST", f"/_mock/checkouts/{expired}/pay", world.card(number="4242"))
    world.send("PUT", "/_mock/clock", {"advance": "1h"})
    pay(world, expired)
    assert taken(world.sandbox) == []


def test_platform_targets_get_order_and_payment_events(world: World) -> None:
    hook(world, kind="platform", handshake=False)
    made = session(world)
    pay(world, made, DECLINES)
    pay(world, made)
    events = [post.event for post in taken(world.sandbox)]
    assert events == ["P:CREATE", "O:CREATE", "P:CREATE", "O:UPDATE"]


def test_an_event_may_follow_by_rule(make_world: MakeWorld) -> None:
    event = {"kind": "hosted_checkout", "signature": "wrong"}
    world = ruled(make_world, {"endpoint": "pay_checkout"}, {"approve": {}, "webhook": event})
    hook(world)
    made = session(world)
    charge = pay(world, made).json["charge"]
    posts = taken(world.sandbox)
    ends = [tuple(map(post.json.get, ("id", "status", "checkoutSessionId"))) for post in posts]
    assert ends == [(charge, "APPROVED", made)] * 2


# Who sees it -------------------------------------------------------------------------------------


def test_sessions_are_isolated_by_sandbox(world: World) -> None:
    made = session(world)
    other = derive_credentials(SEED, "other")
    opens = {"authorization": f"Bearer {other.access_token}", "host": "localhost:4242"}
    opens["x-clover-merchant-id"] = other.merchant_id

    def ask(method: str, path: str, body: Any = None) -> Any:
        sent = {name.encode(): value.encode() for name, value in opens.items()}
        raw = b"" if body is None else json.dumps(body).encode()
        return world.app.handle(method, f"/sandbox/other{path}", b"", sent, raw)

    for reply in (
        ask("GET", f"/_mock/checkouts/{made}"),
        ask("GET", f"/hosted/checkout/{made}"),
        ask("POST", f"/_mock/checkouts/{made}/pay", world.card()),
        ask("POST", f"/_mock/checkouts/{made}/cancel"),
    ):
        assert reply.status == 404
    theirs = json.loads(ask("POST", PATH, asked()).body)
    assert theirs["href"].startswith("http://localhost:4242/sandbox/other/hosted/checkout/")
    path = theirs["href"].removeprefix("http://localhost:4242/sandbox/other")
    assert ask("GET", path).status == 200
    assert world.send("GET", path).status == 404
    assert shown(world, made)["state"] == "open"


MERCHANTS = b"""
name: mall
merchants:
  - {name: bakery}
  - {name: florist}
"""


def test_sessions_of_additional_merchant(make_world: MakeWorld) -> None:
    world = make_world(parse(MERCHANTS, "mall.yaml"))
    (florist,) = world.sandbox.merchants
    known = florist.credentials
    sent = {
        b"host": b"localhost:4242",
        b"authorization": f"Bearer {known.access_token}".encode(),
        b"x-clover-merchant-id": known.merchant_id.encode(),
    }
    reply = world.app.handle("POST", PATH, b"", sent, json.dumps(asked()).encode())
    made = json.loads(reply.body)
    path = made["href"].removeprefix("http://localhost:4242")
    bare = {b"host": b"localhost:4242"}
    root = f"/hosted/checkout/{made['checkoutSessionId']}"
    assert [world.app.handle("GET", each, b"", bare, b"").status for each in (path, root)] == [
        200,
        200,
    ]
    card = json.dumps(world.card()).encode()
    control = f"/_mock/checkouts/{made['checkoutSessionId']}/pay"
    assert world.app.handle("POST", control, b"", bare, card).status == 200
    assert (len(florist.charges), len(world.sandbox.charges)) == (1, 0)


def test_fork_is_independent(world: World) -> None:
    made = session(world)
    twin = world.sandbox.fork("twin", derive_credentials(SEED, "twin"))
    pay(world, made)
    row = twin.checkouts.get(made)
    assert row is not None
    assert (row.ended, shown(world, made)["state"]) == (None, "paid")


def test_snapshot_restores_sessions(make_world: MakeWorld) -> None:
    world = make_world()
    dear = {"success": "https://shop.example/?order=4539148803436467"}
    open_, paid = session(world, metadata={"a": 1}, redirectUrls=dear), session(world)
    pay(world, paid, DECLINES)
    pay(world, paid)
    snapshot = world.send("GET", "/_mock/snapshot").json
    other = make_world()
    assert other.send("PUT", "/_mock/snapshot", snapshot).status == 200
    assert other.send("GET", "/_mock/snapshot").json == snapshot
    assert shown(other, paid) == shown(world, paid)
    got = pay(other, open_)
    assert (got.json["result"], got.json["charge"]) == (
        "approved",
        pay(world, open_).json["charge"],
    )


# Whatever is sent --------------------------------------------------------------------------------


def test_no_body_of_a_payment_breaks_it(world: World) -> None:
    from mock_clover.clover.checkout.control import PayCheckoutRequest

    good = world.card() | {"tip": 1}
    table = {
        label: json.dumps(wrong).encode() for label, wrong in wrong_bodies(PayCheckoutRequest, good)
    }
    made = session(world)
    said: dict[str, str] = {}
    for label, raw in (table | BODIES).items():
        if shown(world, made)["state"] != "open":
            made = session(world)
        got = world.send("POST", f"/_mock/checkouts/{made}/pay", raw=raw)
        said[label] = complaint(got)
    assert {label: wrong for label, wrong in said.items() if wrong} == {}
    assert len(table) > 10 * len(VALUES)


def answered(world: World, **changes: Any) -> Answered:
    return create(world, **changes)


def test_a_huge_number_in_metadata_can_be_shown(world: World) -> None:
    for number in (10**19, 10**4_000, -(10**30)):
        got = answered(world, metadata={"a": number})
        assert got.status in (200, 400)
        for path in ("/_mock/checkouts", "/_mock/journal", "/_mock/snapshot"):
            assert world.send("GET", path).status == 200, number
