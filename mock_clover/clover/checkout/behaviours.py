"""Behaviours of the hosted checkout and their evidence."""

from mock_clover.clover.webhooks.records_event import SESSION
from mock_clover.core.evidence import Behaviour, documented, inferred, observed

_PAGE = documented("DOCS: hosted checkout")

CHECKOUT_LIFETIME = Behaviour(
    "CHECKOUT_LIFETIME",
    "A session can be paid for fifteen minutes; then its page shows that it has expired.",
    _PAGE,
)
CHECKOUT_IS_NOT_RETRIEVABLE = Behaviour(
    "CHECKOUT_IS_NOT_RETRIEVABLE",
    "A session cannot be retrieved: GET returns 404.",
    observed("a probe of fresh sessions, May 2026"),
)
CHECKOUT_AMOUNT = Behaviour(
    "CHECKOUT_AMOUNT",
    "The amount of a session is the sum of its lines: price times units, plus taxes.",
    observed("public clients of the hosted checkout"),
)
CHECKOUT_REDIRECTS = Behaviour(
    "CHECKOUT_REDIRECTS",
    "redirectUrls must be https and not localhost; dashboard URLs override them.",
    documented("DOCS: hosted checkout; rejection of localhost was observed"),
    setting="checkout",
)
CHECKOUT_CREATES_ORDER = Behaviour(
    "CHECKOUT_CREATES_ORDER",
    "A payment on the page creates an order and a charge in the merchant's currency.",
    observed("public clients that read them"),
)
CHECKOUT_ALLOWS_RETRY = Behaviour(
    "CHECKOUT_ALLOWS_RETRY",
    "A decline leaves the session open, and the page asks for another card.",
    inferred("what Clover's page does after a decline is not known"),
    setting="checkout",
)
CHECKOUT_TIP = Behaviour(
    "CHECKOUT_TIP",
    "A page that asks for a tip offers 15%, 18% and 20% of the subtotal, or a custom amount. "
    "The tip is part of the charge and of the amount in the webhook.",
    inferred("`tips.enabled` in a public client; its effect is not documented"),
    setting="checkout",
)
CANCELLED_CHECKOUT_CANNOT_BE_PAID = Behaviour(
    "CANCELLED_CHECKOUT_CANNOT_BE_PAID",
    "A cancelled session cannot be paid.",
    inferred("not documented"),
)
CHECKOUT_WEBHOOK_EVENTS = Behaviour(
    "CHECKOUT_WEBHOOK_EVENTS",
    "Webhooks report approved and declined payments and no other events of a session.",
    documented("DOCS: hosted checkout webhooks"),
)
CHECKOUT_TIMES_ARE_TEXT = Behaviour(
    "CHECKOUT_TIMES_ARE_TEXT",
    "createdTime and expirationTime of a session are ISO 8601 strings with milliseconds; the "
    "documentation has Unix time.",
    observed("PayHub 2026-09-17, and recordings of 2022 and 2025"),
    setting="dialect",
)
CHECKOUT_WEBHOOK_HAS_SESSION_ID = Behaviour(
    "CHECKOUT_WEBHOOK_HAS_SESSION_ID",
    "The webhook of a payment has the session id in checkoutSessionId and no `data`.",
    SESSION,
    setting="checkout",
)
CHECKOUT_SECRET_PREFIX = Behaviour(
    "CHECKOUT_SECRET_PREFIX",
    "The signing secret of the hosted checkout begins with hcp_.",
    observed("a public receiver of the hosted checkout webhook"),
)
