"""The OpenAPI document: free of lint, with an example of each operation from the golden flows.

Other validators read it in tests/fuzz/test_openapi_fuzz.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mock_clover.clover.surface import GROUPS, SURFACE
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.error_format import status_line
from mock_clover.reference.openapi import document
from tests.command_line import run_cli
from tests.failure_messages import assert_no_errors
from tests.hostile import MAY_HAVE_CHANGED_STATE, create_fixtures, valid_request
from tests.in_process import InProcessServer, MakeServer


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    return dict(json.loads(document()))


def operations(told: dict[str, Any]) -> Iterator[tuple[Endpoint, dict[str, Any]]]:
    for endpoint in SURFACE:
        yield endpoint, told["paths"][endpoint.path][endpoint.method.lower()]


def test_the_command_prints_what_the_server_serves(server: InProcessServer) -> None:
    completed = run_cli("openapi")
    assert completed.code == 0
    assert json.loads(completed.stdout) == server.send("GET", "/_mock/openapi.json").json


# Lint --------------------------------------------------------------------------------------------


def complaints(endpoint: Endpoint, operation: dict[str, Any], tags: set[str]) -> Iterator[str]:
    """Return what the documentation of an operation lacks."""
    if not operation.get("summary", "").endswith("."):
        yield "has no summary that is a sentence: give its Endpoint an `about`"
    if len(operation.get("tags", ())) != 1 or not tags.issuperset(operation["tags"]):
        yield "has no group: list it in one group of clover/surface.py"
    if operation.get("x-evidence") is None or not operation.get("x-source"):
        yield "has no mark"
    for parameter in operation["parameters"]:
        if not parameter.get("description", "").strip():
            yield f"does not describe its parameter {parameter['name']}"
    responses = operation["responses"]
    content = responses.get("200", {}).get("content", {})
    if "302" not in responses and not content.get("application/json", {}).get("schema"):
        yield "has no schema of its success"
    for problem in endpoint.errors:
        kind = "text/plain" if problem.shape == "plain" else "application/json"
        shown = responses.get(str(problem.status), {}).get("content", {}).get(kind, {})
        if problem.name not in shown.get("examples", {}):
            yield f"does not show its refusal {problem.name}"
    if endpoint.auth.kind != "none" and "401" not in responses:
        yield "does not tell what a stranger gets"


def test_the_document_is_free_of_lint(told: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in told["tags"]}
    found = [
        f"{endpoint.name} {message}"
        for endpoint, operation in operations(told)
        for message in complaints(endpoint, operation, tags)
    ]
    assert_no_errors(found)


def test_lint_is_found(told: dict[str, Any]) -> None:
    endpoint, operation = next(
        (each, told_of) for each, told_of in operations(told) if each.name == "get_charge"
    )
    bare = operation | {"summary": "", "tags": ["x"], "responses": {}, "x-source": ""}
    bare["parameters"] = [{"name": "charge_id"}]
    assert [message.partition(":")[0] for message in complaints(endpoint, bare, {"Charges"})] == [
        "has no summary that is a sentence",
        "has no group",
        "has no mark",
        "does not describe its parameter charge_id",
        "has no schema of its success",
        *(f"does not show its refusal {problem.name}" for problem in endpoint.errors),
        "does not tell what a stranger gets",
    ]


def test_tags_are_described(told: dict[str, Any]) -> None:
    assert len(GROUPS) <= 15
    assert all(tag["description"].endswith(".") for tag in told["tags"])


# Examples ----------------------------------------------------------------------------------------


def test_every_good_request_succeeds(make_server: MakeServer) -> None:
    """Each operation gets its own copy of a sandbox that has one of each object."""
    server = make_server()
    fixtures = create_fixtures(server)
    prepared = server.sandbox.fork(server.sandbox.name, server.known)
    for endpoint in SURFACE:
        server.copy(prepared)
        sent = valid_request(endpoint, fixtures)
        got = server.send(sent.method, sent.path, raw=sent.raw, headers=dict(sent.headers))
        assert got.status in MAY_HAVE_CHANGED_STATE, (
            f"{endpoint.name} gets {got}: correct its body in VALID_BODIES of tests/hostile.py"
        )


def test_every_operation_has_an_example(told: dict[str, Any]) -> None:
    for endpoint, operation in operations(told):
        if "200" in operation["responses"] and endpoint.response_format != "page":
            content = operation["responses"]["200"]["content"]["application/json"]
            assert "example" in content, endpoint.name
        for parameter in operation["parameters"]:
            assert parameter["in"] != "path" or parameter["example"], endpoint.name


def test_error_examples_match_responses(told: dict[str, Any]) -> None:
    operation = told["paths"]["/v1/charges/{charge_id}"]["get"]
    shown_now = operation["responses"]["404"]["content"]["application/json"]["examples"]
    assert shown_now["CHARGE_NOT_FOUND"]["value"] == {
        "message": status_line(404),
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": "Charge with id {id} not found.",
        },
    }
