"""Carts of the platform API: quantities, modifications, discounts, service charges, totals."""

from typing import Any

import pytest

from tests.clover.platform.test_platform import create, v3
from tests.in_process import InProcessServer

FIXED, PER_UNIT = {"name": "Soup", "price": 1000}, {"name": "Rice", "price": 999}
PER_UNIT["priceType"] = "PER_UNIT"


@pytest.mark.parametrize(
    ("item", "unit_qty", "total", "told"),
    [
        (FIXED, 1000, 1000, False),
        (FIXED, 3000, 3000, False),
        (FIXED, 0, 0, False),
        (FIXED, 1, 1000, True),
        (FIXED, 2, 2000, True),
        (FIXED, 999, 999_000, True),
        (PER_UNIT, 1, 1, False),
        (PER_UNIT, 500, 500, False),
        (PER_UNIT, 1000, 999, False),
        (PER_UNIT, 2500, 2498, False),
    ],
)
def test_unit_qty(
    server: InProcessServer, item: dict[str, Any], unit_qty: int, total: int, *, told: bool
) -> None:
    ids = {"item": {"id": create(server, "/items", item)["id"]}}
    cart = {"orderCart": {"lineItems": [ids | {"unitQty": unit_qty}]}}
    got = v3(server, "/atomic_order/orders", "POST", cart)
    line = got.json["lineItems"]["elements"][0]
    assert (got.json["total"], line["unitQty"], line["price"]) == (total, unit_qty, item["price"])
    assert ("counts whole units (inferred)" in got.why) == told
    if not told:  # the behaviour must be in the evidence of every case
        v3(server, "/atomic_order/orders", "POST", {"orderCart": {"lineItems": [{"unitQty": 1}]}})


A, B = {"name": "A", "price": 1000}, {"name": "B", "price": 333}
MILK = {"modifier": {"id": "M1"}, "name": "Milk", "amount": 50}


@pytest.mark.parametrize(
    ("cart", "total"),
    [
        ({"lineItems": [A], "discounts": [{"name": "NEWCUSTOMER", "percentage": 10}]}, 900),
        ({"lineItems": [A], "discounts": [{"name": "D", "amount": -100}]}, 900),
        ({"lineItems": [A], "discounts": [{"name": "D", "amount": 100}]}, 900),
        ({"lineItems": [A], "discounts": [{"name": "D", "amount": -5000}]}, 0),
        ({"lineItems": [A], "discounts": [{"amount": -100}, {"percentage": 50}]}, 450),
        ({"lineItems": [A | {"discounts": [{"percentage": 33}]}, B]}, 1003),
        ({"lineItems": [A | {"modifications": [MILK]}]}, 1050),
        ({"lineItems": [A | {"modifications": [MILK], "unitQty": 2}]}, 2100),
        ({"lineItems": [A | {"modifications": [{"modifier": {"id": "M", "price": 7}}]}]}, 1007),
        ({"lineItems": [A], "serviceCharge": {"percentageDecimal": 125_000}}, 1125),
        ({"lineItems": [A], "serviceCharge": {"percentage": 18}}, 1180),
        ({"lineItems": [A], "serviceCharge": {"id": "X"}}, 1100),
        (  # 1000 + 333, less 10 %, is 1200; with 10 % tax on A's share, and 10 % service
            {
                "lineItems": [A | {"taxRates": [{"name": "T", "rate": 1_000_000}]}, B],
                "discounts": [{"percentage": 10}],
                "serviceCharge": {"percentage": 10},
            },
            1200 + 90 + 120,
        ),
    ],
)
def test_totals(server: InProcessServer, cart: dict[str, Any], total: int) -> None:
    """A checkout, an atomic order, its payment and its return agree on the total."""
    checkout = create(server, "/atomic_order/checkouts", {"orderCart": cart})
    order = create(server, "/atomic_order/orders", {"orderCart": cart})
    assert (checkout["total"], order["total"]) == (total, total)
    sent = [each.get("percentage", each.get("amount")) for each in cart.get("discounts", ())]
    shown = order["discounts"]["elements"]
    assert [each.get("percentage", each.get("amount")) for each in shown] == sent
    one_by_one = create(server, "/orders")["id"]
    for line in cart["lineItems"]:
        create(server, f"/orders/{one_by_one}/line_items", line)
    for discount in cart.get("discounts", ()):
        create(server, f"/orders/{one_by_one}/discounts", discount)
    if charge := cart.get("serviceCharge"):
        create(server, f"/orders/{one_by_one}/service_charge", {"id": "SC"} | charge)
    for order_id in (order["id"], one_by_one) if total else ():
        path = f"/v1/orders/{order_id}"
        paid = server.send("POST", f"{path}/pay", {"source": server.token()})
        assert (paid.status, paid.json["amount_paid"]) == (200, total)
        assert server.send("POST", f"{path}/returns").json["amount_returned"] == total


def test_a_discount_and_a_modification_are_removed_again(server: InProcessServer) -> None:
    order = create(server, "/atomic_order/orders", {"orderCart": {"lineItems": [A, B]}})
    root = f"/orders/{order['id']}"
    line = f"{root}/line_items/{order['lineItems']['elements'][0]['id']}"
    totals = []
    made = [
        (f"{line}/modifications", MILK),
        (f"{line}/discounts", {"percentage": 50}),
        (f"{root}/discounts", {"amount": -33}),
        (f"{root}/service_charge", {"id": "SC", "percentage": 10}),
    ]
    paths = []
    for path, body in made:
        paths.append(f"{path}/{create(server, path, body)['id']}")
        totals.append(v3(server, root).json["total"])
    for path in reversed(paths):
        assert v3(server, path, "DELETE").json == {}
        totals.append(v3(server, root).json["total"])
    assert totals == [1383, 858, 825, 908, 825, 858, 1383, 1333]
    assert v3(server, paths[0], "DELETE").status == 404


def test_a_tax_free_order_has_no_tax(server: InProcessServer) -> None:
    line = A | {"taxRates": [{"name": "T", "rate": 1_000_000}]}
    order = create(server, "/atomic_order/orders", {"orderCart": {"lineItems": [line]}})
    free = create(server, f"/orders/{order['id']}", {"taxRemoved": True})
    assert (order["total"], free["total"], free["taxRemoved"]) == (1100, 1000, True)


def test_lines_keep_their_ids(server: InProcessServer) -> None:
    order = server.order(10, 20, 30)["id"]
    root = f"/orders/{order}/line_items"
    first, second, third = [each["id"] for each in v3(server, root).json["elements"]]
    assert v3(server, f"{root}/{third}", "DELETE").json == {}
    fourth = create(server, root, {"price": 40})["id"]
    assert v3(server, f"{root}/{first}", "DELETE").json == {}
    assert [each["id"] for each in v3(server, root).json["elements"]] == [second, fourth]
    assert len({first, second, third, fourth}) == 4
    edited = create(server, f"{root}/{second}", {"price": 25, "note": "n", "alternateName": "a"})
    assert [edited[name] for name in ("price", "note", "alternateName")] == [25, "n", "a"]
    assert server.send("GET", f"/v1/orders/{order}").json["amount"] == 65
    server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    item = {"parent": fourth, "amount": 40, "type": "sku"}
    assert server.send("POST", f"/v1/orders/{order}/returns", {"items": [item]}).status == 200
    assert v3(server, f"{root}/{fourth}").json["refunded"] is True
    assert v3(server, f"{root}/{second}", "DELETE").json == {}
    assert v3(server, f"{root}/{fourth}").json["refunded"] is True


def test_a_paid_order_keeps_its_total(server: InProcessServer) -> None:
    charged = server.charge(amount=500)["id"]
    of_charge = server.sandbox.charges.get(charged)
    assert of_charge is not None
    stored = server.order(500)["id"]
    server.send("POST", f"/v1/orders/{stored}/pay", {"source": server.token()})
    for order in (stored, of_charge.order):
        for path, body in (
            ("line_items", {"name": "B", "price": 100}),
            ("discounts", {"name": "D", "percentage": 10}),
            ("bulk_line_items", {"items": [A]}),
        ):
            got = v3(server, f"/orders/{order}/{path}", "POST", body)
            assert (got.status, "its total stays" in got.why) == (200, True), got
        shown = v3(server, f"/orders/{order}?expand=lineItems,discounts").json
        assert (shown["total"], shown["state"], shown["paymentState"]) == (500, "locked", "PAID")
        assert len(shown["lineItems"]["elements"]) == 3
        assert len(shown["discounts"]["elements"]) == 1


def test_expansions(server: InProcessServer) -> None:
    """Any number of fields, to two levels; `why` names the fields that are not expanded."""
    order = create(
        server, "/atomic_order/orders", {"orderCart": {"lineItems": [A | {"note": "n"}]}}
    )
    server.send("POST", f"/v1/orders/{order['id']}/pay", {"source": server.token()})
    names = "order,order.lineItems,tender,cardTransaction,customer,ordr,order.lineItems.taxRates"
    got = v3(server, f"/payments?expand={names}")
    payment = got.json["elements"][0]
    assert payment["order"]["lineItems"]["elements"][0]["note"] == "n"
    assert (payment["tender"]["label"], payment["cardTransaction"]["last4"]) == (
        "Credit Card",
        "4242",
    )
    assert got.why == (
        "no rule applied; not expanded: customer, order.lineItems.taxRates (did you mean "
        "order.lineItems?), ordr (did you mean order?); this response can expand "
        "additionalCharges, cardTransaction, order, order.customers, order.discounts, "
        "order.lineItems, order.payment, order.payments, order.refunds, order.serviceCharge, "
        "refunds, tender"
    )
    for path, told in (
        ("/customers?expand=nothing", ""),  # an empty list
        ("/tenders?expand=nothing", "; not expanded: nothing; this response can expand nothing"),
        (f"/orders/{order['id']}?expand=customers,lineItems,payments,discounts", ""),
        ("?expand=,", ""),
    ):
        assert v3(server, path).why == f"no rule applied{told}"
    many = v3(server, f"?expand={','.join(f'a{n}' for n in range(9))}")
    told = "a0, a1, a2, a3, a4 +4 more; this response can expand address, gateway, owner"
    assert many.why == f"no rule applied; not expanded: {told}, properties"


def test_customers_as_an_array_or_an_object(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    for customers in ([{"id": customer}], {"elements": [{"id": customer}]}):
        made = create(server, "/orders?expand=customers", {"customers": customers})
        assert [each["id"] for each in made["customers"]["elements"]] == [customer]
    cart = {"lineItems": [A], "customers": [{"id": customer}]}
    atomic = create(server, "/atomic_order/orders?expand=customers", {"orderCart": cart})
    assert atomic["customers"]["elements"][0]["id"] == customer
