"""The names of all that can be inferred, by which a scenario allows it."""

from mock_clover.model.behaviour import BEHAVIOURS
from mock_clover.model.operation import OPERATIONS
from mock_clover.model.problem import OUTCOMES

CLAIMS: tuple[str, ...] = (*(each.name for each in BEHAVIOURS), *OUTCOMES, *OPERATIONS)
