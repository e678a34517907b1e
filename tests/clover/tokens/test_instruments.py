"""Bank accounts, TransArmor tokens and wallets: their tokens, and what charges of them do."""

from collections.abc import Callable
from typing import Any

import pytest

from mock_clover.clover.tokens.records import TokenRequest
from mock_clover.scenario.load import parse
from tests.hostile import wrong_bodies
from tests.world import DECLINES, VISA, Answered, World

MakeWorld = Callable[..., World]

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
"""The numbers are those of Clover's page."""
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


def tokenise(world: World, body: dict[str, Any], **headers: str) -> Answered:
    return world.send("POST", "/v1/tokens", body, headers=headers)


def token(world: World, **body: Any) -> str:
    made = tokenise(world, body)
    assert made.status == 200, made
    return str(made.json["id"])


def charge(world: World, source: str, **members: Any) -> Answered:
    asked = {"amount": 1800, "currency": "USD", "source": source} | members
    return world.send("POST", "/v1/charges", asked)


# Bank accounts ------------------------------------------------------------------------------------


def test_a_bank_accounts_token_shows_last_four_digits_only(world: World) -> None:
    got = tokenise(world, {"ach": ACH})
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
def test_a_member_that_is_documented_as_required_must_be_there(world: World, member: str) -> None:
    body = {name: value for name, value in ACH.items() if name != member}
    got = tokenise(world, {"ach": body})
    assert (got.status, got.json["error"]["code"]) == (400, "invalid_request")
    assert got.json["error"]["message"] == f"Please provide a valid ach.{member}."


@pytest.mark.parametrize(("member", "value"), WRONG)
def test_a_wrong_value_is_refused_by_its_member(world: World, member: str, value: Any) -> None:
    got = tokenise(world, {"ach": ACH | {member: value}})
    assert (got.status, got.json["error"]) == (
        400,
        {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": f"Please provide a valid ach.{member}.",
        },
    )


def test_a_corporate_check_has_a_business_name(world: World) -> None:
    body = ACH | {"check_type": "corporate_check"}
    assert tokenise(world, {"ach": body}).status == 400
    assert tokenise(world, {"ach": body | {"business_name": "Shop"}}).status == 200


def test_a_debit_is_pending_until_it_settles(world: World) -> None:
    source = token(world, ach=ACH)
    made = charge(world, source)
    assert made.json == {
        "id": made.json["id"],
        "amount": 1800,
        "payment_method_details": "ach",
        "amount_refunded": 0,
        "currency": "USD",
        "created": 1748341370775,
        "captured": True,
        "ref_num": "514700500005",
        "auth_code": made.json["auth_code"],
        "outcome": {"network_status": "approved_by_network", "type": "authorized"},
        "status": "pending",
        "source": {"id": source, "last4": "7891"},
        "ecomind": "ecom",
    }
    path = f"/v1/charges/{made.json['id']}"
    seen = []
    for days in (0, 2.9, 0.2):
        world.clock._frozen_ms += int(days * DAY_MS)
        got = world.send("GET", path).json
        seen.append((got["status"], got.get("paid")))
    assert seen == [("pending", None), ("pending", None), ("succeeded", True)]
    assert charge(world, source).json["error"]["code"] == "token_already_used"


def test_the_settings_say_how_long_a_debit_is_pending(make_world: MakeWorld) -> None:
    world = make_world(ach_pending_ms=0)
    made = charge(world, token(world, ach=ACH)).json
    assert (made["status"], made["paid"]) == ("succeeded", True)


def test_debit_cannot_be_authorized_without_capture(world: World) -> None:
    source = token(world, ach=ACH)
    got = charge(world, source, capture=False)
    assert (got.status, got.json["error"]["message"]) == (400, "Please provide a valid capture.")
    assert charge(world, source).status == 200


def test_a_debit_can_be_refunded_and_declined(world: World) -> None:
    made = charge(world, token(world, ach=ACH)).json
    got = world.send("POST", "/v1/refunds", {"charge": made["id"], "amount": 800})
    assert (got.status, got.json["amount"]) == (200, 800)
    world.clock._frozen_ms += 4 * DAY_MS
    shown = world.send("GET", f"/v1/charges/{made['id']}").json
    assert (shown["status"], shown["amount_refunded"]) == ("succeeded", 800)
    asked = {"amount": 1, "currency": "USD", "source": token(world, ach=ACH)}
    no = world.send(
        "POST", "/v1/charges", asked, headers={"x-mock-clover-outcome": "card_declined"}
    )
    assert no.status == 402
    failed = world.send("GET", f"/v1/charges/{no.json['error']['charge']}").json
    assert (failed["status"], failed["payment_method_details"]) == ("failed", "ach")


def test_a_bank_account_is_not_saved_for_a_customer(world: World) -> None:
    body = {"email": "jo@example.com", "source": token(world, ach=ACH)}
    assert world.send("POST", "/v1/customers", body).status == 400


def test_snapshot_restores_pending_debit(world: World) -> None:
    made = charge(world, token(world, ach=ACH)).json["id"]
    snapshot = world.send("GET", "/_mock/snapshot").json
    control = {"x-mock-clover-control": "1", "content-type": "application/json"}
    assert world.send("PUT", "/_mock/snapshot", snapshot, headers=control).status == 200
    assert world.send("GET", f"/v1/charges/{made}").json["status"] == "pending"
    advanced = world.send("PUT", "/_mock/clock", {"advance": "4d"}, headers=control)
    assert "debit_settled" in advanced.body.decode()
    assert world.send("GET", f"/v1/charges/{made}").json["status"] == "succeeded"


def test_three_d_secure_applies_only_to_cards(world: World) -> None:
    """What Clover says to it beside another instrument was not found: it is not heeded."""
    for body in ({"ach": ACH}, {"gift_card": {"number": "98765441066"}}):
        got = charge(world, token(world, **body), threeds={"source": "CLOVER"})
        assert (got.status, "threeds" in got.json) == (200, False)


# TransArmor tokens --------------------------------------------------------------------------------


def test_a_transarmor_token_gives_a_token_that_pays_more_than_once(world: World) -> None:
    got = tokenise(world, {"external_token": EXTERNAL})
    assert got.json == {
        "id": got.json["id"],
        "object": "token",
        "card": {"exp_month": "12", "exp_year": "2027", "last4": "7890"},
    }
    stored = {"sequence": "SUBSEQUENT", "is_scheduled": True, "initiator": "MERCHANT"}
    paid = [charge(world, got.json["id"], stored_credentials=stored) for _ in range(2)]
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
    world: World, known: dict[str, str], stored: list[Any], warned: str | None
) -> None:
    attribute = EXTERNAL["transarmor_token_attribute"] | known
    source = token(world, external_token=EXTERNAL | {"transarmor_token_attribute": attribute})
    paid = [charge(world, source, stored_credentials=each) for each in stored]
    assert [each.status for each in paid] == [200] * len(stored)
    assert paid[-1].json.get("warning_message") == warned


def test_external_token_shows_known_card_details(world: World) -> None:
    known = {"brand": "MasterCard", "first6": "542418", "last4": "1732"}
    attribute = {"exp_month": "1", "exp_year": "30"} | known
    body = {"external_token": EXTERNAL | {"transarmor_token_attribute": attribute}}
    assert tokenise(world, body).json["card"] == {
        "exp_month": "1",
        "exp_year": "2030",
        "first6": "542418",
        "last4": "1732",
        "brand": "MC",
    }


WRONG_EXTERNAL: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"token_type": "OTHER"}, "valid external_token.token_type."),
    "no value": ({"token_value": ""}, "valid external_token.token_value."),
    "a value with spaces": ({"token_value": "1234 56789"}, "valid external_token.token_value."),
    "nothing known": (
        {"transarmor_token_attribute": None},
        "external_token.transarmor_token_attri",
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
    world: World, changes: dict[str, Any], words: str
) -> None:
    got = tokenise(world, {"external_token": EXTERNAL | changes})
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
def test_wallet_token_is_the_approved_test_card(world: World, body: dict[str, Any]) -> None:
    got = tokenise(world, body)
    assert got.json["card"] == {
        "exp_month": "12",
        "exp_year": "2028",
        "first6": VISA[:6],
        "last4": VISA[-4:],
        "brand": "VISA",
    }
    assert [charge(world, got.json["id"]).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize("member", APPLE)
def test_a_payload_without_one_of_its_parts_is_refused(world: World, member: str) -> None:
    body = {name: value for name, value in APPLE.items() if name != member}
    assert tokenise(world, {"encryptedWallet": {"applePayPaymentData": body}}).status == 400


# One of them, and rules ---------------------------------------------------------------------------

EACH: dict[str, dict[str, Any]] = {
    "card": {"number": VISA, "exp_month": "12", "exp_year": "2030"},
    "gift_card": {"number": "98765441066"},
    "ach": ACH,
    "external_token": EXTERNAL,
    "encryptedWallet": {"applePayPaymentData": APPLE},
}


@pytest.mark.parametrize("one", EACH)
@pytest.mark.parametrize("other", EACH)
def test_request_must_have_one_instrument(world: World, one: str, other: str) -> None:
    got = tokenise(world, {one: EACH[one], other: EACH[other]})
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
    for said, body in wrong_bodies(TokenRequest, {name: asked})
    if said.startswith(f"{name}.")
}


def test_any_instrument_value_is_accepted_or_rejected(make_world: MakeWorld) -> None:
    """And a refusal names what is wrong, and leaves nothing behind."""
    world, wrong = make_world(), {}
    for said, body in SPOILT.items():
        before = len(world.sandbox.tokens)
        got = tokenise(world, body)
        kept = len(world.sandbox.tokens) - before
        if (got.status, kept) not in ((200, 1), (400, 0)):
            wrong[said] = got
    assert wrong == {}
    assert len(SPOILT) > 1_000


def test_rule_matches_instrument_kind_and_last4(make_world: MakeWorld) -> None:
    scenario = parse(
        b"name: x\nrules:\n"
        b'- {when: {card: {last4: "7891"}, endpoint: create_charge}, then: {decline: {}}}\n'
        b"- {when: {source: gift_card}, then: {problem: INVALID_SOURCE}}\n",
        "x.yaml",
    )
    world = make_world(scenario)
    assert charge(world, token(world, ach=ACH)).status == 402
    assert charge(world, token(world, gift_card=EACH["gift_card"])).status == 400
    assert charge(world, world.token(DECLINES)).status == 200
