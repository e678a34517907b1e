"""The cost of any input is linear in its size: a small request must not hold up all others.

Measured is the growth of processor time (`tests/fuzz/cost.py`) with the size of

- bodies: all shapes for one endpoint of each way to decode a body, up to the maximum
  size; `CRITICAL_BODIES` for every endpoint, and for these also strict;
- fields of bodies: all shapes for the first field of each type; `CRITICAL_TEXTS` and one list for
  every field;
- headers: all shapes for the first endpoint of each API style that reads the header;
- queries: all shapes for one endpoint of each kind;
- parameters of queries, and ids in paths: all shapes for the first of each name; `CRITICAL_TEXTS`
  for those of every endpoint;
- objects that exist: every endpoint, with ids of large objects;
- `PARSERS` that no request reaches in full, streams of bytes, and all patterns of the source.

Endpoints, fields, headers, parameters and ids come from the lists of endpoints, and patterns from
the source, so new ones are covered.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from os import devnull
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined]  # no public API parses a pattern
from re import _parser as parser  # type: ignore[attr-defined]  # the same
from typing import Any, get_type_hints

import msgspec
import pytest
import uvicorn

from mock_clover.browser.surface import BROWSER_SURFACE
from mock_clover.clover.common.expand import not_expanded
from mock_clover.clover.surface import RULE_OPERATIONS, SURFACE
from mock_clover.clover.webhooks.records_address import url_error
from mock_clover.conformance.compare import compare
from mock_clover.conformance.formats import format_of
from mock_clover.conformance.hosts import AddressError, validate_url
from mock_clover.conformance.report import masked
from mock_clover.control.masking import masked_row, masked_snapshot
from mock_clover.core.codec import MalformedError, check_depth
from mock_clover.core.duration import parse_duration_ms
from mock_clover.core.masking import redact, redact_json
from mock_clover.core.printable import printable
from mock_clover.core.problem import ApiError
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Endpoint, UntypedBody
from mock_clover.engine.html import escape_html
from mock_clover.engine.overrides import parse_fault, validate_outcome_markers
from mock_clover.engine.request import idempotency_key
from mock_clover.reference.flows import RecordedReply
from mock_clover.sandbox.masking import captured_body, masked_body, masked_query
from mock_clover.scenario.load import parse_with_warnings
from mock_clover.scenario.records import ScenarioError
from mock_clover.server.app.render import response
from mock_clover.server.log import ExchangeLog
from mock_clover.server.serve import State, protocol_class
from tests.failure_messages import assert_no_errors
from tests.fuzz.cost import TooLongError, Work, growth_error
from tests.fuzz.shapes import (
    BODIES,
    CRITICAL_BODIES,
    CRITICAL_TEXTS,
    TEXTS,
    VALUES,
    Shape,
    numbered,
    repeated,
)
from tests.hostile import FORWARDED, HttpRequest, create_fixtures, filled, record_in, valid_request
from tests.in_process import CONTROL, KEYS, InProcessServer
from tests.test_regular_expressions import LINEAR, ONLY_MATCHED, Pattern, patterns
from tests.ways import Wire

BODY_BYTES, BODY_BYTES_MAX = 2**17, 2**20
FIELD_BYTES = 2**16
HEAD_BYTES = 60_000
RESPONSE_HEAD_BYTES_MAX = 8_192
FILES = {each.run.__qualname__: each for each in BROWSER_SURFACE}.values()
"""One endpoint of each kind of static file."""
ENDPOINTS = (*SURFACE, *CONTROL, *FILES)
WITH_BODY = [each for each in (*SURFACE, *CONTROL) if each.request is not None]
NULL = Path(devnull).open("w")  # noqa: SIM115 - open until the end
named = lambda each: f"{each.method} {each.path}"  # noqa: E731 - an argument of parametrize


@cache
def origin() -> InProcessServer:
    """Return a server with one of each object."""
    server = InProcessServer()
    server.send("GET", f"/v3/merchants/{server.known.merchant_id}", {})  # imports Faker
    return server


@cache
def fixtures() -> Any:
    return create_fixtures(origin())


def furnished(source: InProcessServer | None = None, **settings: Any) -> InProcessServer:
    """Return a server with the same objects, which writes a log."""
    fixtures()
    server = InProcessServer(**settings)
    server.copy((source or origin()).sandbox)
    server.app.log = ExchangeLog(NULL, "text")
    return server


def sending(
    sent: HttpRequest,
    headers: dict[bytes, bytes] | None = None,
    source: InProcessServer | None = None,
    **settings: Any,
) -> Work:
    """Return the work of handling one request, from the parsed head to the rendered response."""
    server = furnished(source, **settings)
    path, _, query = sent.path.partition("?")
    all_headers = valid_headers(server) | (headers or {})

    def work() -> None:
        reply = server.app.handle_now(sent.method, path, query.encode(), all_headers, sent.raw)
        data = response(reply, b"", close=False, head_only=True)
        assert reply.status < 500
        assert len(data) < RESPONSE_HEAD_BYTES_MAX, f"a head of {len(data)} bytes"

    return work


def valid_headers(server: InProcessServer) -> dict[bytes, bytes]:
    return {
        b"host": b"localhost:4242",
        b"authorization": server.sandbox.bearer_header,
        b"apikey": server.known.api_key.encode(),
        b"content-type": b"application/json",
        b"x-mock-clover-control": b"1",
        **{name.encode(): value.encode() for name, value in FORWARDED.items()},
    }


def errors_of(table: Iterable[tuple[str, Callable[[int], Work]]], size: int) -> Iterator[str]:
    """Yield the errors of a table of works, each for an input of a size in bytes, or a count."""
    for label, prepare in table:
        try:
            wrong = growth_error(prepare, size)
        except (AssertionError, TooLongError) as error:
            wrong = str(error).partition("\n")[0]
        if wrong:
            yield f"{label}: {wrong}"


# Bodies -------------------------------------------------------------------------------------------


def with_body(endpoint: Endpoint, shape: Shape, **others: Any) -> Callable[[int], Work]:
    sent = valid_request(endpoint, fixtures())
    return lambda size: sending(sent._replace(raw=shape(size).encode()), **others)


FORM = {b"content-type": b"application/x-www-form-urlencoded"}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_bodies(endpoint: Endpoint) -> None:
    table = {label: with_body(endpoint, BODIES[label]) for label in CRITICAL_BODIES}
    assert_no_errors(errors_of(table.items(), BODY_BYTES))


def members_of_a_long_name(size: int) -> str:
    return repeated('{"a":0,"a":1},', f'{{"{"a" * (size // 2)}":[', "{}]}")(size)


def test_repeated_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound, which hides the growth, is lifted."""
    monkeypatch.setattr("mock_clover.core.repeated_members._BODY_BYTES_MAX", BODY_BYTES_MAX)
    charge = next(each for each in SURFACE if each.name == "create_charge")
    shapes = BODIES | {"members of a long name": members_of_a_long_name}
    table = {label: with_body(charge, shape) for label, shape in shapes.items()}
    assert_no_errors(errors_of(table.items(), BODY_BYTES))


DECODERS = {
    (each.body_format, each.request is UntypedBody, each.surface): each for each in WITH_BODY[::-1]
}
"""The first endpoint of each way to decode a body."""


@pytest.mark.parametrize("endpoint", DECODERS.values(), ids=named)
def test_bodies_of_all_shapes(endpoint: Endpoint) -> None:
    whole = {label: with_body(endpoint, shape) for label, shape in BODIES.items()}
    if endpoint.body_format == "json_or_form" or endpoint.request is UntypedBody:
        whole |= {
            f"{label}, as a form": with_body(endpoint, shape, headers=FORM)
            for label, shape in BODIES.items()
        }
    strict = {label: with_body(endpoint, BODIES[label], strict=True) for label in CRITICAL_BODIES}
    assert_no_errors(
        [*errors_of(whole.items(), BODY_BYTES_MAX), *errors_of(strict.items(), BODY_BYTES)]
    )


def first_uses() -> dict[type[msgspec.Struct], Endpoint]:
    """Return the records within bodies, each with one endpoint that has it."""
    found: dict[type[msgspec.Struct], Endpoint] = {}

    def visit(record: type[msgspec.Struct], endpoint: Endpoint) -> None:
        for field in msgspec.structs.fields(record):
            inner, _ = record_in(msgspec.inspect.type_info(field.type))
            if inner is not None and inner not in found:
                found[inner] = endpoint
                visit(inner, endpoint)

    for endpoint in WITH_BODY:
        if endpoint.request is not None:
            visit(endpoint.request, endpoint)
    return found


FIRST_USES = first_uses()
FEW_VALUES = {label: VALUES[label] for label in ("a list of objects",)}


def places(
    endpoint: Endpoint, record: type[msgspec.Struct], body: dict[str, Any], at: str = ""
) -> Iterator[tuple[str, str, Callable[[Any], dict[str, Any]], Any]]:
    """Yield each field of a body: its path, its type without bounds, a function that sets it, and
    the item of a list.
    """
    types = get_type_hints(record)
    for field in msgspec.structs.fields(record):
        name, kind = field.encode_name, str(types[field.name])
        inner, listed = record_in(msgspec.inspect.type_info(field.type))
        within = body.get(name)
        item = (
            within[0] if isinstance(within, list) and within else {} if inner and listed else None
        )
        yield f"{at}{name}", kind, lambda value, name=name: body | {name: value}, item
        if inner is None or FIRST_USES[inner] is not endpoint or at.count(".") > 3:
            continue
        for path, inner_kind, change, listed_item in places(
            endpoint, inner, (item if listed else within) or {}, f"{at}{name}."
        ):
            yield (
                path,
                inner_kind,
                lambda value, name=name, change=change, listed=listed: (
                    body | {name: [change(value)] if listed else change(value)}
                ),
                listed_item,
            )


def fields_of(
    endpoint: Endpoint,
) -> Iterator[tuple[str, str, Callable[[Any], dict[str, Any]], Any]]:
    """Yield the fields of an endpoint's body: see `places`."""
    assert endpoint.request is not None
    body = json.loads(valid_request(endpoint, fixtures()).raw or b"{}")
    return places(endpoint, endpoint.request, body)


@cache
def first_fields() -> frozenset[tuple[str, str]]:
    """Return the first field of each type: the name of its endpoint and its path."""
    found: dict[str, tuple[str, str]] = {}
    for endpoint in WITH_BODY:
        for path, kind, _, _ in fields_of(endpoint):
            found.setdefault(kind, (endpoint.name, path))
    return frozenset(found.values())


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=named)
def test_fields(endpoint: Endpoint) -> None:
    """Each field holds a long text, a long list, or many times its own item."""
    sent = valid_request(endpoint, fixtures())

    def table() -> Iterator[tuple[str, Callable[[int], Work]]]:
        for path, _, change, item in fields_of(endpoint):
            template = json.dumps(change("HERE"))
            is_first = (endpoint.name, path) in first_fields()
            texts = TEXTS if is_first else {label: TEXTS[label] for label in CRITICAL_TEXTS}
            lists = VALUES if is_first else {} if item else FEW_VALUES
            if item is not None:
                lists = lists | {"its items": items_like(item)}
            shapes = {label: as_json(shape) for label, shape in texts.items()} | lists
            for label, shape in shapes.items():

                def work(size: int, template: str = template, shape: Shape = shape) -> Work:
                    raw = template.replace('"HERE"', shape(size)).encode()
                    return sending(sent._replace(raw=raw))

                yield f"{path}: {label}", work

    assert_no_errors(errors_of(table(), FIELD_BYTES))


def as_json(shape: Shape) -> Shape:
    return lambda size: json.dumps(shape(size), ensure_ascii=False)


def items_like(item: object) -> Shape:
    text = json.dumps(item)
    return lambda size: "[" + ",".join([text] * (size // len(text))) + "]"


# Heads --------------------------------------------------------------------------------------------


class Recorder(dict[bytes, bytes]):
    """Headers that record which names are read."""

    def __init__(self, headers: dict[bytes, bytes]) -> None:
        super().__init__(headers)
        self.read: set[bytes] = set()

    def get(self, name: bytes, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.read.add(bytes(name))  # type: ignore[call-overload]  # always bytes
        return super().__contains__(name)


def header_names(endpoint: Endpoint) -> list[str]:
    """Return the names of the headers that handling a valid request reads."""
    server, sent = furnished(), valid_request(endpoint, fixtures())
    path, _, query = sent.path.partition("?")
    headers = Recorder(valid_headers(server))
    server.app.handle_now(sent.method, path, query.encode(), headers, sent.raw)
    return sorted(name.decode() for name in headers.read if name[:1] != b":")


def test_headers() -> None:
    """Each header that is read is as long as possible."""
    first = {
        (name, endpoint.surface): endpoint
        for endpoint in ENDPOINTS[::-1]
        for name in header_names(endpoint)
    }

    def table() -> Iterator[tuple[str, Callable[[int], Work]]]:
        for (name, _), endpoint in first.items():
            sent = valid_request(endpoint, fixtures())
            scheme = b"Bearer " if name == "authorization" else b""
            for label, shape in TEXTS.items():

                def work(
                    size: int,
                    sent: HttpRequest = sent,
                    name: str = name,
                    scheme: bytes = scheme,
                    shape: Shape = shape,
                ) -> Work:
                    return sending(sent, {name.encode(): scheme + shape(size).encode()})

                yield f"{named(endpoint)}, {name}: {label}", work

    assert_no_errors(errors_of(table(), HEAD_BYTES))


def heads(endpoint: Endpoint) -> Iterator[tuple[str, Callable[[str], HttpRequest]]]:
    """Yield the parameters and the ids of an endpoint, each with a function that sets it."""
    sent = valid_request(endpoint, fixtures())
    joint = "&" if "?" in sent.path else "?"
    for name in endpoint.query.__struct_encode_fields__ if endpoint.query else ():
        yield (
            f"{name}=",
            lambda text, name=name: sent._replace(path=f"{sent.path}{joint}{name}={text}"),
        )
    for name in re.findall(r"\{(\w+)\}", endpoint.path):

        def with_id(text: str, name: str = name) -> HttpRequest:
            ids = {name: text.replace("/", "x")}
            return sent._replace(path=filled(endpoint, fixtures(), **ids))

        yield name, with_id


@cache
def first_heads() -> dict[str, Endpoint]:
    """Return the first endpoint with each parameter and each id."""
    return {name: endpoint for endpoint in ENDPOINTS[::-1] for name, _ in heads(endpoint)}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=named)
def test_parameters_and_ids(endpoint: Endpoint) -> None:
    """The parameters and the ids are as long as possible."""
    table = {
        f"{name}: {label}": lambda size, change=change, shape=TEXTS[label]: sending(
            change(shape(size))
        )
        for name, change in heads(endpoint)
        for label in (TEXTS if first_heads()[name] is endpoint else CRITICAL_TEXTS)
    }
    assert_no_errors(errors_of(table.items(), HEAD_BYTES))


KINDS = {
    (each.surface, each.query is None, each.request is None, each.body_format): each
    for each in ENDPOINTS[::-1]
}
"""The first endpoint of each kind."""


@pytest.mark.parametrize("endpoint", KINDS.values(), ids=named)
def test_queries(endpoint: Endpoint) -> None:
    """The query is as long as possible, and its names are unknown."""
    sent = valid_request(endpoint, fixtures())
    start = sent.path + ("&" if "?" in sent.path else "?")
    table = {
        label: lambda size, shape=shape: sending(sent._replace(path=start + shape(size)))
        for label, shape in TEXTS.items()
    }
    assert_no_errors(errors_of(table.items(), HEAD_BYTES))


# Objects ------------------------------------------------------------------------------------------


def order_of_many_lines(server: InProcessServer, count: int) -> dict[str, str]:
    items = [{"amount": 1, "parent": f"P{at}"} for at in range(count)]
    order = server.send("POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    paid = server.send("POST", f"/v1/orders/{order}/pay", {"source": server.token()}).json
    return {"order_id": order, "charge_id": paid["charge"], "payment_id": paid["charge"]}


def order_of_many_payments(server: InProcessServer, count: int) -> dict[str, str]:
    order = server.order(count)["id"]
    for _ in range(count):
        body = {"source": server.token(), "amount": 1}
        charge = server.send("POST", f"/v1/orders/{order}/pay", body).json["charge"]
    return {"order_id": order, "charge_id": charge, "payment_id": charge}


def charge_of_many_refunds(server: InProcessServer, count: int) -> dict[str, str]:
    charge = server.charge(amount=count + 1)["id"]
    body = {"charge": charge, "amount": 1}
    for _ in range(count):
        refund = server.send("POST", "/v1/refunds", body).json["id"]
    return {"charge_id": charge, "payment_id": charge, "refund_id": refund}


def long_texts(server: InProcessServer, count: int) -> dict[str, str]:
    texts = "".join(shape(count) for label, shape in TEXTS.items() if label != "outcomes")
    charge = server.charge(external_customer_reference=texts)["id"]
    ids = {"charge_id": charge, "payment_id": charge, "id": str(server.sandbox.journal.count)}
    order = {"currency": "usd", "items": [{"amount": 1, "description": texts}]}
    ids["order_id"] = server.send("POST", "/v1/orders", order).json["id"]
    customer = {"email": "jo@example.com", "source": server.token(), "name": texts}
    return ids | {"customer_id": server.send("POST", "/v1/customers", customer).json["id"]}


def many_charges(server: InProcessServer, count: int) -> dict[str, str]:
    source = server.customer()["id"]
    charges = [server.charge(source=source) for _ in range(count)]
    return {"charge_id": charges[0]["id"]}


OBJECTS: dict[str, tuple[Callable[[InProcessServer, int], dict[str, str]], int]] = {
    "an order of many lines": (order_of_many_lines, 500),
    "an order of many payments": (order_of_many_payments, 400),
    "a charge of many refunds": (charge_of_many_refunds, 400),
    "long texts": (long_texts, 10_000),
    "many charges": (many_charges, 1_200),
}
"""Functions that create large objects and return their ids, and the largest count."""


@pytest.mark.parametrize(("create", "most"), OBJECTS.values(), ids=OBJECTS)
def test_large_objects(create: Callable[[InProcessServer, int], dict[str, str]], most: int) -> None:
    """Each read, and each call that needs no body, with ids of large objects."""
    made: dict[int, tuple[InProcessServer, dict[str, str]]] = {}
    for count in (most // 4, most // 2, most):
        server = furnished()
        made[count] = server, create(server, count)

    def request(endpoint: Endpoint, count: int) -> Work:
        server, ids = made[count]
        if endpoint.name == "put_snapshot":
            body = server.send("GET", "/_mock/snapshot").body
        elif endpoint.name == "return_order" and create is not order_of_many_lines:
            body = b"{}"
        elif endpoint.name == "return_order":
            items = [{"amount": 1, "parent": f"P{at}"} for at in range(count)]
            body = json.dumps({"items": items}).encode()
        else:
            body = valid_request(endpoint, fixtures()).raw
        path = filled(endpoint, fixtures(), **ids)
        return sending(HttpRequest(endpoint.method, path, body), source=server)

    table = {
        endpoint.name: lambda size, endpoint=endpoint: request(endpoint, size)
        for endpoint in (*SURFACE, *CONTROL)
    }
    assert_no_errors(errors_of(table.items(), most))


# Parsers ------------------------------------------------------------------------------------------


def quietly(parse: Callable[[str], object]) -> Callable[[str], object]:
    """Return a parser that ignores its errors."""

    def parsed(text: str) -> object:
        with contextlib.suppress(ApiError, AddressError, MalformedError, ScenarioError, ValueError):
            return parse(text)

    return parsed


def log_line(text: str) -> None:
    ExchangeLog(NULL, "json").write("default", "GET", text, 200, "", 1.0)


def log_message(text: str) -> None:
    ExchangeLog(NULL, "text").write_message(text)


def compared(text: str) -> object:
    recorded = RecordedReply(status=200, media="", headers={}, body={"a": "x", "b": [1]})
    got = recorded._replace(body={text: text, "a": text, "b": [text]})
    return compare(recorded, got, {})


PARSERS: dict[str, Callable[[str], object]] = {
    "card numbers": redact,
    "card numbers in JSON": lambda text: redact_json({text: [text]}),
    "a body for display": lambda text: masked_body(text.encode()),
    "a rejected body": lambda text: captured_body(text.encode()),
    "a rejected card": lambda text: captured_body(text.encode(), has_card_data=True),
    "a query for display": lambda text: masked_query(text.encode()),
    "a row for display": lambda text: masked_row({"metadata": {text: 1}}),
    "a snapshot for display": lambda text: masked_snapshot({"body": text, "metadata": {text: 1}}),
    "control characters": printable,
    "depth": lambda text: check_depth(text.encode()),
    "unknown expansions": lambda text: not_expanded(text.split(","), {"order", text}),
    "a suggestion": lambda text: did_you_mean(text, RULE_OPERATIONS),
    "a duration": parse_duration_ms,
    "the address of a webhook": url_error,
    "an encrypted PAN": KEYS.decrypt_pan,
    "an idempotency key": lambda text: idempotency_key(
        {b"idempotency-key": text.encode()}, b"x" * 32
    ),
    "a fault": parse_fault,
    "an outcome in a text": validate_outcome_markers,
    "HTML": escape_html,
    "a scenario": lambda text: parse_with_warnings(text.encode(), "a", RULE_OPERATIONS),
    "a URL for conformance": validate_url,
    "a format for conformance": format_of,
    "a value in a report": lambda text: masked(text, text, ("secret",)),
    "a response for conformance": compared,
    "a log line": log_line,
    "a log message": log_message,
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_parsers(parse: Callable[[str], object]) -> None:
    table = {
        label: lambda size, shape=shape: partial(quietly(parse), shape(size))
        for label, shape in BODIES.items()
    }
    assert_no_errors(errors_of(table.items(), BODY_BYTES))


CARD = "  - {number: '4242424242424242', outcome: approve}\n"
SCENARIOS = {
    "cards": "name: a\ncards:\n" + CARD,
    "rules": "name: a\nrules:\n  - {when: {amount: 1}, then: {problem: CARD_DECLINED}}\n",
    "merchants": "name: a\nmerchants:\n  - {name: a%d}\n",
    "customers": "name: a\ndata:\n  customers:\n    - {email: a%d@example.com}\n",
    "unknown problems": "name: a\nrules:\n  - {when: {}, then: {problem: CARD_DECLIND}}\n",
    "unknown fields": "name: a\nrules:\n  - {wen: {}, then: {problem: CARD_DECLINED}}\n",
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_scenarios_of_many_entries(scenario: str) -> None:
    head, _, line = scenario.rstrip().rpartition("\n")

    def prepare(size: int) -> Work:
        lines = (line % at if "%" in line else line for at in range(size // len(line)))
        return partial(quietly(PARSERS["a scenario"]), f"{head}\n" + "\n".join(lines))

    assert growth_error(prepare, BODY_BYTES) == ""


# Connections --------------------------------------------------------------------------------------

STREAM_BYTES = 60_000
GET = "GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n"
POST = "POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
STREAMS: dict[str, Shape] = {
    "requests": repeated(GET),
    "stray pairs": repeated("{}"),
    "line ends": repeated("\r\n"),
    "an open request line": repeated("a", "GET /"),
    "one long header": repeated("a", GET[:-2] + "x: "),
    "many headers": numbered("x%d: 1", "\r\n", GET[:-2]),
    "bare line feeds": repeated("x: 1\n", GET[:-2]),
    "carriage returns": repeated("\r", GET[:-2]),
    "upgrades": repeated("upgrade : h2c\r\n", GET[:-2], "\r\n"),
    "small chunks": repeated("1\r\na\r\n", POST, "0\r\n\r\n"),
    "zeros of a chunk size": repeated("0", POST),
    "a chunk extension": repeated("a", POST + "1;"),
    "trailers": repeated("x: 1\r\n", POST + "0\r\n"),
    "a body": repeated("a", GET.replace("GET", "POST")[:-2] + "content-length: 70000\r\n\r\n"),
}


def received(stream: bytes, segment_bytes: int) -> Work:
    """Return the work of receiving a stream in segments."""

    async def receive() -> None:
        config = uvicorn.Config(furnished().app, lifespan="off", log_config=None, ws="none")
        config.load()
        make: Any = protocol_class()
        protocol, wire = make(config=config, server_state=State(), app_state={}), Wire()
        protocol.connection_made(wire)
        for at in range(0, len(stream), segment_bytes):
            if not wire.is_closing():
                protocol.data_received(stream[at : at + segment_bytes])
        await asyncio.sleep(0)
        protocol.connection_lost(None)

    return lambda: asyncio.run(receive())


@pytest.mark.parametrize("segment_bytes", [1, 16, STREAM_BYTES])
def test_connections(segment_bytes: int) -> None:
    table = {
        label: lambda size, shape=shape: received(shape(size).encode(), segment_bytes)
        for label, shape in STREAMS.items()
    }
    assert_no_errors(errors_of(table.items(), STREAM_BYTES))


# Patterns -----------------------------------------------------------------------------------------

SEARCHED_CHARS = 4_096


def pieces(parsed: Any) -> Iterator[str]:
    """Yield characters that a parsed pattern matches, and its literal texts."""
    literal = ""
    for code, value in parsed:
        if code is codes.LITERAL:
            literal += chr(value)
            yield chr(value)
            continue
        if literal:
            yield literal
        literal = ""
        if code is codes.IN:
            yield from characters(value)
        elif code in (codes.ANY, codes.NOT_LITERAL):
            yield "~"
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            yield from pieces(value[2])
        elif code is codes.SUBPATTERN:
            yield from pieces(value[3])
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from pieces(branch)
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            yield from pieces(value[1])
    if literal:
        yield literal


def characters(group: Any) -> Iterator[str]:
    """Yield some characters of a group such as `[^a-z]`."""
    kinds = {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " ", codes.CATEGORY_WORD: "a"}
    for code, value in group:
        if code is codes.NEGATE:
            yield "~"
        elif code is codes.RANGE:
            yield chr(value[0])
        elif code is codes.LITERAL:
            yield chr(value)
        else:
            yield kinds.get(value, "~")


def attacks(pattern: str, flags: int) -> Iterator[str]:
    """Yield texts made of the pieces of a pattern: one, one after another, two in turn."""
    found = list(dict.fromkeys(pieces(parser.parse(pattern, flags))))
    long = sorted(found, key=len, reverse=True)[:8]
    single = [each for each in found if len(each) == 1][:12]
    units = list(dict.fromkeys([*long, *single]))
    for unit in units:
        for before in ("", *long[:3]):
            for after in ("", "\0"):
                yield before + unit * (SEARCHED_CHARS // len(unit)) + after
        for other in units:
            both = unit + other
            half = SEARCHED_CHARS // 2
            yield both * (SEARCHED_CHARS // len(both)) + "\0"
            yield unit * (half // len(unit)) + other * (half // len(other)) + "\0"


@pytest.mark.parametrize(
    "pattern",
    {each.value: each for each in patterns() if each.value is not None}.values(),
    ids=lambda each: each.source[:60],
)
def test_patterns(pattern: Pattern) -> None:
    """A quadratic search of 4 KiB takes a hundred times as long as a linear one."""
    value = pattern.value
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    compiled = re.compile(text, pattern.flags)
    if LINEAR.get(value or "", "").startswith(ONLY_MATCHED):
        search: Callable[[str], object] = (
            compiled.fullmatch if "whole" in LINEAR[value or ""] else compiled.match
        )
        if "100 characters" in LINEAR[value or ""]:
            return
    elif LINEAR.get(value or "", "").startswith("a report searches"):
        search = re.compile(rf"(?<![\w-])(?:{text})(?![\w-])").search
    else:
        search = compiled.search
    table = (
        (
            repr(attack[:40]),
            lambda size, attack=attack: partial(search, attack * (size // SEARCHED_CHARS)),
        )
        for attack in attacks(text, pattern.flags)
    )
    assert_no_errors(errors_of(table, 4 * SEARCHED_CHARS))
