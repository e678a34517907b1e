"""The webhooks view: targets with delivery faults, events by hand, attempts and responses."""

import re

import pytest
from browser_session import SharedBrowserSession
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.receiver import Receiver

REFUSAL = b"HTTP/1.1 422 No\r\ncontent-length: 20\r\n\r\nthe order is unknown"


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1300, "height": 900})
    return DashboardPage(clover, session)


def test_event_is_sent_by_hand_and_again_with_a_fault(dashboard_page: DashboardPage) -> None:
    charge = dashboard_page.pay().body["id"]
    with Receiver(REFUSAL, 200) as receiver:
        dashboard_page.clover.webhook(
            receiver.url, id="shop", kind="hosted_checkout", retry_after_ms=[]
        )
        dashboard_page.open("webhooks")
        page = dashboard_page.page
        page.get_by_text("Send an event by hand").click()
        form = page.locator(".fold[open] form")
        form.get_by_label("Kind").select_option("hosted_checkout")
        form.get_by_label("Target").select_option("shop")
        form.get_by_label("Id", exact=True).fill(charge)
        form.get_by_label("Amount").fill("25.50")
        form.get_by_role("button", name="Send").click()
        expect(form.get_by_text("1 delivery created.")).to_be_visible()
        (post,) = receiver.wait(1)
        assert (post.json["id"], post.json["message"]) == (charge, "Approved for 2550")
        one = page.locator(".deliveries > li")
        expect(one).to_have_count(1)
        expect(one.locator(".attempt")).to_have_text(re.compile(r"^✕ 422 in \d+ ms$"))
        expect(one.get_by_role("link", name=charge)).to_have_attribute(
            "href", re.compile(rf"^#/(data/charges|payment)/{charge}$")
        )
        one.get_by_role("button", name="Details").click()
        expect(one).to_contain_text(f"POST {receiver.url}")
        expect(one).to_contain_text(f"Clover-Signature: {post.headers['Clover-Signature']}")
        expect(one).to_contain_text("the order is unknown")
        one.get_by_text("Send again with a fault").click()
        one.get_by_label("Copies").fill("2")
        one.get_by_label("Signature").select_option("wrong")
        one.get_by_role("button", name="Send", exact=True).click()
        expect(one).to_have_count(3)
        posts = receiver.wait(3)
        assert len({each.headers["Clover-Signature"] for each in posts}) == 2
    expect(page.locator(".tag", has_text="wrong signature")).to_have_count(2)
    page.get_by_label("Id of the object").fill("NOBODY")
    expect(page.get_by_text("No deliveries.")).to_be_visible()
    page.goto(f"{dashboard_page.clover.url}/_mock/#/data/charges/{charge}")
    page.get_by_role("link", name="Webhook deliveries about it").click()
    expect(one).to_have_count(3)
    expect(page).to_have_url(re.compile(rf"#/webhooks\?object={charge}$"))
    page.get_by_text("Send an event by hand").click()
    form.get_by_text("Own body").click()
    form.get_by_label("Body").fill("{")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_contain_text("Body: ")
    dashboard_page.leave()


def test_target_is_edited_and_says_where_it_may_send(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("webhooks")
    page, clover = dashboard_page.page, dashboard_page.clover
    page.get_by_label("URL").fill("https://example.com/hook")
    page.get_by_label("Name").fill("far")
    page.get_by_label("Secret").fill("s3cret")
    page.get_by_label("Only these events").fill("P, O:UPDATE")
    page.get_by_label("Skip the verification code").check()
    page.get_by_role("button", name="+ Delivery fault").click()
    page.get_by_label("Of event").fill("P:CREATE")
    page.get_by_role("button", name="Add", exact=True).click()
    note = "events are sent only if example.com resolves to a loopback or private address"
    expect(page.get_by_text(note)).to_have_count(2)  # in the list, and below the form
    targets = page.get_by_role("region", name="Targets", exact=True).last
    expect(targets).to_contain_text("duplicate P:CREATE, 2 copies, 1 left")
    page.get_by_role("button", name="Edit far").click()
    expect(page.get_by_text("Edit far", exact=True)).to_be_visible()
    page.get_by_label("URL").fill("http://127.0.0.1:9/hook")
    page.get_by_label("Fault", exact=True).select_option("delay")
    page.get_by_label("Later by (s)").fill("1.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Edit far", exact=True)).to_have_count(0)
    expect(targets).to_contain_text("delay P:CREATE, by 1.5 s, 1 left")
    expect(page.get_by_text(note)).to_have_count(0)
    (target,) = clover.snapshot()["webhooks"]["targets"]
    assert (target["secret"], target.get("code")) == ("s3cret", None)
    assert target["spec"]["events"] == ["P", "O:UPDATE"]
    assert target["spec"]["plan"][0]["delay_ms"] == 1500
