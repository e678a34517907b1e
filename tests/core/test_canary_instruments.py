"""Numbers of gift cards, bank accounts and external tokens never leak.

No check digit distinguishes them from other numbers, so they cannot be masked later: they must not
be stored at all.
"""

import json
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.tokens.records import TokenRequest
from mock_clover.core.codec import Codec, MalformedError, ViolationsError
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.records import Scenario
from tests.canary import texts_within
from tests.clover.tokens.test_instruments import ACH, APPLE
from tests.in_process import InProcessServer, MakeServer, Response
from tests.raw_http import call
from tests.server_process import ServerProcess

GIFT, LONG_GIFT, CODE, FOREIGN_CODE = "88213374901", "7654321876543218763", "64209713", "5310827"
ACCOUNT, ROUTING, PAPER, TOKEN = "903817264550", "271828182", "987-65-4329", "8841739026615557"
SECRETS = (GIFT, LONG_GIFT, CODE, FOREIGN_CODE, ACCOUNT, ROUTING, PAPER, TOKEN)
SEALED = "U2VhbGVkQ2FuYXJ5"

_ANYHOW = re.compile("|".join("[ -]?".join(secret.replace("-", "")) for secret in SECRETS))


def find_leaks(text: str) -> list[str]:
    """Return where a text contains a secret, with its context."""
    return [text[max(0, hit.start() - 40) : hit.end() + 20] for hit in _ANYHOW.finditer(text)]


GIFT_CARD: dict[str, Any] = {
    "card_number": GIFT,
    "security_code": CODE,
    "foreign_access_code": FOREIGN_CODE,
}
BANK: dict[str, Any] = ACH | {
    "bank_account_number": ACCOUNT,
    "bank_routing_number": ROUTING,
    "customer_id": PAPER,
}
EXTERNAL: dict[str, Any] = {
    "token_type": "TRANSARMOR",
    "token_value": TOKEN,
    "transarmor_token_attribute": {"exp_month": "12", "exp_year": "2030"},
}


def bodies() -> Iterator[dict[str, Any]]:
    """Yield token requests, valid and invalid, with secrets in the right and in wrong fields."""
    valid_request: dict[str, dict[str, Any]] = {
        "gift_card": GIFT_CARD,
        "ach": BANK,
        "external_token": EXTERNAL,
        "applePayPaymentData": APPLE | {"data": SEALED},
    }
    yield {"gift_card": {"number": LONG_GIFT}}
    yield {"gift_card": GIFT_CARD, "ach": BANK}
    for name, requested in valid_request.items():
        yield {name: requested}
        yield {name: [requested]}
        yield requested
        for member, value in requested.items():
            yield {name: {each: message for each, message in requested.items() if each != member}}
            for secret in SECRETS:
                yield {name: requested | {member: secret}}
                yield {name: requested | {member: [secret]}}
                yield {name: requested | {member: {secret: secret}}}
            yield {name: requested | {member: {"is": value}}}
            if str(value).isdigit():
                yield {name: requested | {member: int(value)}}
                yield {name: requested | {member: f"{value}x"}}
        for secret in SECRETS:
            yield {name: secret}
            yield {name: requested | {secret: 1, "pan": secret}}
            yield {name: requested, secret: {secret: secret}}


def drive(server: InProcessServer) -> Iterator[Response]:
    for body in bodies():
        yield server.send("POST", "/v1/tokens", body)
    whole = json.dumps({"gift_card": GIFT_CARD, "ach": BANK}).encode()
    for raw in (whole[:-3], whole + b"x", whole + b"\xff", b"ach[x]=" + ACCOUNT.encode()):
        yield server.send("POST", "/v1/tokens", raw=raw)
    for path in ("/v1/activate", "/v1/reload", "/v1/balance_inquiry", "/v1/cashout"):
        for secret in (GIFT, LONG_GIFT):
            yield server.send("POST", path, {"source": secret, "amount": 1, "currency": "usd"})


WAYS: dict[str, dict[str, Any]] = {
    "observed": {},
    "documented": {"dialect": "documented"},
    "strict, documented": {"strict": True, "dialect": "documented"},
}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS)
def sent_in_process(
    keys: KeyRing, default_scenario: Scenario, request: pytest.FixtureRequest
) -> tuple[InProcessServer, list[Response]]:
    server = InProcessServer(keys, default_scenario, **request.param)
    return server, list(drive(server))


def test_canary_numbers_are_found_by_search() -> None:
    assert [secret for secret in SECRETS if passes_luhn(secret.replace("-", ""))] == []
    assert [find_leaks(f"a {secret}.") == [] for secret in SECRETS] == [False] * len(SECRETS)


def test_responses_and_reasons_do_not_leak(
    sent_in_process: tuple[InProcessServer, list[Response]],
) -> None:
    _, replies = sent_in_process
    assert [each for each in replies if find_leaks(each.body.decode() + each.why)] == []
    assert {each.status for each in replies} == {200, 400}


def test_journal_and_snapshot_do_not_leak(
    sent_in_process: tuple[InProcessServer, list[Response]],
) -> None:
    server, replies = sent_in_process
    response = server.send("GET", "/_mock/journal?limit=1000")
    assert len(response.json["data"]) == min(len(replies), 1000)
    assert find_leaks(response.body.decode()) == []
    assert find_leaks(server.send("GET", "/_mock/snapshot").body.decode()) == []


def test_reprs_do_not_leak(sent_in_process: tuple[InProcessServer, list[Response]]) -> None:
    server, _ = sent_in_process
    printed = [f"{row!r} {row}" for rows in server.sandbox.state().values() for row in rows]
    printed += [repr(each) for each in server.sandbox.journal]
    assert find_leaks("\n".join(printed)) == []


def test_no_number_is_left_in_memory(make_server: MakeServer) -> None:
    server = make_server()
    for body in ({"gift_card": GIFT_CARD}, {"ach": BANK}, {"external_token": EXTERNAL}):
        request_body = {"amount": 1, "currency": "usd"}
        request_body["source"] = server.send("POST", "/v1/tokens", body).json["id"]
        request_body["stored_credentials"] = {"sequence": "SUBSEQUENT"}
        assert server.send("POST", "/v1/charges", request_body).status == 200
    assert server.send("POST", "/v1/tokens", {"applePayPaymentData": APPLE | {"data": SEALED}})
    texts = list(texts_within(server.sandboxes))
    assert [text for text in texts if find_leaks(text) or SEALED in text] == []


def test_requests_and_exceptions_do_not_leak(server: InProcessServer) -> None:
    codec = Codec(TokenRequest)
    endpoint = next(each for each in SURFACE if each.name == "create_token")
    raised = 0
    for body in bodies():
        printed = []
        try:
            requested = codec.decode(json.dumps(body).encode())
            parts = [getattr(requested, name) for name in requested.__struct_fields__]
            printed += [f"{each!r} {each} {[each]}" for each in (requested, *parts)]
            endpoint.run(server.sandbox, Call(requested, None, (), {}))
        except (MalformedError, ViolationsError, ApiError) as error:
            raised += 1
            printed += [str(error), repr(error)]
            printed += traceback.format_exception(error)
        assert find_leaks("\n".join(printed)) == [], body
    assert raised > 50


def test_virtual_card_number_is_returned_once(server: InProcessServer) -> None:
    headers = {"idempotency-key": "k"}
    created = server.send("POST", "/v1/activate", {"promotion_code": "67062"}, headers=headers)
    number, code = (created.json["gift_card"][each] for each in ("number", "security_card_value"))
    token = server.send("POST", "/v1/tokens", {"gift_card": {"number": number}}).json["id"]
    body = {"amount": 1, "currency": "usd", "source": token}
    assert server.send("POST", "/v1/charges", body).status == 200
    rows = [repr(row) for rows in server.sandbox.state().values() for row in rows]
    shown = [
        server.send("GET", path).body.decode() for path in ("/_mock/journal", "/_mock/snapshot")
    ]
    texts = [created.why, *rows, *shown, *map(repr, server.sandbox.journal)]
    assert [text for text in texts if number in text or code in text] == []


def test_server_log_does_not_leak(start_server: Callable[..., ServerProcess]) -> None:
    server = start_server()
    for body in bodies():
        call(server.port, "POST", "/v1/tokens", body)
    created = call(server.port, "POST", "/v1/activate", {"promotion_code": "67062"})
    assert created.status == 200
    server.stop()
    log = server.log.read_text()
    assert log.count("/v1/tokens") > 100
    assert find_leaks(log) == []
    assert created.json["gift_card"]["number"] not in log
