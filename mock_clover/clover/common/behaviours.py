"""The catalogue of Clover's behaviours that are neither a field of a record nor an error.

Each has its evidence. This module imports the behaviours of all resources from
`clover/<resource>/behaviours*.py`, and those of the whole service and of the browser SDK from
`clover/common/`. To add one, add an assignment there.
"""

from mock_clover.clover.charges import behaviours as charges_behaviours
from mock_clover.clover.charges import behaviours_capture as capture_behaviours
from mock_clover.clover.charges import behaviours_purchase as purchase_behaviours
from mock_clover.clover.checkout import behaviours as checkout_behaviours
from mock_clover.clover.common import behaviours_browser as browser_behaviours
from mock_clover.clover.common import behaviours_service as service_behaviours
from mock_clover.clover.customers import behaviours as customers_behaviours
from mock_clover.clover.gift_cards import behaviours as gift_cards_behaviours
from mock_clover.clover.oauth import behaviours as oauth_behaviours
from mock_clover.clover.orders import behaviours as orders_behaviours
from mock_clover.clover.platform import behaviours as platform_behaviours
from mock_clover.clover.recurring import behaviours as recurring_behaviours
from mock_clover.clover.refunds import behaviours as refunds_behaviours
from mock_clover.clover.threeds import behaviours as threeds_behaviours
from mock_clover.clover.tokens import behaviours as tokens_behaviours
from mock_clover.clover.webhooks import behaviours as webhooks_behaviours
from mock_clover.core.evidence import Behaviour

_MODULES = (
    service_behaviours,
    oauth_behaviours,
    tokens_behaviours,
    charges_behaviours,
    capture_behaviours,
    purchase_behaviours,
    refunds_behaviours,
    threeds_behaviours,
    gift_cards_behaviours,
    customers_behaviours,
    orders_behaviours,
    recurring_behaviours,
    checkout_behaviours,
    webhooks_behaviours,
    platform_behaviours,
    browser_behaviours,
)
BEHAVIOURS: tuple[Behaviour, ...] = tuple(
    value for part in _MODULES for value in vars(part).values() if isinstance(value, Behaviour)
)
