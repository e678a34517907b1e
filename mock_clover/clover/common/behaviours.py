"""The catalogue of behaviours: what no member and no refusal tells, each with how we know it.

A resource's behaviours are in `clover/<resource>/behaviours.py`; this module imports them. Adding
one is one assignment; the code that leans on one names it.
"""

from mock_clover.clover.charges import behaviours as behaviour_charge
from mock_clover.clover.charges import behaviours_purchase as behaviour_extras
from mock_clover.clover.checkout import behaviours as behaviour_checkout
from mock_clover.clover.common import behaviours_browser as behaviour_browser
from mock_clover.clover.common import behaviours_other as behaviour_around
from mock_clover.clover.orders import behaviours as behaviour_order
from mock_clover.clover.platform import behaviours as behaviour_platform
from mock_clover.core.evidence import Behaviour

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
