"""The names of Clover's operations, by which rules and faults speak of them.

`api/surface.py` has the operations; a test holds that the names are these.
"""

OPERATIONS = (
    "authorize",
    "exchange_token",
    "exchange_token_by_post",
    "get_api_key",
    "get_api_key_v1",
    "get_keys",
    "authorize_v2",
    "exchange_code",
    "refresh_tokens",
    "recover_tokens",
    "migrate_token",
    "create_token",
    "get_token",
    "create_charge",
    "list_charges",
    "get_charge",
    "capture_charge",
    "finalize_payment",
    "create_refund",
    "list_refunds",
    "get_refund",
    "create_customer",
    "update_customer",
    "revoke_card",
    "get_customer",
    "delete_customer",
    "create_order",
    "list_orders",
    "get_order",
    "pay_order",
    "return_order",
)
