"""Orders in detail: item types, taxes, partial payments, tips, returns and their refunds."""

from typing import Any

import pytest

from mock_clover.sandbox.ids import derived_id
from tests.in_process import DECLINED_CARD, NOW_MS, InProcessServer, MakeServer

TIP = {"amount": 999, "tip_amount": 45}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def create_order(server: InProcessServer, *items: dict[str, Any]) -> str:
    """Create an order and return its id."""
    got = server.send("POST", "/v1/orders", {"currency": "usd", "items": list(items)})
    assert got.status == 200, got
    return str(got.json["id"])


def paid(server: InProcessServer, order: str, **asked: Any) -> dict[str, Any]:
    """Pay an order, or a part, and return the response."""
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()} | asked)
    assert got.status == 200, got
    return dict(got.json)


def returned(server: InProcessServer, order: str, *items: dict[str, Any]) -> Any:
    """Return items of an order, or all of it."""
    return server.send(
        "POST", f"/v1/orders/{order}/returns", {"items": list(items)} if items else None
    )


def refunds(server: InProcessServer) -> list[tuple[str, int]]:
    """Return charge and amount of all refunds, oldest first."""
    listed = server.send("GET", "/v1/refunds?limit=100").json["data"]
    return [(each["charge"], each["amount"]) for each in listed[::-1]]


# Totals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "amount", "tax", "fact"),
    [
        ([{"amount": 25}], 25, None, "a line counts once without a quantity"),
        ([{"amount": 25, "quantity": 3}], 75, None, "an amount is a unit price"),
        ([{"amount": 25, "quantity": 0}, {"amount": 1}], 1, None, "none of a thing costs nothing"),
        ([{"type": "sku", "amount": 25}, {"type": "shipping", "amount": 5}], 30, None, "shipping"),
        ([{"amount": 1800}, {"type": "tax", "amount": 180}], 1980, 180, "a line of tax"),
        ([{"amount": 1000, "tax_rates": [{"rate": 1_000_000}]}], 1100, 100, "1000000 is 10 %"),
        ([{"amount": 5, "tax_rates": [{"rate": 1_000_000}]}], 6, 1, "half a cent is rounded up"),
        ([{"amount": 4, "tax_rates": [{"rate": 1_000_000}]}], 4, None, "less is dropped"),
        (
            [{"amount": 1000, "tax_rates": [{"rate": 1_000_000}, {"tax_amount": 7}]}],
            1107,
            107,
            "taxes of one line add up",
        ),
        (
            [{"amount": 1358, "quantity": 2, "tax_rates": [{"rate": 1_000_000}]}],
            2988,
            272,
            "the tax of a line is that of all its units (the SDK page: 272)",
        ),
        (
            [{"amount": 49_999_999, "tax_rates": [{"rate": 10_000_000}]}],
            99_999_998,
            49_999_999,
            "10,000,000 is 100 %",
        ),
        (
            [{"type": "tax", "amount": 10, "tax_rates": [{"rate": 1_000_000}]}],
            10,
            10,
            "a tax is not taxed",
        ),
    ],
)
def test_order_total(
    server: InProcessServer, items: list[dict[str, Any]], amount: int, tax: int | None, fact: str
) -> None:
    got = server.send("POST", "/v1/orders", {"currency": "usd", "items": items})
    assert got.json == {
        "id": got.json["id"],
        "object": "order",
        "amount": amount,
        "currency": "USD",
        "created": NOW_MS // 1000 * 1000,
        "items": items,
        "status": "created",
    } | ({} if tax is None else {"tax_amount": tax}), fact


@pytest.mark.parametrize("kind", ["discount", "SKU", "", 1])
def test_a_line_of_another_type_is_refused(server: InProcessServer, kind: Any) -> None:
    body = {"currency": "usd", "items": [{"type": kind, "amount": 1}]}
    got = server.send("POST", "/v1/orders", body)
    assert (got.status, got.json["error"]["message"]) == (400, "Please provide valid items.")


# Partial payments ---------------------------------------------------------------------------------


def test_partial_payment_shows_paid_amount_and_tax(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 1000, "tax_rates": [{"rate": 1_000_000}]})
    result = ("amount", "tax_amount", "tax_amount_paid", "tip_amount", "amount_paid", "status")
    first = paid(server, order, amount=333, tip_amount=5)
    second = paid(server, order, amount=333)
    last = paid(server, order, tip_amount=7)
    assert [tuple(part.get(name) for name in result) for part in (first, second, last)] == [
        (1100, 100, 30, 5, 333, "created"),
        (1100, 100, 60, 5, 666, "created"),
        (1100, 100, 100, 12, 1100, "paid"),
    ]
    assert [past["id"] for past in last["past_charges"]] == [first["charge"], second["charge"]]
    parts = [(past["amount"], past["tax_amount"]) for past in last["past_charges"]]
    assert parts == [(333, 30), (333, 30)]
    shown = server.send("GET", f"/v1/charges/{last['charge']}").json
    assert (shown["amount"], shown["tax_amount"], shown["tip_amount"]) == (434, 40, 7)
    assert server.send("GET", f"/v1/orders/{order}").json == {
        "id": order,
        "object": "order",
        "amount": 1100,
        "tax_amount": 100,
        "tax_amount_paid": 100,
        "tip_amount": 12,
        "amount_paid": 1100,
        "currency": "USD",
        "charge": last["charge"],
        "created": NOW_MS // 1000 * 1000,
        "items": [{"amount": 1000, "tax_rates": [{"rate": 1_000_000}]}],
    }


def test_declined_partial_payment_is_not_listed(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 100})
    paid(server, order, amount=40)
    body = {"source": server.token(DECLINED_CARD)}
    assert server.send("POST", f"/v1/orders/{order}/pay", body).status == 402
    last = paid(server, order)
    assert (last["amount_paid"], len(last["past_charges"])) == (100, 1)


def test_the_order_of_an_authorization_is_paid_by_its_capture(server: InProcessServer) -> None:
    charge = server.charge(capture=False)["id"]
    order = server.send("GET", f"/v1/charges/{charge}").json["order"]
    seen = []
    for path in ("/v1/charges", f"/v1/charges/{charge}/capture"):
        seen.append(server.send("GET", f"/v1/orders/{order}").json.get("amount_paid"))
        server.send("POST", path, {"amount": 1000})
    seen.append(server.send("GET", f"/v1/orders/{order}").json.get("amount_paid"))
    assert seen == [None, None, 1000]
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert got.json["error"]["code"] == "order_already_paid"


# Lists --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["late", "early", "open"]),
        ("status_transitions.paid.gte={early}", ["late", "early"]),
        ("status_transitions.paid.gt={early}", ["late"]),
        ("status_transitions.paid.lt={late}", ["early"]),
        ("status_transitions.paid.lte={late}&limit=1", ["late"]),
        ("status_transitions.paid={early}", ["early"]),
        ("status_transitions.paid.gte=2025-05-28", []),
        ("created.lte={open}", ["open"]),
        ("customer={customer}", ["early"]),
        ("expand=payments%2ClineItems", ["late", "early", "open"]),
    ],
)
def test_orders_are_found_by_when_they_were_paid(
    server: InProcessServer, query: str, expected: list[str]
) -> None:
    customer, times, ids = server.customer()["id"], {}, {}
    for name in ("open", "early", "late"):
        ids[name], times[name] = create_order(server, {"amount": 5}), server.sandbox.clock.now_ms()
        server.clock.advance(1000)
    for name in ("early", "late"):
        source = customer if name == "early" else server.token()
        times[name] = server.sandbox.clock.now_ms()
        paid(server, ids[name], source=source)
        server.clock.advance(1000)
    got = server.send("GET", f"/v1/orders?{query.format(customer=customer, **times)}")
    assert [order["id"] for order in got.json["data"]] == [ids[name] for name in expected]


# Returns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [FORM, {"content-type": "application/json"}, {}])
@pytest.mark.parametrize("raw", [b"", b"{}", b" "])
def test_return_without_items_refunds_everything(
    server: InProcessServer, headers: dict[str, str], raw: bytes
) -> None:
    order = create_order(server, {"amount": 300}, {"amount": 100})
    charge = paid(server, order)["charge"]
    path = f"/v1/orders/{order}/returns"
    got = server.send("POST", path, raw=raw, headers=headers)
    assert got.body == (
        b'{"id":"%b","amount":400,"amount_returned":400,"currency":"USD","status":"returned",'
        b'"status_transitions":{}}' % order.encode()
    )
    shown = server.send("GET", f"/v1/charges/{charge}").json
    assert (shown["amount_refunded"], shown["refunded"]) == (400, True)
    assert refunds(server) == [(charge, 400)]


def test_return_refunds_newest_charge_first(server: InProcessServer) -> None:
    order = create_order(
        server, {"amount": 600, "parent": "SHIRT"}, {"amount": 400, "parent": "SOCKS"}
    )
    first = paid(server, order, amount=700)["charge"]
    second = paid(server, order)["charge"]
    shirt = {"parent": "SHIRT", "amount": 600, "type": "sku"}
    assert returned(server, order, shirt).json["amount_returned"] == 600
    assert refunds(server) == [(second, 300), (first, 300)]
    assert returned(server, order).json["amount_returned"] == 1000
    assert refunds(server) == [(second, 300), (first, 300), (first, 400)]
    listed = server.send("GET", f"/v1/refunds?charge={first}").json["data"]
    assert [each["metadata"]["refundType"] for each in listed] == ["AUTH", "AUTH"]


def test_reason_of_a_return_lists_ten_refunds(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 12})
    charges = [paid(server, order, amount=1)["charge"] for _ in range(12)]
    listed = ", ".join(f"0.01 USD of {charge}" for charge in charges[:1:-1])
    got = returned(server, order)
    assert got.why == f"refunded 0.12 USD of 0.12 USD returnable: {listed}, and 2 more"


def test_return_by_item_echoes_items_and_refunds_tip(server: InProcessServer) -> None:
    """Observed: CC 35618."""
    order = create_order(
        server, {"amount": 611, "parent": "34HG2Z9ASVP5A"}, {"amount": 388, "parent": "B"}
    )
    paid(server, order, **TIP)
    item = {"parent": "34HG2Z9ASVP5A", "amount": 611, "quantity": 1, "type": "sku"}
    got = returned(server, order, item).json
    assert got == {
        "id": order,
        "amount": 999,
        "tip_amount": 45,
        "amount_returned": 656,
        "currency": "USD",
        "items": [item],
        "status": "returned",
        "status_transitions": {},
    }
    assert list(got["items"][0]) == ["type", "parent", "quantity", "amount"]
    again = returned(server, order, {"parent": "B", "amount": 388, "quantity": 1, "type": "sku"})
    assert (again.status, again.json["error"]["code"]) == (400, "processing_error")
    assert returned(server, order).json["amount_returned"] == 1044


@pytest.mark.parametrize(
    ("setting", "expected"), [("each", [656, None]), ("first", [656, 1044]), ("never", [611, 999])]
)
def test_tip_refund_is_configurable(
    make_server: MakeServer, setting: str, expected: list[int | None]
) -> None:
    server = make_server(item_return_tip=setting)
    order = create_order(server, {"amount": 611, "parent": "A"}, {"amount": 388, "parent": "B"})
    paid(server, order, **TIP)
    result = [
        returned(server, order, {"parent": parent, "amount": amount}).json.get("amount_returned")
        for parent, amount in (("A", 611), ("B", 388))
    ]
    assert result == expected


ITEMS = (
    {"amount": 100, "quantity": 3, "parent": "CUP"},
    {"amount": 50, "tax_rates": [{"rate": 1_000_000}]},
    {"amount": 40, "parent": "CUP"},
)
"""Three cups, a plate with its tax, and a cup at another price: 395."""
TOO_MUCH, UNKNOWN = (400, "processing_error"), (400, "invalid_request")


@pytest.mark.parametrize(
    ("tries", "fact"),
    [
        ([({"parent": "CUP", "amount": 100}, 200)] * 3, "one after the other"),
        ([({"parent": "CUP", "amount": 100, "quantity": 3}, 200)], "all at once"),
        ([({"parent": "CUP", "amount": 341}, TOO_MUCH)], "more than its lines cost"),
        (
            [
                ({"parent": "CUP", "amount": 100, "quantity": 3}, 200),
                ({"parent": "CUP", "amount": 41}, TOO_MUCH),
                ({"parent": "CUP", "amount": 40}, 200),
                ({"parent": "CUP", "amount": 1}, TOO_MUCH),
            ],
            "no more than is left of its lines",
        ),
        ([({"parent": "LINE1", "amount": 55}, 200)], "a line by its own id, tax included"),
        ([({"parent": "LINE1", "amount": 56}, TOO_MUCH)], "and no more"),
        ([({"parent": "LINE0", "amount": 301}, TOO_MUCH)], "one line of two with that parent"),
        ([({"parent": "HAT", "amount": 1}, UNKNOWN)], "what the order does not hold"),
        ([({"parent": "CUP"}, UNKNOWN)], "nothing"),
        ([({"amount": 395}, 200), ({"amount": 1}, TOO_MUCH)], "without a parent, up to the total"),
        ([({"amount": 396}, TOO_MUCH)], "more than was paid"),
    ],
)
def test_return_by_item_is_limited_to_its_lines(
    server: InProcessServer, tries: list[tuple[dict[str, Any], Any]], fact: str
) -> None:
    order = create_order(server, *ITEMS)
    paid(server, order)
    lines = {f"LINE{place}": derived_id("line", order, str(place)) for place in range(3)}
    for item, expected in tries:
        requested = (
            item | {"parent": lines.get(item["parent"], item["parent"])}
            if "parent" in item
            else item
        )
        got = returned(server, order, requested)
        result = got.status if got.status == 200 else (got.status, got.json["error"]["code"])
        assert result == expected, fact


def test_strict_return_requires_parent(make_server: MakeServer) -> None:
    server = make_server(strict=True)
    ip = {"x-forwarded-for": "127.0.0.1", "user-agent": "shop"}
    order = create_order(server, {"amount": 10, "parent": "CUP"})
    pay = {"source": server.token()}
    assert server.send("POST", f"/v1/orders/{order}/pay", pay, headers=ip).status == 200
    refused = returned(server, order, {"amount": 10, "type": "sku"})
    assert refused.json["error"]["message"] == "Please provide a valid items[0].parent."
    assert returned(server, order, {"amount": 10, "type": "sku", "parent": "CUP"}).status == 200


def test_strict_order_payment_requires_forwarded_for(make_server: MakeServer) -> None:
    server = make_server(strict=True)
    got = server.send(
        "POST", f"/v1/orders/{server.order(10)['id']}/pay", {"source": server.token()}
    )
    assert got.json["error"]["message"] == "Please provide a valid x-forwarded-for header."


def test_partially_paid_order_can_be_returned_and_paid(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 100})
    first = paid(server, order, amount=40)["charge"]
    assert returned(server, order).json["amount_returned"] == 40
    assert refunds(server) == [(first, 40)]
    assert paid(server, order)["amount_paid"] == 100
    got = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    assert got.json["error"]["code"] == "order_already_paid"


def test_order_shows_refund_of_its_charge(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 100})
    charge = paid(server, order)["charge"]
    assert server.send("POST", "/v1/refunds", {"charge": charge, "amount": 30}).status == 200
    assert server.send("GET", f"/v1/orders/{order}").json["amount_returned"] == 30
    assert returned(server, order).json["amount_returned"] == 100
    assert returned(server, order).json["error"]["code"] == "processing_error"


def test_repeated_return_refunds_once(server: InProcessServer) -> None:
    order = create_order(server, {"amount": 100, "parent": "CUP"}, {"amount": 100, "parent": "CUP"})
    paid(server, order)
    key = {"idempotency-key": "returns-1"}
    body = {"items": [{"parent": "CUP", "amount": 100}]}
    path = f"/v1/orders/{order}/returns"
    first, again = (server.send("POST", path, body, headers=key) for _ in range(2))
    assert first.body == again.body
    assert len(refunds(server)) == 1


def test_what_was_returned_survives_a_snapshot(server: InProcessServer) -> None:
    order = create_order(server, *ITEMS)
    paid(server, order)
    assert returned(server, order, {"parent": "CUP", "amount": 340}).status == 200
    saved = server.send("GET", "/_mock/snapshot", headers={"x-mock-clover-control": "1"}).body
    put = {"content-type": "application/json", "x-mock-clover-control": "1"}
    assert server.send("PUT", "/_mock/snapshot", raw=saved, headers=put).status == 200
    assert returned(server, order, {"parent": "CUP", "amount": 1}).status == 400
    assert len(refunds(server)) == 1
