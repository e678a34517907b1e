"""Which modules serve a place of Clover's surface, by the first two segments of its paths.

A server imports a module with the first call to its place: a start waits for none of them. A test
holds that these are the places of `surface.py`.
"""

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module

from mock_clover.api.dispatch import Place
from mock_clover.api.endpoint import Endpoint

PLACES: dict[Place, tuple[str, ...]] = {
    ("oauth", "authorize"): ("oauth",),
    ("oauth", "token"): ("oauth", "oauth_v2"),
    ("pakms", "apikey"): ("oauth",),
    ("v1", "pakms"): ("oauth",),
    ("assets", "keys.json"): ("oauth",),
    ("oauth", "v2"): ("oauth_v2",),
    ("v1", "tokens"): ("tokens",),
    ("v1", "charges"): ("charges", "charge_views", "finalize"),
    ("v1", "refunds"): ("refunds", "gift_cards"),
    ("v1", "customers"): ("customers",),
    ("v1", "orders"): ("orders", "returns"),
    ("v1", "activate"): ("gift_cards",),
    ("v1", "gift_cards"): ("gift_cards",),
    ("v1", "reload"): ("gift_cards",),
    ("v1", "balance_inquiry"): ("gift_cards",),
    ("v1", "cashout"): ("gift_cards",),
    ("v2", "merchant"): ("developer_pay",),
    ("recurring", "v1"): ("plans", "subscriptions"),
    ("v1", "plans"): ("plans", "subscriptions"),
    ("v1", "subscriptions"): ("subscriptions",),
    ("invoicingcheckoutservice", "v1"): ("checkout",),
    ("v3", "merchants"): (
        "v3.merchant",
        "v3.customers",
        "v3.orders",
        "v3.lines",
        "v3.payments",
        "v3.inventory",
    ),
}


def places() -> dict[Place, Callable[[], Iterable[Endpoint]]]:
    """Return what imports the endpoints of each place."""
    return {place: partial(_endpoints, modules) for place, modules in PLACES.items()}


def _endpoints(modules: tuple[str, ...]) -> Iterable[Endpoint]:
    for name in modules:
        yield from import_module(f"mock_clover.api.{name}").ENDPOINTS
