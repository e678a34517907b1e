"""Customers: what their responses have, which instruments they save, and failed payments."""

from typing import Any

import pytest

from tests.checkouts import asked
from tests.clover.tokens.test_instruments import ACH
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer

EMAIL = "jo@example.com"
SUBSEQUENT = {"sequence": "SUBSEQUENT", "is_scheduled": False, "initiator": "CARDHOLDER"}


def create(server: InProcessServer, **changes: Any) -> dict[str, Any]:
    body = {"email": EMAIL, "source": server.token()} | changes
    response = server.send("POST", "/v1/customers", body)
    assert response.status == 200, response
    return dict(response.json)


ECHOES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"name": " ", "shipping": {"name": " "}}),
    ({"firstName": "John", "lastName": "Doe"}, {"name": " ", "shipping": {"name": " "}}),
    (
        {
            "name": "Joe Doe",
            "phone": "4085551858",
            "shipping": {"name": "J. Doe", "phone": "4085551859", "address": {"city": "Utica"}},
        },
        {
            "phone": "4085551858",
            "name": "Joe Doe",
            "shipping": {"name": "J. Doe", "phone": "4085551859"},
        },
    ),
    ({"shipping": {"name": 7, "phone": None}}, {"name": " ", "shipping": {"name": " "}}),
]


@pytest.mark.parametrize(("sent", "shown"), ECHOES)
def test_responses_have_what_was_sent(
    server: InProcessServer, sent: dict[str, Any], shown: dict[str, Any]
) -> None:
    created = create(server, **sent)
    assert created == {
        "id": created["id"],
        "object": "customer",
        "created": 1748341370775,
        "currency": "USD",
        "email": EMAIL,
        "sources": {"object": "list", "data": created["sources"]["data"]},
        **shown,
    }
    path = f"/v1/customers/{created['id']}"
    assert server.send("GET", path).json == created
    changed = server.send("PUT", path, {"email": EMAIL, "name": "Jo Roe"}).json
    assert changed == created | {"name": "Jo Roe"}
    assert server.send("PUT", path, {"email": EMAIL} | sent).json == changed | (
        {"name": sent["name"]} if "name" in sent else {}
    )


def test_bank_accounts_and_gift_cards_are_saved_too(server: InProcessServer) -> None:
    for instrument, method, last4 in (
        ({"ach": ACH}, "ach", "7891"),
        ({"gift_card": {"number": "98765441066"}}, "giftCard", "1066"),
    ):
        token = server.send("POST", "/v1/tokens", instrument).json["id"]
        customer = create(server, source=token)["id"]
        for source in (customer, token, token):
            charged = server.charge(source=source, amount=100)
            assert (charged["payment_method_details"], charged["source"]["last4"]) == (
                method,
                last4,
            )
        (notice,) = server.send("GET", f"/_mock/notices?customer={customer}").json["data"]
        assert last4 in notice["text"]
        expanded = f"/v3/merchants/{server.known.merchant_id}/customers/{customer}?expand=cards"
        assert server.send("GET", expanded).json["cards"] == {"elements": []}


def test_an_update_needs_the_email_unless_a_setting_says_otherwise(make_server: MakeServer) -> None:
    server = make_server()
    path = f"/v1/customers/{create(server)['id']}"
    refused = server.send("PUT", path, {"source": server.token("5555555555554444")})
    assert (refused.status, refused.json["error"]) == (
        400,
        {
            "type": "invalid_request_error",
            "code": "email_invalid",
            "message": "Please provide a valid email.",
        },
    )
    assert "customer_update_email" in refused.why
    server = make_server(customer_update_email="optional")
    path = f"/v1/customers/{create(server)['id']}"
    saved = server.send("PUT", path, {"source": server.token("5555555555554444")})
    assert (saved.status, saved.json["email"], len(saved.json["sources"]["data"])) == (
        200,
        EMAIL,
        2,
    )


def test_every_failed_payment_with_a_card_on_file_has_a_notice(make_server: MakeServer) -> None:
    server = make_server()
    first = server.token()
    customer = create(server, source=first, phone="4085551858")["id"]
    server.send(
        "PUT",
        f"/v1/customers/{customer}",
        {"email": EMAIL, "source": server.token("5555555555554444")},
    )
    order = server.order(1800)["id"]
    plain = {"amount": 1800, "currency": "usd"}
    payments: dict[str, tuple[str, dict[str, Any], str]] = {
        "by customer": ("/v1/charges", plain | {"source": customer}, "MC ending in 4444"),
        "by token": (
            "/v1/charges",
            plain | {"source": first, "stored_credentials": SUBSEQUENT},
            "VISA ending in 4242",
        ),
        "without stored_credentials": (
            "/v1/charges",
            plain | {"source": first},
            "VISA ending in 4242",
        ),
        "an order": (f"/v1/orders/{order}/pay", {"customer": customer}, "MC ending in 4444"),
    }
    declining = {"x-mock-clover-outcome": "card_declined/insufficient_funds"}
    for way, (path, body, card) in payments.items():
        before = server.sandbox.notices.count
        declined = server.send("POST", path, body, headers=declining)
        assert declined.status == 402, way
        error = declined.json["error"]
        told = server.send("GET", f"/_mock/notices?customer={customer}").json["data"]
        new = [each for each in told if int(each["id"].partition("-")[2]) > before]
        assert sorted(each["channel"] for each in new) == ["email", "sms"], way
        text = f"18.00 USD could not be charged to {card} (Insufficient funds)."
        assert {(each["kind"], each["text"], each["charge"], each["amount"]) for each in new} == {
            ("payment_failed", text, error["charge"], 1800)
        }, way
    count = server.sandbox.notices.count
    single = server.token(DECLINED_CARD)
    assert server.send("POST", "/v1/charges", plain | {"source": single}).status == 402
    assert server.send("POST", "/v1/charges", plain | {"source": server.token(VISA)}).status == 200
    assert server.sandbox.notices.count == count


def test_a_gateway_without_multi_pay_tokens(make_server: MakeServer) -> None:
    server = make_server(multi_pay_tokens=False)
    gateway = server.send("GET", f"/v3/merchants/{server.known.merchant_id}/gateway").json
    assert gateway["supportsMultiPayToken"] is False
    order = server.order(100)["id"]
    saving = {"intent": "save_credential_on_file", "stored_credentials": SUBSEQUENT}
    attribute = {"exp_month": "12", "exp_year": "2030"}
    external = {"token_type": "TRANSARMOR", "token_value": "1234567890124242"} | attribute
    plain = {"amount": 100, "currency": "usd", "source": server.token()}
    for path, body in (
        ("/v1/customers", {"email": EMAIL, "source": server.token()}),
        ("/v1/tokens", {"external_token": external}),
        ("/v1/charges", plain | saving),
        (f"/v1/orders/{order}/pay", {"source": server.token()} | saving),
    ):
        refused = server.send("POST", path, body)
        assert (refused.status, refused.json["error"], refused.evidence) == (
            400,
            {
                "type": "invalid_request_error",
                "code": "invalid_request",
                "message": "Multi-pay tokens are not enabled for this merchant.",
            },
            "inferred",
        ), path
    assert server.send("POST", "/v1/charges", plain).status == 200


def test_a_deactivated_api_key(make_server: MakeServer) -> None:
    server = make_server(api_key_active=False)
    key = server.send("GET", "/pakms/apikey").json
    assert (key["active"], key["apiAccessKey"]) == (False, server.known.api_key)
    refused = server.send("POST", "/v1/tokens", server.card())
    assert (refused.status, refused.json, refused.evidence) == (
        401,
        {"message": "401 Unauthorized"},
        "inferred",
    )
    assert "api_key_active" in refused.why


ALL = ("checkout", "token", "charges", "key", "v3")


def test_a_token_is_for_one_type_of_integration(make_server: MakeServer) -> None:
    for integration, accepted in (
        ("any", ALL),
        ("hosted_checkout", ("checkout", "v3")),
        ("iframe", ALL[1:]),
        ("api", ALL[1:]),
    ):
        server = make_server(integration_type=integration)
        requests = {
            "checkout": ("POST", "/invoicingcheckoutservice/v1/checkouts", asked()),
            "token": ("POST", "/v1/tokens", server.card()),
            "charges": ("GET", "/v1/charges", None),
            "key": ("GET", "/pakms/apikey", None),
            "v3": ("GET", f"/v3/merchants/{server.known.merchant_id}", None),
        }
        header = {"x-clover-merchant-id": server.known.merchant_id}
        for name, (method, path, body) in requests.items():
            got = server.send(method, path, body, headers=header)
            case = f"{integration}: {name}"
            assert got.status == (200 if name in accepted else 401), case
            assert ("integration_type" in got.why) == (name not in accepted), case
