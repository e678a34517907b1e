"""The ledger of flows: entries, sums, and what the client was told."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.ledger.build import build_ledger
from tests.in_process import DECLINED_CARD, InProcessServer, MakeServer

Flow = Callable[[InProcessServer], None]
AUTHORIZED = "authorization 1800 customer>held"
LOST = {"x-mock-clover-fault": "drop after_commit"}
FAILED = {"x-mock-clover-fault": "problem after_commit status=503"}


def create(server: InProcessServer, headers: dict[str, str] | None = None, **more: Any) -> str:
    """Create a charge; return its id, also if the client does not learn it."""
    pan = more.pop("pan", None)
    source = server.token(pan) if pan else server.token()
    body = {"amount": 1800, "currency": "usd", "source": source} | more
    server.send("POST", "/v1/charges", body, headers=headers)
    return next(key for key, _ in server.sandbox.charges.items_newest_first())


def capture(server: InProcessServer, charge: str, **body: Any) -> None:
    server.send("POST", f"/v1/charges/{charge}/capture", body)


def refund(server: InProcessServer, charge: str, **body: Any) -> None:
    headers = body.pop("headers", None)
    server.send("POST", "/v1/refunds", {"charge": charge} | body, headers=headers)


def partly_refunded(server: InProcessServer) -> None:
    charge = create(server)
    refund(server, charge, amount=500)
    refund(server, charge, amount=300, headers=LOST)


def captured_in_part(server: InProcessServer) -> None:
    capture(server, create(server, capture=False), amount=1000)


def split(server: InProcessServer) -> None:
    charge = create(server, capture=False)
    capture(server, charge, amount=600, split_shipment="1/3")
    capture(server, charge, amount=700, split_shipment="2/3")


def expired(server: InProcessServer) -> None:
    create(server, capture=False)
    server.clock.advance(8 * 86_400_000)
    server.send("GET", "/v1/refunds")


def paid_order(server: InProcessServer) -> None:
    order = server.order(1000, 800)["id"]
    server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    server.send("POST", f"/v1/orders/{order}/returns", {})


def seen_later(server: InProcessServer) -> None:
    create(server, LOST)
    server.send("GET", "/v1/charges")


def over_captured(server: InProcessServer) -> None:
    capture(server, create(server, capture=False, tip_amount=200), amount=1900)


FLOWS: list[tuple[Flow, list[str], str, str, dict[str, int]]] = [
    (
        create,
        [f"{AUTHORIZED} #2 succeeded", "capture 1800 held>merchant #2 succeeded"],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 1800, "outstanding": 1800},
    ),
    (
        lambda server: (create(server, LOST), None)[1],
        [f"{AUTHORIZED} #2 nothing", "capture 1800 held>merchant #2 nothing"],
        "captured by create_charge",
        "nothing",
        {"authorized": 1800, "captured": 1800, "outstanding": 1800},
    ),
    (
        lambda server: (create(server, FAILED), None)[1],
        [f"{AUTHORIZED} #2 failed", "capture 1800 held>merchant #2 failed"],
        "captured by create_charge",
        "failed",
        {"authorized": 1800, "captured": 1800, "outstanding": 1800},
    ),
    (
        seen_later,
        [f"{AUTHORIZED} #2 succeeded", "capture 1800 held>merchant #2 succeeded"],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 1800, "outstanding": 1800},
    ),
    (
        lambda server: (create(server, pan=DECLINED_CARD), None)[1],
        ["decline 1800 None>None #2 declined"],
        "failed by create_charge",
        "declined",
        {"declines": 1},
    ),
    (
        partly_refunded,
        [
            f"{AUTHORIZED} #2 succeeded",
            "capture 1800 held>merchant #2 succeeded",
            "refund 500 merchant>customer #3 succeeded",
            "refund 300 merchant>customer #4 nothing",
        ],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 1800, "refunded": 800, "outstanding": 1000},
    ),
    (
        captured_in_part,
        [
            f"{AUTHORIZED} #2 succeeded",
            "capture 1000 held>merchant #3 succeeded",
            "release 800 held>customer #3 succeeded",
        ],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 1000, "released": 800, "outstanding": 1000},
    ),
    (
        split,
        [f"{AUTHORIZED} #2 succeeded", "capture 1300 held>merchant #4 succeeded"],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 1300, "held": 500, "outstanding": 1300},
    ),
    (
        over_captured,
        [
            f"{AUTHORIZED} #2 succeeded",
            "capture 1800 held>merchant #3 succeeded",
            "over_capture 100 customer>merchant #3 succeeded",
            "tip 200 customer>merchant #3 succeeded",
        ],
        "captured by create_charge",
        "succeeded",
        {"authorized": 1800, "captured": 2100, "outstanding": 2100},
    ),
    (
        lambda server: refund(server, create(server, capture=False)),
        [f"{AUTHORIZED} #2 succeeded", "void 1800 held>customer #3 succeeded"],
        "voided by create_charge",
        "succeeded",
        {"authorized": 1800, "released": 1800},
    ),
    (
        expired,
        [f"{AUTHORIZED} #2 succeeded", "expiry 1800 held>customer #None None"],
        "expired by create_charge",
        "succeeded",
        {"authorized": 1800, "released": 1800},
    ),
    (
        paid_order,
        [
            f"{AUTHORIZED} #3 succeeded",
            "capture 1800 held>merchant #3 succeeded",
            "refund 1800 merchant>customer #4 succeeded",
        ],
        "captured by pay_order",
        "succeeded",
        {"authorized": 1800, "captured": 1800, "refunded": 1800},
    ),
]


@pytest.mark.parametrize(("flow", "entries", "state", "told", "sums"), FLOWS)
def test_ledger(
    make_server: MakeServer,
    flow: Flow,
    entries: list[str],
    state: str,
    told: str,
    sums: dict[str, int],
) -> None:
    flow(server := make_server(over_capture_percent=10))
    (payment,) = (ledger := server.send("GET", "/_mock/ledger").json)["payments"]
    assert [
        f"{each['kind']} {each['amount']} {each.get('credit')}>{each.get('debit')} "
        f"#{each.get('exchange')} {each.get('told')}"
        for each in payment["entries"]
    ] == entries
    assert f"{payment['state']} by {payment['created_by']}" == state
    assert payment["told"] == told
    assert payment["sums"] == ledger["totals"][0]
    assert {
        name: value
        for name, value in payment["sums"].items()
        if value and name not in ("currency", "payments")
    } == sums


def test_customers_have_their_payments(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    first = server.charge(source=customer, stored_credentials={
        "sequence": "FIRST", "initiator": "CARDHOLDER", "is_scheduled": False,
    })["id"]  # fmt: skip
    anonymous = [server.charge()["id"], server.charge(currency="cad")["id"]]
    customers = server.send("GET", "/_mock/ledger").json["customers"]
    assert [(each["key"], each["payments"]) for each in customers] == [
        (customer, [first]),
        ("card 424242...4242", anonymous),
    ]
    assert [(each["currency"], each["outstanding"]) for each in customers[1]["totals"]] == [
        ("USD", 1800),
        ("CAD", 1800),
    ]


def test_other_requests_are_handled_between_two_refunds_of_a_charge(
    server: InProcessServer,
) -> None:
    """A charge may have a thousand refunds, and each has exchanges of its own."""

    def steps() -> int:
        return sum(1 for _ in build_ledger(server.sandbox))

    charge, before = server.charge(amount=9)["id"], steps()
    for _ in range(9):
        refund(server, charge, amount=1)
    assert steps() - before == 9 + 9  # each exchange and each refund
