"""Problems of the recurring service. No error body of it was found.

The envelope and the messages are those of the charges host, and every status is inferred.
"""

from mock_clover.core.evidence import documented, inferred
from mock_clover.core.problem import problem

_INVALID = "invalid_request_error"

MERCHANT_ID_MISSING = problem(
    "MERCHANT_ID_MISSING",
    400,
    "invalid_request",
    "Please provide a valid X-Clover-Merchant-Id header.",
    inferred("documented as required (MD:working-with-recurring); the error without it is not"),
    type=_INVALID,
    param="X-Clover-Merchant-Id",
)
PLAN_NOT_FOUND = problem(
    "PLAN_NOT_FOUND",
    404,
    "invalid_request",
    "Plan with id {id} not found.",
    inferred("the message for charges"),
    type=_INVALID,
)
PLAN_INTERVAL_FIXED = problem(
    "PLAN_INTERVAL_FIXED",
    400,
    "invalid_request",
    "The interval of a plan cannot be changed.",
    documented("MD:working-with-recurring states the rule; status and message are inferred"),
    type=_INVALID,
    param="interval",
)
PLAN_HAS_SUBSCRIPTIONS = problem(
    "PLAN_HAS_SUBSCRIPTIONS",
    409,
    "invalid_request",
    "Plan with id {id} has active subscriptions.",
    documented("MD:working-with-recurring states the rule; status and message are inferred"),
    type=_INVALID,
    param="active",
)
PLAN_INACTIVE = problem(
    "PLAN_INACTIVE",
    400,
    "invalid_request",
    "Plan with id {id} is not active.",
    inferred("a deactivated plan accepts no new subscriptions"),
    type=_INVALID,
)
SUBSCRIPTION_NOT_FOUND = problem(
    "SUBSCRIPTION_NOT_FOUND",
    404,
    "invalid_request",
    "Subscription with id {id} not found.",
    inferred("the message for charges"),
    type=_INVALID,
)
