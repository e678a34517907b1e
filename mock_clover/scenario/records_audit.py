"""The section `audit` of a scenario: the rules of the audit that its sandboxes ignore, and why."""

from typing import Annotated

import msgspec

from mock_clover.scenario.records_card import ScenarioRecord

RULE_COUNT = 33
"""Generated from the rules, which are in a higher layer: `make generate`."""
RULE_IDS = tuple(f"CLV{number + 1:03}" for number in range(RULE_COUNT))


class AuditSettings(ScenarioRecord, frozen=True, kw_only=True):
    """What the audit does not check."""

    ignore: Annotated[
        dict[str, Annotated[str, msgspec.Meta(max_length=500)]],
        msgspec.Meta(
            description="Ids of rules that are not checked, each with the reason, which reports "
            "show.",
            extra_json_schema={"propertyNames": {"enum": RULE_IDS}},
        ),
    ] = {}
