"""The served OpenAPI document is valid, and the server's responses match it for any request."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import BaseSchema, Case, CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mock_clover.clover.surface import SURFACE
from mock_clover.engine.endpoint import Endpoint
from tests.hostile import (
    AUTHORIZE_ENDPOINTS,
    FORWARDED,
    MAY_HAVE_CHANGED_STATE,
    Fixtures,
    create_fixtures,
    ids_of,
    valid_body,
)
from tests.in_process import DECLINED_CARD
from tests.raw_http import CREDENTIALS, RawResponse, call
from tests.server_process import ServerProcess

AUTH_HEADERS = {
    "authorization": f"Bearer {CREDENTIALS.access_token}",
    "apikey": CREDENTIALS.api_key,
}
CONFORMANCE = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FORGIVEN = re.compile(
    r"\(was string, became (integer|number)\)$"  # `core/codec.py` accepts it, as clients send it
    r"|query: violates `additionalProperties`$"  # ignored, and reported to the client
    r"|header: violates `required` \(was [\w-]+\)$"  # the session of this test sends it
)
"""Deviations that are accepted."""
NUMBER_OR_NULL = re.compile(
    r"violates (?:`anyOf` at /properties/(\w+)"
    r"|`type` at /properties/(\w+)/anyOf/\d+ \(was null, became (?:integer|number)\))$"
)
every_operation = pytest.mark.parametrize("endpoint", SURFACE, ids=lambda each: each.name)


class Remote:
    """A client of a sandbox, with the interface of InProcessServer."""

    known = CREDENTIALS

    def __init__(self, port: int) -> None:
        self._port = port

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> RawResponse:
        return call(self._port, method, path, body, **(headers or {}))

    def card(self, pan: str = "4242424242424242") -> dict[str, Any]:
        return {"card": {"number": pan, "exp_month": "12", "exp_year": "2035", "cvv": "123"}}


@pytest.fixture(scope="module")
def document(shared_server: ServerProcess) -> dict[str, Any]:
    return dict(call(shared_server.port, "GET", "/_mock/openapi.json").json)


@pytest.fixture(scope="module")
def schema(shared_server: ServerProcess) -> BaseSchema:
    config = schemathesis.Config.from_dict(
        {"headers": AUTH_HEADERS, "generation": {"database": "none"}}
    )
    return schemathesis.openapi.from_url(f"{shared_server.url}/_mock/openapi.json", config=config)


@pytest.fixture(scope="module")
def fixtures(shared_server: ServerProcess) -> Fixtures:
    """A sandbox with one of each object, for requests that change nothing."""
    return create_fixtures(Remote(shared_server.port))


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as saved:
        saved.trust_env = False
        yield saved


def send(case: Case, session: requests.Session) -> Any:
    return case.call(session=session, headers=AUTH_HEADERS | FORWARDED, allow_redirects=False)


# The document -------------------------------------------------------------------------------------


def test_the_document_is_openapi_3_1(schema: BaseSchema) -> None:
    schema.validate()


def test_every_schema_is_json_schema(document: dict[str, Any]) -> None:
    for name, each in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate(each)
        assert each["title"] == name


def test_every_ref_resolves(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    references = set(re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(document)))
    assert references == {f"#/components/schemas/{name}" for name in schemas}


def test_every_operation_is_described_once(document: dict[str, Any]) -> None:
    described = [
        (method.upper(), path, operation["operationId"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    assert sorted(described) == sorted((each.method, each.path, each.name) for each in SURFACE)


def test_patterns_are_portable(document: dict[str, Any]) -> None:
    """JSON Schema patterns are ECMAScript's: there `\\s`, `\\d` and `$` match other characters."""
    patterns = set(re.findall(r'"pattern": ?"((?:[^"\\]|\\.)*)"', json.dumps(document)))
    assert [each for each in sorted(patterns) if re.search(r"\\\\[sSdDwWbB]", each)] == []


def test_another_validator_finds_it_right(document: dict[str, Any]) -> None:
    found = OpenAPIV31SpecValidator(document).iter_errors()
    assert [f"{'/'.join(map(str, each.path))}: {each.message}" for each in found] == []


def test_another_validator_finds_what_is_wrong(document: dict[str, Any]) -> None:
    broken = document | {"paths": {"/v1/x/{id}": {"get": {"responses": {}}}}}
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_example_is_as_its_schema_says(document: dict[str, Any]) -> None:
    found = []
    for endpoint in SURFACE:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        bodies = [("request", operation.get("requestBody", {}))]
        bodies += list(operation["responses"].items())
        for where, each in bodies:
            for content in each.get("content", {}).values():
                schema = content["schema"] | {"components": document["components"]}
                values = [case["value"] for case in content.get("examples", {}).values()]
                values += [content["example"]] if "example" in content else []
                for value in values:
                    wrong = list(jsonschema_rs.iter_errors(schema, value))
                    found += [f"{endpoint.name} {where}: {error.message}" for error in wrong]
    assert found == []


# The server ---------------------------------------------------------------------------------------


def good_case(schema: BaseSchema, endpoint: Endpoint, fixtures: Fixtures) -> Case:
    """Return a case that succeeds."""
    operation = schema[endpoint.path][endpoint.method]
    if endpoint.method == "GET" and (endpoint.request or endpoint.name in AUTHORIZE_ENDPOINTS):
        return operation.Case(
            query=valid_body(endpoint, fixtures) or {"client_id": fixtures.client_id}
        )
    names = re.findall(r"\{(\w+)\}", endpoint.path)
    ids = {name: ids_of(endpoint, fixtures)[name] for name in names}
    if not endpoint.request:
        return operation.Case(path_parameters=ids)
    body = valid_body(endpoint, fixtures)
    return operation.Case(path_parameters=ids, body=body, media_type="application/json")


@every_operation
def test_successful_responses_match_schema(
    shared_server: ServerProcess, schema: BaseSchema, session: requests.Session, endpoint: Endpoint
) -> None:
    """The second one is rejected if an operation is possible only once."""
    case = good_case(schema, endpoint, create_fixtures(Remote(shared_server.port)))
    first, second = send(case, session), send(case, session)
    assert first.status_code in MAY_HAVE_CHANGED_STATE
    assert second.status_code in MAY_HAVE_CHANGED_STATE | {400, 401, 404, 409}
    for reply in (first, second):
        case.validate_response(reply, checks=CONFORMANCE)


@pytest.mark.parametrize(
    "endpoint", [each for each in SURFACE if each.auth.kind != "none"], ids=lambda each: each.name
)
def test_unauthenticated_responses_match_schema(
    shared_server: ServerProcess,
    schema: BaseSchema,
    session: requests.Session,
    fixtures: Fixtures,
    endpoint: Endpoint,
) -> None:
    case = good_case(schema, endpoint, fixtures)
    body = valid_body(endpoint, fixtures) if endpoint.request else None
    for shown in ({}, {"authorization": "Bearer x", "apikey": "x"}):
        url = shared_server.url + case.formatted_path
        reply = session.request(endpoint.method, url, json=body, headers=shown)
        assert reply.status_code == 401
        case.validate_response(reply, checks=CONFORMANCE)


@pytest.mark.parametrize("name", ["create_charge", "pay_order", "create_customer"])
def test_every_decline_is_as_described(
    shared_server: ServerProcess, schema: BaseSchema, session: requests.Session, name: str
) -> None:
    remote = Remote(shared_server.port)
    endpoint = next(each for each in SURFACE if each.name == name)
    fixtures = create_fixtures(remote)
    token = remote.send("POST", "/v1/tokens", remote.card(DECLINED_CARD)).json["id"]
    case = good_case(schema, endpoint, fixtures)
    case.body = case.body | {"source": token}
    reply = send(case, session)
    assert reply.status_code == 402
    case.validate_response(reply, checks=CONFORMANCE)


def rejection_unless_forgiven(context: CheckContext, response: Response, case: Case) -> bool | None:
    """Check that invalid requests are rejected, except for accepted deviations."""
    try:
        return negative_data_rejection(context, response, case)
    except AcceptedNegativeData as accepted:
        _, _, text = accepted.message.partition("Invalid component:")
        first, *listed = text.splitlines()
        if all(
            FORGIVEN.search(each) or is_number_for_text(each, case) for each in listed or [first]
        ):
            return None
        raise


def is_number_for_text(deviation: str, case: Case) -> bool:
    """Return whether a number was sent where a text, or nothing, is described."""
    found = NUMBER_OR_NULL.search(deviation)
    sent = case.body.get(found[1] or found[2]) if found and isinstance(case.body, dict) else None
    return isinstance(sent, int | float) and not isinstance(sent, bool)


@pytest.mark.parametrize(
    ("mode", "endpoint"),
    [
        pytest.param(mode, each, id=f"{mode.value}-{each.name}")
        for mode in GenerationMode
        for each in SURFACE
        if mode is GenerationMode.POSITIVE or each.request or each.query
    ],
)
def test_generated_requests_get_documented_responses(
    schema: BaseSchema, session: requests.Session, endpoint: Endpoint, mode: GenerationMode
) -> None:
    """And invalid requests are rejected."""
    operation = schema[endpoint.path][endpoint.method]
    forbidden = [rejection_unless_forgiven] if mode is GenerationMode.NEGATIVE else []

    @settings(
        derandomize=True,
        deadline=None,
        max_examples=5,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case) -> None:
        case.validate_response(send(case, session), checks=CONFORMANCE + forbidden)

    check()
