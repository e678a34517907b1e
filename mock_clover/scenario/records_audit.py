"""The section `audit` of a scenario: the rules of the audit that its sandboxes ignore, and why."""

from typing import Annotated

import msgspec

from mock_clover.scenario.records_card import ScenarioRecord

RULE_IDS = tuple(f"CLV{number:03}" for number in range(1, 33))
"""The ids of all rules. The rules themselves are in a higher layer."""


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
