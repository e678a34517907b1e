"""A newcomer's questions, each answered with two clicks, and with a few keys instead."""

from collections.abc import Callable

import pytest
from browser_session import SharedBrowserSession
from dashboard_page import DashboardPage
from playwright.sync_api import Locator, expect

from mock_clover.testing import MockClover

TABS_MAX = 5
"""Presses of Tab that lead to a control, from the top of the page or of its content."""


class Mouse:
    """Use a control with the mouse."""

    def __init__(self, _: DashboardPage) -> None:
        self.uses = 0

    def use(self, control: Locator, _key: str = "") -> None:
        """Click a control."""
        control.click()
        self.uses += 1


class Keyboard:
    """Use a control with the keyboard."""

    def __init__(self, dashboard_page: DashboardPage) -> None:
        self.page = dashboard_page.page
        self.uses = 0

    def use(self, control: Locator, key: str = "") -> None:
        """Press the key of a control, or Tab until it has the focus, and then Enter."""
        expect(control).to_be_visible()
        if key:
            self.page.keyboard.press(key)
        else:
            if self.page.locator("main", has=control).count() and not self.uses:
                self.page.keyboard.press("Tab")  # the link that skips the header
                self.page.keyboard.press("Enter")
            for _ in range(TABS_MAX):
                if control.evaluate("control => control === document.activeElement"):
                    break
                self.page.keyboard.press("Tab")
            expect(control).to_be_focused()
            self.page.keyboard.press("Enter")
        self.uses += 1


@pytest.mark.parametrize("make", [Mouse, Keyboard])
def test_two_steps_answer_each_question(
    clover: MockClover,
    session: SharedBrowserSession,
    make: Callable[[DashboardPage], Mouse | Keyboard],
) -> None:
    session.page.set_viewport_size({"width": 1400, "height": 800})
    dashboard_page = DashboardPage(clover, session).open()
    page, hand = dashboard_page.page, make(dashboard_page)
    detail = page.locator("#detail")

    # Why was this declined? From an empty sandbox.
    hand.use(page.get_by_role("button", name="Make a declined charge"))
    expect(dashboard_page.rows).to_have_count(2)
    hand.use(dashboard_page.newest(), "Enter")
    expect(detail.locator(".why")).to_contain_text("is listed to decline")
    assert hand.uses == 2

    # Repeat this charge: a copy of its used token is charged.
    page.keyboard.press("Escape")
    dashboard_page.pay(1234)
    expect(dashboard_page.rows).to_have_count(4)
    page.keyboard.press("Escape")  # to the newest
    hand.use(dashboard_page.newest(), "Enter")
    hand.use(detail.get_by_role("button", name="Replay"), "r")
    expect(dashboard_page.rows).to_have_count(5)
    expect(page.locator("[aria-selected=true]")).to_have_attribute("aria-posinset", "1")
    expect(detail.locator(".outcome strong")).to_have_text("● 200")
    expect(detail.locator(".repeat")).to_contain_text("Replay of request 4")
    assert [each["amount"] for each in clover.charges[:2]] == [1234, 1234]
    assert hand.uses == 4

    # The next charge is declined.
    page.keyboard.press("Escape")
    hand.use(page.locator("#next > summary"), "n")
    hand.use(page.locator("#next-menu").get_by_role("button", name="issuer declined"))
    expect(page.locator("#next-chips")).to_contain_text("declined: issuer declined")
    assert hand.uses == 6
    assert dashboard_page.pay().status == 402

    # Eight days later.
    page.reload()
    dashboard_page.wait_until_live()
    hand.use(page.locator("#clock-chip"))
    hand.use(page.get_by_role("button", name="+ 8 days"))
    expect(page.locator("#faults .moves")).to_contain_text("+8 days")
    assert hand.uses == 8
    dashboard_page.leave()
