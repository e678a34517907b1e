"""No input causes a 500, a traceback or a hang, and a rejected request changes nothing."""

import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_clover.clover.surface import SURFACE
from mock_clover.core.codec import DEPTH_MAX, MalformedError, check_depth
from mock_clover.engine.endpoint import Endpoint
from tests.hostile import (
    BODIES,
    CREDENTIALS,
    DEPTH,
    FORWARDED,
    HEADERS,
    IDS,
    MAY_HAVE_CHANGED_STATE,
    METHODS,
    QUERIES,
    VALID_BODIES,
    HttpRequest,
    PairedSandboxes,
    filled,
    invalid_bodies,
    valid_body,
    valid_request,
)
from tests.in_process import CONTROL, InProcessServer, MakeServer
from tests.strategies import bodies_of, mutated

CONTROLLING = {"content-type": "application/json", "x-mock-clover-control": "1"}
every_endpoint = pytest.mark.parametrize("endpoint", SURFACE, ids=lambda each: each.name)
with_a_body = pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if each.request], ids=lambda each: each.name
)
with_ids = pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if "{" in each.path], ids=lambda each: each.name
)
with_records_within = pytest.mark.parametrize(
    "endpoint",
    [each for each in SURFACE if each.name in ("create_token", "create_charge", "create_order")],
    ids=lambda each: each.name,
)
STRICT = {"strict": True, "dialect": "documented"}


def complaints(
    pair_of_sandboxes: PairedSandboxes, table: Iterable[tuple[str, HttpRequest]]
) -> dict[str, str]:
    """Send all requests of a table and return the errors, by label."""
    message = {label: pair_of_sandboxes.send(sent) for label, sent in table}
    message["all that was refused"] = pair_of_sandboxes.difference()
    return {label: wrong for label, wrong in message.items() if wrong}


@every_endpoint
def test_every_operation_has_a_request_that_succeeds(
    make_server: MakeServer, endpoint: Endpoint
) -> None:
    """So the tables below change valid requests only in one part."""
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    sent = valid_request(endpoint, pair_of_sandboxes.fixtures)
    assert (endpoint.name in VALID_BODIES) == bool(endpoint.request), (
        f"VALID_BODIES of tests/hostile.py has a body for each operation with one: {endpoint.name}"
    )
    assert pair_of_sandboxes.send(sent) == ""
    reply = pair_of_sandboxes.server.send(sent.method, sent.path, raw=sent.raw, headers=FORWARDED)
    assert reply.status in MAY_HAVE_CHANGED_STATE, (
        f"correct {endpoint.name} in VALID_BODIES of tests/hostile.py: {reply}"
    )


def wrong_shapes(
    pair_of_sandboxes: PairedSandboxes, endpoint: Endpoint
) -> Iterator[tuple[str, HttpRequest]]:
    path = filled(endpoint, pair_of_sandboxes.fixtures)
    for label, raw in BODIES.items():
        yield label, HttpRequest(endpoint.method, path, raw, FORWARDED)


def wrong_values(
    pair_of_sandboxes: PairedSandboxes, endpoint: Endpoint
) -> Iterator[tuple[str, HttpRequest]]:
    assert endpoint.request is not None
    path, body = (
        filled(endpoint, pair_of_sandboxes.fixtures),
        valid_body(endpoint, pair_of_sandboxes.fixtures),
    )
    for label, wrong in invalid_bodies(endpoint.request, body):
        yield label, HttpRequest(endpoint.method, path, json.dumps(wrong).encode(), FORWARDED)


@every_endpoint
def test_malformed_bodies(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    assert complaints(pair_of_sandboxes, wrong_shapes(pair_of_sandboxes, endpoint)) == {}


@with_a_body
def test_malformed_field_values(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    assert complaints(pair_of_sandboxes, wrong_values(pair_of_sandboxes, endpoint)) == {}


@with_records_within
def test_malformed_bodies_with_strict_and_documented_dialect(
    make_server: MakeServer, endpoint: Endpoint
) -> None:
    """The strict option rejects unknown members, which only objects can have."""
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint, **STRICT)
    assert complaints(pair_of_sandboxes, wrong_shapes(pair_of_sandboxes, endpoint)) == {}
    objects = ("is an object", "is an array of mixed things", "is left out")
    table = (row for row in wrong_values(pair_of_sandboxes, endpoint) if row[0].endswith(objects))
    assert complaints(pair_of_sandboxes, table) == {}


@with_a_body
def test_deeply_nested_fields(make_server: MakeServer, endpoint: Endpoint) -> None:
    assert endpoint.request is not None
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    path, body = (
        filled(endpoint, pair_of_sandboxes.fixtures),
        valid_body(endpoint, pair_of_sandboxes.fixtures),
    )
    deep = {
        "arrays": "[" * DEPTH + "]" * DEPTH,
        "objects": '{"a":' * DEPTH + "1" + "}" * DEPTH,
        "objects and arrays": '{"a":[' * DEPTH + "]}" * DEPTH,
    }
    mutated = {
        f"{name} is {depth} of {label}": json.dumps(body | {name: "HERE"}).replace('"HERE"', value)
        for name in (*endpoint.request.__struct_encode_fields__, "unknown")
        for label, value in deep.items()
        for depth in [DEPTH]
    }
    table = (
        (label, HttpRequest(endpoint.method, path, raw.encode())) for label, raw in mutated.items()
    )
    assert complaints(pair_of_sandboxes, table) == {}


FULL = b"[" * DEPTH_MAX
"""The maximum number of open brackets in a body."""
DEPTHS: dict[str, tuple[bytes, bool]] = {
    "as deep as allowed": (FULL + b"]" * DEPTH_MAX, False),
    "one deeper": (FULL + b"[]" + b"]" * DEPTH_MAX, True),
    "wide": (b"[" + b"[]," * 1_000 + b"[]]", False),
    "a bracket in a string": (FULL + b'"["' + b"]" * DEPTH_MAX, False),
    "a bracket behind a string": (FULL + b'"",[]' + b"]" * DEPTH_MAX, True),
    "a bracket behind an escaped quote": (FULL + rb'"\"["' + b"]" * DEPTH_MAX, False),
    "a bracket behind an escaped backslash": (FULL + rb'"\\",[]' + b"]" * DEPTH_MAX, True),
    "a bracket behind a backslash and a quote": (FULL + rb'"\\\"["' + b"]" * DEPTH_MAX, False),
    "a bracket behind two backslashes": (FULL + rb'"\\\\",[]' + b"]" * DEPTH_MAX, True),
    "a bracket behind another escape": (FULL + rb'"\n","[",[]' + b"]" * DEPTH_MAX, True),
    "brackets in names": (b'{"[{":' * DEPTH_MAX + b"1" + b"}" * DEPTH_MAX, False),
    "deep behind a string of brackets": (b'["]]]]",' + FULL, True),
    "a string without an end": (FULL + b'"[', False),
    "a string that ends within an escape": (FULL + b'"[\\', False),
    "deep before a string without an end": (FULL + b'["', True),
}


@pytest.mark.parametrize(("raw", "is_too_deep"), DEPTHS.values(), ids=DEPTHS)
def test_brackets_in_strings_do_not_count_as_nesting(raw: bytes, is_too_deep: bool) -> None:
    try:
        check_depth(raw)
        refused = False
    except MalformedError:
        refused = True
    assert refused == is_too_deep


@pytest.mark.parametrize(
    "unit", [b'\\"', b'"', b"\\", b'"a', b'"\\', b'\\\\"', b'"["', b"\\u"], ids=str
)
def test_the_depth_check_is_linear_in_an_unclosed_string(unit: bytes) -> None:
    """A quadratic check of 1 MiB takes hours, and the test run would not end."""
    for last in (b"", b"\\"):
        raw = FULL + b'["' + unit * (2**20 // len(unit)) + last
        with pytest.raises(MalformedError, match="JSON is nested more than 64 levels deep"):
            check_depth(raw)


BRINK = range(900, 1_001, 2)
"""Depths near the interpreter's limit: what one frame decodes, another may not encode."""


@pytest.mark.parametrize("opened", ["[]", "{}"], ids=["arrays", "objects"])
@pytest.mark.parametrize("member", ["metadata", "soft_descriptor", "unknown"])
def test_maximum_nesting_can_be_encoded(make_server: MakeServer, member: str, opened: str) -> None:
    first, last = ("[", "]") if opened == "[]" else ('{"a":', "}")
    for depth in BRINK:
        server = make_server()
        body = json.dumps({"amount": 1, "currency": "usd", "source": server.token(), member: 0})
        deep = first * depth + "0" + last * depth
        got = server.send(
            "POST", "/v1/charges", raw=body.replace(": 0}", f':{{"a":{deep}}}}}').encode()
        )
        assert got.status in {200, 400}
        for path in ("/v1/charges", "/_mock/journal"):
            assert server.send("GET", path).status == 200, depth
        for rows in server.sandbox.state().values():
            assert repr(rows)


HUGE = {
    "a tip": ("/v1/charges", '{"amount":1,"currency":"usd","source":"%s","tip_amount":HUGE}'),
    "a tax": ("/v1/charges", '{"amount":1,"currency":"usd","source":"%s","tax_amount":HUGE}'),
    "metadata": (
        "/v1/charges",
        '{"amount":1,"currency":"usd","source":"%s","metadata":{"a":HUGE}}',
    ),
    "an object of the brand": (
        "/v1/charges",
        '{"amount":1,"currency":"usd","source":"%s","stored_credentials":'
        '{"cardbrand_original_amount":HUGE}}',
    ),
    "a rate": (
        "/v1/orders",
        '{"currency":"usd","email":"%s@b","items":[{"amount":99999999,"tax_rates":[{"rate":HUGE}]}]}',
    ),
    "a tax of an item": (
        "/v1/orders",
        '{"currency":"usd","email":"%s@b","items":[{"amount":1,"tax_rates":[{"tax_amount":HUGE}]}]}',
    ),
}
NUMBERS = {
    "of 20 digits": 10**19,
    "of 4,299 digits": 10**4298,
    "of 4,300 digits": 10**4300 - 1,
    "of 20 digits, below zero": -(10**19),
    "of 4,299 digits, below zero": -(10**4298),
    "minus a thousand": -1_000,
}


@pytest.mark.parametrize(("path", "text"), HUGE.values(), ids=HUGE)
def test_accepted_amounts_can_be_refunded_and_are_not_negative(
    make_server: MakeServer, path: str, text: str
) -> None:
    """Numbers near the limits must not be too long, or negative, in a sum."""
    for label, number in NUMBERS.items():
        server = make_server()
        created = server.send(
            "POST", path, raw=(text % server.token()).replace("HUGE", str(number)).encode()
        )
        assert created.status in {200, 400}, label
        replies = [created]
        if created.status == 200 and path == "/v1/charges":
            replies.append(server.send("POST", "/v1/refunds", {"charge": created.json["id"]}))
        elif created.status == 200:
            payment = f"/v1/orders/{created.json['id']}/pay"
            replies.append(server.send("POST", payment, {"source": server.token()}))
        listed = ("/v1/charges", "/v1/refunds", "/v1/orders", "/_mock/journal")
        replies += [server.send("GET", each) for each in listed]
        assert {each.status for each in replies} <= {200, 400}, label
        assert [each for each in replies[:-1] if b'amount":-' in each.body] == [], label


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/charges", {"amount": 1, "currency": "usd\n"}),
        ("/v1/charges", {"amount": 1, "currency": "usd", "receipt_email": "jo@example.com\n"}),
        ("/v1/charges", {"amount": 1, "currency": "usd", "external_reference_id": "a1\n"}),
        ("/v1/orders", {"currency": "usd\n", "items": []}),
        ("/v1/customers", {"email": "jo@example.com\n"}),
    ],
    ids=["currency", "e-mail", "reference", "currency of an order", "e-mail of a customer"],
)
def test_trailing_newline_is_rejected(
    server: InProcessServer, path: str, body: dict[str, object]
) -> None:
    """Python's `$` matches before it too; JSON Schema's does not."""
    assert server.send("POST", path, body | {"source": server.token()}).status == 400


@every_endpoint
def test_malformed_queries(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    sent = valid_request(endpoint, pair_of_sandboxes.fixtures)
    joint = "&" if "?" in sent.path else "?"
    table = (
        (label, sent._replace(path=f"{sent.path}{joint}{query}"))
        for label, query in QUERIES.items()
    )
    assert complaints(pair_of_sandboxes, table) == {}


@with_ids
def test_malformed_ids(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server)
    fixtures, sent = pair_of_sandboxes.fixtures, valid_request(endpoint, pair_of_sandboxes.fixtures)
    table = (
        (f"{name} is {label}", sent._replace(path=filled(endpoint, fixtures, **{name: value})))
        for name in re.findall(r"\{(\w+)\}", endpoint.path)
        for label, value in IDS.items()
    )
    assert complaints(pair_of_sandboxes, table) == {}


@every_endpoint
def test_malformed_headers(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    sent = valid_request(endpoint, pair_of_sandboxes.fixtures)
    table = ((label, sent._replace(headers=headers)) for label, headers in HEADERS.items())
    assert complaints(pair_of_sandboxes, table) == {}


@every_endpoint
def test_malformed_credentials(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    sent = valid_request(endpoint, pair_of_sandboxes.fixtures)._replace(auth=False)
    table = ((label, sent._replace(headers=shown)) for label, shown in CREDENTIALS.items())
    assert complaints(pair_of_sandboxes, table) == {}


@every_endpoint
def test_unusual_methods(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)
    sent = valid_request(endpoint, pair_of_sandboxes.fixtures)
    table = ((method, sent._replace(method=method)) for method in METHODS)
    assert complaints(pair_of_sandboxes, table) == {}


@pytest.mark.parametrize("endpoint", CONTROL, ids=lambda each: each.name)
def test_malformed_control_calls(make_server: MakeServer, endpoint: Endpoint) -> None:
    pair_of_sandboxes = PairedSandboxes(make_server, alike=False)
    path = filled(endpoint, pair_of_sandboxes.fixtures)
    requested = HttpRequest(endpoint.method, path, b"{}", CONTROLLING)
    table = {f"method: {method}": requested._replace(method=method) for method in METHODS}
    for label, query in QUERIES.items():
        table[f"query: {label}"] = requested._replace(path=f"{path}?{query}")
    for label, headers in HEADERS.items():
        table[f"header: {label}"] = requested._replace(headers=CONTROLLING | headers)
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        for label, value in IDS.items():
            mutated = filled(endpoint, pair_of_sandboxes.fixtures, **{name: value})
            table[f"{name} is {label}"] = requested._replace(path=mutated)
    if endpoint.request:
        for label, raw in BODIES.items():
            table[f"body: {label}"] = requested._replace(raw=raw)
        for label, wrong in invalid_bodies(endpoint.request, {}):
            table[label] = requested._replace(raw=json.dumps(wrong).encode())
    assert complaints(pair_of_sandboxes, table.items()) == {}


quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=20,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@with_a_body
def test_generated_bodies(make_server: MakeServer, endpoint: Endpoint) -> None:
    """Valid and mutated bodies, with some ids of existing objects."""
    assert endpoint.request is not None
    bodies = bodies_of(endpoint.request)
    pair_of_sandboxes = PairedSandboxes(make_server, endpoint)

    @quick
    @given(bodies | mutated(bodies), st.booleans())
    def check(body: dict[str, object], real: bool) -> None:
        if real:
            body = body | valid_body(endpoint, pair_of_sandboxes.fixtures)
        path = filled(endpoint, pair_of_sandboxes.fixtures)
        assert (
            pair_of_sandboxes.send(HttpRequest(endpoint.method, path, json.dumps(body).encode()))
            == ""
        )

    check()
    assert pair_of_sandboxes.difference() == ""


@pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if each.query], ids=lambda each: each.name
)
def test_generated_queries(make_server: MakeServer, endpoint: Endpoint) -> None:
    assert endpoint.query is not None
    queries = bodies_of(endpoint.query)
    pair_of_sandboxes = PairedSandboxes(make_server)

    @quick
    @given(queries | mutated(queries), st.booleans())
    def check(query: dict[str, object], real: bool) -> None:
        if real and endpoint.name == "authorize":
            query = query | {"client_id": pair_of_sandboxes.fixtures.client_id}
        path = endpoint.path + "?" + urlencode(query)
        assert pair_of_sandboxes.send(HttpRequest(endpoint.method, path)) == ""

    check()
    assert pair_of_sandboxes.difference() == ""


@given(method=st.sampled_from(METHODS), path=st.text(max_size=40), body=st.binary(max_size=200))
@quick
def test_generated_requests(make_server: MakeServer, method: str, path: str, body: bytes) -> None:
    path = f"/v1/{path.encode('utf-8', 'replace').decode().replace('?', '')}"
    assert PairedSandboxes(make_server).send(HttpRequest(method, path, body)) == ""
