"""How the platform API goes on beside /v1, and how we know."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

CHARGE_IS_PAYMENT = Behaviour(
    "CHARGE_IS_PAYMENT",
    "A charge of /v1 is the payment of the same id, its amount without the tip; a refund is the "
    "refund, and an order of either API is one order, paid through /v1.",
    documented("DOCS:ecommerce-refunding-payments; that ids agree is inferred"),
)
VOID_IS_NO_REFUND = Behaviour(
    "VOID_IS_NO_REFUND",
    "The void of an authorisation, and its lapse, are no refund: its payment is VOIDED.",
    inferred("REF payments has the word, and nothing was taken"),
)
CUSTOM_ORDER_TOTAL = Behaviour(
    "CUSTOM_ORDER_TOTAL",
    "A custom order has the total that its client tells; /v1 takes the sum of its lines if none.",
    observed("clover-mcp-server: no total is reckoned; what /v1 takes then is inferred"),
)
UNKNOWN_EXPANSION_IGNORED = Behaviour(
    "UNKNOWN_EXPANSION_IGNORED",
    "What cannot be expanded is passed over; more than three expansions are refused.",
    observed("clover-mcp-server; three are documented, their refusal is inferred"),
)
OTHER_MERCHANT_IS_401 = Behaviour(
    "OTHER_MERCHANT_IS_401",
    "A merchant id that is not the token's, or not the sandbox's, reads as a bad token does.",
    observed("WOO, of ecomm_payment_configs; of other paths it is inferred"),
)
TAX_RATE_BY_ID = Behaviour(
    "TAX_RATE_BY_ID",
    "A tax_rate_uuid stands for the merchant's tax of that id; an unknown one is refused.",
    documented("REF createcharge, createorder; the refusal is inferred"),
)
