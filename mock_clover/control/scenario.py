"""Scenarios in the body of a control call: a shipped name, a document, or YAML text."""

import contextlib
from collections.abc import Iterator
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
"""The name of a text in messages, instead of a file name."""
_DOCUMENT = Codec(ScenarioFile)
_RESOLVED = Codec(Scenario)


class FoundError(Record, frozen=True, kw_only=True):
    """An error in a scenario's text; lines and columns count from 1."""

    line: int
    column: int
    path: str
    """For example rules[0].then; empty if the text is not valid YAML."""
    said: str


class Checked(Record, frozen=True, kw_only=True):
    """The result of checking a scenario's text."""

    ok: bool
    name: str | None = None
    cards: int | None = None
    rules: int | None = None
    findings: tuple[FoundError, ...] | None = None
    warnings: tuple[FoundError, ...] | None = None
    """Valid parts that are probably not intended."""


class Unusable(Record, frozen=True, kw_only=True):
    """The response to an invalid scenario text."""

    message: str
    findings: tuple[FoundError, ...]


def check_scenario(text: bytes) -> tuple[Scenario | None, Checked]:
    """Check a text like `mock-clover check`; the scenario is None if the text is invalid."""
    from mock_clover.scenario.load import check_text

    try:
        scenario, warnings = check_text(text, _NAME, RULE_OPERATIONS)
    except ScenarioError as error:
        errors = error.found or ((1, 1, str(error).removeprefix(f"{_NAME}: "), ""),)
        return None, Checked(ok=False, findings=tuple(_finding(*each) for each in errors))
    return scenario, Checked(
        ok=True,
        name=scenario.name,
        cards=len(scenario.cards),
        rules=len(scenario.rules),
        warnings=tuple(_finding(*each) for each in warnings) or None,
    )


def invalid_scenario(findings: tuple[FoundError, ...]) -> Unusable:
    """Return the response to an invalid text."""
    lines = (f"{_NAME}:{each.line}:{each.column}: {each.said}" for each in findings)
    return Unusable(message="\n".join(lines), findings=findings)


def _finding(line: int, column: int, said: str, path: str) -> FoundError:
    return FoundError(line=line, column=column, said=redact(said), path=redact(path))


def resolve_scenario(value: str | dict[str, Any]) -> Scenario:
    """Return the scenario of a name or a document. Raises ApiError."""
    return _shipped(value) if isinstance(value, str) else _validated(value)


def _shipped(name: str) -> Scenario:
    """Return a shipped scenario. Raises ApiError, also for files: control calls read none."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        raise CONTROL_INVALID.error(detail=f"scenario: {name!r} is not a shipped scenario")
    from mock_clover.scenario.load import load

    try:
        return load(name)
    except ScenarioError as error:
        raise CONTROL_INVALID.error(detail=f"scenario: {error}") from None


@contextlib.contextmanager
def scenario_errors(about: str = "scenario") -> Iterator[None]:
    """Turn a ScenarioError, raised while a scenario is put in force, into an ApiError."""
    try:
        yield
    except ScenarioError as error:
        raise CONTROL_INVALID.error(detail=f"{about}: {error}") from None


def _validated(tree: dict[str, Any]) -> Scenario:
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
        for path, message in find_errors(scenario, tree, RULE_OPERATIONS)
    ]
    if errors:
        raise CONTROL_INVALID.error(detail="; ".join(errors[:_FINDINGS_MAX]))
    return scenario
