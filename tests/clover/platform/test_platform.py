"""The platform API: lists, expansions, and that each thing of /v1 is seen there as it is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from mock_clover.clover.platform.records_inventory import MerchantTax, TaxRateRequest
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.server.app import App
from mock_clover.server.log import ExchangeLog
from tests.clover.tokens.test_instruments import ACH
from tests.world import DECLINES, NOW_MS, Answered, World

MakeWorld = Callable[..., World]
SECONDS = NOW_MS // 1000 * 1000
MC = "5204245250003294"


def v3(world: World, path: str, method: str = "GET", body: Any = None, **more: Any) -> Answered:
    """Send a request to a path below the merchant's."""
    return world.send(method, f"/v3/merchants/{world.known.merchant_id}{path}", body, **more)


def made(world: World, path: str, body: Any = None) -> dict[str, Any]:
    got = v3(world, path, "POST", body or {})
    assert got.status == 200, got
    return dict(got.json)


def ids(got: Answered) -> list[str]:
    assert got.status == 200, got
    return [each["id"] for each in got.json["elements"]]


def root(world: World) -> str:
    return f"http://localhost:4242/v3/merchants/{world.known.merchant_id}"


# The merchant -------------------------------------------------------------------------------------


def test_merchant_expansions_and_hrefs(world: World) -> None:
    plain = v3(world, "").json
    shown = v3(world, "?expand=address,owner,gateway").json
    assert plain["id"] == shown["id"] == world.known.merchant_id
    for name in ("address", "gateway", "properties"):
        assert plain[name] == {"href": f"{root(world)}/{name}"}
    assert plain["owner"]["id"] == world.known.employee_id
    assert shown["owner"]["isOwner"] is True
    assert shown["address"] == v3(world, "/address").json
    assert shown["gateway"] == v3(world, "/gateway").json
    assert shown["gateway"]["supportsMultiPayToken"] is True
    assert shown["properties"] == plain["properties"]
    assert v3(world, "/properties").json["defaultCurrency"] == "USD"


def test_the_ecommerce_configuration_needs_no_token(world: World) -> None:
    got = v3(world, "/ecomm_payment_configs?pakmsKey=any", auth=False)
    assert (got.status, got.json["surcharging"]) == (200, {"supported": False, "rate": 0.0})


@pytest.mark.parametrize("headers", [{}, {"authorization": "bearer {token}"}])
def test_a_token_may_stand_in_the_query(world: World, headers: dict[str, str]) -> None:
    token = world.known.access_token
    shown = {name: value.format(token=token) for name, value in headers.items()}
    got = v3(world, f"/orders?access_token={token}", auth=False, headers=shown)
    assert got.status == 200
    assert token not in got.body.decode()


def test_a_token_in_the_query_is_none_of_the_ecommerce_api(world: World) -> None:
    path = f"/v1/charges?access_token={world.known.access_token}"
    assert world.send("GET", path, auth=False).status == 401


def test_replies_have_the_recorded_headers(world: World) -> None:
    got = v3(world, "/order_types")
    again = v3(world, "/order_types")
    other = v3(world, "/tenders")
    assert got.headers["x-clover-allowed-filter-fields"] == "id, deletedTime"
    assert got.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert got.headers["expires"] == "Tue, 17 Sep 1991 10:00:00 PST"
    assert len(got.headers["x-clover-request-id"]) == 36
    assert again.headers == got.headers, "it follows from the seed, the clock and the request"
    assert other.headers["x-clover-request-id"] != got.headers["x-clover-request-id"]
    assert got.content_type == "application/json; charset=utf-8"
    assert "x-clover-request-id" not in world.send("GET", "/v1/charges").headers


def test_a_merchant_id_finds_its_sandbox_without_a_prefix(world: World) -> None:
    sandboxes: Sandboxes = world.sandboxes
    other = sandboxes.get_or_create("other")
    app = App(sandboxes, ExchangeLog(None, "none"))
    path = f"/v3/merchants/{other.credentials.merchant_id}/ecomm_payment_configs"
    assert app.resolve_sandbox(path, {}) == (other, path)
    assert app.resolve_sandbox("/v3/merchants/ZZZZZZZZZZZZZ/orders", {})[0] is sandboxes.default


# Lists --------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(world: World) -> tuple[World, list[str]]:
    """A world with five items, a second apart, and their ids in the order of their making."""
    items = []
    for price, name, sku in (
        (300, "Blue cup", "B1"),
        (100, "Red cup", None),
        (200, "Red hat", "R,2"),
        (300, "Red cap", None),
        (500, "Shirt, blue", "S=5"),
    ):
        items.append(made(world, "/items", {"name": name, "price": price, "sku": sku})["id"])
        world.clock.advance(1000)
    return world, items


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [4, 3, 2, 1, 0]),
        (["price=300"], [3, 0]),
        (["price!=300"], [4, 2, 1]),
        (["price>300"], [4]),
        (["price>=300"], [4, 3, 0]),
        (["price<200"], [1]),
        (["price<=200"], [2, 1]),
        (["price>=200", "price<500"], [3, 2, 0]),
        (["price>=200,price<500"], [3, 2, 0]),
        (["price>=200,price<500", "name=Red*"], [3, 2]),
        (["name=Red cup"], [1]),
        (["name=Red*"], [3, 2, 1]),
        (["name=red*"], []),
        (["name=Shirt, blue"], [4]),
        (["name!=Red*"], [4, 0]),
        (["sku=R,2"], [2]),
        (["sku=S=5"], [4]),
        (["sku!=B1"], [4, 3, 2, 1]),
        (["sku>A"], [4, 2, 0]),
        (["hidden=false", "available=true"], [4, 3, 2, 1, 0]),
        (["hidden=true"], []),
        ([" price = 100 "], [1]),
        (["modifiedTime>={t1}", "modifiedTime<{t3}"], [2, 1]),
        (["id={i2}"], [2]),
    ],
)
def test_a_list_is_filtered(
    shelf: tuple[World, list[str]], filters: list[str], expected: list[int]
) -> None:
    world, items = shelf
    known = {f"t{n}": SECONDS + 1000 * n for n in range(5)} | {"i2": items[2]}
    asked = "&".join(f"filter={quote(each.format(**known))}" for each in filters)
    assert ids(v3(world, f"/items?{asked}")) == [items[n] for n in expected]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("price", [1, 2, 3, 0, 4]),
        ("price ASC", [1, 2, 3, 0, 4]),
        ("price desc", [4, 3, 0, 2, 1]),
        ("name", [0, 3, 1, 2, 4]),
        ("sku", [3, 1, 0, 2, 4]),
        ("sku DESC", [4, 2, 0, 3, 1]),
        ("price DESC, name ASC", [4, 0, 3, 2, 1]),
        ("modifiedTime ASC", [0, 1, 2, 3, 4]),
    ],
)
def test_a_list_is_ordered(shelf: tuple[World, list[str]], order: str, expected: list[int]) -> None:
    """Rows that are equal stay newest first, whichever way the list runs."""
    world, items = shelf
    assert ids(v3(world, f"/items?orderBy={quote(order)}")) == [items[n] for n in expected]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=2", [4, 3]),
        ("limit=2&offset=2", [2, 1]),
        ("offset=4", [0]),
        ("offset=5", []),
        ("limit=1&orderBy=price", [1]),
        ("limit=1&offset=1&filter=price=300", [0]),
    ],
)
def test_a_list_is_cut(shelf: tuple[World, list[str]], query: str, expected: list[int]) -> None:
    world, items = shelf
    assert ids(v3(world, f"/items?{query}")) == [items[n] for n in expected]


def test_list_response_headers(world: World) -> None:
    query = "filter=price%3E1&filter=name!=a%20b,hidden=false&orderBy=price+DESC&offset=3"
    query += "&expand=categories"
    assert v3(world, f"/items?{query}").json == {
        "elements": [],
        "href": f"{root(world)}/items?filter=price%3E1&filter=name!%3Da%20b&filter=hidden%3Dfalse"
        "&expand=categories&orderBy=price%20DESC&offset=3&limit=100",
    }


@pytest.mark.parametrize(
    "query",
    [
        "filter=nothing=1",
        "filter=categories.id=1",
        "filter=price",
        "filter=price~1",
        "filter==1",
        "filter=",
        "filter=price=abc",
        "filter=price=1.5",
        "filter=price=" + "9" * 19,
        "filter=price=%D9%A4",
        "filter=hidden=1",
        "filter=hidden",
        "filter=" + ",".join(["price=1"] * 21),
        "orderBy=nothing",
        "orderBy=price SIDEWAYS",
        "orderBy=",
        "limit=0",
        "limit=1001",
        "limit=many",
        "limit=1&limit=2",
        "offset=-1",
        "expand=a,b,c,d",
    ],
)
def test_a_query_that_cannot_be_understood_is_refused(world: World, query: str) -> None:
    got = v3(world, f"/items?{query}")
    assert (got.status, list(got.json)) == (400, ["message"])


def test_unknown_expansions_are_ignored(world: World) -> None:
    """Observed: clover-mcp-server, `expand=voidedLineItems`."""
    order = world.order(1)["id"]
    assert v3(world, f"/orders/{order}?expand=voidedLineItems").json == (
        v3(world, f"/orders/{order}").json
    )


# Payments and refunds -----------------------------------------------------------------------------


def payment(world: World, charge: str, expand: str = "cardTransaction") -> dict[str, Any]:
    got = v3(world, f"/payments/{charge}?expand={expand}")
    assert got.status == 200, got
    return dict(got.json)


def test_a_charge_is_a_payment_by_the_same_id(world: World) -> None:
    charge = world.charge(amount=1800, tip_amount=200, tax_amount=100, external_reference_id="inv1")
    order = world.send("GET", f"/v1/charges/{charge['id']}").json["order"]
    got = payment(world, charge["id"])
    tender = v3(world, "/tenders?filter=labelKey=com.clover.tender.credit_card").json
    (credit,) = tender["elements"]
    assert got == {
        "id": charge["id"],
        "order": {"id": order},
        "tender": {"href": credit["href"], "id": credit["id"]},
        "amount": 1800,
        "tipAmount": 200,
        "taxAmount": 100,
        "cashbackAmount": 0,
        "externalReferenceId": "inv1",
        "employee": {"id": world.known.employee_id},
        "createdTime": SECONDS,
        "clientCreatedTime": SECONDS,
        "modifiedTime": SECONDS,
        "offline": False,
        "result": "SUCCESS",
        "cardTransaction": {
            "cardType": "VISA",
            "entryType": "KEYED",
            "first6": "424242",
            "last4": "4242",
            "type": "AUTH",
            "authCode": charge["auth_code"],
            "referenceId": charge["ref_num"],
            "state": "CLOSED",
            "currency": "USD",
            "captured": True,
        },
    }
    assert payment(world, charge["id"], "tender")["tender"] == credit


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], ("AUTH", 1000, "PREAUTH", "PENDING", False)),
        (["capture"], ("SUCCESS", 1000, "PREAUTHCAPTURE", "CLOSED", True)),
        (["part"], ("SUCCESS", 400, "PREAUTHCAPTURE", "CLOSED", True)),
        (["void"], ("VOIDED", 1000, "PREAUTH", "CLOSED", False)),
        (["wait"], ("VOIDED", 1000, "PREAUTH", "CLOSED", False)),
        (["capture", "refund"], ("SUCCESS", 1000, "PREAUTHCAPTURE", "CLOSED", True)),
    ],
)
def test_an_authorization_is_a_payment_in_each_of_its_states(
    world: World, steps: list[str], expected: tuple[Any, ...]
) -> None:
    charge = world.charge(amount=1000, capture=False)["id"]
    calls = {
        "capture": (f"/v1/charges/{charge}/capture", {}),
        "part": (f"/v1/charges/{charge}/capture", {"amount": 400}),
        "void": ("/v1/refunds", {"charge": charge}),
        "refund": ("/v1/refunds", {"charge": charge, "amount": 100}),
    }
    for step in steps:
        if step == "wait":
            world.clock.advance(8 * 86_400_000)
        else:
            assert world.send("POST", *calls[step]).status == 200
    got = payment(world, charge)
    card = got["cardTransaction"]
    told = (got["result"], got["amount"], card["type"], card["state"], card["captured"])
    assert told == expected
    assert ids(v3(world, "/payments?filter=voided=true")) == (
        [charge] if expected[0] == "VOIDED" else []
    )


def test_a_declined_charge_is_a_payment_that_failed(world: World) -> None:
    body = {"amount": 5, "currency": "usd", "source": world.token(DECLINES)}
    charge = world.send("POST", "/v1/charges", body).json["error"]["charge"]
    got = payment(world, charge)
    assert (got["result"], "order" in got, got["cardTransaction"]["captured"]) == (
        "FAIL",
        False,
        False,
    )
    assert ids(v3(world, "/payments?filter=result=FAIL")) == [charge]
    assert v3(world, "/orders").json["elements"] == []


def test_payment_by_card_on_file_is_marked(world: World) -> None:
    customer = world.customer()["id"]
    got = payment(world, world.charge(source=customer)["id"])["cardTransaction"]
    assert (got["entryType"], got["vaultedCard"]["expirationDate"], got["token"]) == (
        "VAULTED",
        "1230",
        got["vaultedCard"]["token"],
    )


def test_what_a_merchant_supports_is_what_its_scenario_says(make_world: MakeWorld) -> None:
    world = make_world(surcharge_rate=35_000, purchase_cards=False, soft_descriptors=False)
    assert v3(world, "/ecomm_payment_configs", auth=False).json == {
        "surcharging": {"supported": True, "rate": 0.035},
        "purchase_card": {"supported": False},
        "softDescriptors": {"supported": False},
    }
    charge = world.charge(amount=2428)["id"]
    (known,) = payment(world, charge, "additionalCharges")["additionalCharges"]["elements"]
    assert {**known, "id": ""} == {
        "id": "",
        "amount": 84,
        "rate": 35_000,
        "type": "CREDIT_SURCHARGE",
        "payment": {"id": charge},
    }


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ({"label_key": "com.clover.tender.cash"}, "Cash"),
        ({"label_key": "com.clover.tender.check"}, "Check"),
        ({"id": "{check}"}, "Check"),
        ({"label": "Barter"}, "External Payment"),
    ],
)
def test_payment_shows_alternate_tender(world: World, asked: dict[str, str], label: str) -> None:
    check = ids(v3(world, "/tenders?filter=label=Check"))[0]
    named = {name: value.format(check=check) for name, value in asked.items()}
    charge = world.charge(source="alternate_tender", tender=named)["id"]
    got = payment(world, charge, "tender,cardTransaction")
    assert (got["tender"]["label"], "cardTransaction" in got) == (label, False)


def test_a_bank_debit_is_pending_and_then_a_success(world: World) -> None:
    token = world.send("POST", "/v1/tokens", {"ach": ACH}).json["id"]
    charge = world.charge(source=token)["id"]
    got = payment(world, charge, "tender,cardTransaction")
    assert (got["result"], got["tender"]["label"]) == ("PENDING", "External Payment")
    world.clock.advance(4 * 86_400_000)
    assert payment(world, charge)["result"] == "SUCCESS"


def test_refund_has_same_id_and_void_is_not_a_refund(world: World) -> None:
    charge, held = world.charge()["id"], world.charge(capture=False)["id"]
    refund = world.send("POST", "/v1/refunds", {"charge": charge, "amount": 300}).json["id"]
    world.send("POST", "/v1/refunds", {"charge": held})
    order = world.send("GET", f"/v1/charges/{charge}").json["order"]
    shown = {
        "id": refund,
        "orderRef": {"id": order},
        "payment": {"id": charge},
        "amount": 300,
        "taxAmount": 0,
        "createdTime": SECONDS,
        "clientCreatedTime": SECONDS,
        "employee": {"id": world.known.employee_id},
        "voided": False,
    }
    listed = v3(world, "/refunds").json
    assert listed == {"elements": [shown], "href": f"{root(world)}/refunds?limit=100"}
    assert payment(world, charge, "refunds")["refunds"] == {"elements": [shown]}
    assert payment(world, held, "refunds")["refunds"] == {"elements": []}
    (expanded,) = v3(world, "/refunds?expand=payment").json["elements"]
    assert expanded["payment"]["amount"] == 1800


def test_the_tax_of_a_refund_is_its_share(world: World) -> None:
    charge = world.charge(amount=1100, tax_amount=100)["id"]
    assert world.send("POST", "/v1/refunds", {"charge": charge}).status == 200
    (shown,) = v3(world, "/refunds").json["elements"]
    assert (shown["amount"], shown["taxAmount"]) == (1100, 100)


# Orders -------------------------------------------------------------------------------------------


def test_platform_shows_v1_order_history(world: World) -> None:
    customer = world.send(
        "POST",
        "/v1/customers",
        {
            "email": "jo@example.com",
            "source": world.token(),
            "firstName": "Jo",
            "lastName": "Doe",
        },
    ).json["id"]
    items = [
        {"amount": 500, "quantity": 2, "description": "Cup", "tax_rates": [{"rate": 1_000_000}]},
        {"type": "tax", "amount": 7},
    ]
    body = {"currency": "usd", "items": items, "customer": customer}
    order = world.send("POST", "/v1/orders", body).json["id"]
    path = f"/orders/{order}?expand=lineItems.taxRates,payments,customers"
    first = v3(world, path).json
    assert (first["total"], first["paymentState"], first["state"]) == (1107, "OPEN", "open")
    line, tax = first["lineItems"]["elements"]
    assert line == {
        "id": line["id"],
        "orderRef": {"id": order},
        "name": "Cup",
        "price": 500,
        "unitQty": 2000,
        "printed": False,
        "createdTime": SECONDS,
        "orderClientCreatedTime": SECONDS,
        "exchanged": False,
        "refunded": False,
        "isRevenue": True,
        "taxRates": {
            "elements": [{"lineItemRef": {"id": line["id"]}, "rate": 1_000_000, "isDefault": False}]
        },
    }
    assert (tax["isRevenue"], tax["price"]) == (False, 7)
    (known,) = first["customers"]["elements"]
    assert known == {
        "href": f"{root(world)}/customers/{customer}",
        "id": customer,
        "orderRef": {"id": order},
        "firstName": "Jo",
        "lastName": "Doe",
        "marketingAllowed": False,
        "customerSince": SECONDS,
    }
    world.clock.advance(2000)
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"amount": 107}).json
    assert v3(world, path).json["paymentState"] == "PARTIALLY_PAID"
    world.send("POST", f"/v1/orders/{order}/pay", {})
    whole = v3(world, path).json
    assert (whole["paymentState"], whole["state"]) == ("PAID", "locked")
    assert whole["modifiedTime"] == SECONDS + 2000
    payments = whole["payments"]["elements"]
    assert [each["amount"] for each in payments] == [107, 1000]
    assert sum(each["taxAmount"] for each in payments) == 107
    assert payments[0]["id"] == paid["charge"]
    listed = v3(world, f"/orders/{order}/payments").json
    assert listed["elements"] == payments
    by_line = [{"parent": line["id"], "amount": 550, "quantity": 2, "type": "sku"}]
    got = world.send("POST", f"/v1/orders/{order}/returns", {"items": by_line})
    assert got.json["amount_returned"] == 1100
    after = v3(world, f"/orders/{order}?expand=lineItems,refunds").json
    assert after["paymentState"] == "PARTIALLY_REFUNDED"
    assert [each["refunded"] for each in after["lineItems"]["elements"]] == [True, False]
    assert [each["amount"] for each in after["refunds"]["elements"]] == [100, 1000]
    world.send("POST", f"/v1/orders/{order}/returns")
    assert v3(world, f"/orders/{order}").json["paymentState"] == "REFUNDED"


def test_the_order_of_a_charge_is_seen_and_can_be_named(world: World) -> None:
    early = world.order(5)["id"]
    world.clock.advance(1000)
    charge = world.charge()["id"]
    world.clock.advance(1000)
    late = world.order(6)["id"]
    order = world.send("GET", f"/v1/charges/{charge}").json["order"]
    assert ids(v3(world, "/orders")) == [late, order, early]
    world.clock.advance(1000)
    named = v3(world, f"/orders/{order}", "POST", {"title": "Online Store - 10", "note": "10"})
    assert (named.json["title"], named.json["total"]) == ("Online Store - 10", 1800)
    assert named.json["modifiedTime"] == SECONDS + 3000
    assert ids(v3(world, "/orders")) == [late, order, early]
    assert [each["id"] for each in world.send("GET", "/v1/orders").json["data"]] == [
        late,
        order,
        early,
    ]
    assert ids(v3(world, "/orders?filter=title=Online*")) == [order]
    again = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()})
    assert again.json["error"]["code"] == "order_already_paid"
    world.send("POST", f"/v1/orders/{order}/returns")
    assert v3(world, f"/orders/{order}").json["paymentState"] == "REFUNDED"


def test_platform_order_is_paid_through_v1(world: World) -> None:
    tax = made(world, "/tax_rates", {"name": "Sale", "rate": 1_000_000, "isDefault": True})
    item = made(world, "/items", {"name": "Cup", "price": 300})["id"]
    order = made(world, "/orders", {"title": "Table 1"})["id"]
    assert "total" not in v3(world, f"/orders/{order}").json
    lines = f"/orders/{order}/line_items"
    first = made(world, lines, {"item": {"id": item}, "quantity": 2})
    assert (first["name"], first["price"], first["item"]) == ("Cup", 300, {"id": item})
    made(world, lines, {"name": "Fee", "price": 40, "unitQty": 1000})
    made(world, lines, {"name": "Tip jar", "price": 10, "taxRates": [{"rate": 5_000_000}]})
    shown = v3(world, f"{lines}?expand=taxRates").json["elements"]
    assert [each["name"] for each in shown] == ["Cup", "Fee", "Tip jar"]
    assert [
        [(rate.get("id"), rate["rate"]) for rate in each["taxRates"]["elements"]] for each in shown
    ] == [[(tax["id"], 1_000_000)], [], [(None, 5_000_000)]]
    seen = world.send("GET", f"/v1/orders/{order}").json
    assert (seen["amount"], seen["tax_amount"]) == (600 + 60 + 40 + 10 + 5, 65)
    assert [each["description"] for each in seen["items"]] == ["Cup", "Fee", "Tip jar"]
    v3(world, f"/orders/{order}", "POST", {"total": 715, "state": "open"})
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}).json
    assert (paid["amount_paid"], paid["tax_amount_paid"], paid["status"]) == (715, 65, "paid")
    after = v3(world, f"/orders/{order}").json
    assert (after["total"], after["paymentState"], after["state"]) == (715, "PAID", "open")


def test_a_custom_orders_own_total_is_what_is_to_be_paid(world: World) -> None:
    order = made(world, "/orders", {"total": 90})["id"]
    made(world, f"/orders/{order}/line_items", {"name": "Cup", "price": 100})
    assert world.send("GET", f"/v1/orders/{order}").json["amount"] == 90
    paid = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}).json
    assert (paid["amount"], paid["status"]) == (90, "paid")


def test_a_custom_order_without_lines_cannot_be_paid(world: World) -> None:
    order = made(world, "/orders", {"total": 90})["id"]
    got = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()})
    assert got.json["error"]["message"] == f"Order with id {order} has no line items"


def test_atomic_order_totals(world: World) -> None:
    made(world, "/tax_rates", {"name": "Sale", "rate": 1_000_000, "isDefault": True})
    taxed = made(world, "/items", {"name": "Cup", "price": 300})["id"]
    free = made(world, "/items", {"name": "Book", "price": 50, "defaultTaxRates": False})["id"]
    kind = made(world, "/order_types", {"label": "Delivery"})
    cart = {
        "orderType": {"id": kind["id"]},
        "lineItems": [{"item": {"id": taxed}}, {"item": {"id": free}, "unitQty": 3000}],
    }
    got = made(world, "/atomic_order/orders?expand=orderType", {"orderCart": cart})
    assert (got["total"], got["state"], got["paymentState"]) == (480, "open", "OPEN")
    assert got["orderType"]["label"] == "Delivery"
    assert len(got["lineItems"]["elements"]) == 2
    assert world.send("GET", f"/v1/orders/{got['id']}").json["amount"] == 480


def test_an_unpaid_order_can_be_deleted(world: World) -> None:
    order = world.order(5)["id"]
    assert v3(world, f"/orders/{order}", "DELETE").body == b"{}"
    assert world.send("GET", f"/v1/orders/{order}").status == 404
    assert v3(world, "/orders").json["elements"] == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("total>=30", "cb"),
        ("createdTime>{t0},createdTime<{t2}", "b"),
        ("state=locked", "b"),
        ("cardTransaction.last4=3294", "b"),
        ("customer.id={customer}", "c"),
        ("testMode=false", "cba"),
        ("manualTransaction=true", ""),
    ],
)
def test_orders_are_filtered(world: World, filters: str, expected: str) -> None:
    customer = world.customer()["id"]
    orders = {}
    for name, amount in (("a", 20), ("b", 30), ("c", 40)):
        body = {"currency": "usd", "items": [{"amount": amount}]}
        if name == "c":
            body["customer"] = customer
        orders[world.send("POST", "/v1/orders", body).json["id"]] = name
        world.clock.advance(1000)
    (paid,) = (order for order, name in orders.items() if name == "b")
    world.send("POST", f"/v1/orders/{paid}/pay", {"source": world.token(MC)})
    known = {f"t{n}": SECONDS + 1000 * n for n in range(3)} | {"customer": customer}
    got = ids(v3(world, f"/orders?filter={quote(filters.format(**known))}"))
    assert "".join(orders[order] for order in got) == expected


# Taxes by their ids -------------------------------------------------------------------------------


def test_v1_knows_the_merchants_taxes(world: World) -> None:
    tax = made(world, "/tax_rates", {"name": "Sale", "rate": 1_000_000})["id"]
    flat = made(world, "/tax_rates", {"name": "Deposit", "taxAmount": 25})["id"]
    none = ids(v3(world, "/tax_rates?filter=name=NO_TAX_APPLIED"))[0]
    rates = [{"tax_rate_uuid": each} for each in (tax, flat, none)]
    items = [{"amount": 1358, "quantity": 2, "tax_rates": rates}]
    got = world.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert (got["amount"], got["tax_amount"], got["items"]) == (2716 + 272 + 25, 297, items)
    charge = world.charge(amount=1100, tax_rate_uuid=tax)
    assert charge["tax_amount"] == 100
    assert world.charge(amount=1100, tax_rate_uuid=flat)["tax_amount"] == 25
    half = made(world, "/tax_rates", {"name": "Half of the amount", "rate": 10_000_000})["id"]
    assert world.charge(amount=3, tax_rate_uuid=half)["tax_amount"] == 2, "1.5 is rounded up"
    shown = payment(world, charge["id"])
    assert (shown["amount"], shown["taxAmount"]) == (1100, 100)


def test_each_tax_is_found_by_its_own_id(world: World) -> None:
    none = ids(v3(world, "/tax_rates?filter=name=NO_TAX_APPLIED"))[0]
    asked = TaxRateRequest(name="Sale", rate=1_000_000)
    for tax in ("0000000000000", "ZZZZZZZZZZZZZ"):
        world.sandbox.tax_rates.put(tax, MerchantTax(id=tax, asked=asked))
        assert world.charge(amount=1100, tax_rate_uuid=tax)["tax_amount"] == 100
    assert world.charge(amount=1100, tax_rate_uuid=none)["tax_amount"] == 0


def test_a_line_of_v1_takes_its_price_and_name_from_the_inventory(world: World) -> None:
    item = made(world, "/items", {"name": "Cup", "price": 300})["id"]
    items = [{"parent": item, "quantity": 2}, {"parent": item, "amount": 250, "type": "sku"}]
    got = world.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert got["amount"] == 850
    assert got["items"][0] == {
        "parent": item,
        "quantity": 2,
        "amount": 300,
        "description": "Cup",
    }
    (first, _) = v3(world, f"/orders/{got['id']}/line_items").json["elements"]
    assert first["item"] == {"id": item}


# Customers ----------------------------------------------------------------------------------------


def test_a_customer_of_v1_is_seen_with_its_cards(world: World) -> None:
    body = {"email": "jo@example.com", "source": world.token(), "name": "Jo van Doe"}
    customer = world.send("POST", "/v1/customers", body | {"phone": "2125550100"}).json
    path = f"/customers/{customer['id']}?expand=cards,emailAddresses,phoneNumbers"
    got = v3(world, path).json
    (card,) = got["cards"]["elements"]
    assert card == {
        "id": customer["sources"]["data"][0],
        "first6": "424242",
        "last4": "4242",
        "expirationDate": "1230",
        "additionalInfo": {"isPurchaseCard": "false", "default": "true"},
        "cardType": "VISA",
        "token": body["source"],
        "tokenType": "MULTIPAY",
        "modifiedTime": SECONDS,
        "customer": {"id": customer["id"]},
    }
    assert (got["firstName"], got["lastName"]) == ("Jo van", "Doe")
    assert [each["phoneNumber"] for each in got["phoneNumbers"]["elements"]] == ["2125550100"]
    more = {"email": "jo@example.org", "source": world.token(MC)}
    world.send("PUT", f"/v1/customers/{customer['id']}", more)
    after = v3(world, path).json
    assert [each["emailAddress"] for each in after["emailAddresses"]["elements"]] == [
        "jo@example.org",
        "jo@example.com",
    ]
    assert [each["last4"] for each in after["cards"]["elements"]] == ["3294", "4242"]
    world.send("DELETE", f"/v1/customers/{customer['id']}/sources/{card['id']}")
    left = v3(world, path).json["cards"]["elements"]
    assert [each["last4"] for each in left] == ["3294"]
    assert "cards" not in v3(world, f"/customers/{customer['id']}").json


def test_a_customer_that_is_made_here_can_have_a_card_saved_there(world: World) -> None:
    body = {
        "firstName": "Jo",
        "emailAddresses": [{"emailAddress": "jo@example.com"}],
        "addresses": [{"address1": "1 Street", "zip": "94085"}],
        "email": "ignored@example.com",
    }
    got = v3(world, "/customers?expand=emailAddresses,addresses,phoneNumbers", "POST", body).json
    customer = got["id"]
    assert [each["emailAddress"] for each in got["emailAddresses"]["elements"]] == [
        "jo@example.com"
    ]
    (address,) = got["addresses"]["elements"]
    assert (address["address1"], address["zip"]) == ("1 Street", "94085")
    unpaid = {"amount": 5, "currency": "usd", "source": customer}
    assert world.send("POST", "/v1/charges", unpaid).json["error"]["code"] == "card_on_file_missing"
    saved = {"email": "jo@example.com", "source": world.token()}
    assert world.send("PUT", f"/v1/customers/{customer}", saved).status == 200
    assert world.send("POST", "/v1/charges", unpaid).status == 200
    changed = v3(world, f"/customers/{customer}", "POST", {"lastName": "Doe"}).json
    assert (changed["firstName"], changed["lastName"]) == ("Jo", "Doe")
    assert v3(world, f"/customers/{customer}", "DELETE").body == b"{}"
    assert v3(world, f"/customers/{customer}").status == 404
    assert world.send("POST", "/v1/charges", unpaid).status == 400
    spent = {"amount": 5, "currency": "usd", "source": saved["source"]}
    assert world.send("POST", "/v1/charges", spent).status == 400


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("fullName=Jo Doe", "a"),
        ("firstName=Jo", "ba"),
        ("emailAddress=a2@example.com", "a"),
        ("phoneNumber=555", "b"),
        ("customerSince>{now}", "b"),
        ("lastName!=Doe", "cb"),
        ("marketingAllowed=true", ""),
    ],
)
def test_customers_are_filtered(world: World, filters: str, expected: str) -> None:
    people: dict[str, dict[str, Any]] = {
        "a": {
            "firstName": "Jo",
            "lastName": "Doe",
            "emailAddresses": [{"emailAddress": f"a{n}@example.com"} for n in (1, 2)],
            "marketingAllowed": True,
        },
        "b": {"firstName": "Jo", "phoneNumbers": [{"phoneNumber": "555"}]},
        "c": {},
    }
    names = {}
    for name, body in people.items():
        names[made(world, "/customers", body)["id"]] = name
        world.clock.advance(1000 if name == "a" else 0)
    if "customerSince" in filters:
        v3(world, f"/customers/{[*names][2]}", "DELETE")
    got = ids(v3(world, f"/customers?filter={quote(filters.format(now=SECONDS))}"))
    assert "".join(names[each] for each in got) == expected


def test_the_platforms_rows_survive_a_snapshot(world: World) -> None:
    made(world, "/items", {"name": "Cup", "price": 300})
    made(world, "/tax_rates", {"name": "Sale", "rate": 1_000_000})
    made(world, "/order_types", {"label": "Delivery"})
    made(world, "/customers", {"firstName": "Jo", "addresses": [{"city": "Sunnyvale"}]})
    order = made(world, "/orders", {"title": "A"})["id"]
    made(world, f"/orders/{order}/line_items", {"name": "Cup", "price": 5})
    lists = ("/items", "/tax_rates", "/order_types", "/customers?expand=addresses", "/orders")
    before = [v3(world, each).body for each in (*lists, f"/orders/{order}?expand=lineItems")]
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    kept = world.send("GET", "/_mock/snapshot", headers=control).body
    for path in ("/items", "/tax_rates", "/order_types", "/orders", "/customers"):
        made(world, path, {"name": "x", "label": "x"})
    assert world.send("PUT", "/_mock/snapshot", raw=kept, headers=control).status == 200
    after = [v3(world, each).body for each in (*lists, f"/orders/{order}?expand=lineItems")]
    assert after == before
