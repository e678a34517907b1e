"""The merchant of a request, for the hosts that name it in a header."""

from typing import Any

from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.recurring.problems import MERCHANT_ID_MISSING
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox


def require_merchant_header(sandbox: Sandbox, call: Call[Any, Any]) -> None:
    """Raise ApiError unless the header has the id of the token's merchant (inferred)."""
    merchant_id = call.headers.get(b"x-clover-merchant-id", b"").decode("latin-1").strip()
    if not merchant_id:
        raise MERCHANT_ID_MISSING.error()
    if merchant_id != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error(
            why="the token does not belong to the merchant in X-Clover-Merchant-Id"
        )
