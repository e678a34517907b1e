"""A shop with a hosted checkout, its customer, and the page as a browser reads it."""

from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from tests.world import VISA, Answered, World

PATH = "/invoicingcheckoutservice/v1/checkouts"
URLS = {
    "success": "https://shop.example/paid",
    "failure": "https://shop.example/failed",
    "cancel": "https://shop.example/cart",
}
LAMP = {"name": "Floor lamp", "unitQty": 1, "price": 10_900}
MINUTE_MS = 60_000


def asked(**changes: Any) -> dict[str, Any]:
    """Return the body of a request for a session; `...` leaves a member out."""
    body = {"customer": {}, "shoppingCart": {"lineItems": [LAMP]}, "redirectUrls": URLS} | changes
    return {name: value for name, value in body.items() if value is not ...}


def create(world: World, **changes: Any) -> Answered:
    """Ask for a session."""
    named = {"x-clover-merchant-id": world.known.merchant_id}
    return world.send("POST", PATH, asked(**changes), headers=named)


def session(world: World, **changes: Any) -> str:
    """Make a session and return its id."""
    made = create(world, **changes)
    assert made.status == 200, made
    return str(made.json["checkoutSessionId"])


def selling(price: int, name: str = "Thing") -> dict[str, Any]:
    """Return a cart of one thing."""
    return {"lineItems": [{"name": name, "unitQty": 1, "price": price}]}


def shown(world: World, checkout_id: str) -> dict[str, Any]:
    """Return a session as the control surface shows it."""
    return dict(world.send("GET", f"/_mock/checkouts/{checkout_id}").json)


def pay(world: World, checkout_id: str, pan: str = VISA, **card: Any) -> Answered:
    """Pay a session without a page."""
    return world.send("POST", f"/_mock/checkouts/{checkout_id}/pay", world.card(pan, **card))


def fields(pan: str = VISA, **changes: str) -> bytes:
    """Return what a browser sends of the page's form."""
    form = {
        "number": pan,
        "exp_month": "12",
        "exp_year": "2030",
        "cvv": "123",
        "name": "",
        "address_zip": "",
        "do": "pay",
    }
    return urlencode(form | changes).encode()


def look(world: World, checkout_id: str) -> Answered:
    """Open a session's page."""
    return world.send("GET", f"/hosted/checkout/{checkout_id}", auth=False)


def submit(world: World, checkout_id: str, pan: str = VISA, **changes: str) -> Answered:
    """Submit the form of a session's page."""
    path, form = f"/hosted/checkout/{checkout_id}", {"content-type": FORM}
    return world.send("POST", path, raw=fields(pan, **changes), headers=form, auth=False)


FORM = "application/x-www-form-urlencoded"


class Seen(HTMLParser):
    """A page as a browser reads it: its tags in their order, and the text between them."""

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
        """Return the attributes of all tags of a kind."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def alert(self) -> bool:
        """Whether the page complains."""
        return any(attributes.get("role") == "alert" for _, attributes in self.tags)
