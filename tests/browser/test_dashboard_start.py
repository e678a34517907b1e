"""The first five minutes in the dashboard: an empty sandbox, a test charge, and the test cards."""

import shutil
import subprocess
from typing import Any

import pytest
from browser_session import SharedBrowserSession
from dashboard_page import DashboardPage
from playwright.sync_api import expect

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD

TIMEOUT_S = 60


@pytest.fixture
def dashboard_page(clover: MockClover, session: SharedBrowserSession) -> DashboardPage:
    session.page.set_viewport_size({"width": 1400, "height": 800})
    return DashboardPage(clover, session)


def test_an_empty_sandbox_shows_how_to_start(dashboard_page: DashboardPage) -> None:
    page, clover = dashboard_page.open().page, dashboard_page.clover
    start = page.locator("#start-here")
    expect(start).to_contain_text("Waiting for the first request.")
    for value in (clover.url, clover.access_token, clover.api_key, clover.merchant_id):
        expect(start.locator(".credentials")).to_contain_text(value)
    declined = start.get_by_role("region", name="Declined", exact=True).locator("tr").nth(1)
    expect(declined).to_contain_text(DECLINED_CARD)
    expect(declined).to_contain_text("declined: No reason provided.")
    flows = start.get_by_role("region", name="3-D Secure", exact=True)
    expect(flows).to_contain_text("challenge, for $250.01")
    start.get_by_role("button", name="Make a test charge").click()
    expect(dashboard_page.rows).to_have_count(2)
    expect(dashboard_page.newest()).to_contain_text("$18.00 · VISA ••4242")
    expect(start).to_be_hidden()

    page.get_by_role("link", name="Get started").click()
    later = page.locator("#start-body")
    later.get_by_role("button", name=f"Charge {DECLINED_CARD}").click()
    expect(later.locator(".message")).to_contain_text("$18.00 of VISA ••2222: 402, issuer_declined")
    later.get_by_role("button", name="Charge 4012000033330026").click()
    expect(later.locator(".message")).to_contain_text("$250.01 of VISA ••0026: 200, waiting for")
    expect(later.get_by_role("link", name="Act as the cardholder")).to_be_visible()
    later.get_by_label("Currency of test charges").select_option("CAD")
    expect(later.get_by_label("Currency of test charges")).to_be_focused()
    expect(later.locator("pre")).to_contain_text('"currency":"cad"')
    later.get_by_role("button", name="Make a test charge").click()
    expect(later.locator(".message")).to_contain_text("CA$18.00 of VISA ••4242: 200, approved")
    assert clover.charges[0]["currency"] == "CAD"
    later.get_by_label("Currency of test charges").select_option("USD")
    expect(later.locator("pre")).to_contain_text('"currency":"usd"')
    later.get_by_role("button", name="Charge 4001230000000129").click()
    expect(later.locator(".message")).to_contain_text("$10.00 of VISA ••0129: 200, approved")
    later.get_by_role("button", name=f"Charge {DECLINED_CARD}").click()
    expect(later.locator(".message")).to_contain_text("402, issuer_declined")
    later.get_by_role("link", name="Open the request").click()
    expect(page.locator("#detail .why")).to_contain_text("is listed to decline")
    dashboard_page.leave()


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
@pytest.mark.parametrize("settings", [{}, {"strict": True}])
def test_the_curl_commands_work_as_they_are(
    dashboard_page: DashboardPage, settings: dict[str, Any]
) -> None:
    clover = dashboard_page.clover
    dashboard_page.move_to(clover.create(clover.transport, clover.name, settings))
    page = dashboard_page.open("start").page
    expect(page.locator("#start-body pre")).to_contain_text(clover.url)
    commands = page.locator("#start-body pre").text_content()
    run = subprocess.run(
        ["sh", "-c", str(commands)], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    assert run.stdout.startswith("HTTP/1.1 200 OK")
    assert '"status":"succeeded"' in run.stdout
