"""Payments: tokens, charges, customers and orders, with complete response bodies."""

from typing import Any

import pytest

from tests.in_process import AVS, DECLINED_CARD, NOW_MS, VISA, InProcessServer

SECONDS = NOW_MS // 1000 * 1000
OUTCOME = {"network_status": "approved_by_network", "type": "authorized"}


def source(token: str | None, *, expiry: bool, last4: str = "4242") -> dict[str, Any]:
    shown = {"id": token} if token else {}
    shown |= {"brand": "VISA"}
    shown |= {"exp_month": "12", "exp_year": "2030"} if expiry else {}
    return shown | {"first6": "424242", "last4": last4}


def test_an_authorization_is_unpaid_until_its_capture(server: InProcessServer) -> None:
    token = server.token()
    created = server.charge(source=token, capture=False)
    assert created == {
        "id": created["id"],
        "amount": 1800,
        "payment_method_details": "card",
        "amount_refunded": 0,
        "currency": "USD",
        "created": NOW_MS,
        "captured": False,
        "ref_num": "514700500005",
        "auth_code": created["auth_code"],
        "outcome": OUTCOME,
        "status": "succeeded",
        "source": source(token, expiry=True),
        "ecomind": "ecom",
    }
    captured = server.send("POST", f"/v1/charges/{created['id']}/capture", {"amount": 1500})
    order = captured.json["order"]
    assert captured.json == {
        "id": created["id"],
        "amount": 1500,
        "payment_method_details": "card",
        "amount_captured": 1500,
        "currency": "USD",
        "created": SECONDS,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": created["auth_code"],
        "order": order,
        "outcome": OUTCOME,
        "paid": True,
        "status": "succeeded",
        "source": source(token, expiry=False),
    }
    assert server.send("GET", f"/v1/charges/{created['id']}").json == {
        "id": created["id"],
        "amount": 1800,
        "payment_method_details": "card",
        "amount_captured": 1500,
        "amount_refunded": 0,
        "currency": "USD",
        "created": SECONDS,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": created["auth_code"],
        "order": order,
        "outcome": OUTCOME,
        "paid": True,
        "status": "succeeded",
        "source": source(token, expiry=False),
        "ecomind": "ecom",
    }


def test_declined_charge_is_stored_and_named_in_error(server: InProcessServer) -> None:
    body = {"amount": 1800, "currency": "usd", "source": server.token(DECLINED_CARD)}
    got = server.send("POST", "/v1/charges", body)
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
    saved = server.send("GET", f"/v1/charges/{charge}").json
    assert saved == {
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


def test_a_saved_cards_token_needs_stored_credentials(server: InProcessServer) -> None:
    token = server.token()
    server.send("POST", "/v1/customers", {"email": "jo@example.com", "source": token})
    body: dict[str, Any] = {"amount": 100, "currency": "usd", "source": token}
    bare = server.send("POST", "/v1/charges", body)
    assert (bare.status, bare.json["error"]["message"]) == (402, "CVV is not provided")
    for sequence in ("FIRST", "SUBSEQUENT", "SUBSEQUENT"):
        stored = {"sequence": sequence, "is_scheduled": False, "initiator": "MERCHANT"}
        assert (
            server.send("POST", "/v1/charges", body | {"stored_credentials": stored}).status == 200
        )


def test_removed_card_cannot_be_charged(server: InProcessServer) -> None:
    token = server.token()
    created = server.send(
        "POST", "/v1/customers", {"email": "jo@example.com", "source": token}
    ).json
    card = created["sources"]["data"][0]
    gone = server.send("DELETE", f"/v1/customers/{created['id']}/sources/{card}")
    assert gone.json == {"deleted": True, "id": card, "object": "deletedcard"}
    stored = {"sequence": "SUBSEQUENT", "initiator": "MERCHANT"}
    body = {"amount": 100, "currency": "usd", "source": token, "stored_credentials": stored}
    assert server.send("POST", "/v1/charges", body).status == 400


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
    server: InProcessServer, brings: dict[str, Any], checks: dict[str, str]
) -> None:
    charge = server.charge(source=server.token(AVS, **brings))
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
    server: InProcessServer,
    charge: dict[str, Any],
    refund: dict[str, Any],
    expected: tuple[str, int],
) -> None:
    created = server.charge(**charge)
    got = server.send("POST", "/v1/refunds", {"charge": created["id"], **refund}).json
    assert got == {
        "id": got["id"],
        "object": "refund",
        "amount": expected[1],
        "charge": created["id"],
        "created": NOW_MS,
        "status": "succeeded",
        "metadata": {
            "refundType": expected[0],
            "authCode": got["metadata"]["authCode"],
            "refNum": "514700500010",
            "gatewayResponseCode": "000",
        },
    }
    assert server.send("GET", f"/v1/refunds/{got['id']}").json == got


def test_a_voided_authorization_cannot_be_captured(server: InProcessServer) -> None:
    created = server.charge(capture=False)["id"]
    server.send("POST", "/v1/refunds", {"charge": created})
    assert server.send("POST", f"/v1/charges/{created}/capture").status == 400
    shown = server.send("GET", f"/v1/charges/{created}").json
    assert (shown["captured"], shown["amount_refunded"]) == (False, 1800)


def test_an_order_is_paid_in_two_parts(server: InProcessServer) -> None:
    order = server.order(1400)["id"]
    first = server.send(
        "POST", f"/v1/orders/{order}/pay", {"source": server.token(), "amount": 1000}
    ).json
    assert (first["amount_paid"], first["status"], "past_charges" in first) == (
        1000,
        "created",
        False,
    )
    server.clock.advance(5000)
    second = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    assert (second["amount_paid"], second["status"]) == (1400, "paid")
    assert [past["id"] for past in second["past_charges"]] == [first["charge"]]
    assert second["status_transitions"] == {"paid": NOW_MS + 5000}
    saved = server.send("GET", f"/v1/orders/{order}").json
    assert (saved["charge"], saved["amount_paid"], "status" in saved) == (
        second["charge"],
        1400,
        False,
    )


def test_an_order_without_source_is_paid_by_its_customer(server: InProcessServer) -> None:
    customer = server.customer()["id"]
    body = {"currency": "usd", "customer": customer, "items": [{"amount": 25}]}
    order = server.send("POST", "/v1/orders", body).json["id"]
    assert server.send("POST", f"/v1/orders/{order}/pay", {}).json["customer"] == customer


def test_a_declined_order_stays_unpaid(server: InProcessServer) -> None:
    order = server.order(25)["id"]
    body = {"source": server.token(DECLINED_CARD)}
    assert server.send("POST", f"/v1/orders/{order}/pay", body).status == 402
    assert server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).status == 200


def test_a_charge_makes_its_order(server: InProcessServer) -> None:
    charge = server.charge(description="Lamp")
    order = server.send("GET", f"/v1/charges/{charge['id']}").json["order"]
    assert server.send("GET", f"/v1/orders/{order}").json == {
        "id": order,
        "object": "order",
        "amount": 1800,
        "amount_paid": 1800,
        "currency": "USD",
        "charge": charge["id"],
        "created": SECONDS,
        "items": [{"quantity": 1, "amount": 1800, "description": "Lamp"}],
    }


def test_order_totals_are_unit_prices_times_quantities_and_taxes(server: InProcessServer) -> None:
    items = [
        {"type": "sku", "amount": 1358, "quantity": 2, "tax_rates": [{"rate": 1_000_000}]},
        {"type": "tax", "amount": 180, "description": "Sales Tax"},
    ]
    created = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json
    assert (created["amount"], created["tax_amount"]) == (2716 + 272 + 180, 272 + 180)


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
    server: InProcessServer, sends: dict[str, Any], fact: str
) -> None:
    created = server.charge(**sends)
    assert (created["amount"], created["currency"], created["paid"]) == (1800, "USD", True)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json"},
        {},
    ],
)
def test_an_empty_body_of_any_type_captures_in_full(
    server: InProcessServer, headers: dict[str, str]
) -> None:
    created = server.charge(capture=False)["id"]
    got = server.send("POST", f"/v1/charges/{created}/capture", headers=headers)
    assert (got.status, got.json["amount_captured"]) == (200, 1800)


@pytest.mark.parametrize(
    ("setting", "expected"), [("upper", "USD"), ("lower", "usd"), ("as_sent", "uSd")]
)
def test_the_currency_is_echoed_as_set(make_server: Any, setting: str, expected: str) -> None:
    assert make_server(currency_echo=setting).charge(currency="uSd")["currency"] == expected


def test_decline_spends_token_setting(make_server: Any) -> None:
    server = make_server(decline_spends_token=False)
    body = {"amount": 100, "currency": "usd", "source": server.token(DECLINED_CARD)}
    assert [server.send("POST", "/v1/charges", body).status for _ in range(2)] == [402, 402]


def test_an_unlisted_card_is_approved_and_the_reason_says_so(server: InProcessServer) -> None:
    token = server.token("4539148803436467")
    body = {"amount": 100, "currency": "usd", "source": token}
    got = server.send("POST", "/v1/charges", body)
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
    server: InProcessServer, pan: str, brand: str
) -> None:
    plain = server.send("POST", "/v1/tokens", server.card(pan)).json
    sealed = server.send("POST", "/v1/tokens", server.encrypted(pan)).json
    expected = {
        "exp_month": "12",
        "exp_year": "2030",
        "first6": pan[:6],
        "last4": pan[-4:],
        "brand": brand,
    }
    assert (plain["card"], sealed["card"]) == (expected, expected)


def test_whitespace_in_an_encrypted_number_is_tolerated(server: InProcessServer) -> None:
    body = server.encrypted()
    sealed = body["card"]["encrypted_pan"]
    body["card"]["encrypted_pan"] = "\r\n".join(
        sealed[at : at + 60] for at in range(0, len(sealed), 60)
    )
    assert server.send("POST", "/v1/tokens", body).status == 200


def test_extensions_answer_by_default(server: InProcessServer) -> None:
    customer = server.customer()
    assert server.send("GET", f"/v1/customers/{customer['id']}").json == customer
    gone = server.send("DELETE", f"/v1/customers/{customer['id']}")
    assert gone.json == {"deleted": True, "id": customer["id"], "object": "customer"}
    token = server.send("GET", f"/v1/tokens/{server.token()}").json
    assert (token["card"]["last4"], token["tokenMeta"]["tokenStatus"]) == ("4242", "NEW")


def test_a_code_is_good_once_and_for_ten_minutes(server: InProcessServer) -> None:
    credentials = server.known

    def code() -> str:
        path = f"/oauth/authorize?client_id={credentials.client_id}&redirect_uri=https://shop.example/cb"
        return str(server.send("GET", path).headers["location"].partition("code=")[2])

    def exchange(code: str) -> int:
        fields = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
        return server.send("POST", "/oauth/token", {**fields, "code": code}).status

    once, late = code(), code()
    assert [exchange(once), exchange(once)] == [200, 400]
    server.clock.advance(600_001)
    assert exchange(late) == 400


@pytest.mark.parametrize("way", ["query", "form", "json"])
def test_a_code_is_exchanged_in_all_three_ways(server: InProcessServer, way: str) -> None:
    credentials = server.known
    sent = server.send("GET", f"/oauth/authorize?client_id={credentials.client_id}&state=a%20b")
    location = sent.headers["location"]
    assert sent.status == 302
    assert location.startswith("http://localhost:4242/?merchant_id=")
    assert location.endswith("&state=a+b")
    fields = {
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "code": location.partition("code=")[2].partition("&")[0],
    }
    form = "&".join(f"{name}={value}" for name, value in fields.items())
    got = {
        "query": lambda: server.send("GET", f"/oauth/token?{form}", auth=False),
        "form": lambda: server.send("POST", "/oauth/token", raw=form.encode(), auth=False),
        "json": lambda: server.send("POST", "/oauth/token", fields, auth=False),
    }[way]()
    assert list(got.json) == ["access_token"]
    bearer = {"authorization": f"Bearer {got.json['access_token']}"}
    assert server.send("GET", "/pakms/apikey", headers=bearer).json == {
        "active": True,
        "apiAccessKey": credentials.api_key,
        "createdTime": NOW_MS,
        "developerAppUuid": credentials.client_id,
        "merchantUuid": credentials.merchant_id,
        "modifiedTime": NOW_MS,
    }


def test_no_success_has_a_top_level_message(server: InProcessServer) -> None:
    """Clover's Node SDK treats any body with one as an error, whatever its status."""
    order = server.order(25)["id"]
    charge = server.charge()["id"]
    for got in (
        server.send("GET", "/v1/charges"),
        server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}),
        server.send("POST", "/v1/refunds", {"charge": charge}),
        server.send("GET", "/assets/keys.json"),
    ):
        assert (got.status, "message" in got.json) == (200, False)


def test_the_order_of_a_charge_is_returned_as_its_charge_is_refunded(
    server: InProcessServer,
) -> None:
    charge = server.charge()["id"]
    order = server.send("GET", f"/v1/charges/{charge}").json["order"]
    server.send("POST", "/v1/refunds", {"charge": charge, "amount": 800})
    got = server.send("POST", f"/v1/orders/{order}/returns").json
    assert got["amount_returned"] == 1800
    assert server.send("GET", f"/v1/charges/{charge}").json["amount_refunded"] == 1800
