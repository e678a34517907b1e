"""A customer at the hosted checkout in Chromium: declines, payments, tips, cancellation, expiry."""

import contextlib
import re
from typing import Any

import pytest
from browser_session import SharedBrowserSession, until, wait_until_it_fits
from playwright.sync_api import Error, Page, expect
from shop import Shop

from tests.checkouts import PATH, asked
from tests.in_process import DECLINED_CARD, VISA
from tests.raw_http import call
from tests.receiver import Receiver
from tests.server_process import ServerProcess

HOSTILE = "\"><img src=x onerror=document.title='hacked'></td>&lt;i&gt;"
CARD = {"Card number": VISA, "Expiry date": "12 / 2035"}
CVV = "Security code (CVV)"


class HostedCheckout:
    """A sandbox with a shop on another origin, and its checkout sessions."""

    def __init__(self, server: ServerProcess, shop: Shop, name: str) -> None:
        self.server, self.path = server, f"/sandbox/{name}"
        switched = {"checkout": {"redirects": "any"}}
        self.made = call(server.port, "PUT", f"/_mock/sandboxes/{name}", switched).json
        for where in ("paid", "cart"):
            shop.put(f"/{where}", f"<!DOCTYPE html><title>Shop</title><h1>Shop: {where}</h1>")
        self.urls = {"success": f"{shop.url}/paid", "cancel": f"{shop.url}/cart"}

    def send(self, method: str, path: str, body: Any = None) -> Any:
        bearer = f"Bearer {self.made['access_token']}"
        named = {"authorization": bearer, "x-clover-merchant-id": self.made["merchant_id"]}
        named["host"] = f"127.0.0.1:{self.server.port}"
        return call(self.server.port, method, self.path + path, body, **named).json

    def session(self, **changes: Any) -> str:
        """Create a session and return the URL of its page."""
        body = asked(redirectUrls=self.urls, **changes)
        return str(self.send("POST", PATH, body)["href"])

    def charges(self) -> list[dict[str, Any]]:
        return list(self.send("GET", "/v1/charges")["data"])


@pytest.fixture
def checkout(
    shared_server: ServerProcess, shop: Shop, request: pytest.FixtureRequest
) -> HostedCheckout:
    return HostedCheckout(shared_server, shop, re.sub(r"\W+", "-", request.node.name)[:40])


def fill(page: Page, cvv: str = "123", **changes: str) -> None:
    for label, value in (CARD | changes | {CVV: cvv}).items():
        page.get_by_label(label).fill(value)


def pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Pay ")).click()


@pytest.mark.firefox
def test_a_customer_is_declined_makes_a_mistake_and_pays(
    checkout: HostedCheckout, session: SharedBrowserSession
) -> None:
    lines = [
        {"name": HOSTILE, "note": HOSTILE, "unitQty": 2, "price": 450},
        {"name": "Lamp", "unitQty": 1, "price": 10_000, "taxRates": [{"rate": 1_000_000}]},
    ]
    cart = {"shoppingCart": {"lineItems": lines}, "customer": {"firstName": HOSTILE}}
    with Receiver() as hook:
        hooked = {"kind": "hosted_checkout", "url": hook.url, "secret": "s3cret"}
        checkout.send("PUT", "/_mock/webhooks", hooked)
        session.page.set_viewport_size({"width": 360, "height": 740})
        href = checkout.session(**cart)
        page = session.open(href)
        expect(page.get_by_role("row")).to_have_text(
            [
                *("ItemPrice", f"{HOSTILE}\u00a0×\u00a02{HOSTILE}$9.00"),  # noqa: RUF001 - as shown
                *("Lamp$100.00", "Tax$10.00", "Total$119.00"),
            ]
        )
        expect(page).to_have_title(re.compile("^Checkout · "))
        expect(page.locator("time")).to_be_visible()
        expect(page.get_by_role("group", name="Add a tip")).to_have_count(0)
        wait_until_it_fits(page)

        fill(page, **{"Card number": DECLINED_CARD, "Name on the card (optional)": "Jo Doe"})
        pay(page)
        expect(page.get_by_role("alert")).to_contain_text("DECLINED: No reason provided.")
        expect(page.get_by_label("Card number")).to_be_focused()
        expect(page.get_by_label("Card number")).to_have_value("")
        expect(page.get_by_label(CVV)).to_have_value("")
        expect(page.get_by_label("Expiry date")).to_have_value("12 / 2035")
        expect(page.get_by_label("Name on the card")).to_have_value("Jo Doe")

        fill(page, cvv="1")
        pay(page)
        expect(page.get_by_label(CVV)).to_be_focused()
        expect(page.get_by_label(CVV)).to_have_accessible_description(re.compile("three digits"))
        expect(page.get_by_label(CVV)).to_have_attribute("aria-invalid", "true")
        page.get_by_role("alert").get_by_role("link").click()
        expect(page.get_by_label(CVV)).to_be_focused()

        fill(page)
        pay(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Shop: paid")
        result = [post.json["message"] for post in hook.wait(2)]
    assert result == ["Decline for 11900", "Approved for 11900"]
    expect(session.open(href).get_by_role("heading", level=1)).to_have_text("Paid")
    assert [each["status"] for each in checkout.charges()] == ["succeeded", "failed"]
    assert all("the server responded with" in each for each in session.errors)
    session.errors.clear()  # Chromium notes 402 and 400, Firefox does not


@pytest.mark.firefox
def test_a_tip_is_chosen_and_paid_by_keyboard_alone(
    checkout: HostedCheckout, session: SharedBrowserSession
) -> None:
    session.page.emulate_media(color_scheme="dark")
    page = session.open(checkout.session(tips={"enabled": True}))
    keys = page.keyboard
    total, button = page.get_by_role("row", name="Total"), page.get_by_role("button").first
    for key, sum_of in (("Tab", "109.00"), ("ArrowRight", "125.35"), ("ArrowRight", "128.62")):
        keys.press(key)
        expect(total).to_have_accessible_name(f"Total ${sum_of}")
        expect(button).to_have_accessible_name(f"Pay ${sum_of}")
    expect(page.get_by_label("Custom tip in USD")).to_be_hidden()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(button).to_have_accessible_name("Pay $109.00 + tip")
    for value in ("7,50", VISA, "1235", "123", "", "", "", ""):
        keys.press("Tab")
        keys.type(value)
    keys.press("Tab")
    expect(button).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop: paid")
    (charge,) = checkout.charges()
    assert (charge["amount"], charge["tip_amount"]) == (10_900, 750)
    page.go_back()  # the page is loaded again, not a filled-in form
    expect(page.get_by_role("heading", level=1)).to_have_text("Paid")
    expect(page.get_by_text("$116.50")).to_be_visible()
    expect(page.get_by_role("link", name="Return to the shop")).to_be_visible()


def test_one_session_in_two_tabs_is_paid_once(
    checkout: HostedCheckout, session: SharedBrowserSession
) -> None:
    href = checkout.session()
    tabs = [session.open(href), session.context.new_page()]
    tabs[1].goto(href)
    for tab in tabs:
        fill(tab)
    press = "setTimeout(() => document.querySelector('button').click())"
    for tab in tabs:  # without waiting for the response
        tab.evaluate(press)
    for tab in tabs:
        expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile("Shop: paid|Paid"))
    result = sorted(tab.get_by_role("heading", level=1).inner_text() for tab in tabs)
    assert result == ["Paid", "Shop: paid"]
    assert len(checkout.charges()) == 1
    session.errors.clear()  # Chromium notes 409


def test_cancelled_and_expired_sessions(
    checkout: HostedCheckout, session: SharedBrowserSession
) -> None:
    page = session.open(checkout.session())
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop: cart")
    page = session.open(checkout.session() + "&mock_clover_cards=1")
    page.get_by_text("Test cards").click()
    expect(page.get_by_role("row", name="4242 4242 4242 4242 VISA approved")).to_be_visible()
    checkout.send("PUT", "/_mock/clock", {"advance": "15m"})
    fill(page)
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Expired")
    expect(page.get_by_role("button")).to_have_count(0)
    assert checkout.charges() == []
    session.errors.clear()  # Chromium notes 410


def test_page_cannot_be_framed(
    checkout: HostedCheckout, shop: Shop, session: SharedBrowserSession
) -> None:
    page = session.open(shop.put("/frame", f'<iframe src="{checkout.session()}"></iframe>'))
    session.wait_for_errors("frame-ancestors")
    expect(page.frame_locator("iframe").locator("main")).to_have_count(0)


def test_the_browser_fills_in_a_saved_card(
    checkout: HostedCheckout, session: SharedBrowserSession
) -> None:
    page = session.open(checkout.session())
    saved = {"number": VISA, "name": "Ada Byron", "expiryMonth": "12", "expiryYear": "2035"}
    devtools = page.context.new_cdp_session(page)
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    found = devtools.send("DOM.querySelector", {"nodeId": root, "selector": "#number"})
    field = devtools.send("DOM.describeNode", found)["node"]["backendNodeId"]
    page.get_by_label("Card number").focus()

    def filled_in() -> list[str]:
        with contextlib.suppress(Error):  # the browser has not read the form yet
            devtools.send("Autofill.trigger", {"fieldId": field, "card": saved | {"cvc": "123"}})
        labels = ("Card number", "Expiry date", CVV, "Name on the card")
        return [page.get_by_label(label).input_value() for label in labels]

    until(filled_in, [VISA, "12/35", "123", "Ada Byron"].__eq__)
    pay(page)
    expect(page.get_by_role("heading", name="Shop: paid")).to_be_visible()
