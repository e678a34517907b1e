"""What was learned in November 2026 about cards on file, the hosted checkout and gift cards.

One row for each fact: the request, the whole reply, and the evidence that the reply carries.
Generated values are compared as ANY. Facts that need several requests have their own tests in the
folder of the resource.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import ANY

import pytest

from mock_clover.sandbox.keys import encrypt_pan
from tests.checkouts import LAMP, create
from tests.clover.gift_cards.test_gift_cards import EXPIRES, active
from tests.clover.platform.test_platform import create as create_item
from tests.clover.tokens.test_instruments import ACH, APPLE
from tests.facts import Fact, last_request
from tests.in_process import VISA, InProcessServer, MakeServer, Response
from tests.subscriptions import PLANS, SUBSCRIPTIONS, SubscriptionShop

FIRST = {"sequence": "FIRST", "is_scheduled": False, "initiator": "MERCHANT"}
SUBSEQUENT = {"sequence": "SUBSEQUENT", "is_scheduled": False, "initiator": "CARDHOLDER"}
MASTERCARD = "5204245250003294"
EMAIL = "jo@example.com"
SENT = {"x-forwarded-for": "203.0.113.7", "user-agent": "shop/1.0"}
APPROVED = {"network_status": "approved_by_network", "type": "authorized"}
CARD = {"exp_month": "12", "exp_year": "2030", "first6": "424242", "last4": "4242"}


def message(text: str) -> dict[str, Any]:
    return {"message": text}


def error(text: str, code: str = "invalid_request") -> dict[str, Any]:
    kind = {"type": "invalid_request_error", "code": code, "message": text}
    return {"message": "400 Bad Request", "error": kind}


def post(path: str, body: dict[str, Any]) -> Callable[[InProcessServer], Response]:
    return lambda server: server.send("POST", path, body)


def checkout(**changes: Any) -> Callable[[InProcessServer], Response]:
    return lambda server: create(server, **changes)


def line(**changes: Any) -> Callable[[InProcessServer], Response]:
    item = {name: value for name, value in (LAMP | changes).items() if value is not ...}
    return checkout(shoppingCart={"lineItems": [item]})


def charge(server: InProcessServer, source: str, **more: Any) -> Response:
    body = {"amount": 25, "currency": "usd", "source": source} | more
    return server.send("POST", "/v1/charges", body, headers=SENT)


def saved(server: InProcessServer) -> str:
    """Save a card and return its multi-pay token."""
    token = server.token()
    server.send("POST", "/v1/customers", {"email": EMAIL, "source": token})
    return token


def pay_order(server: InProcessServer) -> Response:
    order = server.order(35)["id"]
    token = saved(server)
    charge(server, token, stored_credentials=FIRST)
    body = {"source": token, "stored_credentials": SUBSEQUENT}
    return server.send("POST", f"/v1/orders/{order}/pay", body)


def charged(**changes: Any) -> dict[str, Any]:
    return {
        "id": ANY,
        "amount": 25,
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": 1748341370775,
        "captured": True,
        "ref_num": ANY,
        "auth_code": ANY,
        "outcome": APPROVED,
        "paid": True,
        "status": "succeeded",
        "source": {"id": ANY, "brand": "VISA", **CARD},
        "ecomind": "ecom",
    } | changes


def locked() -> dict[str, Any]:
    """Return the reply to a lock, which is not paid."""
    card = {
        "expiration_date": EXPIRES,
        "previous_balance": 1000,
        "new_balance": 600,
        "lock_id": ANY,
    }
    reply = charged(
        amount=400,
        payment_method_details="giftCard",
        captured=False,
        partial_auth=True,
        source={"id": ANY, "brand": "GIFT_CARD", "last4": "1066"},
        gift_card=card,
    )
    del reply["paid"]
    return reply


def customer(**changes: Any) -> dict[str, Any]:
    return {
        "id": ANY,
        "object": "customer",
        "created": 1748341370775,
        "currency": "USD",
        "email": EMAIL,
        "name": " ",
        "sources": {"object": "list", "data": [ANY]},
        "shipping": {"name": " "},
    } | changes


def save(instrument: dict[str, Any] | None = None, **more: Any) -> Callable[..., Response]:
    def send(server: InProcessServer) -> Response:
        made = server.send("POST", "/v1/tokens", instrument or server.card()).json["id"]
        return server.send("POST", "/v1/customers", {"email": EMAIL, "source": made} | more)

    return send


def encrypted_in_production(server: InProcessServer) -> Response:
    pan = encrypt_pan(server.keys.production.public_blob(), VISA)
    body = server.encrypted(encrypted_pan=pan, brand="VISA", transarmor_key_id="k")
    return server.send("POST", "/v1/tokens", body)


def pay_repeated_items(server: InProcessServer) -> Response:
    tea, cake = (
        create_item(server, "/items", {"name": name, "price": price})["id"]
        for name, price in (("Tea", 200), ("Cake", 350))
    )
    lines = [{"item": {"id": each}} for each in (tea, tea, tea, cake, cake)]
    cart = {"orderCart": {"lineItems": lines}}
    order = create_item(server, "/atomic_order/orders", cart)["id"]
    body = {"source": server.token(), "external_reference_id": "E5CZ3ABCDE"}
    return server.send("POST", f"/v1/orders/{order}/pay", body)


def kind(name: str, amount: int) -> dict[str, Any]:
    """Return the item of a paid order for all units of an item of the inventory."""
    taxes = [{"name": "NO_TAX_APPLIED"}]
    item = {"parent": ANY, "inventory_id": ANY, "amount": amount}
    return item | {"description": name, "tax_rates": taxes}


def capture_of_lock(server: InProcessServer) -> Response:
    locked_charge = lock(server).json["id"]
    return server.send("POST", f"/v1/charges/{locked_charge}/capture", {"amount": 300})


def lock(server: InProcessServer) -> Response:
    token = active(server, 1000)
    return charge(server, token, amount=400, capture=False, partial_redemption=True)


def deleted(server: InProcessServer) -> Response:
    shop = SubscriptionShop(server)
    made = shop.subscribe(shop.plan(interval="Month"), startDate="20270107")
    assert made["startDate"] == "2027-01-07T00:00:00.000+0000"
    return shop.send("DELETE", f"{SUBSCRIPTIONS}/{made['id']}")


def of_plan(server: InProcessServer) -> Response:
    shop = SubscriptionShop(server)
    return shop.send("GET", f"{PLANS}/{shop.plan()}/subscriptions")


ADDRESS = {"address_line1": "1 Main St", "address_city": "Utica", "address_zip": "13501"}
ATTRIBUTE = {"exp_month": "12", "exp_year": "2030"}
BUSINESS = ACH["agreement"] | {"type": "E_CHECK_ICA_BUSINESS_WARRANTY"}
SHIPPED = {"name": "Joe Doe", "phone": "4085551858"}
OPEN = {"createdTime": "2025-05-27T10:22:50.775Z", "expirationTime": "2025-05-27T10:37:50.775Z"}

FACTS = [
    # Cards on file
    Fact(
        "incomplete stored_credentials are accepted and named",
        "SEED save-a-card",
        "POST /v1/charges",
        lambda server: charge(server, saved(server), stored_credentials={"sequence": "FIRST"}),
        *(200, charged(), "documented"),
        why="stored_credentials.is_scheduled, stored_credentials.initiator missing",
    ),
    Fact(
        "incomplete stored_credentials are rejected with strict",
        "SEED save-a-card",
        "POST /v1/charges",
        lambda server: charge(server, saved(server), stored_credentials={"sequence": "FIRST"}),
        400,
        error("Please provide a valid stored_credentials.is_scheduled.", "parameter_missing"),
        "inferred",
        {"strict": True},
    ),
    Fact(
        "a SUBSEQUENT payment of an order returns method and credentials",
        "SEED save-a-card",
        "POST /v1/orders/{id}/pay",
        pay_order,
        200,
        {
            "id": ANY,
            "object": "order",
            "amount": 35,
            "payment_method_details": "card",
            "amount_paid": 35,
            "currency": "USD",
            "charge": ANY,
            "created": 1748341370000,
            "customer": ANY,
            "ref_num": ANY,
            "auth_code": ANY,
            "items": [{"quantity": 1, "amount": 35}],
            "source": {"brand": "VISA", **CARD},
            "status": "paid",
            "status_transitions": {"paid": 1748341370775},
            "ecomind": "ecom",
            "stored_credentials": {"sequence": "SUBSEQUENT", "initiator": "CARDHOLDER"},
        },
        "documented",
    ),
    Fact(
        "an encrypted card without its cvv is accepted and named",
        "SEED card token",
        "POST /v1/tokens",
        lambda server: server.send(
            "POST", "/v1/tokens", server.encrypted(cvv=None, brand="VISA", transarmor_key_id="k")
        ),
        *(200, {"id": ANY, "object": "token", "card": CARD | {"brand": "VISA"}}, "documented"),
        why="card.cvv missing, required with encrypted_pan",
    ),
    Fact(
        "name, phone and shipping of a customer are returned",
        "DOCS:create-a-card-on-file-customer",
        "POST /v1/customers",
        save(name="Joe Doe", phone="4085551858", shipping=SHIPPED),
        *(200, customer(name="Joe Doe", phone="4085551858", shipping=SHIPPED), "documented"),
    ),
    Fact(
        "a bank account is on file",
        "DOCS:save-a-card-for-future-transactions; the changelog of October 2023",
        "POST /v1/customers",
        save({"ach": ACH}),
        200,
        customer(),
        "documented",
    ),
    Fact(
        "a gift card is on file",
        "DOCS:save-a-card-for-future-transactions; the changelog of October 2023",
        "POST /v1/customers",
        save({"gift_card": {"number": "98765441066"}}),
        *(200, customer(), "documented"),
    ),
    Fact(
        "the source of a charge has the address of its token",
        "MD: fraud tools",
        "POST /v1/charges",
        lambda server: charge(server, server.token(**ADDRESS)),
        200,
        charged(source={"id": ANY, "brand": "VISA", **ADDRESS, **CARD}),
        "documented",
    ),
    Fact(
        "a year of two digits comes back with four",
        "a sandbox walk-through",
        "POST /v1/tokens",
        lambda server: server.send("POST", "/v1/tokens", server.card(exp_year="30")),
        *(200, {"id": ANY, "object": "token", "card": CARD | {"brand": "VISA"}}, "documented"),
    ),
    Fact(
        "an agreement of a business",
        "DOCS:internet-check-acceptance",
        "POST /v1/tokens",
        post("/v1/tokens", {"ach": ACH | {"agreement": BUSINESS}}),
        200,
        {"id": ANY, "object": "token", "ach": {"account_last4": "7891", "routing_last4": "6789"}},
        "documented",
    ),
    Fact(
        "a TransArmor token of value and expiry",
        "DOCS:ta-pilot-use-existing-transarmor-tokens",
        "POST /v1/tokens",
        post("/v1/tokens", {"external_token": {"token_value": "1234567890124242"} | ATTRIBUTE}),
        *(200, {"id": ANY, "object": "token", "card": ATTRIBUTE | {"last4": "4242"}}, "documented"),
    ),
    Fact(
        "installments of 2024",
        "MD: the changelog of July 2024; REF postorders",
        "POST /v1/charges",
        lambda server: charge(
            server,
            server.token(),
            stored_credentials=FIRST | {"installment_info": {"invoice_number": "1234567890123"}},
        ),
        400,
        error("Please provide a valid stored_credentials.installment_info.invoice_number."),
        "inferred",
        why="has 13 characters; at most 12",
    ),
    Fact(
        "Apple Pay in encryptedWallet",
        "a client that was validated against production",
        "POST /v1/tokens",
        post("/v1/tokens", {"encryptedWallet": {"applePayPaymentData": APPLE}}),
        200,
        {"id": ANY, "object": "token", "card": CARD | {"brand": "VISA", "exp_year": "2028"}},
        "inferred",
    ),
    Fact(
        "an update of a customer by its source alone",
        "CC 23365; the command of SEED save-a-card has no e-mail",
        "PUT /v1/customers/{id}",
        lambda server: server.send(
            "PUT", f"/v1/customers/{server.customer()['id']}", {"source": server.token()}
        ),
        *(400, error("Please provide a valid email.", "email_invalid"), "observed"),
    ),
    Fact(
        "a token of the hosted checkout opens nothing else",
        "PayHub 2026-09",
        "GET /v1/charges",
        lambda server: server.send("GET", "/v1/charges"),
        *(401, message("401 Unauthorized"), "observed"),
        {"integration_type": "hosted_checkout"},
    ),
    Fact(
        "an update of a customer by its source alone, for a merchant that accepts it",
        "SEED save-a-card: its command",
        "PUT /v1/customers/{id}",
        lambda server: server.send(
            "PUT", f"/v1/customers/{server.customer()['id']}", {"source": server.token(MASTERCARD)}
        ),
        *(200, customer(sources={"object": "list", "data": [ANY, ANY]}), "documented"),
        {"customer_update_email": "optional"},
    ),
    Fact(
        "a card that is encrypted under the production key is accepted and named",
        "SEED card token",
        "POST /v1/tokens",
        encrypted_in_production,
        *(200, {"id": ANY, "object": "token", "card": CARD | {"brand": "VISA"}}, "inferred"),
        why="card.encrypted_pan is encrypted under the production key",
    ),
    Fact(
        "a card that is encrypted under the production key is rejected with strict",
        "SEED card token",
        "POST /v1/tokens",
        encrypted_in_production,
        400,
        error("Card number is not a valid raw or encrypted PAN."),
        "inferred",
        {"strict": True},
        why="card.encrypted_pan is encrypted under the production key",
    ),
    Fact(
        "a paid order has one item of each kind",
        "CC 42331",
        "POST /v1/orders/{id}/pay",
        pay_repeated_items,
        200,
        {
            "id": ANY,
            "object": "order",
            "amount": 1300,
            "amount_paid": 1300,
            "currency": "USD",
            "charge": ANY,
            "created": 1748341370000,
            "ref_num": ANY,
            "auth_code": ANY,
            "items": [kind("Tea", 200), kind("Cake", 350)],
            "source": {"brand": "VISA", **CARD},
            "status": "paid",
            "status_transitions": {"paid": 1748341370775},
            "ecomind": "ecom",
            "external_reference_id": "E5CZ3ABCDE",
        },
        "documented",
    ),
    # Hosted checkout
    Fact(
        "the times of the documented dialect are numbers",
        "DOCS: hosted checkout",
        "POST /invoicingcheckoutservice/v1/checkouts",
        checkout(),
        200,
        {
            "href": ANY,
            "checkoutSessionId": ANY,
            "createdTime": 1748341370775,
            "expirationTime": 1748342270775,
        },
        "documented",
        {"dialect": "documented"},
    ),
    Fact(
        "the times are strings and the page is /pay-checkout",
        "recordings of 2022, 2025 and 2026",
        "POST /invoicingcheckoutservice/v1/checkouts",
        checkout(),
        200,
        {"href": ANY, "checkoutSessionId": ANY, **OPEN},
        "documented",
    ),
    Fact(
        "no customer",
        "PayHub 2026-09-17",
        "POST /invoicingcheckoutservice/v1/checkouts",
        checkout(customer=...),
        *(404, message("Customer can't be null"), "observed"),
    ),
    Fact(
        "a negative price",
        "two public clients of the sandbox",
        "POST /invoicingcheckoutservice/v1/checkouts",
        line(price=-100),
        *(400, message("Line item prices should be positive"), "observed"),
    ),
    Fact(
        "a line of units only",
        "a public client of the sandbox",
        "POST /invoicingcheckoutservice/v1/checkouts",
        line(name=..., price=...),
        *(400, message("Please provide either itemRefUuid or name, price."), "observed"),
    ),
    Fact(
        "a tax by its id",
        "two public clients of the sandbox",
        "POST /invoicingcheckoutservice/v1/checkouts",
        line(taxRates=[{"id": "8ZC0J6AG35N64"}]),
        *(400, message("Rate map missing tax summary rates"), "observed"),
    ),
    Fact(
        "a name of 127 characters",
        "the code of two public clients",
        "POST /invoicingcheckoutservice/v1/checkouts",
        line(name="x" * 127),
        *(400, message("Please provide a valid shoppingCart.lineItems[0].name."), "inferred"),
        why="has 127 characters; at most 126",
    ),
    Fact(
        "a discount of the cart",
        "a public client of the sandbox, 2026-08",
        "POST /invoicingcheckoutservice/v1/checkouts",
        checkout(shoppingCart={"lineItems": [LAMP], "discounts": [{"percentage": 10}]}),
        *(400, message("Please provide a valid shoppingCart.discounts."), "observed"),
    ),
    # Recurring and gift cards
    Fact(
        "a subscription of a plan by Month, from 20270107, is deleted",
        "MD:working-with-recurring and its 2026 table",
        "DELETE /recurring/v1/subscriptions/{id}",
        deleted,
        *(200, {"deleted": True, "id": ANY, "object": "subscription"}, "inferred"),
    ),
    Fact(
        "subscriptions of a plan",
        "a public client",
        "GET /recurring/v1/plans/{id}/subscriptions",
        of_plan,
        200,
        [],
        "inferred",
    ),
    Fact(
        "a lock of a gift card",
        "MD:gift-card-api, copy of August 2024",
        "POST /v1/charges",
        lock,
        *(200, locked(), "documented"),
    ),
    Fact(
        "a capture of a gift card has method, first digits and lock",
        "MD:gift-card-api, copy of August 2024",
        "POST /v1/charges/{id}/capture",
        capture_of_lock,
        200,
        {
            "id": ANY,
            "amount": 400,
            "payment_method_details": "giftCard",
            "amount_captured": 300,
            "currency": "USD",
            "created": 1748341370000,
            "captured": True,
            "ref_num": ANY,
            "auth_code": ANY,
            "order": ANY,
            "outcome": APPROVED,
            "paid": True,
            "status": "succeeded",
            "source": {"id": ANY, "brand": "GIFT_CARD", "first6": "987654", "last4": "1066"},
            "gift_card": {
                "expiration_date": EXPIRES,
                "previous_balance": 600,
                "new_balance": 700,
                "lock_amount": 0,
                "lock_id": ANY,
            },
        },
        "documented",
    ),
]


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.fact)
def test_facts(fact: Fact, make_server: MakeServer) -> None:
    server = make_server(**fact.settings)
    got = fact.send(server)
    assert (got.status, got.json, got.evidence) == (fact.status, fact.reply, fact.evidence)
    assert fact.why in got.why
    assert last_request(server) == fact.request
