"""Scenarios in control request bodies: a built-in name, a JSON document or YAML text."""

import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.core.codec import Codec, MalformedError, ViolationsError
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.scenario.records import Scenario, ScenarioError, ScenarioFile
from mock_clover.scenario.validation import find_errors

_FINDINGS_MAX = 20
_NAME = "scenario"
"""Used in messages instead of a file name."""
_DOCUMENT = Codec(ScenarioFile)
_RESOLVED = Codec(Scenario)


class ScenarioFinding(Record, frozen=True, kw_only=True):
    """An error in a scenario's text; lines and columns count from 1."""

    line: int
    column: int
    path: str
    """For example rules[0].then; empty if the text is not valid YAML."""
    said: str


class ScenarioCheck(Record, frozen=True, kw_only=True):
    """The result of checking a scenario's text."""

    ok: bool
    name: str | None = None
    cards: int | None = None
    rules: int | None = None
    findings: tuple[ScenarioFinding, ...] | None = None
    warnings: tuple[ScenarioFinding, ...] | None = None
    """Valid parts that are probably not intended."""


class InvalidScenarioResponse(Record, frozen=True, kw_only=True):
    """The response to an invalid scenario text."""

    message: str
    findings: tuple[ScenarioFinding, ...]


def check_scenario(text: bytes) -> tuple[Scenario | None, ScenarioCheck]:
    """Check a text like `mock-clover check`; the scenario is None if the text is invalid."""
    from mock_clover.scenario.load import parse_with_warnings

    try:
        scenario, warnings = parse_with_warnings(text, _NAME, RULE_OPERATIONS)
    except ScenarioError as error:
        errors = error.findings or ((1, 1, str(error).removeprefix(f"{_NAME}: "), ""),)
        return None, ScenarioCheck(ok=False, findings=tuple(_finding(*each) for each in errors))
    return scenario, ScenarioCheck(
        ok=True,
        name=scenario.name,
        cards=len(scenario.cards),
        rules=len(scenario.rules),
        warnings=tuple(_finding(*each) for each in warnings) or None,
    )


def invalid_scenario(findings: tuple[ScenarioFinding, ...]) -> InvalidScenarioResponse:
    """Return the response to an invalid text."""
    lines = (f"{_NAME}:{each.line}:{each.column}: {each.said}" for each in findings)
    return InvalidScenarioResponse(message="\n".join(lines), findings=findings)


def _finding(line: int, column: int, said: str, path: str) -> ScenarioFinding:
    return ScenarioFinding(line=line, column=column, said=redact(said), path=redact(path))


def resolve_scenario(value: str | dict[str, Any]) -> Scenario:
    """Return the scenario of a name or a document. Raises ApiError."""
    return _load_builtin(value) if isinstance(value, str) else _validate(value)


def _load_builtin(name: str) -> Scenario:
    """Return a built-in scenario. Raises ApiError; the control API never reads files."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        raise CONTROL_INVALID.error(
            detail=f"scenario: {name!r} is a path; use the name of a built-in scenario"
        )
    from mock_clover.scenario.load import load

    try:
        return load(name)
    except ScenarioError as error:
        raise CONTROL_INVALID.error(detail=f"scenario: {error}") from None


@contextlib.contextmanager
def scenario_errors(about: str = "scenario") -> Iterator[None]:
    """Convert a ScenarioError that is raised while a scenario is applied into an ApiError."""
    try:
        yield
    except ScenarioError as error:
        raise CONTROL_INVALID.error(detail=f"{about}: {error}") from None


def _validate(tree: dict[str, Any]) -> Scenario:
    from mock_clover.scenario.load import with_parent

    try:
        _DOCUMENT.convert(tree)
        with scenario_errors("extends"):
            tree = with_parent(tree)
        scenario = _RESOLVED.convert(tree)
    except (MalformedError, ViolationsError) as error:
        raise CONTROL_INVALID.error(detail=str(error)) from None
    errors = [
        f"{path.lstrip('.')}: {message}"
        for path, message in islice(find_errors(scenario, tree, RULE_OPERATIONS), _FINDINGS_MAX)
    ]
    if errors:
        raise CONTROL_INVALID.error(detail="; ".join(errors))
    return scenario
