"""Lists: newest first, filtered, cut by cursors that include what they name."""

from typing import Any

import pytest

from tests.world import NOW_MS, World


@pytest.fixture
def five(world: World) -> tuple[World, list[str]]:
    """A world with five charges, a second apart, and their ids from the newest."""
    customer = world.customer()["id"]
    made = []
    for _ in range(5):
        made.append(world.charge(source=customer)["id"])
        world.clock.advance(1000)
    return world, made[::-1]


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
    five: tuple[World, list[str]], query: str, expected: list[int], more: bool | None
) -> None:
    world, ids = five
    customer = next(iter(world.sandbox.customers)).id
    times = {f"t{n}": NOW_MS + 1000 * n for n in range(5)}
    got = world.send("GET", f"/v1/charges?{query.format(*ids, customer=customer, **times)}").json
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
def test_a_bad_query_is_refused_by_name(world: World, query: str) -> None:
    got = world.send("GET", f"/v1/charges?{query}")
    name = query.partition("=")[0]
    assert (got.status, got.json["error"]["message"]) == (400, f"Please provide a valid {name}.")


def test_pages_cover_the_whole_list(five: tuple[World, list[str]]) -> None:
    world, ids = five
    seen: list[str] = []
    query = "limit=2"
    while True:
        got = world.send("GET", f"/v1/charges?{query}").json
        page = [charge["id"] for charge in got["data"]]
        seen += page[1:] if seen else page  # a cursor includes what it names
        if not got.get("has_more"):
            break
        query = f"limit=2&starting_after={page[-1]}"
    assert seen == ids


def test_refunds_of_a_charge(world: World) -> None:
    first, second = world.charge()["id"], world.charge()["id"]
    refunds: list[Any] = [
        world.send("POST", "/v1/refunds", {"charge": charge, "amount": 1}).json
        for charge in (first, second, first)
    ]
    got = world.send("GET", f"/v1/refunds?charge={first}").json
    assert got == {"object": "list", "url": "/v1/refunds", "data": [refunds[2], refunds[0]]}


def test_order_list_includes_orders_of_charges(world: World) -> None:
    made = world.order(25)["id"]
    world.clock.advance(1)
    charge = world.charge()["id"]
    by_charge = world.send("GET", f"/v1/charges/{charge}").json["order"]
    got = world.send("GET", "/v1/orders").json
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
                "id": made,
                "amount": 25,
                "currency": "USD",
                "items": [{"quantity": 1, "amount": 25}],
            },
        ],
    }
