"""Names that a scenario can list in `allow_inferred`: behaviours, problems and operations."""

from mock_clover.clover.common.behaviours import BEHAVIOURS
from mock_clover.clover.common.operation_names import OPERATIONS
from mock_clover.clover.common.problems import OUTCOMES

ALLOWABLE_NAMES: tuple[str, ...] = (*(each.name for each in BEHAVIOURS), *OUTCOMES, *OPERATIONS)
