"""The server side of a shop, as far as it speaks to Clover: what a shop does with a token.

It speaks HTTP as any client does, with the credentials of one sandbox, and knows nothing of the
mock but its address.
"""

import json
from typing import Any, NamedTuple

from mock_clover.client import send_request
from mock_clover.testing import MockClover
from tests.hostile import BROWSER

CHECKOUTS = "/invoicingcheckoutservice/v1/checkouts"


class Said(NamedTuple):
    """What Clover answered."""

    status: int
    body: Any


class Backend:
    """A shop's server with its credentials."""

    def __init__(self, clover: MockClover) -> None:
        self._clover = clover

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        """Make one call; `_` in a header's name is `-`."""
        sent = {
            "authorization": f"Bearer {self._clover.access_token}",
            "content-type": "application/json",
            "x-forwarded-for": "127.0.0.1",
            "x-clover-merchant-id": self._clover.merchant_id,
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        answer = send_request(method, self._clover.url + path, sent, data)
        try:
            return Said(answer.status, json.loads(answer.body))
        except ValueError:
            return Said(answer.status, answer.body.decode())

    def charge(self, source: str, amount: int, **more: Any) -> Said:
        """Charge a token or a customer."""
        body = {"amount": amount, "currency": "usd", "source": source} | more
        return self.ask("POST", "/v1/charges", body)

    def save_card(self, token: str, email: str = "ada@example.com") -> Said:
        """Keep a token's card on a new customer."""
        return self.ask("POST", "/v1/customers", {"email": email, "source": token})

    def checkout(self, **more: Any) -> str:
        """Make a session of the hosted checkout and return the address of its page."""
        body = {"customer": {}, "shoppingCart": {"lineItems": [LAMP]}} | more
        status, made = self.ask("POST", CHECKOUTS, body)
        assert status == 200, made
        return str(made["href"])


LAMP = {"name": "Floor lamp", "unitQty": 1, "price": 10_900, "note": "brass"}
SECURE = {"source": "CLOVER", "browser_info": BROWSER}
"""Of a charge whose cardholder's bank is asked."""
