"""One request in the dashboard: as it was sent, replayed, edited and sent, copied as code."""

import re

import pytest
from browser_session import SharedBrowserSession, wait_until_it_fits
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 900})
    return DashboardPage(clover, session)


def test_declined_charge_is_replayed_in_two_clicks(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(10900, pan=DECLINED_CARD)
    dashboard_page.open()
    page = dashboard_page.page
    dashboard_page.row(status="402").click()
    page.get_by_role("button", name="Replay").click()
    detail = page.locator("#detail")
    expect(detail.locator(".outcome strong")).to_have_text("◆ 402")
    expect(detail.locator(".repeat")).to_contain_text("Replay of request 2.")
    expect(detail.locator(".repeat")).to_contain_text("the token was used; this is a copy of it")
    detail.get_by_role("link", name="request 2").click()
    expect(detail.locator(".repeat")).to_contain_text("Replayed as request 3.")
    detail.get_by_role("link", name="request 3").click()
    expect(page).to_have_url(re.compile("#/exchanges/3$"))


def test_request_is_edited_and_sent(dashboard_page: DashboardPage) -> None:
    headers = {"idempotency-key": "order-7", "x-forwarded-for": "203.0.113.9"}
    token = dashboard_page.clover.card_token()
    body = {"amount": 1800, "currency": "usd", "source": token}
    dashboard_page.shop.send("POST", "/v1/charges?x=1", body, **headers)
    dashboard_page.open("exchanges/2")
    page = dashboard_page.page
    sent = page.get_by_role("group", name="Sent headers")
    expect(sent).to_contain_text("POST /v1/charges?x=1")
    expect(sent).to_contain_text("idempotency-key: order-7")
    expect(sent).to_contain_text("authorization: (not stored)")
    page.get_by_role("link", name="Edit and send").click()
    expect(page.get_by_label("Path and query")).to_have_value("/v1/charges?x=1")
    expect(page.get_by_role("textbox", name="Headers")).to_have_value(
        re.compile("x-forwarded-for: 203.0.113.9")
    )
    expect(page.get_by_role("textbox", name="Headers")).not_to_have_value(re.compile("order-7"))
    written = page.get_by_label("Body").input_value()
    page.get_by_label("Body").fill(written.replace("1800", "2500"))
    page.get_by_role("button", name="Send", exact=True).click()
    result = page.locator("#explain-body [aria-live]")
    expect(result.locator(".outcome strong")).to_have_text("● 200")
    expect(result).to_contain_text("amount: 2500")
    expect(result).to_contain_text("this is a copy of it")
    assert dashboard_page.clover.charges[0]["amount"] == 2500
    result.get_by_role("link", name="Open as request 3").click()
    expect(page.locator("#detail .repeat")).to_contain_text("Replay of request 2.")

    page.goto(f"{dashboard_page.clover.url}/_mock/#/explain/1")  # the card is a test card
    expect(page.locator("#explain-body")).to_contain_text("A test card is in place")
    expect(page.get_by_label("Body")).to_have_value(re.compile('"number": "4242424242424242"'))
    page.get_by_label("Body").press("Control+Enter")
    expect(result.get_by_role("link", name="Open as request 4")).to_be_visible()
    expect(result.locator(".outcome strong")).to_have_text("● 200")
    page.get_by_label("Body").fill('{"a')
    page.get_by_label("Body").press("Control+Enter")
    expect(result.locator(".outcome strong")).to_have_text("▲ 400")


def test_why_is_about_the_request_that_was_declined(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(10900, pan=DECLINED_CARD)
    dashboard_page.open()
    page = dashboard_page.page
    dashboard_page.row(status="402").click()
    page.get_by_role("link", name="Ask why").click()
    outcomes = page.locator("#explain-body .outcome")
    expect(outcomes).to_have_text([re.compile("402 declined"), re.compile("402 declined")])
    expect(page.locator("#explain-body")).to_contain_text("is listed to decline")
    expect(page.locator("#explain-body")).not_to_contain_text("TOKEN_ALREADY_USED")


def test_request_is_copied_as_code(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay(700)
    dashboard_page.open("exchanges/2")
    page = dashboard_page.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dashboard_page.keep_messages()
    copies = page.get_by_role("group", name="Copy as")
    for name, words in (
        ("curl", "curl -X POST"),
        ("Python", "import httpx"),
        ("Node", "await fetch("),
        ("pytest", "def test_create_charge(mock_clover):"),
    ):
        copy = copies.get_by_role("button", name=f"Copy as {name}")
        copy.click()
        expect(copy).to_have_text("Copied")
        assert words in page.evaluate("navigator.clipboard.readText()")
    page.context.clear_permissions()


def test_payment_is_told_from_token_to_webhook(dashboard_page: DashboardPage) -> None:
    clover, shop = dashboard_page.clover, dashboard_page.shop
    clover.webhook("http://127.0.0.1:9/nobody", handshake=False)
    charge = dashboard_page.pay(10900, capture=False, description="Floor lamp").body["id"]
    clover.clock.advance("1d")
    shop.send("POST", f"/v1/charges/{charge}/capture", {"amount": 9900})
    dashboard_page.open("exchanges/2")
    page = dashboard_page.page
    page.get_by_role("link", name="Show payment").click()
    expect(page).to_have_url(re.compile(f"#/payment/{charge}$"))
    expect(page.locator("#payment-title")).to_be_focused()
    story = page.locator("#payment-body")
    names = story.locator(".event strong")
    expect(names).to_have_text(
        ["token created", "authorized", "webhook", "webhook", "captured", "webhook"]
    )
    expect(story.locator(".totals")).to_have_text(re.compile(r"Charged\$99.00Net\$99.00"))
    expect(story).to_contain_text("1 d later")
    refund = shop.send("POST", "/v1/refunds", {"charge": charge, "amount": 2500}).body["id"]
    expect(story.locator(".totals")).to_have_text(  # it follows what happens
        re.compile(r"Charged\$99.00Refunded\$25.00Net\$74.00")
    )
    story.get_by_role("link", name="/capture").click()
    expect(page.locator("#detail-title")).to_contain_text("/capture")
    page.go_back()
    story.locator(".event").get_by_role("link", name=refund).click()
    page.get_by_role("link", name="Show payment").click()
    expect(page).to_have_url(re.compile(f"#/payment/{refund}$"))
    expect(story.get_by_role("link", name=charge, exact=True)).to_have_attribute(
        "href", f"#/data/charges/{charge}"
    )
    page.set_viewport_size({"width": 375, "height": 812})
    wait_until_it_fits(page)
    page.goto(f"{clover.url}/_mock/#/payment/NOSUCHCHARGE1")
    expect(story.get_by_role("alert")).to_contain_text("no payment has the id")
    dashboard_page.leave()
