"""Scenarios that a control call gives: a shipped one by name, a whole document, or its text."""

import contextlib
from collections.abc import Iterator
from typing import Any

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.core.codec import Codec, MalformedError, ViolationsError
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.scenario.load import check_text, load
from mock_clover.scenario.records import Scenario, ScenarioError
from mock_clover.scenario.validation import find_errors

_FINDINGS_MAX = 20
_NAME = "scenario"
"""What a text is called in messages: it has no file."""
_DOCUMENT = Codec(Scenario)


class Found(Record, frozen=True, kw_only=True):
    """Something wrong with a scenario's text; lines and columns count from 1."""

    line: int
    column: int
    path: str
    """As rules[0].then; empty where the text is no YAML."""
    said: str


class Checked(Record, frozen=True, kw_only=True):
    """Whether a scenario's text can be used; if not, all that is wrong with it."""

    ok: bool
    name: str | None = None
    cards: int | None = None
    rules: int | None = None
    findings: tuple[Found, ...] | None = None
    warnings: tuple[Found, ...] | None = None
    """What can be used and may not be meant."""


class Unusable(Record, frozen=True, kw_only=True):
    """A text that is refused."""

    message: str
    findings: tuple[Found, ...]


def check_scenario(text: bytes) -> tuple[Scenario | None, Checked]:
    """Check a text as `mock-clover check` does; no scenario where it cannot be used."""
    try:
        scenario, doubts = check_text(text, _NAME, RULE_OPERATIONS)
    except ScenarioError as error:
        found = error.found or ((1, 1, str(error).removeprefix(f"{_NAME}: "), ""),)
        return None, Checked(ok=False, findings=tuple(_found(*each) for each in found))
    return scenario, Checked(
        ok=True,
        name=scenario.name,
        cards=len(scenario.cards),
        rules=len(scenario.rules),
        warnings=tuple(_found(*each) for each in doubts) or None,
    )


def unusable(findings: tuple[Found, ...]) -> Unusable:
    """Return the refusal of a text."""
    told = (f"{_NAME}:{each.line}:{each.column}: {each.said}" for each in findings)
    return Unusable(message="\n".join(told), findings=findings)


def _found(line: int, column: int, said: str, path: str) -> Found:
    return Found(line=line, column=column, said=redact(said), path=redact(path))


def asked_scenario(asked: str | dict[str, Any]) -> Scenario:
    """Return the scenario that is meant, or refuse."""
    return shipped(asked) if isinstance(asked, str) else _lawful(asked)


def shipped(name: str) -> Scenario:
    """Return a shipped scenario, or refuse: a control call names no files."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        raise CONTROL_INVALID.error(said=f"scenario: {name!r} is no name of a shipped scenario")
    try:
        return load(name)
    except ScenarioError as error:
        raise CONTROL_INVALID.error(said=f"scenario: {error}") from None


@contextlib.contextmanager
def made_of_scenario() -> Iterator[None]:
    """Refuse a control call whose scenario gives what cannot be made."""
    try:
        yield
    except ScenarioError as error:
        raise CONTROL_INVALID.error(said=f"scenario: {error}") from None


def _lawful(tree: dict[str, Any]) -> Scenario:
    try:
        scenario = _DOCUMENT.convert(tree)
    except (MalformedError, ViolationsError) as error:
        raise CONTROL_INVALID.error(said=str(error)) from None
    wrong = [
        f"{path.lstrip('.')}: {said}" for path, said in find_errors(scenario, tree, RULE_OPERATIONS)
    ]
    if wrong:
        raise CONTROL_INVALID.error(said="; ".join(wrong[:_FINDINGS_MAX]))
    return scenario
