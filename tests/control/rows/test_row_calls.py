"""The rows of a sandbox, with their timelines and links.

Complete responses are compared; the ids in them come from earlier responses.
"""

from typing import Any

import pytest

from mock_clover.clover.common.cards import brand_of
from mock_clover.clover.gift_cards.records import GIFT_CARD_LIFETIME_MS
from mock_clover.control.rows.kinds import ROW_KINDS
from mock_clover.sandbox.changes import RECORDED_TABLES
from tests.canary import PAN
from tests.control.calls import get_json, refused
from tests.hostile import create_fixtures
from tests.in_process import DECLINED_CARD, NOW_MS, VISA, InProcessServer

DAY_MS = 86_400_000


def test_row_counts_by_kind(server: InProcessServer) -> None:
    assert set(ROW_KINDS) == {*RECORDED_TABLES, "cards"}
    assert get_json(server, "/rows") == {"data": [{"kind": kind, "count": 0} for kind in ROW_KINDS]}
    create_fixtures(server)
    shown = {each["kind"]: each["count"] for each in get_json(server, "/rows")["data"]}
    listed = {kind: len(get_json(server, f"/rows/{kind}")["data"]) for kind in ROW_KINDS}
    assert shown == listed
    assert shown["orders"] == len(server.send("GET", "/v1/orders?limit=100").json["data"])


def test_every_row_has_details_and_links(server: InProcessServer) -> None:
    create_fixtures(server)
    seen = 0
    for kind in ROW_KINDS:
        for line in get_json(server, f"/rows/{kind}?limit=200")["data"]:
            whole = get_json(server, f"/rows/{kind}/{line['id']}")
            assert (whole["kind"], whole["id"], whole["line"]) == (kind, line["id"], line)
            for link in whole["links"]:
                back = get_json(server, f"/rows/{link['kind']}/{link['id']}")
                seen += {"kind": kind, "id": line["id"]} in back["links"]
            times = [each["at_ms"] for each in whole["timeline"]]
            assert times == sorted(times)
            assert not {"fingerprint", "security_card_value"} & set(_names(whole))
    assert seen > 20


def _names(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [*tree, *(name for each in tree.values() for name in _names(each))]
    return [name for each in tree for name in _names(each)] if isinstance(tree, list) else []


def test_charge_list_entry(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    charge = server.charge(source=customer, description="Two lamps")
    assert get_json(server, "/rows/charges") == {
        "data": [
            {
                "id": charge["id"],
                "at_ms": NOW_MS,
                "title": "Two lamps",
                "state": "captured",
                "amount": 1800,
                "currency": "USD",
                "customer": customer,
                "order": server.send("GET", f"/v1/charges/{charge['id']}").json["order"],
                "card": "VISA ...4242",
            }
        ],
        "has_more": False,
        "searched": 1,
    }


def test_rows_come_in_pages_newest_first(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    created = [server.charge(source=customer, amount=n)["id"] for n in range(1, 8)][::-1]
    for kind, expected in (("charges", created), ("orders", _orders_of(server, created))):
        seen: list[str] = []
        pages = []
        before = ""
        while not pages or pages[-1]["has_more"]:
            pages.append(get_json(server, f"/rows/{kind}?limit=3{before}"))
            seen += [each["id"] for each in pages[-1]["data"]]
            before = f"&before={seen[-1]}"
        assert seen == expected
        assert [len(page["data"]) for page in pages] == [3, 3, 1]


def _orders_of(server: InProcessServer, charges: list[str]) -> list[str]:
    return [server.send("GET", f"/v1/charges/{each}").json["order"] for each in charges]


SEARCHES = {"lamp": ["a"], "LAMP": ["a"], "usd": ["b", "a"], "777": ["b"], "4242": ["b", "a"]}


@pytest.mark.parametrize(("q", "names"), [*SEARCHES.items(), ("nothing", [])])
def test_rows_are_searched(server: InProcessServer, q: str, names: list[str]) -> None:
    created = {
        "a": server.charge(description="A lamp")["id"],
        "b": server.charge(amount=777)["id"],
    }
    found = get_json(server, f"/rows/charges?q={q}")
    assert [each["id"] for each in found["data"]] == [created[name] for name in names]
    assert (found["has_more"], found["searched"]) == (False, 2)


def test_search_is_limited_to_newest_rows(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_clover.control.rows.endpoints.SEARCHED_MAX", 3)
    customer = server.customer()["id"]
    created = [server.charge(source=customer, amount=n)["id"] for n in (9, 1, 2, 3)]
    for query in ("q=usd&limit=200", "limit=3"):
        page = get_json(server, f"/rows/charges?{query}")
        assert [each["id"] for each in page["data"]] == created[:0:-1]
        assert (page["has_more"], page["searched"]) == (False, 3)
    message = f"before: {created[0]!r} is not among the newest 3 rows"
    assert refused(server, "GET", f"/rows/charges?before={created[0]}") == (400, message)
    assert get_json(server, f"/rows/charges/{created[0]}")["line"]["amount"] == 9


ROW_REFUSALS = {
    "/rows/chargs": (404, "kind: unknown name 'chargs'; did you mean `charges`?"),
    "/rows/x/y": (404, f"kind: unknown name 'x'; one of {', '.join(ROW_KINDS)}"),
    f"/rows/{PAN}": (404, f"kind: unknown name '[card ...6467]'; one of {', '.join(ROW_KINDS)}"),
    "/rows/charges/x": (404, "charges: no row has the id 'x'"),
    f"/rows/cards/{PAN}": (404, "cards: no row has the id '[card ...6467]'"),
    "/rows/charges?before=x": (404, "charges: no row has the id 'x'"),
    "/rows/charges?limit=0": (400, "limit is 0; at least 1"),
    "/rows/charges?limit=201": (400, "limit is 201; at most 200"),
    "/rows/charges?query=x": (400, "unknown query parameter `query`"),
}


@pytest.mark.parametrize(("path", "message"), ROW_REFUSALS.items(), ids=lambda each: str(each)[:40])
def test_unknown_row(server: InProcessServer, path: str, message: tuple[int, str]) -> None:
    assert refused(server, "GET", path) == message


Step = tuple[int, str, int, int, str]


def steps(server: InProcessServer, kind: str, key: str, **names: str) -> list[Step]:
    """Return a timeline: days, event, amount, balance, and the exchange, named."""
    called = {value: name for name, value in names.items()}
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each["amount"],
            each["balance"],
            called.get(each["by"], each["by"]),
        )
        for each in get_json(server, f"/rows/{kind}/{key}")["timeline"]
    ]


def _later(server: InProcessServer, method: str, path: str, body: Any) -> Any:
    server.clock.advance(DAY_MS)
    got = server.send(method, path, body)
    assert got.status == 200, got
    return got.json


def test_charge_timeline(server: InProcessServer) -> None:
    created = server.charge(amount=2000, capture=False)["id"]
    _later(server, "POST", f"/v1/charges/{created}/capture", {"amount": 1500})
    one = _later(server, "POST", "/v1/refunds", {"charge": created, "amount": 500})["id"]
    two = _later(server, "POST", "/v1/refunds", {"charge": created})["id"]
    assert steps(server, "charges", created, charge=created, one=one, two=two) == [
        (0, "authorized", 2000, 2000, "charge"),
        (1, "captured", 1500, 1500, "charge"),
        (2, "refunded", 500, 1000, "one"),
        (3, "refunded", 1000, 0, "two"),
    ]


def test_timeline_of_charge_with_tip(server: InProcessServer) -> None:
    created = server.charge(amount=2000, tip_amount=300)["id"]
    void = server.send("POST", "/v1/refunds", {"charge": created})
    assert void.why == "voided 23.00 USD of 23.00 USD refundable"
    assert steps(server, "charges", created, charge=created, void=void.json["id"]) == [
        (0, "captured", 2000, 2000, "charge"),
        (0, "tip added", 300, 2300, "charge"),
        (0, "voided", 2300, 0, "void"),
    ]


def test_authorization_timeline(server: InProcessServer) -> None:
    void, lapse, decline = (
        server.charge(capture=False)["id"],
        server.charge(capture=False)["id"],
        server.send(
            "POST",
            "/v1/charges",
            {"amount": 5, "currency": "usd", "source": server.token(DECLINED_CARD)},
        ).json["error"]["charge"],
    )
    by = _later(server, "POST", "/v1/refunds", {"charge": void})["id"]
    server.clock.advance(7 * DAY_MS)
    server.send("GET", "/v1/charges")
    assert steps(server, "charges", void, charge=void, by=by) == [
        (0, "authorized", 1800, 1800, "charge"),
        (1, "voided", 1800, 0, "by"),
    ]
    assert steps(server, "charges", lapse, charge=lapse) == [
        (0, "authorized", 1800, 1800, "charge"),
        (7, "expired", 1800, 0, "authorization_expired"),
    ]
    assert steps(server, "charges", decline, charge=decline) == [(0, "declined", 5, 0, "charge")]


def test_gift_card_timeline(server: InProcessServer) -> None:
    number = server.send("POST", "/v1/activate", {"promotion_code": "67062"}).json
    gift = {"gift_card": {"number": number["gift_card"]["number"]}}

    def token() -> str:
        return str(server.send("POST", "/v1/tokens", gift).json["id"])

    sale = server.charge(source=token(), amount=1000)["id"]
    refund = _later(server, "POST", "/v1/refunds", {"charge": sale, "amount": 400})["id"]
    lock = server.charge(source=token(), amount=2000, capture=False)["id"]
    _later(server, "POST", f"/v1/charges/{lock}/capture", {"amount": 500})
    _later(server, "POST", f"/v1/refunds/{refund}/cancel", {})
    (line,) = get_json(server, "/rows/gift_cards")["data"]
    assert (line["amount"], line["at_ms"]) == (3500, NOW_MS)
    response = get_json(server, f"/rows/gift_cards/{line['id']}")
    assert response["row"]["expires_ms"] == NOW_MS + GIFT_CARD_LIFETIME_MS
    names = {"sale": sale, "refund": refund, "lock": lock}
    loaded, *rest = response["timeline"]
    assert loaded == {"at_ms": NOW_MS, "what": "loaded", "amount": 5000, "balance": 5000}
    assert steps_of(rest, names) == [
        (0, "redeemed", 1000, 4000, "sale"),
        (1, "refunded", 400, 4400, "refund"),
        (1, "locked", 2000, 4400, "lock"),
        (2, "redeemed", 500, 3900, "lock"),
        (3, "refund canceled", 400, 3500, "refund"),
    ]


def steps_of(timeline: list[dict[str, Any]], names: dict[str, str]) -> list[Step]:
    called = {value: name for name, value in names.items()}
    return [
        (
            (each["at_ms"] - NOW_MS) // DAY_MS,
            each["what"],
            each["amount"],
            each["balance"],
            called[each["by"]],
        )
        for each in timeline
    ]


def test_order_timeline(server: InProcessServer) -> None:
    order = server.order(1000, 800)["id"]
    charges = [
        _later(server, "POST", f"/v1/orders/{order}/pay", {"source": server.token(), "amount": n})[
            "charge"
        ]
        for n in (600, 1200)
    ]
    _later(server, "POST", f"/v1/orders/{order}/returns", {})
    response = get_json(server, f"/rows/orders/{order}")
    refunds = [each["id"] for each in get_json(server, "/rows/refunds")["data"]]
    assert [each["kind"] for each in response["links"]] == ["charges"] * 2 + ["refunds"] * 2
    created, *rest = response["timeline"]
    assert created == {"at_ms": NOW_MS, "what": "created", "amount": 1800, "balance": 0}
    names = {"first": charges[0], "second": charges[1], "one": refunds[1], "two": refunds[0]}
    told_steps = steps_of(rest, names)
    assert told_steps[:2] == [(1, "paid", 600, 600, "first"), (2, "paid", 1200, 1800, "second")]
    assert sorted(each[1:3] for each in told_steps[2:]) == [("refunded", 600), ("refunded", 1200)]
    assert told_steps[-1][3] == 0
    assert response["line"]["state"] == "returned"


def test_customer_links_to_cards_and_payments(server: InProcessServer) -> None:
    customer = server.customer()
    charge = server.charge(source=customer["id"])["id"]
    card = customer["sources"]["data"][0]
    response = get_json(server, f"/rows/customers/{customer['id']}")
    assert response["links"] == [{"kind": "cards", "id": card}, {"kind": "charges", "id": charge}]
    assert [each["what"] for each in response["timeline"]] == [
        "card tokenized",
        "customer created",
        "captured",
    ]
    saved = get_json(server, f"/rows/cards/{card}")
    assert saved["line"] == {
        "id": card,
        "at_ms": NOW_MS,
        "title": "jo@example.com",
        "state": "multipay",
        "customer": customer["id"],
        "card": f"{brand_of(VISA)} ...4242",
    }
