"""The form of a hosted checkout's page: tips, field errors, and values that are kept."""

import json
import re
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from mock_clover.clover.checkout.html_texts import FRENCH
from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.scenario.load import parse
from tests.checkouts import (
    FORM,
    LAMP,
    URLS,
    ParsedPage,
    fields,
    get_page,
    pay,
    selling,
    session,
    shown,
    submit,
)
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response
from tests.receiver import taken

ASKS = {"tips": {"enabled": True}}
TAXED = {"lineItems": [LAMP | {"price": 10_910, "taxRates": [{"rate": 1_000_000}]}]}


def switched(make_server: MakeServer, **members: Any) -> InProcessServer:
    return make_server(checkout=convert(members, CheckoutSettings))


def of_field(got: Response, name: str) -> dict[str, str | None]:
    """Return the attributes of a field."""
    (found,) = [each for each in ParsedPage(got.body).all("input") if each.get("id") == name]
    return found


# Tips --------------------------------------------------------------------------------------------

ASKED: list[tuple[str, Any, bool]] = [
    ("asked", {"enabled": True}, True),
    ("asked", {"enabled": True, "more": [1]}, True),
    ("asked", {"enabled": False}, False),
    ("asked", {"enabled": "true"}, False),
    ("asked", {}, False),
    ("asked", [1], False),
    ("asked", True, False),
    ("asked", ..., False),
    ("always", ..., True),
    ("always", {"enabled": False}, True),
    ("never", {"enabled": True}, False),
]


@pytest.mark.parametrize(("setting", "tips", "requested"), ASKED)
def test_tip_is_requested_by_session_or_setting(
    make_server: MakeServer, setting: str, tips: Any, requested: bool
) -> None:
    server = switched(make_server, tips=setting)
    created = session(server, tips=tips)
    radios = [
        each for each in ParsedPage(get_page(server, created).body).all("input") if each.get("type")
    ]
    assert [each["value"] for each in radios] == (
        ["0", "15", "18", "20", "own"] if requested else []
    )
    assert ["checked" in each for each in radios] == ([True] + [False] * 4 if requested else [])
    submit(server, created, tip="18")
    (charge,) = server.sandbox.state()["charges"]
    assert charge.request.tip_amount == (1_962 if requested else None)


def test_offers_are_are_percentages_of_the_subtotal(
    server: InProcessServer,
) -> None:
    text = ParsedPage(get_page(server, session(server, shoppingCart=TAXED, **ASKS)).body).text
    for offer in ("No tip", "15%$16.37", "18%$19.64", "20%$21.82", "Custom"):
        assert f"\n{offer}\n" in text
    assert "\nTip$0.00$16.37$19.64$21.82custom\n" in text
    sums = "$120.01$136.38$139.65$141.83$120.01"
    assert f"\nTotal{sums} + tip\n" in text
    assert f"\nPay {sums} + tip\n" in text


def test_a_merchant_offers_other_tips(make_server: MakeServer) -> None:
    server = switched(make_server, tips="always", tip_percents=[7])
    created = session(server)
    assert "\n7%$7.63\n" in ParsedPage(get_page(server, created).body).text
    assert submit(server, created, tip="15").status == 400
    assert submit(server, created, tip="7").status == 303


@pytest.mark.parametrize("percents", [[0], [101], [1, 2, 3, 4, 5]])
def test_invalid_tip_percents_are_rejected(percents: list[int], make_server: MakeServer) -> None:
    with pytest.raises(ValueError, match="tip_percents"):
        switched(make_server, tip_percents=percents)


CHOSEN: list[tuple[str, str, int | None]] = [
    ("", "", None),
    ("0", "", None),
    ("0", "7.00", None),
    ("15", "", 1_635),
    ("18", "7.00", 1_962),
    ("20", "", 2_180),
    ("own", "5", 500),
    ("own", "5.00", 500),
    ("own", " 7,5 ", 750),
    ("own", "0.07", 7),
    ("own", "0", None),
    ("own", "999999.99", 99_999_999),
]
MISTAKEN = (
    *(("own", said) for said in ("", "five", "-1", "+1", "1.234", "1e3", "1 000", ".5", "5.")),
    *(("own", said) for said in ("1000000", "\u0665", "5.\u0665", "$5", "0x5", "nan")),
    *((tip, "5.00") for tip in ("17", "-15", "15.0", "OWN", "015", "own ", "1" * 400)),
)


@pytest.mark.parametrize(("tip", "own", "amount"), CHOSEN)
def test_a_tip_is_what_was_chosen(
    server: InProcessServer, tip: str, own: str, amount: int | None
) -> None:
    created = session(server, **ASKS)
    assert submit(server, created, tip=tip, tip_own=own).status == 303
    (charge,) = server.sandbox.state()["charges"]
    assert (charge.request.amount, charge.request.tip_amount) == (10_900, amount)


@pytest.mark.parametrize(("tip", "own"), MISTAKEN)
def test_invalid_tip_is_rejected(server: InProcessServer, tip: str, own: str) -> None:
    created = session(server, **ASKS)
    before = (server.sandbox.state(), server.sandbox.ids.state())
    got = submit(server, created, tip=tip, tip_own=own)
    assert (got.status, got.why) == (400, "INVALID_TIP_AMOUNT")
    assert of_field(got, "tip_own")["aria-describedby"] == "tip_own-wrong"
    assert (server.sandbox.state(), server.sandbox.ids.state()) == before


def test_a_tip_reaches_charge_order_payment_webhook_and_customer(server: InProcessServer) -> None:
    hook = {"kind": "hosted_checkout", "url": "http://127.0.0.1:9/", "secret": "s3cret"}
    assert server.send("PUT", "/_mock/webhooks", hook).status == 200
    created = session(server, redirectUrls=..., **ASKS)
    assert submit(server, created, DECLINED_CARD, tip="20").status == 402
    assert submit(server, created, tip="own", tip_own="12.34").status == 303
    paid = shown(server, created)
    assert (paid["state"], paid["tips"]) == ("paid", True)
    charge = server.send("GET", f"/v1/charges/{paid['charge']}").json
    assert (charge["amount"], charge["tip_amount"]) == (10_900, 1_234)
    order = server.send("GET", f"/v1/orders/{paid['order']}").json
    assert (order["amount"], order["tip_amount"]) == (10_900, 1_234)
    root = f"/v3/merchants/{server.known.merchant_id}"
    payment = server.send("GET", f"{root}/payments/{paid['charge']}").json
    assert (payment["amount"], payment["tipAmount"]) == (10_900, 1_234)
    message = [post.json["message"] for post in taken(server.sandbox)]
    assert message == ["Decline for 13080", "Approved for 12134"]
    text = ParsedPage(get_page(server, created).body).text
    for line in ("Paid\n$121.34", "Tip included\n$12.34", f"Order\n{paid['order']}"):
        assert f"\n{line}\n" in text


def test_surcharge_is_shown_on_form_and_receipt(make_server: MakeServer) -> None:
    server = make_server(surcharge_rate=35_000)
    created = session(server, redirectUrls=..., **ASKS)
    text = ParsedPage(get_page(server, created).body).text
    assert "\nCard surcharge$3.81\nTip$0.00$16.35" in text
    assert "\nTotal$112.81$129.16" in text
    submit(server, created, tip="15")
    text = ParsedPage(get_page(server, created).body).text
    assert "Paid\n$129.16\nSurcharge included\n$3.81\nTip included\n$16.35" in text
    charge = server.send("GET", f"/v1/charges/{shown(server, created)['charge']}").json
    assert [each["amount"] for each in charge["additional_charges"]] == [381]


# Field errors -------------------------------------------------------------------------------------

VALID_BODIES = {"number": VISA, "expiry": "12/30", "cvv": "123"}
NUMBER, EXPIRY = "Check the card number", "Enter the expiry date as MM/YY"
CVV = "Enter the three digits on the back, or four on an Amex"
WRONG: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a wrong check digit": ({"number": "4242424242424241"}, {"number": NUMBER}),
    "no number": ({"number": " "}, {"number": "Enter the card number"}),
    "no brand": ({"number": "9999999999999995"}, {"number": "This type of card is not accepted"}),
    "a thirteenth month": ({"expiry": "13/30"}, {"expiry": EXPIRY}),
    "a year of three digits": ({"expiry": "12/203"}, {"expiry": EXPIRY}),
    "a month alone": ({"expiry": "12"}, {"expiry": EXPIRY}),
    "a year that is over": ({"expiry": "12/20"}, {"expiry": "The card has expired"}),
    "a month that is over": ({"expiry": "04/2025"}, {"expiry": "The card has expired"}),
    "a CVV of two digits": ({"cvv": "12"}, {"cvv": CVV}),
    "no CVV": ({"cvv": ""}, {"cvv": "Enter the security code"}),
    "all at once": (
        {"number": "4242", "expiry": "x", "cvv": "z", "tip": "own"},
        {
            "tip_own": "Enter the tip as an amount, for example 5.00",
            "number": NUMBER,
            "expiry": EXPIRY,
            "cvv": CVV,
        },
    ),
    "nothing at all": (
        dict.fromkeys(VALID_BODIES, ""),
        {
            "number": "Enter the card number",
            "expiry": "Enter the expiry date",
            "cvv": "Enter the security code",
        },
    ),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_errors_are_shown_at_field_and_in_summary(
    server: InProcessServer, changes: dict[str, str], message: dict[str, str]
) -> None:
    got = submit(server, session(server, **ASKS), **(VALID_BODIES | changes))
    seen = ParsedPage(got.body)
    assert (got.status, seen.has_alert) == (400, True)
    wrong = [str(each["id"]) for each in seen.all("input") if "aria-invalid" in each]
    assert wrong == list(message)
    assert [each["aria-describedby"] for each in seen.all("input") if each["id"] in message] == [
        f"{name}-wrong" for name in message
    ]
    result = re.findall(r'<strong class="said" id="(\w+)-wrong">([^<]*)<', got.body.decode())
    assert result == list(message.items())
    links = [link["href"] for link in seen.all("a")]
    assert links == [*(f"#{name}" for name in message), URLS["failure"]]
    focused = [each["id"] for each in seen.all("input") if "autofocus" in each]
    assert focused == [next(iter(message))]
    assert "Error: Checkout · " in seen.text


def test_after_a_decline_the_number_has_the_focus_and_the_reason_describes_it(
    server: InProcessServer,
) -> None:
    got = submit(server, session(server), DECLINED_CARD)
    field = of_field(got, "number")
    assert ("autofocus" in field, field["aria-describedby"]) == (True, "alert")
    assert "aria-invalid" not in field
    (alert,) = [each for each in ParsedPage(got.body).all("div") if each.get("id") == "alert"]
    assert alert["role"] == "alert"


# The expiry date ----------------------------------------------------------------------------------

TYPED = ("12/30", "1/30", "01/2030", "12 / 2030", "12-30", "1230", "122030", "2030-12")


@pytest.mark.parametrize("typed", TYPED)
def test_expiry_is_read_as_people_type_it(server: InProcessServer, typed: str) -> None:
    assert submit(server, session(server), expiry=typed).status == 303
    (charge,) = server.sandbox.state()["charges"]
    month = "12" if "12" in typed else typed.partition("/")[0]
    assert (charge.token.card.exp_month, charge.token.card.exp_year) == (month, "2030")


def test_optional_fields_reach_the_card_unless_they_could_be_its_number(
    server: InProcessServer,
) -> None:
    entered = {"name": "Jo", "address_line1": "1 Main St", "address_city": "Reno"}
    submit(server, session(server), **entered, address_zip="94041-1234")
    submit(server, session(server), **dict.fromkeys(entered, VISA))
    cards = [charge.token.card for charge in server.sandbox.state()["charges"]]
    assert [
        (each.name, each.address_line1, each.address_city, each.address_zip) for each in cards
    ] == [
        ("Jo", "1 Main St", "Reno", "94041-1234"),
        (None, None, None, None),
    ]


# French -------------------------------------------------------------------------------------------

PREFERRED = {
    "fr-CA,fr;q=0.9,en;q=0.8": "fr",
    "fr": "fr",
    "en-CA,fr-CA;q=0.9": "en",
    "de, fr;q=0.5": "fr",
    "en;q=0.1, fr;q=x": "en",
    "*": "en",
    "": "en",
}


@pytest.mark.parametrize(("accepted", "language"), PREFERRED.items())
def test_page_has_the_language_of_the_browser(
    server: InProcessServer, accepted: str, language: str
) -> None:
    path = f"/pay-checkout/{session(server)}"
    got = server.send("GET", path, auth=False, headers={"accept-language": accepted})
    assert [each["lang"] for each in ParsedPage(got.body).all("html")] == [language]


def test_french_page_has_no_english_text(make_server: MakeServer) -> None:
    server = make_server(surcharge_rate=35_000)
    created = session(server, shoppingCart=TAXED, redirectUrls=URLS, **ASKS)
    french = {"accept-language": "fr-CA", "content-type": FORM}
    path, wrong = f"/pay-checkout/{created}", fields("1", expiry="x", cvv="", tip="own")
    pages = [
        server.send("GET", path, auth=False, headers=french),
        server.send("POST", path, raw=wrong, headers=french, auth=False),
        server.send("POST", path, raw=fields(), headers=french, auth=False),
        server.send("GET", path, auth=False, headers=french),
        server.send("GET", "/pay-checkout/nothing", auth=False, headers=french),
    ]
    assert [each.status for each in pages] == [200, 400, 303, 200, 404]
    text = "\n".join(ParsedPage(each.body).text for each in pages)
    lines = {line for line in text.split("\n") if line}
    assert lines & {english for english, said in FRENCH.texts.items() if said != english} == set()
    for line in (
        "Taxes10,91\u00a0$\u00a0US",
        "Payer par carte",
        "Vérifiez le numéro de carte",
        "Payé",
    ):
        assert line in lines


# Values that are kept -----------------------------------------------------------------------------

KEPT: list[tuple[str, str, str | None]] = [
    ("expiry", "12/30", "12/30"),
    ("expiry", "7 / 2030", "7 / 2030"),
    ("expiry", "1230", None),
    ("expiry", "13/30", None),
    ("expiry", "12/7391", None),
    ("address_line1", "1 Main Street", "1 Main Street"),
    ("address_line1", "Rue Saint-Paul", "Rue Saint-Paul"),
    ("address_line1", VISA, None),
    ("address_line1", "Main Street 7391", None),
    ("address_city", "Montréal", "Montréal"),
    ("address_city", "Springfield 739", None),
    ("name", "Jo Döe-O'Neil", "Jo Döe-O'Neil"),
    ("name", "<b>Jo</b>", "<b>Jo</b>"),
    ("name", "Jo 123", None),
    ("name", VISA, None),
    ("address_zip", "94041", "94041"),
    ("address_zip", "K1A 0B1", "K1A 0B1"),
    ("address_zip", "94041-1234", "94041-1234"),
    ("address_zip", "123", None),
    ("address_zip", "7391", None),
    ("address_zip", VISA, None),
    ("address_zip", "4242 4242 4", None),
    ("number", DECLINED_CARD, None),
    ("number", "4242", None),
    ("cvv", "123", None),
    ("tip_own", "5.00", "5.00"),
    ("tip_own", VISA, None),
]


@pytest.mark.parametrize(("name", "value", "saved"), KEPT)
@pytest.mark.parametrize("way", ["a decline", "a mistake"])
def test_what_was_entered_is_kept_unless_it_could_be_a_number_or_a_cvv(
    server: InProcessServer, way: str, name: str, value: str, saved: str | None
) -> None:
    created = session(server, **ASKS)
    form = {"number": DECLINED_CARD if way == "a decline" else "1", "tip": "18"} | {name: value}
    got = submit(server, created, **form)
    assert of_field(got, name).get("value") == saved
    assert "checked" in of_field(got, "tip-2")
    assert (
        "For your security, please enter the card number and security code again."
        in ParsedPage(got.body).text
    )


def test_query_does_not_prefill_form(server: InProcessServer) -> None:
    created = session(server, **ASKS)
    query = f"number={VISA}&cvv=123&name=Jo&expiry=12/30&tip=18&tip_own=5"
    got = server.send("GET", f"/pay-checkout/{created}?{query}", auth=False)
    assert got.body == get_page(server, created).body


# Time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("advance", "left"),
    [("0s", "15 minutes"), ("1m", "14 minutes"), ("870s", "1 minute")],
)
def test_a_page_says_how_long_it_is_open(server: InProcessServer, advance: str, left: str) -> None:
    created = session(server)
    server.send("PUT", "/_mock/clock", {"advance": advance})
    got = get_page(server, created)
    assert f"This page expires in {left} (sandbox clock)" in ParsedPage(got.body).text
    (time,) = ParsedPage(got.body).all("time")
    assert time == {"datetime": "2025-05-27T10:37:50Z"}


def test_page_with_clock_after_year_9999(server: InProcessServer) -> None:
    created = session(server)
    row = server.sandbox.checkouts.get(created)
    assert row is not None
    server.sandbox.checkouts.put(created, replace(row, expires_ms=10**17))
    assert "31 December 9999" in ParsedPage(get_page(server, created).body).text


# Finished sessions --------------------------------------------------------------------------------


def test_a_second_post_shows_that_it_is_paid_and_charges_nothing(server: InProcessServer) -> None:
    created = session(server)
    submit(server, created)
    got = submit(server, created)
    seen = ParsedPage(got.body)
    assert (got.status, got.why) == (409, "CHECKOUT_ALREADY_PAID")
    assert "This checkout has already been paid. You were not charged again." in seen.text
    assert "Paid\n$109.00" in seen.text
    assert [link["href"] for link in seen.all("a")] == [URLS["success"]]
    assert len(server.sandbox.state()["charges"]) == 1


@pytest.mark.parametrize(("do", "message"), [("cancel", "cancelled"), ("pay", "expired")])
def test_a_post_that_comes_too_late_shows_how_it_stands(
    server: InProcessServer, do: str, message: str
) -> None:
    created = session(server)
    if do == "cancel":
        submit(server, created, do="cancel")
    else:
        server.send("PUT", "/_mock/clock", {"advance": "15m"})
    text = ParsedPage(submit(server, created).body).text
    assert f"This checkout {'has expired' if message == 'expired' else 'was cancelled'}" in (
        text.replace("The checkout", "This checkout")
    )
    assert "You were not charged." in text


def test_what_was_paid_without_a_page_is_shown_too(server: InProcessServer) -> None:
    created = session(server)
    pay(server, created)
    assert "VISA ••4242" in ParsedPage(get_page(server, created).body).text


# Test cards --------------------------------------------------------------------------------------


def hinted(server: InProcessServer, value: str = "1") -> Response:
    created = session(server)
    return server.send("GET", f"/pay-checkout/{created}?mock_clover_cards={value}", auth=False)


def test_test_cards_are_shown_where_the_address_asks_for_them(server: InProcessServer) -> None:
    for value in ("0", "", "true"):
        assert ParsedPage(hinted(server, value).body).all("details") == []
    seen = ParsedPage(hinted(server).body)
    assert seen.all("details") == [{"class": "sheet cards"}]
    assert "\n4242 4242 4242 4242 VISAapproved\n" in seen.text
    assert "\n4005 5717 0222 2222 VISAdeclined: issuer_declined\n" in seen.text


def test_unpublished_number_is_masked(make_server: MakeServer) -> None:
    cards = [
        {"number": "4539148803436467", "outcome": "decline", "decline_code": "<b>lost"},
        {"number": VISA, "outcome": "approve"},
    ]
    scenario = parse(json.dumps({"name": "own", "cards": cards}).encode(), "own.yaml")
    text = ParsedPage(hinted(make_server(scenario)).body).text
    assert "\n••6467 declined: <b>lost\n" in text
    assert "\n4242 4242 4242 4242 approved\n" in text
    assert "4539" not in text


def test_a_scenario_without_cards_shows_none_and_one_of_thousands_a_hundred(
    make_server: MakeServer,
) -> None:
    none = parse(b'{"name": "none"}', "none.yaml")
    assert ParsedPage(hinted(make_server(none)).body).all("details") == []
    many = [{"number": VISA, "outcome": "approve"}] * 150
    scenario = parse(json.dumps({"name": "many", "cards": many}).encode(), "many.yaml")
    assert ParsedPage(hinted(make_server(scenario)).body).text.count("approved") == 100


def test_hints_stay_after_a_decline(server: InProcessServer) -> None:
    created = session(server, shoppingCart=selling(500))
    path = f"/pay-checkout/{created}?mock_clover_cards=1"
    form = b"number=%b&expiry=12/30&cvv=123&do=pay" % DECLINED_CARD.encode()
    got = server.send("POST", path, raw=form, auth=False)
    assert (got.status, len(ParsedPage(got.body).all("details"))) == (402, 1)
