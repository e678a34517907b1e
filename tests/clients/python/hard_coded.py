"""A shop with Clover's URLs in its code, with urllib and with requests."""

import json
import os
import sys
from urllib.request import Request, urlopen

import requests

TOKENS = "https://token.clover.com/v1/tokens"
CHARGES = "https://scl.clover.com/v1/charges"
CHECKOUTS = "https://apisandbox.dev.clover.com/invoicingcheckoutservice/v1/checkouts"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvv": "123"}
BEARER = {"Authorization": f"Bearer {os.environ['CLOVER_ACCESS_TOKEN']}"}

asked = Request(
    TOKENS,
    json.dumps({"card": CARD}).encode(),
    {"apikey": os.environ["CLOVER_API_KEY"], "Content-Type": "application/json"},
)
with urlopen(asked, timeout=60) as answer:
    token = json.load(answer)
body = {"amount": 1999, "currency": "usd", "source": token["id"]}
charge = requests.post(CHARGES, json=body, headers=BEARER, timeout=60)
body = {
    "customer": {"email": "buyer@example.com"},
    "shoppingCart": {"lineItems": [{"name": "Mug", "price": 700, "unitQty": 1}]},
}
merchant = {"X-Clover-Merchant-Id": os.environ["CLOVER_MERCHANT_ID"]}
checkout = requests.post(CHECKOUTS, json=body, headers=BEARER | merchant, timeout=60).json()
page = requests.get(checkout["href"], timeout=60)
json.dump(
    {
        "charge": [charge.status_code, charge.json()["amount"]],
        "href": checkout["href"],
        "page": [page.status_code, page.headers["content-type"]],
    },
    sys.stdout,
)
