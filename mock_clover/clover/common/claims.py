"""The names of all that can be inferred, by which a scenario allows it."""

from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.operation_names import OPERATIONS
from mock_clover.clover.common.problems import OUTCOMES

ALLOWABLE_NAMES: tuple[str, ...] = (*(each.name for each in BEHAVIOURS), *OUTCOMES, *OPERATIONS)
