"""The form of a hosted checkout's page: tips, field errors, and values that are kept."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from mock_clover.clover.checkout.records_settings import CheckoutSettings
from mock_clover.scenario.load import parse
from tests.checkouts import LAMP, URLS, ParsedPage, get_page, pay, selling, session, shown, submit
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, Response
from tests.receiver import taken

MakeServer = Callable[..., InProcessServer]
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
    for offer in ("No tip", "15%16.37 USD", "18%19.64 USD", "20%21.82 USD", "Custom"):
        assert f"\n{offer}\n" in text
    assert "\nTip0.00 USD16.37 USD19.64 USD21.82 USDcustom\n" in text
    sums = "120.01 USD136.38 USD139.65 USD141.83 USD120.01 USD"
    assert f"\nTotal{sums} + tip\n" in text
    assert f"\nPay {sums} + tip\n" in text


def test_a_merchant_offers_other_tips(make_server: MakeServer) -> None:
    server = switched(make_server, tips="always", tip_percents=[7])
    created = session(server)
    assert "\n7%7.63 USD\n" in ParsedPage(get_page(server, created).body).text
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
    for line in ("Paid\n121.34 USD", "Tip included\n12.34 USD", f"Order\n{paid['order']}"):
        assert f"\n{line}\n" in text


def test_surcharge_is_shown_on_form_and_receipt(make_server: MakeServer) -> None:
    server = make_server(surcharge_rate=35_000)
    created = session(server, redirectUrls=..., **ASKS)
    text = ParsedPage(get_page(server, created).body).text
    assert "\nCard surcharge3.81 USD\nTip0.00 USD16.35 USD" in text
    assert "\nTotal112.81 USD129.16 USD" in text
    submit(server, created, tip="15")
    text = ParsedPage(get_page(server, created).body).text
    assert "Paid\n129.16 USD\nSurcharge included\n3.81 USD\nTip included\n16.35 USD" in text
    charge = server.send("GET", f"/v1/charges/{shown(server, created)['charge']}").json
    assert [each["amount"] for each in charge["additional_charges"]] == [381]


# Field errors -------------------------------------------------------------------------------------

VALID_BODIES = {"number": VISA, "exp_month": "12", "exp_year": "2030", "cvv": "123"}
NUMBER, MONTH = "Check the card number", "Enter the month as 01 to 12"
CVV = "Enter the three digits on the back, or four on an Amex"
WRONG: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a wrong check digit": ({"number": "4242424242424241"}, {"number": NUMBER}),
    "no number": ({"number": " "}, {"number": "Enter the card number"}),
    "no brand": ({"number": "9999999999999995"}, {"number": "This type of card is not accepted"}),
    "a thirteenth month": ({"exp_month": "13"}, {"exp_month": MONTH}),
    "a year of three digits": (
        {"exp_year": "203"},
        {"exp_year": "Enter the year as shown on the card"},
    ),
    "a year that is over": ({"exp_year": "20"}, {"exp_year": "The card has expired"}),
    "a month that is over": (
        {"exp_month": "04", "exp_year": "2025"},
        {"exp_year": "The card has expired"},
    ),
    "a CVV of two digits": ({"cvv": "12"}, {"cvv": CVV}),
    "no CVV": ({"cvv": ""}, {"cvv": "Enter the security code"}),
    "all at once": (
        {"number": "4242", "exp_month": "x", "exp_year": "y", "cvv": "z", "tip": "own"},
        {
            "tip_own": "Enter the tip as an amount, for example 5.00",
            "number": NUMBER,
            "exp_month": MONTH,
            "exp_year": "Enter the year as shown on the card",
            "cvv": CVV,
        },
    ),
    "nothing at all": (
        dict.fromkeys(VALID_BODIES, ""),
        {
            "number": "Enter the card number",
            "exp_month": "Enter the expiry month",
            "exp_year": "Enter the expiry year",
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


# Values that are kept -----------------------------------------------------------------------------

KEPT: list[tuple[str, str, str | None]] = [
    ("exp_month", "12", "12"),
    ("exp_month", "7", "7"),
    ("exp_month", "13", None),
    ("exp_month", "123", None),
    ("exp_year", "2030", "2030"),
    ("exp_year", "30", "30"),
    ("exp_year", "7391", None),
    ("exp_year", "739", None),
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
    query = f"number={VISA}&cvv=123&name=Jo&exp_month=12&tip=18&tip_own=5"
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
    assert "Paid\n109.00 USD" in seen.text
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
    assert "VISA … 4242" in ParsedPage(get_page(server, created).body).text


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
    assert "\n… 6467 declined: <b>lost\n" in text
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
    form = b"number=%b&exp_month=12&exp_year=2030&cvv=123&do=pay" % DECLINED_CARD.encode()
    got = server.send("POST", path, raw=form, auth=False)
    assert (got.status, len(ParsedPage(got.body).all("details"))) == (402, 1)
