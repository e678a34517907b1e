"""What payments do: the ways of a token, a charge, a customer and an order, in whole replies."""

from typing import Any

import pytest

from tests.world import AVS, DECLINES, NOW_MS, VISA, World

SECONDS = NOW_MS // 1000 * 1000
OUTCOME = {"network_status": "approved_by_network", "type": "authorized"}


def source(token: str | None, *, expiry: bool, last4: str = "4242") -> dict[str, Any]:
    shown = {"id": token} if token else {}
    shown |= {"brand": "VISA"}
    shown |= {"exp_month": "12", "exp_year": "2030"} if expiry else {}
    return shown | {"first6": "424242", "last4": last4}


def test_an_authorization_is_unpaid_until_its_capture(world: World) -> None:
    token = world.token()
    made = world.charge(source=token, capture=False)
    assert made == {
        "id": made["id"],
        "amount": 1800,
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": NOW_MS,
        "captured": False,
        "ref_num": "514700500005",
        "auth_code": made["auth_code"],
        "outcome": OUTCOME,
        "status": "succeeded",
        "source": source(token, expiry=True),
        "ecomind": "ecom",
    }
    captured = world.send("POST", f"/v1/charges/{made['id']}/capture", {"amount": 1500})
    order = captured.json["order"]
    assert captured.json == {
        "id": made["id"],
        "amount": 1800,
        "amount_captured": 1500,
        "currency": "USD",
        "created": SECONDS,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": made["auth_code"],
        "order": order,
        "outcome": OUTCOME,
        "paid": True,
        "status": "succeeded",
        "source": source(token, expiry=False),
    }
    assert world.send("GET", f"/v1/charges/{made['id']}").json == {
        "id": made["id"],
        "amount": 1800,
        "payment_method_details": "card",
        "amount_captured": 1500,
        "amount_refunded": 0,
        "currency": "USD",
        "created": SECONDS,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": made["auth_code"],
        "order": order,
        "outcome": OUTCOME,
        "paid": True,
        "status": "succeeded",
        "source": source(token, expiry=False),
        "ecomind": "ecom",
    }


def test_declined_charge_is_stored_and_named_in_error(world: World) -> None:
    body = {"amount": 1800, "currency": "usd", "source": world.token(DECLINES)}
    got = world.send("POST", "/v1/charges", body)
    charge = got.json["error"]["charge"]
    assert (got.status, got.body.decode()) == (
        402,
        (
            '{"message":"402 Payment Required","error":{"code":"card_declined",'
            f'"message":"DECLINED: No reason provided.","charge":"{charge}",'
            '"declineCode":"issuer_declined"}}'
        ),
    )
    assert got.why == "sandbox: VISA ...2222 is listed to decline (documented)"
    kept = world.send("GET", f"/v1/charges/{charge}").json
    assert kept == {
        "id": charge,
        "amount": 1800,
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": SECONDS,
        "captured": False,
        "failure_code": "card_declined",
        "failure_message": "DECLINED: No reason provided.",
        "status": "failed",
        "source": {**source(body["source"], expiry=False, last4="2222"), "first6": "400557"},
        "ecomind": "ecom",
    }


def test_a_saved_cards_token_needs_stored_credentials(world: World) -> None:
    token = world.token()
    world.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
    body: dict[str, Any] = {"amount": 100, "currency": "usd", "source": token}
    bare = world.send("POST", "/v1/charges", body)
    assert (bare.status, bare.json["error"]["message"]) == (402, "CVV is not provided")
    for sequence in ("FIRST", "SUBSEQUENT", "SUBSEQUENT"):
        stored = {"sequence": sequence, "is_scheduled": False, "initiator": "MERCHANT"}
        assert (
            world.send("POST", "/v1/charges", body | {"stored_credentials": stored}).status == 200
        )


def test_removed_card_cannot_be_charged(world: World) -> None:
    token = world.token()
    made = world.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token}).json
    card = made["sources"]["data"][0]
    gone = world.send("DELETE", f"/v1/customers/{made['id']}/sources/{card}")
    assert gone.json == {"deleted": True, "id": card, "object": "deletedcard"}
    stored = {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}
    body = {"amount": 100, "currency": "usd", "source": token, "stored_credentials": stored}
    assert world.send("POST", "/v1/charges", body).status == 400


@pytest.mark.parametrize(
    ("brings", "checks"),
    [
        ({}, {"cvc_check": "pass"}),
        ({"cvv": None}, {}),
        ({"address_zip": "94041"}, {"address_zip_check": "pass", "cvc_check": "pass"}),
        (
            {"address_zip": "94041", "address_line1": "1 Main St"},
            {"address_line1_check": "pass", "address_zip_check": "pass", "cvc_check": "pass"},
        ),
    ],
)
def test_checks_are_returned_only_with_data(
    world: World, brings: dict[str, Any], checks: dict[str, str]
) -> None:
    charge = world.charge(source=world.token(AVS, **brings))
    shown = {name: v for name, v in charge["source"].items() if name.endswith("_check")}
    assert shown == checks


@pytest.mark.parametrize(
    ("charge", "refund", "expected"),
    [
        ({}, {}, ("AUTH", 1800)),
        ({}, {"amount": 300}, ("AUTH", 300)),
        ({"tip_amount": 200}, {}, ("AUTH", 2000)),
        ({"capture": False}, {}, ("PREAUTH", 1800)),
    ],
)
def test_refund_type(
    world: World, charge: dict[str, Any], refund: dict[str, Any], expected: tuple[str, int]
) -> None:
    made = world.charge(**charge)
    got = world.send("POST", "/v1/refunds", {"charge": made["id"], **refund}).json
    assert got == {
        "id": got["id"],
        "object": "refund",
        "amount": expected[1],
        "charge": made["id"],
        "created": NOW_MS,
        "status": "succeeded",
        "metadata": {
            "refundType": expected[0],
            "authCode": got["metadata"]["authCode"],
            "refNum": "514700500010",
            "gatewayResponseCode": "000",
        },
    }
    assert world.send("GET", f"/v1/refunds/{got['id']}").json == got


def test_a_voided_authorization_cannot_be_captured(world: World) -> None:
    made = world.charge(capture=False)["id"]
    world.send("POST", "/v1/refunds", {"charge": made})
    assert world.send("POST", f"/v1/charges/{made}/capture").status == 400
    shown = world.send("GET", f"/v1/charges/{made}").json
    assert (shown["captured"], shown["amount_refunded"]) == (False, 1800)


def test_an_order_is_paid_in_two_parts(world: World) -> None:
    order = world.order(1400)["id"]
    first = world.send(
        "POST", f"/v1/orders/{order}/pay", {"source": world.token(), "amount": 1000}
    ).json
    assert (first["amount_paid"], first["status"], "past_charges" in first) == (
        1000,
        "created",
        False,
    )
    world.clock.advance(5000)
    second = world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}).json
    assert (second["amount_paid"], second["status"]) == (1400, "paid")
    assert [past["id"] for past in second["past_charges"]] == [first["charge"]]
    assert second["status_transitions"] == {"paid": NOW_MS + 5000}
    kept = world.send("GET", f"/v1/orders/{order}").json
    assert (kept["charge"], kept["amount_paid"], "status" in kept) == (
        second["charge"],
        1400,
        False,
    )


def test_an_order_without_source_is_paid_by_its_customer(world: World) -> None:
    customer = world.customer()["id"]
    body = {"currency": "usd", "customer": customer, "items": [{"amount": 25}]}
    order = world.send("POST", "/v1/orders", body).json["id"]
    assert world.send("POST", f"/v1/orders/{order}/pay", {}).json["customer"] == customer


def test_a_declined_order_stays_unpaid(world: World) -> None:
    order = world.order(25)["id"]
    body = {"source": world.token(DECLINES)}
    assert world.send("POST", f"/v1/orders/{order}/pay", body).status == 402
    assert world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}).status == 200


def test_a_charge_makes_its_order(world: World) -> None:
    charge = world.charge(description="Lamp")
    order = world.send("GET", f"/v1/charges/{charge['id']}").json["order"]
    assert world.send("GET", f"/v1/orders/{order}").json == {
        "id": order,
        "object": "order",
        "amount": 1800,
        "amount_paid": 1800,
        "currency": "USD",
        "charge": charge["id"],
        "created": SECONDS,
        "items": [{"quantity": 1, "amount": 1800, "description": "Lamp"}],
    }


def test_order_totals_are_unit_prices_times_quantities_and_taxes(world: World) -> None:
    items = [
        {"type": "sku", "amount": 1358, "quantity": 2, "tax_rates": [{"rate": 1_000_000}]},
        {"type": "tax", "amount": 180, "description": "Sales Tax"},
    ]
    made = world.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert (made["amount"], made["tax_amount"]) == (2716 + 272 + 180, 272 + 180)


@pytest.mark.parametrize(
    ("sends", "fact"),
    [
        ({"amount": "1800"}, "an amount as a string"),
        ({"capture": "true"}, "a boolean as a string"),
        ({"currency": "USD"}, "an upper-case currency"),
        ({"customer": {"first_name": "Jo", "phone": 555}}, "a customer object"),
        ({"description": 42}, "a number where a string is documented"),
        ({"metadata": {"cart": "WP 6.4 | 1.0.12"}}, "metadata"),
        ({"no_such_member": [1]}, "an extra member"),
        ({"external_reference_id": 123456}, "a numeric reference"),
        ({"description": None, "tip_amount": None}, "nulls"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_requests_of_real_clients_are_accepted(
    world: World, sends: dict[str, Any], fact: str
) -> None:
    made = world.charge(**sends)
    assert (made["amount"], made["currency"], made["paid"]) == (1800, "USD", True)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json"},
        {},
    ],
)
def test_an_empty_body_of_any_type_captures_in_full(world: World, headers: dict[str, str]) -> None:
    made = world.charge(capture=False)["id"]
    got = world.send("POST", f"/v1/charges/{made}/capture", headers=headers)
    assert (got.status, got.json["amount_captured"]) == (200, 1800)


@pytest.mark.parametrize(
    ("setting", "expected"), [("upper", "USD"), ("lower", "usd"), ("as_sent", "uSd")]
)
def test_the_currency_is_echoed_as_set(make_world: Any, setting: str, expected: str) -> None:
    assert make_world(currency_echo=setting).charge(currency="uSd")["currency"] == expected


def test_decline_spends_token_setting(make_world: Any) -> None:
    world = make_world(decline_spends_token=False)
    body = {"amount": 100, "currency": "usd", "source": world.token(DECLINES)}
    assert [world.send("POST", "/v1/charges", body).status for _ in range(2)] == [402, 402]


def test_an_unlisted_card_is_approved_and_the_reason_says_so(world: World) -> None:
    token = world.token("4539148803436467")
    body = {"amount": 100, "currency": "usd", "source": token}
    got = world.send("POST", "/v1/charges", body)
    assert (got.status, got.why) == (
        200,
        "sandbox: this number is not listed, and unlisted cards are approved",
    )


@pytest.mark.parametrize(
    ("pan", "brand"),
    [
        (VISA, "VISA"),
        ("5204245250003294", "MC"),
        ("2223000048400011", "MC"),
        ("378282246310005", "AMEX"),
        ("6011361000006668", "DISCOVER"),
        ("30569309025904", "DINERS_CLUB"),
        ("3566002020360505", "JCB"),
    ],
)
def test_the_brand_is_read_off_the_number_plain_or_encrypted(
    world: World, pan: str, brand: str
) -> None:
    plain = world.send("POST", "/v1/tokens", world.card(pan)).json
    sealed = world.send("POST", "/v1/tokens", world.encrypted(pan)).json
    expected = {
        "exp_month": "12",
        "exp_year": "2030",
        "first6": pan[:6],
        "last4": pan[-4:],
        "brand": brand,
    }
    assert (plain["card"], sealed["card"]) == (expected, expected)


def test_whitespace_in_an_encrypted_number_is_tolerated(world: World) -> None:
    body = world.encrypted()
    sealed = body["card"]["encrypted_pan"]
    body["card"]["encrypted_pan"] = "\r\n".join(
        sealed[at : at + 60] for at in range(0, len(sealed), 60)
    )
    assert world.send("POST", "/v1/tokens", body).status == 200


def test_extensions_answer_by_default(world: World) -> None:
    customer = world.customer()
    assert world.send("GET", f"/v1/customers/{customer['id']}").json == customer
    gone = world.send("DELETE", f"/v1/customers/{customer['id']}")
    assert gone.json == {"deleted": True, "id": customer["id"], "object": "customer"}
    token = world.send("GET", f"/v1/tokens/{world.token()}").json
    assert (token["card"]["last4"], token["tokenMeta"]["tokenStatus"]) == ("4242", "NEW")


def test_a_code_is_good_once_and_for_ten_minutes(world: World) -> None:
    known = world.known

    def code() -> str:
        path = f"/oauth/authorize?client_id={known.client_id}&redirect_uri=https://shop.example/cb"
        return str(world.send("GET", path).headers["location"].partition("code=")[2])

    def exchange(code: str) -> int:
        fields = {"client_id": known.client_id, "client_secret": known.client_secret}
        return world.send("POST", "/oauth/token", {**fields, "code": code}).status

    once, late = code(), code()
    assert [exchange(once), exchange(once)] == [200, 400]
    world.clock.advance(600_001)
    assert exchange(late) == 400


@pytest.mark.parametrize("way", ["query", "form", "json"])
def test_a_code_is_exchanged_in_all_three_ways(world: World, way: str) -> None:
    known = world.known
    sent = world.send("GET", f"/oauth/authorize?client_id={known.client_id}&state=a%20b")
    location = sent.headers["location"]
    assert sent.status == 302
    assert location.startswith("http://localhost:4242/?merchant_id=")
    assert location.endswith("&state=a+b")
    fields = {
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "code": location.partition("code=")[2].partition("&")[0],
    }
    form = "&".join(f"{name}={value}" for name, value in fields.items())
    got = {
        "query": lambda: world.send("GET", f"/oauth/token?{form}", auth=False),
        "form": lambda: world.send("POST", "/oauth/token", raw=form.encode(), auth=False),
        "json": lambda: world.send("POST", "/oauth/token", fields, auth=False),
    }[way]()
    assert list(got.json) == ["access_token"]
    bearer = {"authorization": f"Bearer {got.json['access_token']}"}
    assert world.send("GET", "/pakms/apikey", headers=bearer).json == {
        "active": True,
        "apiAccessKey": known.api_key,
        "createdTime": NOW_MS,
        "developerAppUuid": known.client_id,
        "merchantUuid": known.merchant_id,
        "modifiedTime": NOW_MS,
    }


def test_no_success_has_a_top_level_message(world: World) -> None:
    """Clover's Node SDK takes any body with one for an error, whatever its status."""
    order = world.order(25)["id"]
    charge = world.charge()["id"]
    for got in (
        world.send("GET", "/v1/charges"),
        world.send("POST", f"/v1/orders/{order}/pay", {"source": world.token()}),
        world.send("POST", "/v1/refunds", {"charge": charge}),
        world.send("GET", "/assets/keys.json"),
    ):
        assert (got.status, "message" in got.json) == (200, False)


def test_the_order_of_a_charge_is_returned_as_its_charge_is_refunded(world: World) -> None:
    charge = world.charge()["id"]
    order = world.send("GET", f"/v1/charges/{charge}").json["order"]
    world.send("POST", "/v1/refunds", {"charge": charge, "amount": 800})
    got = world.send("POST", f"/v1/orders/{order}/returns").json
    assert got["amount_returned"] == 1800
    assert world.send("GET", f"/v1/charges/{charge}").json["amount_refunded"] == 1800
