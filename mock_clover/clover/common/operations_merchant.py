"""Checks of the merchant: its id in a header, and what its gateway supports."""

from typing import Any

from mock_clover.clover.common.problems import MULTI_PAY_TOKENS_DISABLED, UNAUTHORIZED
from mock_clover.clover.recurring.problems import MERCHANT_ID_MISSING
from mock_clover.clover.tokens.behaviours import MULTI_PAY_TOKENS_ARE_ENABLED
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox


def require_merchant_header(sandbox: Sandbox, call: Call[Any, Any]) -> None:
    """Raise ApiError unless the header has the id of the token's merchant (inferred)."""
    merchant_id = call.headers.get(b"x-clover-merchant-id", b"").decode("latin-1").strip()
    if not merchant_id:
        raise MERCHANT_ID_MISSING.error(rule="the header x-clover-merchant-id is missing")
    if merchant_id != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error(
            reason="X-Clover-Merchant-Id is not the merchant of the token, "
            f"{sandbox.credentials.merchant_id}"
        )


def require_multi_pay_tokens(sandbox: Sandbox, *, needed: bool = True) -> None:
    """Raise MULTI_PAY_TOKENS_DISABLED if they are needed and the gateway does not have them."""
    if needed and not sandbox.settings.multi_pay_tokens:
        raise MULTI_PAY_TOKENS_DISABLED.error(
            rule="the setting multi_pay_tokens of this sandbox is false",
            basis=(MULTI_PAY_TOKENS_ARE_ENABLED,),
        )
