"""All endpoints of Clover's API, in one tuple.

The server does not import this module. It loads endpoints lazily with `places.py`.
"""

from mock_clover.clover.charges import endpoints as charges
from mock_clover.clover.charges import endpoints_read as charge_views
from mock_clover.clover.checkout import endpoints as checkout
from mock_clover.clover.customers import endpoints as customers
from mock_clover.clover.gift_cards import endpoints as gift_cards
from mock_clover.clover.oauth import endpoints as oauth
from mock_clover.clover.oauth import endpoints_v2 as oauth_v2
from mock_clover.clover.orders import endpoints as orders
from mock_clover.clover.orders import endpoints_returns as returns
from mock_clover.clover.platform import endpoints_customers as v3_customers
from mock_clover.clover.platform import endpoints_inventory as inventory
from mock_clover.clover.platform import endpoints_lines as lines
from mock_clover.clover.platform import endpoints_merchant as merchant
from mock_clover.clover.platform import endpoints_orders as v3_orders
from mock_clover.clover.platform import endpoints_payments as payments
from mock_clover.clover.recurring import endpoints_plans as plans
from mock_clover.clover.recurring import endpoints_subscriptions as subscriptions
from mock_clover.clover.refunds import endpoints as refunds
from mock_clover.clover.threeds import endpoints as finalize
from mock_clover.clover.tokens import endpoints as tokens
from mock_clover.engine.endpoint import Endpoint

SURFACE: tuple[Endpoint, ...] = (
    *oauth.ENDPOINTS,
    *oauth_v2.ENDPOINTS,
    *tokens.ENDPOINTS,
    *charges.ENDPOINTS,
    *charge_views.ENDPOINTS,
    *finalize.ENDPOINTS,
    *refunds.ENDPOINTS,
    *customers.ENDPOINTS,
    *orders.ENDPOINTS,
    *returns.ENDPOINTS,
    *gift_cards.ENDPOINTS,
    *plans.ENDPOINTS,
    *subscriptions.ENDPOINTS,
    *checkout.ENDPOINTS,
    *merchant.ENDPOINTS,
    *v3_customers.ENDPOINTS,
    *v3_orders.ENDPOINTS,
    *lines.ENDPOINTS,
    *payments.ENDPOINTS,
    *inventory.ENDPOINTS,
)
