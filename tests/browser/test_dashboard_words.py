"""The dashboard shows evidence as badges, and has one colour and one sign for one meaning."""

import pytest
from browser_session import SharedBrowserSession
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD

EVIDENCE = """async (texts) => {
  const { withEvidence } = await import("/_mock/static/evidence.js");
  const { add, el } = await import("/_mock/static/dom.js");
  return texts.map((text) => {
    const node = el("div");
    add(node, withEvidence(text));
    return [node.textContent, [...node.querySelectorAll(".badge")].map((each) => each.title)];
  });
}"""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 900})
    return DashboardPage(clover, session)


def test_evidence_is_a_badge_with_its_source(dashboard_page: DashboardPage) -> None:
    dashboard_page.shop.charge("clv_nothing", 1800)
    dashboard_page.open("exchanges/1")
    page = dashboard_page.page
    facts = {
        "no rule applied": ("no rule applied", []),
        "it is listed (documented)": ("it is listed documented", [""]),
        "WRONG (a is 1; at least (2)) (observed: a page (2026))": (
            "WRONG (a is 1; at least (2)) observeda page (2026)",
            ["a page (2026)"],
        ),
        "one (inferred); two (documented: MD)": ("one inferred; two documentedMD", ["", "MD"]),
        "a (documented:unclosed": ("a (documented:unclosed", []),
        "<b>(observed: <i>)": ("<b> observed<i>", ["<i>"]),
    }
    shown = page.evaluate(EVIDENCE, list(facts))
    assert dict(zip(facts, ((text, titles) for text, titles in shown), strict=True)) == facts
    source = page.locator("#detail .evidence .source")
    expect(source).to_be_hidden()
    page.locator("#detail details.evidence > summary").click()
    expect(source).to_contain_text("GP CloverCharge")
    dashboard_page.leave()


def test_a_state_has_the_sign_and_colour_of_its_outcome(dashboard_page: DashboardPage) -> None:
    clover, shop = dashboard_page.clover, dashboard_page.shop
    dashboard_page.pay()
    refunded = dashboard_page.pay(5000).body["id"]
    shop.send("POST", "/v1/refunds", {"charge": refunded, "amount": 100})
    dashboard_page.pay(pan=DECLINED_CARD)
    dashboard_page.open()
    page = dashboard_page.page
    colour = "e => getComputedStyle(e).color"
    expect(dashboard_page.row(status="402")).to_have_count(1)
    good, bad = (dashboard_page.exchange(number).locator(".c-status") for number in (2, 7))
    expect(good).to_have_text("● 200")
    expect(bad).to_have_text("◆ 402")
    of_requests = [bad.evaluate(colour), good.evaluate(colour)]
    page.goto(f"{clover.url}/_mock/#/data/charges")
    states = page.locator("#data-body .state")
    expect(states).to_have_text(["◆ declined", "partially refunded", "● captured"])
    colours = [states.nth(place).evaluate(colour) for place in (0, 2)]
    assert colours == of_requests
    ink = page.locator("body").evaluate(colour)
    assert states.nth(1).evaluate(colour) == ink, "neither good nor bad"


def test_errors_to_choose_are_named_once(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("faults")
    page = dashboard_page.page
    expect(page.locator("#faults .hint code")).to_have_text("delay_ms")
    expect(page.locator("#faults .hint", has_text="`")).to_have_count(0)
    page.get_by_label("Fault type").select_option("problem")
    options = page.get_by_label("Error", exact=True).locator("option")
    expect(options.filter(has_text="UNAUTHORIZED — 401 Unauthorized")).not_to_have_count(0)
    texts = options.all_text_contents()
    assert [text for text in texts if "{" in text] == []


OTHER_FORMS = r"""() => {
  const views = document.querySelector("main").cloneNode(true);
  for (const raw of views.querySelectorAll("pre, .json, textarea, select, code")) raw.remove();
  const other = /\.\.\.\d{4}|\d\.\d\d [A-Z]{3}\b|\b\d{4,} of |\b(for|at|most) \d{4,}\b(?! \()/;
  const others = new RegExp(`.{0,20}(${other.source}).{0,20}`, "g");
  return views.textContent.match(others) ?? [];
}"""
"""Cards and amounts that are not written like ••4242 and $18.00, outside of what was sent."""


def test_a_card_and_an_amount_have_one_form(dashboard_page: DashboardPage) -> None:
    shop, held = dashboard_page.shop, dashboard_page.pay(1800, capture=False).body["id"]
    shop.send("POST", f"/v1/charges/{held}/capture", {"amount": 99999})
    shop.send("POST", f"/v1/charges/{held}/capture", {"amount": 1500})
    shop.send("POST", "/v1/refunds", {"charge": held, "amount": 1200})
    shop.send("POST", "/v1/refunds", {"charge": held, "amount": 1200})
    dashboard_page.pay(2500, pan=DECLINED_CARD, description="Floor lamp")
    dashboard_page.pay(100_000_000)
    shop.checkout()
    dashboard_page.open()
    page = dashboard_page.page
    row = "$25.00 · VISA ••2222 · issuer declined · Floor lamp"
    expect(dashboard_page.row(row)).to_have_count(1)
    views = [f"exchanges/{number}" for number in range(1, 12)]
    views += ["audit", "data/charges", "data/tokens", f"data/charges/{held}", f"payment/{held}"]
    for view in [*views, "explain/3/why"]:
        page.goto(f"{dashboard_page.clover.url}/_mock/#/{view}")
        awaited = page.locator("main > section:visible :is(.why, td, article.card)").first
        expect(awaited).to_be_visible()
        assert page.evaluate(OTHER_FORMS) == [], view
    page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges?q=$12.00")
    expect(dashboard_page.row("at most 300 ($3.00)")).to_have_count(1)
    expect(dashboard_page.row("refunded $12.00 of $15.00 refundable")).to_have_count(1)
    page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges")
    expect(dashboard_page.row("at most 99999999 ($999,999.99)")).to_have_count(1)
    expect(dashboard_page.row("created a checkout session for $109.00")).to_have_count(1)
    dashboard_page.leave()
