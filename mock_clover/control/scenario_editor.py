"""Scenarios for an editor: those that are shipped, what is in force as text, and a check of a text.

A scenario's text is its owner's own and is given back as it is, the test cards' numbers among it:
an editor that masked them would spoil it.
"""

from functools import cache

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_NOT_FOUND
from mock_clover.control.endpoint import control, unknown
from mock_clover.control.scenario import Checked, check_scenario
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import Call, Endpoint, OpenBody, Text
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.load import load, parse, shipped_names, text_of
from mock_clover.scenario.records import Scenario, ScenarioError


class Shipped(Record, frozen=True, kw_only=True):
    """A scenario that comes with mock-clover."""

    name: str
    about: str


class ShippedList(Record, frozen=True, kw_only=True):
    """All of them, by name."""

    data: tuple[Shipped, ...]


def list_scenarios(_: Sandbox, _call: Call[None, None]) -> ShippedList:
    """Return the scenarios that come with mock-clover."""
    return _shipped()


@cache
def _shipped() -> ShippedList:
    """Read the files, which takes 30 ms, once: they are part of the package."""
    return ShippedList(
        data=tuple(Shipped(name=name, about=load(name).about) for name in shipped_names())
    )


def get_scenario_text(_: Sandbox, call: Call[None, None]) -> Text:
    """Return the YAML of a scenario that comes with mock-clover."""
    name, names = call.ids[0], shipped_names()
    if name not in names:
        raise CONTROL_NOT_FOUND.error(said=f"scenario: {redact(unknown(name, names))}")
    return Text(text_of(name).decode())


def post_check(_: Sandbox, call: Call[OpenBody, None]) -> Checked:
    """Check a scenario's YAML as `mock-clover check` does; nothing is put in force."""
    return check_scenario(call.body.text or encode(call.body.tree))[1]


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoints of an editor."""

    def get_text(sandbox: Sandbox, _call: Call[None, None]) -> Text:
        """Return the YAML of what is in force: its file's, if that still says the same."""
        from mock_clover.scenario.write import written  # most servers are asked for none

        rules = sandbox.rules
        if rules.text:
            return Text(rules.text)
        names = [sandboxes.scenario_file] if sandboxes.is_own(rules) else []
        for name in (*names, rules.scenario.name):
            text = _text_if(name, rules.scenario)
            if text is not None:
                return Text(text)
        return Text(written(rules.scenario))

    return (
        control("list_scenarios", "GET", "/_mock/scenarios", list_scenarios, ShippedList),
        control(
            "get_shipped_scenario", "GET", "/_mock/scenarios/{name}", get_scenario_text, Record
        ),
        control("get_scenario_text", "GET", "/_mock/scenario/text", get_text, Record),
        control(
            *("check_scenario", "POST", "/_mock/scenario/check", post_check, Checked),
            request=OpenBody,
        ),
    )


def _text_if(name_or_file: str, scenario: Scenario) -> str | None:
    """Return a file's text if it is that of a scenario: it may have been saved since."""
    try:
        raw = text_of(name_or_file)
        return raw.decode() if parse(raw, name_or_file, RULE_OPERATIONS) == scenario else None
    except (ScenarioError, UnicodeDecodeError):
        return None
