"""The one list of Clover's operations; names, tags and routes are derived from it."""

from typing import NamedTuple

from mock_clover.clover.charges import endpoints as charges
from mock_clover.clover.charges import endpoints_capture as charges_capture
from mock_clover.clover.charges import endpoints_read as charges_read
from mock_clover.clover.checkout import endpoints as checkout
from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.customers import endpoints as customers
from mock_clover.clover.gift_cards import endpoints as gift_cards
from mock_clover.clover.oauth import endpoints as oauth
from mock_clover.clover.oauth import endpoints_keys as keys
from mock_clover.clover.oauth import endpoints_v2 as oauth_v2
from mock_clover.clover.orders import endpoints as orders
from mock_clover.clover.orders import endpoints_returns as returns
from mock_clover.clover.platform import endpoints_adjustments as adjustments
from mock_clover.clover.platform import endpoints_collections as collections
from mock_clover.clover.platform import endpoints_contacts as contacts
from mock_clover.clover.platform import endpoints_customers as v3_customers
from mock_clover.clover.platform import endpoints_inventory as inventory
from mock_clover.clover.platform import endpoints_items as items
from mock_clover.clover.platform import endpoints_lines as lines
from mock_clover.clover.platform import endpoints_merchant as merchant
from mock_clover.clover.platform import endpoints_orders as v3_orders
from mock_clover.clover.platform import endpoints_payments as payments
from mock_clover.clover.recurring import endpoints_plans as plans
from mock_clover.clover.recurring import endpoints_subscriptions as subscriptions
from mock_clover.clover.refunds import endpoints as refunds
from mock_clover.clover.threeds import endpoints as threeds
from mock_clover.clover.tokens import endpoints as tokens
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import Router


class Group(NamedTuple):
    """Operations of one resource: a tag of the OpenAPI document."""

    name: str
    about: str
    endpoints: tuple[Endpoint, ...]


GROUPS = (
    Group(
        "OAuth",
        "Authorization of an app by a merchant.",
        (*oauth.ENDPOINTS, *oauth_v2.ENDPOINTS),
    ),
    Group(
        "Keys",
        "The public API key for tokens, and the encryption keys for card numbers.",
        keys.ENDPOINTS,
    ),
    Group("Tokens", "Tokenization of cards and other payment sources.", tokens.ENDPOINTS),
    Group(
        "Charges",
        "Sales, authorizations, captures, 3-D Secure.",
        (
            *charges.ENDPOINTS,
            *charges_capture.ENDPOINTS,
            *charges_read.ENDPOINTS,
            *threeds.ENDPOINTS,
        ),
    ),
    Group("Refunds", "Refunds, and voids of authorizations.", refunds.ENDPOINTS),
    Group("Customers", "Cards on file.", customers.ENDPOINTS),
    Group(
        "Orders",
        "Items, full or partial payments, returns.",
        (*orders.ENDPOINTS, *returns.ENDPOINTS),
    ),
    Group("Gift cards", "Activation, reload, balance, cashout.", gift_cards.ENDPOINTS),
    Group("Recurring", "Plans and subscriptions.", (*plans.ENDPOINTS, *subscriptions.ENDPOINTS)),
    Group("Hosted Checkout", "Payments on Clover's own page.", checkout.ENDPOINTS),
    Group(
        "Platform",
        "The merchant's data in the platform API.",
        (
            *merchant.ENDPOINTS,
            *v3_customers.ENDPOINTS,
            *contacts.ENDPOINTS,
            *v3_orders.ENDPOINTS,
            *lines.ENDPOINTS,
            *adjustments.ENDPOINTS,
            *payments.ENDPOINTS,
            *inventory.ENDPOINTS,
            *items.ENDPOINTS,
            *collections.ENDPOINTS,
        ),
    ),
)
SURFACE: tuple[Endpoint, ...] = tuple(endpoint for group in GROUPS for endpoint in group.endpoints)
ROUTER = Router(SURFACE)
OPERATIONS = tuple(endpoint.name for endpoint in SURFACE)
RULE_OPERATIONS = (*OPERATIONS, *BACKGROUND_OPERATIONS)
"""The names that a rule can use."""
