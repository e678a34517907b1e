"""axe-core checks of every page, in light and dark, wide and narrow; each must fit the width."""

from typing import Literal

import pytest
from axe import serious_violations
from browser_session import SharedBrowserSession, resize
from gallery import DASHBOARD, SCENES, SceneContext, create_sample_data, dashboard, locate
from playwright.sync_api import Page, ViewportSize, expect
from shop import Shop

from mock_clover.testing import MockClover

VIEWPORTS: tuple[tuple[str, Literal["light", "dark"], ViewportSize], ...] = (
    ("desktop", "light", {"width": 1280, "height": 900}),
    ("phone", "dark", {"width": 360, "height": 740}),
)
"""The colours do not depend on the width: each is checked once on every page."""
CHECKED_ELSEWHERE = {
    "wallet_google": ("/sdk/field", "/sdk/button"),
    "wallet_apple": ("/sdk/field", "/sdk/button"),
}
"""Frames of a scene that `shop_cards` has too, in the same state."""
CUSTOMER_SCENES = [name for name in SCENES if name != "shop_fields" and "dashboard_" not in name]
"""`shop_cards` is the page of `shop_fields`, with the bar of test cards."""
CONTENT = {
    "audit": "#audit-body article",
    "data": "#data-body a",
    "data/charges": "#data-body tbody tr",
    "data/charges/{}": ".money .event",
    "scenario": ".verdict.good",
    "faults": "#faults-body tbody tr",
    "webhooks": ".attempt",
    "cardholder": "#cardholder-body tbody tr",
    "sandboxes": "#sandboxes-body tbody tr",
}
"""A selector for the content of each dashboard path."""
DIALOGS = {"Control+k": "option", "?": "dialog", "n": "group"}
"""Keys that open something, and a role that it has."""
UNFOLDED = ("webhooks", "scenario")
UNFOLD = """() => {
  const view = document.querySelector("main > section:not([hidden])");
  view.querySelector("[aria-expanded=false]")?.click();
  for (const each of view.querySelectorAll("details")) each.open = true;
}"""
"""Opens what is folded in these views, and the first row with details."""


def check_page(page: Page, axe: str, without: tuple[str, ...] = ()) -> list[str]:
    """Return the findings at each size: axe's violations and content that is too wide."""
    found: dict[str, list[str]] = {}
    for size, theme, view in VIEWPORTS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        resize(page, view)
        for each in serious_violations(page, axe, without):
            found.setdefault(each, []).append(f"{size} {theme}")
        for frame in page.frames:
            wide, room = frame.evaluate(
                "() => [document.documentElement.scrollWidth, window.innerWidth]"
            )
            if wide > room:
                found[f"{frame.url} is {wide} px wide where there are {room}"] = [size]
    return [f"{', '.join(at)}: {each}" for each, at in found.items()]


@pytest.fixture
def wide(session: SharedBrowserSession) -> SharedBrowserSession:
    """The shared session with this size and colour scheme."""
    _, theme, view = VIEWPORTS[0]
    session.page.set_viewport_size(view)
    session.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    return session


@pytest.mark.firefox
@pytest.mark.parametrize("name", CUSTOMER_SCENES)
def test_pages_are_accessible_and_fit_the_width(
    name: str, clover: MockClover, shop: Shop, wide: SharedBrowserSession, axe: str
) -> None:
    page = SCENES[name](SceneContext(clover, shop, wide))
    found = check_page(page, axe, CHECKED_ELSEWHERE.get(name, ()))
    wide.errors.clear()  # declines are 402 responses
    assert not found, "\n".join(found)


@pytest.mark.firefox
def test_dashboard_is_accessible_and_fits_the_width(
    clover: MockClover, shop: Shop, wide: SharedBrowserSession, axe: str
) -> None:
    create_sample_data(SceneContext(clover, shop, wide))
    found = []
    for place in DASHBOARD:
        page = dashboard(wide, clover, locate(place, clover))
        if place in CONTENT:
            expect(page.locator(CONTENT[place]).first).to_be_visible()
        if place in UNFOLDED:
            page.evaluate(UNFOLD)
        found += [f"{place}: {each}" for each in check_page(page, axe)]
    dashboard(wide, clover)
    for key, role in DIALOGS.items():
        page.keyboard.press(key)
        expect(page.get_by_role(role).filter(visible=True).first).to_be_visible()
        found += [f"{key}: {each}" for each in check_page(page, axe)]
        page.keyboard.press("Escape")
    assert not found, "\n".join(found)
