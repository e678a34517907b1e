"""Collections of the platform API whose rows a scenario gives."""

import json
from typing import Any

import pytest

from mock_clover.clover.platform.records_row import COLLECTIONS, OBJECTS
from mock_clover.scenario.load import parse
from mock_clover.scenario.records import ScenarioError
from tests.clover.platform.test_platform import create, ids, root, v3
from tests.failure_messages import assert_no_errors
from tests.in_process import InProcessServer, MakeServer

ROWS: dict[str, list[dict[str, Any]]] = {
    "categories": [
        {"id": "C1", "name": "Drinks", "sortOrder": 1},
        {"id": "C2", "name": "Food", "sortOrder": 2},
        {"name": "Other", "sortOrder": 3},
    ],
    "modifier_groups": [{"id": "G1", "name": "Milk", "modifiers": {"elements": [{"id": "M1"}]}}],
    "modifiers": [
        {"id": "M1", "name": "Oat", "price": 50, "modifierGroup": {"id": "G1"}},
        {"id": "M2", "name": "Soy", "price": 40, "modifierGroup": {"id": "G2"}},
    ],
    "discounts": [{"id": "D1", "name": "Staff", "percentage": 25}],
    "default_service_charge": [{"id": "S1", "name": "Service", "percentageDecimal": 200000}],
}


def scenario(rows: dict[str, Any]) -> Any:
    """Return a scenario with these rows. JSON is YAML."""
    tree = {"name": "rows", "extends": "sandbox", "data": {"platform": rows}}
    return parse(json.dumps(tree).encode(), "rows.yaml")


@pytest.fixture
def shop(make_server: MakeServer) -> InProcessServer:
    return make_server(scenario(ROWS))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Drinks", "Food", "Other"]),
        ("?limit=1&offset=1", ["Food"]),
        ("?filter=name=Food", ["Food"]),
        ("?filter=sortOrder>=2&filter=name!=Food", ["Other"]),
        ("?filter=nothing=1", []),
        ("?orderBy=sortOrder DESC", ["Other", "Food", "Drinks"]),
    ],
)
def test_rows_of_a_scenario_are_listed(
    shop: InProcessServer, query: str, expected: list[str]
) -> None:
    got = v3(shop, f"/categories{query}")
    assert [each["name"] for each in got.json["elements"]] == expected
    assert got.json["href"].startswith(f"{root(shop)}/categories?")
    assert got.evidence == "documented"


def test_rows_by_id_and_below_a_row(shop: InProcessServer) -> None:
    assert v3(shop, "/categories/C2").json == {"id": "C2", "name": "Food", "sortOrder": 2}
    assert len(ids(v3(shop, "/categories"))[2]) == 13
    assert v3(shop, "/modifier_groups/G1").json == {"id": "G1", "name": "Milk"}
    expanded = v3(shop, "/modifier_groups?expand=modifiers,items")
    assert expanded.json["elements"][0]["modifiers"] == {"elements": [{"id": "M1"}]}
    told = "; not expanded: items; this response can expand modifiers"
    assert expanded.why.endswith(told)
    assert ids(v3(shop, "/modifier_groups/G1/modifiers")) == ["M1"]
    assert v3(shop, "/default_service_charge").json["percentageDecimal"] == 200_000
    assert v3(shop, "/categories/C9").status == 404
    unknown = v3(shop, "/modifier_groups/G1/shifts")
    assert (unknown.status, "no such path" in unknown.why) == (404, True)


def test_rows_give_prices(shop: InProcessServer) -> None:
    """Modifiers, discounts and the service charge of the scenario supply what a cart leaves out."""
    line = {"name": "Tea", "price": 1000, "modifications": [{"modifier": {"id": "M1"}}]}
    cart = {"lineItems": [line], "discounts": [{"discount": {"id": "D1"}}]}
    order = create(shop, "/atomic_order/orders", {"orderCart": cart | {"serviceCharge": {}}})
    modification = order["lineItems"]["elements"][0]["modifications"]["elements"][0]
    assert (modification["name"], modification["amount"]) == ("Oat", 50)
    assert order["discounts"]["elements"][0]["name"] == "Staff"
    assert order["total"] == 787 + 157  # 1050 less 25 %, and a service charge of 20 %


def test_collections_without_rows_are_empty(server: InProcessServer) -> None:
    errors = []
    for name in COLLECTIONS:
        got = v3(server, f"/{name}")
        if (got.status, got.json["elements"], got.evidence) != (200, [], "inferred"):
            errors.append(f"{name}: {got}")
    assert_no_errors(errors)
    assert v3(server, "/system_service_charge").json == {}
    assert v3(server, "/default_service_charge").json["percentage"] == 10


def test_collections_under_strict_evidence(make_server: MakeServer) -> None:
    server = make_server(scenario(ROWS), refuse_inferred=True)
    assert v3(server, "/categories").status == 200
    assert v3(server, "/employees").status == 501


def test_a_collection_needs_its_permission(make_server: MakeServer) -> None:
    server = make_server(permissions=("read_merchant",))
    assert (v3(server, "/devices").status, v3(server, "/categories").status) == (200, 401)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"categorys": []}, "there is no such collection; did you mean `categories`?"),
        ({"tags": [{"id": "T"}, {"id": "T"}]}, "T is used twice"),
        ({"tags": [{"id": "a/b"}]}, "must be a text without a slash"),
        ({"default_service_charge": [{}, {}]}, "is one object"),
    ],
)
def test_rows_are_validated(rows: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message.replace("?", r"\?")):
        scenario(rows)
    assert not COLLECTIONS.keys() & OBJECTS.keys()
