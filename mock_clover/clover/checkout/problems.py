"""Errors of the hosted checkout. No recorded error body was found.

Clients expect only a top-level `message` (observed), so the body has nothing else.
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import bare

_ENVELOPE = "public clients expect {message}; no error body was found"
_PAGE = "an error of our page; Clover's is not known"

CHECKOUT_INVALID = bare(
    "CHECKOUT_INVALID", 400, "Please provide a valid {param}.", inferred(_ENVELOPE)
)
CHECKOUT_NOT_FOUND = bare("CHECKOUT_NOT_FOUND", 404, "Checkout session not found.", inferred(_PAGE))
CHECKOUT_EXPIRED = bare("CHECKOUT_EXPIRED", 410, "This checkout has expired.", inferred(_PAGE))
CHECKOUT_ALREADY_PAID = bare(
    "CHECKOUT_ALREADY_PAID", 409, "This checkout session has already been paid.", inferred(_PAGE)
)
CHECKOUT_CANCELLED = bare(
    "CHECKOUT_CANCELLED", 409, "This checkout session was cancelled.", inferred(_PAGE)
)
