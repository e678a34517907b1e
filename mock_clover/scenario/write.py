"""Write a scenario as YAML, to edit a scenario that has no file."""

import msgspec
import yaml

from mock_clover.scenario.records import Scenario

_WIDTH = 100


def to_yaml(scenario: Scenario) -> str:
    """Return YAML that parses to the same scenario."""
    tree = msgspec.to_builtins(scenario)
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
