"""Findings for the type errors of a scenario: msgspec's message, with a suggestion."""

import re
from functools import cache
from typing import Any

import msgspec

from mock_clover.core.broken_rule import PATTERNS
from mock_clover.core.suggestions import did_you_mean
from mock_clover.scenario.findings import Finding
from mock_clover.scenario.records import ScenarioFile

PATH_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_ERROR_PATH = re.compile(r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[^`]*)`")
_ENUM = re.compile(r"Invalid enum value '(?P<value>[^']*)'")
_UNQUOTED = re.compile(r"Expected `str(?: \| null)?`(?:, got `(?:int|float|bool)`)?$")


def type_finding(message: str) -> Finding:
    """Return the path of a msgspec error, and its message with a suggestion."""
    match = _ERROR_PATH.search(message)
    path = match["path"] if match else ""
    message = _ERROR_PATH.sub("", message)
    unknown, enum = _UNKNOWN.search(message), _ENUM.search(message)
    if unknown:
        return f"{path}.{unknown['field']}", message + _field_hint(unknown["field"], path)
    if enum:
        known = [word for shape in _schemas_at(path) for word in shape.get("enum", ())]
        return path, message + (
            did_you_mean(enum["value"], known) or f"; allowed: {', '.join(known)}"
        )
    if " matching regex " in message:
        shapes = _schemas_at(path)
        told = [PATTERNS.get(each.get("pattern", "")) or each.get("description") for each in shapes]
        known = list(filter(None, told))
        # A description says more than a regular expression.
        return path, f"The value does not have the form: {'; '.join(known)}" if known else message
    if message.endswith("Expected `object`, got `null`"):
        return path, f"{message}: the member has no value; write {{}} or remove it"
    if message.startswith("Expected `array") and " got " in message:
        return path, f"{message}; begin each item with `- `"
    if path.endswith("amount") and "got `str`" in message:
        return path, f"{message}; write 1050 for $10.50, or a range such as {{min: 1000}}"
    if path.endswith("amount") and "got `float`" in message:
        return path, f"{message}; amounts are integers in minor units: 1050 is $10.50"
    return path, message + ("; put the value in quotes" if _UNQUOTED.search(message) else "")


def _field_hint(field: str, path: str) -> str:
    """Return where an unknown field belongs, or the most similar known field."""
    known = {name for shape in _schemas_at(path) for name in shape.get("properties", ())}
    for sibling in sorted(known):
        inner = _schemas_at(f"{path}.{sibling}")
        if any(field in shape.get("properties", ()) for shape in inner):
            return f"; it belongs in `{sibling}`"
    return did_you_mean(field, known) or f"; allowed: {', '.join(sorted(known))}"


def _schemas_at(path: str) -> list[dict[str, Any]]:
    """Return the JSON Schemas that apply to a path."""
    root = _schema()
    schemas = _expand_any_of(root, root["$defs"])
    for field, index in PATH_STEP.findall(path):
        inner = [
            shape.get("items", {}) if index else shape.get("properties", {}).get(field, {})
            for shape in schemas
        ]
        schemas = [option for schema in inner for option in _expand_any_of(schema, root["$defs"])]
    return schemas


@cache
def _schema() -> dict[str, Any]:
    return msgspec.json.schema(ScenarioFile)


def _expand_any_of(shape: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in shape:
        return _expand_any_of(defs[shape["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in shape:
        return [option for part in shape["anyOf"] for option in _expand_any_of(part, defs)]
    return [shape]
