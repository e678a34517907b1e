"""Bank accounts, TransArmor tokens and wallets: their tokens and charges."""

from typing import Any

import pytest

from mock_clover.clover.tokens.records import TokenRequest
from mock_clover.sandbox.keys import encrypt_pan
from mock_clover.scenario.load import parse
from tests.hostile import invalid_bodies
from tests.in_process import DECLINED_CARD, VISA, InProcessServer, MakeServer, Response

DAY_MS = 86_400_000
ACH: dict[str, Any] = {
    "bank_account_number": "1234567891",
    "bank_routing_number": "123456789",
    "check_type": "personal_check",
    "account_type": "checking",
    "customer_id_type": "driver_license",
    "customer_id_state": "CA",
    "customer_id": "D1234567",
    "first_name": "Jo",
    "last_name": "Doe",
    "email": "jo@example.com",
    "phone": "5555550100",
    "address_line1": "1 Main Street",
    "address_city": "Sunnyvale",
    "address_state": "CA",
    "address_zip": "94085",
    "agreement": {
        "agreement_id": "2c74dcc0-61ad-4f08-8764-a29aeb98f4a4",
        "type": "E_CHECK_GENERIC",
        "locale": "en_US",
        "template_data": "firstName:Jo",
    },
}
"""The numbers of Clover's page."""
EXTERNAL: dict[str, Any] = {
    "token_type": "TRANSARMOR",
    "token_value": 1234567890,
    "transarmor_token_attribute": {"exp_month": "12", "exp_year": "2027"},
}
APPLE: dict[str, Any] = {
    "data": "c2VhbGVk",
    "header": {"ephemeralPublicKey": "a2V5", "publicKeyHash": "aGFzaA==", "transactionId": "a1b2"},
    "signature": "c2lnbmVk",
    "version": "EC_v1",
}


def tokenise(server: InProcessServer, body: dict[str, Any], **headers: str) -> Response:
    return server.send("POST", "/v1/tokens", body, headers=headers)


def token(server: InProcessServer, **body: Any) -> str:
    created = tokenise(server, body)
    assert created.status == 200, created
    return str(created.json["id"])


def charge(server: InProcessServer, source: str, **members: Any) -> Response:
    request_body = {"amount": 1800, "currency": "USD", "source": source} | members
    return server.send("POST", "/v1/charges", request_body)


# Bank accounts ------------------------------------------------------------------------------------


def test_a_bank_accounts_token_shows_last_four_digits_only(server: InProcessServer) -> None:
    got = tokenise(server, {"ach": ACH})
    assert got.json == {
        "id": got.json["id"],
        "object": "token",
        "ach": {"account_last4": "7891", "routing_last4": "6789"},
    }


REQUIRED = [
    *("bank_account_number", "bank_routing_number", "check_type", "account_type"),
    *("customer_id_type", "customer_id_state", "customer_id", "first_name", "last_name"),
    *("email", "phone", "address_line1", "address_city", "address_state", "address_zip"),
    "agreement",
]
WRONG: list[tuple[str, Any]] = [
    *(("bank_account_number", value) for value in ("123456789", "1234567890123", "12345678x1", "")),
    *(("bank_routing_number", value) for value in ("12345678", "1234567890", "12345678\n")),
    ("check_type", "cheque"),
    ("account_type", "loan"),
    ("customer_id_type", "passport"),
    ("customer_id", ""),
    ("email", "jo"),
    ("agreement", "yes"),
]


@pytest.mark.parametrize("member", REQUIRED)
def test_a_member_that_is_documented_as_required_must_be_there(
    server: InProcessServer, member: str
) -> None:
    body = {name: value for name, value in ACH.items() if name != member}
    got = tokenise(server, {"ach": body})
    assert (got.status, got.json["error"]["code"]) == (400, "invalid_request")
    assert got.json["error"]["message"] == f"Please provide a valid ach.{member}."


@pytest.mark.parametrize(("member", "value"), WRONG)
def test_a_wrong_value_is_refused_by_its_member(
    server: InProcessServer, member: str, value: Any
) -> None:
    got = tokenise(server, {"ach": ACH | {member: value}})
    assert (got.status, got.json["error"]) == (
        400,
        {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": f"Please provide a valid ach.{member}.",
        },
    )


def test_every_documented_type_of_agreement_is_accepted(server: InProcessServer) -> None:
    kinds = ("BUSINESS_WARRANTY", "PERSONAL_WARRANTY", "BUSINESS_SETTLEMENT", "PERSONAL_SETTLEMENT")
    for kind in ("GENERIC", *(f"ICA_{each}" for each in kinds)):
        agreement = ACH["agreement"] | {"type": f"E_CHECK_{kind}"}
        assert tokenise(server, {"ach": ACH | {"agreement": agreement}}).status == 200, kind


ENCRYPTED = ("transarmor_key_id", "cvv", "brand", "first6", "last4")


def test_an_encrypted_card_lacks_a_member(make_server: MakeServer) -> None:
    """Accepted and told; rejected with `strict`, even where inferred replies are."""
    whole = {"transarmor_key_id": "k", "brand": "VISA"}
    default, strict = make_server(), make_server(strict=True, refuse_inferred=True)
    got = default.send("POST", "/v1/tokens", default.encrypted(**whole))
    assert (got.status, got.why) == (200, "created a single-pay token for VISA ...4242")
    assert strict.send("POST", "/v1/tokens", strict.encrypted(**whole)).status == 200
    for member in ENCRYPTED:
        body = default.encrypted(**whole | {member: None})
        got = default.send("POST", "/v1/tokens", body)
        remark = f"card.{member} missing, required with encrypted_pan (documented)"
        assert (got.status, got.why) == (
            200,
            f"created a single-pay token for VISA ...4242; {remark}",
        )
        assert strict.send("POST", "/v1/tokens", body).json["error"] == {
            "type": "invalid_request_error",
            "code": "parameter_missing",
            "message": f"Please provide a valid card.{member}.",
        }


def test_an_encrypted_text_is_not_a_card_number(server: InProcessServer) -> None:
    blob = server.keys.public_blob()
    for text in ("visa", "4242", "4242 4242 4242 4242", "0242424242424242"):
        body = server.encrypted(encrypted_pan=encrypt_pan(blob, text))
        got = server.send("POST", "/v1/tokens", body)
        rule = f"has {len(text)} characters; must be 13 to 19 digits, not first 0 or 1"
        why = f"INVALID_PAN (the number in card.encrypted_pan {rule}) (documented: "
        assert (got.status, got.why.partition("DOCS")[0]) == (400, why)


def test_a_card_is_encrypted_under_the_production_key(
    make_server: MakeServer,
) -> None:
    server = make_server()
    keys = server.send("GET", "/assets/keys.json").json
    assert len(set(keys.values())) == 2
    card = {"transarmor_key_id": "k", "brand": "VISA"}
    sealed = {"encrypted_pan": encrypt_pan(keys["TA_PUBLIC_KEY_PROD"], VISA)}
    told = "card.encrypted_pan is encrypted under the production key; the sandbox has"
    got = server.send("POST", "/v1/tokens", server.encrypted(**card | sealed))
    assert (got.status, got.evidence, got.json["card"]["last4"]) == (200, "inferred", "4242")
    assert told in got.why
    charged = server.send(
        "POST", "/v1/charges", {"amount": 1, "currency": "usd", "source": got.json["id"]}
    )
    assert charged.status == 200
    strict = make_server(strict=True, refuse_inferred=True)
    got = strict.send("POST", "/v1/tokens", strict.encrypted(**card | sealed))
    assert (got.status, got.json["error"]["message"]) == (
        400,
        "Card number is not a valid raw or encrypted PAN.",
    )
    assert told in got.why


def test_a_corporate_check_has_a_business_name(server: InProcessServer) -> None:
    body = ACH | {"check_type": "corporate_check"}
    assert tokenise(server, {"ach": body}).status == 400
    assert tokenise(server, {"ach": body | {"business_name": "Shop"}}).status == 200


def test_a_debit_is_pending_until_it_settles(server: InProcessServer) -> None:
    source = token(server, ach=ACH)
    created = charge(server, source)
    assert created.json == {
        "id": created.json["id"],
        "amount": 1800,
        "payment_method_details": "ach",
        "amount_refunded": 0,
        "currency": "USD",
        "created": 1748341370775,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": created.json["auth_code"],
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "status": "pending",
        "source": {"id": source, "last4": "7891"},
        "ecomind": "ecom",
    }
    path = f"/v1/charges/{created.json['id']}"
    seen = []
    for days in (0, 2.9, 0.2):
        server.clock._frozen_ms += int(days * DAY_MS)
        got = server.send("GET", path).json
        seen.append((got["status"], got.get("paid")))
    assert seen == [("pending", None), ("pending", None), ("succeeded", True)]
    assert charge(server, source).json["error"]["code"] == "token_already_used"


def test_the_settings_say_how_long_a_debit_is_pending(make_server: MakeServer) -> None:
    server = make_server(ach_pending_ms=0)
    created = charge(server, token(server, ach=ACH)).json
    assert (created["status"], created["paid"]) == ("succeeded", True)


def test_debit_cannot_be_authorized_without_capture(server: InProcessServer) -> None:
    source = token(server, ach=ACH)
    got = charge(server, source, capture=False)
    assert (got.status, got.json["error"]["message"]) == (400, "Please provide a valid capture.")
    assert charge(server, source).status == 200


def test_a_debit_can_be_refunded_and_declined(server: InProcessServer) -> None:
    created = charge(server, token(server, ach=ACH)).json
    got = server.send("POST", "/v1/refunds", {"charge": created["id"], "amount": 800})
    assert (got.status, got.json["amount"]) == (200, 800)
    server.clock._frozen_ms += 4 * DAY_MS
    shown = server.send("GET", f"/v1/charges/{created['id']}").json
    assert (shown["status"], shown["amount_refunded"]) == ("succeeded", 800)
    request_body = {"amount": 1, "currency": "USD", "source": token(server, ach=ACH)}
    no = server.send(
        "POST", "/v1/charges", request_body, headers={"x-mock-clover-outcome": "card_declined"}
    )
    assert no.status == 402
    failed = server.send("GET", f"/v1/charges/{no.json['error']['charge']}").json
    assert (failed["status"], failed["payment_method_details"]) == ("failed", "ach")


def test_snapshot_restores_pending_debit(server: InProcessServer) -> None:
    created = charge(server, token(server, ach=ACH)).json["id"]
    snapshot = server.send("GET", "/_mock/snapshot").json
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    assert server.send("PUT", "/_mock/snapshot", snapshot, headers=control).status == 200
    assert server.send("GET", f"/v1/charges/{created}").json["status"] == "pending"
    advanced = server.send("PUT", "/_mock/clock", {"advance": "4d"}, headers=control)
    assert "debit_settled" in advanced.body.decode()
    assert server.send("GET", f"/v1/charges/{created}").json["status"] == "succeeded"


def test_three_d_secure_applies_only_to_cards(server: InProcessServer) -> None:
    """No source says what Clover does with it beside another instrument: it is ignored."""
    for body in ({"ach": ACH}, {"gift_card": {"number": "98765441066"}}):
        got = charge(server, token(server, **body), threeds={"source": "CLOVER"})
        assert (got.status, "threeds" in got.json) == (200, False)


# TransArmor tokens --------------------------------------------------------------------------------


def test_a_transarmor_token_gives_a_token_that_pays_more_than_once(server: InProcessServer) -> None:
    got = tokenise(server, {"external_token": EXTERNAL})
    assert got.json == {
        "id": got.json["id"],
        "object": "token",
        "card": {"exp_month": "12", "exp_year": "2027", "last4": "7890"},
    }
    stored = {"sequence": "SUBSEQUENT", "is_scheduled": True, "initiator": "MERCHANT"}
    paid = [charge(server, got.json["id"], stored_credentials=stored) for _ in range(2)]
    assert [each.status for each in paid] == [200, 200]
    assert paid[0].json["source"] == {
        "id": got.json["id"],
        "exp_month": "12",
        "exp_year": "2027",
        "last4": "7890",
    }


SUBSEQUENT = {"sequence": "SUBSEQUENT", "is_scheduled": True, "initiator": "MERCHANT"}
FIRST = {"sequence": "FIRST", "is_scheduled": False, "initiator": "CARDHOLDER"}


@pytest.mark.parametrize(
    ("known", "stored", "warned"),
    [
        ({}, [None], None),
        ({}, [SUBSEQUENT], "Missing original transaction identifer for c-token."),
        ({"transactionId": "t1"}, [SUBSEQUENT], None),
        ({}, [FIRST, SUBSEQUENT], None),
    ],
)
def test_a_later_payment_without_its_first_is_answered_with_a_warning(
    server: InProcessServer, known: dict[str, str], stored: list[Any], warned: str | None
) -> None:
    attribute = EXTERNAL["transarmor_token_attribute"] | known
    source = token(server, external_token=EXTERNAL | {"transarmor_token_attribute": attribute})
    paid = [charge(server, source, stored_credentials=each) for each in stored]
    assert [each.status for each in paid] == [200] * len(stored)
    assert paid[-1].json.get("warning_message") == warned


def test_external_token_shows_known_card_details(server: InProcessServer) -> None:
    known = {"brand": "MasterCard", "first6": "542418", "last4": "1732"}
    attribute = {"exp_month": "1", "exp_year": "30"} | known
    body = {"external_token": EXTERNAL | {"transarmor_token_attribute": attribute}}
    assert tokenise(server, body).json["card"] == {
        "exp_month": "1",
        "exp_year": "2030",
        "first6": "542418",
        "last4": "1732",
        "brand": "MC",
    }


def test_an_external_token_needs_only_its_value_and_expiry(server: InProcessServer) -> None:
    body = {"token_value": "1234567890124242", "exp_month": "12", "exp_year": "2030"}
    assert tokenise(server, {"external_token": body}).json["card"] == {
        "exp_month": "12",
        "exp_year": "2030",
        "last4": "4242",
    }


WRONG_EXTERNAL: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"token_type": "OTHER"}, "valid external_token.token_type."),
    "no value": ({"token_value": ""}, "valid external_token.token_value."),
    "a value with spaces": ({"token_value": "1234 56789"}, "valid external_token.token_value."),
    "nothing known": (
        {"transarmor_token_attribute": None},
        "Card expiry month is invalid.",
    ),
    "expired": (
        {"transarmor_token_attribute": {"exp_month": "1", "exp_year": "2020"}},
        "Card expired.",
    ),
    "no month": (
        {"transarmor_token_attribute": {"exp_month": "13", "exp_year": "2030"}},
        "Card expiry month is invalid.",
    ),
    "an unknown brand": (
        {"transarmor_token_attribute": {"exp_month": "1", "exp_year": "2030", "brand": "X"}},
        "Card brand is invalid",
    ),
    "last four of five": (
        {"transarmor_token_attribute": {"exp_month": "1", "exp_year": "2030", "last4": "12345"}},
        "transarmor_token_attribute.last4.",
    ),
}


@pytest.mark.parametrize(("changes", "words"), WRONG_EXTERNAL.values(), ids=WRONG_EXTERNAL)
def test_invalid_transarmor_token_is_rejected(
    server: InProcessServer, changes: dict[str, Any], words: str
) -> None:
    got = tokenise(server, {"external_token": EXTERNAL | changes})
    assert got.status == 400
    assert words in got.json["error"]["message"]


# Apple Pay ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"encryptedWallet": {"applePayPaymentData": APPLE}},
        {"encrypted_wallet": {"applePayPaymentData": APPLE}},
        {"applePayPaymentData": APPLE},
    ],
    ids=lambda body: next(iter(body)),
)
def test_wallet_token_is_the_approved_test_card(
    server: InProcessServer, body: dict[str, Any]
) -> None:
    got = tokenise(server, body)
    assert got.json["card"] == {
        "exp_month": "12",
        "exp_year": "2028",
        "first6": VISA[:6],
        "last4": VISA[-4:],
        "brand": "VISA",
    }
    assert [charge(server, got.json["id"]).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("member", APPLE)
def test_a_payload_without_one_of_its_parts_is_refused(
    server: InProcessServer, member: str
) -> None:
    body = {name: value for name, value in APPLE.items() if name != member}
    assert tokenise(server, {"encryptedWallet": {"applePayPaymentData": body}}).status == 400


# Combinations and rules ---------------------------------------------------------------------------

EACH: dict[str, dict[str, Any]] = {
    "card": {"number": VISA, "exp_month": "12", "exp_year": "2030"},
    "gift_card": {"number": "98765441066"},
    "ach": ACH,
    "external_token": EXTERNAL,
    "encryptedWallet": {"applePayPaymentData": APPLE},
}


@pytest.mark.parametrize("one", EACH)
@pytest.mark.parametrize("other", EACH)
def test_request_must_have_one_instrument(server: InProcessServer, one: str, other: str) -> None:
    got = tokenise(server, {one: EACH[one], other: EACH[other]})
    if one == other:
        assert got.status == 200
    else:
        assert (got.status, got.json["error"]["message"]) == (
            400,
            "Please provide only one of card, gift_card, ach, external_token.",
        )


SPOILT = {
    f"{name}: {said}": body
    for name, asked in EACH.items()
    for said, body in invalid_bodies(TokenRequest, {name: asked})
    if said.startswith(f"{name}.")
}


@pytest.mark.fuzz
def test_any_instrument_value_is_accepted_or_rejected(make_server: MakeServer) -> None:
    """And an error names the field, and changes nothing."""
    server, wrong = make_server(), {}
    for message, body in SPOILT.items():
        before = len(server.sandbox.tokens)
        got = tokenise(server, body)
        saved = len(server.sandbox.tokens) - before
        if (got.status, saved) not in ((200, 1), (400, 0)):
            wrong[message] = got
    assert wrong == {}
    assert len(SPOILT) > 1_000


def test_rule_matches_instrument_kind_and_last4(make_server: MakeServer) -> None:
    scenario = parse(
        b"name: x\nrules:\n"
        b'- {when: {card: {last4: "7891"}, endpoint: create_charge}, then: {decline: {}}}\n'
        b"- {when: {source: gift_card}, then: {problem: INVALID_SOURCE}}\n",
        "x.yaml",
    )
    server = make_server(scenario)
    assert charge(server, token(server, ach=ACH)).status == 402
    assert charge(server, token(server, gift_card=EACH["gift_card"])).status == 400
    assert charge(server, server.token(DECLINED_CARD)).status == 200
