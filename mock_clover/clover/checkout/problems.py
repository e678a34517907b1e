"""Problems of the hosted checkout. No error body of it was found.

Clients expect a top-level `message` only (observed), so the body has nothing else.
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import Problem

_ENVELOPE = "public clients expect {message}; no body was found"
_PAGE = "of the page; Clover's is not known"

CHECKOUT_INVALID = Problem(
    name="CHECKOUT_INVALID",
    status=400,
    message="Please provide a valid {param}.",
    shape="bare",
    fact=inferred(_ENVELOPE),
)
CHECKOUT_NOT_FOUND = Problem(
    name="CHECKOUT_NOT_FOUND",
    status=404,
    message="There is no such checkout.",
    shape="bare",
    fact=inferred(_PAGE),
)
CHECKOUT_EXPIRED = Problem(
    name="CHECKOUT_EXPIRED",
    status=410,
    message="This checkout has expired.",
    shape="bare",
    fact=inferred(_PAGE),
)
CHECKOUT_ALREADY_PAID = Problem(
    name="CHECKOUT_ALREADY_PAID",
    status=409,
    message="This checkout has been paid already.",
    shape="bare",
    fact=inferred(_PAGE),
)
CHECKOUT_CANCELLED = Problem(
    name="CHECKOUT_CANCELLED",
    status=409,
    message="This checkout was cancelled.",
    shape="bare",
    fact=inferred(_PAGE),
)
