"""Errors of refunds.

No responses for these errors were found: codes and messages follow those of charges (inferred).
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import problem

REFUND_NOT_CANCELABLE = problem(
    "REFUND_NOT_CANCELABLE",
    400,
    "processing_error",
    "Invalid request: cannot cancel this refund",
    inferred("MD:gift-card-api cancels only gift card refunds; the message is this mock's own"),
)
