"""The facts about charges and refunds that recordings and pages of 2026 added or corrected.

One row for each fact: a request, and the whole response with its evidence. Captures have their own
table in test_captures.py.
"""

from typing import Any

from tests.facts import Fact, last_request
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response


def charging(pan: str = VISA, *, headers: dict[str, str] | None = None, **more: Any) -> Any:
    def send(server: InProcessServer) -> Response:
        body = {"amount": 1000, "currency": "usd", "source": server.token(pan)} | more
        return server.send("POST", "/v1/charges", body, headers=headers)

    return send


def reading(server: InProcessServer) -> Response:
    return server.send("GET", f"/v1/charges/{server.charge(amount=1000)['id']}")


def refunding(**more: Any) -> Any:
    def send(server: InProcessServer) -> Response:
        body = {"charge": server.charge(amount=1000)["id"]} | more
        return server.send("POST", "/v1/refunds", body)

    return send


def refunding_an_order(server: InProcessServer) -> Response:
    order = server.order(1000)["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()})
    return server.send("POST", "/v1/refunds", {"charge": paid.json["charge"]})


def reading_after_refund(amount: int) -> Any:
    def send(server: InProcessServer) -> Response:
        charge = server.charge(amount=1000)["id"]
        server.send("POST", "/v1/refunds", {"charge": charge, "amount": amount})
        return server.send("GET", f"/v1/charges/{charge}")

    return send


def capturing(*bodies: dict[str, Any], release: int | None = None) -> Any:
    """Capture an authorization of 1000 once for each body, then release an amount."""

    def send(server: InProcessServer) -> Response:
        path = f"/v1/charges/{server.charge(amount=1000, capture=False)['id']}"
        got = [server.send("POST", f"{path}/capture", body) for body in bodies]
        return got[-1] if release is None else server.send("PUT", path, {"amount": release})

    return send


def reading_list(*, authorized: bool = True, path: str = "/v1/charges") -> Any:
    headers = {"x-forwarded-for": "203.0.113.7", "user-agent": "shop/1.0"}
    headers |= {} if authorized else {"authorization": "Bearer wrong"}
    return lambda server: server.send("GET", path, headers=headers)


def documented_error(kind: str, code: str, status: str) -> dict[str, Any]:
    error = {"type": kind, "code": code, "message": status, "doc_url": DOC_URL}
    return {"message": status, "error": error}


def missing(code: str, message: str) -> dict[str, Any]:
    error = {"type": "invalid_request_error", "code": code, "message": message}
    return {"message": "400 Bad Request", "error": error}


def decline(message: str) -> dict[str, Any]:
    error = {"code": "card_declined", "message": message, "charge": "<13>"}
    return {
        "message": "402 Payment Required",
        "error": error | {"declineCode": "issuer_declined"},
    }


def invalid(message: str) -> dict[str, Any]:
    error = {"type": "invalid_request_error", "code": "invalid_request", "message": message}
    return {"message": "400 Bad Request", "error": error}


SALE: dict[str, Any] = {
    "id": "<13>",
    "amount": 1000,
    "payment_method_details": "card",
    "amount_refunded": 0,
    "currency": "USD",
    "created": "<ms>",
    "captured": True,
    "ref_num": "<12>",
    "auth_code": "<6>",
    "outcome": {"network_status": "approved_by_network", "type": "authorized"},
    "paid": True,
    "status": "succeeded",
    "source": {
        "id": "<clv>",
        "brand": "VISA",
        "exp_month": "12",
        "exp_year": "2030",
        "first6": "424242",
        "last4": "4242",
    },
    "ecomind": "ecom",
}
READ = {name: value for name, value in SALE.items() if name != "source"} | {
    "amount_captured": 1000,
    "order": "<13>",
    "source": {"id": "<clv>", "brand": "VISA", "first6": "424242", "last4": "4242"},
}
REFUND: dict[str, Any] = {
    "id": "<13>",
    "object": "refund",
    "amount": 1000,
    "charge": "<13>",
    "created": "<ms>",
    "status": "succeeded",
    "metadata": {
        "refundType": "AUTH",
        "authCode": "<6>",
        "refNum": "<12>",
        "gatewayResponseCode": "000",
    },
}
CAPTURED = {
    name: value for name, value in READ.items() if name not in ("amount_refunded", "ecomind")
}
SHIPMENTS = (
    {"amount": "150", "split_shipment": "1/3"},
    {"amount": "410", "split_shipment": "2/3"},
)
DOC_URL = "https://docs.clover.com/docs/ecommerce-error-codes"
PER_CARD = "Declined as sale count per card is greater than configured amount"
PER_IP = "Declined as sale count per IP address is greater than configured amount"
UUID = "0b0e6c1e-7c1e-4a5e-9a4e-2f0d4f6b8c11"
FORMAT = "Please provide valid format or check allowable max length of 12."


def outcome(name: str) -> Any:
    return charging(headers={"x-mock-clover-outcome": f"card_declined/{name}"})


FACTS = [
    Fact(
        "the plain decline, without type, doc_url, param and paid",
        "PayHub 2026-09-18; CC 30103",
        "POST /v1/charges",
        charging(DECLINED_CARD),
        402,
        decline("DECLINED: No reason provided."),
        "documented",  # the card; the form of errors is not weighed
    ),
    Fact(
        "too many sales of a card",
        "PayHub 2026-09-18; five public clients",
        "POST /v1/charges",
        outcome("sale_count_per_card"),
        402,
        decline(PER_CARD),
        "inferred",
    ),
    Fact(
        "too many of an address",
        "PayHub 2026-09-18; five public clients",
        "POST /v1/charges",
        outcome("sale_count_per_ip"),
        402,
        decline(PER_IP),
        "inferred",
    ),
    Fact(
        "a brand that is not taken",
        "a public end-to-end test of the sandbox",
        "POST /v1/charges",
        outcome("not_entitled"),
        402,
        decline("NOT ENTITLED"),
        "inferred",
    ),
    Fact(
        "an external reference of 36 characters",
        "PayHub 2026-09-18",
        "POST /v1/charges",
        charging(external_reference_id=UUID),
        400,
        invalid(FORMAT),
        "observed",
    ),
    Fact(
        "an external reference with a hyphen: the documented pattern, and the reason",
        "REF createcharge: the pattern",
        "POST /v1/charges",
        charging(external_reference_id="ORDER-123"),
        400,
        invalid(FORMAT),
        "observed",
    ),
    Fact(
        "no x-forwarded-for, a merchant id: a new charge has no order",
        "PayHub 2026-09",
        "POST /v1/charges",
        charging(headers={"X-Clover-Merchant-Id": "0000000000000"}),
        200,
        SALE,
        "documented",
    ),
    Fact(
        "a charge that is read has its order",
        "PayHub 2026-09",
        "GET /v1/charges/{id}",
        reading,
        200,
        READ,
        "documented",
    ),
    Fact(
        "a card error of the documented table",
        "SEED save-a-card",
        "POST /v1/charges",
        charging(DECLINED_CARD),
        400,
        {
            "message": "400 Bad Request",
            "error": {
                "type": "card_error",
                "code": "card_declined",
                "message": "DECLINED: No reason provided.",
                "charge": "<13>",
                "decline_code": "issuer_declined",
                "doc_url": "https://docs.clover.com/docs/ecommerce-error-codes",
                "param": "source",
            },
        },
        "documented",
        {"dialect": "documented"},
    ),
    Fact(
        "a refund without a charge",
        "a production response of September 2026",
        "POST /v1/refunds",
        lambda server: server.send("POST", "/v1/refunds", {}),
        400,
        invalid("Either charge id or reversal id has to be present"),
        "observed",
    ),
    Fact(
        "a refund's reason in free words",
        "WOO",
        "POST /v1/refunds",
        refunding(reason="Customer changed her mind"),
        200,
        REFUND | {"reason": "Customer changed her mind"},
        "inferred",
    ),
    Fact(
        "a refund of an order's charge",
        "live clients; a page allows only other charges",
        "POST /v1/refunds",
        refunding_an_order,
        200,
        REFUND,
        "inferred",
    ),
    Fact(
        "a refund above the merchant's limit",
        "MD: the changelog of March 2022",
        "POST /v1/refunds",
        refunding(),
        400,
        {
            "message": "400 Bad Request",
            "error": {
                "code": "processing_error",
                "message": "The refund exceeds the transaction limit of the merchant.",
            },
        },
        "inferred",
        {"refund_amount_max": 999},
    ),
    Fact(
        "a partial refund is refunded: false",
        "AE",
        "GET /v1/charges/{id}",
        reading_after_refund(400),
        200,
        READ | {"amount_refunded": 400, "refunded": False},
        "documented",
    ),
    Fact(
        "a full refund is refunded: true",
        "AE",
        "GET /v1/charges/{id}",
        reading_after_refund(1000),
        200,
        READ | {"amount_refunded": 1000, "refunded": True},
        "documented",
    ),
    Fact(
        "an authorization of 0 checks a card",
        "the code of a client",
        "POST /v1/charges",
        charging(amount=0, capture=False),
        200,
        {name: value for name, value in SALE.items() if name != "paid"}
        | {"amount": 0, "captured": False},
        "inferred",
    ),
    Fact(
        "a sale of 0 was never recorded",
        "not recorded; REF createcharge allows 0",
        "POST /v1/charges",
        charging(amount=0),
        200,
        SALE | {"amount": 0},
        "inferred",
    ),
    Fact(
        "an invalid credential of the documented table",
        "SEED save-a-card",
        "GET /v1/charges",
        reading_list(authorized=False),
        401,
        documented_error("authentication_error", "unauthorized", "401 Unauthorized"),
        "observed",
        {"dialect": "documented"},
    ),
    Fact(
        "too many requests of the documented table",
        "SEED save-a-card",
        "POST /v1/charges",
        charging(headers={"x-mock-clover-outcome": "RATE_LIMITED"}),
        429,
        documented_error("rate_limit_error", "rate_limit", "429 Too Many Requests"),
        "inferred",
        {"dialect": "documented"},
    ),
    Fact(
        "an unavailable service of the documented table",
        "SEED save-a-card",
        "POST /v1/charges",
        charging(headers={"x-mock-clover-outcome": "SERVICE_UNAVAILABLE"}),
        503,
        documented_error("api_connection_error", "processing_error", "503 Service Unavailable"),
        "inferred",
        {"dialect": "documented"},
    ),
    Fact(
        "a payment without User-Agent is rejected with strict only",
        "DOCS: announcement of April 2026; PayHub 2026-09: not enforced",
        "POST /v1/charges",
        charging(headers={"x-forwarded-for": "203.0.113.7"}),
        400,
        missing("parameter_missing", "Please provide a valid User-Agent header."),
        "inferred",
        {"strict": True},
    ),
    Fact(
        "`expand` of the Ecommerce API is rejected with strict only",
        "DOCS:expanding-fields; MD:get-a-charge lists it",
        "GET /v1/charges",
        reading_list(path="/v1/charges?expand=customer"),
        400,
        missing("parameter_unknown", "Received unknown parameter: expand"),
        "inferred",
        {"strict": True},
    ),
    Fact(
        "a second shipment of an authorization",
        "DOCS:capture-charge-for-split-shipment",
        "POST /v1/charges/{id}/capture",
        capturing(*SHIPMENTS),
        200,
        CAPTURED | {"amount": 410, "amount_captured": 560},
        "documented",
    ),
    Fact(
        "the rest of an authorization is released",
        "DOCS:capture-charge-for-split-shipment",
        "PUT /v1/charges/{id}",
        capturing(*SHIPMENTS, release=440),
        200,
        CAPTURED
        | {"amount_captured": 560, "outcome": {"network_status": "reversed_after_approval"}},
        "documented",
    ),
    Fact(
        "the response to a partial capture has its amount",
        "like that of a shipment; not recorded",
        "POST /v1/charges/{id}/capture",
        capturing({"amount": 150}),
        200,
        CAPTURED | {"amount": 150, "amount_captured": 150},
        "inferred",
    ),
    Fact(
        "a second capture without split_shipment",
        "GP CloverCharge",
        "POST /v1/charges/{id}/capture",
        capturing({"amount": 150}, {"amount": 150}),
        400,
        {
            "message": "400 Bad Request",
            "error": {
                "code": "processing_error",
                "message": "Invalid request: cannot capture a non AUTH payment",
            },
        },
        "inferred",
    ),
]
_PLACEHOLDERS = {"id": "<13>", "charge": "<13>", "order": "<13>", "created": "<ms>"} | {
    "ref_num": "<12>",
    "refNum": "<12>",
    "auth_code": "<6>",
    "authCode": "<6>",
}


def without_values(tree: Any, *, within: str = "") -> Any:
    """Return a body with a placeholder for each id, time and number of the network."""
    if not isinstance(tree, dict):
        return tree
    found = {
        name: _PLACEHOLDERS.get(name) or without_values(value, within=name)
        for name, value in tree.items()
    }
    return found | {"id": "<clv>"} if within == "source" else found


def test_facts_of_recordings_and_pages(make_server: MakeServer) -> None:
    for fact in FACTS:
        server = make_server(**fact.settings)
        got = fact.send(server)
        seen = (fact.fact, got.status, without_values(got.json), got.evidence)
        assert seen == (fact.fact, fact.status, fact.reply, fact.evidence)
        assert last_request(server) == fact.request
