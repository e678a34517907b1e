"""A response names the behaviours that decided it, also where they reject a request."""

from collections.abc import Callable
from typing import Any

from tests.behaviour_tests import EXERCISED
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response
from tests.oauth import advance, old_code

MINUTE_MS, DAY_MS = 60_000, 86_400_000
DISCOVER = "6011361000006668"
APPLE = {
    "data": "c2VhbGVk",
    "header": {"ephemeralPublicKey": "a2V5", "publicKeyHash": "aGFzaA==", "transactionId": "a1b2"},
    "signature": "c2lnbmVk",
    "version": "EC_v1",
}


def pay(server: InProcessServer, source: str, **changes: Any) -> Response:
    body = {"amount": 1000, "currency": "usd", "source": source} | changes
    return server.send("POST", "/v1/charges", body)


def capture(server: InProcessServer, charge: str, **body: Any) -> Response:
    return server.send("POST", f"/v1/charges/{charge}/capture", body)


def captured_late(pan: str) -> Callable[[InProcessServer], Response]:
    def send(server: InProcessServer) -> Response:
        charge = pay(server, server.token(pan), capture=False).json["id"]
        advance(server, 7 * DAY_MS)
        return capture(server, charge)

    return send


def shipped_late(server: InProcessServer) -> Response:
    charge = pay(server, server.token(), capture=False).json["id"]
    capture(server, charge, amount=1, split_shipment="1/2")
    advance(server, 7 * DAY_MS)
    return capture(server, charge, split_shipment="2/2")


def captured_again(server: InProcessServer) -> Response:
    charge = pay(server, server.token(), capture=False).json["id"]
    capture(server, charge, amount=1)
    return capture(server, charge, amount=1)


def declined_twice(server: InProcessServer) -> Response:
    token = server.token(DECLINED_CARD)
    pay(server, token)
    return pay(server, token)


def revoked(server: InProcessServer) -> Response:
    token = server.token()
    customer = {"email": "jo@example.com", "source": token}
    made = server.send("POST", "/v1/customers", customer).json
    path = f"/v1/customers/{made['id']}/sources/{made['sources']['data'][0]}"
    assert server.send("DELETE", path).status == 200
    return pay(server, token, stored_credentials={"sequence": "FIRST"})


def paid_by_wallet(server: InProcessServer) -> Response:
    body = {"encryptedWallet": {"applePayPaymentData": APPLE}}
    return pay(server, server.send("POST", "/v1/tokens", body).json["id"])


def finalized_late(server: InProcessServer) -> Response:
    threeds = {"source": "CLOVER", "browser_info": BROWSER}
    body = {"amount": 1, "currency": "usd", "source": server.token(), "threeds": threeds}
    headers = {"x-mock-clover-outcome": "threeds/challenge"}
    charge = server.send("POST", "/v1/charges", body, headers=headers).json["id"]
    advance(server, 10 * MINUTE_MS)
    done = {"charge_id": charge, "threeds": {"source": "CLOVER", "flow_status": "done"}}
    return server.send("POST", "/v1/charges/finalize_payment", done)


def saved_without_cvv(server: InProcessServer) -> Response:
    body = {"email": "jo@example.com", "source": server.token(VISA, cvv=None)}
    return server.send("POST", "/v1/customers", body)


def refunded(server: InProcessServer, **more: Any) -> Response:
    return server.send("POST", "/v1/refunds", {"charge": server.charge()["id"]} | more)


def refunded_order(server: InProcessServer) -> Response:
    order = server.order(100)["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    return server.send("POST", "/v1/refunds", {"charge": paid["charge"]})


def too_many(server: InProcessServer) -> Response:
    return [server.send("GET", "/v1/charges") for _ in range(17)][-1]


REQUESTS: dict[str, tuple[Callable[[InProcessServer], Response], int, str]] = {
    "AUTHORIZATION_LIFETIME": (captured_late(VISA), 400, "documented"),
    "AUTHORIZATION_LIFETIME_OTHER_BRANDS": (captured_late(DISCOVER), 400, "inferred"),
    "CODE_LIFETIME": (old_code, 401, "inferred"),
    "DATES_ARE_UTC": (
        lambda server: server.send("GET", "/v1/charges?created.gte=2025-05-27"),
        200,
        "inferred",
    ),
    "DECLINE_CONSUMES_TOKEN": (declined_twice, 400, "inferred"),
    "OTHER_MERCHANT_IS_401": (
        lambda server: server.send("GET", "/v3/merchants/0000000000000/orders"),
        401,
        "observed",
    ),
    "PLAIN_CAPTURE_IS_FINAL": (captured_again, 400, "inferred"),
    "RATE_LIMIT_WINDOWS": (too_many, 429, "inferred"),
    "REFUND_LIMIT": (refunded, 400, "inferred"),
    "REFUND_OF_ORDER_PAYMENT": (refunded_order, 200, "inferred"),
    "REFUND_REASON_IS_FREE": (
        lambda server: refunded(server, reason="The customer changed her mind"),
        200,
        "inferred",
    ),
    "REVOKED_CARD_CANNOT_BE_CHARGED": (revoked, 400, "inferred"),
    "SAVED_CARD_IS_VERIFIED": (saved_without_cvv, 400, "observed"),
    "SPLIT_REST_EXPIRES": (shipped_late, 400, "inferred"),
    "TAX_RATE_BY_ID": (
        lambda server: pay(server, server.token(), tax_rate_uuid="0000000000000"),
        400,
        "inferred",
    ),
    "THREEDS_LIFETIME": (finalized_late, 400, "inferred"),
    "VOID_WINDOW": (refunded, 200, "documented"),
    "WALLET_IS_APPROVED": (paid_by_wallet, 200, "inferred"),
    "ZERO_AUTHORIZATION_CHECKS_CARD": (
        lambda server: pay(server, server.token(), amount=0, capture=False),
        200,
        "inferred",
    ),
    "ZERO_SALE_IS_APPROVED": (
        lambda server: pay(server, server.token(), amount=0),
        200,
        "inferred",
    ),
}
"""By behaviour: a request that it decides, the status and the evidence of the response."""


def test_each_behaviour_is_named_by_a_response_that_it_decides(
    make_server: MakeServer,
) -> None:
    for name, (send, status, evidence) in REQUESTS.items():
        EXERCISED.discard(name)
        settings = {
            "rate_limits": name.startswith("RATE_LIMIT"),
            "refund_amount_max": 1 if name == "REFUND_LIMIT" else None,
        }
        got = send(make_server(**settings))
        assert (name, got.status, got.evidence, name in EXERCISED) == (name, status, evidence, True)
    EXERCISED.update(REQUESTS)
