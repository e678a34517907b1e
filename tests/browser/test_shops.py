"""The example shops on another origin: plain HTML and React."""

from typing import NamedTuple

import pytest
from browser_session import SharedBrowserSession
from playwright.sync_api import FrameLocator, Locator, Page, ViewportSize, expect
from shop import Shop
from shops import SHOPS

from mock_clover.testing import MockClover
from tests.in_process import DECLINED_CARD, VISA

CHALLENGED = "4012000033330026"
"""Requires a challenge for 250.01, and for no other amount."""
TALL: ViewportSize = {"width": 1280, "height": 1400}
"""Without smooth scrolling, after which a click may hit another frame."""
CARD_FIELDS = ".clover-field iframe"


class Counter(NamedTuple):
    """A shop's checkout in a browser."""

    page: Page

    def field(self, name: str) -> Locator:
        return self.page.frame_locator(f"#card-{name} iframe").locator("input")

    def fill(self, pan: str, date: str = "12/30", cvv: str = "123", code: str = "94043") -> None:
        fields = {"number": pan, "date": date, "cvv": cvv, "postal-code": code}
        for name, text in fields.items():
            self.field(name).fill(text)

    def pay(self, pan: str = VISA, amount: int = 1800) -> None:
        self.type_amount(amount)
        self.fill(pan)
        self.press("Pay")

    def type_amount(self, amount: int) -> None:
        """Type an amount key by key: in Firefox, React does not notice a value that is set."""
        entry = self.page.get_by_label("Amount in cents")
        entry.press("ControlOrMeta+a")
        entry.press_sequentially(str(amount))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def tells(self, message: str) -> None:
        expect(self.page.get_by_role("status")).to_have_text(message)

    def errors(self, *message: str) -> None:
        expect(self.page.locator(".error")).to_have_text(message)

    def open_wallet(self, name: str) -> FrameLocator:
        """Press a wallet's button and return its sheet."""
        self.page.frame_locator(f"#{name} iframe").get_by_role("button").click()
        sheet = self.page.frame_locator("dialog[open] iframe")
        expect(sheet.get_by_role("heading")).to_be_visible()
        return sheet

    @property
    def bank(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Your bank']")


@pytest.fixture(params=SHOPS)
def counter(
    request: pytest.FixtureRequest, clover: MockClover, shop: Shop, session: SharedBrowserSession
) -> Counter:
    """The checkout of each shop, with all fields mounted."""
    session.page.set_viewport_size(TALL)
    page = session.open(SHOPS[request.param](shop, clover))
    counter = Counter(page)
    for name in ("number", "date", "cvv", "postal-code"):
        expect(counter.field(name)).to_be_visible()
    return counter


@pytest.mark.firefox
def test_a_card_is_corrected_charged_declined_and_kept(
    counter: Counter, clover: MockClover, shop: Shop
) -> None:
    counter.field("number").fill("4242 4242 4242 4241")
    counter.field("date").focus()
    counter.errors("Card number is invalid.", "", "", "")
    counter.press("Pay")
    counter.tells("Look at your card again")
    counter.errors(
        "Card number is invalid.",
        "Card expiry is required.",
        "Card CVV is required.",
        "Postal code is required.",
    )
    assert clover.journal() == []
    counter.pay()
    counter.tells("Paid 1800")
    counter.errors("", "", "", "")
    counter.pay(DECLINED_CARD)
    counter.tells("Refused: DECLINED: No reason provided.")
    counter.page.get_by_label("Keep this card").check()
    counter.pay(amount=2500)
    counter.tells("Paid 2500")
    counter.type_amount(700)
    counter.press("Pay with the kept card")
    counter.tells("Paid 700")
    assert [(each["amount"], each["status"]) for each in clover.charges] == [
        (700, "succeeded"),
        (2500, "succeeded"),
        (1800, "failed"),
        (1800, "succeeded"),
    ]
    assert shop.requested_paths.count("/pay") == 4


def test_the_bank_is_asked(counter: Counter, clover: MockClover) -> None:
    counter.page.get_by_label("Ask my bank").check()
    counter.pay(CHALLENGED, amount=25001)
    counter.tells("Waiting for your bank")
    counter.bank.get_by_role("button", name="Approve").click()
    counter.tells("Paid 25001")
    counter.pay(CHALLENGED, amount=25001)
    counter.bank.get_by_role("button", name="Fail").click()
    counter.tells("Refused: 3-D Secure authentication failed")
    assert [each["status"] for each in clover.charges] == ["failed", "succeeded"]


def test_wallets_pay_are_declined_and_cancelled(counter: Counter, clover: MockClover) -> None:
    counter.open_wallet("google-pay").locator(".pay").click()
    counter.tells("Paid 1800")
    counter.open_wallet("apple-pay").locator(".pay").click()
    expect(counter.page.locator("dialog[open]")).to_have_count(0)
    sheet = counter.open_wallet("apple-pay")
    sheet.locator("option", has_text=DECLINED_CARD[-4:]).first.wait_for(state="attached")
    result = sheet.locator("option", has_text=DECLINED_CARD[-4:]).first.get_attribute("value")
    sheet.get_by_role("combobox").select_option(result)
    sheet.locator(".pay").click()
    counter.tells("Refused: DECLINED: No reason provided.")
    expect(counter.page.locator("dialog[open]")).to_have_count(0)
    counter.open_wallet("apple-pay").locator(".cancel").click()
    counter.tells("Apple Pay: session_cancelled")
    paid = [(each["amount"], each["status"]) for each in clover.charges]
    assert paid == [(1800, "failed"), (1800, "succeeded"), (1800, "succeeded")]


@pytest.mark.firefox
def test_returning_customer(counter: Counter, clover: MockClover) -> None:
    page = counter.page
    footer = page.locator(".clover-footer")
    for _ in range(2):
        # StrictMode mounts twice and unmounts once: each field must be there exactly once.
        expect(page.locator(CARD_FIELDS)).to_have_count(4)
        expect(footer).to_have_count(1)
        expect(footer).to_be_visible()
        counter.pay()
        counter.tells("Paid 1800")
        page.get_by_role("link", name="Cart").click()
        expect(page.get_by_role("heading")).to_have_text("Your cart: one lamp")
        expect(page.locator(CARD_FIELDS)).to_have_count(0)
        expect(footer.filter(visible=True)).to_have_count(0)
        page.get_by_role("link", name="Checkout").click()
    assert len(clover.charges) == 2
