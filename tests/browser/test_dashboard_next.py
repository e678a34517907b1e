"""The dashboard shows payments, lost responses and delays as they were, and sets outcomes."""

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser_session import BrowserSession, SharedBrowserSession, wait_until_it_fits
from dashboard_page import DashboardPage
from playwright.sync_api import Locator, expect
from shop_server import THREEDS
from tcp_proxy import TcpProxy

from mock_clover.client import ClientError
from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD
from tests.server_process import ServerProcess

CHALLENGE = "4012000033330026"
"""A card of the default scenario that requires a challenge for an amount of 25001."""


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 900})
    return DashboardPage(clover, session)


@pytest.fixture
def proxy(shared_server: ServerProcess) -> Iterator[TcpProxy]:
    created = TcpProxy(int(shared_server.url.rpartition(":")[2]))
    yield created
    created.disconnect()


def right_of(place: Locator) -> float:
    """Return the right edge of an element."""
    box = place.bounding_box()
    return float(box["x"] + box["width"])


def pay_in_vain(dashboard_page: DashboardPage) -> None:
    """Send a charge whose response is lost."""
    with contextlib.suppress(ClientError):
        dashboard_page.pay()


def test_rows_speak_payments_and_search_finds_them(dashboard_page: DashboardPage) -> None:
    dashboard_page.clover.next("card_declined/insufficient_funds")
    dashboard_page.pay(123456, receipt_email="jo@example.com")
    dashboard_page.pay(10900, pan=DECLINED_CARD)
    dashboard_page.open()
    page = dashboard_page.page
    declined = "$1,234.56 · VISA ••4242 · insufficient funds"
    expect(dashboard_page.row(declined, status="402")).to_have_count(1)
    expect(dashboard_page.row("$109.00 · VISA ••2222", status="402")).to_have_count(1)
    search = page.get_by_label("Search paths")
    for words, numbers in (
        ("109.00", [4]),
        ("1234.56", [2]),
        ("$109", [4]),
        ("$1,234.56", [2]),
        ("••2222", [3, 4]),
        ("jo@example.com", [2]),
        ("••2222 issuer declined", [4]),
        ("insufficient funds", [2]),
    ):
        search.fill(words)
        expect(dashboard_page.rows).to_have_count(len(numbers))
        for number in numbers:
            expect(dashboard_page.exchange(number)).to_be_visible()
    page.goto(f"{dashboard_page.clover.url}/_mock/#/data/charges?q=%24109")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_search_leads_to_its_results(dashboard_page: DashboardPage) -> None:
    for amount in (1100, 1200, 1300):
        dashboard_page.pay(amount)
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.rows).to_have_count(6)
    expect(page.locator("html")).to_have_js_property("scrollHeight", 900)  # only the list scrolls
    for key in ("Enter", "ArrowDown"):
        page.keyboard.press("/")
        page.keyboard.type("12.00")
        page.keyboard.press(key)
        expect(page.locator("#list")).to_be_focused()
        expect(page.locator("[aria-selected=true]")).to_contain_text("$12.00")
        page.get_by_label("Search paths").fill("")
        page.keyboard.press("Escape")  # from the search to the list
    page.get_by_label("Search paths").fill("create_charge")
    page.get_by_label("Search paths").press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#detail-title")).to_have_text("POST /v1/charges")
    expect(page.get_by_role("button", name="Replay")).to_be_enabled()
    page.keyboard.press("r")
    expect(page.locator("#detail .outcome strong")).to_have_text("● 200")
    expect(page.locator("#detail .repeat")).to_contain_text("Replay of request")


def test_actions_are_on_the_screen_of_a_phone(dashboard_page: DashboardPage) -> None:
    dashboard_page.session.page.set_viewport_size({"width": 375, "height": 812})
    clover, shop = dashboard_page.clover, dashboard_page.shop
    shop.checkout()
    shop.charge(clover.card_token(CHALLENGE), 25001, threeds=THREEDS)
    dashboard_page.open("cardholder")
    page = dashboard_page.page
    for button in ("Approve", "Fail"):
        expect(page.get_by_role("button", name=re.compile(f"^{button} "))).to_be_in_viewport(
            ratio=1
        )
    expect(page.get_by_role("link", name="Cardholder")).to_be_in_viewport()
    for button in ("Pay", "Decline"):
        place = page.get_by_role("button", name=re.compile(f"^{button} "))
        place.scroll_into_view_if_needed()
        expect(place).to_be_in_viewport(ratio=1)
    wait_until_it_fits(page)
    page.goto(f"{clover.url}/_mock/#/data/order_types")  # the last of the kinds, in a line
    expect(page.locator(".kinds a[aria-current]")).to_be_in_viewport(ratio=1)
    assert page.locator(".kinds").bounding_box()["height"] < 50
    wait_until_it_fits(page)


def test_lost_responses_and_delays_are_shown(dashboard_page: DashboardPage) -> None:
    dashboard_page.clover.next(fault="drop after_commit")
    pay_in_vain(dashboard_page)
    dashboard_page.clover.next(fault="drop before_commit")
    pay_in_vain(dashboard_page)
    dashboard_page.clover.next(fault="delay delay_ms=300")
    dashboard_page.pay()
    dashboard_page.open()
    page = dashboard_page.page
    expect(dashboard_page.row(status="lost")).to_have_count(2)
    expect(page.locator("#sum-lost")).to_have_text("2")
    late = dashboard_page.row("⚡ fault", status="200")
    expect(late).to_have_count(1)
    expect(late.locator(".c-took")).to_have_text(re.compile(r"^[3-9]\d\d ms$|^[\d.]+ s$"))
    late.click()
    expect(page.locator("#detail .outcome")).to_contain_text("of which 300 ms a delay fault")
    dashboard_page.exchange(2).click()
    outcome = page.locator("#detail .outcome")
    expect(outcome).to_contain_text("the client got no response; the operation was carried out")
    dashboard_page.exchange(4).click()
    expect(outcome).to_contain_text("the operation was not carried out")
    page.locator("label[for=chip-lost]").click()
    expect(dashboard_page.rows).to_have_count(2)


def test_request_is_shown_as_it_was_sent(dashboard_page: DashboardPage) -> None:
    token = dashboard_page.clover.card_token()
    body = {"amount": "18.00", "currency": "usd", "source": token, "captur": True}
    dashboard_page.shop.send("POST", "/v1/charges?limit=1", body)
    dashboard_page.shop.send("POST", "/v1/charges", body | {"amount": -5})
    dashboard_page.open("exchanges/2")
    detail = dashboard_page.page.locator("#detail")
    sent = detail.get_by_role("region", name="Request as it was sent")
    expect(sent).to_contain_text('amount: "18.00"')
    expect(sent).to_contain_text("captur: true")
    read = detail.get_by_role("region", name="Request as it was read")
    expect(read).to_contain_text("amount: 18")
    expect(sent).to_contain_text("POST /v1/charges?limit=1")
    dashboard_page.page.goto(f"{dashboard_page.clover.url}/_mock/#/exchanges/3")
    expect(detail.get_by_role("region", name="Request", exact=True)).to_contain_text("amount: -5")
    expect(detail.get_by_text("No body.")).to_have_count(0)


AGES = """async (cases) => {
  const { realTimes } = await import("/_mock/static/times.js");
  const now = Date.now();
  Date.now = () => now;
  return cases.map(([clock, atMs]) => Math.round((Date.now() - realTimes(clock)(atMs)) / 1000));
}"""
NOW, HOUR = 1_750_000_000_000, 3_600_000


def moves(*listed: tuple[int, int, int, bool], now_ms: int = NOW) -> dict[str, Any]:
    """Return a response of clock/moves; times in ms from NOW."""
    data = [
        {"machine_ms": NOW + machine, "from_ms": NOW + start, "to_ms": NOW + end, "frozen": frozen}
        for machine, start, end, frozen in listed
    ]
    return {"data": data, "now_ms": now_ms, "machine_ms": NOW, "frozen": False}


def test_old_requests_are_charted_at_their_time(dashboard_page: DashboardPage) -> None:
    dashboard_page.clover.clock.advance("8d")
    dashboard_page.pay()
    dashboard_page.open()
    page = dashboard_page.page
    expect(page.locator(".jump-mark").first).to_have_text("clock +8 days")
    expect(page.locator(".tick").first).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    jump = moves((-60_000, -60_000, HOUR, False), now_ms=NOW + HOUR + 60_000)
    frozen = moves(
        (-90_000, -90_000, -90_000, True), (-30_000, -90_000, -90_000, False), now_ms=NOW - 60_000
    )
    cases = {
        "four minutes ago": (moves(), NOW - 240_000, 240),
        "on a clock that was set before": (moves(now_ms=NOW + HOUR), NOW + HOUR - 5_000, 5),
        "after a jump": (jump, NOW + HOUR + 20_000, 40),
        "before a jump": (jump, NOW - 70_000, 70),
        "while it was frozen": (frozen, NOW - 90_000, 30),
        "before it was frozen": (frozen, NOW - 100_000, 100),
        "after it was resumed": (frozen, NOW - 70_000, 10),
    }
    ages = page.evaluate(AGES, [[clock, at_ms] for clock, at_ms, _ in cases.values()])
    assert dict(zip(cases, ages, strict=True)) == {name: age for name, (_, _, age) in cases.items()}


def test_next_charge_is_armed_and_disarmed(dashboard_page: DashboardPage) -> None:
    dashboard_page.open()
    page = dashboard_page.page
    page.locator("#next > summary").click()
    part, approve = (page.locator(f"#next-menu .inline {tag}").first for tag in ("input", "button"))
    expect(approve).to_be_visible()
    assert right_of(part) < approve.bounding_box()["x"], "the button does not cover the field"
    page.get_by_role("button", name="insufficient funds").click()
    chip = page.get_by_role("button", name="Disarm next: declined: insufficient funds")
    expect(chip).to_be_visible()
    assert dashboard_page.pay().status == 402
    expect(chip).to_have_count(0)

    page.keyboard.press("n")
    expect(page.get_by_role("button", name="issuer declined")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#next-menu")).to_be_hidden()
    page.keyboard.press("n")
    page.get_by_label("be approved only for").fill("7.50")
    page.get_by_role("button", name="Approve in part").click()
    chip = page.get_by_role("button", name="Disarm next: approved for 7.50")
    expect(chip).to_be_visible()
    chip.click()
    expect(chip).to_have_count(0)
    assert dashboard_page.pay().body["amount"] == 1800
    for name, shown in (
        ("lose its response", "response lost"),
        ("get a 503", "SERVICE UNAVAILABLE"),
        ("method challenge", "3-D Secure method challenge"),
        ("Delay", "5 s late"),
    ):
        page.locator("#next > summary").click()
        page.locator("#next-menu").get_by_role("button", name=name).click()
        chip = page.get_by_role("button", name=f"Disarm next: {shown}", include_hidden=True)
        expect(chip).to_have_count(1)
    assert len(dashboard_page.clover._request("GET", "/_mock/next")["data"]) == 4


def test_existing_sandbox_is_replaced_only_after_a_question(dashboard_page: DashboardPage) -> None:
    dashboard_page.pay()
    dashboard_page.open("sandboxes")
    page, name = dashboard_page.page, dashboard_page.clover.name
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"with \d+ objects and 2 requests"))
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert len(dashboard_page.clover.charges) == 1
    page.get_by_role("button", name="Create").click()
    dialog.get_by_role("button", name="Replace it").click()
    expect(page.get_by_text("Created:")).to_be_visible()
    assert dashboard_page.clover.charges == []
    dashboard_page.leave()


def test_platform_webhook_is_verified_or_skips_it(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("webhooks")
    page, clover = dashboard_page.page, dashboard_page.clover
    for number in (1, 2):
        page.get_by_label("URL").fill(f"http://127.0.0.1:9/hook{number}")
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_label(f"Verification code of target-{number}")).to_be_visible()
        expect(page.get_by_label("URL")).to_have_value("")
    snapshot = clover.snapshot()["webhooks"]["targets"]
    code = next(each["code"] for each in snapshot if each["id"] == "target-1")
    page.get_by_label("Verification code of target-1").fill("wrong")
    page.get_by_role("button", name="Verify").first.click()
    expect(page.get_by_role("alert")).to_contain_text("does not match")
    page.get_by_label("Verification code of target-1").fill(code)
    page.get_by_role("button", name="Verify").first.click()
    expect(page.get_by_label("Verification code of target-1")).to_have_count(0)
    page.get_by_role("button", name="Skip verification of target-2").click()
    expect(page.get_by_label("Verification code of target-2")).to_have_count(0)
    page.get_by_label("URL").fill("http://127.0.0.1:9/hook3")
    page.get_by_label("Skip the verification code").check()
    page.get_by_role("button", name="Add").click()
    targets = page.get_by_role("region", name="Targets", exact=True).last
    expect(targets.get_by_text("active")).to_have_count(3)
    dashboard_page.leave()


def test_error_fault_is_not_late_and_leaves_no_stale_words(dashboard_page: DashboardPage) -> None:
    dashboard_page.open("faults")
    page = dashboard_page.page
    delay = page.get_by_label("Delay (ms)")
    expect(delay).to_have_value("1000")
    page.get_by_label("Fault type").select_option("problem")
    expect(delay).to_have_value("")
    page.get_by_label("Error", exact=True).select_option("CHARGE_NOT_FOUND")
    page.get_by_label("Count").fill("1")
    page.get_by_role("button", name="Add fault").click()
    expect(page.locator("#fault-chip")).to_contain_text("1 fault")
    dashboard_page.shop.send("GET", "/v1/charges")
    expect(page.get_by_text("No active faults.")).to_be_visible()
    expect(page.get_by_text("Fault added.")).to_have_count(0)
    dashboard_page.leave()


def test_open_row_follows_its_changes(dashboard_page: DashboardPage) -> None:
    charge = dashboard_page.pay(5000).body["id"]
    dashboard_page.open(f"data/charges/{charge}")
    steps = dashboard_page.page.get_by_role("region", name="Payment history").locator("li")
    expect(steps).to_have_count(1)
    dashboard_page.shop.send("POST", "/v1/refunds", {"charge": charge, "amount": 2000})
    expect(steps).to_have_count(2)


def test_view_opened_while_the_server_is_down_recovers(
    clover: MockClover, new_session: Callable[..., BrowserSession], proxy: TcpProxy
) -> None:
    session = new_session()
    dashboard_page = DashboardPage(clover, session)
    base = f"http://127.0.0.1:{proxy.port}/sandbox/{clover.name}"
    dashboard_page.open(at=base)
    page = dashboard_page.page
    proxy.disconnect()
    expect(page.locator("#banner")).to_be_visible()
    page.get_by_role("link", name="Webhooks").click()
    expect(page.get_by_text("This view could not be loaded")).to_be_visible()
    proxy.reconnect()
    expect(page.get_by_text("No targets: events are not sent.")).to_be_visible()
    dashboard_page.leave()
