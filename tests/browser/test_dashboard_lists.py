"""Lists of the dashboard: sandboxes side by side; days and clock jumps between requests."""

import re
from functools import partial

import pytest
from browser_session import SharedBrowserSession, resize, until
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD

PLACES = """lines => lines.map((line) => {
  const row = line.getBoundingClientRect();
  return Math.round((row.top - line.parentNode.getBoundingClientRect().top) / row.height);
})"""
"""The places of lines in the list, counted from its top."""
HIDDEN_PX = "cell => cell.scrollWidth - cell.clientWidth"
SIZE = "() => [document.documentElement.scrollHeight, document.documentElement.scrollWidth]"


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 800})
    return DashboardPage(clover, session)


def test_sandboxes_are_compared_by_their_outcomes(dashboard_page: DashboardPage) -> None:
    name, own = dashboard_page.clover.name, dashboard_page.clover
    dashboard_page.pay(pan=DECLINED_CARD)
    failing = own.create(own.transport, f"{name}-bad", {})
    dashboard_page.move_to(failing)
    failing.fault("problem", problem="SERVICE_UNAVAILABLE", times=1)
    dashboard_page.shop.send("GET", "/v1/charges")
    dashboard_page.pay()
    dashboard_page.move_to(own)
    page = dashboard_page.open("sandboxes").page
    page.get_by_label("Search sandboxes").fill(name)
    rows = page.locator("#sandboxes tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(f"{name}-bad")
    expect(rows.nth(0).locator(".counts")).to_have_text("● 2✕ 1")
    expect(rows.nth(1).locator(".counts")).to_have_text("● 1◆ 1")
    expect(rows.nth(1)).to_contain_text("(this one)")
    for row in (0, 1):
        expect(rows.nth(row).locator(".when").first).to_have_text(re.compile("^(just now|.* ago)$"))
    page.get_by_role("link", name=f"1 failed in {name}-bad").click()
    expect(page).to_have_url(re.compile(rf"/sandbox/{name}-bad/_mock/#/exchanges\?show=failed$"))
    expect(dashboard_page.rows).to_have_count(1)
    expect(dashboard_page.newest_status).to_have_text("✕ 503")
    failing.drop()
    dashboard_page.leave()


def test_days_and_jumps_are_lines_between_requests(dashboard_page: DashboardPage) -> None:
    clover = dashboard_page.clover
    clover.clock.freeze()
    dashboard_page.pay(capture=False)
    page = dashboard_page.open().page
    expect(dashboard_page.rows).to_have_count(2)
    lines = page.locator("#list .line:visible")
    expect(lines).to_have_count(0)
    clover.clock.advance("8d")
    expect(lines).to_have_text(["◷ +8 days 1 job ran: 1 authorization expired"])
    dashboard_page.pay()
    expect(dashboard_page.rows).to_have_count(4)
    expect(lines).to_have_count(3)  # each day has one, and the jump
    until(lambda: sorted(lines.evaluate_all(PLACES)), [0, 3, 4].__eq__)
    expect(dashboard_page.newest()).to_have_attribute("aria-setsize", "4")

    page.locator("#list").focus()
    cursor = page.locator("[aria-selected=true]")
    for key, posinset in (("Home", 1), ("j", 2), ("j", 3), ("k", 2), ("Home", 1), ("End", 4)):
        page.keyboard.press(key)
        expect(cursor).to_have_attribute("aria-posinset", str(posinset))
    page.locator("label[for=chip-ok]").click()
    expect(lines).to_have_count(2)  # with a filter, only the days
    page.locator("label[for=chip-ok]").click()
    page.locator("#list .is-jump").click()
    expect(page.locator("#faults .moves")).to_contain_text("1 authorization expired")


@pytest.mark.parametrize("words", ["109.00", "$109", "$1,090.00", "1090.00", "109000"])
def test_amounts_are_found_as_they_are_shown(dashboard_page: DashboardPage, words: str) -> None:
    amount = 10900 if words in ("109.00", "$109") else 109000
    charge = dashboard_page.pay(amount).body["id"]
    dashboard_page.pay(500)
    page = dashboard_page.open("data/charges").page
    page.get_by_label("Search charges").fill(words)
    expect(page.locator("#data tbody tr")).to_have_count(1)
    expect(page.locator("#data tbody tr")).to_contain_text(charge)
    page.get_by_role("link", name="Requests").click()
    page.get_by_label("Search paths").fill(words)
    expect(dashboard_page.row("create_charge")).to_have_count(1)


@pytest.mark.parametrize(
    ("width", "height", "top_max"),
    [(1440, 900, 270), (1120, 800, 270), (820, 1180, 350), (375, 812, 370)],
)
def test_the_list_is_in_view_and_stays_in_its_place(
    dashboard_page: DashboardPage, width: int, height: int, top_max: int
) -> None:
    dashboard_page.clover.clock.freeze()  # another day has a line
    for _ in range(15):
        dashboard_page.pay(pan=DECLINED_CARD, description="Floor lamp")
    dashboard_page.session.page.set_viewport_size({"width": width, "height": height})
    page = dashboard_page.open().page
    expect(page.locator("#clock-chip")).to_contain_text("(frozen)")
    expect(page.locator("#shown-count")).to_have_text("30 requests")
    until(lambda: page.evaluate(SIZE), [height, width].__eq__)
    before = dashboard_page.newest().bounding_box()
    assert before["y"] < top_max
    payment = dashboard_page.newest().locator(".c-payment")
    if width < 400:  # the last digits of the card are in sight
        expect(payment.locator(".about")).to_be_hidden()
    sums, widths = (
        page.locator(each).bounding_box() for each in (".sums > :last-child", ".widths")
    )
    is_above = sums["y"] + sums["height"] <= widths["y"]
    assert is_above or sums["x"] + sums["width"] <= widths["x"], "the numbers overlap nothing"
    page.locator("label[for=chip-declined]").click()
    expect(page.locator("#shown-count")).to_have_text("15 of 30 requests")
    expect(dashboard_page.newest()).to_have_attribute("aria-setsize", "15")
    until(dashboard_page.newest().bounding_box, before.__eq__)


def test_heads_are_over_their_columns_and_reasons_stay(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(pan=DECLINED_CARD)
    page = dashboard_page.open().page
    row = dashboard_page.newest()
    expect(dashboard_page.newest_status).to_have_text("◆ 402")
    for name in ("time", "status", "method", "path", "payment", "why"):
        head, cell = (
            place.locator(f".c-{name}").bounding_box() for place in (page.locator(".heads"), row)
        )
        assert abs(head["x"] - cell["x"]) < 1, name
    resize(page, {"width": 1280, "height": 900})
    for name in ("payment", "why"):
        until(partial(row.locator(f".c-{name}").evaluate, HIDDEN_PX), (1).__gt__)
    dashboard_page.shop.checkout()  # it has no payment, and a long path
    expect(dashboard_page.newest().locator(".c-payment")).to_be_hidden()
    until(lambda: dashboard_page.newest().locator(".c-path").evaluate(HIDDEN_PX), (1).__gt__)
    row = dashboard_page.exchange(2)
    row.click()
    expect(page.locator("#detail-title")).to_be_visible()
    expect(row.locator(".c-why")).to_be_visible()
    expect(row.locator(".c-why")).to_contain_text("is listed to decline")


LATE_RESPONSES = """async () => {
  const { pollAndRender } = await import("/_mock/static/views.js");
  const root = document.createElement("p");
  document.body.append(root);
  const waiting = [];
  const load = () => new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  const refresh = pollAndRender(root, load, (value) => value, 86_400_000);
  const seen = [];
  const show = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    seen.push(root.textContent);
  };
  refresh();
  waiting[1].resolve("second"); await show();
  waiting[0].resolve("first"); await show();
  refresh(); refresh();
  waiting[2].resolve("third"); await show();
  waiting[3].resolve("fourth"); await show();
  return seen;
}"""


def test_late_response_does_not_replace_a_newer_one(
    clover: MockClover, session: SharedBrowserSession
) -> None:
    page = DashboardPage(clover, session).open().page
    assert page.evaluate(LATE_RESPONSES) == ["second", "second", "third", "fourth"]


def test_the_open_request_stays_in_view_when_the_window_grows(
    dashboard_page: DashboardPage,
) -> None:
    for _ in range(15):
        dashboard_page.pay()
    page = dashboard_page.session.page
    page.set_viewport_size({"width": 375, "height": 740})
    dashboard_page.open("exchanges/3")
    expect(page.locator("#detail-title")).to_be_visible()
    resize(page, {"width": 1280, "height": 900})
    row, newer = dashboard_page.exchange(3), page.locator("#newer")
    expect(row).to_be_in_viewport(ratio=0.95)
    expect(newer).to_be_in_viewport()
    boxes = until(lambda: [row.bounding_box(), newer.bounding_box()], all)
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"], "the button does not cover it"
