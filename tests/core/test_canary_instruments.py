"""Numbers of gift cards, bank accounts and foreign tokens, sent good and bad, get out nowhere.

No check digit tells such a number from any other, so nothing can mask it later: it must not be
kept at all.
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
from tests.served import Served
from tests.wire import call
from tests.world import Answered, World

MakeWorld = Callable[..., World]

GIFT, LONG_GIFT, CODE, FOREIGN_CODE = "88213374901", "7654321876543218763", "64209713", "5310827"
ACCOUNT, ROUTING, PAPER, TOKEN = "903817264550", "271828182", "987-65-4329", "8841739026615557"
SECRETS = (GIFT, LONG_GIFT, CODE, FOREIGN_CODE, ACCOUNT, ROUTING, PAPER, TOKEN)
SEALED = "U2VhbGVkQ2FuYXJ5"

_ANYHOW = re.compile("|".join("[ -]?".join(secret.replace("-", "")) for secret in SECRETS))


def songs(text: str) -> list[str]:
    """Return where a text tells a secret, with what stands around it."""
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
    """Yield token requests, good and bad, with secrets where they belong and where they do not."""
    good: dict[str, dict[str, Any]] = {
        "gift_card": GIFT_CARD,
        "ach": BANK,
        "external_token": EXTERNAL,
        "applePayPaymentData": APPLE | {"data": SEALED},
    }
    yield {"gift_card": {"number": LONG_GIFT}}
    yield {"gift_card": GIFT_CARD, "ach": BANK}
    for name, asked in good.items():
        yield {name: asked}
        yield {name: [asked]}
        yield asked
        for member, value in asked.items():
            yield {name: {each: said for each, said in asked.items() if each != member}}
            for secret in SECRETS:
                yield {name: asked | {member: secret}}
                yield {name: asked | {member: [secret]}}
                yield {name: asked | {member: {secret: secret}}}
            yield {name: asked | {member: {"is": value}}}
            if str(value).isdigit():
                yield {name: asked | {member: int(value)}}
                yield {name: asked | {member: f"{value}x"}}
        for secret in SECRETS:
            yield {name: secret}
            yield {name: asked | {secret: 1, "pan": secret}}
            yield {name: asked, secret: {secret: secret}}


def drive(world: World) -> Iterator[Answered]:
    for body in bodies():
        yield world.send("POST", "/v1/tokens", body)
    whole = json.dumps({"gift_card": GIFT_CARD, "ach": BANK}).encode()
    for raw in (whole[:-3], whole + b"x", whole + b"\xff", b"ach[x]=" + ACCOUNT.encode()):
        yield world.send("POST", "/v1/tokens", raw=raw)
    for path in ("/v1/activate", "/v1/reload", "/v1/balance_inquiry", "/v1/cashout"):
        for secret in (GIFT, LONG_GIFT):
            yield world.send("POST", path, {"source": secret, "amount": 1, "currency": "usd"})


WAYS: dict[str, dict[str, Any]] = {
    "observed": {},
    "documented": {"dialect": "documented"},
    "strict, documented": {"strict": True, "dialect": "documented"},
}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS)
def sung_to(
    keys: KeyRing, default_scenario: Scenario, request: pytest.FixtureRequest
) -> tuple[World, list[Answered]]:
    world = World(keys, default_scenario, **request.param)
    return world, list(drive(world))


def test_canary_numbers_are_found_by_search() -> None:
    assert [secret for secret in SECRETS if passes_luhn(secret.replace("-", ""))] == []
    assert [songs(f"a {secret}.") == [] for secret in SECRETS] == [False] * len(SECRETS)


def test_responses_and_reasons_do_not_leak(sung_to: tuple[World, list[Answered]]) -> None:
    _, replies = sung_to
    assert [each for each in replies if songs(each.body.decode() + each.why)] == []
    assert {each.status for each in replies} == {200, 400}


def test_journal_and_snapshot_do_not_leak(sung_to: tuple[World, list[Answered]]) -> None:
    world, replies = sung_to
    told = world.send("GET", "/_mock/journal?limit=1000")
    assert len(told.json["data"]) == min(len(replies), 1000)
    assert songs(told.body.decode()) == []
    assert songs(world.send("GET", "/_mock/snapshot").body.decode()) == []


def test_reprs_do_not_leak(sung_to: tuple[World, list[Answered]]) -> None:
    world, _ = sung_to
    printed = [f"{row!r} {row}" for rows in world.sandbox.state().values() for row in rows]
    printed += [repr(each) for each in world.sandbox.journal]
    assert songs("\n".join(printed)) == []


def test_no_number_is_left_in_memory(make_world: MakeWorld) -> None:
    world = make_world()
    for body in ({"gift_card": GIFT_CARD}, {"ach": BANK}, {"external_token": EXTERNAL}):
        asked = {"amount": 1, "currency": "usd"}
        asked["source"] = world.send("POST", "/v1/tokens", body).json["id"]
        asked["stored_credentials"] = {"sequence": "SUBSEQUENT"}
        assert world.send("POST", "/v1/charges", asked).status == 200
    assert world.send("POST", "/v1/tokens", {"applePayPaymentData": APPLE | {"data": SEALED}})
    texts = list(texts_within(world.sandboxes))
    assert [text for text in texts if songs(text) or SEALED in text] == []


def test_requests_and_exceptions_do_not_leak(world: World) -> None:
    codec = Codec(TokenRequest)
    endpoint = next(each for each in SURFACE if each.name == "create_token")
    raised = 0
    for body in bodies():
        printed = []
        try:
            asked = codec.decode(json.dumps(body).encode())
            parts = [getattr(asked, name) for name in asked.__struct_fields__]
            printed += [f"{each!r} {each} {[each]}" for each in (asked, *parts)]
            endpoint.run(world.sandbox, Call(asked, None, (), {}))
        except (MalformedError, ViolationsError, ApiError) as error:
            raised += 1
            printed += [str(error), repr(error)]
            printed += traceback.format_exception(error)
        assert songs("\n".join(printed)) == [], body
    assert raised > 50


def test_virtual_card_number_is_returned_once(world: World) -> None:
    headers = {"idempotency-key": "k"}
    made = world.send("POST", "/v1/activate", {"promotion_code": "67062"}, headers=headers)
    number, code = (made.json["gift_card"][each] for each in ("number", "security_card_value"))
    token = world.send("POST", "/v1/tokens", {"gift_card": {"number": number}}).json["id"]
    asked = {"amount": 1, "currency": "usd", "source": token}
    assert world.send("POST", "/v1/charges", asked).status == 200
    rows = [repr(row) for rows in world.sandbox.state().values() for row in rows]
    shown = [
        world.send("GET", path).body.decode() for path in ("/_mock/journal", "/_mock/snapshot")
    ]
    texts = [made.why, *rows, *shown, *map(repr, world.sandbox.journal)]
    assert [text for text in texts if number in text or code in text] == []


def test_server_log_does_not_leak(serve: Callable[..., Served]) -> None:
    server = serve()
    for body in bodies():
        call(server.port, "POST", "/v1/tokens", body)
    made = call(server.port, "POST", "/v1/activate", {"promotion_code": "67062"})
    assert made.status == 200
    server.stop()
    log = server.log.read_text()
    assert log.count("/v1/tokens") > 100
    assert songs(log) == []
    assert made.json["gift_card"]["number"] not in log
