"""Behaviours of refunds, with their evidence."""

from mock_clover.core.evidence import Behaviour, inferred, observed

REFUND_OF_AUTHORIZATION_VOIDS = Behaviour(
    "REFUND_OF_AUTHORIZATION_VOIDS",
    "A refund of an authorization voids it; its refundType is PREAUTH.",
    observed("KES, WOO"),
)
REFUND_SUCCEEDS_IMMEDIATELY = Behaviour(
    "REFUND_SUCCEEDS_IMMEDIATELY",
    "A refund succeeds immediately, regardless of the age of its charge.",
    inferred("GP CloverRefund succeeds; the 25 minutes of a void change no recorded field"),
)
