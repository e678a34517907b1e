"""Behaviours of the platform API and its relation to /v1, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

CHARGE_IS_PAYMENT = Behaviour(
    "CHARGE_IS_PAYMENT",
    "A charge of /v1 is a payment with the same id; its amount excludes the tip. Refunds and "
    "orders are the same in both APIs; orders are paid through /v1.",
    documented("DOCS:ecommerce-refunding-payments; that the ids are the same is inferred"),
)
VOID_IS_NOT_A_REFUND = Behaviour(
    "VOID_IS_NOT_A_REFUND",
    "A voided or expired authorization is not a refund: its payment is VOIDED.",
    inferred("REF payments has the value; no money was captured"),
)
CUSTOM_ORDER_TOTAL = Behaviour(
    "CUSTOM_ORDER_TOTAL",
    "A custom order has the total that the client sends; without one /v1 charges the sum of the "
    "lines.",
    observed("clover-mcp-server: no total is computed; what /v1 charges then is inferred"),
)
UNKNOWN_EXPANSION_IGNORED = Behaviour(
    "UNKNOWN_EXPANSION_IGNORED",
    "Unknown expansions are ignored, and `why` names them. Any number of fields is expanded, to "
    "two levels.",
    observed("clover-mcp-server; three clients send four, the documented limit is three"),
)
UNIT_QTY_BELOW_A_UNIT = Behaviour(
    "UNIT_QTY_BELOW_A_UNIT",
    "A `unitQty` below 1000 of a line that is not priced per unit counts whole units.",
    inferred("shops send 1 for one unit and are served; no total was recorded"),
)
ADJUSTED_TOTALS = Behaviour(
    "ADJUSTED_TOTALS",
    "Modifications, discounts and the service charge change the total: line discounts, then order "
    "discounts, one after the other, then tax; the service charge is on the sum without tax.",
    inferred("DOCS:create-an-atomic-order has them; no total with all of them was recorded"),
)
PAID_ORDER_KEEPS_TOTAL = Behaviour(
    "PAID_ORDER_KEEPS_TOTAL",
    "Lines and discounts can be added to a paid order; its total does not change.",
    observed("a public shop's findings on paid, locked orders, 2026"),
)
OTHER_MERCHANT_IS_401 = Behaviour(
    "OTHER_MERCHANT_IS_401",
    "A request for the merchant id of another token or sandbox gets the same error as one with an "
    "invalid token.",
    observed("WOO, for ecomm_payment_configs; for other paths it is inferred"),
)
TAX_RATE_BY_ID = Behaviour(
    "TAX_RATE_BY_ID",
    "A tax_rate_uuid is the id of one of the merchant's taxes; an unknown one is an error.",
    documented("REF createcharge, createorder; the error is inferred"),
)
PAID_ORDER_IS_CHANGED = Behaviour(
    "PAID_ORDER_IS_CHANGED",
    "Lines of a paid order can also be changed and deleted, and get modifications; its total does "
    "not change.",
    inferred("lines and discounts can be added (observed)"),
)
CARDS_OF_NEW_CUSTOMER = Behaviour(
    "CARDS_OF_NEW_CUSTOMER",
    "The cards of a new customer are saved as through /v1: each token is verified and becomes "
    "multi-pay.",
    inferred("a sandbox walk-through sends them and pays by the customer's id later"),
)
COLLECTION_IS_EMPTY = Behaviour(
    "COLLECTION_IS_EMPTY",
    "A collection for which the scenario has no rows, such as employees, is an empty list.",
    inferred("a real merchant has rows; a scenario gives them in `data.platform`"),
)
