"""Lists: newest first, filtered, and paginated by cursors that include their object."""

from typing import Any

import pytest

from tests.in_process import NOW_MS, InProcessServer


@pytest.fixture
def five(server: InProcessServer) -> tuple[InProcessServer, list[str]]:
    """A server with five charges, a second apart, and their ids, newest first."""
    customer = server.customer()["id"]
    created = []
    for _ in range(5):
        created.append(server.charge(source=customer)["id"])
        server.clock.advance(1000)
    return server, created[::-1]


ALL = [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "expected", "more"),
    [
        ("", ALL, None),
        ("limit=2", [0, 1], True),
        ("limit=5", ALL, None),
        ("limit=2&starting_after={1}", [1, 2], True),
        ("starting_after={3}", [3, 4], None),
        ("limit=3&ending_before={2}", [2, 1, 0], None),
        ("limit=2&ending_before={2}", [2, 1], True),
        ("created.gte={t3}", [0, 1], None),
        ("created.gt={t3}", [0], None),
        ("created.lte={t1}", [3, 4], None),
        ("created.lt={t1}", [4], None),
        ("created={t2}", [2], None),
        ("created.gte=2025-05-27 10:22:53&limit=1", [0], True),
        ("customer={customer}", ALL, None),
        ("customer=NOBODY", [], None),
        ("no_such_filter=1", ALL, None),
    ],
)
def test_a_page_of_charges(
    five: tuple[InProcessServer, list[str]], query: str, expected: list[int], more: bool | None
) -> None:
    server, ids = five
    customer = next(iter(server.sandbox.customers)).id
    times = {f"t{n}": NOW_MS + 1000 * n for n in range(5)}
    got = server.send("GET", f"/v1/charges?{query.format(*ids, customer=customer, **times)}").json
    assert [charge["id"] for charge in got["data"]] == [ids[n] for n in expected]
    envelope = {"object": "list", "url": "/v1/charges"}
    assert {k: v for k, v in got.items() if k != "data"} == (
        envelope | ({"has_more": more} if more else {})
    )


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=many",
        "created.gt=soon",
        "starting_after=NOBODY",
        "ending_before=NOBODY",
    ],
)
def test_a_bad_query_is_refused_by_name(server: InProcessServer, query: str) -> None:
    got = server.send("GET", f"/v1/charges?{query}")
    name = query.partition("=")[0]
    assert (got.status, got.json["error"]["message"]) == (400, f"Please provide a valid {name}.")


def test_pages_cover_the_whole_list(five: tuple[InProcessServer, list[str]]) -> None:
    server, ids = five
    seen: list[str] = []
    query = "limit=2"
    while True:
        got = server.send("GET", f"/v1/charges?{query}").json
        page = [charge["id"] for charge in got["data"]]
        seen += page[1:] if seen else page  # a cursor includes its object
        if not got.get("has_more"):
            break
        query = f"limit=2&starting_after={page[-1]}"
    assert seen == ids


def test_refunds_of_a_charge(server: InProcessServer) -> None:
    first, second = server.charge()["id"], server.charge()["id"]
    refunds: list[Any] = [
        server.send("POST", "/v1/refunds", {"charge": charge, "amount": 1}).json
        for charge in (first, second, first)
    ]
    got = server.send("GET", f"/v1/refunds?charge={first}").json
    assert got == {"object": "list", "url": "/v1/refunds", "data": [refunds[2], refunds[0]]}


def test_order_list_includes_orders_of_charges(server: InProcessServer) -> None:
    created = server.order(25)["id"]
    server.clock.advance(1)
    charge = server.charge()["id"]
    by_charge = server.send("GET", f"/v1/charges/{charge}").json["order"]
    got = server.send("GET", "/v1/orders").json
    assert got == {
        "object": "list",
        "url": "/v1/orders",
        "data": [
            {
                "id": by_charge,
                "amount": 1800,
                "currency": "USD",
                "charge": charge,
                "items": [{"quantity": 1, "amount": 1800}],
            },
            {
                "id": created,
                "amount": 25,
                "currency": "USD",
                "items": [{"quantity": 1, "amount": 25}],
            },
        ],
    }
