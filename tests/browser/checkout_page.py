"""A shop page with Clover's SDK."""

import itertools
import json
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Frame, Locator, Page, expect
from shop import Shop

from tests.server_process import ServerProcess

TYPES = ("CARD_NUMBER", "CARD_DATE", "CARD_CVV", "CARD_POSTAL_CODE")
VALID_CARD = {"CARD_NUMBER": "4242 4242 4242 4242", "CARD_DATE": "12/30", "CARD_CVV": "123"}
VALID_CARD |= {"CARD_POSTAL_CODE": "94043"}
DECLINED_CARD = "4005571702222222"
CARD_WITH_CHECKS = "4761530001111126"
"""Passes the ZIP code and CVV checks if the charge has these values."""
_NAMES = (f"checkout-{number}" for number in itertools.count(1))

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/shop.css"></head><body>
<main><h1>Checkout</h1>%(boxes)s</main>
<script src="%(script)s"></script><script src="/shop.js"></script></body></html>"""

CODE = """
window.clover = new Clover(KEY, {merchantId: MERCHANT, locale: LOCALE});
window.fields = {}; window.events = [];
const elements = clover.elements();
for (const type of TYPES) {
  const field = fields[type] = elements.create(type, STYLES);
  for (const name of ['change', 'blur', 'focus'])
    field.addEventListener(name, (event) => events.push([type, name, event]));
  field.mount('#' + type);
}
"""


class Response(NamedTuple):
    """A response of the mock to the shop's server."""

    status: int
    json: Any


def send(url: str, body: Any = None, method: str | None = None, **headers: str) -> Response:
    """Send one request."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"content-type": "application/json"} | headers, method=method)
    try:
        with urlopen(request) as got:
            return Response(got.status, json.load(got))
    except HTTPError as error:
        return Response(error.code, json.load(error))


class CheckoutPage:
    """A shop page with the SDK, backed by its own sandbox; `page` is set when it is opened."""

    page: Page

    def __init__(self, shared_server: ServerProcess, shop: Shop, scenario: Any = None) -> None:
        self.shop = shop
        self._sandbox = f"{shared_server.url}/_mock/sandboxes/{next(_NAMES)}"
        self.known = send(self._sandbox, {"scenario": scenario} if scenario else {}, "PUT").json
        self.base = self.known["base_url"]

    def drop(self) -> None:
        """Delete the sandbox: the dashboard of another one lists all."""
        send(self._sandbox, method="DELETE")

    def publish(
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
        """Put the page on the shop's server and return its URL; `headers` are response headers."""
        constants = {
            "KEY": key or self.known["api_key"],
            "MERCHANT": self.known["merchant_id"],
            "LOCALE": locale,
            "TYPES": types,
            "STYLES": styles or {},
            "MOCK": self.base,
        }
        prefix = "".join(
            f"const {name} = {json.dumps(value)};\n" for name, value in constants.items()
        )
        self.shop.put("/shop.js", prefix + code, "text/javascript")
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
        """Fill in a valid card, with changes."""
        for type_, text in (VALID_CARD | changes).items():
            self.input(type_).fill(text)

    def tokenize(self, clover: str = "clover") -> Any:
        """Call `createToken` as the shop's script does; a rejection is returned as {rejected}."""
        return self.page.evaluate(
            f"{clover}.createToken().catch(({{message, status, code}}) => "
            "({rejected: {message, status, code}}))"
        )

    def charge(self, token: str) -> Response:
        """Charge a token, as the shop's server does."""
        body = {"amount": 1800, "currency": "usd", "source": token}
        auth = f"Bearer {self.known['access_token']}"
        return send(f"{self.base}/v1/charges", body, authorization=auth)

    def take_events(self, *last: str) -> Any:
        """Return and clear the events of the shop's listeners, up to a last type and event.

        Events arrive as messages, after the keys were typed, so this waits for the last one.
        """
        self.page.wait_for_function(
            "(last) => String(events.at(-1)?.slice(0, 2)) === String(last)", arg=last
        )
        return self.page.evaluate("events.splice(0)")

    def wait_ready(self) -> None:
        """Wait until all fields are visible."""
        for type_ in TYPES:
            expect(self.input(type_)).to_be_visible()
