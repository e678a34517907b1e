"""Every page of the mock in every state that looks different, and the way to it.

A scene opens its page and waits until what it is named for is seen.
"""

from collections.abc import Callable
from typing import NamedTuple

from playwright.sync_api import Page, expect
from shop import Shop
from shop_server import LAMP, Backend
from visitor import Visitor

from mock_clover.testing import MockClover
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


SCENES: dict[str, Scene] = {
    scene.__name__: scene
    for scene in (
        checkout,
        checkout_declined,
        checkout_wrong,
        checkout_paid,
        checkout_cancelled,
        checkout_expired,
    )
}
