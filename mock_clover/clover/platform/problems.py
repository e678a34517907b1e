"""Errors of the platform API: a message and sometimes details, but no error object.

Source of the format: recorded responses of sandbox.dev.clover.com (clover_sandbox_simulator, 2026)
and the findings of clover-mcp-server on the sandbox (2026).
"""

from mock_clover.core.evidence import inferred, observed
from mock_clover.core.problem import message_only_problem

_OBSERVED = observed("clover-mcp-server, sandbox 2026-06")

PLATFORM_ORDER_NOT_FOUND = message_only_problem(
    "PLATFORM_ORDER_NOT_FOUND", 404, "Not Found", _OBSERVED, "Order not found"
)
PLATFORM_CUSTOMER_NOT_FOUND = message_only_problem(
    "PLATFORM_CUSTOMER_NOT_FOUND", 404, "Not Found", _OBSERVED, "Customer not found"
)
PLATFORM_PAYMENT_NOT_FOUND = message_only_problem(
    "PLATFORM_PAYMENT_NOT_FOUND",
    404,
    "Not Found",
    inferred("the message for orders and customers"),
    "Payment not found",
)
PLATFORM_INVALID_ID = message_only_problem(
    "PLATFORM_INVALID_ID",
    404,
    "invalid ID",
    observed("clover-mcp-server, for items; for other parts of the inventory it is inferred"),
)
PLATFORM_INVALID_FILTER = message_only_problem(
    "PLATFORM_INVALID_FILTER",
    400,
    "Invalid filter: {detail}",
    observed("clover-mcp-server: 400 for a field that cannot be filtered; the message is inferred"),
)
PLATFORM_INVALID_QUERY = message_only_problem(
    "PLATFORM_INVALID_QUERY",
    400,
    "Invalid value for {param}",
    inferred("the pages state limits of values, but no error"),
)
PLATFORM_ITEM_MISSING = message_only_problem(
    "PLATFORM_ITEM_MISSING",
    400,
    "item_does_not_exist",
    observed("a client of atomic orders has this message; its other uses are inferred"),
)
PLATFORM_INVALID_MODIFIER = message_only_problem(
    "PLATFORM_INVALID_MODIFIER",
    400,
    "invalid_modifier",
    inferred("a client of atomic orders lists this message; it was not recorded"),
)
PLATFORM_SERVICE_CHARGE_ID_MISSING = message_only_problem(
    "PLATFORM_SERVICE_CHARGE_ID_MISSING",
    400,
    "Service charge in body is missing an ID",
    observed("clover_sandbox_simulator, recorded in 2026-02"),
)
PLATFORM_NOT_FOUND = message_only_problem(
    "PLATFORM_NOT_FOUND",
    404,
    "Not Found",
    inferred("a client's stub has the message for a customer"),
)
PLATFORM_CART_EMPTY = message_only_problem(
    "PLATFORM_CART_EMPTY",
    400,
    "cart_is_empty_or_missing",
    observed("a client of atomic orders has this message"),
)
PLATFORM_FRACTIONAL_QUANTITY = message_only_problem(
    "PLATFORM_FRACTIONAL_QUANTITY",
    400,
    "Invalid unitQty: this mock supports parts of a unit only for items that are priced per unit",
    inferred("a limit of this mock: Clover supports parts of a unit"),
)
PLATFORM_ORDER_PAID = message_only_problem(
    "PLATFORM_ORDER_PAID",
    400,
    "Order has payments",
    inferred("a paid or partly paid order cannot be extended or deleted"),
)
