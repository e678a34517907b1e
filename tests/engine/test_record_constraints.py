"""Violate each constraint of each request record once, and check that there are no side effects.

Before a golden request is sent, it is sent with one member after another missing or wrong. Each
must be rejected with the error of its field; then the correct request must get the recorded
response exactly, ids included. Every response must also match its own record.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from mock_clover.clover.common.problems import BY_NAME
from mock_clover.clover.surface import SURFACE
from mock_clover.core.codec import _accepts_str, problem_name_of_field
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Endpoint, UntypedBody
from mock_clover.engine.error_format import ErrorEnvelope
from mock_clover.reference.examples import endpoint_of
from tests.conformance.test_golden import FILES, Example, parse_examples, server_of, shown
from tests.failure_messages import HOW_TO_ADD_AN_EXAMPLE, assert_no_errors
from tests.in_process import InProcessServer, MakeServer, Response

_WRONG: tuple[Any, ...] = (
    *(None, {"a": 1}, [1], [], "", "not a value of it!", "x" * 6_000),
    *(-1, 10**12, 1.5, True, "perhaps"),
)


class Break(NamedTuple):
    """One way to violate a constraint."""

    said: str
    body: dict[str, Any]
    problem: str


def breaks(record: type[Record], tree: dict[str, Any]) -> Iterator[Break]:
    """Yield a request once for each constraint of its members, with that one violated."""
    for field in msgspec.structs.fields(record):
        name = field.encode_name
        problem = problem_name_of_field(record, field.name) or "INVALID_REQUEST"
        if field.required:
            yield Break(f"{name} missing", {k: v for k, v in tree.items() if k != name}, problem)
        for value in _WRONG:
            if _is_wrong(value, field.type):
                message = f"{name}: {json.dumps(value)[:30]}"
                yield Break(message, {**tree, name: value}, problem)


def _is_wrong(value: Any, kind: Any) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool) and _accepts_str(kind):
        return False  # a number is accepted as a string
    if isinstance(value, list) and value:
        return False  # an item that is a record may accept a number as well
    try:
        msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        return True
    return False


def flows() -> dict[str, list[str]]:
    """Return the operations that golden flows use successfully, by file."""
    return {
        file.stem: [
            endpoint.name
            for example in parse_examples(file.read_text())
            if (endpoint := endpoint_of(example)) and example.reply[:3] in ("200", "302")
        ]
        for file in FILES
    }


def test_every_operation_is_in_a_golden_flow() -> None:
    """By one of its paths or methods, if it has several."""
    called = {name for names in flows().values() for name in names}
    met = {endpoint.run for endpoint in SURFACE if endpoint.name in called}
    assert_no_errors(
        f"{endpoint.name}: {HOW_TO_ADD_AN_EXAMPLE}"
        for endpoint in SURFACE
        if endpoint.run not in met
    )


@pytest.mark.fuzz
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_invalid_field_is_rejected_without_side_effects(
    file: Path, make_server: MakeServer
) -> None:
    server, met = server_of(file, make_server), set()
    for example in parse_examples(file.read_text()):
        endpoint = endpoint_of(example)
        is_new = endpoint is not None and endpoint.name not in met
        if endpoint and is_new and _takes_json(endpoint) and example.reply.startswith("200"):
            met.add(endpoint.name)
            _break_all(server, endpoint, example)
        assert shown(server, example) == example.reply, example.title


def _takes_json(endpoint: Endpoint) -> bool:
    return endpoint.request not in (None, UntypedBody) and endpoint.body_format != "json_or_form"


def _break_all(server: InProcessServer, endpoint: Endpoint, example: Example) -> None:
    assert endpoint.request is not None
    tree = json.loads(example.body or "{}")
    headers = {k: v for k, v in example.headers.items() if k.lower() != "idempotency-key"}
    for broken in breaks(endpoint.request, tree):
        got = server.send(example.method, example.path, broken.body, headers=headers, auth=False)
        problem = BY_NAME[broken.problem]
        message = f"{endpoint.name}, {broken.said}: {got.status} {got.body.decode()[:200]}"
        assert got.status == problem.status, message
        if problem.shape == "error" and endpoint.surface.has_error_object:
            assert got.json["error"]["code"] == problem.code, message


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_response_matches_its_record(file: Path, make_server: MakeServer) -> None:
    """Decoded as the record and encoded again, it must be the same bytes."""
    server = server_of(file, make_server)
    send = server.send

    def checked(method: str, path: str, *args: Any, **named: Any) -> Response:
        got = send(method, path, *args, **named)
        endpoint = endpoint_of(Example("", method, path, {}, "", "", ""))
        if endpoint is not None and got.content_type.startswith("application/json") and got.body:
            record = endpoint.response if got.status == 200 else ErrorEnvelope
            if record.__struct_fields__ and (got.status == 200 or b'"error":' in got.body):
                kind: Any = list[record] if got.body.startswith(b"[") else record
                again = encode(msgspec.json.decode(got.body, type=kind))
                assert again == got.body, f"{method} {path}"
        return got

    server.send = checked  # type: ignore[method-assign] # a spy, for this test
    for example in parse_examples(file.read_text()):
        shown(server, example)
