"""The header of the dashboard: its height stays the same, whatever is shown in it."""

from collections.abc import Iterator

import pytest
from axe import serious_violations
from browser_session import SharedBrowserSession, resize
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover

WIDTHS = (1400, 1281, 1025, 1000, 641)
"""A phone is narrower; its header has a line for the chips."""
ARMED = (
    "card_declined/insufficient_funds",
    "threeds/method_challenge",
    "card_declined/stolen_card",
    "approve/750",
)
MEASURE = """() => {
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();
  const connection = document.querySelector("#connection b");
  const [before, found] = [connection.textContent, {}];
  for (const [fonts, size, spacing] of [["plain", "", ""], ["wide", "17px", ".05em"]]) {
    document.body.style.fontSize = size;
    document.body.style.letterSpacing = spacing;
    for (const words of ["live", "not connected", "token required"]) {
      connection.textContent = words;
      const [top, chips, tools] = [box(".top"), box("#next-chips"), box(".tools")];
      const chipsMax = chips.top < tools.bottom ? tools.left : innerWidth;
      const fits = document.documentElement.scrollWidth <= innerWidth &&
        tools.right <= innerWidth && chips.right <= chipsMax;
      found[`${fonts} ${innerWidth}`] ??= new Set();
      found[`${fonts} ${innerWidth}`].add(fits ? `${top.height} px high` : "too wide");
    }
  }
  document.body.style.fontSize = document.body.style.letterSpacing = "";
  connection.textContent = before;
  return Object.entries(found).map(([at, sizes]) => [at, [...sizes]]);
}"""
"""By fonts and width, the heights in each state of the connection."""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> Iterator[DashboardPage]:
    """A sandbox with the longest texts: its name, its clock and another merchant."""
    name = f"{clover.name}-".ljust(64, "w")
    shops = {"name": "shops", "merchants": [{"name": "shops"}, {"name": "bakery"}]}
    crowded = clover.create(clover.transport, name, {"scenario": shops})
    crowded.clock.freeze()
    session.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    dashboard_page = DashboardPage(crowded, session).open()
    page = dashboard_page.page
    expect(page.locator("#clock-chip")).to_contain_text("(frozen)")
    expect(page.locator("#merchant")).to_be_visible()
    yield dashboard_page
    dashboard_page.leave()
    crowded.drop()


def measure(dashboard_page: DashboardPage) -> dict[str, list[str]]:
    """Return the heights of the header at each width."""
    found = {}
    for width in WIDTHS:
        resize(dashboard_page.page, {"width": width, "height": 900})
        found |= dict(dashboard_page.page.evaluate(MEASURE))
    return found


@pytest.mark.firefox
def test_header_keeps_its_height(dashboard_page: DashboardPage, axe: str) -> None:
    page, clover = dashboard_page.page, dashboard_page.clover
    chips = page.locator("#next-chips").get_by_role("button", include_hidden=True)
    several = page.locator("#next-chips summary")
    before = measure(dashboard_page)
    assert len(before) == 2 * len(WIDTHS)
    assert [sizes for sizes in before.values() if len(sizes) > 1 or "too wide" in sizes] == []
    clover.fault("delay", delay_ms=10)
    for armed in (ARMED[:1], ARMED[1:]):
        for outcome in armed:
            clover.next(outcome)
        expect(chips).to_have_count(len(clover._request("GET", "/_mock/next")["data"]))
        expect(page.locator("#fault-chip")).to_be_visible()
        assert measure(dashboard_page) == before, "the chips do not change it"

    for width in (WIDTHS[-1], WIDTHS[0]):  # all chips are reached, named and visible
        page.set_viewport_size({"width": width, "height": 900})
        page.locator("#next > summary").focus()
        page.keyboard.press("Tab")
        expect(several).to_be_focused()
        expect(several).to_have_text("⚑ 4 armed")
        assert several.evaluate("each => each.scrollWidth <= each.clientWidth"), "it is not cut"
        page.keyboard.press("Enter")
        for words in ("insufficient funds", "3-D Secure method challenge", "stolen card", "7.50"):
            page.keyboard.press("Tab")
            chip = chips.and_(page.get_by_role("button", name=words))
            expect(chip).to_be_focused()
            expect(chip).to_be_in_viewport(ratio=0.95)
            assert chip.locator("b").evaluate("each => each.scrollWidth <= each.clientWidth")
        assert serious_violations(page, axe) == []
        page.keyboard.press("Escape")
        expect(several).to_be_focused()
        expect(chips.first).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for left in (3, 2):
        page.keyboard.press("Enter")
        expect(chips).to_have_count(left)
        expect(chips.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(several).to_have_count(0)
    expect(chips).to_have_count(1)
    expect(chips).to_be_focused()
    chips.click()
    expect(chips).to_have_count(0)
    expect(page.locator("#next > summary")).to_be_focused()
