"""What the SDK writes to the console: styles without effect, and calls that are not documented."""

from typing import Any

import pytest
from browser_session import BrowserSession, until
from checkout_page import CODE, TYPES, CheckoutPage
from playwright.sync_api import expect

USELESS: dict[str, tuple[dict[str, Any], str]] = {
    "wrapped": ({"styles": {"input": {"color": "red"}}}, "styles"),
    "of another SDK": ({"base": {"color": "red"}}, "base"),
    "not selectors": ({"color": "red"}, "color"),
    "an unknown element": ({"card-zip input": {"color": "red"}}, "card-zip input"),
}


@pytest.mark.firefox
def test_styles_without_effect_are_named_in_the_console(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    warnings: list[str] = []
    session.context.on("console", lambda message: warnings.append(message.text))
    for name, (styles, selector) in USELESS.items():
        types = ("CARD_NUMBER",)
        checkout_page.page = session.open(checkout_page.publish(types, styles=styles))
        expect(checkout_page.input("CARD_NUMBER")).to_be_visible()
        checkout_page.page.evaluate("clover.createToken()")  # the fields have reported
        text = f"Clover (mock): these styles of CARD_NUMBER have no effect: {selector}. "
        until(lambda: checkout_page.page.title() and warnings)
        assert [each.startswith(text) for each in warnings] == [True], name
        warnings.clear()
    used = {
        "card-date input:focus": {"color": "red"},
        "label + input, [name=x]": {"color": "red"},
        ".invalid": {"::placeholder": {"color": "red"}},
    }
    checkout_page.page = session.open(checkout_page.publish(("CARD_NUMBER",), styles=used))
    checkout_page.page.evaluate("clover.createToken()")
    assert warnings == []


@pytest.mark.firefox
def test_undocumented_calls_work_and_are_named_in_the_console(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    warnings: list[str] = []
    session.context.on("console", lambda message: warnings.append(message.text))
    code = CODE.replace("new Clover(KEY,", "new Clover(undefined,")
    checkout_page.page = session.open(checkout_page.publish(code=code))
    checkout_page.fill()
    missing = "Clover (mock): new Clover(key) has no API key, which is not documented; "
    assert checkout_page.tokenize()["rejected"]["message"].startswith(missing)
    until(lambda: checkout_page.page.title() and warnings)
    assert [each.startswith(missing) for each in warnings] == [True]
    warnings.clear()
    checkout_page.page.evaluate("fields.CARD_CVV.unmount()")
    expect(checkout_page.page.locator("iframe")).to_have_count(len(TYPES) - 1)
    until(lambda: checkout_page.page.title() and warnings)
    assert warnings == [
        "Clover (mock): unmount() is not a documented method; here it does the same as destroy()"
    ]
