"""The catalogue of behaviours: what no member and no refusal tells, each with how we know it.

A part's behaviours stand in `model/behaviour_<part>.py` and join it by being imported here. Adding
one is one assignment; the code that leans on one names it.
"""

from mock_clover.model import (
    behaviour_around,
    behaviour_browser,
    behaviour_charge,
    behaviour_checkout,
    behaviour_extras,
    behaviour_order,
    behaviour_platform,
)
from mock_clover.wire.fact import Behaviour

_PARTS = (
    behaviour_charge,
    behaviour_extras,
    behaviour_order,
    behaviour_platform,
    behaviour_around,
    behaviour_checkout,
    behaviour_browser,
)
BEHAVIOURS: tuple[Behaviour, ...] = tuple(
    value for part in _PARTS for value in vars(part).values() if isinstance(value, Behaviour)
)
