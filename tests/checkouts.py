"""A shop with a hosted checkout, its customer, and its parsed page."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.in_process import VISA, InProcessServer, Response

PATH = "/invoicingcheckoutservice/v1/checkouts"
URLS = {
    "success": "https://shop.example/paid",
    "failure": "https://shop.example/failed",
    "cancel": "https://shop.example/cart",
}
LAMP = {"name": "Floor lamp", "unitQty": 1, "price": 10_900}
MINUTE_MS = 60_000


def asked(**changes: Any) -> dict[str, Any]:
    """Return the body of a request that creates a session; `...` removes a member."""
    body = {"customer": {}, "shoppingCart": {"lineItems": [LAMP]}, "redirectUrls": URLS} | changes
    return {name: value for name, value in body.items() if value is not ...}


def create(server: InProcessServer, **changes: Any) -> Response:
    """Create a session and return the response."""
    named = {"x-clover-merchant-id": server.known.merchant_id}
    return server.send("POST", PATH, asked(**changes), headers=named)


def session(server: InProcessServer, **changes: Any) -> str:
    """Create a session and return its id."""
    created = create(server, **changes)
    assert created.status == 200, created
    return str(created.json["checkoutSessionId"])


def selling(price: int, name: str = "Thing") -> dict[str, Any]:
    """Return a cart with one item."""
    return {"lineItems": [{"name": name, "unitQty": 1, "price": price}]}


def shown(server: InProcessServer, checkout_id: str) -> dict[str, Any]:
    """Return a session from the control API."""
    return dict(server.send("GET", f"/_mock/checkouts/{checkout_id}").json)


def pay(server: InProcessServer, checkout_id: str, pan: str = VISA, **card: Any) -> Response:
    """Pay a session without a page."""
    return server.send("POST", f"/_mock/checkouts/{checkout_id}/pay", server.card(pan, **card))


def fields(pan: str = VISA, **changes: str) -> bytes:
    """Return the form data that a browser sends."""
    form = {
        "number": pan,
        "expiry": "12/30",
        "cvv": "123",
        "name": "",
        "address_zip": "",
        "do": "pay",
    }
    return urlencode(form | changes).encode()


def get_page(server: InProcessServer, checkout_id: str) -> Response:
    """Open a session's page."""
    return server.send("GET", f"/pay-checkout/{checkout_id}", auth=False)


def submit(server: InProcessServer, checkout_id: str, pan: str = VISA, **changes: str) -> Response:
    """Submit the form of a session's page."""
    path, form = f"/pay-checkout/{checkout_id}", {"content-type": FORM}
    return server.send("POST", path, raw=fields(pan, **changes), headers=form, auth=False)


FORM = "application/x-www-form-urlencoded"


class ParsedPage(HTMLParser):
    """A parsed page: its tags in order, and the text between them."""

    def __init__(self, html: bytes | str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = False
        self.feed(html.decode() if isinstance(html, bytes) else html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = tag == "style"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser calls it so
        self._hidden = False

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all tags with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def has_alert(self) -> bool:
        """Whether the page shows an error."""
        return any(attributes.get("role") == "alert" for _, attributes in self.tags)


def skeleton(html: bytes) -> list[tuple[str, list[str]]]:
    """Return a page's tags and the names of their attributes."""
    return [(tag, list(attributes)) for tag, attributes in ParsedPage(html).tags]
