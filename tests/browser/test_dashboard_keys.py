"""The dashboard by keyboard: the command palette, views, search, and keys for the open request."""

import re

import pytest
from browser_session import SharedBrowserSession
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover

HOLD_TIMERS = """() => {
  const [wait, shortest] = [window.setTimeout, 300];
  window.held = new Map();
  window.runTimers = () => [...held.values()].forEach((act) => act());
  window.setTimeout = (act, ms, ...given) =>
    ms > 0 && ms < shortest ? held.set(ms, () => act(...given)).size : wait(act, ms, ...given);
}"""
LEAVE = "(place) => { location.hash = '#/' + place; runTimers(); return held.size; }"
"""Leave for a place, and run the timers while the page does not know it yet."""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 900})
    return DashboardPage(clover, session)


def test_palette_leads_everywhere(dashboard_page: DashboardPage) -> None:
    charge = dashboard_page.pay(description="A lamp").body["id"]
    dashboard_page.open("scenario")
    page, clover = dashboard_page.page, dashboard_page.clover
    dialog = page.get_by_role("dialog", name="Commands")
    field = dialog.get_by_role("combobox")
    chosen = dialog.locator("[aria-selected=true]")
    dashboard_page.keep_messages()
    page.get_by_label("Scenario, in YAML").focus()

    def ask(words: str) -> None:
        page.keyboard.press("Control+k")
        expect(field).to_be_focused()
        expect(dialog.get_by_role("option", name="insufficient funds")).to_be_visible()
        field.fill(words)

    ask("webh")
    expect(chosen).to_have_text(re.compile("^Webhooks"))
    page.keyboard.press("Enter")
    expect(page.locator("#webhooks-title")).to_be_focused()
    ask("stolen")
    expect(chosen).to_contain_text("declined, stolen card")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: Next charge: declined, stolen card.")).to_be_visible()
    expect(page.get_by_role("button", name="Disarm next: declined: stolen card")).to_be_visible()
    assert dashboard_page.pay().status == 402
    before = clover.clock.now_ms
    ask("8 days")
    expect(chosen).to_contain_text("8 days")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: Advance the clock by 8 days.")).to_be_visible()
    assert (clover.clock.now_ms - before) // 86_400_000 == 8
    ask(charge)
    expect(chosen).to_contain_text("A lamp")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text(re.compile("^Requests with"))
    expect(chosen).to_have_attribute("id", "palette-1")
    expect(field).to_have_attribute("aria-activedescendant", "palette-1")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#data-body .title")).to_have_text("A lamp")
    ask(charge)
    dialog.get_by_role("option", name="Requests with").click()
    expect(dashboard_page.rows).to_have_count(1)
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Commands").click()
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    dashboard_page.leave()


def test_keys_of_views_search_and_the_open_request(dashboard_page: DashboardPage) -> None:
    charge = dashboard_page.pay(2500).body["id"]
    dashboard_page.shop.send("GET", f"/v1/charges/{charge}")
    dashboard_page.open("cardholder")
    dashboard_page.keep_messages()
    page = dashboard_page.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for key, view in (("3", "data"), ("7", "webhooks"), ("6", "faults")):
        page.keyboard.press(key)
        expect(page.locator(f"#{view}-title")).to_be_focused()
    page.keyboard.press("/")  # this view has no search
    search = page.get_by_label("Search paths")
    expect(search).to_be_focused()
    page.keyboard.type("get_charge 1")
    expect(search).to_have_value("get_charge 1")  # digits are typed, not taken as keys
    page.keyboard.press("Escape")
    expect(search).to_have_value("")
    expect(dashboard_page.rows).to_have_count(3)
    page.keyboard.type("get_charge")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_contain_text(f"/v1/charges/{charge}")
    expect(page.get_by_role("button", name="Copy as curl")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("#detail").get_by_text("Copied")).to_be_visible()
    assert f"/v1/charges/{charge}" in page.evaluate("navigator.clipboard.readText()")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(r"#/exchanges/4\b"))
    page.keyboard.press("3")
    expect(page.get_by_label("Search charges")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Search charges")).to_be_focused()
    page.goto(f"{dashboard_page.clover.url}/_mock/#/explain")
    body = page.locator("#explain-body").get_by_label("Body")
    body.fill('{"amount": 1}')
    body.press("Control+Enter")
    expect(page.locator("#explain-body .outcome")).to_be_visible()
    page.locator("#explain-title").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Ctrl+K")
    page.get_by_role("button", name="Close").click()
    dashboard_page.leave()


@pytest.mark.parametrize(
    ("view", "field", "left_for"),
    [
        ("exchanges", "Search paths", "data/charges"),
        ("exchanges/2", "Requests, newest", "exchanges"),
        ("exchanges/2", "Requests, newest", "webhooks"),
        ("data/charges", "Search charges", "data/refunds"),
        ("data/charges", "Search charges", "exchanges/2"),
        ("webhooks", "Id of the object", "data/charges"),
    ],
)
def test_a_view_that_was_left_does_not_return(
    dashboard_page: DashboardPage, view: str, field: str, left_for: str
) -> None:
    dashboard_page.pay()
    dashboard_page.open(view)
    page = dashboard_page.page
    control = page.get_by_label(field)
    expect(page.locator("main > section:visible")).to_have_count(1)
    expect(control).to_be_visible()
    page.evaluate(HOLD_TIMERS)
    control.press("ArrowDown" if "newest" in field else "x")
    assert page.evaluate(LEAVE, left_for) > 0, "what was typed is acted upon later"
    expect(page).to_have_url(re.compile(f"#/{left_for}$"))
    expect(page.locator("nav a[aria-current]")).to_have_attribute(
        "data-view", left_for.partition("/")[0]
    )
    page.evaluate("runTimers()")
    expect(page).to_have_url(re.compile(f"#/{left_for}$"))
    expect(page.locator("#detail")).to_be_visible(visible=left_for == "exchanges/2")


SEARCH_AT_ONCE = """(view) => new Promise((resolve) => {
  addEventListener("hashchange", () => {
    document.querySelector(`#${view} input[type=search]`).focus();
    resolve();
  }, { once: true });
  location.hash = `#/${view}`;
})"""


@pytest.mark.parametrize("view", ["data", "sandboxes", "webhooks"])
def test_a_search_keeps_the_focus_while_its_view_is_drawn_again(
    dashboard_page: DashboardPage, view: str
) -> None:
    """A view is shown with its former content until its script is there."""
    page = dashboard_page.open(view).page
    search = page.locator(f"#{view} input[type=search]")
    expect(search).to_be_visible()
    page.evaluate("location.hash = '#/exchanges'")
    expect(search).to_be_hidden()
    page.evaluate(SEARCH_AT_ONCE, view)
    expect(search).to_be_focused()
    dashboard_page.leave()
