"""Problems of the platform API: a message and sometimes details; no error object.

Source of the shape: recorded responses of sandbox.dev.clover.com (clover_sandbox_simulator, 2026)
and the findings of clover-mcp-server on the sandbox (2026).
"""

from mock_clover.core.evidence import Fact, inferred, observed
from mock_clover.core.problem import Problem

_LIVE = observed("clover-mcp-server, sandbox 2026-06")


def _problem(
    name: str, status: int, message: str, fact: Fact, details: str | None = None
) -> Problem:
    return Problem(
        name=name, status=status, message=message, details=details, shape="bare", fact=fact
    )


PLATFORM_ORDER_NOT_FOUND = _problem(
    "PLATFORM_ORDER_NOT_FOUND", 404, "Not Found", _LIVE, "Order not found"
)
PLATFORM_CUSTOMER_NOT_FOUND = _problem(
    "PLATFORM_CUSTOMER_NOT_FOUND", 404, "Not Found", _LIVE, "Customer not found"
)
PLATFORM_PAYMENT_NOT_FOUND = _problem(
    "PLATFORM_PAYMENT_NOT_FOUND",
    404,
    "Not Found",
    inferred("the message for orders and customers"),
    "Payment not found",
)
PLATFORM_INVALID_ID = _problem(
    "PLATFORM_INVALID_ID",
    404,
    "invalid ID",
    observed("clover-mcp-server, for items; for other parts of the inventory it is inferred"),
)
PLATFORM_INVALID_FILTER = _problem(
    "PLATFORM_INVALID_FILTER",
    400,
    "Invalid filter: {said}",
    observed("clover-mcp-server: 400 for a field that cannot be filtered; the message is inferred"),
)
PLATFORM_INVALID_QUERY = _problem(
    "PLATFORM_INVALID_QUERY",
    400,
    "Invalid value for {param}",
    inferred("the pages state a limit of 1000 and three expansions, but no error"),
)
PLATFORM_ITEM_MISSING = _problem(
    "PLATFORM_ITEM_MISSING",
    400,
    "item_does_not_exist",
    observed("a client of atomic orders has this message; its other uses are inferred"),
)
PLATFORM_CART_EMPTY = _problem(
    "PLATFORM_CART_EMPTY",
    400,
    "cart_is_empty_or_missing",
    observed("a client of atomic orders has this message"),
)
PLATFORM_QUANTITY_BROKEN = _problem(
    "PLATFORM_QUANTITY_BROKEN",
    400,
    "Invalid unitQty: this mock supports whole units only, 1000 for each",
    inferred("a limit of this mock: Clover supports fractions of a unit"),
)
PLATFORM_ORDER_PAID = _problem(
    "PLATFORM_ORDER_PAID",
    400,
    "Order has payments",
    inferred("a paid or partly paid order cannot be extended or deleted"),
)
