"""Behaviours of lists, customers, orders and recurring payments, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Lists --------------------------------------------------------------------------------------------

CURSOR_INCLUDES_ITS_OBJECT = Behaviour(
    "CURSOR_INCLUDES_ITS_OBJECT",
    "A page begins with the object that its cursor names.",
    documented("MD:pagination"),
)
NEWEST_FIRST = Behaviour(
    "NEWEST_FIRST",
    "Lists are sorted newest first.",
    documented("AE; the sample of MD:pagination is not sorted"),
)
HAS_MORE_ONLY_IF_TRUE = Behaviour(
    "HAS_MORE_ONLY_IF_TRUE",
    "A list has `has_more` only if there are more rows.",
    inferred("MD:pagination has the field, the 2024 sample of REF getcharges does not"),
)
DATES_ARE_UTC = Behaviour(
    "DATES_ARE_UTC",
    "A date in a list filter is parsed as UTC.",
    inferred("no documentation names the time zone"),
)

# Customers ----------------------------------------------------------------------------------------

SAVED_TOKEN_IS_MULTIPAY = Behaviour(
    "SAVED_TOKEN_IS_MULTIPAY",
    "Saving a token for a customer makes it multi-pay.",
    documented("SEED save-a-card"),
)
SAVED_CARD_IS_VERIFIED = Behaviour(
    "SAVED_CARD_IS_VERIFIED",
    "Saving a card verifies it with the issuer, which requires the CVV.",
    observed("GP CloverCustomer has the error for a token without one"),
)
NAMES_ARE_BLANK = Behaviour(
    "NAMES_ARE_BLANK",
    "Responses have a blank customer name even if names were sent.",
    documented("SEED 2025-05"),
)
REVOKED_CARD_CANNOT_BE_CHARGED = Behaviour(
    "REVOKED_CARD_CANNOT_BE_CHARGED",
    "The token of a card that was removed from a customer can no longer be charged.",
    inferred("no source was found"),
)

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

# Recurring payments -------------------------------------------------------------------------------

SUBSCRIPTION_KEEPS_PLAN_AMOUNT = Behaviour(
    "SUBSCRIPTION_KEEPS_PLAN_AMOUNT",
    "A new subscription copies the amount of its plan; later plan changes do not affect it.",
    inferred("no source was found"),
)
MONTHS_ARE_CALENDAR_MONTHS = Behaviour(
    "MONTHS_ARE_CALENDAR_MONTHS",
    "Months are calendar months; a day that a month does not have becomes its last day.",
    inferred("the intervals are documented, but not how they are counted"),
)
FIVE_FAILURES_END_SUBSCRIPTION = Behaviour(
    "FIVE_FAILURES_END_SUBSCRIPTION",
    "A subscription ends after five failed payments in a row.",
    documented("MD:working-with-recurring; that a success resets the count is inferred"),
)
FAILED_PAYMENT_IS_RETRIED = Behaviour(
    "FAILED_PAYMENT_IS_RETRIED",
    "A failed subscription payment is retried after a day, or with the next payment.",
    inferred("no schedule was found"),
    setting="subscription_retry_ms",
)
UPCOMING_CHARGE_NOTICE = Behaviour(
    "UPCOMING_CHARGE_NOTICE",
    "A customer gets a notice three days before a subscription charge.",
    inferred("SEED save-a-card names a notice before a charge, but no period"),
    setting="upcoming_charge_notice_ms",
)
