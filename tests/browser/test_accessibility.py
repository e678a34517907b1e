"""Every page, in light and dark, wide and narrow, as axe-core judges it, and whether it fits."""

from typing import Literal

import pytest
from axe import grave_findings
from gallery import DASHBOARD, SCENES, Stage, dashboard, furnish, locate
from playwright.sync_api import Page, ViewportSize, expect
from shop import Shop
from visitor import SharedVisitor

from mock_clover.testing import MockClover

LOOKS: tuple[tuple[str, Literal["light", "dark"], ViewportSize], ...] = (
    ("desk", "light", {"width": 1280, "height": 900}),
    ("phone", "dark", {"width": 360, "height": 740}),
)
"""The colours do not depend on the width: each is judged once on every page."""
JUDGED_ELSEWHERE = {
    "wallet_google": ("/sdk/field", "/sdk/button"),
    "wallet_apple": ("/sdk/field", "/sdk/button"),
}
"""Frames of a scene that `shop_cards` has too, in the same state."""
CUSTOMER_SCENES = [name for name in SCENES if name != "shop_fields" and "desk_" not in name]
"""`shop_cards` is the page of `shop_fields`, with the bar of test cards."""
CONTENT = {
    "data": "#data-body a",
    "data/charges": "#data-body tbody tr",
    "data/charges/{}": ".money .event",
    "scenario": ".verdict.good",
    "faults": "#faults-body tbody tr",
    "webhooks": ".attempts li",
    "cardholder": "#cardholder-body tbody tr",
    "sandboxes": "#sandboxes-body tbody tr",
}
"""What a place of the dashboard shows of a furnished sandbox."""


def judge(page: Page, axe: str, without: tuple[str, ...] = ()) -> list[str]:
    """Return what is wrong with a page in each look: axe's findings, and what is too wide."""
    found: dict[str, list[str]] = {}
    for size, theme, view in LOOKS:
        page.set_viewport_size(view)
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        for each in grave_findings(page, axe, without):
            found.setdefault(each, []).append(f"{size} {theme}")
        for frame in page.frames:
            wide, room = frame.evaluate(
                "() => [document.documentElement.scrollWidth, window.innerWidth]"
            )
            if wide > room:
                found[f"{frame.url} is {wide} px wide where there are {room}"] = [size]
    return [f"{', '.join(at)}: {each}" for each, at in found.items()]


@pytest.fixture
def wide(visitor: SharedVisitor) -> SharedVisitor:
    """The shared visitor as it looks first."""
    _, theme, view = LOOKS[0]
    visitor.page.set_viewport_size(view)
    visitor.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    return visitor


@pytest.mark.parametrize("name", CUSTOMER_SCENES)
def test_pages_are_accessible_and_fit_the_width(
    name: str, clover: MockClover, shop: Shop, wide: SharedVisitor, axe: str
) -> None:
    page = SCENES[name](Stage(clover, shop, wide))
    found = judge(page, axe, JUDGED_ELSEWHERE.get(name, ()))
    wide.complaints.clear()  # of declines, which are answered 402
    assert not found, "\n".join(found)


def test_dashboard_is_accessible_and_fits_the_width(
    clover: MockClover, shop: Shop, wide: SharedVisitor, axe: str
) -> None:
    furnish(Stage(clover, shop, wide))
    found = []
    for place in DASHBOARD:
        page = dashboard(wide, clover, locate(place, clover))
        if place in CONTENT:
            expect(page.locator(CONTENT[place]).first).to_be_visible()
        found += [f"{place}: {each}" for each in judge(page, axe)]
    assert not found, "\n".join(found)
