"""Every page of the mock in every state that looks different, and the way to it.

A scene opens its page and waits until what it is named for is seen.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from playwright.sync_api import Page, expect
from shop import Shop
from shop_server import LAMP, Backend
from visitor import Visitor

from mock_clover.testing import MockClover
from tests.hostile import BROWSER
from tests.world import DECLINES, VISA

CART = {
    "lineItems": [
        LAMP | {"taxRates": [{"name": "State", "rate": 1_000_000}]},
        {"name": "Bulb, warm white, that fits all but the oldest lamps", "unitQty": 12, "price": 5},
    ]
}


class Stage(NamedTuple):
    """Where a scene is played: a sandbox, a shop that it knows, and a browser's profile."""

    clover: MockClover
    shop: Shop
    visitor: Visitor


Scene = Callable[[Stage], Page]


def checkout(stage: Stage) -> Page:
    page = stage.visitor.open(Backend(stage.clover).checkout(shoppingCart=CART))
    expect(page.get_by_label("Card number")).to_be_visible()
    return page


def _pay(page: Page, pan: str, cvv: str = "123") -> None:
    page.get_by_label("Card number").fill(pan)
    page.locator("[name=exp_month]").fill("12")
    page.locator("[name=exp_year]").fill("2030")
    page.locator("[name=cvv]").fill(cvv)
    page.locator("button[value=pay]").click()


def checkout_declined(stage: Stage) -> Page:
    page = checkout(stage)
    _pay(page, DECLINES)
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def checkout_wrong(stage: Stage) -> Page:
    page = checkout(stage)
    _pay(page, "4242424242424241", cvv="1")
    expect(page.get_by_role("alert")).to_be_visible()
    return page


def checkout_paid(stage: Stage) -> Page:
    page = checkout(stage)
    _pay(page, VISA)
    expect(page.get_by_text("The payment is made")).to_be_visible()
    return page


def checkout_cancelled(stage: Stage) -> Page:
    page = checkout(stage)
    page.locator("button[value=cancel]").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    return page


def checkout_expired(stage: Stage) -> Page:
    href = Backend(stage.clover).checkout()
    stage.clover.clock.advance("16m")
    page = stage.visitor.open(href)
    expect(page.get_by_text("has expired")).to_be_visible()
    return page


_CHALLENGED = "4012000033330026", 25_001
"""A card, and the amount at which its bank asks."""
_SHOP = """<!doctype html><html lang="en"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<main><h1>Shop</h1></main><script src="%s/clover3DS/clover3DS-sdk.js"></script></html>"""
_CHALLENGE = """(data) => { new Clover3DS({ merchantUuid: "M" }).perform3DSChallenge({
  messageVersion: data.threeds_protocol_version, acsTransID: data.acs_transaction_id,
  acsUrl: data.acs_url, threeDSServerTransID: data.threeds_server_transaction_id }) }"""


def _challenged(stage: Stage) -> dict[str, Any]:
    pan, amount = _CHALLENGED
    threeds = {"source": "CLOVER", "browser_info": BROWSER}
    said = {"threeds": threeds, "description": "Order 1001: a floor lamp and twelve bulbs"}
    got = Backend(stage.clover).charge(stage.clover.card_token(pan), amount, **said)
    return dict(got.body["threeds"]["data"])


def bank_asks(stage: Stage) -> Page:
    data = _challenged(stage)
    page = stage.visitor.open(stage.shop.put("/", _SHOP % stage.clover.url))
    page.evaluate(_CHALLENGE, data)
    bank = page.frame_locator("iframe[title='Your bank']")
    bank.get_by_text("Other answers").click()
    expect(bank.get_by_role("button", name="Time out")).to_be_visible()
    return page


def bank_has_refused(stage: Stage) -> Page:
    page = stage.visitor.open(_challenged(stage)["acs_url"])
    page.get_by_role("button", name="Fail").click()
    expect(page.get_by_text("The bank has refused.")).to_be_visible()
    return page


def bank_knows_nothing(stage: Stage) -> Page:
    page = stage.visitor.open(f"{stage.clover.url}/3ds/challenge/0")
    expect(page.get_by_text("There is no such payment here")).to_be_visible()
    return page


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
    )
}
