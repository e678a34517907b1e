"""Injection strings, and every field into which a client can write one.

Each inserted string starts with a unique mark, by which a test finds it on a page.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from shop import Shop
from shop_server import CHECKOUTS, LAMP, Backend

from mock_clover.testing import MockClover, MockCloverError

TEXTS: dict[str, str] = {
    "a script": "<script>window.pwned=1</script>",
    "an image": "\"><img src=x onerror='window.pwned=1' id=injected>",
    "an attribute": "' autofocus onfocus='window.pwned=1' x='",
    "ends of elements": "</title></textarea></style></script><svg onload=window.pwned=1>",
    "a comment": "--><iframe srcdoc='<script>top.pwned=1</script>'></iframe><!--",
    "an address": "javascript:window.pwned=1",
    "templates": '{{constructor.constructor("window.pwned=1")()}}${window.pwned=1}<%=1%>',
    "entities": "&lt;b&gt; &#60;img&#62; &amp;amp; &nbsp",
    "other directions": "\u202etxet \u2066x\u2069 \u200f\u061c",
    "controls": "a\x00b\x08c\x1b[31md\x7f",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u0ba8\u0bbf",
    "a long word": "W" * 65_536,
}
_SHORT = [text for name, text in TEXTS.items() if name != "a long word"]
HALVES: dict[str, str] = {
    "one half": "".join(_SHORT[:5]),
    "the other half": "".join(_SHORT[5:]),
    "a long word": TEXTS["a long word"],
}
"""All strings joined into three; the first two are not longer than a name may be."""
SHORT = 200
"""Length to which a string is cut if the long one is rejected."""
PATH_CHARS = 2_000

Place = tuple[str, Callable[[str], int]]
"""The name of a field, and the function that inserts a string there and returns the status."""


class HostileSandbox:
    """A sandbox with a hostile string in every field."""

    def __init__(self, clover: MockClover, shop: Shop) -> None:
        self.clover = clover
        self.shop = shop
        self.backend = Backend(clover)
        self.texts: dict[str, str] = {}
        """The inserted strings by their marks."""
        self.places: dict[str, str] = {}
        """The field of each mark."""
        self.refused: dict[str, list[str]] = {}
        """By field, the strings that it rejected."""

    def insert_all(self) -> None:
        """Insert all strings into each field; a long one is cut if it is rejected."""
        for place, put in self._places():
            for name, text in HALVES.items():
                status = put(self._mark(place, text))
                if status >= 400 and len(text) > SHORT:
                    status = put(self._mark(place, text[:SHORT]))
                if status >= 400:
                    self.refused.setdefault(place, []).append(name)

    def cart(self) -> dict[str, Any]:
        """Return a cart with each string in each text field of a line."""
        lines = [
            LAMP
            | {
                "name": self._mark("name of a line", text[:120]),
                "note": self._mark("note of a line", text[:1_990]),
                "taxRates": [{"name": self._mark("tax of a line", text[:200]), "rate": 1_000_000}],
            }
            for text in TEXTS.values()
        ]
        return {"lineItems": lines}

    def _mark(self, place: str, text: str) -> str:
        mark = f"q{len(self.texts):03d}q"
        self.texts[mark], self.places[mark] = mark + text, place
        return mark + text

    def _places(self) -> Iterator[Place]:
        yield from self._rows()
        yield from self._checkouts()
        yield from self._heads()
        yield "webhook", self._webhook

    def _rows(self) -> Iterator[Place]:
        post, token = self.backend.send, self.clover.card_token

        def charge(**more: Any) -> int:
            return self.backend.charge(token(), 1800, **more).status

        def customer(**more: Any) -> int:
            body = {"email": "ada@example.com", "source": token()} | more
            return post("POST", "/v1/customers", body).status

        def order(item: dict[str, Any], **more: Any) -> int:
            items = [{"amount": 100, "quantity": 1, "type": "sku"} | item]
            return post("POST", "/v1/orders", {"currency": "usd", "items": items} | more).status

        yield "description of a charge", lambda text: charge(description=text)
        yield "metadata of a charge", lambda text: charge(metadata={text[:400]: text})
        yield "unknown member", lambda text: charge(**{text[:400]: text})
        yield "first name of a customer", lambda text: customer(firstName=text)
        yield "last name of a customer", lambda text: customer(lastName=text)
        yield (
            "address of a customer",
            lambda text: customer(email=mail(text)),
        )
        yield "item of an order", lambda text: order({"description": text})
        yield "metadata of an order", lambda text: order({}, metadata={"note": text})

    def _checkouts(self) -> Iterator[Place]:
        def checkout(line: dict[str, Any], **customer: Any) -> int:
            body = {"customer": customer, "shoppingCart": {"lineItems": [LAMP | line]}}
            return self.backend.send("POST", CHECKOUTS, body).status

        yield "name of a line", lambda text: checkout({"name": text[:126]})
        yield "note of a line", lambda text: checkout({"note": text})
        yield (
            "tax of a line",
            lambda text: checkout({"taxRates": [{"name": text, "rate": 1_000_000}]}),
        )
        yield "customer of a checkout", lambda text: checkout({}, firstName=text)

    def _heads(self) -> Iterator[Place]:
        def header(name: str) -> Callable[[str], int]:
            # Characters outside Latin-1 are sent as UTF-8, as browsers do.
            def send(text: str) -> int:
                clean = "".join(sign for sign in text if sign >= " " and sign != "\x7f")[:4_000]
                value = clean.encode().decode("latin-1")
                return self.backend.send("GET", "/v1/charges?limit=1", **{name: value}).status

            return send

        def get(path: str) -> Callable[[str], int]:
            # Any response but a 500 will do; the path stays in the journal.
            def send(text: str) -> int:
                result = quote(text[:PATH_CHARS], safe="")
                return 200 if self.backend.send("GET", path.format(result)).status < 500 else 500

            return send

        for name in ("user_agent", "origin", "x_request_id"):
            yield f"header {name}", header(name)
        yield "path", get("/v1/{}")
        yield "id in a path", get("/v1/charges/{}")
        yield "query", get("/v1/charges?customer={0}&{0}={0}")
        yield "authorization", get("/oauth/authorize?client_id={0}&state={0}&redirect_uri={0}")

    def _webhook(self, text: str) -> int:
        """Send an event to a URL with the string, which responds with the string."""
        path = f"/hook/{quote(text[:1_000], safe='')}"
        url = self.shop.put(path, text, "text/html")
        try:
            target = self.clover.webhook(url)
            self.clover.send_webhook(target=target["id"], payload={"note": text[:PATH_CHARS]})
        except MockCloverError as error:
            return error.status
        return 200

    def scenario(self) -> None:
        """Set a scenario with the strings in all its texts."""
        # The name of a rule must be printable ASCII, because it is sent in a header.
        texts = [
            self._mark("rule", text[:74])
            for text in TEXTS.values()
            if text.isascii() and text.isprintable()
        ]
        rules = [
            {
                "name": text,
                "when": {"amount": 90_000 + number, "description": text},
                "then": {"decline": {"message": text}},
            }
            for number, text in enumerate(texts)
        ]
        about = self._mark("scenario", TEXTS["an image"])
        self.clover.scenario({"name": "hostile", "about": about, "rules": rules})


def mail(text: str) -> str:
    """Return an e-mail address with the valid characters of a string."""
    return "".join(sign for sign in text[:60] if sign.isprintable() and sign not in " @") + "@x.com"


def spellings(text: str) -> set[str]:
    """Return how a page may show a string: plain, as JSON, or as part of a URL."""
    escaped = json.dumps(text)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    in_url = {quote(text), quote(text, safe=""), quote_plus(text, safe="[]/:,.*")}
    return {text, text.replace("\x00", "\ufffd"), escaped, plain} | in_url
