"""The bank account form of the SDK: what is typed, shown, sent to the shop, and tokenized."""

from typing import Any

import pytest
from browser_session import SharedBrowserSession, until, wait_until_it_fits
from checkout_page import CheckoutPage
from playwright.sync_api import expect

TYPE = "ACH_ELEMENTS"
ACCOUNT = {
    "first_name": "Jo",
    "last_name": "Test",
    "bank_routing_number": "123 456 789",
    "bank_account_number": "1234567891",
    "email": "jo@example.com",
    "phone": "415-555-0100",
    "address_line1": "1 Main Street",
    "address_city": "Reno",
    "address_state": "NV",
    "address_zip": "89501",
    "customer_id_state": "NV",
    "customer_id": "D1234567",
}
STYLES = {"label": {"fontSize": "12px"}, "input": {"padding": "3px"}, "card-cvv": {"color": "red"}}


def fill(checkout_page: CheckoutPage, **changes: str) -> None:
    for name, text in (ACCOUNT | changes).items():
        checkout_page.input(TYPE, f"#{name}").fill(text)


@pytest.mark.firefox
def test_bank_account_is_tokenized_and_charged(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, types=(TYPE,), styles=STYLES)
    assert checkout_page.tokenize() == {"errors": {TYPE: "First name is required."}}
    fill(checkout_page, bank_account_number="123")
    assert checkout_page.tokenize() == {"errors": {TYPE: "Account number is invalid."}}
    expect(checkout_page.input(TYPE, "#bank_account_number-error")).to_have_text(
        "Account number is invalid."
    )
    fill(checkout_page)
    assert checkout_page.tokenize() == {"errors": {TYPE: "The authorization is required."}}
    checkout_page.input(TYPE, "#agreement").check()
    created = checkout_page.tokenize()
    account = {"account_last4": "7891", "routing_last4": "6789"}
    assert created == {"token": created["token"], "ach": account}
    charged = checkout_page.charge(created["token"])
    assert (charged.status, charged.json["source"]["id"]) == (200, created["token"])
    expect(checkout_page.input(TYPE, "label >> nth=0")).to_have_css("font-size", "12px")


@pytest.mark.firefox
def test_business_has_a_name_of_its_own_and_events_carry_no_value(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, types=(TYPE,))
    fill(checkout_page)
    checkout_page.input(TYPE, "#check_type").select_option("corporate_check")
    expect(checkout_page.input(TYPE, "#first_name")).to_be_hidden()
    checkout_page.input(TYPE, "#business_name").fill("Test Lamps")
    checkout_page.input(TYPE, "#business_name").blur()
    events = checkout_page.take_events(TYPE, "blur")
    assert events[-1] == [TYPE, "blur", {TYPE: {"touched": True}}]
    assert "1234567891" not in str(events)
    checkout_page.input(TYPE, "#agreement").check()
    assert "token" in checkout_page.tokenize()


def test_form_fits_a_phone_and_its_container(
    checkout_page: CheckoutPage, session: SharedBrowserSession
) -> None:
    for width, css in ((320, ""), (375, f"#{TYPE} {{ height: 300px }}")):
        session.page.set_viewport_size({"width": width, "height": 700})
        checkout_page.page = session.open(checkout_page.publish((TYPE,), css=css))
        expect(checkout_page.input(TYPE, "#agreement")).to_be_attached()
        wait_until_it_fits(checkout_page.frame(TYPE))
        until(
            lambda: checkout_page.page.locator("iframe").evaluate("e => e.clientHeight"),
            lambda height, has_own=bool(css): height == 300 if has_own else height > 700,
        )
