"""Google Pay and Apple Pay of the SDK, the bar of test cards, and calls without the SDK."""

from typing import Any

from playwright.sync_api import FrameLocator, Locator, expect
from shop import Shop
from till import CODE, DECLINES, TYPES, Till, ask
from visitor import SharedVisitor, Visitor

from mock_clover.scenario.load import load
from tests.served import Served

GOOGLE, APPLE = "PAYMENT_REQUEST_BUTTON", "PAYMENT_REQUEST_BUTTON_APPLE_PAY"
BUTTONS = """
const wallets = clover.elements();
window.request = clover.createApplePaymentRequest(
  {amount: 1290, countryCode: 'CA', currencyCode: 'CAD'});
const google = wallets.create('PAYMENT_REQUEST_BUTTON', {paymentReqData: {
  total: {label: 'Two <b>tickets</b>', amount: 1290}, options: {button: {buttonType: 'short'}}}});
const apple = wallets.create('PAYMENT_REQUEST_BUTTON_APPLE_PAY',
  {applePaymentRequest: request, sessionIdentifier: MERCHANT});
for (const name of ['paymentMethodStart', 'paymentMethod', 'paymentMethodEnd']) {
  google.addEventListener(name, (detail) => heard.push(['google', name, detail]));
  window.addEventListener(name, ({detail}) => heard.push(['window', name, detail]));
}
window.addEventListener('paymentAuthorize', ({detail}) =>
  heard.push(['window', 'paymentAuthorize', detail]));
google.mount('#PAYMENT_REQUEST_BUTTON');
apple.mount('#PAYMENT_REQUEST_BUTTON_APPLE_PAY');
"""
WALLETS = {"types": (GOOGLE, APPLE), "code": CODE.replace("of TYPES", "of []") + BUTTONS}


def button(till: Till, type_: str) -> Locator:
    return till.input(type_, "button")


def sheet(till: Till) -> FrameLocator:
    return till.page.frame_locator("dialog.mock-clover-wallet[open] iframe")


def test_google_pay_gives_the_shop_a_token(till: Till, open_till: Any) -> None:
    open_till(till, **WALLETS)
    expect(button(till, GOOGLE)).to_have_text("Google Paymock")
    button(till, GOOGLE).click()
    expect(sheet(till).locator(".total")).to_have_text("Two <b>tickets</b> 12.90")
    expect(sheet(till).get_by_role("button", name="Pay with test card")).to_be_focused()
    sheet(till).get_by_label("Email").fill("jo@example.com")
    sheet(till).get_by_role("button", name="Pay").click()
    start, paid, end = till.heard("google", "paymentMethodEnd")
    assert start == ["google", "paymentMethodStart", {}]
    billing = {
        "cardNetwork": "VISA",
        "cardDetails": "4242",
        "billingAddress": {"postalCode": "94043"},
    }
    token = paid[2]["token"]
    assert paid == [
        "google",
        "paymentMethod",
        {"token": token, "customer": {"email": "jo@example.com", "billingInfo": billing}},
    ]
    assert end == ["google", "paymentMethodEnd", {"status": "success"}]
    expect(till.page.locator("dialog[open]")).to_have_count(0)
    assert till.charge(token).status == 200
    till.page.evaluate("clover.updateGooglePaymentStatus('success')")
    # Another card, by the keyboard; then Escape.
    button(till, GOOGLE).press("Enter")
    wanted = sheet(till).locator("option").filter(has_text=f"VISA ••{DECLINES[-4:]}")
    sheet(till).get_by_label("Card").select_option(wanted.get_attribute("value"))
    sheet(till).get_by_label("Card").press("Enter")
    sheet(till).get_by_role("button", name="Pay").press("Enter")
    token = till.heard("google", "paymentMethodEnd")[1][2]["token"]
    assert till.charge(token).status == 402
    button(till, GOOGLE).click()
    sheet(till).get_by_label("Email").focus()
    till.page.keyboard.press("Escape")
    cancelled = {"eventMessage": "The customer closed the sheet.", "status": "session_cancelled"}
    assert till.heard("google", "paymentMethodEnd")[-1][2] == cancelled
    expect(till.page.locator("dialog[open]")).to_have_count(0)


REQUEST = {
    "countryCode": "CA",
    "currencyCode": "CAD",
    "merchantCapabilities": ["supports3DS", "supportsEMV"],
    "supportedNetworks": ["visa", "masterCard", "amex", "discover"],
    "total": {"label": "Amount to be charged", "type": "final", "amount": "12.90"},
    "requiredShippingContactFields": ["email"],
    "requiredBillingContactFields": ["postalAddress", "name"],
}


def test_apple_pay_tells_the_window_and_waits_for_the_shop(till: Till, open_till: Any) -> None:
    open_till(till, **WALLETS)
    assert till.page.evaluate("request") == REQUEST
    for status, shown in (("success", "Paid."), ("failed", "The payment failed.")):
        button(till, APPLE).click()
        expect(sheet(till).locator(".total")).to_have_text("Amount to be charged 12.90 CAD")
        sheet(till).get_by_role("button", name="Pay").click()
        authorized, paid = till.heard("window", "paymentMethod")
        assert authorized == ["window", "paymentAuthorize", {"status": "authorized"}]
        detail = paid[2]
        assert set(detail) == {"tokenRecieved", "tokenReceived", "customerEmail", "status"}
        assert detail["tokenRecieved"] == detail["tokenReceived"]
        assert detail["customerEmail"] == "wallet@example.com"
        assert till.charge(detail["tokenRecieved"]["id"]).status == 200
        expect(sheet(till).locator(".message")).to_have_text("Waiting for the shop…")
        till.page.evaluate("(status) => clover.updateApplePaymentStatus(status)", status)
        # It is shown for a moment, and stays to be read a moment longer.
        ended = till.page.locator("dialog.mock-clover-wallet iframe").last.content_frame
        expect(ended.locator(".message")).to_have_text(shown)
        expect(till.page.locator("dialog[open]")).to_have_count(0)
    button(till, APPLE).click()
    updated = "clover.updateApplePaymentRequest({amount: 500, currencyCode: 'CAD'})"
    assert till.page.evaluate(updated)["total"]["amount"] == "5.00"
    expect(sheet(till).locator(".amount")).to_have_text("5.00 CAD")
    sheet(till).get_by_role("button", name="Cancel").click()
    ((where, event, detail),) = till.heard("window", "paymentMethodEnd")
    assert (where, event, detail["status"]) == ("window", "paymentMethodEnd", "session_cancelled")


def test_a_session_of_apple_pay_ends_after_30_seconds(till: Till, visit: Any) -> None:
    visitor = visit()
    till.page = visitor.context.new_page()
    till.page.clock.install()
    till.page.goto(till.put(**WALLETS))
    button(till, APPLE).click()
    expect(sheet(till).locator(".pay")).to_be_visible()
    till.page.clock.fast_forward(29_000)
    expect(till.page.locator("dialog[open]")).to_have_count(1)
    till.page.clock.fast_forward(1_000)
    expect(till.page.locator("dialog[open]")).to_have_count(0)
    (ended,) = till.heard("window", "paymentMethodEnd")
    assert ended[2] == {
        "eventMessage": "The session ended after 30 seconds.",
        "status": "session_cancelled",
    }


def test_a_wallets_refused_token_leaves_the_sheet_open(
    served: Served, shop: Shop, visitor: Visitor
) -> None:
    rule = {"when": {"endpoint": "create_token", "first": 1}, "then": {"problem": "RATE_LIMITED"}}
    till = Till(served, shop, {"name": "busy", "rules": [rule]})
    till.page = visitor.open(till.put(**WALLETS))
    button(till, APPLE).click()
    sheet(till).get_by_role("button", name="Pay").click()
    expect(sheet(till).locator(".message")).to_contain_text("429 Too Many Requests")
    sheet(till).get_by_role("button", name="Pay").click()
    assert till.heard("window", "paymentMethod")[-1][2]["status"] == "success"
    visitor.complaints.clear()  # the browser's own, of the 429
    for code, said in {
        "clover.updateApplePaymentStatus('done')": "status must be 'success' or 'failed'",
        f"wallets.create('{GOOGLE}', {{}})": "needs {paymentReqData: {total",
        f"wallets.create('{APPLE}')": "needs {applePaymentRequest}",
        "clover.createApplePaymentRequest({amount: 'x'})": "must be a number of cents",
    }.items():
        told = f"() => {{ try {{ {code} }} catch (error) {{ return error.message }} }}"
        assert said in till.page.evaluate(told), code


def test_test_card_bar(till: Till, visitor: SharedVisitor) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 640})
    asked = "?mock_clover_cards=1"
    strip = "iframe[title='Test cards (mock)']"
    till.page = visitor.open(till.put() + asked)
    expect(till.page.locator(strip)).to_be_visible()
    till.page = visitor.open(till.put(script="/sdk.js" + asked))
    cards = till.page.frame_locator(strip)
    expect(cards.locator("button")).to_have_count(len(load("sandbox").cards))
    cards.locator("fieldset", has_text="Declined").locator("button").first.press("Enter")
    expect(till.input("CARD_NUMBER")).to_have_value("4005 5717 0222 2222")
    expect(till.input("CARD_POSTAL_CODE")).to_have_value("94043")
    assert till.charge(till.tokenise()["token"]).status == 402
    cards.get_by_role("button", name="AMEX ••0005").click()
    expect(till.input("CARD_CVV")).to_have_value("1234")
    assert till.tokenise()["card"]["brand"] == "AMEX"
    assert "4005" not in till.page.evaluate("JSON.stringify(heard)")
    cards.locator("summary").click()
    expect(cards.locator("button").first).to_be_hidden()
    assert till.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_page_without_test_cards_requests_only_tokens(till: Till, visitor: Visitor) -> None:
    till.page = visitor.open(till.put())
    till.wait_ready()
    expect(till.page.locator("iframe")).to_have_count(len(TYPES))
    blocked = till.page.evaluate(
        "(base) => fetch(base + '/sdk/cards').then(() => 'read', ({name}) => name)", till.base
    )
    assert blocked == "TypeError"
    cards = ask(f"{till.base}/sdk/cards").json["cards"]
    assert cards[0] == {
        "number": "4242424242424242",
        "brand": "VISA",
        "group": "approve",
        "about": "observed as approved 2021 to 2025",
    }
    assert {each["group"] for each in cards} == {"approve", "decline", "threeds"}
    made = till.page.evaluate(
        "async ([base, apikey]) => (await fetch(base + '/v1/tokens', {method: 'POST',"
        " headers: {apikey, 'content-type': 'application/json'}, body: JSON.stringify({card:"
        " {number: '4242424242424242', exp_month: '12', exp_year: '2030', cvv: '123'}})})).json()",
        [till.base, till.known["api_key"]],
    )
    assert made["id"].startswith("clv_")
    steer = "(url) => fetch(url, {method: 'POST', body: '{}'}).then(() => 'done', ({name}) => name)"
    assert till.page.evaluate(steer, f"{till.base}/_mock/reset") == "TypeError"
    assert ask(f"{till.base}/_mock/verify", {"endpoint": "create_token"}).json["count"] == 1
    visitor.complaints.clear()  # the browser's own, of what it blocked
