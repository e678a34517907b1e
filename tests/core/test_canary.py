"""A card number and a CVV, sent to every endpoint, in valid and invalid requests, never leak.

Fields of rows may contain a number that a client wrote into a free text, and a successful response
may return it; output, logs, the journal and errors may not. A CVV is not stored at all.
"""

import json
import re
import traceback
from collections.abc import Iterator
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
from tests.canary import CVV, LONG_PAN, PAN, PANS, find_leaks, requests, spellings, texts_within
from tests.hostile import (
    INSPECTION_PATHS,
    KINDS,
    HttpRequest,
    create_fixtures,
    invalid_bodies,
    valid_body,
)
from tests.in_process import InProcessServer, MakeServer, Response
from tests.raw_http import (
    CREDENTIALS,
    RawConnection,
    RawResponse,
    call,
    command_with,
    head,
    make_token,
    request,
)
from tests.server_process import ServerProcess

AUTH_CODE = re.compile(r"\bOK\d{4}\b")
"""An approval's four digits may be any, also those of the CVV."""

SPELT = [(pan, name, spelt) for pan in PANS for name, spelt in spellings(pan).items()]


def filled_in(sent: HttpRequest, **values: str) -> HttpRequest:
    """Replace placeholders in a request by the ids of existing objects."""
    path, raw = sent.path, sent.raw
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
        raw = raw.replace(f"{{{name}}}".encode(), value.encode())
    return sent._replace(path=path, raw=raw)


def test_the_canaries_are_cards_and_the_search_finds_them() -> None:
    assert [passes_luhn(pan) for pan in PANS] == [True, True]
    assert (len(PAN), len(LONG_PAN)) == (16, 19)
    for _, _, spelt in SPELT:
        assert find_leaks(f"x{spelt}9"), spelt
    assert find_leaks(f'"cvv":"{CVV}"')
    assert find_leaks(f"1{CVV} id-{CVV}x 4539 1488 0343 [card ...6467]") == []


# In process ---------------------------------------------------------------------------------------


def drive(server: InProcessServer) -> Iterator[tuple[str, Response]]:
    """Send everything to a server in process; return each request and its response."""
    fixtures = create_fixtures(server)
    for pan, name, spelt in SPELT:
        token = server.send("POST", "/v1/tokens", server.card(pan)).json["id"]
        known = {
            "customer": fixtures.ids["customer_id"],
            "token": token,
            "client_id": server.known.client_id,
        }
        for label, each in requests(server.keys.public_blob(), spelt).items():
            sent = filled_in(each, **known)
            if sent.path.startswith("/?"):
                continue  # a static page
            reply = server.send(
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
def sent_in_process(
    keys: KeyRing, default_scenario: Scenario, request: pytest.FixtureRequest
) -> tuple[InProcessServer, dict[str, Any]]:
    """A server after all requests, and the responses."""
    server = InProcessServer(keys, default_scenario, **request.param)
    return server, dict(drive(server))


def test_errors_and_reasons_do_not_leak(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    _, replies = sent_in_process
    message = {
        label: find_leaks(reply.why + reply.headers.get("x-mock-clover-ignored", ""))
        + (find_leaks(reply.body.decode()) if reply.status >= 400 else [])
        for label, reply in replies.items()
    }
    assert {label: found for label, found in message.items() if found} == {}
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
    """A sandbox with one charge that has secrets in every free member."""
    clover = MockCloverApp.create_in_process(SharedResources(), {})
    body = {"amount": 1800, "currency": "usd", "source": clover.card_token(PAN, cvv=CVV)}
    headers = {"authorization": f"Bearer {clover.access_token}"}
    assert clover._request("POST", "/v1/charges", body | SECRET_MEMBERS, headers)["amount"] == 1800
    return clover


@pytest.mark.parametrize("requested", VERIFIED.values(), ids=VERIFIED)
def test_failed_verification_does_not_leak(
    verified: MockCloverApp, requested: dict[str, Any]
) -> None:
    with pytest.raises(MockCloverError) as refused:
        verified._request("POST", "/_mock/verify", {"endpoint": "create_charge"} | requested)
    assert find_leaks(json.dumps(refused.value.body)) == []
    if not requested.keys() <= {"match", "status", "exactly", "endpoint", "in_order"}:
        return
    with pytest.raises((AssertionError, MockCloverError)) as raised:
        verified.verify(**requested)
    assert find_leaks(str(raised.value)) == []


def test_the_journal_masks_codes_in_any_spelling(verified: MockCloverApp) -> None:
    assert find_leaks(json.dumps(verified.journal())) == []


def test_a_verification_masks_by_name_and_by_pattern(server: InProcessServer) -> None:
    metadata = {"cvv": CVV, "card": {"number": "6030110000000", "cvv": int(CVV)}, "order": 7391}
    server.charge(metadata=metadata, description=f"card {PAN}")
    expected = {
        "metadata": {},
        "description": PAN,
        "metadata.cvv": "0000",
        "metadata.__class__": "x",
    }
    body = {"endpoint": "create_charge", "match": expected}
    differs = {
        "metadata": {
            "expected": {},
            "was": {"cvv": "[cvv]", "card": {"number": "[number]", "cvv": "[cvv]"}, "order": 7391},
        },
        "description": {"expected": "[card ...6467]", "was": "card [card ...6467]"},
        "metadata.cvv": {"expected": "[cvv]", "was": "[cvv]"},
        "metadata.__class__": {"expected": "x", "was": None},
    }
    response = server.send("POST", "/_mock/verify", body)
    assert (response.status, response.json["nearest"]) == (
        409,
        [{"id": 2, "endpoint": "create_charge", "differs": differs}],
    )


def test_journal_does_not_leak(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    server, replies = sent_in_process
    shown = server.send("GET", "/_mock/journal?limit=1000")
    assert find_leaks(shown.body.decode()) == []
    assert len(shown.json["data"]) >= min(len(replies), 900)


def test_inspection_api_does_not_leak(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    """Each exchange with its changes and its command, and each row with its history."""
    server, _ = sent_in_process
    saved = [each.number for each in server.sandbox.journal]
    paths = [f"journal/{number}" for number in saved[::3]]
    for kind in KINDS:
        listed = server.send("GET", f"/_mock/rows/{kind}?limit=200")
        assert find_leaks(listed.body.decode()) == [], kind
        paths += [f"rows/{kind}/{row['id']}" for row in listed.json["data"][::3]]
    result = {path: server.send("GET", f"/_mock/{path}") for path in paths}
    assert {each.status for each in result.values()} == {200}
    found = {
        path: find_leaks(AUTH_CODE.sub("", each.body.decode())) for path, each in result.items()
    }
    assert {path: sung for path, sung in found.items() if sung} == {}


def test_row_reprs_do_not_leak(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    server, _ = sent_in_process
    for table, rows in server.sandbox.state().items():
        for row in rows:
            assert find_leaks(repr(row) + str(row)) == [], table


def test_exchange_reprs_do_not_leak(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    server, _ = sent_in_process
    assert [message for each in server.sandbox.journal for message in find_leaks(repr(each))] == []


def test_request_reprs_do_not_leak(server: InProcessServer) -> None:
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
    asked = {"amount": 1, "currency": "usd", "source": server.token(), "description": PAN}
    assert server.send("POST", "/v1/charges", asked, headers={"idempotency-key": PAN}).status == 200
    ((key, kept),) = server.sandbox.idempotency.entries()
    assert find_leaks(str(key)) == []
    for each in (raw, Call(None, None, raw.ids, raw.headers), kept):
        assert find_leaks(f"{each!r} {each}") == []


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
def test_number_is_masked_in_any_context(server: InProcessServer, text: str) -> None:
    body = {"amount": 1, "currency": "usd", "source": server.token(), "description": text}
    assert server.send("POST", "/v1/charges", body).status == 200
    (row,) = server.sandbox.state()["charges"]
    journal = server.send("GET", "/_mock/journal").body.decode()
    assert [find_leaks(repr(row)), find_leaks(journal)] == [[], []]


def test_no_cvv_is_left_in_memory(
    sent_in_process: tuple[InProcessServer, dict[str, Response]],
) -> None:
    server, _ = sent_in_process
    texts = list(texts_within(server.sandboxes))
    assert any(PAN in text for text in texts), "the search finds what clients wrote into free texts"
    assert [text for text in texts if CVV in AUTH_CODE.sub("", text)] == []


def test_no_number_of_a_card_is_left_in_memory(make_server: MakeServer) -> None:
    """Of valid tokens; not of the free texts above."""
    server = make_server()
    for pan in PANS:
        for body in (server.card(pan, cvv=CVV), server.encrypted(pan, cvv=CVV)):
            token = server.send("POST", "/v1/tokens", body).json["id"]
            request_body = {"amount": 1, "currency": "usd", "source": token}
            assert server.send("POST", "/v1/charges", request_body).status == 200
    texts = [AUTH_CODE.sub("", text) for text in texts_within(server.sandboxes)]
    assert [text for text in texts if PAN in text or CVV in text] == []


def test_requests_that_hold_a_card_print_nothing() -> None:
    card = msgspec.convert({"number": PAN, "cvv": CVV, "name": PAN}, CardRequest)
    for each in (card, TokenRequest(card=card, apiKey=PAN)):
        assert find_leaks(f"{each} {each!r} {[each]} {list(each.__rich_repr__())}") == []


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if each.request], ids=lambda each: each.name
)
def test_exceptions_do_not_leak(server: InProcessServer, endpoint: Endpoint) -> None:
    """Numbers in every field, as text and as number; each exception is printed in every way."""
    assert endpoint.request is not None
    assert endpoint.codec is not None
    valid_request = valid_body(endpoint, create_fixtures(server))
    bodies = [
        json.dumps(body).replace('"word"', f'"{value}"')
        for message, body in invalid_bodies(endpoint.request, valid_request)
        if message.endswith(" is a word")
        for value in (PAN, LONG_PAN)
    ]
    bodies += [body.replace(f'"{PAN}"', PAN) for body in bodies]
    bodies += [body[:-1] for body in bodies]
    raised = 0
    for body in bodies:
        try:
            requested = endpoint.codec.decode(body.encode())
            endpoint.run(server.sandbox, Call(requested, None, (PAN, PAN), {}))
        except (MalformedError, ViolationsError, ApiError) as error:
            raised += 1
            printed = [str(error), repr(error), *traceback.format_exception(error)]
            assert find_leaks("\n".join(printed)) == [], body
    assert raised


# A server -----------------------------------------------------------------------------------------

VERBOSE = (
    "import os, logging",
    "os.environ['PYTHONASYNCIODEBUG'] = '1'",
    "logging.basicConfig(level=logging.DEBUG)",
)
"""The logging of the libraries is enabled."""


def broken(spelt: str) -> dict[str, bytes]:
    """Return bytes that are not a valid request, with a number in them."""
    result = spelt.replace(" ", "%20").encode()
    card = b'{"card":{"number":"%b","cvv":"%b"}}' % (spelt.encode(), CVV.encode())
    return {
        "a method": b"%b /v1/tokens HTTP/1.1\r\n\r\n" % result,
        "a version": b"GET /v1/tokens HTTP/%b\r\n\r\n" % result,
        "a header without a colon": b"GET /v1/%b HTTP/1.1\r\n%b\r\n\r\n" % (result, result),
        "a length": b"POST /v1/tokens HTTP/1.1\r\ncontent-length: x%b\r\n\r\n" % result,
        "no HTTP": card,
        "a head that is too large": b"GET /%b HTTP/1.1\r\nx: %b" % (result, result * 5_000),
        "half a head": b"GET /v1/charges/%b" % result,
        "half a body": request("POST", "/v1/tokens", card)[:-9],
        "a body that is too large": request("POST", "/v1/tokens", card * 30_000),
        "chunks that are none": head("POST", "/v1/tokens", headers={"transfer-encoding": "chunked"})
        + b"%x\r\n%b\r\n%b\r\n" % (len(card), card, result),
    }


def drive_server(port: int) -> Iterator[tuple[str, RawResponse]]:
    """Send everything to a server; return the responses to valid requests, by name."""
    blob = call(port, "GET", "/assets/keys.json").json["TA_PUBLIC_KEY_DEV"]
    source = {"email": "jo@example.com", "source": make_token(port)}
    customer = call(port, "POST", "/v1/customers", source).json["id"]
    for pan, name, spelt in SPELT[:4]:
        known = {
            "customer": customer,
            "token": make_token(port, pan),
            "client_id": CREDENTIALS.client_id,
        }
        for label, each in requests(blob, spelt).items():
            sent = filled_in(each, **known)
            sized = {"content-length": str(len(sent.raw))} | dict(sent.headers)
            with RawConnection(port) as connection:
                connection.send(
                    head(sent.method, sent.path, headers=sized, auth=sent.auth) + sent.raw
                )
                yield f"{label}, {name}", connection.read_response()
        for label, data in broken(spelt).items():
            with RawConnection(port) as connection:
                result = connection.send_to_end(data)
            yield f"broken: {label}, {name}", RawResponse(400, {}, result)


@pytest.fixture(scope="module", params=[("text", "httptools"), ("json", "h11")], ids="-".join)
def sent_over_http(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerProcess, dict[str, RawResponse]]]:
    """A server with all logging enabled, after all requests, and the responses."""
    log_format, parser = request.param
    folder = tmp_path_factory.mktemp("canary")
    server = ServerProcess(
        folder, "--log-format", log_format, python=command_with(parser, *VERBOSE)
    )
    try:
        yield server, dict(drive_server(server.port))
    finally:
        server.stop()


@pytest.mark.system
def test_server_errors_do_not_leak(
    sent_over_http: tuple[ServerProcess, dict[str, RawResponse]],
) -> None:
    _, replies = sent_over_http
    message = {
        label: find_leaks(result.headers.get("x-mock-clover-why", ""))
        + (find_leaks(result.body.decode()) if result.status >= 400 else [])
        for label, result in replies.items()
    }
    assert {label: found for label, found in message.items() if found} == {}
    assert {result.status for result in replies.values()} >= {200, 302, 400, 401, 404, 405}


@pytest.mark.system
def test_control_calls_do_not_leak(
    sent_over_http: tuple[ServerProcess, dict[str, RawResponse]],
) -> None:
    server, _ = sent_over_http
    paths = ["/", "/_mock/journal?limit=1000", *INSPECTION_PATHS]
    result = {path: call(server.port, "GET", path) for path in paths}
    assert {path: each.status for path, each in result.items()} == dict.fromkeys(paths, 200)
    assert {path: find_leaks(each.body.decode()) for path, each in result.items()} == {
        path: [] for path in paths
    }


@pytest.mark.system
def test_server_output_does_not_leak(
    sent_over_http: tuple[ServerProcess, dict[str, RawResponse]],
) -> None:
    """The last test: the server is stopped, so that its log is complete."""
    server, replies = sent_over_http
    assert server.stop() == 0
    log = server.log.read_text()
    assert find_leaks(log) == []
    assert log.count("POST") > len(replies) / 3
