"""A card number and a CVV, driven through every route, good and bad, get out nowhere.

Fields of rows may hold a number that a client itself wrote into a free text, and a good answer may
give it back; what is printed, logged, journaled or refused may not. A CVV is not even kept.
"""

import json
import re
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.surface import SURFACE
from mock_clover.clover.tokens.records import CardRequest, TokenRequest
from mock_clover.core.codec import MalformedError, ViolationsError
from mock_clover.core.masking import passes_luhn
from mock_clover.engine.endpoint import Call, Endpoint, RawRequest
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.records import Scenario
from mock_clover.testing.in_process import MockCloverApp, SharedResources
from mock_clover.testing.transport import MockCloverError
from tests.canary import CVV, LONG_PAN, PAN, PANS, requests, songs, spellings, texts_within
from tests.hostile import KINDS, LOOKS, Sent, body_of, furnish, wrong_bodies
from tests.served import Served
from tests.wire import KNOWN, Told, Wire, call, head, make_token, on, request
from tests.world import Answered, World

MakeWorld = Callable[..., World]

AUTH_CODE = re.compile(r"\bOK\d{4}\b")
"""An approval's four digits may be any, a CVV's among them."""

SPELT = [(pan, name, spelt) for pan in PANS for name, spelt in spellings(pan).items()]


def filled_in(sent: Sent, **values: str) -> Sent:
    """Put the ids of real things where a request has their names in braces."""
    path, raw = sent.path, sent.raw
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
        raw = raw.replace(f"{{{name}}}".encode(), value.encode())
    return sent._replace(path=path, raw=raw)


def test_the_canaries_are_cards_and_the_search_finds_them() -> None:
    assert [passes_luhn(pan) for pan in PANS] == [True, True]
    assert (len(PAN), len(LONG_PAN)) == (16, 19)
    for _, _, spelt in SPELT:
        assert songs(f"x{spelt}9"), spelt
    assert songs(f'"cvv":"{CVV}"')
    assert songs(f"1{CVV} id-{CVV}x 4539 1488 0343 [card ...6467]") == []


# In process ---------------------------------------------------------------------------------------


def drive(world: World) -> Iterator[tuple[str, Answered]]:
    """Send everything to a world, and return what each request was and what it got."""
    things = furnish(world)
    for pan, name, spelt in SPELT:
        token = world.send("POST", "/v1/tokens", world.card(pan)).json["id"]
        known = {
            "customer": things.ids["customer_id"],
            "token": token,
            "client_id": world.known.client_id,
        }
        for label, each in requests(world.keys.public_blob(), spelt).items():
            sent = filled_in(each, **known)
            if sent.path.startswith("/?"):
                continue  # a page: served, not answered
            reply = world.send(
                sent.method, sent.path, raw=sent.raw, headers=dict(sent.headers), auth=sent.auth
            )
            yield f"{label}, {name}", reply


WAYS = {
    "observed": {},
    "documented": {"dialect": "documented"},
    "strict": {"strict": True},
    "strict, documented": {"strict": True, "dialect": "documented"},
}


@pytest.fixture(scope="module", params=WAYS.values(), ids=WAYS)
def sung_to(
    keys: KeyRing, default_scenario: Scenario, request: pytest.FixtureRequest
) -> tuple[World, dict[str, Any]]:
    """A world after the whole table, and the replies."""
    world = World(keys, default_scenario, **request.param)
    return world, dict(drive(world))


def test_errors_and_reasons_do_not_leak(sung_to: tuple[World, dict[str, Answered]]) -> None:
    _, replies = sung_to
    said = {
        label: songs(reply.why) + (songs(reply.body.decode()) if reply.status >= 400 else [])
        for label, reply in replies.items()
    }
    assert {label: found for label, found in said.items() if found} == {}
    assert {reply.status for reply in replies.values()} >= {200, 302, 400, 401, 404, 405}


SECRET_MEMBERS: dict[str, Any] = {
    "description": f"card {PAN}",
    "metadata": {
        "cvv": CVV,
        "CVC2": int(CVV),
        "cvc": [CVV],
        "securityCode": CVV,
        "security_code": f" {CVV} ",
        "pan": LONG_PAN,
        "amount": int(PAN),
        "share": float(PAN),
        PAN: PAN,
        "card": {"number": PAN, "cvv": CVV, "encrypted_pan": PAN, "list": [PAN, int(PAN)]},
        "text": json.dumps({"number": PAN, "cvv": CVV}),
    },
}
VERIFIED: dict[str, Any] = {
    "requests": {"match": {"description": "x", "metadata": {}}},
    "a member of a request": {"match": dict.fromkeys(("metadata.cvv", "metadata.CVC2"), "")},
    "a list of a request": {"match": {"metadata.cvc": [], "metadata.card.list": []}},
    "a spelling of a request": {"match": {"metadata.securityCode": ""}},
    "a number of a request": {"match": {"metadata.amount": 1, "metadata.share": 1}},
    "match": {"match": SECRET_MEMBERS | {"amount": 1}},
    "a member of match": {"match": {"card.number": PAN, "card.cvv": CVV, "cvv": int(CVV)}},
    "a name of match": {"match": {f"metadata.{PAN}": 1, PAN: PAN}},
    "a status": {"status": int(PAN)},
    "a count": {"exactly": int(PAN)},
    "an operation": {"endpoint": PAN},
    "operations in order": {"in_order": [PAN]},
    "a wrong type": {"match": PAN},
    "an unknown member": {PAN: PAN},
}


@pytest.fixture(scope="module")
def verified() -> MockCloverApp:
    """A sandbox whose one charge has secrets in every free member."""
    clover = MockCloverApp.create_in_process(SharedResources(), {})
    asked = {"amount": 1800, "currency": "usd", "source": clover.card_token(PAN, cvv=CVV)}
    headers = {"authorization": f"Bearer {clover.access_token}"}
    assert clover._request("POST", "/v1/charges", asked | SECRET_MEMBERS, headers)["amount"] == 1800
    return clover


@pytest.mark.parametrize("asked", VERIFIED.values(), ids=VERIFIED)
def test_failed_verification_does_not_leak(verified: MockCloverApp, asked: dict[str, Any]) -> None:
    with pytest.raises(MockCloverError) as refused:
        verified._request("POST", "/_mock/verify", {"endpoint": "create_charge"} | asked)
    assert songs(json.dumps(refused.value.body)) == []
    if not asked.keys() <= {"match", "status", "exactly", "endpoint", "in_order"}:
        return
    with pytest.raises((AssertionError, MockCloverError)) as raised:
        verified.verify(**asked)
    assert songs(str(raised.value)) == []


def test_the_journal_masks_codes_in_any_spelling(verified: MockCloverApp) -> None:
    assert songs(json.dumps(verified.journal())) == []


def test_a_verification_masks_by_name_and_by_pattern(world: World) -> None:
    metadata = {"cvv": CVV, "card": {"number": "6030110000000", "cvv": int(CVV)}, "order": 7391}
    world.charge(metadata=metadata, description=f"card {PAN}")
    wanted = {"metadata": {}, "description": PAN, "metadata.cvv": "0000", "__class__": "x"}
    asked = {"endpoint": "create_charge", "match": wanted}
    differs = {
        "metadata": {
            "expected": {},
            "was": {"cvv": "[cvv]", "card": {"number": "[number]", "cvv": "[cvv]"}, "order": 7391},
        },
        "description": {"expected": "[card ...6467]", "was": "card [card ...6467]"},
        "metadata.cvv": {"expected": "[cvv]", "was": "[cvv]"},
        "__class__": {"expected": "x", "was": None},
    }
    told = world.send("POST", "/_mock/verify", asked)
    assert (told.status, told.json["nearest"]) == (
        409,
        [{"id": 2, "endpoint": "create_charge", "differs": differs}],
    )


def test_journal_does_not_leak(sung_to: tuple[World, dict[str, Answered]]) -> None:
    world, replies = sung_to
    shown = world.send("GET", "/_mock/journal?limit=1000")
    assert songs(shown.body.decode()) == []
    assert len(shown.json["data"]) >= min(len(replies), 900)


def test_inspection_api_does_not_leak(sung_to: tuple[World, dict[str, Answered]]) -> None:
    """Each exchange with what it changed and its command, and each row with its history."""
    world, _ = sung_to
    kept = [each.number for each in world.sandbox.journal]
    paths = [f"journal/{number}" for number in kept[::3]]
    for kind in KINDS:
        listed = world.send("GET", f"/_mock/rows/{kind}?limit=200")
        assert songs(listed.body.decode()) == [], kind
        paths += [f"rows/{kind}/{row['id']}" for row in listed.json["data"][::3]]
    told = {path: world.send("GET", f"/_mock/{path}") for path in paths}
    assert {each.status for each in told.values()} == {200}
    found = {path: songs(AUTH_CODE.sub("", each.body.decode())) for path, each in told.items()}
    assert {path: sung for path, sung in found.items() if sung} == {}


def test_row_reprs_do_not_leak(sung_to: tuple[World, dict[str, Answered]]) -> None:
    world, _ = sung_to
    for table, rows in world.sandbox.state().items():
        for row in rows:
            assert songs(repr(row) + str(row)) == [], table


def test_exchange_reprs_do_not_leak(sung_to: tuple[World, dict[str, Answered]]) -> None:
    world, _ = sung_to
    assert [said for each in world.sandbox.journal for said in songs(repr(each))] == []


def test_request_reprs_do_not_leak(world: World) -> None:
    """A transport may print what it could not serve, and a store what it keeps."""
    body = json.dumps({"card": {"number": PAN, "cvv": CVV}}).encode()
    raw = RawRequest(
        method="POST",
        path=f"/v1/tokens/{PAN}",
        ids=(PAN,),
        query=PAN.encode(),
        headers={b"apikey": PAN.encode()},
        body=body,
    )
    asked = {"amount": 1, "currency": "usd", "source": world.token(), "description": PAN}
    assert world.send("POST", "/v1/charges", asked, headers={"idempotency-key": PAN}).status == 200
    kept = world.sandbox.idempotency.get(("", PAN))
    assert kept is not None
    for each in (raw, Call(None, None, raw.ids, raw.headers), kept):
        assert songs(f"{each!r} {each}") == []


AROUND = {
    "an expiry": f"{PAN} 12/35",
    "a CVV": f"{PAN} 123",
    "an expiry before": f"12/35 {PAN}",
    "a count before": f"2 {PAN}",
    "counts on both sides": f"1 {PAN} 2",
    "letters": f"x{PAN}x",
    "marks": f"#{PAN}#, ({PAN}); {PAN}.",
    "cents": f"{PAN}.00",
    "lines": f"a\n{PAN}\nb",
    "tabs": f"a\t{PAN}\tb",
    "the zeros that clients encrypt before it": f"00000000{PAN}",
    "another number": f"{PAN} {LONG_PAN}",
    "the same number": f"{PAN}{PAN}",
}


@pytest.mark.parametrize("text", AROUND.values(), ids=AROUND)
def test_number_is_masked_in_any_context(world: World, text: str) -> None:
    asked = {"amount": 1, "currency": "usd", "source": world.token(), "description": text}
    assert world.send("POST", "/v1/charges", asked).status == 200
    (row,) = world.sandbox.state()["charges"]
    journal = world.send("GET", "/_mock/journal").body.decode()
    assert [songs(repr(row)), songs(journal)] == [[], []]


def test_no_cvv_is_left_in_memory(sung_to: tuple[World, dict[str, Answered]]) -> None:
    world, _ = sung_to
    texts = list(texts_within(world.sandboxes))
    assert any(PAN in text for text in texts), "the walk finds what clients wrote into free texts"
    assert [text for text in texts if CVV in AUTH_CODE.sub("", text)] == []


def test_no_number_of_a_card_is_left_in_memory(make_world: MakeWorld) -> None:
    """Of tokens made as they should be; not of the free texts above."""
    world = make_world()
    for pan in PANS:
        for body in (world.card(pan, cvv=CVV), world.encrypted(pan, cvv=CVV)):
            token = world.send("POST", "/v1/tokens", body).json["id"]
            asked = {"amount": 1, "currency": "usd", "source": token}
            assert world.send("POST", "/v1/charges", asked).status == 200
    texts = [AUTH_CODE.sub("", text) for text in texts_within(world.sandboxes)]
    assert [text for text in texts if PAN in text or CVV in text] == []


def test_requests_that_hold_a_card_print_nothing() -> None:
    card = msgspec.convert({"number": PAN, "cvv": CVV, "name": PAN}, CardRequest)
    for each in (card, TokenRequest(card=card, apiKey=PAN)):
        assert songs(f"{each} {each!r} {[each]} {list(each.__rich_repr__())}") == []


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if each.request], ids=lambda each: each.name
)
def test_exceptions_do_not_leak(world: World, endpoint: Endpoint) -> None:
    """Numbers in every field, as text and as number; whatever is raised is printed in every way."""
    assert endpoint.request is not None
    assert endpoint.codec is not None
    good = body_of(endpoint, furnish(world))
    bodies = [
        json.dumps(body).replace('"word"', f'"{value}"')
        for said, body in wrong_bodies(endpoint.request, good)
        if said.endswith(" is a word")
        for value in (PAN, LONG_PAN)
    ]
    bodies += [body.replace(f'"{PAN}"', PAN) for body in bodies]
    bodies += [body[:-1] for body in bodies]
    raised = 0
    for body in bodies:
        try:
            asked = endpoint.codec.decode(body.encode())
            endpoint.run(world.sandbox, Call(asked, None, (PAN, PAN), {}))
        except (MalformedError, ViolationsError, ApiError) as error:
            raised += 1
            printed = [str(error), repr(error), *traceback.format_exception(error)]
            assert songs("\n".join(printed)) == [], body
    assert raised


# A server -----------------------------------------------------------------------------------------

LOUD = (
    "import os, logging",
    "os.environ['PYTHONASYNCIODEBUG'] = '1'",
    "logging.basicConfig(level=logging.DEBUG)",
)
"""What the libraries below can say is said."""


def broken(spelt: str) -> dict[str, bytes]:
    """Return bytes that never become a request, with a number in them."""
    told = spelt.replace(" ", "%20").encode()
    card = b'{"card":{"number":"%b","cvv":"%b"}}' % (spelt.encode(), CVV.encode())
    return {
        "a method": b"%b /v1/tokens HTTP/1.1\r\n\r\n" % told,
        "a version": b"GET /v1/tokens HTTP/%b\r\n\r\n" % told,
        "a header without a colon": b"GET /v1/%b HTTP/1.1\r\n%b\r\n\r\n" % (told, told),
        "a length": b"POST /v1/tokens HTTP/1.1\r\ncontent-length: x%b\r\n\r\n" % told,
        "no HTTP": card,
        "a head that is too large": b"GET /%b HTTP/1.1\r\nx: %b" % (told, told * 5_000),
        "half a head": b"GET /v1/charges/%b" % told,
        "half a body": request("POST", "/v1/tokens", card)[:-9],
        "a body that is too large": request("POST", "/v1/tokens", card * 30_000),
        "chunks that are none": head("POST", "/v1/tokens", headers={"transfer-encoding": "chunked"})
        + b"%x\r\n%b\r\n%b\r\n" % (len(card), card, told),
    }


def drive_server(port: int) -> Iterator[tuple[str, Told]]:
    """Send everything to a server; return what came back to whole requests, by name."""
    blob = call(port, "GET", "/assets/keys.json").json["TA_PUBLIC_KEY_DEV"]
    source = {"email": "jo@example.com", "source": make_token(port)}
    customer = call(port, "POST", "/v1/customers", source).json["id"]
    for pan, name, spelt in SPELT[:4]:
        known = {"customer": customer, "token": make_token(port, pan), "client_id": KNOWN.client_id}
        for label, each in requests(blob, spelt).items():
            sent = filled_in(each, **known)
            sized = {"content-length": str(len(sent.raw))} | dict(sent.headers)
            with Wire(port) as wire:
                wire.send(head(sent.method, sent.path, headers=sized, auth=sent.auth) + sent.raw)
                yield f"{label}, {name}", wire.reply()
        for label, data in broken(spelt).items():
            with Wire(port) as wire:
                said = wire.pour_once(data)
            yield f"broken: {label}, {name}", Told(400, {}, said)


@pytest.fixture(scope="module", params=[("text", "httptools"), ("json", "h11")], ids="-".join)
def sung_at(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Served, dict[str, Told]]]:
    """A server on which everything is loud, after the whole table, and the replies."""
    log_format, parser = request.param
    folder = tmp_path_factory.mktemp("canary")
    server = Served(folder, "--log-format", log_format, python=on(parser, *LOUD))
    try:
        yield server, dict(drive_server(server.port))
    finally:
        server.stop()


@pytest.mark.system
def test_server_errors_do_not_leak(sung_at: tuple[Served, dict[str, Told]]) -> None:
    _, replies = sung_at
    said = {
        label: songs(told.headers.get("x-mock-clover-why", ""))
        + (songs(told.body.decode()) if told.status >= 400 else [])
        for label, told in replies.items()
    }
    assert {label: found for label, found in said.items() if found} == {}
    assert {told.status for told in replies.values()} >= {200, 302, 400, 401, 404, 405}


@pytest.mark.system
def test_control_calls_do_not_leak(
    sung_at: tuple[Served, dict[str, Told]],
) -> None:
    server, _ = sung_at
    paths = ["/", "/_mock/journal?limit=1000", *LOOKS]
    told = {path: call(server.port, "GET", path) for path in paths}
    assert {path: each.status for path, each in told.items()} == dict.fromkeys(paths, 200)
    assert {path: songs(each.body.decode()) for path, each in told.items()} == {
        path: [] for path in paths
    }


@pytest.mark.system
def test_server_output_does_not_leak(sung_at: tuple[Served, dict[str, Told]]) -> None:
    """Last of all: the server is ended, so that its log is whole."""
    server, replies = sung_at
    assert server.stop() == 0
    log = server.log.read_text()
    assert songs(log) == []
    assert log.count("POST") > len(replies) / 3
