"""Errors of the recurring service. No recorded error body was found.

The format and the messages are those of the charges host; every status is inferred.
"""

from mock_clover.core.evidence import documented, inferred
from mock_clover.core.problem import invalid_request_problem

MERCHANT_ID_MISSING = invalid_request_problem(
    "MERCHANT_ID_MISSING",
    "Please provide a valid X-Clover-Merchant-Id header.",
    inferred("documented as required (MD:working-with-recurring); the error without it is not"),
    param="X-Clover-Merchant-Id",
)
PLAN_NOT_FOUND = invalid_request_problem(
    "PLAN_NOT_FOUND",
    "Plan with id {id} not found.",
    inferred("the message for charges"),
    status=404,
)
PLAN_INTERVAL_FIXED = invalid_request_problem(
    "PLAN_INTERVAL_FIXED",
    "The interval of a plan cannot be changed.",
    documented("MD:working-with-recurring states the rule; status and message are inferred"),
    param="interval",
)
PLAN_HAS_SUBSCRIPTIONS = invalid_request_problem(
    "PLAN_HAS_SUBSCRIPTIONS",
    "Plan with id {id} has active subscriptions.",
    documented("MD:working-with-recurring states the rule; status and message are inferred"),
    status=409,
    param="active",
)
PLAN_INACTIVE = invalid_request_problem(
    "PLAN_INACTIVE",
    "Plan with id {id} is not active.",
    inferred("a deactivated plan accepts no new subscriptions"),
)
SUBSCRIPTION_NOT_FOUND = invalid_request_problem(
    "SUBSCRIPTION_NOT_FOUND",
    "Subscription with id {id} not found.",
    inferred("the message for charges"),
    status=404,
)
