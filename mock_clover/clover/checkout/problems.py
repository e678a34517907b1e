"""Errors of the hosted checkout. No recorded error body was found.

Clients expect only a top-level `message` (observed), so the body has nothing else.
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import message_only_problem

_ENVELOPE = "public clients expect {message}; no error body was found"
_PAGE = "an error of our page; Clover's is not known"

CHECKOUT_INVALID = message_only_problem(
    "CHECKOUT_INVALID", 400, "Please provide a valid {param}.", inferred(_ENVELOPE)
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
