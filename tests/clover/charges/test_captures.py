"""Captures, split shipments, releases and refunds of one authorization."""

from typing import Any, NamedTuple

from tests.in_process import VISA, InProcessServer, Response

DAY_MS = 86_400_000
NOT_AUTH = "Invalid request: cannot capture a non AUTH payment"
REST = "Invalid request: no authorized amount is left"
TOO_MUCH = (
    "This refund would make the order's total refunded amount greater than the original order's "
    "amount."
)
NO_PART = "An authorization can only be voided in full."
AMOUNT = "Please provide a valid amount."


class Step(NamedTuple):
    """One request for an authorization of 1000, and what it gets."""

    does: str
    """`capture 300`, `ship 1/3 300`, `release 100`, `refund 50`; without an amount, all."""
    reply: int | str
    """`amount` of the reply, or the message of the error."""
    captured: int
    """`amount_captured` of the charge afterwards."""
    refundable: int
    """What can be refunded afterwards; for an authorization, what a void releases."""


ORDERS: dict[str, list[Step]] = {
    "one capture in full": [
        Step("capture", 1000, 1000, 1000),
        Step("capture", NOT_AUTH, 1000, 1000),
        Step("ship 1/2 1", NOT_AUTH, 1000, 1000),
        Step("release", REST, 1000, 1000),
        Step("refund 400", 400, 1000, 600),
        Step("refund", 600, 1000, 0),
        Step("refund", TOO_MUCH, 1000, 0),
    ],
    "one capture of a part is the last": [
        Step("capture 300", 300, 300, 300),
        Step("capture 100", NOT_AUTH, 300, 300),
        Step("ship 2/2 100", NOT_AUTH, 300, 300),
        Step("release 100", REST, 300, 300),
        Step("refund 301", TOO_MUCH, 300, 300),
        Step("refund", 300, 300, 0),
    ],
    "shipments up to the authorized amount": [
        Step("ship 1/3 150", 150, 150, 150),
        Step("ship 2/3 410", 410, 560, 560),
        Step("ship 3/3 441", AMOUNT, 560, 560),
        Step("ship 3/3", 440, 1000, 1000),
        Step("ship 3/3 1", NOT_AUTH, 1000, 1000),
        Step("release", REST, 1000, 1000),
        Step("refund", 1000, 1000, 0),
    ],
    "shipments, and a release of the rest": [
        Step("ship 1/3 150", 150, 150, 150),
        Step("ship 2/3 410", 410, 560, 560),
        Step("release 441", AMOUNT, 560, 560),
        Step("release 440", 1000, 560, 560),
        Step("release", REST, 560, 560),
        Step("ship 3/3 1", NOT_AUTH, 560, 560),
        Step("refund 561", TOO_MUCH, 560, 560),
        Step("refund 60", 60, 560, 500),
        Step("refund", 500, 560, 0),
    ],
    "a refund between shipments": [
        Step("ship 1/2 300", 300, 300, 300),
        Step("refund 100", 100, 300, 200),
        Step("refund", 200, 300, 0),
        Step("refund", TOO_MUCH, 300, 0),
        Step("ship 2/2 600", 600, 900, 600),
        Step("release", 1000, 900, 600),
        Step("refund", 600, 900, 0),
    ],
    "a plain capture after a shipment": [
        Step("ship 1/2 300", 300, 300, 300),
        Step("capture 100", NOT_AUTH, 300, 300),
        Step("ship 2/2 700", 700, 1000, 1000),
    ],
    "a release of a part before the capture": [
        Step("release 400", 1000, 0, 600),
        Step("refund 100", NO_PART, 0, 600),
        Step("capture 601", AMOUNT, 0, 600),
        Step("ship 1/2 200", 200, 200, 200),
        Step("release 100", 1000, 200, 200),
        Step("ship 2/2 301", AMOUNT, 200, 200),
        Step("ship 2/2 300", 300, 500, 500),
    ],
    "a release of all": [
        Step("release", 1000, 0, 0),
        Step("capture", NOT_AUTH, 0, 0),
        Step("ship 1/1", NOT_AUTH, 0, 0),
        Step("release", REST, 0, 0),
        Step("refund", TOO_MUCH, 0, 0),
    ],
    "a void": [
        Step("refund", 1000, 0, 0),
        Step("capture", NOT_AUTH, 0, 0),
        Step("ship 1/2 1", NOT_AUTH, 0, 0),
        Step("release", REST, 0, 0),
    ],
}


def send(server: InProcessServer, charge: str, does: str) -> Response:
    """Send one request; amounts are texts, as in Clover's page on split shipment."""
    verb, *words = does.split()
    shipment = {"split_shipment": words.pop(0)} if verb == "ship" else {}
    amount = {"amount": words[0]} if words else {}
    if verb == "release":
        return server.send("PUT", f"/v1/charges/{charge}", amount)
    if verb == "refund":
        return server.send("POST", "/v1/refunds", {"charge": charge} | amount)
    return server.send("POST", f"/v1/charges/{charge}/capture", shipment | amount)


def authorized(server: InProcessServer, **changes: Any) -> str:
    return str(server.charge(amount=1000, capture=False, **changes)["id"])


def test_shipments_release_and_refunds_in_every_order(server: InProcessServer) -> None:
    for fact, steps in ORDERS.items():
        charge = authorized(server)
        for number, step in enumerate(steps):
            got = send(server, charge, step.does)
            reply = got.json["amount"] if got.status == 200 else got.json["error"]["message"]
            after = server.send("GET", f"/v1/charges/{charge}").json
            row = server.sandbox.charges.get(charge)
            assert row is not None
            seen = (reply, after.get("amount_captured", 0), row.amount_refundable, after["amount"])
            assert (fact, number, *seen) == (fact, number, *step[1:], 1000)
        (listed,) = server.send("GET", "/v1/charges?limit=1").json["data"]
        assert listed == after, fact


def test_whole_replies_of_a_split_shipment(server: InProcessServer) -> None:
    token = server.token(VISA)
    made = server.charge(amount=1000, capture=False, source=token, description="3 parcels")
    charge = {
        "id": made["id"],
        "amount": 150,
        "payment_method_details": "card",
        "amount_captured": 150,
        "currency": "USD",
        "created": made["created"] // 1000 * 1000,
        "captured": True,
        "description": "3 parcels",
        "ref_num": made["ref_num"],
        "auth_code": made["auth_code"],
        "order": server.send("GET", f"/v1/charges/{made['id']}").json["order"],
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "status": "succeeded",
        "source": {"id": token, "brand": "VISA", "first6": "424242", "last4": "4242"},
    }
    released = {"outcome": {"network_status": "reversed_after_approval"}}
    for does, changes, why, evidence in (
        (
            "ship 1/3 150",
            {},
            "captured 1.50 USD of an authorization of 10.00 USD, shipment 1/3; 8.50 USD left",
            "documented",
        ),
        (
            "ship 2/3 410",
            {"amount": 410, "amount_captured": 560},
            "captured 4.10 USD of an authorization of 10.00 USD, shipment 2/3; 4.40 USD left",
            "documented",
        ),
        (
            "release 440",
            {"amount": 1000, "amount_captured": 560} | released,
            "released 4.40 USD of an authorization of 10.00 USD",
            "documented",
        ),
    ):
        got = send(server, made["id"], does)
        assert (got.status, got.json, got.why) == (200, charge | changes, why)
        assert list(got.json) == list(charge)
        assert got.evidence == evidence
    plain = authorized(server)
    got = send(server, plain, "capture 300")
    amounts = {name: got.json[name] for name in ("amount", "amount_captured")}
    assert (amounts, got.evidence) == ({"amount": 300, "amount_captured": 300}, "inferred")
    assert send(server, authorized(server), "capture 1000").evidence == "documented"


def test_shipment_is_a_number_and_a_count(server: InProcessServer) -> None:
    charge = authorized(server)
    for shipment in ("0/3", "1", "1/100", "a/b", "1/3/5", "4/3"):
        got = send(server, charge, f"ship {shipment} 1")
        assert (got.status, got.json["error"]["message"]) == (
            400,
            "Please provide a valid split_shipment.",
        )
        assert shipment.split("/")[0][:2] in got.why
    assert send(server, charge, "ship 99/99 1").status == 200
    gift = {"card_number": "98765441066", "security_code": "785577"}
    token = server.send("POST", "/v1/tokens", {"gift_card": gift}).json["id"]
    lock = server.charge(amount=100, capture=False, source=token)["id"]
    got = send(server, lock, "ship 1/2 1")
    assert (got.status, "a gift card has one capture" in got.why) == (400, True)


def test_the_rest_of_a_split_shipment_expires(server: InProcessServer) -> None:
    charge = authorized(server)
    assert send(server, charge, "ship 1/3 300").status == 200
    server.clock.advance(7 * DAY_MS)
    server.run_due_jobs()
    assert send(server, charge, "ship 2/3 1").json["error"]["message"] == NOT_AUTH
    assert send(server, charge, "refund").json["amount"] == 300
