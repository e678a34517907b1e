"""The chart limits the list to a span of time: with a click, a drag or keys, and in the address."""

import re

import pytest
from browser_session import SharedBrowserSession, until
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover

AREAS = """() => [...document.querySelectorAll('#chart-drawing .area')].map((area) => ({
  x: Number(area.getAttribute('x')) + area.getAttribute('width') / 2,
  count: (area.textContent.match(/\\d+ [a-z]/g) ?? []).reduce((sum, n) => sum + parseInt(n), 0),
}))"""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1300, "height": 900})
    return DashboardPage(clover, session)


def test_chart_limits_the_list_to_a_span(dashboard_page: DashboardPage) -> None:
    dashboard_page.burst(100)
    dashboard_page.open()
    page = dashboard_page.page
    count, chip = page.locator("#shown-count"), page.locator("#span")
    expect(count).to_have_text("100 requests")
    page.get_by_text("1 min", exact=True).click()  # so that no bar moves during the test
    areas = until(
        lambda: page.evaluate(AREAS), lambda found: sum(each["count"] for each in found) == 100
    )
    box = page.locator("#chart-drawing").bounding_box()
    assert box is not None

    page.mouse.click(box["x"] + areas[5]["x"], box["y"] + 20)
    expect(count).to_have_text("0 of 100 requests")
    expect(chip).to_have_text(re.compile(r"^◷ \d\d:\d\d:00 to \d\d:\d\d:00 .$"))
    expect(page).to_have_url(re.compile(r"#/exchanges\?from=\d{13}&to=\d{13}$"))
    page.reload()
    dashboard_page.wait_until_live()
    expect(count).to_have_text("0 of 100 requests")
    chip.click()
    expect(chip).to_be_hidden()
    expect(count).to_have_text("100 requests")
    expect(page).to_have_url(re.compile(r"#/exchanges$"))

    page.get_by_text("1 min", exact=True).click()
    page.mouse.move(box["x"] + areas[-1]["x"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + areas[3]["x"], box["y"] + 20)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"\?from=\d{13}&to=\d{13}$"))
    expect(count).to_have_text("100 requests")

    cursor = page.get_by_role("slider", name="Time span of the list")
    cursor.press("Home")
    expect(cursor).to_have_attribute("aria-valuetext", re.compile(": none$"))
    cursor.press("Enter")
    expect(count).to_have_text("0 of 100 requests")
    page.get_by_role("button", name="Clear filters").click()
    expect(count).to_have_text("100 requests")
    expect(chip).to_be_hidden()
    dashboard_page.leave()


def test_a_request_has_one_time_live_and_loaded_later(dashboard_page: DashboardPage) -> None:
    dashboard_page.open()
    dashboard_page.clover.fault("delay", delay_ms=20, endpoint="create_charge")
    dashboard_page.pay()
    page, times = dashboard_page.page, [each["at_ms"] for each in dashboard_page.clover.journal()]
    expect(dashboard_page.rows).to_have_count(2)
    for _ in ("live", "loaded later"):
        for at_ms in times:
            place = f"#/exchanges?from={at_ms}&to={at_ms + 1}"
            page.evaluate("(place) => { location.hash = place }", place)
            expect(dashboard_page.rows).to_have_count(times.count(at_ms))
        page.reload()
        dashboard_page.wait_until_live()
    dashboard_page.leave()
