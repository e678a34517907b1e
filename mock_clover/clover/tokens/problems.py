"""Errors for payment instruments other than cards.

No error responses for these were found: codes and messages follow those of charges (inferred).
"""

from mock_clover.core.evidence import documented, inferred
from mock_clover.core.problem import invalid, problem

MULTIPLE_INSTRUMENTS = invalid(
    "MULTIPLE_INSTRUMENTS",
    "Please provide only one of card, gift_card, ach, external_token.",
    documented("OAS-TOK: a request has exactly one; the message is inferred"),
)
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
REFUND_NOT_CANCELABLE = problem(
    "REFUND_NOT_CANCELABLE",
    400,
    "processing_error",
    "Invalid request: cannot cancel this refund",
    inferred("MD:gift-card-api cancels only gift card refunds; the message is this mock's own"),
)
