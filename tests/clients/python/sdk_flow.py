"""One buyer's whole story through ecommClover, Clover's Python SDK; prints every answer.

Runs in the SDK's own environment, against the address in CLOVER_BASE_URL, or without one against
the SDK's own: https and Clover's sandbox names. The SDK raises nothing: a refusal is its JSON, like
any answer.
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
    """Return the answer; the SDK parses every body as JSON, and one that is not is told as such."""
    try:
        return call(*words)
    except ValueError as unreadable:
        return {"unreadable": str(unreadable)}


def story():
    said = {}
    said["apikey"] = PublicAccessKey.retrieve()
    # This also sets merchant_uuid, which the SDK then adds to the query of every request.
    clover.utils.set_credentials_from_public_access_key()

    said["token"] = token()
    said["token_retrieved"] = Token.retrieve(id=said["token"]["id"])
    # An amount in a string is what the SDK's own examples send.
    said["charge"] = Charge.create(
        amount="999", currency="usd", description="Example charge", source=said["token"]["id"]
    )
    said["charge_retrieved"] = Charge.retrieve(id=said["charge"]["id"])
    said["token_again"] = Charge.create(amount=999, currency="usd", source=said["token"]["id"])

    said["authorization"] = Charge.create(
        amount=1200, currency="usd", source=token()["id"], capture=False
    )
    said["capture"] = Charge.capture(said["authorization"]["id"])
    said["charges"] = Charge.list(limit=1)

    said["refund"] = Refund.create(charge=said["charge"]["id"], amount=400)
    said["refund_retrieved"] = Refund.retrieve(id=said["refund"]["id"])

    said["customer"] = Customer.create(email=EMAIL, source=token()["id"])
    said["customer_charge"] = Charge.create(
        amount=300, currency="usd", source=said["customer"]["id"]
    )
    said["source_deleted"] = Customer.delete_source(
        customer_id=said["customer"]["id"], source_id=said["customer"]["sources"]["data"][0]
    )
    said["customer_modified"] = Customer.modify(
        sid=said["customer"]["id"], email=EMAIL, source=token()["id"]
    )

    said["order"] = Order.create(
        currency="usd",
        email=EMAIL,
        items=[
            {"type": "sku", "amount": 700, "currency": "usd", "description": "Mug", "quantity": 2}
        ],
    )
    said["order_retrieved"] = Order.retrieve(id=said["order"]["id"])
    said["order_paid"] = Order.pay(said["order"]["id"], source=token()["id"])
    said["order_returned"] = attempt(Order.return_order, said["order"]["id"])

    said["decline"] = Charge.create(
        amount=1999, currency="usd", source=token("4005571702222222")["id"]
    )
    clover.access_token = "00000000-0000-0000-0000-000000000000"
    said["stranger"] = Charge.create(amount=1, currency="usd", source="clv_1TSTSnobody")
    clover.access_token = None
    said["nameless"] = Charge.retrieve(id=said["charge"]["id"])
    said["nameless_apikey"] = attempt(PublicAccessKey.retrieve)
    return said


clover.access_token = os.environ["CLOVER_ACCESS_TOKEN"]
if BASE:
    clover.utils.set_api_endpoint(BASE)
    clover.utils.set_tokenization_api_endpoint(BASE)
    clover.utils.set_public_access_key_endpoint(BASE)
json.dump(story(), sys.stdout)
