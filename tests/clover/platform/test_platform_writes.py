"""Changes to items, taxes and customers through the platform API."""

from typing import Any

import pytest

from tests.clover.platform.test_platform import create, ids, v3
from tests.in_process import DECLINED_CARD, VISA, InProcessServer

CHANGES: dict[str, Any] = {
    "name": "Mug",
    "price": 7,
    "priceType": "PER_UNIT",
    "hidden": True,
    "available": False,
    "autoManage": True,
    "defaultTaxRates": False,
    "isRevenue": False,
    "sku": "S",
    "code": "C",
    "alternateName": "A",
}


def test_items_are_changed_and_deleted(server: InProcessServer) -> None:
    item = create(server, "/items", {"name": "Cup", "price": 5})
    shown = item
    for name, value in CHANGES.items():
        shown = create(server, f"/items/{item['id']}", {name: value})
    assert shown == item | CHANGES
    stock = create(server, f"/item_stocks/{item['id']}", {"quantity": 2.5})
    assert (stock["stockCount"], stock["quantity"]) == (2, 2.5)
    assert v3(server, "/item_stocks").json["elements"] == [stock]
    assert v3(server, f"/items/{item['id']}", "DELETE").json == {}
    for path in (f"/items/{item['id']}", f"/item_stocks/{item['id']}"):
        assert v3(server, path).status == 404
    assert v3(server, f"/item_stocks/{item['id']}", "POST", {"quantity": 1}).status == 404


def test_taxes_of_items(server: InProcessServer) -> None:
    item = create(server, "/items", {"name": "Cup", "price": 1000})["id"]
    tax = create(server, "/tax_rates", {"name": "City", "rate": 1_000_000})["id"]
    pairs = {"elements": [{"item": {"id": item}, "taxRate": {"id": tax}}]}
    assert ids(v3(server, f"/items/{item}/tax_rates")) == []
    create(server, "/item_tax_rates", pairs)
    assert ids(v3(server, f"/items/{item}/tax_rates")) == [tax]
    assert ids(v3(server, f"/tax_rates/{tax}/items")) == [item]
    cart = {"orderCart": {"lineItems": [{"item": {"id": item}}]}}
    order = create(server, "/atomic_order/orders", cart)
    create(server, "/tax_rate_items?delete=true", pairs)
    assert v3(server, "/tax_rate_items").json["elements"] == []
    create(server, "/tax_rate_items", pairs)
    assert v3(server, f"/tax_rates/{tax}", "DELETE").json == {}
    assert v3(server, f"/tax_rates/{tax}").status == 404
    assert tax not in ids(v3(server, "/tax_rates"))
    untaxed = create(server, "/atomic_order/orders", cart)
    create(server, f"/orders/{order['id']}/line_items", {"name": "B", "price": 1})
    shown = v3(server, f"/orders/{order['id']}").json
    assert (order["total"], untaxed["total"], shown["total"]) == (1100, 1000, 1101)
    bad = {"elements": [{"item": {"id": item}, "taxRate": {"id": "X"}}]}
    assert v3(server, "/tax_rate_items", "POST", bad).status == 400


@pytest.mark.parametrize(
    ("kind", "field", "first", "second"),
    [
        ("addresses", "addresses", {"city": "Fresno"}, {"city": "Oakland"}),
        ("phone_numbers", "phoneNumbers", {"phoneNumber": "1"}, {"phoneNumber": "2"}),
        (
            "email_addresses",
            "emailAddresses",
            {"emailAddress": "a@example.com"},
            {"emailAddress": "b@example.com"},
        ),
    ],
)
def test_contacts_are_added_and_deleted(
    server: InProcessServer, kind: str, field: str, first: Any, second: Any
) -> None:
    customer = create(server, "/customers", {"firstName": "Jo"})["id"]
    made = [create(server, f"/customers/{customer}/{kind}", body) for body in (first, second)]
    again = create(server, f"/customers/{customer}/{kind}", second)
    path = f"/customers/{customer}?expand={field}"
    assert [made[1]["id"]] == [again["id"]]
    assert v3(server, path).json[field]["elements"] == made
    one = f"/customers/{customer}/{kind}/{made[0]['id']}"
    assert (v3(server, one, "DELETE").json, v3(server, one, "DELETE").status) == ({}, 404)
    (left,) = v3(server, path).json[field]["elements"]
    assert left["id"] == made[1]["id"]


def test_cards_of_a_new_customer_pay_later(server: InProcessServer) -> None:
    card = {"first6": "424242", "last4": "4242", "token": server.token(), "tokenType": "CTOKEN"}
    made = create(server, "/customers?expand=cards", {"firstName": "A", "cards": [card]})
    (shown,) = made["cards"]["elements"]
    assert {name: shown[name] for name in card} == card
    order = server.order(700)["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"customer": made["id"]})
    assert (paid.status, paid.json["amount_paid"]) == (200, 700)
    before = server.sandbox.state()
    twice = [{"token": server.token()}, {"token": server.token()}]
    for cards in ([{"token": "clv_no"}], [{"token": card["token"]}], twice):
        got = v3(server, "/customers", "POST", {"cards": cards})
        assert got.status == 400, got
    declined = v3(server, "/customers", "POST", {"cards": [{"token": server.token(DECLINED_CARD)}]})
    assert declined.status == 402
    assert len(server.sandbox.customers) == 1
    same = {"token": server.token(VISA)}
    assert v3(server, f"/customers/{made['id']}/cards", "POST", same).status == 409
    assert server.sandbox.state()["customers"] == before["customers"]
