"""The platform API: lists, expansions, and that it shows each object of /v1."""

from typing import Any
from urllib.parse import quote

import pytest

from mock_clover.clover.platform.records_inventory import MerchantTax, TaxRateRequest
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.server.app.app import App
from mock_clover.server.log import ExchangeLog
from tests.clover.tokens.test_instruments import ACH
from tests.in_process import DECLINED_CARD, NOW_MS, InProcessServer, MakeServer, Response

SECONDS = NOW_MS // 1000 * 1000
MC = "5204245250003294"


def v3(
    server: InProcessServer, path: str, method: str = "GET", body: Any = None, **more: Any
) -> Response:
    """Send a request to a path below the merchant's."""
    return server.send(method, f"/v3/merchants/{server.known.merchant_id}{path}", body, **more)


def create(server: InProcessServer, path: str, body: Any = None) -> dict[str, Any]:
    got = v3(server, path, "POST", body or {})
    assert got.status == 200, got
    return dict(got.json)


def ids(got: Response) -> list[str]:
    assert got.status == 200, got
    return [each["id"] for each in got.json["elements"]]


def root(server: InProcessServer) -> str:
    return f"http://localhost:4242/v3/merchants/{server.known.merchant_id}"


# The merchant -------------------------------------------------------------------------------------


def test_merchant_expansions_and_hrefs(server: InProcessServer) -> None:
    plain = v3(server, "").json
    shown = v3(server, "?expand=address,owner,gateway").json
    assert plain["id"] == shown["id"] == server.known.merchant_id
    for name in ("address", "gateway", "properties"):
        assert plain[name] == {"href": f"{root(server)}/{name}"}
    assert plain["owner"]["id"] == server.known.employee_id
    assert shown["owner"]["isOwner"] is True
    assert shown["address"] == v3(server, "/address").json
    assert shown["gateway"] == v3(server, "/gateway").json
    assert shown["gateway"]["supportsMultiPayToken"] is True
    assert shown["properties"] == plain["properties"]
    assert v3(server, "/properties").json["defaultCurrency"] == "USD"


def test_the_ecommerce_configuration_needs_no_token(server: InProcessServer) -> None:
    got = v3(server, "/ecomm_payment_configs?pakmsKey=any", auth=False)
    assert (got.status, got.json["surcharging"]) == (200, {"supported": False, "rate": 0.0})


@pytest.mark.parametrize("headers", [{}, {"authorization": "bearer {token}"}])
def test_a_token_may_stand_in_the_query(server: InProcessServer, headers: dict[str, str]) -> None:
    token = server.known.access_token
    shown = {name: value.format(token=token) for name, value in headers.items()}
    got = v3(server, f"/orders?access_token={token}", auth=False, headers=shown)
    assert got.status == 200
    assert token not in got.body.decode()


def test_a_token_in_the_query_is_none_of_the_ecommerce_api(server: InProcessServer) -> None:
    path = f"/v1/charges?access_token={server.known.access_token}"
    assert server.send("GET", path, auth=False).status == 401


def test_replies_have_the_recorded_headers(server: InProcessServer) -> None:
    got = v3(server, "/order_types")
    again = v3(server, "/order_types")
    other = v3(server, "/tenders")
    assert got.headers["x-clover-allowed-filter-fields"] == "id, deletedTime"
    assert got.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert got.headers["expires"] == "Tue, 17 Sep 1991 10:00:00 PST"
    assert len(got.headers["x-clover-request-id"]) == 36
    assert again.headers == got.headers, "it is derived from the seed, the clock and the request"
    assert other.headers["x-clover-request-id"] != got.headers["x-clover-request-id"]
    assert got.content_type == "application/json; charset=utf-8"
    assert "x-clover-request-id" not in server.send("GET", "/v1/charges").headers


def test_a_merchant_id_finds_its_sandbox_without_a_prefix(server: InProcessServer) -> None:
    sandboxes: Sandboxes = server.sandboxes
    other = sandboxes.get_or_create("other")
    app = App(sandboxes, ExchangeLog(None, "none"))
    path = f"/v3/merchants/{other.credentials.merchant_id}/ecomm_payment_configs"
    assert app.resolve_sandbox(path, {}) == (other, path)
    assert app.resolve_sandbox("/v3/merchants/ZZZZZZZZZZZZZ/orders", {})[0] is sandboxes.default


# Lists --------------------------------------------------------------------------------------------


@pytest.fixture
def shelf(server: InProcessServer) -> tuple[InProcessServer, list[str]]:
    """A server with five items, a second apart, and their ids, oldest first."""
    items = []
    for price, name, sku in (
        (300, "Blue cup", "B1"),
        (100, "Red cup", None),
        (200, "Red hat", "R,2"),
        (300, "Red cap", None),
        (500, "Shirt, blue", "S=5"),
    ):
        items.append(create(server, "/items", {"name": name, "price": price, "sku": sku})["id"])
        server.clock.advance(1000)
    return server, items


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
    shelf: tuple[InProcessServer, list[str]], filters: list[str], expected: list[int]
) -> None:
    server, items = shelf
    known = {f"t{n}": SECONDS + 1000 * n for n in range(5)} | {"i2": items[2]}
    requested = "&".join(f"filter={quote(each.format(**known))}" for each in filters)
    assert ids(v3(server, f"/items?{requested}")) == [items[n] for n in expected]


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
def test_a_list_is_ordered(
    shelf: tuple[InProcessServer, list[str]], order: str, expected: list[int]
) -> None:
    """Equal rows stay newest first, in either order of the list."""
    server, items = shelf
    assert ids(v3(server, f"/items?orderBy={quote(order)}")) == [items[n] for n in expected]


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
def test_a_list_is_cut(
    shelf: tuple[InProcessServer, list[str]], query: str, expected: list[int]
) -> None:
    server, items = shelf
    assert ids(v3(server, f"/items?{query}")) == [items[n] for n in expected]


def test_list_response_headers(server: InProcessServer) -> None:
    query = "filter=price%3E1&filter=name!=a%20b,hidden=false&orderBy=price+DESC&offset=3"
    query += "&expand=categories"
    assert v3(server, f"/items?{query}").json == {
        "elements": [],
        "href": f"{root(server)}/items?filter=price%3E1&filter=name!%3Da%20b&filter=hidden%3Dfalse"
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
    ],
)
def test_a_query_that_cannot_be_understood_is_refused(server: InProcessServer, query: str) -> None:
    got = v3(server, f"/items?{query}")
    assert (got.status, list(got.json)) == (400, ["message"])


def test_unknown_expansions_are_ignored(server: InProcessServer) -> None:
    """Observed: clover-mcp-server, `expand=voidedLineItems`."""
    order = server.order(1)["id"]
    assert v3(server, f"/orders/{order}?expand=voidedLineItems").json == (
        v3(server, f"/orders/{order}").json
    )


# Payments and refunds -----------------------------------------------------------------------------


def payment(
    server: InProcessServer, charge: str, expand: str = "cardTransaction"
) -> dict[str, Any]:
    got = v3(server, f"/payments/{charge}?expand={expand}")
    assert got.status == 200, got
    return dict(got.json)


def test_a_charge_is_a_payment_by_the_same_id(server: InProcessServer) -> None:
    charge = server.charge(
        amount=1800, tip_amount=200, tax_amount=100, external_reference_id="inv1"
    )
    order = server.send("GET", f"/v1/charges/{charge['id']}").json["order"]
    got = payment(server, charge["id"])
    tender = v3(server, "/tenders?filter=labelKey=com.clover.tender.credit_card").json
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
        "employee": {"id": server.known.employee_id},
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
    assert payment(server, charge["id"], "tender")["tender"] == credit


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
    server: InProcessServer, steps: list[str], expected: tuple[Any, ...]
) -> None:
    charge = server.charge(amount=1000, capture=False)["id"]
    calls = {
        "capture": (f"/v1/charges/{charge}/capture", {}),
        "part": (f"/v1/charges/{charge}/capture", {"amount": 400}),
        "void": ("/v1/refunds", {"charge": charge}),
        "refund": ("/v1/refunds", {"charge": charge, "amount": 100}),
    }
    for step in steps:
        if step == "wait":
            server.clock.advance(8 * 86_400_000)
        else:
            assert server.send("POST", *calls[step]).status == 200
    got = payment(server, charge)
    card = got["cardTransaction"]
    result = (got["result"], got["amount"], card["type"], card["state"], card["captured"])
    assert result == expected
    assert ids(v3(server, "/payments?filter=voided=true")) == (
        [charge] if expected[0] == "VOIDED" else []
    )


def test_a_declined_charge_is_a_payment_that_failed(server: InProcessServer) -> None:
    body = {"amount": 5, "currency": "usd", "source": server.token(DECLINED_CARD)}
    charge = server.send("POST", "/v1/charges", body).json["error"]["charge"]
    got = payment(server, charge)
    assert (got["result"], "order" in got, got["cardTransaction"]["captured"]) == (
        "FAIL",
        False,
        False,
    )
    assert ids(v3(server, "/payments?filter=result=FAIL")) == [charge]
    assert v3(server, "/orders").json["elements"] == []


def test_payment_by_card_on_file_is_marked(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    got = payment(server, server.charge(source=customer)["id"])["cardTransaction"]
    assert (got["entryType"], got["vaultedCard"]["expirationDate"], got["token"]) == (
        "VAULTED",
        "1230",
        got["vaultedCard"]["token"],
    )


def test_what_a_merchant_supports_is_what_its_scenario_says(make_server: MakeServer) -> None:
    server = make_server(surcharge_rate=35_000, purchase_cards=False, soft_descriptors=False)
    assert v3(server, "/ecomm_payment_configs", auth=False).json == {
        "surcharging": {"supported": True, "rate": 0.035},
        "purchase_card": {"supported": False},
        "softDescriptors": {"supported": False},
    }
    charge = server.charge(amount=2428)["id"]
    (known,) = payment(server, charge, "additionalCharges")["additionalCharges"]["elements"]
    assert {**known, "id": ""} == {
        "id": "",
        "amount": 84,
        "rate": 35_000,
        "type": "CREDIT_SURCHARGE",
        "payment": {"id": charge},
    }


@pytest.mark.parametrize(
    ("requested", "label"),
    [
        ({"label_key": "com.clover.tender.cash"}, "Cash"),
        ({"label_key": "com.clover.tender.check"}, "Check"),
        ({"id": "{check}"}, "Check"),
        ({"label": "Barter"}, "External Payment"),
    ],
)
def test_payment_shows_alternate_tender(
    server: InProcessServer, requested: dict[str, str], label: str
) -> None:
    check = ids(v3(server, "/tenders?filter=label=Check"))[0]
    named = {name: value.format(check=check) for name, value in requested.items()}
    charge = server.charge(source="alternate_tender", tender=named)["id"]
    got = payment(server, charge, "tender,cardTransaction")
    assert (got["tender"]["label"], "cardTransaction" in got) == (label, False)


def test_a_bank_debit_is_pending_and_then_a_success(server: InProcessServer) -> None:
    token = server.send("POST", "/v1/tokens", {"ach": ACH}).json["id"]
    charge = server.charge(source=token)["id"]
    got = payment(server, charge, "tender,cardTransaction")
    assert (got["result"], got["tender"]["label"]) == ("PENDING", "External Payment")
    server.clock.advance(4 * 86_400_000)
    assert payment(server, charge)["result"] == "SUCCESS"


def test_refund_has_same_id_and_void_is_not_a_refund(server: InProcessServer) -> None:
    charge, held = server.charge()["id"], server.charge(capture=False)["id"]
    refund = server.send("POST", "/v1/refunds", {"charge": charge, "amount": 300}).json["id"]
    server.send("POST", "/v1/refunds", {"charge": held})
    order = server.send("GET", f"/v1/charges/{charge}").json["order"]
    shown = {
        "id": refund,
        "orderRef": {"id": order},
        "payment": {"id": charge},
        "amount": 300,
        "taxAmount": 0,
        "createdTime": SECONDS,
        "clientCreatedTime": SECONDS,
        "employee": {"id": server.known.employee_id},
        "voided": False,
    }
    listed = v3(server, "/refunds").json
    assert listed == {"elements": [shown], "href": f"{root(server)}/refunds?limit=100"}
    assert payment(server, charge, "refunds")["refunds"] == {"elements": [shown]}
    assert payment(server, held, "refunds")["refunds"] == {"elements": []}
    (expanded,) = v3(server, "/refunds?expand=payment").json["elements"]
    assert expanded["payment"]["amount"] == 1800


def test_the_tax_of_a_refund_is_its_share(server: InProcessServer) -> None:
    charge = server.charge(amount=1100, tax_amount=100)["id"]
    assert server.send("POST", "/v1/refunds", {"charge": charge}).status == 200
    (shown,) = v3(server, "/refunds").json["elements"]
    assert (shown["amount"], shown["taxAmount"]) == (1100, 100)


# Orders -------------------------------------------------------------------------------------------


def test_platform_shows_v1_order_history(server: InProcessServer) -> None:
    customer = server.send(
        "POST",
        "/v1/customers",
        {
            "email": "jo@example.com",
            "source": server.token(),
            "firstName": "Jo",
            "lastName": "Doe",
        },
    ).json["id"]
    items = [
        {"amount": 500, "quantity": 2, "description": "Cup", "tax_rates": [{"rate": 1_000_000}]},
        {"type": "tax", "amount": 7},
    ]
    body = {"currency": "usd", "items": items, "customer": customer}
    order = server.send("POST", "/v1/orders", body).json["id"]
    path = f"/orders/{order}?expand=lineItems.taxRates,payments,customers"
    first = v3(server, path).json
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
        "href": f"{root(server)}/customers/{customer}",
        "id": customer,
        "orderRef": {"id": order},
        "firstName": "Jo",
        "lastName": "Doe",
        "marketingAllowed": False,
        "customerSince": SECONDS,
    }
    server.clock.advance(2000)
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"amount": 107}).json
    assert v3(server, path).json["paymentState"] == "PARTIALLY_PAID"
    server.send("POST", f"/v1/orders/{order}/pay", {})
    whole = v3(server, path).json
    assert (whole["paymentState"], whole["state"]) == ("PAID", "locked")
    assert whole["modifiedTime"] == SECONDS + 2000
    payments = whole["payments"]["elements"]
    assert [each["amount"] for each in payments] == [107, 1000]
    assert sum(each["taxAmount"] for each in payments) == 107
    assert payments[0]["id"] == paid["charge"]
    listed = v3(server, f"/orders/{order}/payments").json
    assert listed["elements"] == payments
    by_line = [{"parent": line["id"], "amount": 550, "quantity": 2, "type": "sku"}]
    got = server.send("POST", f"/v1/orders/{order}/returns", {"items": by_line})
    assert got.json["amount_returned"] == 1100
    after = v3(server, f"/orders/{order}?expand=lineItems,refunds").json
    assert after["paymentState"] == "PARTIALLY_REFUNDED"
    assert [each["refunded"] for each in after["lineItems"]["elements"]] == [True, False]
    assert [each["amount"] for each in after["refunds"]["elements"]] == [100, 1000]
    server.send("POST", f"/v1/orders/{order}/returns")
    assert v3(server, f"/orders/{order}").json["paymentState"] == "REFUNDED"


def test_the_order_of_a_charge_is_seen_and_can_be_named(server: InProcessServer) -> None:
    early = server.order(5)["id"]
    server.clock.advance(1000)
    charge = server.charge()["id"]
    server.clock.advance(1000)
    late = server.order(6)["id"]
    order = server.send("GET", f"/v1/charges/{charge}").json["order"]
    assert ids(v3(server, "/orders")) == [late, order, early]
    server.clock.advance(1000)
    named = v3(server, f"/orders/{order}", "POST", {"title": "Online Store - 10", "note": "10"})
    assert (named.json["title"], named.json["total"]) == ("Online Store - 10", 1800)
    assert named.json["modifiedTime"] == SECONDS + 3000
    assert ids(v3(server, "/orders")) == [late, order, early]
    assert [each["id"] for each in server.send("GET", "/v1/orders").json["data"]] == [
        late,
        order,
        early,
    ]
    assert ids(v3(server, "/orders?filter=title=Online*")) == [order]
    again = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert again.json["error"]["code"] == "order_already_paid"
    server.send("POST", f"/v1/orders/{order}/returns")
    assert v3(server, f"/orders/{order}").json["paymentState"] == "REFUNDED"


def test_platform_order_is_paid_through_v1(server: InProcessServer) -> None:
    tax = create(server, "/tax_rates", {"name": "Sale", "rate": 1_000_000, "isDefault": True})
    item = create(server, "/items", {"name": "Cup", "price": 300})["id"]
    order = create(server, "/orders", {"title": "Table 1"})["id"]
    assert "total" not in v3(server, f"/orders/{order}").json
    lines = f"/orders/{order}/line_items"
    first = create(server, lines, {"item": {"id": item}, "quantity": 2})
    assert (first["name"], first["price"], first["item"]) == ("Cup", 300, {"id": item})
    create(server, lines, {"name": "Fee", "price": 40, "unitQty": 1000})
    create(server, lines, {"name": "Tip jar", "price": 10, "taxRates": [{"rate": 5_000_000}]})
    shown = v3(server, f"{lines}?expand=taxRates").json["elements"]
    assert [each["name"] for each in shown] == ["Cup", "Fee", "Tip jar"]
    assert [
        [(rate.get("id"), rate["rate"]) for rate in each["taxRates"]["elements"]] for each in shown
    ] == [[(tax["id"], 1_000_000)], [], [(None, 5_000_000)]]
    seen = server.send("GET", f"/v1/orders/{order}").json
    assert (seen["amount"], seen["tax_amount"]) == (600 + 60 + 40 + 10 + 5, 65)
    assert [each["description"] for each in seen["items"]] == ["Cup", "Fee", "Tip jar"]
    v3(server, f"/orders/{order}", "POST", {"total": 715, "state": "open"})
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    assert (paid["amount_paid"], paid["tax_amount_paid"], paid["status"]) == (715, 65, "paid")
    after = v3(server, f"/orders/{order}").json
    assert (after["total"], after["paymentState"], after["state"]) == (715, "PAID", "open")


def test_a_custom_orders_own_total_is_what_is_to_be_paid(server: InProcessServer) -> None:
    order = create(server, "/orders", {"total": 90})["id"]
    create(server, f"/orders/{order}/line_items", {"name": "Cup", "price": 100})
    assert server.send("GET", f"/v1/orders/{order}").json["amount"] == 90
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    assert (paid["amount"], paid["status"]) == (90, "paid")


def test_a_custom_order_without_lines_cannot_be_paid(server: InProcessServer) -> None:
    order = create(server, "/orders", {"total": 90})["id"]
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert got.json["error"]["message"] == f"Order with id {order} has no line items"


def test_atomic_order_totals(server: InProcessServer) -> None:
    create(server, "/tax_rates", {"name": "Sale", "rate": 1_000_000, "isDefault": True})
    taxed = create(server, "/items", {"name": "Cup", "price": 300})["id"]
    free = create(server, "/items", {"name": "Book", "price": 50, "defaultTaxRates": False})["id"]
    kind = create(server, "/order_types", {"label": "Delivery"})
    cart = {
        "orderType": {"id": kind["id"]},
        "lineItems": [{"item": {"id": taxed}}, {"item": {"id": free}, "unitQty": 3000}],
    }
    got = create(server, "/atomic_order/orders?expand=orderType", {"orderCart": cart})
    assert (got["total"], got["state"], got["paymentState"]) == (480, "open", "OPEN")
    assert got["orderType"]["label"] == "Delivery"
    assert len(got["lineItems"]["elements"]) == 2
    assert server.send("GET", f"/v1/orders/{got['id']}").json["amount"] == 480


def test_an_unpaid_order_can_be_deleted(server: InProcessServer) -> None:
    order = server.order(5)["id"]
    assert v3(server, f"/orders/{order}", "DELETE").body == b"{}"
    assert server.send("GET", f"/v1/orders/{order}").status == 404
    assert v3(server, "/orders").json["elements"] == []


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
def test_orders_are_filtered(server: InProcessServer, filters: str, expected: str) -> None:
    customer = server.customer()["id"]
    orders = {}
    for name, amount in (("a", 20), ("b", 30), ("c", 40)):
        body = {"currency": "usd", "items": [{"amount": amount}]}
        if name == "c":
            body["customer"] = customer
        orders[server.send("POST", "/v1/orders", body).json["id"]] = name
        server.clock.advance(1000)
    (paid,) = (order for order, name in orders.items() if name == "b")
    server.send("POST", f"/v1/orders/{paid}/pay", {"source": server.token(MC)})
    known = {f"t{n}": SECONDS + 1000 * n for n in range(3)} | {"customer": customer}
    got = ids(v3(server, f"/orders?filter={quote(filters.format(**known))}"))
    assert "".join(orders[order] for order in got) == expected


# Taxes by id --------------------------------------------------------------------------------------


def test_v1_knows_the_merchants_taxes(server: InProcessServer) -> None:
    tax = create(server, "/tax_rates", {"name": "Sale", "rate": 1_000_000})["id"]
    flat = create(server, "/tax_rates", {"name": "Deposit", "taxAmount": 25})["id"]
    none = ids(v3(server, "/tax_rates?filter=name=NO_TAX_APPLIED"))[0]
    rates = [{"tax_rate_uuid": each} for each in (tax, flat, none)]
    items = [{"amount": 1358, "quantity": 2, "tax_rates": rates}]
    got = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert (got["amount"], got["tax_amount"], got["items"]) == (2716 + 272 + 25, 297, items)
    charge = server.charge(amount=1100, tax_rate_uuid=tax)
    assert charge["tax_amount"] == 100
    assert server.charge(amount=1100, tax_rate_uuid=flat)["tax_amount"] == 25
    half = create(server, "/tax_rates", {"name": "Half of the amount", "rate": 10_000_000})["id"]
    assert server.charge(amount=3, tax_rate_uuid=half)["tax_amount"] == 2, "1.5 is rounded up"
    shown = payment(server, charge["id"])
    assert (shown["amount"], shown["taxAmount"]) == (1100, 100)


def test_each_tax_is_found_by_its_own_id(server: InProcessServer) -> None:
    none = ids(v3(server, "/tax_rates?filter=name=NO_TAX_APPLIED"))[0]
    requested = TaxRateRequest(name="Sale", rate=1_000_000)
    for tax in ("0000000000000", "ZZZZZZZZZZZZZ"):
        server.sandbox.tax_rates.put(tax, MerchantTax(id=tax, asked=requested))
        assert server.charge(amount=1100, tax_rate_uuid=tax)["tax_amount"] == 100
    assert server.charge(amount=1100, tax_rate_uuid=none)["tax_amount"] == 0


def test_a_line_of_v1_takes_its_price_and_name_from_the_inventory(server: InProcessServer) -> None:
    item = create(server, "/items", {"name": "Cup", "price": 300})["id"]
    items = [{"parent": item, "quantity": 2}, {"parent": item, "amount": 250, "type": "sku"}]
    got = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert got["amount"] == 850
    assert got["items"][0] == {
        "parent": item,
        "quantity": 2,
        "amount": 300,
        "description": "Cup",
    }
    (first, _) = v3(server, f"/orders/{got['id']}/line_items").json["elements"]
    assert first["item"] == {"id": item}


# Customers ----------------------------------------------------------------------------------------


def test_a_customer_of_v1_is_seen_with_its_cards(server: InProcessServer) -> None:
    body = {"email": "jo@example.com", "source": server.token(), "name": "Jo van Doe"}
    customer = server.send("POST", "/v1/customers", body | {"phone": "2125550100"}).json
    path = f"/customers/{customer['id']}?expand=cards,emailAddresses,phoneNumbers"
    got = v3(server, path).json
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
    more = {"email": "jo@example.org", "source": server.token(MC)}
    server.send("PUT", f"/v1/customers/{customer['id']}", more)
    after = v3(server, path).json
    assert [each["emailAddress"] for each in after["emailAddresses"]["elements"]] == [
        "jo@example.org",
        "jo@example.com",
    ]
    assert [each["last4"] for each in after["cards"]["elements"]] == ["3294", "4242"]
    server.send("DELETE", f"/v1/customers/{customer['id']}/sources/{card['id']}")
    left = v3(server, path).json["cards"]["elements"]
    assert [each["last4"] for each in left] == ["3294"]
    assert "cards" not in v3(server, f"/customers/{customer['id']}").json


def test_a_customer_that_is_made_here_can_have_a_card_saved_there(server: InProcessServer) -> None:
    body = {
        "firstName": "Jo",
        "emailAddresses": [{"emailAddress": "jo@example.com"}],
        "addresses": [{"address1": "1 Street", "zip": "94085"}],
        "email": "ignored@example.com",
    }
    got = v3(server, "/customers?expand=emailAddresses,addresses,phoneNumbers", "POST", body).json
    customer = got["id"]
    assert [each["emailAddress"] for each in got["emailAddresses"]["elements"]] == [
        "jo@example.com"
    ]
    (address,) = got["addresses"]["elements"]
    assert (address["address1"], address["zip"]) == ("1 Street", "94085")
    unpaid = {"amount": 5, "currency": "usd", "source": customer}
    assert (
        server.send("POST", "/v1/charges", unpaid).json["error"]["code"] == "card_on_file_missing"
    )
    saved = {"email": "jo@example.com", "source": server.token()}
    assert server.send("PUT", f"/v1/customers/{customer}", saved).status == 200
    assert server.send("POST", "/v1/charges", unpaid).status == 200
    changed = v3(server, f"/customers/{customer}", "POST", {"lastName": "Doe"}).json
    assert (changed["firstName"], changed["lastName"]) == ("Jo", "Doe")
    assert v3(server, f"/customers/{customer}", "DELETE").body == b"{}"
    assert v3(server, f"/customers/{customer}").status == 404
    assert server.send("POST", "/v1/charges", unpaid).status == 400
    spent = {"amount": 5, "currency": "usd", "source": saved["source"]}
    assert server.send("POST", "/v1/charges", spent).status == 400


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
def test_customers_are_filtered(server: InProcessServer, filters: str, expected: str) -> None:
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
        names[create(server, "/customers", body)["id"]] = name
        server.clock.advance(1000 if name == "a" else 0)
    if "customerSince" in filters:
        v3(server, f"/customers/{[*names][2]}", "DELETE")
    got = ids(v3(server, f"/customers?filter={quote(filters.format(now=SECONDS))}"))
    assert "".join(names[each] for each in got) == expected


def test_the_platforms_rows_survive_a_snapshot(server: InProcessServer) -> None:
    create(server, "/items", {"name": "Cup", "price": 300})
    create(server, "/tax_rates", {"name": "Sale", "rate": 1_000_000})
    create(server, "/order_types", {"label": "Delivery"})
    create(server, "/customers", {"firstName": "Jo", "addresses": [{"city": "Sunnyvale"}]})
    order = create(server, "/orders", {"title": "A"})["id"]
    create(server, f"/orders/{order}/line_items", {"name": "Cup", "price": 5})
    lists = ("/items", "/tax_rates", "/order_types", "/customers?expand=addresses", "/orders")
    before = [v3(server, each).body for each in (*lists, f"/orders/{order}?expand=lineItems")]
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    saved = server.send("GET", "/_mock/snapshot", headers=control).body
    for path in ("/items", "/tax_rates", "/order_types", "/orders", "/customers"):
        create(server, path, {"name": "x", "label": "x"})
    assert server.send("PUT", "/_mock/snapshot", raw=saved, headers=control).status == 200
    after = [v3(server, each).body for each in (*lists, f"/orders/{order}?expand=lineItems")]
    assert after == before
