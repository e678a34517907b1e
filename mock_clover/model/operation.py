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
    "capture_charge",
    "list_charges",
    "get_charge",
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
    "activate_gift_card",
    "gift_cards_activate",
    "reload_gift_card",
    "gift_cards_reload",
    "inquire_gift_card",
    "gift_cards_balance",
    "cash_out_gift_card",
    "gift_cards_cashout",
    "cancel_refund",
    "get_pay_key",
    "developer_pay",
    "create_plan",
    "list_plans",
    "get_plan",
    "update_plan",
    "create_subscription",
    "list_subscriptions",
    "get_subscription",
    "update_subscription",
    "create_checkout",
)
SCHEDULED = ("charge_subscription",)
"""What Clover does of itself when its time comes; rules and the journal know it like a call."""
UNCALLED = (*SCHEDULED, "pay_checkout")
"""What no call asks for, so that nobody waits for a reply: a customer pays on Clover's page."""
RULED = (*OPERATIONS, *UNCALLED)
"""The names that a rule may give."""
