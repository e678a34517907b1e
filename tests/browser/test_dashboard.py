"""The dashboard's exchanges, by mouse and by keyboard, while a shop sends requests."""

import re

import pytest
from browser_session import SharedBrowserSession, until
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 800})
    return DashboardPage(clover, session)


@pytest.mark.firefox
def test_live_exchanges_and_details(dashboard_page: DashboardPage) -> None:
    dashboard_page.open()
    page = dashboard_page.page
    expect(page.get_by_text("Waiting for the first request.")).to_be_visible()
    charge = dashboard_page.pay(2500, description="Tea & cake").body
    expect(dashboard_page.newest()).to_contain_text("/v1/charges")
    expect(dashboard_page.newest_status).to_have_text("● 200")
    expect(dashboard_page.newest()).to_contain_text("create_charge")
    dashboard_page.pay(2600, pan=DECLINED_CARD)
    expect(dashboard_page.newest_status).to_have_text("◆ 402")
    dashboard_page.shop.send("GET", "/v1/charges/NOSUCHCHARGE1")
    expect(dashboard_page.rows).to_have_count(5)
    expect(page.locator("#shown-count")).to_have_text("5 requests")
    expect(page.locator("#sum-ok")).to_have_text("3")
    expect(page.locator("#sum-declined")).to_have_text("1")
    expect(page.locator("#sum-rejected")).to_have_text("1")
    expect(page.locator("#polite")).to_contain_text("new request")

    dashboard_page.row("create_charge", status="200").click()
    expect(page.locator("#detail-title")).to_have_text("POST /v1/charges")
    expect(page).to_have_url(re.compile(r"/_mock/#/exchanges/2$"))
    detail = page.locator("#detail")
    expect(detail.locator(".why")).to_contain_text("is listed to approve")
    expect(detail.get_by_role("region", name="Response")).to_contain_text(f'"{charge["id"]}"')
    expect(detail.get_by_role("region", name="Request")).to_contain_text("Tea & cake")
    expect(detail.get_by_role("region", name="Changes")).to_contain_text("charges")
    expect(detail.get_by_role("button", name="Copy as curl")).to_be_visible()
    level = detail.get_by_role("region", name="Response").locator("summary").nth(1)
    level.click()
    expect(level.locator("xpath=..")).not_to_have_attribute("open", "")

    page.reload()  # the URL opens the same exchange
    expect(page.locator("#detail-title")).to_have_text("POST /v1/charges")
    expect(page.locator("[aria-selected=true]")).to_contain_text("create_charge")
    page.get_by_role("button", name="Close").click()
    expect(detail).to_be_hidden()


@pytest.mark.firefox
def test_keyboard_navigation_while_list_grows(dashboard_page: DashboardPage) -> None:
    for amount in (1100, 1200, 1300):
        dashboard_page.pay(amount)
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.rows).to_have_count(6)
    page.keyboard.press("j")
    active = page.locator("[aria-selected=true]")
    expect(page.locator("#list")).to_be_focused()
    expect(active).to_have_attribute("aria-posinset", "1")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    expect(active).to_have_attribute("aria-posinset", "2")
    expect(active).to_have_attribute("id", "x-5")
    expect(page.locator("#list")).to_have_attribute("aria-activedescendant", "x-5")
    dashboard_page.pay(1400)
    expect(page.locator("#shown-count")).to_have_text("8 requests")
    expect(active).to_have_attribute("aria-posinset", "4")
    expect(active).to_have_attribute("id", "x-5")
    expect(page.locator("#list")).to_be_focused()

    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#detail")).to_be_hidden()
    expect(page.locator("#list")).to_be_focused()
    page.keyboard.press("End")
    expect(active).to_have_attribute("aria-posinset", "8")
    page.keyboard.press("Home")
    expect(active).to_have_attribute("aria-posinset", "1")
    page.keyboard.press("Escape")
    expect(active).to_have_count(0)

    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("jk/p?")  # in a field, letters are text
    expect(page.locator("#search")).to_have_value("jk/p?")
    page.keyboard.press("Escape")  # empties it
    page.keyboard.press("Escape")  # leaves it
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Enable single-key shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_filters_and_pause_are_reflected_in_url(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(1000, description="Lamp")
    dashboard_page.pay(1000, pan=DECLINED_CARD)
    dashboard_page.shop.send("GET", "/v1/charges/NOSUCHCHARGE1")
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.rows).to_have_count(5)
    page.locator("label[for=chip-declined]").click()
    expect(dashboard_page.rows).to_have_count(1)
    expect(page.locator("#shown-count")).to_have_text("1 of 5 requests")
    page.locator("label[for=chip-rejected]").click()
    expect(dashboard_page.rows).to_have_count(2)
    page.locator("label[for=chip-GET]").click()
    expect(dashboard_page.rows).to_have_count(1)
    chosen = "/_mock/#/exchanges?show=declined%2Crejected&method=GET"
    expect(page).to_have_url(f"{dashboard_page.clover.url}{chosen}")
    page.reload()
    expect(dashboard_page.rows).to_have_count(1)
    expect(dashboard_page.newest_status).to_have_text("▲ 404")
    page.get_by_label("Search paths").fill("zebra")
    expect(page.get_by_text("No matching requests.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(dashboard_page.rows).to_have_count(5)
    page.get_by_label("Search paths").fill("lamp create_CHARGE")
    expect(dashboard_page.rows).to_have_count(1)
    page.get_by_label("Search paths").fill("")
    page.get_by_label("Operation").select_option("create_token")
    expect(dashboard_page.rows).to_have_count(2)
    page.get_by_label("Operation").select_option("")

    page.get_by_role("button", name="Pause").click()
    dashboard_page.pay()
    expect(page.locator("#pause-count")).to_have_text("2 new")
    expect(dashboard_page.rows).to_have_count(5)
    page.get_by_role("button", name="Resume").click()
    expect(dashboard_page.rows).to_have_count(7)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Waiting for the next request.")).to_be_visible()
    dashboard_page.pay()
    expect(dashboard_page.rows).to_have_count(2)


def test_thousand_exchanges_use_few_dom_rows(dashboard_page: DashboardPage) -> None:
    dashboard_page.burst(600)
    dashboard_page.open()
    page = dashboard_page.page
    shown = page.locator("#shown-count")
    expect(shown).to_have_text("600 requests")
    page.locator("#list").focus()
    page.keyboard.press("End")
    cursor = page.locator("[aria-selected=true]")
    expect(cursor).to_have_attribute("aria-posinset", "600")
    dashboard_page.burst(500)
    expect(shown).to_have_text("1,000 requests")
    expect(cursor).to_have_attribute("aria-posinset", "1000")  # the oldest: its own is gone
    page.get_by_text("newer").click()
    expect(dashboard_page.newest()).to_have_attribute("id", "x-1100")
    until(page.locator("#list .row").count, lambda created: created < 80)  # recycled
    expect(page.locator("#sum-rejected")).to_have_text("1,000")
    page.get_by_text("Show as table").click()
    expect(page.locator("#chart-table tbody tr").first).to_be_visible()
    page.goto("about:blank")
    dashboard_page.open()
    expect(dashboard_page.rows.first).to_be_visible()
    expect(shown).to_have_text("1,000 requests")


def test_requests_that_are_not_served(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(1000)
    dashboard_page.shop.send("POST", "/v1/charge")
    dashboard_page.open()
    dashboard_page.page.locator("label[for=chip-unserved]").click()
    expect(dashboard_page.rows).to_have_count(1)
    expect(dashboard_page.newest().locator(".c-path")).to_have_text("/v1/charge")
