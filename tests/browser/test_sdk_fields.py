"""Card fields of the SDK: what is typed, shown, sent to the shop, and tokenized."""

from typing import Any

import pytest
from browser_session import BrowserSession, SharedBrowserSession, until, wait_until_it_fits
from checkout_page import CARD_WITH_CHECKS, DECLINED_CARD, TYPES, CheckoutPage, send
from playwright.sync_api import expect
from shop import Shop

from mock_clover.clover.common.cards import BRANDS, brand_of
from mock_clover.scenario.load import load
from tests.server_process import ServerProcess

NUMBER, DATE, CVV, ZIP = "Card number is ", "Card expiry is ", "Card CVV is ", "Postal code is "
BAD, NONE = "invalid.", "required."


# typed, shown, error, brand's picture
NUMBERS = (
    ("4242424242424242", "4242 4242 4242 4242", "", "Visa"),
    ("4242 4242-4242 4241", "4242 4242 4242 4241", NUMBER + BAD, "Visa"),
    ("378282246310005", "3782 822463 10005", "", "American Express"),
    ("37828224631000599", "3782 822463 10005", "", "American Express"),
    ("5424180273333333", "5424 1802 7333 3333", "", "Mastercard"),
    ("30569309025904", "3056 930902 5904", "", "Diners Club"),
    ("3566002020360505", "3566 0020 2036 0505", "", "JCB"),
    ("6011000990139424", "6011 0009 9013 9424", "", "Discover"),
    ("9999999999999995", "9999 9999 9999 9995", NUMBER + BAD, ""),
    ("424242424242", "4242 4242 4242", NUMBER + BAD, "Visa"),
    ("\uff14\uff12\uff14\uff12abc", "4242", NUMBER + BAD, "Visa"),
    ("", "", NUMBER + NONE, ""),
)
DATES = (
    ("1230", "12/30", ""),
    ("12/2030", "12/2030", ""),
    ("5/30", "05/30", ""),
    ("530", "05/30", ""),
    ("12 - 30", "12/30", ""),
    ("1320", "13/20", DATE + BAD),
    ("0020", "00/20", DATE + BAD),
    ("1220", "12/20", DATE + BAD),
    ("12/99", "12/99", DATE + BAD),
    ("12", "12/", DATE + BAD),
    ("", "", DATE + NONE),
)
CVVS = (
    ("123", "123", ""),
    ("12", "12", CVV + BAD),
    ("1234", "1234", CVV + BAD),
    ("", "", CVV + NONE),
)
CODES = (
    ("94043", "94043", ""),
    ("94043-1351", "94043-1351", ""),
    ("940431351", "94043-1351", ""),
    ("k1a0b1", "K1A 0B1", ""),
    ("9404", "9404", ZIP + BAD),
    ("D1A 0B1", "D1A 0B1", ZIP + BAD),
    ("", "", ZIP + NONE),
)


def test_typed_values_are_formatted_and_validated(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    picture = checkout_page.input("CARD_NUMBER", "card-number img.brand")
    for typed, shown, error, brand in NUMBERS:
        assert write(checkout_page, "CARD_NUMBER", typed) == (shown, error), typed
        expect(picture).to_have_attribute("alt", brand)
    checkout_page.input("CARD_NUMBER").fill("")
    for type_, table in (("CARD_DATE", DATES), ("CARD_CVV", CVVS), ("CARD_POSTAL_CODE", CODES)):
        for typed, shown, error in table:
            # The length of a CVV depends on the card number: here three digits.
            if type_ == "CARD_CVV":
                checkout_page.input("CARD_NUMBER").fill("4242424242424242")
            assert write(checkout_page, type_, typed) == (shown, error), (type_, typed)
    checkout_page.input("CARD_NUMBER").fill("378282246310005")
    assert [write(checkout_page, "CARD_CVV", typed)[1] for typed in ("123", "1234")] == [
        CVV + BAD,
        "",
    ]


KEYS_MAX = 8
"""Longer texts are pasted: typing each key takes time."""


def write(checkout_page: CheckoutPage, type_: str, typed: str) -> tuple[str, str]:
    """Type into a field and leave it; return what it shows, and the error event."""
    field = checkout_page.input(type_)
    field.fill("" if len(typed) <= KEYS_MAX else typed)
    if len(typed) <= KEYS_MAX:
        field.press_sequentially(typed)
    field.blur()
    state = checkout_page.take_events(type_, "blur")[-1][2][type_]
    assert state["touched"] is True
    error = state.get("error", "")
    # The same for screen readers.
    expect(field).to_have_attribute("aria-invalid", str(bool(error)).lower())
    expect(checkout_page.input(type_, ".message")).to_have_text(error)
    if error:
        expect(field).to_contain_class("invalid")
    else:
        expect(field).not_to_contain_class("invalid")
    return field.input_value(), error


def test_brands_match_server(checkout_page: CheckoutPage, open_checkout_page: Any) -> None:
    open_checkout_page(checkout_page)
    frame = checkout_page.frame("CARD_NUMBER")
    listed = [card.number for card in load("sandbox").cards]
    edges = [f"{lead:<016d}" for lead in (*range(22, 70), *range(2220, 2723), 3528, 3589, 622126)]
    numbers = [*listed, *edges]
    result = frame.evaluate(
        "async (numbers) => { const {brandOf, lengthsOf} = await import('./static/brands.js');"
        "return numbers.map((each) => lengthsOf(each).includes(each.length) ? brandOf(each) : '')}",
        numbers,
    )
    assert {*result} - {""} == {*BRANDS}
    assert [each or None for each in result] == [brand_of(number) for number in numbers]


@pytest.mark.firefox
def test_every_event_carries_every_mounted_field(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    checkout_page.input("CARD_NUMBER").focus()
    checkout_page.input("CARD_NUMBER").press_sequentially("4")
    checkout_page.input("CARD_CVV").focus()
    untouched = {"touched": False}
    before = dict.fromkeys(TYPES, untouched)
    left = before | {"CARD_NUMBER": {"error": NUMBER + BAD, "touched": True}}
    assert checkout_page.take_events("CARD_CVV", "focus") == [
        ["CARD_NUMBER", "focus", before],
        ["CARD_NUMBER", "change", before],
        ["CARD_NUMBER", "blur", left],
        ["CARD_CVV", "focus", left],
    ]
    checkout_page.page.evaluate("fields.CARD_DATE.destroy()")
    checkout_page.input("CARD_NUMBER").fill("4242424242424242")
    events = checkout_page.take_events("CARD_NUMBER", "change")
    assert [each[:2] for each in events] == [
        ["CARD_CVV", "blur"],
        ["CARD_NUMBER", "focus"],
        ["CARD_NUMBER", "change"],
    ]
    touched = {"touched": True}
    assert events[-1][2] == {
        "CARD_NUMBER": touched,
        "CARD_CVV": touched | {"error": CVV + NONE},
        "CARD_POSTAL_CODE": untouched,
    }


@pytest.mark.firefox
def test_a_token_is_made_and_the_shop_charges_it(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    checkout_page.fill(CARD_NUMBER=CARD_WITH_CHECKS)
    created = checkout_page.tokenize()
    shown = {"brand": "VISA", "first6": "476153", "last4": "1126", "exp_month": "12"}
    assert created == {
        "token": created["token"],
        "card": shown | {"exp_year": "2030", "address_zip": "94043"},
    }
    paid = checkout_page.charge(created["token"])
    checks = [paid.json["source"][each] for each in ("address_zip_check", "cvc_check")]
    assert (paid.status, checks) == (200, ["pass", "pass"])
    checkout_page.fill(CARD_NUMBER=DECLINED_CARD)
    declined = checkout_page.charge(checkout_page.tokenize()["token"])
    assert (declined.status, declined.json["error"]["code"]) == (402, "card_declined")
    again = checkout_page.charge(created["token"])
    assert (again.status, again.json["error"]["code"]) == (400, "token_already_used")


@pytest.mark.firefox
def test_invalid_fields_are_reported_by_name(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    missing = dict(zip(TYPES, (each + NONE for each in (NUMBER, DATE, CVV, ZIP)), strict=True))
    assert checkout_page.tokenize() == {"errors": missing}
    for type_ in TYPES:
        expect(checkout_page.input(type_)).to_have_attribute("aria-invalid", "true")
    checkout_page.fill(CARD_NUMBER="4242424242424241", CARD_DATE="01/20")
    assert checkout_page.tokenize() == {
        "errors": {"CARD_NUMBER": NUMBER + BAD, "CARD_DATE": DATE + BAD}
    }
    assert (
        send(f"{checkout_page.base}/_mock/verify", {"endpoint": "create_token"}).json["count"] == 0
    )


# A rejected card is a field error; another error rejects with its status (inferred).
REFUSED: tuple[tuple[str, dict[str, str] | int], ...] = (
    ("INCORRECT_NUMBER", {"CARD_NUMBER": NUMBER + BAD}),
    ("INVALID_NUMBER", {"CARD_NUMBER": NUMBER + BAD}),
    ("INVALID_CARD_TYPE", {"CARD_NUMBER": NUMBER + BAD}),
    ("CARD_NOT_LISTED", {"CARD_NUMBER": NUMBER + BAD}),
    ("INVALID_EXPIRY_MONTH", {"CARD_DATE": DATE + BAD}),
    ("EXPIRED_CARD", {"CARD_DATE": DATE + BAD}),
    ("INCORRECT_CVC", {"CARD_CVV": CVV + BAD}),
    ("CARD_VERIFICATION_DECLINED", {"CARD_NUMBER": "(detail)"}),
    ("INVALID_REQUEST", 400),
    ("UNAUTHORIZED", 401),
    ("RATE_LIMITED", 429),
    ("SERVICE_UNAVAILABLE", 503),
)


def test_server_errors_become_field_errors_or_rejections(
    shared_server: ServerProcess, shop: Shop, open_checkout_page: Any, session: BrowserSession
) -> None:
    rules = [
        {"when": {"endpoint": "create_token", "nth": 1}, "then": {"problem": problem}}
        for problem, _ in REFUSED
    ]
    checkout_page = CheckoutPage(shared_server, shop, {"name": "refusals", "rules": rules})
    open_checkout_page(checkout_page)
    checkout_page.fill()
    for problem, result in REFUSED:
        got = checkout_page.tokenize()
        if isinstance(result, dict):
            assert got == {"errors": result}, problem
        else:
            assert got["rejected"]["status"] == result, problem
            assert "rejected the request: " in got["rejected"]["message"]
    assert set(checkout_page.tokenize()) == {"token", "card"}
    open_checkout_page(checkout_page, key="of-another-sandbox")
    checkout_page.fill()
    assert checkout_page.tokenize()["rejected"] == {
        "message": "Clover (mock): the token endpoint rejected the request: 401 Unauthorized; "
        f"does the API key belong to {checkout_page.base}/?",
        "status": 401,
        "code": None,
    }
    session.errors.clear()  # the browser's own, of each response that is not a 200


@pytest.mark.firefox
def test_form_can_be_filled_by_keyboard(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    checkout_page.wait_ready()
    checkout_page.input("CARD_NUMBER").focus()
    keys = checkout_page.page.keyboard
    for type_, text in zip(TYPES, ("4242424242424242", "1230", "123", "94043"), strict=True):
        expect(checkout_page.input(type_)).to_be_focused()
        keys.type(text)
        keys.press("Tab")
    assert "token" in checkout_page.tokenize()
    # The caret stays at the edit, also after a space and within a group.
    checkout_page.input("CARD_NUMBER").click()
    keys.press("Home")
    for _ in range(7):
        keys.press("ArrowRight")
    keys.press("Backspace")
    keys.type("7")
    expect(checkout_page.input("CARD_NUMBER")).to_have_value("4242 4742 4242 4242")
    keys.press("Backspace")
    keys.type("2")
    checkout_page.input("CARD_DATE").click()
    keys.press("End")
    for expected in ("12/3", "12", "1", ""):
        keys.press("Backspace")
        expect(checkout_page.input("CARD_DATE")).to_have_value(expected)


def test_paste_and_autofill(checkout_page: CheckoutPage, open_checkout_page: Any) -> None:
    open_checkout_page(checkout_page)
    paste = "(node, text) => { node.focus(); document.execCommand('insertText', false, text) }"
    for type_, text, shown in (
        ("CARD_NUMBER", " 4242-4242 4242\t4242 ", "4242 4242 4242 4242"),
        ("CARD_DATE", "2030-07", "07/2030"),
        ("CARD_CVV", "12 3", "123"),
        ("CARD_POSTAL_CODE", " k1a-0b1 ", "K1A 0B1"),
    ):
        checkout_page.input(type_).evaluate(paste, text)
        expect(checkout_page.input(type_)).to_have_value(shown)
    assert checkout_page.tokenize()["card"]["address_zip"] == "K1A 0B1"
    # A browser's autofill uses these attributes.
    for type_, token in zip(TYPES, ("cc-number", "cc-exp", "cc-csc", "postal-code"), strict=True):
        expect(checkout_page.input(type_)).to_have_attribute("autocomplete", token)


FRENCH = {
    "CARD_NUMBER": ("Numéro de carte", "Le numéro de carte est obligatoire."),
    "CARD_DATE": (
        "Date d\u2019expiration (MM/AA)",
        "La date d\u2019expiration est obligatoire.",
    ),
    "CARD_CVV": ("Code de sécurité (CVV)", "Le code CVV est obligatoire."),
    "CARD_POSTAL_CODE": ("Code postal", "Le code postal est obligatoire."),
    "CARD_STREET_ADDRESS": ("Adresse", "L\u2019adresse est obligatoire."),
    "CARD_NAME": ("Nom sur la carte", "Le nom sur la carte est obligatoire."),
}


def test_the_texts_are_french_where_the_locale_is(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page, types=tuple(FRENCH), locale="fr_CA")
    assert checkout_page.tokenize() == {
        "errors": {name: message for name, (_, message) in FRENCH.items()}
    }
    for name, (label, message) in FRENCH.items():
        frame = checkout_page.page.locator(f"iframe[data-clover-field={name}]").content_frame
        expect(frame.get_by_label(label, exact=True)).to_have_accessible_description(message)
        expect(frame.locator("html")).to_have_attribute("lang", "fr")
    expect(checkout_page.page.locator(".clover-footer")).to_contain_text("simulé")


@pytest.mark.firefox
def test_combined_card_field(checkout_page: CheckoutPage, session: SharedBrowserSession) -> None:
    session.page.set_viewport_size({"width": 360, "height": 640})
    types = ("CARD", "CARD_NAME", "CARD_STREET_ADDRESS")
    checkout_page.page = session.open(checkout_page.publish(types=types))
    name, street = checkout_page.input("CARD_NAME"), checkout_page.input("CARD_STREET_ADDRESS")
    name.fill("4242424242424242")
    street.fill("-")
    assert checkout_page.tokenize() == {
        "errors": {
            "CARD": NUMBER + NONE,
            "CARD_NAME": "Name on card is invalid.",
            "CARD_STREET_ADDRESS": "Street address is invalid.",
        }
    }
    for kind, text in zip(
        ("number", "date", "cvv", "postal-code"),
        ("378282246310005", "1230", "1234", "94043"),
        strict=True,
    ):
        checkout_page.input("CARD", f"card-{kind} input").fill(text)
    name.fill("Zoë Ng")
    street.fill("1 Main St")
    card = checkout_page.tokenize()["card"]
    assert (card["name"], card["address_line1"], card["address_zip"]) == (
        "Zoë Ng",
        "1 Main St",
        "94043",
    )
    wait_until_it_fits(checkout_page.page)
    heights = "iframe => iframe.clientHeight"  # two rows on a phone
    until(lambda: checkout_page.page.locator("iframe").first.evaluate(heights), (80).__le__)


def test_the_footer_comes_once_and_goes_as_the_options_say(
    checkout_page: CheckoutPage, open_checkout_page: Any
) -> None:
    open_checkout_page(checkout_page)
    footer = checkout_page.page.locator("body > .clover-footer")
    both = "Payments simulated by mock-clover. No card is charged."
    expect(footer).to_have_text(both)
    checkout_page.page.evaluate("clover.options.showPrivacyPolicy = false")
    expect(footer).to_have_text("Payments simulated by mock-clover.")
    checkout_page.page.evaluate(
        "clover.options = {showPrivacyPolicy: false, showSecurePayments: false}"
    )
    expect(footer).to_be_hidden()
    checkout_page.page.evaluate("clover.options = {}")
    expect(footer).to_have_text(both)
    checkout_page.page.evaluate("document.querySelector('.clover-footer').remove()")
    checkout_page.page.evaluate("fields.CARD_CVV.destroy(); fields.CARD_CVV.mount('#CARD_CVV')")
    expect(footer).to_have_count(0)
