"""Every page of the mock in every state that looks different.

A scene opens its page and waits until the state in its name is visible.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

from browser_session import BrowserSession
from playwright.sync_api import Locator, Page, expect
from shop import Shop
from shop_server import LAMP, THREEDS, Backend
from shops import open_plain

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD, VISA

CART = {
    "lineItems": [
        LAMP | {"taxRates": [{"name": "State", "rate": 1_000_000}]},
        {"name": "Bulb, warm white, that fits all but the oldest lamps", "unitQty": 12, "price": 5},
    ]
}


class SceneContext(NamedTuple):
    """What a scene needs: a sandbox, a shop and a browser session."""

    clover: MockClover
    shop: Shop
    session: BrowserSession


Scene = Callable[[SceneContext], Page]

# The hosted checkout ------------------------------------------------------------------------------


def checkout(context: SceneContext) -> Page:
    page = context.session.open(Backend(context.clover).checkout(shoppingCart=CART))
    expect(page.get_by_label("Card number")).to_be_visible()
    return page


def pay_hosted(page: Page, pan: str, cvv: str = "123") -> None:
    """Fill in and submit the form of a hosted checkout."""
    page.get_by_label("Card number").fill(pan)
    page.locator("[name=expiry]").fill("12/30")
    page.locator("[name=cvv]").fill(cvv)
    page.locator("button[value=pay]").click()


def checkout_declined(context: SceneContext) -> Page:
    page = checkout(context)
    pay_hosted(page, DECLINED_CARD)
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def checkout_wrong(context: SceneContext) -> Page:
    page = checkout(context)
    pay_hosted(page, "4242424242424241", cvv="1")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def checkout_paid(context: SceneContext) -> Page:
    page = checkout(context)
    pay_hosted(page, VISA)
    expect(page.get_by_text("Your payment was successful")).to_be_visible()
    return page


def checkout_cancelled(context: SceneContext) -> Page:
    page = checkout(context)
    page.locator("button[value=cancel]").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    return page


def checkout_expired(context: SceneContext) -> Page:
    href = Backend(context.clover).checkout()
    context.clover.clock.advance("16m")
    page = context.session.open(href)
    expect(page.get_by_text("has expired")).to_be_visible()
    return page


# OAuth --------------------------------------------------------------------------------------------


def _consent(context: SceneContext, version: str) -> Page:
    context.clover.scenario({"name": "two", "merchants": [{"name": "cafe"}, {"name": "bar"}]})
    query = {
        "client_id": context.clover.client_id,
        "redirect_uri": f"{context.shop.url}/cb",
        "mock_clover_consent": "ask",
    }
    address = f"{context.clover.url}/oauth/{version}authorize?{urlencode(query)}"
    page = context.session.open(address)
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    return page


def consent_v1(context: SceneContext) -> Page:
    return _consent(context, "")


def consent_v2(context: SceneContext) -> Page:
    return _consent(context, "v2/")


# A shop's checkout --------------------------------------------------------------------------------


def field(page: Page, name: str) -> Locator:
    """Return the input of a shop's card field."""
    return page.frame_locator(f"#card-{name} iframe").locator("input")


def shop_fields(context: SceneContext, query: str = "") -> Page:
    page = context.session.open(open_plain(context.shop, context.clover) + query)
    for name in ("number", "date", "cvv", "postal-code"):
        expect(field(page, name)).to_be_visible()
    return page


def type_card(page: Page, pan: str, cvv: str = "123") -> None:
    """Type a card key by key."""
    for name, text in {"number": pan, "date": "1230", "cvv": cvv, "postal-code": "94043"}.items():
        field(page, name).press_sequentially(text)


def shop_errors(context: SceneContext) -> Page:
    page = shop_fields(context)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_text("Card CVV is required.")).to_be_visible()
    return page


def shop_other_fields(context: SceneContext) -> Page:
    kinds = ("CARD", "CARD_STREET_ADDRESS", "CARD_NAME", "ACH_ELEMENTS")
    boxes = "".join(f"<div id={kind}></div>" for kind in kinds)
    script = (
        f"const clover = new Clover('{context.clover.api_key}', {{ locale: 'fr-CA' }});"
        "const elements = clover.elements();"
        f"for (const kind of {list(kinds)}) elements.create(kind).mount('#' + kind);"
    )
    page = context.session.open(
        context.shop.put(
            "/others",
            "<!doctype html><html lang=fr><meta name=viewport content='width=device-width'>"
            "<meta name=color-scheme content='light dark'>"
            f"<title>Lampes</title><h1>Payer</h1>{boxes}"
            f"<script src='{context.clover.url}/sdk.js'></script><script>{script}</script></html>",
        )
    )
    for kind in kinds:
        frame = page.frame_locator(f"#{kind} iframe")
        expect(frame.locator("input").first).to_be_visible()
    return page


PICKER = "iframe[src*='/sdk/test-cards']"


def shop_cards(context: SceneContext) -> Page:
    page = shop_fields(context, "?mock_clover_cards=1")
    strip = page.frame_locator(PICKER)
    expect(strip.get_by_role("button").first).to_be_visible()
    return page


def _wallet(context: SceneContext, name: str) -> Page:
    page = shop_fields(context)
    page.frame_locator(f"#{name} iframe").get_by_role("button").click()
    expect(page.frame_locator("dialog[open] iframe").get_by_role("heading")).to_be_visible()
    return page


def wallet_google(context: SceneContext) -> Page:
    return _wallet(context, "google-pay")


def wallet_apple(context: SceneContext) -> Page:
    return _wallet(context, "apple-pay")


# 3-D Secure ---------------------------------------------------------------------------------------

_CHALLENGED = "4012000033330026", 25_001
"""A card, and the amount that requires a challenge."""
_SHOP = """<!doctype html><html lang="en"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<main><h1>Shop</h1></main><script src="%s/clover3DS/clover3DS-sdk.js"></script></html>"""
_CHALLENGE = """(data) => { new Clover3DS({ merchantUuid: "M" }).perform3DSChallenge({
  messageVersion: data.threeds_protocol_version, acsTransID: data.acs_transaction_id,
  acsUrl: data.acs_url, threeDSServerTransID: data.threeds_server_transaction_id }) }"""


def _challenged(context: SceneContext) -> dict[str, Any]:
    pan, amount = _CHALLENGED
    result = {"threeds": THREEDS, "description": "Order 1001: a floor lamp and twelve bulbs"}
    got = Backend(context.clover).charge(context.clover.card_token(pan), amount, **result)
    return dict(got.body["threeds"]["data"])


def bank_asks(context: SceneContext) -> Page:
    data = _challenged(context)
    page = context.session.open(context.shop.put("/", _SHOP % context.clover.url))
    page.evaluate(_CHALLENGE, data)
    bank = page.frame_locator("iframe[title='Your bank']")
    bank.get_by_text("Other results").click()
    expect(bank.get_by_role("button", name="Time out")).to_be_visible()
    return page


def bank_has_refused(context: SceneContext) -> Page:
    page = context.session.open(_challenged(context)["acs_url"])
    page.get_by_role("button", name="Fail").click()
    expect(page.get_by_text("The bank declined the authentication.")).to_be_visible()
    return page


def bank_knows_nothing(context: SceneContext) -> Page:
    page = context.session.open(f"{context.clover.url}/3ds/challenge/0")
    expect(page.get_by_text("Payment not found")).to_be_visible()
    return page


# The dashboard ------------------------------------------------------------------------------------

VIEWS = {
    "exchanges": "#list [role=option]:visible",
    "audit": "#audit-body [role=status]",
    "data": "#data-body .stack > *",
    "scenario": "#scenario-body textarea",
    "explain": "#explain-body form",
    "faults": "#faults-body form",
    "webhooks": "#webhooks-body .part",
    "cardholder": "#cardholder-body > *",
    "sandboxes": "#sandboxes-body table",
    "start": "#start-body .credentials",
}
"""The dashboard's views, each with a selector that matches when it is loaded."""
DASHBOARD = (
    *VIEWS,
    *("exchanges/{}", "data/charges", "data/charges/{}", "data/customers/{}", "data/orders/{}"),
    "payment/{}",
    "explain/2/why",  # the form with the request of an exchange, and its response
)
"""Dashboard paths that look different; `{}` is the id of a row."""


def dashboard(session: BrowserSession, clover: MockClover, place: str = "exchanges") -> Page:
    """Open the dashboard at a path, in its page if one is open."""
    home = f"{clover.url}/_mock/"
    pages = [page for page in session.context.pages if page.url.startswith(home)]
    page = pages[0] if pages else session.open(home)
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.evaluate("(place) => { location.hash = '#/' + place }", place)
    view, _, more = place.partition("/")
    awaited = page.locator(VIEWS.get(view, "main")).first
    if view == "exchanges" and more:
        awaited = page.locator("#detail dd", has_text=re.compile(f"^{more}$")).first
    elif view == "payment":
        awaited = page.locator("#payment-body .event").first
    elif view == "explain" and more:
        awaited = page.locator("#explain-body .outcome").first
    elif "/" in more:
        awaited = page.locator("article p", has_text=unquote(more.partition("/")[2])).first
    elif more:
        awaited = page.locator(f"#data-body td a[href^='#/data/{more}/']").first
    expect(awaited).to_be_visible()
    return page


def create_sample_data(context: SceneContext) -> None:
    """Create at least one of everything that the dashboard shows."""
    clover, shop = context.clover, Backend(context.clover)
    receiver = context.shop.put("/webhook", "Thank you.")
    clover.webhook(receiver)
    clover.webhook("http://127.0.0.1:9/nobody")
    for amount in (1800, 2500, 99):
        paid = shop.charge(clover.card_token(), amount, description="A lamp, brass")
        shop.send("POST", "/v1/refunds", {"charge": paid.body["id"], "amount": 50})
    shop.charge(clover.card_token(DECLINED_CARD), 1800)
    shop.charge(clover.card_token(), 1800, capture=False)
    saved = shop.save_card(clover.card_token()).body["id"]
    shop.charge(saved, 700, metadata={"order": "7"})
    item = {"amount": 1500, "quantity": 2, "type": "sku", "description": "Bulb"}
    shop.send("POST", "/v1/orders", {"currency": "usd", "items": [item]})
    shop.charge("clv_nothing", 1800)
    shop.checkout()
    shop.charge(clover.card_token("4012000033330026"), 25001, threeds=THREEDS)
    clover.fault("problem", problem="RATE_LIMITED", endpoint="list_refunds")
    shop.send("GET", "/v1/refunds")
    clover.deliveries(wait=2)


def dashboard_scene(place: str) -> Scene:
    """Return the scene of a dashboard path; `{}` is the id of a row."""

    def scene(context: SceneContext) -> Page:
        create_sample_data(context)
        return dashboard(context.session, context.clover, locate(place, context.clover))

    return scene


def locate(place: str, clover: MockClover) -> str:
    """Return a dashboard path with the id of a row for `{}`."""
    if not place.endswith("{}"):
        return place
    return next(each for each in places(clover) if each.startswith(place[:-2]))


def places(clover: MockClover, *, without: tuple[str, ...] = ()) -> list[str]:
    """Return all paths of a sandbox's dashboard, views and rows, without some kinds of rows."""
    result = Backend(clover)
    found = list(VIEWS)
    found += [
        f"exchanges/{each['id']}"
        for each in clover.journal(limit=1000)
        if each["path"] != "/v1/tokens"
    ]
    if clover.charges:
        found.append(f"payment/{clover.charges[-1]['id']}")
    kinds = result.send("GET", "/_mock/rows").body["data"]
    for kind in [each["kind"] for each in kinds if each["count"] and each["kind"] not in without]:
        rows = result.send("GET", f"/_mock/rows/{kind}?limit=200").body["data"]
        found += [f"data/{kind}", *(f"data/{kind}/{quote(row['id'], safe='')}" for row in rows)]
    return found


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        checkout,
        checkout_declined,
        checkout_wrong,
        checkout_paid,
        checkout_cancelled,
        checkout_expired,
        bank_asks,
        bank_has_refused,
        bank_knows_nothing,
        consent_v1,
        consent_v2,
        shop_fields,
        shop_errors,
        shop_other_fields,
        shop_cards,
        wallet_google,
        wallet_apple,
    )
} | {
    f"dashboard_{place.replace('/{}', '_one').replace('/', '_')}": dashboard_scene(place)
    for place in DASHBOARD
}
