"""Build the OpenAPI 3.1 document from the endpoint declarations."""

import re
from functools import cache
from typing import Any, get_type_hints

import msgspec

from mock_clover import __version__
from mock_clover.clover.common.problems import ALL_ERRORS, Problem
from mock_clover.clover.common.verdict import Decline
from mock_clover.clover.surface import GROUPS, SURFACE
from mock_clover.clover.webhooks.records_event import WEBHOOKS, Webhook
from mock_clover.core.evidence import END_OF_STRING
from mock_clover.core.record import Record, decode_json
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.error_format import (
    DECLINED_STATUS,
    OBSERVED,
    ErrorEnvelope,
    StatusBody,
    decline_body,
    problem_body,
    status_line,
)
from mock_clover.engine.errors import errors_of
from mock_clover.reference.examples import example_of

_REF = "#/components/schemas/{name}"
_DECLINABLE_OPERATIONS = frozenset({"create_charge", "pay_order", "finalize_payment"})
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "bearer": [{"bearer": []}],
    "pakms": [{"bearer": []}],
    "apikey": [{"apikey": []}],
    "none": [],
}


@cache
def document() -> bytes:
    """Return the document as JSON, built on first use."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in SURFACE:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return msgspec.json.format(msgspec.json.encode(_document(paths)), indent=1)


def _document(paths: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mock-clover",
            "version": __version__,
            "summary": "Clover's Ecommerce API as served by this mock.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": group.name, "description": group.about} for group in GROUPS],
        "paths": paths,
        "webhooks": _webhooks(),
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "apikey": {"type": "apiKey", "in": "header", "name": "apikey"},
            },
        },
    }


def _schemas() -> dict[str, Any]:
    records = (
        {e.request for e in SURFACE if e.request}
        | {e.response for e in SURFACE if e.response.__struct_fields__}
        | {ErrorEnvelope, StatusBody}
        | {hook.request for hook in WEBHOOKS}
    )
    _, schemas = msgspec.json.schema_components(
        sorted(records, key=lambda record: record.__name__), ref_template=_REF
    )
    _allow_digits(schemas)
    return schemas


def _allow_digits(schema: Any) -> None:
    """Let the numbers that are marked by OR_DIGITS be text: a mark of msgspec changes no type."""
    if isinstance(schema, dict):
        if schema.pop("x-or-digits", False):
            schema |= {"type": ["integer", "string"], "pattern": f"^[0-9]+{END_OF_STRING}"}
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            _allow_digits(each)


def _webhooks() -> dict[str, Any]:
    """Return the requests that Clover sends to a shop."""
    return {hook.name: {"post": _webhook(hook)} for hook in WEBHOOKS}


def _webhook(hook: Webhook) -> dict[str, Any]:
    schema = {"schema": {"$ref": _REF.format(name=hook.request.__name__)}}
    operation: dict[str, Any] = {
        "operationId": f"webhook_{hook.name}",
        "summary": hook.about,
        "requestBody": {"required": True, "content": {"application/json": schema}},
        "responses": {"200": {"description": "Received. Any other status is retried later."}},
        "x-evidence": hook.evidence.level,
        "x-source": hook.evidence.source,
    }
    if hook.header:
        header = {"name": hook.header, "in": "header", "required": True}
        operation["parameters"] = [header | {"schema": {"type": "string"}}]
    return operation


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [group.name for group in GROUPS if endpoint in group.endpoints],
        "summary": endpoint.about,
        "security": _SECURITY[endpoint.auth.kind],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint),
        "x-evidence": endpoint.evidence.level,
        "x-source": endpoint.evidence.source,
    }
    if endpoint.auth.permissions:
        operation["x-permissions"] = list(endpoint.auth.permissions)
    if endpoint.auth.field_permissions:
        operation["x-permissions-with"] = dict(endpoint.auth.field_permissions)
    if endpoint.path_alias:
        operation["x-also"] = endpoint.path_alias
    if endpoint.extension:
        operation["x-extension"] = "Clover has no such public operation; rejected with --strict."
    if endpoint.request and endpoint.method != "GET":
        schema: dict[str, Any] = {"schema": {"$ref": _REF.format(name=endpoint.request.__name__)}}
        schema |= _example(example_of(endpoint).request)
        content = {"application/json": schema}
        if endpoint.body_format == "json_or_form":
            content["application/x-www-form-urlencoded"] = schema
        operation["requestBody"] = {
            "required": endpoint.body_format != "json_or_form",
            "content": content,
        }
    return operation


def _choices(endpoint: Endpoint, name: str) -> dict[str, Any]:
    choices = endpoint.path_choices.get(name)
    return {} if choices is None else {"enum": list(choices)}


def _parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    example = example_of(endpoint)
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"Id of the {name.removesuffix('_id').replace('_', ' ')}.",
            "schema": {"type": "string"} | _choices(endpoint, name),
            "example": value,
        }
        for name, value in zip(re.findall(r"\{(\w+)\}", endpoint.path), example.ids, strict=True)
    ]
    query = endpoint.query or (
        endpoint.request
        if endpoint.body_format == "json_or_form" and endpoint.method == "GET"
        else None
    )
    if query:
        parameters += [
            {**each, **_example(example.query.get(each["name"]))}
            for each in _query_parameters(query)
        ]
    if endpoint.auth.requires_merchant_id:
        parameters.append(
            {
                "name": "X-Clover-Merchant-Id",
                "in": "header",
                "required": True,
                "description": "The merchant of the bearer token.",
                "schema": {"type": "string"},
            }
        )
    if endpoint.idempotent:
        parameters.append(
            {
                "name": "idempotency-key",
                "in": "header",
                "description": "A retry with the same key gets the stored response, byte for byte.",
                "schema": {"type": "string"},
            }
        )
    return parameters


def _query_parameters(query: type[Record]) -> list[dict[str, Any]]:
    hints = get_type_hints(query, include_extras=True)
    parameters = []
    for field in msgspec.structs.fields(query):
        schema = msgspec.json.schema(hints[field.name])
        if "anyOf" in schema:  # a query omits null
            schema = next(each for each in schema["anyOf"] if each != {"type": "null"})
        about = schema.pop("description", "")
        parameters.append(
            {"name": field.encode_name, "in": "query", "description": about, "schema": schema}
        )
    return parameters


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.response.__struct_fields__ or endpoint.response_format == "object":
        each: dict[str, Any] = {"$ref": _REF.format(name=endpoint.response.__name__)}
        if endpoint.response_format == "object":
            each = {"type": "object"}
        schema = {
            "schema": {"type": "array", "items": each}
            if endpoint.response_format == "array"
            else each
        }
        schema |= _example(example_of(endpoint).reply)
        good = {"200": {"description": "OK", "content": {"application/json": schema}}}
    else:
        good = {"302": {"description": "Redirects the browser back."}}
        if endpoint.response_format == "page":
            content = {"text/html": {"schema": {"type": "string"}}}
            good = {"200": {"description": "An HTML page.", "content": content}} | good
    return good | _error_responses(endpoint)


def _example(value: object) -> dict[str, Any]:
    return {} if value is None else {"example": value}


def _error_responses(endpoint: Endpoint) -> dict[str, Any]:
    by_status: dict[int, list[Problem]] = {}
    for problem in errors_of(endpoint):
        by_status.setdefault(problem.status, []).append(problem)
    if endpoint.name in _DECLINABLE_OPERATIONS:
        by_status.setdefault(402, [])
    return {
        str(status): _error_response(
            status, by_status[status], platform=endpoint.surface.platform_errors
        )
        for status in sorted(by_status)
    }


def _error_response(status: int, problems: list[Problem], *, platform: bool) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if any(problem.shape != "plain" for problem in problems) or not problems:
        with_status = any(problem.shape == "status" for problem in problems)
        name = (StatusBody if with_status else ErrorEnvelope).__name__
        content["application/json"] = {
            "schema": {"$ref": _REF.format(name=name)},
            "examples": _error_examples(status, problems, platform=platform),
        }
    if any(problem.shape == "plain" for problem in problems):
        texts = {each.name: {"value": each.message} for each in problems if each.shape == "plain"}
        content["text/plain"] = {"schema": {"type": "string"}, "examples": texts}
    names = ", ".join(problem.name for problem in problems) or "the card is declined"
    return {"description": f"{status_line(status)}: {names}", "content": content}


def _error_examples(status: int, problems: list[Problem], *, platform: bool) -> dict[str, Any]:
    """Return the body of each error in the observed dialect, with placeholders in braces."""
    bodies = {
        each.name: problem_body(each, each.message, OBSERVED, has_error_object=not platform)[0]
        for each in problems
        if each.shape != "plain"
    }
    if status == DECLINED_STATUS and not bodies:
        bodies["declined"] = decline_body(Decline(why=""), "J2RK5QKH6WCYE", OBSERVED)
    return {name: {"value": decode_json(body)} for name, body in bodies.items()}


def problem_rows() -> list[dict[str, Any]]:
    """Return the error catalogue as table rows."""
    return [
        {
            "name": problem.name,
            "status": problem.status,
            "code": problem.code or "",
            "type": problem.type or "",
            "message": problem.message,
            "evidence": problem.evidence.level,
            "source": problem.evidence.source,
        }
        for problem in ALL_ERRORS
    ]


def route_rows() -> list[dict[str, Any]]:
    """Return the endpoints as table rows."""
    return [
        {
            "method": endpoint.method,
            "path": endpoint.path,
            "name": endpoint.name,
            "auth": endpoint.auth.kind,
            "permissions": ", ".join(_permissions(endpoint)),
            "extension": endpoint.extension,
            "about": endpoint.about,
            "evidence": endpoint.evidence.level,
            "source": endpoint.evidence.source,
        }
        for endpoint in SURFACE
    ]


def _permissions(endpoint: Endpoint) -> list[str]:
    """Return the permissions of an endpoint, including those required by body fields."""
    conditional = [f"{name} (with {member})" for member, name in endpoint.auth.field_permissions]
    return [*endpoint.auth.permissions, *conditional]
