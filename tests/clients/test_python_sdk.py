"""Clover's own Python SDK, ecommClover 1.0.0 from PyPI, unmodified, against the server.

It is from 2019: it adds query parameters to every request, sends amounts as text, opens a
connection for every request, and raises no errors: it returns their JSON.
"""

from typing import Any

import pytest
from clover_server import Clover
from response_shape import CARD, EXPIRY, GATEWAY, charged, response_shape
from toolbox import Run

EMAIL = "buyer@example.com"


@pytest.fixture(scope="module")
def story(clover: Clover, python_sdk: Run) -> dict[str, Any]:
    """The result of a complete flow, with its ids replaced by names."""
    received = python_sdk("sdk_flow.py", clover)
    subjects = ("token", "charge", "authorization", "refund", "customer", "order")
    names = {received[subject]["id"]: subject for subject in subjects}
    names[received["customer"]["sources"]["data"][0]] = "card"
    result: dict[str, Any] = response_shape(received, clover.names | names)
    return result


def test_the_key_for_tokens(story: dict[str, Any]) -> None:
    assert story["apikey"] == {
        "active": True,
        "apiAccessKey": "<api key>",
        "createdTime": "<ms>",
        "developerAppUuid": "<app>",
        "merchantUuid": "<merchant>",
        "modifiedTime": "<ms>",
    }


def test_a_token(story: dict[str, Any]) -> None:
    assert story["token"] == {"id": "<token>", "object": "token", "card": CARD | EXPIRY}


def test_a_token_retrieved(story: dict[str, Any]) -> None:
    """The SDK's own tests read `cloverToken.tokenValue`, which Clover's OpenAPI has beside `id`."""
    assert story["token_retrieved"]["cloverToken"].get("tokenValue") == "<token>"
    assert story["token_retrieved"]["card"] == CARD | EXPIRY


def test_a_charge_and_its_reading(story: dict[str, Any]) -> None:
    sale = {
        "id": "<charge>",
        "amount": 999,
        "captured": True,
        "description": "Example charge",
        "paid": True,
    }
    assert story["charge"] == charged(**sale, source={"id": "<token>"} | CARD | EXPIRY)
    assert story["charge_retrieved"] == charged(
        **sale, amount_captured=999, order="<id>", source={"id": "<token>"} | CARD
    )


def test_a_token_is_good_for_one_charge(story: dict[str, Any]) -> None:
    assert story["token_again"] == {
        "message": "400 Bad Request",
        "error": {
            "code": "token_already_used",
            "message": "You cannot use a clover token more than once unless it is marked as "
            "multipay.",
        },
    }


def test_an_authorization_its_capture_and_the_list(story: dict[str, Any]) -> None:
    hold = {"id": "<authorization>", "amount": 1200}
    assert story["authorization"] == charged(
        **hold, captured=False, source={"id": "<token>"} | CARD | EXPIRY
    )
    captured = {
        **hold,
        "payment_method_details": "card",
        "amount_captured": 1200,
        "currency": "USD",
        "created": "<ms>",
        "captured": True,
        "order": "<id>",
        **GATEWAY,
        "paid": True,
        "status": "succeeded",
        "source": {"id": "<token>"} | CARD,
    }
    assert story["capture"] == captured
    assert story["charges"] == {
        "object": "list",
        "url": "/v1/charges",
        "has_more": True,
        "data": [charged(**captured)],
    }


def test_a_refund(story: dict[str, Any]) -> None:
    metadata = {"refundType": "AUTH", "authCode": "<authCode>", "refNum": "<refNum>"}
    refund = {
        "id": "<refund>",
        "object": "refund",
        "amount": 400,
        "charge": "<charge>",
        "created": "<ms>",
        "status": "succeeded",
        "metadata": metadata | {"gatewayResponseCode": "000"},
    }
    assert story["refund"] == refund
    assert story["refund_retrieved"] == refund


def test_a_customer_and_the_card_on_file(story: dict[str, Any]) -> None:
    customer = {
        "id": "<customer>",
        "object": "customer",
        "created": "<ms>",
        "currency": "USD",
        "email": EMAIL,
        "name": " ",
        "sources": {"object": "list", "data": ["<card>"]},
        "shipping": {"name": " "},
    }
    assert story["customer"] == customer
    assert story["customer_charge"] == charged(
        id="<id>",
        amount=300,
        captured=True,
        paid=True,
        source={"id": "<token>"} | CARD | EXPIRY,
    )
    assert story["source_deleted"] == {"deleted": True, "id": "<card>", "object": "deletedcard"}
    assert story["customer_modified"] == customer | {
        "sources": {"object": "list", "data": ["<id>"]}
    }


def test_an_order_and_its_payment(story: dict[str, Any]) -> None:
    item = {"type": "sku", "amount": 700, "currency": "usd", "description": "Mug", "quantity": 2}
    order = {
        "id": "<order>",
        "object": "order",
        "amount": 1400,
        "currency": "USD",
        "created": "<ms>",
        "email": EMAIL,
        "items": [item],
    }
    assert story["order"] == order | {"status": "created"}
    assert story["order_retrieved"] == order
    assert story["order_paid"] == order | {
        "amount_paid": 1400,
        "charge": "<id>",
        "ref_num": "<ref_num>",
        "auth_code": "<auth_code>",
        "source": CARD | EXPIRY,
        "status": "paid",
        "status_transitions": {"paid": "<ms>"},
        "ecomind": "ecom",
    }


def test_an_order_returned(story: dict[str, Any]) -> None:
    assert story["order_returned"] == {
        "id": "<order>",
        "amount": 1400,
        "amount_returned": 1400,
        "currency": "USD",
        "status": "returned",
        "status_transitions": {},
    }


def test_a_decline(story: dict[str, Any]) -> None:
    assert story["decline"] == {
        "message": "402 Payment Required",
        "error": {
            "code": "card_declined",
            "message": "DECLINED: No reason provided.",
            "charge": "<id>",
            "declineCode": "issuer_declined",
        },
    }


@pytest.mark.parametrize("call", ["stranger", "nameless", "nameless_apikey"])
def test_a_wrong_bearer(story: dict[str, Any], call: str) -> None:
    """Without an access token the SDK sends `Bearer None`."""
    assert story[call] == {"message": "401 Unauthorized"}
