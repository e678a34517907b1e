"""The catalogue of Clover's behaviours that are neither a field of a record nor an error.

Each has its evidence. This module imports the behaviours of all resources from
`clover/<resource>/behaviours*.py`. To add one, add an assignment there.
"""

from mock_clover.clover.charges import behaviours as charges_behaviours
from mock_clover.clover.charges import behaviours_purchase as purchase_behaviours
from mock_clover.clover.checkout import behaviours as checkout_behaviours
from mock_clover.clover.common import behaviours_browser as browser_behaviours
from mock_clover.clover.common import behaviours_other as other_behaviours
from mock_clover.clover.orders import behaviours as orders_behaviours
from mock_clover.clover.platform import behaviours as platform_behaviours
from mock_clover.core.evidence import Behaviour

_MODULES = (
    charges_behaviours,
    purchase_behaviours,
    orders_behaviours,
    platform_behaviours,
    other_behaviours,
    checkout_behaviours,
    browser_behaviours,
)
BEHAVIOURS: tuple[Behaviour, ...] = tuple(
    value for part in _MODULES for value in vars(part).values() if isinstance(value, Behaviour)
)
