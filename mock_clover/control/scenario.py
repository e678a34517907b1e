"""Scenarios that a control call gives: a shipped one by its name, or a whole document."""

import contextlib
from collections.abc import Iterator
from typing import Any

from mock_clover.model.operation import RULED
from mock_clover.model.problem import CONTROL_INVALID
from mock_clover.model.scenario import Scenario, ScenarioError
from mock_clover.scenario.laws import find_wrong
from mock_clover.scenario.load import load
from mock_clover.wire.codec import Codec, MalformedError, ViolationsError

_FINDINGS_MAX = 20
_DOCUMENT = Codec(Scenario)


def asked_scenario(asked: str | dict[str, Any]) -> Scenario:
    """Return the scenario that is meant, or refuse."""
    return shipped(asked) if isinstance(asked, str) else _lawful(asked)


def shipped(name: str) -> Scenario:
    """Return a shipped scenario, or refuse: a control call names no files."""
    if "/" in name or name.endswith((".yaml", ".yml")):
        CONTROL_INVALID.refuse(said=f"scenario: {name!r} is no name of a shipped scenario")
    try:
        return load(name)
    except ScenarioError as error:
        CONTROL_INVALID.refuse(said=f"scenario: {error}")


@contextlib.contextmanager
def made_of_scenario() -> Iterator[None]:
    """Refuse a control call whose scenario gives what cannot be made."""
    try:
        yield
    except ScenarioError as error:
        CONTROL_INVALID.refuse(said=f"scenario: {error}")


def _lawful(tree: dict[str, Any]) -> Scenario:
    try:
        scenario = _DOCUMENT.convert(tree)
    except (MalformedError, ViolationsError) as error:
        CONTROL_INVALID.refuse(said=str(error))
    wrong = [f"{path.lstrip('.')}: {said}" for path, said in find_wrong(scenario, tree, RULED)]
    if wrong:
        CONTROL_INVALID.refuse(said="; ".join(wrong[:_FINDINGS_MAX]))
    return scenario
