"""Problems of the hosted checkout. No error body of it was found.

Clients expect a top-level `message` only (observed), so the body has nothing else.
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import bare

_ENVELOPE = "public clients expect {message}; no body was found"
_PAGE = "of the page; Clover's is not known"

CHECKOUT_INVALID = bare(
    "CHECKOUT_INVALID", 400, "Please provide a valid {param}.", inferred(_ENVELOPE)
)
CHECKOUT_NOT_FOUND = bare("CHECKOUT_NOT_FOUND", 404, "There is no such checkout.", inferred(_PAGE))
CHECKOUT_EXPIRED = bare("CHECKOUT_EXPIRED", 410, "This checkout has expired.", inferred(_PAGE))
CHECKOUT_ALREADY_PAID = bare(
    "CHECKOUT_ALREADY_PAID", 409, "This checkout has been paid already.", inferred(_PAGE)
)
CHECKOUT_CANCELLED = bare(
    "CHECKOUT_CANCELLED", 409, "This checkout was cancelled.", inferred(_PAGE)
)
