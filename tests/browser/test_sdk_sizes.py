"""Fields in containers of the sizes that shops have."""

from typing import Any

import pytest
from browser_session import until
from checkout_page import CheckoutPage
from playwright.sync_api import expect

# Size of the container in px; the rows that the combined field has there.
COMBINED_SIZES = (((300, 40), 1), ((300, 46), 1), ((300, 90), 2), ((700, 40), 1))


@pytest.mark.firefox
def test_combined_field_is_not_clipped_in_a_low_container(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    boxes = "() => [...document.querySelectorAll('input')].map((e) => e.getBoundingClientRect())"
    for (width, height), rows in COMBINED_SIZES:
        css = f"#CARD {{ width: {width}px; height: {height}px }}"
        open_checkout_page(checkout_page, types=("CARD",), css=css)
        expect(checkout_page.input("CARD").first).to_be_visible()
        found = until(
            lambda: checkout_page.frame("CARD").evaluate(boxes),
            lambda boxes, rows=rows: len({round(each["top"]) for each in boxes}) == rows,
        )
        assert all(each["bottom"] <= height and each["right"] <= width for each in found)
        assert min(each["width"] for each in found) > 40


@pytest.mark.firefox
def test_brand_icon_fits_a_low_container(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, types=("CARD_NUMBER",), css="#CARD_NUMBER { height: 18px }")
    icon = checkout_page.input("CARD_NUMBER", "img.brand")
    expect(icon).to_be_visible()
    until(
        lambda: icon.evaluate("(e) => e.getBoundingClientRect()"),
        lambda box: box["top"] >= 0 and box["bottom"] <= 18 and box["height"] > 10,
    )
