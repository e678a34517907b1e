"""Java's built-in java.net.http.HttpClient with its defaults, which asks for HTTP/2 first.

Its first request has `Upgrade: h2c` and a body. A server that takes the upgrade for the end of the
request loses the body; one that rejects it loses the client.
"""

import pytest
from clover_server import Clover
from relay import run_relay
from response_shape import response_shape
from toolbox import Run


@pytest.mark.parametrize("parser", ["clover", "without_httptools"])
def test_token_charge_and_read_on_one_client(
    request: pytest.FixtureRequest, java: Run, parser: str
) -> None:
    clover: Clover = request.getfixturevalue(parser)
    with run_relay(clover.address) as relay:
        result = java("HttpClientFlow.java", clover, CLOVER_BASE_URL=relay.url)
    source = {"id": result["token"]["body"]["id"], "brand": "VISA"}
    names = {result["charge"]["body"]["id"]: "charge", source["id"]: "token"}
    charge = {
        "id": "<charge>",
        "amount": 1999,
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": "<ms>",
        "captured": True,
        "ref_num": "<ref_num>",
        "auth_code": "<auth_code>",
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "paid": True,
        "status": "succeeded",
        "source": {"id": "<token>", "brand": "VISA", "first6": "424242", "last4": "4242"},
        "ecomind": "ecom",
    }
    card = {"brand": "VISA", "exp_month": "12", "exp_year": "2030"}
    digits = {"first6": "424242", "last4": "4242"}
    assert response_shape(result, names) == {
        "token": {
            "status": 200,
            "version": "HTTP_1_1",
            "body": {"id": "<token>", "object": "token", "card": card | digits},
        },
        "charge": {
            "status": 200,
            "version": "HTTP_1_1",
            "body": charge | {"source": {"id": "<token>"} | card | digits},
        },
        "read": {
            "status": 200,
            "version": "HTTP_1_1",
            "body": charge | {"amount_captured": 1999, "order": "<id>"},
        },
        "unknown": {
            "status": 404,
            "version": "HTTP_1_1",
            "body": {
                "message": "404 Not Found",
                "error": {
                    "type": "invalid_request_error",
                    "code": "invalid_request",
                    "message": "Charge with id <id> not found.",
                },
            },
        },
    }

    first = bytes(relay.sent[0]).split(b"\r\n\r\n", 1)[0].lower()
    assert first.startswith(b"post /v1/tokens http/1.1\r\n")
    assert b"\r\nupgrade: h2c" in first
