"""A shop's checkout page with Clover's SDK on it, for its customer and its own code."""

import itertools
import json
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Frame, Locator, Page, expect
from shop import Shop

from tests.served import Served

TYPES = ("CARD_NUMBER", "CARD_DATE", "CARD_CVV", "CARD_POSTAL_CODE")
NEAT = {"CARD_NUMBER": "4242 4242 4242 4242", "CARD_DATE": "12/30", "CARD_CVV": "123"}
NEAT |= {"CARD_POSTAL_CODE": "94043"}
DECLINES = "4005571702222222"
CHECKED = "4761530001111126"
"""Passes the checks of ZIP code and CVV, where they were given."""
ODD = {"CARD_STREET_ADDRESS": "street", "CARD_NAME": "name", "CARD": "card"}
_NAMES = (f"till-{number}" for number in itertools.count(1))

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/shop.css"></head><body>
<main><h1>Checkout</h1>%(boxes)s</main>
<script src="%(script)s"></script><script src="/shop.js"></script></body></html>"""

CODE = """
window.clover = new Clover(KEY, {merchantId: MERCHANT, locale: LOCALE});
window.fields = {}; window.heard = [];
const elements = clover.elements();
for (const type of TYPES) {
  const field = fields[type] = elements.create(type, STYLES);
  for (const name of ['change', 'blur', 'focus'])
    field.addEventListener(name, (event) => heard.push([type, name, event]));
  field.mount('#' + type);
}
"""


class Reply(NamedTuple):
    """An answer of the mock to the shop's server."""

    status: int
    json: Any


def ask(url: str, body: Any = None, method: str | None = None, **headers: str) -> Reply:
    """Send one request, as a shop's server or a test does."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"content-type": "application/json"} | headers, method=method)
    try:
        with urlopen(request) as got:
            return Reply(got.status, json.load(got))
    except HTTPError as error:
        return Reply(error.code, json.load(error))


class Till:
    """A sandbox of its own behind a page of the shop; `page` once it is opened."""

    page: Page

    def __init__(self, served: Served, shop: Shop, scenario: Any = None) -> None:
        self.shop = shop
        url = f"{served.url}/_mock/sandboxes/{next(_NAMES)}"
        self.known = ask(url, {"scenario": scenario} if scenario else {}, "PUT").json
        self.base = self.known["base_url"]

    def put(
        self,
        types: tuple[str, ...] = TYPES,
        *,
        page: str = PAGE,
        code: str = CODE,
        path: str = "/",
        locale: str = "en-US",
        styles: Any = None,
        css: str = "",
        script: str = "/sdk.js",
        key: str | None = None,
        **headers: str,
    ) -> str:
        """Put the page at the shop and return its address; `headers` are of the page."""
        given = {
            "KEY": key or self.known["api_key"],
            "MERCHANT": self.known["merchant_id"],
            "LOCALE": locale,
            "TYPES": types,
            "STYLES": styles or {},
            "MOCK": self.base,
        }
        told = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in given.items())
        self.shop.put("/shop.js", told + code, "text/javascript")
        self.shop.put("/shop.css", css, "text/css")
        boxes = "".join(f'<div id="{each}" class="box"></div>' for each in types)
        text = page % {"boxes": boxes, "script": self.base + script}
        return self.shop.put(path, text, **headers)

    def frame(self, type_: str, at: int = 0) -> Frame:
        """Return the frame of a field."""
        handle = self.page.locator(f"iframe[data-clover-field={type_}]").nth(at).element_handle()
        frame = handle.content_frame()
        assert frame is not None
        return frame

    def input(self, type_: str, inner: str = "input", at: int = 0) -> Locator:
        """Return the input of a field."""
        frames = self.page.locator(f"iframe[data-clover-field={type_}]").nth(at)
        return frames.content_frame.locator(inner)

    def fill(self, **changes: str) -> None:
        """Type a good card, with changes."""
        for type_, text in (NEAT | changes).items():
            self.input(type_).fill(text)

    def tokenise(self, clover: str = "clover") -> Any:
        """Call `createToken` as the shop's script does; what rejects is told as {rejected}."""
        return self.page.evaluate(
            f"{clover}.createToken().catch(({{message, status, code}}) => "
            "({rejected: {message, status, code}}))"
        )

    def charge(self, token: str) -> Reply:
        """Charge a token, as the shop's server does."""
        asked = {"amount": 1800, "currency": "usd", "source": token}
        auth = f"Bearer {self.known['access_token']}"
        return ask(f"{self.base}/v1/charges", asked, authorization=auth)

    def heard(self, *last: str) -> Any:
        """Return what the shop's listeners heard since the last call, up to a last type and event.

        Events come by messages, so the page may lag behind the keys: it is waited for.
        """
        self.page.wait_for_function(
            "(last) => String(heard.at(-1)?.slice(0, 2)) === String(last)", arg=last
        )
        return self.page.evaluate("heard.splice(0)")

    def wait_ready(self) -> None:
        """Wait until all fields can be typed into."""
        for type_ in TYPES:
            expect(self.input(type_)).to_be_visible()
