"""Texts that a page must show and never obey, and every place where a client can leave one.

Each text has a mark of its own before it, by which it is found again wherever it is shown.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from shop import Shop
from shop_server import CHECKOUTS, LAMP, Backend

from mock_clover.testing import MockClover, MockCloverError

TEXTS: dict[str, str] = {
    "a script": "<script>window.pwned=1</script>",
    "an image": "\"><img src=x onerror='window.pwned=1' id=planted>",
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
"""All texts in few, none longer than a name may be but for one."""
SHORT = 200
"""So long is a long text where a longer one is refused."""
PATH_CHARS = 2_000

Place = tuple[str, Callable[[str], int]]
"""Where a text is planted, and what does it and returns the status of the call."""


class Garden:
    """A sandbox in which all texts are planted, and what came of each."""

    def __init__(self, clover: MockClover, shop: Shop) -> None:
        self.clover = clover
        self.shop = shop
        self.backend = Backend(clover)
        self.texts: dict[str, str] = {}
        """Planted texts by their marks."""
        self.places: dict[str, str] = {}
        """Where each mark's text was planted."""
        self.refused: dict[str, list[str]] = {}
        """Places that refused texts, and which."""

    def plant(self) -> None:
        """Plant all texts in each place; a long one is cut where it is refused."""
        for place, put in self._places():
            for name, text in HALVES.items():
                status = put(self._mark(place, text))
                if status >= 400 and len(text) > SHORT:
                    status = put(self._mark(place, text[:SHORT]))
                if status >= 400:
                    self.refused.setdefault(place, []).append(name)

    def cart(self) -> dict[str, Any]:
        """Return a cart that has each text in each place of a line."""
        lines = [
            LAMP
            | {
                "name": self._mark("name of a line", text[:990]),
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
        ask, token = self.backend.ask, self.clover.card_token

        def charge(**more: Any) -> int:
            return self.backend.charge(token(), 1800, **more).status

        def customer(**more: Any) -> int:
            body = {"email": "ada@example.com", "source": token()} | more
            return ask("POST", "/v1/customers", body).status

        def order(item: dict[str, Any], **more: Any) -> int:
            items = [{"amount": 100, "quantity": 1, "type": "sku"} | item]
            return ask("POST", "/v1/orders", {"currency": "usd", "items": items} | more).status

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
            return self.backend.ask("POST", CHECKOUTS, body).status

        yield "name of a line", lambda text: checkout({"name": text})
        yield "note of a line", lambda text: checkout({"note": text})
        yield (
            "tax of a line",
            lambda text: checkout({"taxRates": [{"name": text, "rate": 1_000_000}]}),
        )
        yield "customer of a checkout", lambda text: checkout({}, firstName=text)

    def _heads(self) -> Iterator[Place]:
        def header(name: str) -> Callable[[str], int]:
            # A header is bytes: what Latin-1 has not is sent as UTF-8, as browsers do.
            def send(text: str) -> int:
                clean = "".join(sign for sign in text if sign >= " " and sign != "\x7f")[:4_000]
                value = clean.encode().decode("latin-1")
                return self.backend.ask("GET", "/v1/charges?limit=1", **{name: value}).status

            return send

        def get(path: str) -> Callable[[str], int]:
            # It is asked for and refused, which is all that is wanted of it.
            def send(text: str) -> int:
                told = quote(text[:PATH_CHARS], safe="")
                return 200 if self.backend.ask("GET", path.format(told)).status < 500 else 500

            return send

        for name in ("user_agent", "origin", "x_request_id"):
            yield f"header {name}", header(name)
        yield "path", get("/v1/{}")
        yield "id in a path", get("/v1/charges/{}")
        yield "query", get("/v1/charges?customer={0}&{0}={0}")
        yield "authorization", get("/oauth/authorize?client_id={0}&state={0}&redirect_uri={0}")

    def _webhook(self, text: str) -> int:
        """Have an event sent to a URL that has the text, and answered with it."""
        path = f"/hook/{quote(text[:1_000], safe='')}"
        url = self.shop.put(path, text, "text/html")
        try:
            target = self.clover.webhook(url)
            self.clover.send_webhook(target=target["id"], payload={"note": text[:PATH_CHARS]})
        except MockCloverError as error:
            return error.status
        return 200

    def scenario(self) -> None:
        """Put a scenario in force whose texts are all of this kind."""
        # A rule's name is printable ASCII, since it stands in a header.
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
    """Return an address with as much of a text as one may have."""
    return "".join(sign for sign in text[:60] if sign.isprintable() and sign not in " @") + "@x.com"


def spellings(text: str) -> set[str]:
    """Return how a text may be shown: as it is, or as JSON or an address has it."""
    escaped = json.dumps(text)[1:-1]
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    return {text, text.replace("\x00", "\ufffd"), escaped, plain, quote(text), quote(text, safe="")}
