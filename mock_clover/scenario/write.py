"""Write a scenario as YAML for the editor, for scenarios that were set without a file."""

import msgspec
import yaml

from mock_clover.scenario.records import Scenario

_WIDTH = 100


def written(scenario: Scenario) -> str:
    """Return YAML that parses to the same scenario."""
    tree = msgspec.to_builtins(scenario)
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
