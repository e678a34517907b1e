"""Problems of payment instruments other than cards.

No error bodies of these were found: codes and messages follow those of charges (inferred).
"""

from mock_clover.core.evidence import documented, inferred
from mock_clover.core.problem import Problem

INSTRUMENTS_MIXED = Problem(
    name="INSTRUMENTS_MIXED",
    status=400,
    code="invalid_request",
    type="invalid_request_error",
    message="Please provide only one of card, gift_card, ach, external_token.",
    fact=documented("OAS-TOK: a request has one of them; the message is inferred"),
)
GIFT_CARD_NOT_ACTIVE = Problem(
    name="GIFT_CARD_NOT_ACTIVE",
    status=400,
    code="processing_error",
    message="Gift card is not active.",
    param="source",
    fact=inferred("MD:gift-card-api activates a card before it is used"),
)
GIFT_CARD_ALREADY_ACTIVE = Problem(
    name="GIFT_CARD_ALREADY_ACTIVE",
    status=400,
    code="processing_error",
    message="Gift card is already active.",
    param="source",
    fact=inferred("a card with a balance is reloaded, not activated again"),
)
REFUND_NOT_CANCELABLE = Problem(
    name="REFUND_NOT_CANCELABLE",
    status=400,
    code="processing_error",
    message="Invalid request: cannot cancel this refund",
    fact=inferred("MD:gift-card-api cancels refunds of gift cards only; the error is ours"),
)
