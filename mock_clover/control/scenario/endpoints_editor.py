"""Control endpoints of the scenario editor: built-in scenarios, the current text, and validation.

A scenario's text is returned unchanged, including test card numbers: masking them would break it.
"""

from functools import cache

from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.control.endpoint import control_endpoint, unknown_name
from mock_clover.control.scenario.check import ScenarioCheck, check_scenario
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Call, Endpoint, Text, UntypedBody
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import Scenario, ScenarioError


class BuiltinScenario(Record, frozen=True, kw_only=True):
    """A built-in scenario."""

    name: str
    about: str


class BuiltinScenarioList(Record, frozen=True, kw_only=True):
    """All built-in scenarios, by name."""

    data: tuple[BuiltinScenario, ...]


def list_scenarios(_: Sandbox, _call: Call[None, None]) -> BuiltinScenarioList:
    """Return the built-in scenarios."""
    return _builtin_scenarios()


@cache
def _builtin_scenarios() -> BuiltinScenarioList:
    """Read the files once; this takes 30 ms, and they do not change."""
    from mock_clover.scenario.load import builtin_names, load

    return BuiltinScenarioList(
        data=tuple(BuiltinScenario(name=name, about=load(name).about) for name in builtin_names())
    )


def get_builtin_scenario(_: Sandbox, call: Call[None, None]) -> Text:
    """Return the YAML of a built-in scenario."""
    from mock_clover.scenario.load import builtin_names, read_scenario

    name, names = call.ids[0], builtin_names()
    if name not in names:
        raise CONTROL_NOT_FOUND.error(detail=f"scenario: {redact(unknown_name(name, names))}")
    return Text(read_scenario(name).decode())


def check_scenario_text(_: Sandbox, call: Call[UntypedBody, None]) -> ScenarioCheck:
    """Check a scenario's YAML like `mock-clover check`, without applying it."""
    return check_scenario(call.body.text or (encode(call.body.tree) if call.body.tree else b""))[1]


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints of the scenario editor."""

    def get_scenario_text(sandbox: Sandbox, _call: Call[None, None]) -> Text:
        """Return the YAML of the current scenario; the text of its file, if that is unchanged."""
        from mock_clover.scenario.write import to_yaml

        rules = sandbox.rules
        if rules.text:
            return Text(rules.text)
        names = [sandboxes.scenario_file] if sandboxes.is_server_scenario(rules) else []
        for name in (*names, rules.scenario.name):
            text = _matching_text(name, rules.scenario)
            if text is not None:
                return Text(text)
        return Text(to_yaml(rules.scenario))

    return (
        control_endpoint(
            "list_scenarios", "GET", "/_mock/scenarios", list_scenarios, BuiltinScenarioList
        ),
        control_endpoint(
            "get_shipped_scenario", "GET", "/_mock/scenarios/{name}", get_builtin_scenario, Record
        ),
        control_endpoint(
            "get_scenario_text", "GET", "/_mock/scenario/text", get_scenario_text, Record
        ),
        control_endpoint(
            *(
                "check_scenario",
                "POST",
                "/_mock/scenario/check",
                check_scenario_text,
                ScenarioCheck,
            ),
            request=UntypedBody,
        ),
    )


def _matching_text(name_or_file: str, scenario: Scenario) -> str | None:
    """Return a file's text if it still defines this scenario; the file may have changed."""
    from mock_clover.scenario.load import parse, read_scenario

    try:
        raw = read_scenario(name_or_file)
        return raw.decode() if parse(raw, name_or_file, RULE_OPERATIONS) == scenario else None
    except (ScenarioError, UnicodeDecodeError):
        return None
