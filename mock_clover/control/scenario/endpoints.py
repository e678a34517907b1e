"""Control endpoints that read and replace the scenario of a sandbox."""

import contextlib
from typing import Any

import msgspec

from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.control.endpoint import ControlRecord, control_endpoint
from mock_clover.control.scenario.check import (
    check_scenario,
    invalid_scenario,
    resolve_scenario,
    scenario_errors,
)
from mock_clover.core.codec import Codec, MalformedError, ViolationsError
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult, StatusResult, UntypedBody
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import Scenario


class CurrentScenario(Record, frozen=True, kw_only=True):
    """The current scenario."""

    name: str
    about: str
    cards: int
    rules: tuple[str, ...]
    faults: int
    settings: Any


class ScenarioName(ControlRecord, frozen=True, kw_only=True):
    """The name of a built-in scenario; a scenario document may be sent instead."""

    name: str


_NAME = Codec(ScenarioName)
_EMPTY = 'the body is empty; send a scenario, or the name of one such as {"name": "declines"}'


def get_scenario(sandbox: Sandbox, _call: Call[None, None]) -> CurrentScenario:
    """Return the current scenario."""
    return _current_scenario(sandbox)


def _current_scenario(sandbox: Sandbox) -> CurrentScenario:
    scenario = sandbox.rules.scenario
    return CurrentScenario(
        name=scenario.name,
        about=redact(scenario.about),
        cards=len(scenario.cards),
        rules=tuple(sandbox.rules.name_of(index) for index in range(len(scenario.rules))),
        faults=len(sandbox.faults),
        settings=msgspec.to_builtins(sandbox.settings),
    )


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints of this module."""
    path = "/_mock/scenario"

    def put_scenario(sandbox: Sandbox, call: Call[UntypedBody, None]) -> LongResult | StatusResult:
        """Replace the scenario: a built-in one by name, a scenario document, or YAML."""
        tree, text = call.body.tree, call.body.text
        scenario: Scenario | None
        if text:
            scenario, checked = check_scenario(text)
            if scenario is None:
                return StatusResult(400, invalid_scenario(checked.findings or ()))
        else:
            try:
                if not tree:
                    raise CONTROL_INVALID.error(detail=_EMPTY)
                is_name = set(tree) == {"name"}
                scenario = resolve_scenario(_NAME.convert(tree).name if is_name else tree)
            except (MalformedError, ViolationsError) as error:
                raise CONTROL_INVALID.error(detail=str(error)) from None
        return Work(_apply(sandbox, scenario, text))

    def _apply(sandbox: Sandbox, scenario: Scenario, text: bytes) -> Steps[CurrentScenario]:
        with scenario_errors():
            changed = yield from sandboxes.apply_scenario(sandbox, scenario)
        with contextlib.suppress(UnicodeDecodeError):  # UTF-16: rendered from the scenario
            changed.rules.text = text.decode()
        return _current_scenario(changed)

    return (
        control_endpoint("get_scenario", "GET", path, get_scenario, CurrentScenario),
        control_endpoint(
            "put_scenario", "PUT", path, put_scenario, CurrentScenario, request=UntypedBody
        ),
        control_endpoint(
            "post_scenario", "POST", path, put_scenario, CurrentScenario, request=UntypedBody
        ),
    )
