"""Behaviours of refunds, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

REFUND_OF_AUTHORIZATION_VOIDS = Behaviour(
    "REFUND_OF_AUTHORIZATION_VOIDS",
    "A refund of an authorization voids it; its refundType is PREAUTH.",
    observed("KES, WOO"),
)
REFUND_REASON_IS_FREE = Behaviour(
    "REFUND_REASON_IS_FREE",
    "A refund may have a reason in free words.",
    inferred("WOO sends what the merchant typed; REF create-refund lists three reasons"),
)
REFUND_OF_ORDER_PAYMENT = Behaviour(
    "REFUND_OF_ORDER_PAYMENT",
    "POST /v1/refunds also refunds the charge of an order.",
    inferred("a page of Clover allows only charges of /v1/charges; live clients do it for orders"),
)
REFUND_LIMIT = Behaviour(
    "REFUND_LIMIT",
    "A refund above the transaction limit of the merchant fails; by default there is no limit.",
    documented("MD: the changelog of March 2022; the error is inferred"),
    setting="refund_amount_max",
)
REFUND_SUCCEEDS_IMMEDIATELY = Behaviour(
    "REFUND_SUCCEEDS_IMMEDIATELY",
    "A refund succeeds immediately, regardless of the age of its charge.",
    inferred("GP CloverRefund succeeds; the 25 minutes of a void change no recorded field"),
)
