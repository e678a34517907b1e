"""Errors of gift cards.

No error responses for these were found: codes and messages follow those of charges (inferred).
"""

from mock_clover.core.evidence import inferred
from mock_clover.core.problem import problem

GIFT_CARD_NOT_ACTIVE = problem(
    "GIFT_CARD_NOT_ACTIVE",
    400,
    "processing_error",
    "Gift card is not active.",
    inferred("in MD:gift-card-api, a card is activated before it is used"),
    param="source",
)
GIFT_CARD_ALREADY_ACTIVE = problem(
    "GIFT_CARD_ALREADY_ACTIVE",
    400,
    "processing_error",
    "Gift card is already active.",
    inferred("a card with a balance is reloaded, not activated again"),
    param="source",
)
