"""Errors of refunds.

Where no response was found, codes and messages follow those of charges (inferred).
"""

from mock_clover.core.evidence import inferred, observed
from mock_clover.core.problem import invalid_request_problem, problem

REFUND_CHARGE_MISSING = invalid_request_problem(
    "REFUND_CHARGE_MISSING",
    "Either charge id or reversal id has to be present",
    observed(
        "a production response of September 2026, for the words; GP CloverRefund has the status, "
        "the type and the code, with the older words of INVALID_REFUND_CHARGE"
    ),
    param="charge",
)
REFUND_ABOVE_LIMIT = problem(
    "REFUND_ABOVE_LIMIT",
    400,
    "processing_error",
    "The refund exceeds the transaction limit of the merchant.",
    inferred("the changelog of March 2022 has the rule; no response was found"),
)
REFUND_NOT_CANCELABLE = problem(
    "REFUND_NOT_CANCELABLE",
    400,
    "processing_error",
    "Invalid request: cannot cancel this refund",
    inferred("MD:gift-card-api cancels only gift card refunds; the message is this mock's own"),
)
