"""Errors of the hosted checkout: four recorded sentences, and our own for all other causes.

Clients expect only a top-level `message` (observed), so the body has nothing else.
"""

from mock_clover.core.evidence import inferred, observed
from mock_clover.core.problem import message_only_problem

_ENVELOPE = "public clients expect {message}; no error body was found"
_PAGE = "an error of our page; Clover's is not known"

CHECKOUT_INVALID = message_only_problem(
    "CHECKOUT_INVALID", 400, "Please provide a valid {param}.", inferred(_ENVELOPE)
)
CHECKOUT_CUSTOMER_MISSING = message_only_problem(
    "CHECKOUT_CUSTOMER_MISSING", 404, "Customer can't be null", observed("PayHub 2026-09-17")
)
CHECKOUT_PRICE_NEGATIVE = message_only_problem(
    "CHECKOUT_PRICE_NEGATIVE",
    400,
    "Line item prices should be positive",
    observed("two public clients of the sandbox"),
)
CHECKOUT_LINE_INCOMPLETE = message_only_problem(
    "CHECKOUT_LINE_INCOMPLETE",
    400,
    "Please provide either itemRefUuid or name, price.",
    observed("a public client of the sandbox; that the status is 400 is inferred"),
)
CHECKOUT_TAX_WITHOUT_RATE = message_only_problem(
    "CHECKOUT_TAX_WITHOUT_RATE",
    400,
    "Rate map missing tax summary rates",
    observed("two public clients of the sandbox; that the status is 400 is inferred"),
)
CHECKOUT_CART_DISCOUNTS = message_only_problem(
    "CHECKOUT_CART_DISCOUNTS",
    400,
    "Please provide a valid shoppingCart.discounts.",
    observed("a public client measured the 400 in 2026-08; the message is inferred"),
)
CHECKOUT_NOT_FOUND = message_only_problem(
    "CHECKOUT_NOT_FOUND", 404, "Checkout session not found.", inferred(_PAGE)
)
CHECKOUT_EXPIRED = message_only_problem(
    "CHECKOUT_EXPIRED", 410, "This checkout has expired.", inferred(_PAGE)
)
CHECKOUT_ALREADY_PAID = message_only_problem(
    "CHECKOUT_ALREADY_PAID", 409, "This checkout session has already been paid.", inferred(_PAGE)
)
CHECKOUT_CANCELLED = message_only_problem(
    "CHECKOUT_CANCELLED", 409, "This checkout session was cancelled.", inferred(_PAGE)
)
