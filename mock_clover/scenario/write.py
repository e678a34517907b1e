"""A scenario as YAML, for an editor: what was given as a document has no file of its own."""

import msgspec
import yaml

from mock_clover.scenario.records import Scenario

_WIDTH = 100


def written(scenario: Scenario) -> str:
    """Return a scenario's text, which reads as the same scenario."""
    tree = msgspec.to_builtins(scenario)
    text: str = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
