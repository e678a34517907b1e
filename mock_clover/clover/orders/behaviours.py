"""Behaviours of orders, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Orders -------------------------------------------------------------------------------------------

AMOUNT_IS_UNIT_PRICE = Behaviour(
    "AMOUNT_IS_UNIT_PRICE",
    "The amount of an item is its unit price: a total is amount times quantity plus taxes.",
    documented("MD: the SDK page of orders, from its total"),
)
TAX_IS_ROUNDED_HALF_UP = Behaviour(
    "TAX_IS_ROUNDED_HALF_UP",
    "Tax is rounded half up for each line item.",
    inferred("no sample has a fraction"),
)
ORDER_HAS_NO_STATUS = Behaviour(
    "ORDER_HAS_NO_STATUS",
    "A retrieved order has no status; a paid order has a `charge`.",
    observed("LiveCloverClient, sandbox 2026"),
)
SPLIT_PAYMENT = Behaviour(
    "SPLIT_PAYMENT",
    "An order can be paid in parts; each payment response lists the earlier payments.",
    documented("REF postordersidpay"),
)
RETURN_CREATES_REFUNDS = Behaviour(
    "RETURN_CREATES_REFUNDS",
    "A return refunds the charges of an order, newest first, with one refund per charge.",
    inferred("no source says which charge of a split payment is refunded first"),
)
RETURN_REFUNDS_TIP = Behaviour(
    "RETURN_REFUNDS_TIP",
    "Each return by item also refunds the tip.",
    observed("CC 35618"),
    setting="item_return_tip",
)
