"""The dashboard's other views: each sends its control request and shows the result."""

import json
import re

import pytest
from browser_session import SharedBrowserSession, until
from dashboard_page import SELECTED, DashboardPage
from playwright.sync_api import Page, expect
from shop_server import LAMP, Backend

from mock_clover.testing import MockClover
from tests.clover.threeds.test_threeds import BROWSER
from tests.in_process import VISA

CHALLENGE = "4012000033330026"
"""A card of the default scenario that requires a challenge for an amount of 25001."""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1300, "height": 900})
    return DashboardPage(clover, session)


def part(page: Page, name: str):
    return page.get_by_role("region", name=name, exact=True)


def test_row_search_and_timeline(dashboard_page: DashboardPage) -> None:
    for number in range(55):
        dashboard_page.pay(1000 + number, description=f"Order {number}")
    charge = dashboard_page.pay(5000, description="Chair").body["id"]
    refund = dashboard_page.shop.send(
        "POST", "/v1/refunds", {"charge": charge, "amount": 2000}
    ).body["id"]
    dashboard_page.open("data/charges")
    page = dashboard_page.page
    rows = part(page, "charges").locator("tbody tr")
    expect(page.get_by_role("link", name="charges 56")).to_have_attribute("aria-current", "page")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("partially refunded")
    page.get_by_role("button", name="Older").click()
    expect(page.locator("tbody tr")).to_have_count(56)
    expect(page.get_by_role("button", name="Older")).to_have_count(0)
    page.get_by_label("Search charges").fill("chair")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile(r"#/data/charges\?q=chair$"))
    page.get_by_role("link", name=charge).click()
    steps = part(page, "Payment history").locator("li")
    expect(steps).to_have_count(2)
    expect(steps.nth(0)).to_contain_text("captured")
    expect(steps.nth(0)).to_contain_text("balance $50.00")
    expect(steps.nth(1)).to_contain_text("refunded")
    expect(steps.nth(1)).to_contain_text("balance $30.00")
    for step, width in ((0, "100%"), (1, "60%")):
        expect(steps.nth(step).locator(".fill")).to_have_attribute("style", f"width: {width};")
    page.get_by_role("link", name=refund).click()
    expect(page.locator("#data-body")).to_contain_text(f"refund of {charge}")
    page.get_by_role("link", name="customers 0").click()
    expect(page.get_by_text("There are no customers yet.")).to_be_visible()
    page.goto(f"{dashboard_page.clover.url}/_mock/#/data/charges/NOSUCHCHARGE1")
    expect(page.get_by_role("alert")).to_contain_text("no row has the id 'NOSUCHCHARGE1'")
    dashboard_page.leave()


def test_findings_lead_to_their_exchanges(dashboard_page: DashboardPage) -> None:
    dashboard_page.shop.charge(dashboard_page.clover.card_token(), 1800, captur=False)
    dashboard_page.open("audit")
    page = dashboard_page.page
    finding = page.get_by_role("article", name="CLV011 misspelt-member")
    expect(finding).to_contain_text("create_charge: captur (did you mean capture?) was ignored")
    expect(finding).to_contain_text("Fix: Correct the name")
    finding.get_by_role("link", name="#2 POST /v1/charges 200").click()
    expect(page).to_have_url(re.compile("#/exchanges/2$"))
    expect(page.locator("#detail .facts")).to_contain_text("captur")
    dashboard_page.leave()


def test_replay_opens_new_exchange(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(1)
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.rows).to_have_count(2)
    charge = dashboard_page.pay(1234).body["id"]
    dashboard_page.shop.send("GET", f"/v1/charges/{charge}")
    page.goto(
        f"{dashboard_page.clover.url}/_mock/#/exchanges/2"
    )  # from before anybody opened the page
    expect(part(page, "Changes")).to_contain_text("recorded only while a dashboard is open")
    page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges/4")
    expect(page.locator("#detail .rule")).to_contain_text("the scenario lists the card")
    expect(part(page, "Changes")).to_contain_text(f"charges {charge}")
    part(page, "Changes").get_by_role("link", name=f"charges {charge}").click()
    expect(page.locator("#data-title")).to_be_focused()
    page.go_back()
    page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges/5")
    page.get_by_role("button", name="Replay").click()
    expect(page).to_have_url(f"{dashboard_page.clover.url}/_mock/#/exchanges/6")
    expect(page.locator("#detail .facts")).to_contain_text("mock-clover replay")
    expect(page.locator("[aria-selected=true]")).to_have_attribute("id", "x-6")
    page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges/1")  # the token's card is not saved
    expect(page.get_by_role("button", name="Replay")).to_be_disabled()
    expect(page.locator("[data-more]")).to_contain_text(
        "card.encrypted_pan and card.transarmor_key_id are not stored"
    )


def test_scenario_is_edited_validated_and_applied(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("scenario")
    page = dashboard_page.page
    text = page.get_by_label("Scenario, in YAML")
    expect(text).to_have_value(re.compile("name: sandbox"))
    expect(page.locator(".verdict")).to_contain_text("active")
    page.get_by_label("Load").select_option("declines")
    expect(text).to_have_value(re.compile("name: declines"))
    expect(page.locator(".verdict")).to_contain_text("not applied")
    text.fill(
        "name: mine\nabout: By hand\ncards:\n  - {number: '4242424242424242', outcom: decline}\n"
    )
    finding = page.locator(".findings li").first
    expect(finding).to_contain_text("did you mean `outcome`?")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    expect(page.locator(".gutter")).to_contain_text(re.compile(r"✕ 4\b"))
    finding.get_by_role("button", name="line 4").click()
    expect(text).to_be_focused()
    until(lambda: text.evaluate(SELECTED), lambda part: part.startswith("outcom: decline"))

    text.fill("rules:\n")
    text.press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(text).not_to_be_focused()  # focus is not trapped
    page.get_by_role("button", name="Revert").click()
    expect(text).to_have_value(re.compile("name: sandbox"))
    text.fill(
        "name: mine\nrules:\n  - when: {endpoint: create_charge, amount: 666}\n"
        "    then: {decline: {decline_code: insufficient_funds}}\n"
    )
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied. The scenario is now active.")).to_be_visible()
    expect(part(page, "Active scenario")).to_contain_text("mine")
    assert dashboard_page.pay(666).status == 402


def test_explain_request(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(700, pan=VISA)
    dashboard_page.open("exchanges/2")
    page = dashboard_page.page
    page.get_by_role("link", name="Ask why").click()
    expect(page.get_by_label("Path and query")).to_have_value("/v1/charges")
    expect(page.locator("#explain-body")).to_contain_text("What request 2 got")
    expect(page.locator("#explain-body .outcome")).to_have_count(2)
    expect(page.locator("#explain-body")).not_to_contain_text("TOKEN_ALREADY_USED")
    page.get_by_label("Start from example").select_option("List charges")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#explain-body .outcome")).to_have_count(1)
    expect(page.locator("#explain-body .outcome")).to_have_text("● 200 ok (simulated response)")
    page.get_by_label("Body").fill("{")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("alert")).to_contain_text("Body: ")
    page.get_by_label("Body").fill("")
    page.get_by_label("Path and query").fill("/nowhere")
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("alert")).to_contain_text("path: ")
    assert len(dashboard_page.clover.journal()) == 2
    dashboard_page.leave()


def test_add_and_remove_faults_and_move_clock(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("faults")
    page = dashboard_page.page
    page.get_by_label("Fault type").select_option("problem")
    form = part(page, "Add a fault")
    form.get_by_label("Template").select_option("Lose the next response")
    yaml = form.get_by_label("YAML of the fault")
    lost = "- kind: drop\n    when: after_commit\n    endpoint: create_charge\n    times: 1"
    expect(yaml).to_have_text(f"faults:\n  {lost}")
    page.get_by_label("Fault type").select_option("problem")
    page.get_by_label("When").select_option("before_commit")
    form.get_by_label("Operation").select_option("get_charge")
    page.get_by_label("Error").select_option("CHARGE_NOT_FOUND")
    page.get_by_label("Count").fill("2")
    page.get_by_role("button", name="Add fault").click()
    expect(part(page, "Faults")).to_contain_text("problem CHARGE_NOT_FOUND")
    expect(page.locator("#fault-chip")).to_contain_text("1 fault")
    charge = dashboard_page.pay().body["id"]
    assert dashboard_page.shop.send("GET", f"/v1/charges/{charge}").status == 404
    expect(part(page, "Faults")).to_contain_text("1 left")
    page.get_by_role("button", name="Delete problem").click()
    expect(page.get_by_text("No active faults.")).to_be_visible()
    assert dashboard_page.shop.send("GET", f"/v1/charges/{charge}").status == 200

    held = dashboard_page.pay(capture=False).body["id"]
    clock = part(page, "Clock")
    clock.get_by_role("button", name="Freeze").click()
    expect(clock).to_contain_text("Frozen.")
    clock.get_by_role("button", name="+ 30 days").click()
    expect(clock).to_contain_text("1 job ran: 1 authorization expired")
    expect(clock.get_by_role("link", name=held)).to_be_visible()
    clock.get_by_label("Advance by").last.fill("soon")
    clock.get_by_role("button", name="Advance", exact=True).click()
    expect(clock.get_by_role("alert")).to_contain_text("is not a valid duration")
    clock.get_by_role("button", name="Resume").click()
    expect(clock).to_contain_text("Running.")
    expect(clock.locator(".moves > li")).to_have_count(3)
    clock.get_by_role("link", name=held).click()  # still there after the clock was resumed
    expect(part(page, "Payment history")).to_contain_text("expired")
    dashboard_page.leave()


def test_deliveries_are_followed_and_sent_again(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("webhooks")
    page = dashboard_page.page
    page.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    page.get_by_label("Kind").first.select_option("hosted_checkout")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The secret is shown only once:")).to_be_visible()
    expect(part(page, "Targets").last).to_contain_text("http://127.0.0.1:9/hook")
    href = dashboard_page.shop.checkout()
    dashboard_page.clover.pay_checkout(href.rpartition("/")[2].partition("?")[0])
    one = page.locator(".deliveries > li")
    expect(one).to_have_count(1)
    expect(one.locator(".attempt")).to_have_text(
        re.compile(r"no response in \d+ ms: Connection refused$")
    )
    page.get_by_role("button", name="Details").click()
    expect(one.locator(".json")).to_contain_text("APPROVED")
    page.get_by_role("button", name="Send again delivery-1").click()
    expect(one).to_have_count(2)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No targets: events are not sent.")).to_be_visible()


def test_act_as_cardholder(dashboard_page: DashboardPage) -> None:
    token = dashboard_page.clover.card_token(CHALLENGE)
    charge = dashboard_page.shop.charge(
        token, 25001, threeds={"source": "CLOVER", "browser_info": BROWSER}
    )
    dashboard_page.shop.checkout()
    dashboard_page.open("cardholder")
    page = dashboard_page.page
    waiting = part(page, "Waiting charges")
    expect(waiting).to_contain_text("$250.01")
    waiting.get_by_role("button", name="Approve").click()
    expect(waiting).to_contain_text("approve")
    assert charge.status == 200
    expect(part(page, "Checkouts")).to_contain_text(LAMP["name"])
    page.get_by_role("button", name="Decline").click()
    message = part(page, "Hosted checkouts").get_by_role("status")
    expect(message).to_contain_text("declined")
    part(page, "Checkouts").get_by_role("button", name="Pay").click()
    expect(message).to_contain_text("approved, charge ")
    expect(part(page, "Checkouts")).to_contain_text("paid")
    assert dashboard_page.clover._request("GET", "/_mock/next")["data"] == []
    dashboard_page.shop.checkout()
    page.get_by_role("button", name="Cancel").click()
    expect(part(page, "Checkouts")).to_contain_text("cancelled")


def test_additional_merchant_has_own_exchanges(dashboard_page: DashboardPage) -> None:
    clover = dashboard_page.clover
    market = {"name": "market", "merchants": [{"name": "market"}, {"name": "bakery"}]}
    dashboard_page.move_to(clover.create(clover.transport, clover.name, {"scenario": market}))
    bakery = dashboard_page.clover.merchant("bakery")
    dashboard_page.pay()
    Backend(bakery).send("GET", "/v1/charges/OFTHEBAKERY01")
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.rows).to_have_count(2)
    page.get_by_label("Merchant").select_option(bakery.access_token)
    expect(dashboard_page.rows).to_have_count(1)
    expect(dashboard_page.newest()).to_contain_text("OFTHEBAKERY01")
    page.get_by_label("Merchant").select_option("")
    expect(dashboard_page.rows).to_have_count(2)


def test_create_copy_open_and_delete_sandboxes(dashboard_page: DashboardPage) -> None:
    name = dashboard_page.clover.name
    dashboard_page.open("sandboxes")
    page = dashboard_page.page
    expect(page.locator("#sandbox-switch")).to_have_value(name)
    make, fork = part(page, "Create a sandbox"), part(page, f"Copy {name}")
    make.get_by_label("Name").fill(f"{name}-new")
    make.get_by_label("Scenario").select_option("declines")
    make.get_by_role("button", name="Create").click()
    expect(make.get_by_role("link", name=f"{name}-new")).to_be_visible()
    fork.get_by_label("Name of the copy").fill(f"{name}-twin")
    fork.get_by_role("button", name="Copy").click()
    fork.get_by_role("link", name=f"{name}-twin").click()
    expect(page).to_have_url(f"{dashboard_page.clover.url}-twin/_mock/#/exchanges")
    dashboard_page.wait_until_live()
    page.locator("#sandbox-switch").focus()
    page.locator("#sandbox-switch").select_option(f"{name}-new")
    expect(page).to_have_url(f"{dashboard_page.clover.url}-new/_mock/#/exchanges")
    dashboard_page.wait_until_live()
    page.get_by_role("link", name="Sandboxes").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save capsule of {name}-twin", exact=True).click()
    assert download.value.suggested_filename == f"{name}-twin.capsule.json"
    assert json.loads(download.value.path().read_text())["sandbox"] == f"{name}-twin"
    for each in ("new", "twin"):
        page.get_by_role("button", name=f"Delete {name}-{each}").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("link", name=f"{name}-{each}", exact=True)).to_have_count(0)
    expect(page.locator("#banner")).to_contain_text("was deleted")
    dashboard_page.leave()
