"""Google Pay and Apple Pay of the SDK, the bar of test cards, and requests without the SDK."""

from typing import Any

from browser_session import BrowserSession, SharedBrowserSession, wait_until_it_fits
from checkout_page import CODE, DECLINED_CARD, TYPES, CheckoutPage, send
from playwright.sync_api import FrameLocator, Locator, expect
from shop import Shop

from mock_clover.scenario.load import load
from tests.server_process import ServerProcess

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
  google.addEventListener(name, (detail) => events.push(['google', name, detail]));
  window.addEventListener(name, ({detail}) => events.push(['window', name, detail]));
}
window.addEventListener('paymentAuthorize', ({detail}) =>
  events.push(['window', 'paymentAuthorize', detail]));
google.mount('#PAYMENT_REQUEST_BUTTON');
apple.mount('#PAYMENT_REQUEST_BUTTON_APPLE_PAY');
"""
WALLETS = {"types": (GOOGLE, APPLE), "code": CODE.replace("of TYPES", "of []") + BUTTONS}


def button(checkout_page: CheckoutPage, type_: str) -> Locator:
    return checkout_page.input(type_, "button")


def sheet(checkout_page: CheckoutPage) -> FrameLocator:
    return checkout_page.page.frame_locator("dialog.mock-clover-wallet[open] iframe")


def report_messages(checkout_page: CheckoutPage) -> None:
    """Add later messages of the sheet to the events: it is removed soon after the last one."""
    checkout_page.page.evaluate(
        "() => addEventListener('message', ({data}) =>"
        " data?.said && events.push(['sheet', 'message', data.said]), {once: true})"
    )
    sheet(checkout_page).locator(".message").evaluate(
        "(node) => new MutationObserver(() => parent.postMessage({said: node.textContent}, '*'))"
        ".observe(node, {childList: true})"
    )


def test_google_pay_gives_the_shop_a_token(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, **WALLETS)
    expect(button(checkout_page, GOOGLE)).to_have_text("Google Paymock")
    button(checkout_page, GOOGLE).click()
    expect(sheet(checkout_page).locator(".total")).to_have_text("Two <b>tickets</b> $12.90")
    expect(sheet(checkout_page).get_by_role("button", name="Pay with test card")).to_be_focused()
    sheet(checkout_page).get_by_label("Email").fill("jo@example.com")
    sheet(checkout_page).get_by_role("button", name="Pay").click()
    start, paid, end = checkout_page.take_events("google", "paymentMethodEnd")
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
    expect(checkout_page.page.locator("dialog[open]")).to_have_count(0)
    assert checkout_page.charge(token).status == 200
    checkout_page.page.evaluate("clover.updateGooglePaymentStatus('success')")
    # Another card, by keyboard; then Escape.
    button(checkout_page, GOOGLE).press("Enter")
    expected = (
        sheet(checkout_page).locator("option").filter(has_text=f"VISA ••{DECLINED_CARD[-4:]}")
    )
    expect(expected).to_be_attached()
    sheet(checkout_page).get_by_label("Card").select_option(expected.get_attribute("value"))
    sheet(checkout_page).get_by_label("Card").press("Enter")
    sheet(checkout_page).get_by_role("button", name="Pay").press("Enter")
    token = checkout_page.take_events("google", "paymentMethodEnd")[1][2]["token"]
    assert checkout_page.charge(token).status == 402
    button(checkout_page, GOOGLE).click()
    sheet(checkout_page).get_by_label("Email").focus()
    checkout_page.page.keyboard.press("Escape")
    cancelled = {"eventMessage": "The customer closed the sheet.", "status": "session_cancelled"}
    assert checkout_page.take_events("google", "paymentMethodEnd")[-1][2] == cancelled
    expect(checkout_page.page.locator("dialog[open]")).to_have_count(0)


REQUEST = {
    "countryCode": "CA",
    "currencyCode": "CAD",
    "merchantCapabilities": ["supports3DS", "supportsEMV"],
    "supportedNetworks": ["visa", "masterCard", "amex", "discover"],
    "total": {"label": "Amount to be charged", "type": "final", "amount": "12.90"},
    "requiredShippingContactFields": ["email"],
    "requiredBillingContactFields": ["postalAddress", "name"],
}


def test_apple_pay_tells_the_window_and_waits_for_the_shop(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, **WALLETS)
    assert checkout_page.page.evaluate("request") == REQUEST
    for status, shown in (("success", "Paid."), ("failed", "The payment failed.")):
        button(checkout_page, APPLE).click()
        expect(sheet(checkout_page).locator(".total")).to_have_text("Amount to be charged CA$12.90")
        sheet(checkout_page).get_by_role("button", name="Pay").click()
        authorized, paid = checkout_page.take_events("window", "paymentMethod")
        assert authorized == ["window", "paymentAuthorize", {"status": "authorized"}]
        detail = paid[2]
        assert set(detail) == {"tokenRecieved", "tokenReceived", "customerEmail", "status"}
        assert detail["tokenRecieved"] == detail["tokenReceived"]
        assert detail["customerEmail"] == "wallet@example.com"
        assert checkout_page.charge(detail["tokenRecieved"]["id"]).status == 200
        expect(sheet(checkout_page).locator(".message")).to_have_text("Waiting for the shop…")
        report_messages(checkout_page)
        checkout_page.page.evaluate("(status) => clover.updateApplePaymentStatus(status)", status)
        assert checkout_page.take_events("sheet", "message") == [["sheet", "message", shown]]
        expect(checkout_page.page.locator("dialog[open]")).to_have_count(0)
    button(checkout_page, APPLE).click()
    updated = "clover.updateApplePaymentRequest({amount: 500, currencyCode: 'CAD'})"
    assert checkout_page.page.evaluate(updated)["total"]["amount"] == "5.00"
    expect(sheet(checkout_page).locator(".amount")).to_have_text("CA$5.00")
    sheet(checkout_page).get_by_role("button", name="Cancel").click()
    ((where, event, detail),) = checkout_page.take_events("window", "paymentMethodEnd")
    assert (where, event, detail["status"]) == ("window", "paymentMethodEnd", "session_cancelled")


def test_a_session_of_apple_pay_ends_after_30_seconds(
    checkout_page: CheckoutPage, new_session: Any
) -> None:
    session = new_session()
    checkout_page.page = session.context.new_page()
    checkout_page.page.clock.install()
    checkout_page.page.goto(checkout_page.publish(**WALLETS))
    button(checkout_page, APPLE).click()
    expect(sheet(checkout_page).locator(".pay")).to_be_visible()
    checkout_page.page.clock.fast_forward(10_000)  # the clock also runs by itself
    expect(checkout_page.page.locator("dialog[open]")).to_have_count(1)
    checkout_page.page.clock.fast_forward(20_000)
    expect(checkout_page.page.locator("dialog[open]")).to_have_count(0)
    (ended,) = checkout_page.take_events("window", "paymentMethodEnd")
    assert ended[2] == {
        "eventMessage": "The session ended after 30 seconds.",
        "status": "session_cancelled",
    }


def test_a_wallets_refused_token_leaves_the_sheet_open(
    shared_server: ServerProcess, shop: Shop, session: BrowserSession
) -> None:
    rule = {"when": {"endpoint": "create_token", "first": 1}, "then": {"problem": "RATE_LIMITED"}}
    checkout_page = CheckoutPage(shared_server, shop, {"name": "busy", "rules": [rule]})
    checkout_page.page = session.open(checkout_page.publish(**WALLETS))
    button(checkout_page, APPLE).click()
    sheet(checkout_page).get_by_role("button", name="Pay").click()
    expect(sheet(checkout_page).locator(".message")).to_contain_text("429 Too Many Requests")
    sheet(checkout_page).get_by_role("button", name="Pay").click()
    assert checkout_page.take_events("window", "paymentMethod")[-1][2]["status"] == "success"
    session.errors.clear()  # the browser's own, of the 429
    for code, message in {
        "clover.updateApplePaymentStatus('done')": "status must be 'success' or 'failed'",
        f"wallets.create('{GOOGLE}', {{}})": "needs {paymentReqData: {total",
        f"wallets.create('{APPLE}')": "needs {applePaymentRequest}",
        "clover.createApplePaymentRequest({amount: 'x'})": "must be a number of cents",
    }.items():
        output = f"() => {{ try {{ {code} }} catch (error) {{ return error.message }} }}"
        assert message in checkout_page.page.evaluate(output), code


def test_test_card_bar(checkout_page: CheckoutPage, session: SharedBrowserSession) -> None:
    session.page.set_viewport_size({"width": 360, "height": 640})
    requested = "?mock_clover_cards=1"
    strip = "iframe[title='Test cards (mock)']"
    checkout_page.page = session.open(checkout_page.publish() + requested)
    expect(checkout_page.page.locator(strip)).to_be_visible()
    checkout_page.page = session.open(checkout_page.publish(script="/sdk.js" + requested))
    cards = checkout_page.page.frame_locator(strip)
    expect(cards.locator("button").first).to_be_hidden()  # on a phone
    cards.locator("summary").click()
    expect(cards.get_by_role("button", name="VISA ••0026 · challenge at $250.01")).to_be_visible()
    expect(cards.locator("button")).to_have_count(len(load("sandbox").cards))
    cards.locator("fieldset", has_text="Declined").locator("button").first.press("Enter")
    expect(checkout_page.input("CARD_NUMBER")).to_have_value("4005 5717 0222 2222")
    expect(checkout_page.input("CARD_POSTAL_CODE")).to_have_value("94043")
    assert checkout_page.charge(checkout_page.tokenize()["token"]).status == 402
    cards.get_by_role("button", name="AMEX ••0005").click()
    expect(checkout_page.input("CARD_CVV")).to_have_value("1234")
    assert checkout_page.tokenize()["card"]["brand"] == "AMEX"
    assert "4005" not in checkout_page.page.evaluate("JSON.stringify(events)")
    cards.locator("summary").click()
    expect(cards.locator("button").first).to_be_hidden()
    wait_until_it_fits(checkout_page.page)


def test_page_without_test_cards_requests_only_tokens(
    checkout_page: CheckoutPage, session: BrowserSession
) -> None:
    checkout_page.page = session.open(checkout_page.publish())
    checkout_page.wait_ready()
    expect(checkout_page.page.locator("iframe")).to_have_count(len(TYPES))
    blocked = checkout_page.page.evaluate(
        "(base) => fetch(base + '/sdk/cards').then(() => 'read', ({name}) => name)",
        checkout_page.base,
    )
    assert blocked == "TypeError"
    cards = send(f"{checkout_page.base}/sdk/cards").json["cards"]
    assert cards[0] == {
        "number": "4242424242424242",
        "brand": "VISA",
        "group": "approve",
        "needs": "",
        "about": "observed as approved 2021 to 2025",
        "note": "observed as approved 2021 to 2025",
    }
    assert {each["group"] for each in cards} == {"approve", "decline", "threeds"}
    created = checkout_page.page.evaluate(
        "async ([base, apikey]) => (await fetch(base + '/v1/tokens', {method: 'POST',"
        " headers: {apikey, 'content-type': 'application/json'}, body: JSON.stringify({card:"
        " {number: '4242424242424242', exp_month: '12', exp_year: '2030', cvv: '123'}})})).json()",
        [checkout_page.base, checkout_page.known["api_key"]],
    )
    assert created["id"].startswith("clv_")
    steer = "(url) => fetch(url, {method: 'POST', body: '{}'}).then(() => 'done', ({name}) => name)"
    assert checkout_page.page.evaluate(steer, f"{checkout_page.base}/_mock/reset") == "TypeError"
    assert (
        send(f"{checkout_page.base}/_mock/verify", {"endpoint": "create_token"}).json["count"] == 1
    )
    session.errors.clear()  # the browser's own, of what it blocked
