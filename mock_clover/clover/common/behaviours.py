"""The catalogue of Clover's behaviours that are neither a field of a record nor an error.

Each has its evidence. This module imports the behaviours of all resources from
`clover/<resource>/behaviours*.py`. To add one, add an assignment there.
"""

from mock_clover.clover.charges import behaviours as behaviour_charge
from mock_clover.clover.charges import behaviours_purchase as behaviour_extras
from mock_clover.clover.checkout import behaviours as behaviour_checkout
from mock_clover.clover.common import behaviours_browser as behaviour_browser
from mock_clover.clover.common import behaviours_other as behaviour_around
from mock_clover.clover.orders import behaviours as behaviour_order
from mock_clover.clover.platform import behaviours as behaviour_platform
from mock_clover.core.evidence import Behaviour

_MODULES = (
    behaviour_charge,
    behaviour_extras,
    behaviour_order,
    behaviour_platform,
    behaviour_around,
    behaviour_checkout,
    behaviour_browser,
)
BEHAVIOURS: tuple[Behaviour, ...] = tuple(
    value for part in _MODULES for value in vars(part).values() if isinstance(value, Behaviour)
)
