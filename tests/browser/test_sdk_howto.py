"""The page of the SDK how-to is opened as it is, and its test runs."""

import json
import re
from pathlib import Path
from typing import Any

from browser_session import BrowserSession
from checkout_page import DECLINED_CARD, CheckoutPage
from playwright.sync_api import Page, Route, expect

HOWTO = Path(__file__).parents[2] / "docs/howto/browser.md"


def example(language: str) -> str:
    """Return the how-to's block in a language."""
    (text,) = re.findall(
        rf"^```{language}\n(.*?)^```$", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    return str(text)


def opened(checkout_page: CheckoutPage, session: BrowserSession) -> Page:
    code = example("js").replace("YOUR_CLOVER_API_KEY", checkout_page.known["api_key"])
    checkout_page.shop.put("/shop.css", ".field { border: 1px solid #767676 }", "text/css")
    checkout_page.shop.put("/shop.js", code, "text/javascript")
    page = example("html").replace("http://127.0.0.1:4242", checkout_page.base)
    checkout_page.page = session.open(checkout_page.shop.put("/", page))

    def pay(route: Route) -> None:
        paid = checkout_page.charge(json.loads(route.request.post_data or "")["source"])
        route.fulfill(status=paid.status, json=paid.json)

    checkout_page.page.route("**/pay", pay)
    return checkout_page.page


def test_the_shops_page_pays_and_tells_what_is_wrong(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    page = opened(checkout_page, session)
    run: dict[str, Any] = {"page": page}
    result = page.locator("#message")
    page.get_by_role("button", name="Pay").click()
    expect(result).to_contain_text("Card number is required. Card expiry is required.")
    exec(example("python"), run)
    expect(result).to_have_text("Thank you.")
    run["field"]("card-number").fill("4242 4242 4242 4241")
    expect(page.locator("#CARD_NUMBER")).to_have_text("Card number is invalid.")
    run["field"]("card-number").fill(DECLINED_CARD)
    expect(page.locator("#CARD_NUMBER")).to_have_text("")
    page.get_by_role("button", name="Pay").click()
    expect(result).to_contain_text("DECLINED")
    session.errors.clear()  # the browser's own, of the 402
