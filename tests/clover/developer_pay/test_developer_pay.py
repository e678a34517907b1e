"""The Developer Pay API: its key in three forms, payments by JSON and form, and what they leave."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from mock_clover.scenario.load import parse
from tests.canary import CVV, PAN, songs, texts_within
from tests.world import AVS, DECLINES, VISA, Answered, World

MakeWorld = Callable[..., World]
FORM = {"content-type": "application/x-www-form-urlencoded"}


def key_of(world: World) -> dict[str, str]:
    got = world.send("GET", f"/v2/merchant/{world.known.merchant_id}/pay/key")
    assert got.status == 200
    return dict(got.json)


def pem_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def sealed(world: World, pan: str, key: RSAPublicKey | None = None, prefix: str = "") -> str:
    """Encrypt as Clover's Python sample does: OAEP with SHA-1, the prefix first."""
    told = key_of(world)
    text = f"{prefix or told['prefix']}{pan}".encode()
    padding = OAEP(MGF1(SHA1()), SHA1(), None)
    return base64.b64encode((key or pem_key(told["pem"])).encrypt(text, padding)).decode()


def asked(world: World, pan: str = VISA, **changes: Any) -> dict[str, Any]:
    body = {
        "amount": 1800,
        "currency": "usd",
        "expMonth": 1,
        "expYear": 2030,
        "cvv": "111",
        "zip": "94085",
        "first6": pan[:6],
        "last4": pan[-4:],
        "cardEncrypted": sealed(world, pan),
    } | changes
    return {name: value for name, value in body.items() if value is not None}


def pay(world: World, body: dict[str, Any], **headers: str) -> Answered:
    path = f"/v2/merchant/{world.known.merchant_id}/pay"
    return world.send("POST", path, body, headers=headers)


# The key ------------------------------------------------------------------------------------------


def test_the_key_is_the_servers_own_in_three_forms(world: World) -> None:
    told = key_of(world)
    assert list(told) == ["pem", "prefix", "modulus", "exponent", "id"]
    blob = base64.b64decode(world.keys.public_blob())
    modulus, exponent = (int.from_bytes(half) for half in (blob[:256], blob[256:]))
    assert (told["modulus"], told["exponent"]) == (str(modulus), str(exponent))
    pem = pem_key(told["pem"]).public_numbers()
    assert (pem.n, pem.e) == (modulus, exponent)
    assert told == key_of(world)


@pytest.mark.parametrize(("method", "path"), [("GET", "pay/key"), ("POST", "pay")])
def test_another_merchant_is_refused_as_a_wrong_token_is(
    world: World, method: str, path: str
) -> None:
    body = asked(world) if method == "POST" else None
    got = world.send(method, f"/v2/merchant/0000000000000/{path}", body)
    assert (got.status, got.json) == (401, {"message": "401 Unauthorized"})


# Payments -----------------------------------------------------------------------------------------


def test_an_approved_payment_is_a_charge(world: World) -> None:
    got = pay(world, asked(world, tipAmount=200, taxAmount=100))
    assert got.status == 200
    assert got.json == {
        "authCode": got.json["authCode"],
        "token": got.json["token"],
        "result": "APPROVED",
        "avsResult": "ZIP_CODE_MATCH_ADDRESS_NOT_CHECKED",
        "paymentId": got.json["paymentId"],
        "cvvResult": "SUCCESS",
    }
    (charge,) = world.send("GET", "/v1/charges").json["data"]
    assert (charge["id"], charge["amount"], charge["tip_amount"], charge["tax_amount"]) == (
        got.json["paymentId"],
        1800,
        200,
        100,
    )
    assert (charge["status"], charge["paid"], charge["auth_code"]) == (
        "succeeded",
        True,
        got.json["authCode"],
    )
    assert world.send("POST", "/v1/refunds", {"charge": charge["id"]}).json["amount"] == 2000


def test_a_form_does_the_same(world: World) -> None:
    """Python and Ruby samples send one; Ruby's base64 has line breaks."""
    body = asked(world)
    body["cardEncrypted"] = "\n".join(
        body["cardEncrypted"][at : at + 60] for at in range(0, 344, 60)
    )
    path = f"/v2/merchant/{world.known.merchant_id}/pay"
    got = world.send("POST", path, raw=urlencode(body).encode(), headers=FORM)
    assert (got.status, got.json["result"]) == (200, "APPROVED")


def test_the_modulus_and_the_exponent_do_as_well_as_the_pem(world: World) -> None:
    told = key_of(world)
    key = RSAPublicNumbers(int(told["exponent"]), int(told["modulus"])).public_key()
    got = pay(world, asked(world, cardEncrypted=sealed(world, VISA, key)))
    assert got.json["result"] == "APPROVED"


def test_a_declined_payment_is_a_200_that_says_so(world: World) -> None:
    got = pay(world, asked(world, DECLINES))
    assert got.json == {
        "failureMessage": "DECLINED: No reason provided.",
        "result": "DECLINED",
        "avsResult": "NOT_CHECKED",
        "paymentId": got.json["paymentId"],
        "cvvResult": "NOT_PROCESSED",
    }
    failed = world.send("GET", f"/v1/charges/{got.json['paymentId']}").json
    assert (failed["status"], failed["failure_message"]) == (
        "failed",
        "DECLINED: No reason provided.",
    )
    assert len(world.sandbox.tokens) == 0


CHECKS: list[tuple[str, str | None, str | None, str, str]] = [
    ("pass", "94085", "111", "ZIP_CODE_MATCH_ADDRESS_NOT_CHECKED", "SUCCESS"),
    ("failed", "94085", "111", "ZIP_CODE_NOT_MATCHED_ADDRESS_NOT_CHECKED", "FAILURE"),
    ("unavailable", "94085", "111", "SERVICE_UNAVAILABLE", "NOT_PROCESSED"),
    ("unchecked", "94085", "111", "NOT_CHECKED", "NOT_PROCESSED"),
    ("failed", None, "111", "NOT_CHECKED", "FAILURE"),
    ("failed", "94085", None, "ZIP_CODE_NOT_MATCHED_ADDRESS_NOT_CHECKED", "NOT_PRESENT"),
]


@pytest.mark.parametrize(("check", "zip_code", "cvv", "avs", "seen"), CHECKS)
def test_the_results_of_the_checks_are_those_of_the_scenario(
    make_world: MakeWorld, check: str, zip_code: str, cvv: str, avs: str, seen: str
) -> None:
    checks = f"{{address_zip_check: {check}, cvc_check: {check}}}"
    world = make_world(
        parse(f"name: x\nrules: [{{then: {{approve: {{checks: {checks}}}}}}}]".encode(), "x.yaml")
    )
    got = pay(world, asked(world, AVS, zip=zip_code, cvv=cvv)).json
    assert (got["result"], got["avsResult"], got["cvvResult"]) == ("APPROVED", avs, seen)


def test_rules_and_headers_decide_as_they_do_for_a_charge(make_world: MakeWorld) -> None:
    world = make_world(
        parse(
            b"name: x\nrules:\n"
            b"- {when: {endpoint: developer_pay, amount: 555, card: {last4: '4242'}}, "
            b"then: {decline: {message: No luck}}}\n"
            b"- {when: {endpoint: developer_pay, amount: 556}, then: {problem: RATE_LIMITED}}\n",
            "x.yaml",
        )
    )
    assert pay(world, asked(world, amount=555)).json["failureMessage"] == "No luck"
    assert pay(world, asked(world, amount=556)).status == 429
    assert pay(world, asked(world)).json["result"] == "APPROVED"
    header = {"x-mock-clover-outcome": "card_declined/insufficient_funds"}
    assert pay(world, asked(world), **header).json["failureMessage"] == "Insufficient funds"


def test_an_expired_card_is_declined(world: World) -> None:
    got = pay(world, asked(world, expMonth=4, expYear=2025)).json
    assert (got["result"], got["failureMessage"]) == ("DECLINED", "Expired card")
    assert pay(world, asked(world, expMonth=5, expYear=25)).json["result"] == "APPROVED"


def test_the_token_of_a_payment_pays_again(world: World) -> None:
    token = pay(world, asked(world)).json["token"]
    vaulted = {"token": token, "first6": "424242", "last4": "4242", "expirationDate": "0130"}
    again = pay(world, {"amount": 25, "currency": "usd", "vaultedCard": vaulted})
    assert (again.json["result"], again.json["token"], again.json["cvvResult"]) == (
        "APPROVED",
        token,
        "NOT_PRESENT",
    )
    saved = {"sequence": "SUBSEQUENT", "is_scheduled": False, "initiator": "CARDHOLDER"}
    assert world.charge(source=token, stored_credentials=saved)["status"] == "succeeded"


def test_a_payment_pays_its_order(world: World) -> None:
    order = world.order(700, 300)["id"]
    assert pay(world, asked(world, amount=400, orderId=order)).json["result"] == "APPROVED"
    assert pay(world, asked(world, DECLINES, amount=400, orderId=order)).json["result"] == (
        "DECLINED"
    )
    assert pay(world, asked(world, amount=601, orderId=order)).status == 400
    last = pay(world, asked(world, amount=600, orderId=order)).json
    shown = world.send("GET", f"/v1/orders/{order}").json
    assert (shown["amount_paid"], shown["charge"]) == (1000, last["paymentId"])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no amount": ({"amount": None}, "amount"),
    "nothing": ({"amount": 0}, "amount"),
    "a word": ({"amount": "word"}, "amount"),
    "too much": ({"amount": 100_000_000}, "amount"),
    "no currency of ours": ({"currency": "dollars"}, "currency"),
    "no number": ({"cardEncrypted": None}, "cardEncrypted"),
    "a plain number": ({"cardEncrypted": VISA}, "cardEncrypted"),
    "another first6": ({"first6": "000000"}, "first6"),
    "another last4": ({"last4": "0000"}, "last4"),
    "no month": ({"expMonth": None}, "expMonth"),
    "month 13": ({"expMonth": 13}, "expMonth"),
    "no year": ({"expYear": None}, "expYear"),
    "a year of three digits": ({"expYear": 203}, "expYear"),
    "a CVV of two digits": ({"cvv": "12"}, "cvv"),
    "both": ({"vaultedCard": {"token": "clv_x"}}, "vaultedCard"),
    "an unknown token": (
        {"cardEncrypted": None, "vaultedCard": {"token": "clv_x"}},
        "vaultedCard.token",
    ),
    "no token": ({"cardEncrypted": None, "vaultedCard": {}}, "vaultedCard.token"),
}


@pytest.mark.parametrize(("changes", "param"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused_by_its_member(
    world: World, changes: dict[str, Any], param: str
) -> None:
    got = pay(world, asked(world, **changes))
    assert (got.status, got.json) == (400, {"message": f"Invalid value for {param}"})
    assert len(world.sandbox.charges) == 0


@pytest.mark.parametrize(
    ("pan", "prefix"),
    [("4242424242424241", ""), ("424242", ""), ("9" * 16, ""), (VISA, "99999999"), ("", "")],
)
def test_a_ciphertext_of_something_else_is_refused(world: World, pan: str, prefix: str) -> None:
    body = asked(world, first6=None, last4=None, cardEncrypted=sealed(world, pan, prefix=prefix))
    got = pay(world, body)
    assert (got.status, got.json) == (400, {"message": "Invalid value for cardEncrypted"})


def test_a_number_and_a_cvv_get_out_nowhere(world: World) -> None:
    good = asked(world, PAN, cvv=CVV)
    bodies = [good, good | {"expMonth": 13}, good | {"cardEncrypted": PAN}, good | {"zip": [CVV]}]
    bodies += [good | {"orderId": "none"}, good | {"cvv": [CVV]}, good | {"amount": PAN}]
    replies = [pay(world, body) for body in bodies]
    forms = [body for body in bodies if body["zip"] == good["zip"]]
    path = f"/v2/merchant/{world.known.merchant_id}/pay"
    replies += [world.send("POST", path, raw=urlencode(body).encode()) for body in forms]
    shown = [world.send("GET", f"/_mock/{each}").body.decode() for each in ("journal", "snapshot")]
    rows = [repr(row) for rows in world.sandbox.state().values() for row in rows]
    texts = [*shown, *rows, *(each.body.decode() + each.why for each in replies)]
    assert [found for text in texts for found in songs(text)] == []
    assert {each.status for each in replies} == {200, 400, 404}
    keys = ("BEGIN PUBLIC KEY", world.keys.public_blob())  # random digits may be those of a CVV
    texts = [text for text in texts_within(world.sandboxes) if not any(k in text for k in keys)]
    kept = [text for text in texts if PAN in text or CVV in text]
    assert kept == []
    assert good["cardEncrypted"] not in json.dumps(shown)
