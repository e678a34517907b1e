"""Card fields of the SDK: what is typed, shown, told to the shop, and made into a token."""

from typing import Any

from playwright.sync_api import expect
from shop import Shop
from till import CHECKED, DECLINES, TYPES, Till, ask
from visitor import SharedVisitor, Visitor

from mock_clover.clover.common.cards import BRANDS, brand_of
from mock_clover.scenario.load import load
from tests.served import Served

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


def test_typed_values_are_formatted_and_validated(till: Till, open_till: Any) -> None:
    open_till(till)
    picture = till.input("CARD_NUMBER", "card-number img.brand")
    for typed, shown, error, brand in NUMBERS:
        assert write(till, "CARD_NUMBER", typed) == (shown, error), typed
        expect(picture).to_have_attribute("alt", brand)
    till.input("CARD_NUMBER").fill("")
    for type_, table in (("CARD_DATE", DATES), ("CARD_CVV", CVVS), ("CARD_POSTAL_CODE", CODES)):
        for typed, shown, error in table:
            # A CVV's length is that of the card in the number's field: one of three digits.
            if type_ == "CARD_CVV":
                till.input("CARD_NUMBER").fill("4242424242424242")
            assert write(till, type_, typed) == (shown, error), (type_, typed)
    till.input("CARD_NUMBER").fill("378282246310005")
    assert [write(till, "CARD_CVV", typed)[1] for typed in ("123", "1234")] == [CVV + BAD, ""]


KEYS_MAX = 8
"""Longer texts come at once, as from the clipboard: each key takes its time."""


def write(till: Till, type_: str, typed: str) -> tuple[str, str]:
    """Type into a field and leave it; return what it shows, and the error told."""
    field = till.input(type_)
    field.fill("" if len(typed) <= KEYS_MAX else typed)
    if len(typed) <= KEYS_MAX:
        field.press_sequentially(typed)
    field.blur()
    state = till.heard(type_, "blur")[-1][2][type_]
    assert state["touched"] is True
    error = state.get("error", "")
    # The same for those who do not see it.
    expect(field).to_have_attribute("aria-invalid", str(bool(error)).lower())
    expect(till.input(type_, ".message")).to_have_text(error)
    assert ("invalid" in (field.get_attribute("class") or "")) is bool(error)
    return field.input_value(), error


def test_brands_match_server(till: Till, open_till: Any) -> None:
    open_till(till)
    frame = till.frame("CARD_NUMBER")
    listed = [card.number for card in load("sandbox").cards]
    edges = [f"{lead:<016d}" for lead in (*range(22, 70), *range(2220, 2723), 3528, 3589, 622126)]
    numbers = [*listed, *edges]
    told = frame.evaluate(
        "async (numbers) => { const {brandOf, lengthsOf} = await import('./static/brands.js');"
        "return numbers.map((each) => lengthsOf(each).includes(each.length) ? brandOf(each) : '')}",
        numbers,
    )
    assert {*told} - {""} == {*BRANDS}
    assert [each or None for each in told] == [brand_of(number) for number in numbers]


def test_every_event_carries_every_mounted_field(till: Till, open_till: Any) -> None:
    open_till(till)
    till.input("CARD_NUMBER").focus()
    till.input("CARD_NUMBER").press_sequentially("4")
    till.input("CARD_CVV").focus()
    untouched = {"touched": False}
    before = dict.fromkeys(TYPES, untouched)
    left = before | {"CARD_NUMBER": {"error": NUMBER + BAD, "touched": True}}
    assert till.heard("CARD_CVV", "focus") == [
        ["CARD_NUMBER", "focus", before],
        ["CARD_NUMBER", "change", before],
        ["CARD_NUMBER", "blur", left],
        ["CARD_CVV", "focus", left],
    ]
    till.page.evaluate("fields.CARD_DATE.destroy()")
    till.input("CARD_NUMBER").fill("4242424242424242")
    heard = till.heard("CARD_NUMBER", "change")
    assert [each[:2] for each in heard] == [
        ["CARD_CVV", "blur"],
        ["CARD_NUMBER", "focus"],
        ["CARD_NUMBER", "change"],
    ]
    touched = {"touched": True}
    assert heard[-1][2] == {
        "CARD_NUMBER": touched,
        "CARD_CVV": touched | {"error": CVV + NONE},
        "CARD_POSTAL_CODE": untouched,
    }


def test_a_token_is_made_and_the_shop_charges_it(till: Till, open_till: Any) -> None:
    open_till(till)
    till.fill(CARD_NUMBER=CHECKED)
    made = till.tokenise()
    shown = {"brand": "VISA", "first6": "476153", "last4": "1126", "exp_month": "12"}
    assert made == {
        "token": made["token"],
        "card": shown | {"exp_year": "2030", "address_zip": "94043"},
    }
    paid = till.charge(made["token"])
    checks = [paid.json["source"][each] for each in ("address_zip_check", "cvc_check")]
    assert (paid.status, checks) == (200, ["pass", "pass"])
    till.fill(CARD_NUMBER=DECLINES)
    declined = till.charge(till.tokenise()["token"])
    assert (declined.status, declined.json["error"]["code"]) == (402, "card_declined")
    again = till.charge(made["token"])
    assert (again.status, again.json["error"]["code"]) == (400, "token_already_used")


def test_invalid_fields_are_reported_by_name(till: Till, open_till: Any) -> None:
    open_till(till)
    missing = dict(zip(TYPES, (each + NONE for each in (NUMBER, DATE, CVV, ZIP)), strict=True))
    assert till.tokenise() == {"errors": missing}
    for type_ in TYPES:
        expect(till.input(type_)).to_have_attribute("aria-invalid", "true")
    till.fill(CARD_NUMBER="4242424242424241", CARD_DATE="01/20")
    assert till.tokenise() == {"errors": {"CARD_NUMBER": NUMBER + BAD, "CARD_DATE": DATE + BAD}}
    assert ask(f"{till.base}/_mock/verify", {"endpoint": "create_token"}).json["count"] == 0


# A refusal of the card is a field's error; one of the caller rejects with its status (inferred).
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
    served: Served, shop: Shop, open_till: Any, visitor: Visitor
) -> None:
    rules = [
        {"when": {"endpoint": "create_token", "nth": 1}, "then": {"problem": problem}}
        for problem, _ in REFUSED
    ]
    till = Till(served, shop, {"name": "refusals", "rules": rules})
    open_till(till)
    till.fill()
    for problem, told in REFUSED:
        got = till.tokenise()
        if isinstance(told, dict):
            assert got == {"errors": told}, problem
        else:
            assert got["rejected"]["status"] == told, problem
            assert "rejected the request: " in got["rejected"]["message"]
    assert set(till.tokenise()) == {"token", "card"}
    open_till(till, key="of-another-sandbox")
    till.fill()
    assert till.tokenise()["rejected"] == {
        "message": "Clover (mock): the token endpoint rejected the request: 401 Unauthorized; "
        f"does the API key belong to {till.base}/?",
        "status": 401,
        "code": None,
    }
    visitor.complaints.clear()  # the browser's own, of each answer that is no 200


def test_form_can_be_filled_by_keyboard(till: Till, open_till: Any) -> None:
    open_till(till)
    till.wait_ready()
    till.input("CARD_NUMBER").focus()
    keys = till.page.keyboard
    for type_, text in zip(TYPES, ("4242424242424242", "1230", "123", "94043"), strict=True):
        expect(till.input(type_)).to_be_focused()
        keys.type(text)
        keys.press("Tab")
    assert "token" in till.tokenise()
    # The caret stays where it is edited, also behind a space and in the middle of a group.
    till.input("CARD_NUMBER").focus()
    keys.press("Home")
    for _ in range(7):
        keys.press("ArrowRight")
    keys.press("Backspace")
    keys.type("7")
    expect(till.input("CARD_NUMBER")).to_have_value("4242 4742 4242 4242")
    keys.press("Backspace")
    keys.type("2")
    till.input("CARD_DATE").focus()
    keys.press("End")
    for expected in ("12/3", "12", "1", ""):
        keys.press("Backspace")
        expect(till.input("CARD_DATE")).to_have_value(expected)


def test_paste_and_autofill(till: Till, open_till: Any) -> None:
    open_till(till)
    paste = "(node, text) => { node.focus(); document.execCommand('insertText', false, text) }"
    for type_, text, shown in (
        ("CARD_NUMBER", " 4242-4242 4242\t4242 ", "4242 4242 4242 4242"),
        ("CARD_DATE", "2030-07", "07/2030"),
        ("CARD_CVV", "12 3", "123"),
        ("CARD_POSTAL_CODE", " k1a-0b1 ", "K1A 0B1"),
    ):
        till.input(type_).evaluate(paste, text)
        expect(till.input(type_)).to_have_value(shown)
    assert till.tokenise()["card"]["address_zip"] == "K1A 0B1"
    # By these words a browser's autofill knows what to put where.
    tokens = [till.input(each).get_attribute("autocomplete") for each in TYPES]
    assert tokens == ["cc-number", "cc-exp", "cc-csc", "postal-code"]


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


def test_the_texts_are_french_where_the_locale_is(till: Till, open_till: Any) -> None:
    open_till(till, types=tuple(FRENCH), locale="fr_CA")
    assert till.tokenise() == {"errors": {name: said for name, (_, said) in FRENCH.items()}}
    for name, (label, said) in FRENCH.items():
        frame = till.page.locator(f"iframe[data-clover-field={name}]").content_frame
        expect(frame.get_by_label(label, exact=True)).to_have_accessible_description(said)
        expect(frame.locator("html")).to_have_attribute("lang", "fr")
    expect(till.page.locator(".clover-footer")).to_contain_text("simulé")


def test_combined_card_field(till: Till, visitor: SharedVisitor) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 640})
    types = ("CARD", "CARD_NAME", "CARD_STREET_ADDRESS")
    till.page = visitor.open(till.put(types=types))
    name, street = till.input("CARD_NAME"), till.input("CARD_STREET_ADDRESS")
    name.fill("4242424242424242")
    street.fill("-")
    assert till.tokenise() == {
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
        till.input("CARD", f"card-{kind} input").fill(text)
    name.fill("Zoë Ng")
    street.fill("1 Main St")
    card = till.tokenise()["card"]
    assert (card["name"], card["address_line1"], card["address_zip"]) == (
        "Zoë Ng",
        "1 Main St",
        "94043",
    )
    assert till.page.evaluate("document.documentElement.scrollWidth") <= 360
    heights = "iframe => iframe.clientHeight"
    assert till.page.locator("iframe").first.evaluate(heights) >= 80  # two rows on a phone


def test_the_footer_comes_once_and_goes_as_the_options_say(till: Till, open_till: Any) -> None:
    open_till(till)
    footer = till.page.locator("body > .clover-footer")
    both = "Payments simulated by mock-clover. No card is charged and nothing leaves this machine."
    expect(footer).to_have_text(both)
    till.page.evaluate("clover.options.showPrivacyPolicy = false")
    expect(footer).to_have_text("Payments simulated by mock-clover.")
    till.page.evaluate("clover.options = {showPrivacyPolicy: false, showSecurePayments: false}")
    expect(footer).to_be_hidden()
    till.page.evaluate("clover.options = {}")
    expect(footer).to_have_text(both)
    till.page.evaluate("document.querySelector('.clover-footer').remove()")
    till.page.evaluate("fields.CARD_CVV.destroy(); fields.CARD_CVV.mount('#CARD_CVV')")
    expect(footer).to_have_count(0)
