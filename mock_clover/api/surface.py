"""The whole of Clover's surface, as a tuple that can be read.

A server does not import it: it finds its endpoints by `places.py`, a module with its first call.
"""

from mock_clover.api import (
    charge_views,
    charges,
    checkout,
    customers,
    developer_pay,
    finalize,
    gift_cards,
    oauth,
    oauth_v2,
    orders,
    plans,
    refunds,
    returns,
    subscriptions,
    tokens,
)
from mock_clover.api.endpoint import Endpoint
from mock_clover.api.v3 import customers as v3_customers
from mock_clover.api.v3 import inventory, lines, merchant, payments
from mock_clover.api.v3 import orders as v3_orders

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
    *developer_pay.ENDPOINTS,
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
