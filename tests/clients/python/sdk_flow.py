"""A complete flow through ecommClover, Clover's Python SDK; prints every response.

Runs in the SDK's own environment, with the URL in CLOVER_BASE_URL, or else the SDK's own: https and
Clover's sandbox hosts. The SDK raises no errors: it returns their JSON like any response.
"""

import json
import os
import sys

import clover
from clover import Charge, Customer, Order, PublicAccessKey, Refund, Token

BASE = os.environ.get("CLOVER_BASE_URL")
EMAIL = "buyer@example.com"


def card(number):
    return {"number": number, "brand": "VISA", "exp_month": "12", "exp_year": "2030", "cvv": "123"}


def token(number="4242424242424242"):
    return Token.create(card=card(number))


def attempt(call, *words):
    """Return the response; the SDK parses every body as JSON, and reports one that is not."""
    try:
        return call(*words)
    except ValueError as unreadable:
        return {"unreadable": str(unreadable)}


def story():
    result = {}
    result["apikey"] = PublicAccessKey.retrieve()
    # This also sets merchant_uuid, which the SDK then adds to the query of every request.
    clover.utils.set_credentials_from_public_access_key()

    result["token"] = token()
    result["token_retrieved"] = Token.retrieve(id=result["token"]["id"])
    # An amount in a string is what the SDK's own examples send.
    result["charge"] = Charge.create(
        amount="999", currency="usd", description="Example charge", source=result["token"]["id"]
    )
    result["charge_retrieved"] = Charge.retrieve(id=result["charge"]["id"])
    result["token_again"] = Charge.create(amount=999, currency="usd", source=result["token"]["id"])

    result["authorization"] = Charge.create(
        amount=1200, currency="usd", source=token()["id"], capture=False
    )
    result["capture"] = Charge.capture(result["authorization"]["id"])
    result["charges"] = Charge.list(limit=1)

    result["refund"] = Refund.create(charge=result["charge"]["id"], amount=400)
    result["refund_retrieved"] = Refund.retrieve(id=result["refund"]["id"])

    result["customer"] = Customer.create(email=EMAIL, source=token()["id"])
    result["customer_charge"] = Charge.create(
        amount=300, currency="usd", source=result["customer"]["id"]
    )
    result["source_deleted"] = Customer.delete_source(
        customer_id=result["customer"]["id"], source_id=result["customer"]["sources"]["data"][0]
    )
    result["customer_modified"] = Customer.modify(
        sid=result["customer"]["id"], email=EMAIL, source=token()["id"]
    )

    result["order"] = Order.create(
        currency="usd",
        email=EMAIL,
        items=[
            {"type": "sku", "amount": 700, "currency": "usd", "description": "Mug", "quantity": 2}
        ],
    )
    result["order_retrieved"] = Order.retrieve(id=result["order"]["id"])
    result["order_paid"] = Order.pay(result["order"]["id"], source=token()["id"])
    result["order_returned"] = attempt(Order.return_order, result["order"]["id"])

    result["decline"] = Charge.create(
        amount=1999, currency="usd", source=token("4005571702222222")["id"]
    )
    clover.access_token = "00000000-0000-0000-0000-000000000000"
    result["stranger"] = Charge.create(amount=1, currency="usd", source="clv_1TSTSnobody")
    clover.access_token = None
    result["nameless"] = Charge.retrieve(id=result["charge"]["id"])
    result["nameless_apikey"] = attempt(PublicAccessKey.retrieve)
    return result


clover.access_token = os.environ["CLOVER_ACCESS_TOKEN"]
if BASE:
    clover.utils.set_api_endpoint(BASE)
    clover.utils.set_tokenization_api_endpoint(BASE)
    clover.utils.set_public_access_key_endpoint(BASE)
json.dump(story(), sys.stdout)
