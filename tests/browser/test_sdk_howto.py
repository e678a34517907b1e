"""The how-to's page of a shop is the very file that is opened here, and its test runs."""

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect
from till import DECLINES, Till
from visitor import Visitor

HOWTO = Path(__file__).parents[2] / "docs/howto/browser.md"


def example(language: str) -> str:
    """Return the how-to's block in a language."""
    (text,) = re.findall(
        rf"^```{language}\n(.*?)^```$", HOWTO.read_text(), re.MULTILINE | re.DOTALL
    )
    return str(text)


def opened(till: Till, visitor: Visitor) -> Page:
    code = example("js").replace("YOUR_CLOVER_API_KEY", till.known["api_key"])
    till.shop.put("/shop.css", ".field { border: 1px solid #767676 }", "text/css")
    till.shop.put("/shop.js", code, "text/javascript")
    page = example("html").replace("http://127.0.0.1:4242", till.base)
    till.page = visitor.open(till.shop.put("/", page))

    def pay(route: Route) -> None:
        paid = till.charge(json.loads(route.request.post_data or "")["source"])
        route.fulfill(status=paid.status, json=paid.json)

    till.page.route("**/pay", pay)
    return till.page


def test_the_shops_page_pays_and_tells_what_is_wrong(till: Till, visitor: Visitor) -> None:
    page = opened(till, visitor)
    run: dict[str, Any] = {"page": page}
    said = page.locator("#message")
    page.get_by_role("button", name="Pay").click()
    expect(said).to_contain_text("Card number is required. Card expiry is required.")
    exec(example("python"), run)
    expect(said).to_have_text("Thank you.")
    run["field"]("card-number").fill("4242 4242 4242 4241")
    expect(page.locator("#CARD_NUMBER")).to_have_text("Card number is invalid.")
    run["field"]("card-number").fill(DECLINES)
    expect(page.locator("#CARD_NUMBER")).to_have_text("")
    page.get_by_role("button", name="Pay").click()
    expect(said).to_contain_text("DECLINED")
    visitor.complaints.clear()  # the browser's own, of the 402
