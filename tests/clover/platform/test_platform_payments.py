"""Payments that are recorded in the platform API, their refunds, and print events."""

from typing import Any

import pytest

from tests.clover.platform.test_platform import create, v3
from tests.in_process import InProcessServer

A = {"name": "A", "price": 1000}


def tender(server: InProcessServer, label: str = "Cash") -> dict[str, str]:
    tenders = v3(server, "/tenders").json["elements"]
    return {"id": next(each["id"] for each in tenders if each["label"] == label)}


def test_recorded_payments_close_an_order(server: InProcessServer) -> None:
    voucher = create(server, "/tenders", {"label": "Voucher", "labelKey": "com.example.voucher"})
    assert v3(server, "/tenders?filter=labelKey=com.example.voucher").json["elements"] == [voucher]
    order = create(server, "/orders", {"state": "open", "total": 1000})["id"]
    create(server, f"/orders/{order}/line_items", A)
    path = f"/orders/{order}/payments"
    first = create(server, path, {"tender": tender(server, "Voucher"), "amount": 400})
    shown = v3(server, f"/orders/{order}").json
    assert (shown["paymentState"], shown["state"]) == ("PARTIALLY_PAID", "open")
    more = {"tipAmount": 90, "taxAmount": 50, "cashTendered": 700, "note": "n"}
    more |= {"externalPaymentId": "V-1", "externalReferenceId": "shop order 1001-b"}
    cash = {"tender": tender(server), "amount": 600} | more
    second = create(server, f"{path}?expand=tender", cash)
    assert {name: second[name] for name in more} == more
    assert second["tender"]["labelKey"] == "com.clover.tender.cash"
    shown = v3(server, f"/orders/{order}?expand=payments").json
    assert (shown["paymentState"], shown["state"], shown["total"]) == ("PAID", "locked", 1000)
    assert [each["id"] for each in shown["payments"]["elements"]] == [first["id"], second["id"]]
    assert first["tender"]["id"] == voucher["id"]
    found = v3(server, "/payments?filter=externalPaymentId=V-1").json["elements"]
    assert [each["id"] for each in found] == [second["id"]]
    again = v3(server, path, "POST", cash)
    assert (again.status, again.json["message"]) == (400, "Order has payments")


def test_refunds_of_payments(server: InProcessServer) -> None:
    charge = server.charge(amount=1000)["id"]
    part = create(server, "/refunds", {"payment": {"id": charge}, "amount": 300})
    assert v3(server, f"/refunds/{part['id']}").json == part
    assert server.send("GET", f"/v1/refunds/{part['id']}").json["amount"] == 300
    rest = create(server, "/refunds", {"payment": {"id": charge}, "amount": 1, "fullRefund": True})
    assert (part["amount"], rest["amount"]) == (300, 700)
    too_much = v3(server, "/refunds", "POST", {"payment": {"id": charge}})
    assert (too_much.status, "0.00 USD of this payment can be refunded" in too_much.why) == (
        400,
        True,
    )


def test_a_print_event(server: InProcessServer) -> None:
    order = server.order(5)["id"]
    body = {"orderRef": {"id": order}, "deviceRef": {"id": "D1"}}
    made = create(server, "/print_event", body)
    assert made == {"id": made["id"], **body, "state": "CREATED"}
    snapshot = server.send("GET", "/_mock/snapshot").json
    assert server.send("PUT", "/_mock/snapshot", snapshot).status == 200
    assert v3(server, f"/print_event/{made['id']}").json == made


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/payments", {"amount": 1, "tender": {"id": "X"}}, 400, "Invalid value for tender"),
        ("/payments", {"amount": 1}, 400, "Invalid value for tender"),
        ("/payments", {"amount": 0, "tender": {}}, 400, "Invalid value for amount"),
    ],
)
def test_payments_that_are_refused(
    server: InProcessServer, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    order = server.order(5)["id"]
    got = v3(server, f"/orders/{order}{path}", "POST", body)
    assert (got.status, got.json["message"]) == (status, message)


def test_a_paid_order_has_one_item_for_each_kind(server: InProcessServer) -> None:
    """Observed: community.clover.com 42331, an order of 2 apples and 3 oranges."""
    kinds = {}
    for name, price in (("Apple", 200), ("Orange", 300)):
        kinds[name] = create(server, "/items", {"name": name, "price": price})["id"]
    apple, orange = ({"item": {"id": kind}} for kind in kinds.values())
    cart = {"orderCart": {"lineItems": [apple, apple, orange, orange, orange]}}
    order = create(server, "/atomic_order/orders", cart)["id"]
    body = {"source": server.token(), "external_reference_id": "E5CZ3ABCDE"}
    paid = server.send("POST", f"/v1/orders/{order}/pay", body).json
    assert (paid["amount"], paid["external_reference_id"]) == (1300, "E5CZ3ABCDE")
    assert paid["items"] == [
        {
            "parent": kinds[name],
            "inventory_id": kinds[name],
            "amount": price,
            "description": name,
            "tax_rates": [{"name": "NO_TAX_APPLIED"}],
        }
        for name, price in (("Apple", 200), ("Orange", 300))
    ]
    assert len(server.send("GET", f"/v1/orders/{order}").json["items"]) == 5
