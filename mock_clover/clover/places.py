"""Map the first two path segments (a place) to the modules that serve them.

The server imports a module at the first request to its place, so that it starts faster. A test
checks that the places match `surface.py`.
"""

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module

from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import Place

PLACES: dict[Place, tuple[str, ...]] = {
    ("oauth", "authorize"): ("oauth.endpoints",),
    ("oauth", "token"): ("oauth.endpoints", "oauth.endpoints_v2"),
    ("pakms", "apikey"): ("oauth.endpoints",),
    ("v1", "pakms"): ("oauth.endpoints",),
    ("assets", "keys.json"): ("oauth.endpoints",),
    ("oauth", "v2"): ("oauth.endpoints_v2",),
    ("v1", "tokens"): ("tokens.endpoints",),
    ("v1", "charges"): ("charges.endpoints", "charges.endpoints_read", "threeds.endpoints"),
    ("v1", "refunds"): ("refunds.endpoints", "gift_cards.endpoints"),
    ("v1", "customers"): ("customers.endpoints",),
    ("v1", "orders"): ("orders.endpoints", "orders.endpoints_returns"),
    ("v1", "activate"): ("gift_cards.endpoints",),
    ("v1", "gift_cards"): ("gift_cards.endpoints",),
    ("v1", "reload"): ("gift_cards.endpoints",),
    ("v1", "balance_inquiry"): ("gift_cards.endpoints",),
    ("v1", "cashout"): ("gift_cards.endpoints",),
    ("recurring", "v1"): ("recurring.endpoints_plans", "recurring.endpoints_subscriptions"),
    ("v1", "plans"): ("recurring.endpoints_plans", "recurring.endpoints_subscriptions"),
    ("v1", "subscriptions"): ("recurring.endpoints_subscriptions",),
    ("invoicingcheckoutservice", "v1"): ("checkout.endpoints",),
    ("v3", "merchants"): (
        "platform.endpoints_merchant",
        "platform.endpoints_customers",
        "platform.endpoints_orders",
        "platform.endpoints_lines",
        "platform.endpoints_payments",
        "platform.endpoints_inventory",
    ),
}


def lazy_loaders() -> dict[Place, Callable[[], Iterable[Endpoint]]]:
    """Return, for each place, a function that imports its endpoints."""
    return {place: partial(_endpoints, modules) for place, modules in PLACES.items()}


def _endpoints(modules: tuple[str, ...]) -> Iterable[Endpoint]:
    for name in modules:
        yield from import_module(f"mock_clover.clover.{name}").ENDPOINTS
