"""The requests that a shop's server sends to Clover.

It uses plain HTTP and the credentials of one sandbox; it knows only the URL of the mock.
"""

import json
from typing import Any, NamedTuple

from mock_clover.client import send_request
from mock_clover.testing import MockClover
from tests.hostile import BROWSER

CHECKOUTS = "/invoicingcheckoutservice/v1/checkouts"


class Response(NamedTuple):
    """A response from Clover."""

    status: int
    body: Any


class Backend:
    """A shop's server with its credentials."""

    def __init__(self, clover: MockClover) -> None:
        self._clover = clover

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        """Send one request; `_` in a header's name becomes `-`."""
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
            return Response(answer.status, json.loads(answer.body))
        except ValueError:
            return Response(answer.status, answer.body.decode())

    def charge(self, source: str, amount: int, **more: Any) -> Response:
        """Charge a token or a customer."""
        body = {"amount": amount, "currency": "usd", "source": source} | more
        return self.send("POST", "/v1/charges", body)

    def save_card(self, token: str, email: str = "ada@example.com") -> Response:
        """Create a customer with the card of a token."""
        return self.send("POST", "/v1/customers", {"email": email, "source": token})

    def checkout(self, **more: Any) -> str:
        """Create a session of the hosted checkout and return the URL of its page."""
        body = {"customer": {}, "shoppingCart": {"lineItems": [LAMP]}} | more
        status, created = self.send("POST", CHECKOUTS, body)
        assert status == 200, created
        return str(created["href"])


LAMP = {"name": "Floor lamp", "unitQty": 1, "price": 10_900, "note": "brass"}
THREEDS = {"source": "CLOVER", "browser_info": BROWSER}
"""`threeds` of a charge that requires 3-D Secure."""
