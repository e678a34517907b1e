"""How the hosted checkout goes on, and how we know."""

from mock_clover.clover.webhooks.records_event import SESSION
from mock_clover.core.evidence import Behaviour, documented, inferred, observed

_PAGE = documented("DOCS: hosted checkout")

CHECKOUT_LIFE = Behaviour(
    "CHECKOUT_LIFE",
    "A session can be paid for fifteen minutes; its page then says that it has expired.",
    _PAGE,
)
CHECKOUT_IS_NOT_READ = Behaviour(
    "CHECKOUT_IS_NOT_READ",
    "A session cannot be read: its GET answers 404.",
    observed("a probe of fresh sessions, May 2026"),
)
CHECKOUT_AMOUNT = Behaviour(
    "CHECKOUT_AMOUNT",
    "A session's amount is price times units of each line, and the taxes of the line.",
    observed("public clients of the hosted checkout"),
)
CHECKOUT_REDIRECTS = Behaviour(
    "CHECKOUT_REDIRECTS",
    "redirectUrls are https and lead to no localhost; those of the dashboard win.",
    documented("DOCS: hosted checkout; that localhost is refused was observed"),
    setting="checkout",
)
CHECKOUT_MAKES_ORDER = Behaviour(
    "CHECKOUT_MAKES_ORDER",
    "A payment on the page is an order and a charge like any other, in the merchant's currency.",
    observed("public clients that look for them there"),
)
CHECKOUT_TRIED_AGAIN = Behaviour(
    "CHECKOUT_TRIED_AGAIN",
    "A decline leaves the session open, and the page asks for another card.",
    inferred("where Clover's page goes on after a decline is not known"),
    setting="checkout",
)
CHECKOUT_TIP = Behaviour(
    "CHECKOUT_TIP",
    "A page that asks for a tip offers 15, 18 and 20 % of the goods, or an amount of one's own; it "
    "is the charge's, and the webhook's amount has it.",
    inferred("`tips.enabled` in a public client; no page says what comes of it"),
    setting="checkout",
)
CHECKOUT_CANCEL_ENDS = Behaviour(
    "CHECKOUT_CANCEL_ENDS",
    "A session that was cancelled cannot be paid any more.",
    inferred("nothing is said of it"),
)
CHECKOUT_TELLS_OF_PAYMENTS = Behaviour(
    "CHECKOUT_TELLS_OF_PAYMENTS",
    "Approved and declined payments are announced, and nothing else of a session.",
    documented("DOCS: hosted checkout webhooks"),
)
CHECKOUT_TIMES_ARE_TEXT = Behaviour(
    "CHECKOUT_TIMES_ARE_TEXT",
    "createdTime and expirationTime of a session are ISO 8601 strings with milliseconds; the page "
    "has Unix time.",
    observed("PayHub 2026-09-17, and recordings of 2022 and 2025"),
    setting="dialect",
)
CHECKOUT_WEBHOOK_NAMES_SESSION = Behaviour(
    "CHECKOUT_WEBHOOK_NAMES_SESSION",
    "The webhook of a payment names its session in checkoutSessionId and has no data.",
    SESSION,
    setting="checkout",
)
CHECKOUT_SECRET_PREFIX = Behaviour(
    "CHECKOUT_SECRET_PREFIX",
    "The signing secret of the hosted checkout begins with hcp_.",
    observed("a public receiver of the hosted checkout webhook"),
)
