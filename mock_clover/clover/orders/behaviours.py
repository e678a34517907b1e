"""Behaviours of lists, customers, orders and recurring payments, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Lists --------------------------------------------------------------------------------------------

CURSOR_INCLUDES_ITS_OBJECT = Behaviour(
    "CURSOR_INCLUDES_ITS_OBJECT",
    "A page begins with the object of its cursor.",
    documented("MD:pagination"),
)
NEWEST_FIRST = Behaviour(
    "NEWEST_FIRST",
    "Lists are sorted newest first.",
    documented("AE; the sample of MD:pagination is not sorted"),
)
HAS_MORE_ONLY_IF_SO = Behaviour(
    "HAS_MORE_ONLY_IF_SO",
    "A list has `has_more` only if there are more rows.",
    inferred("MD:pagination has it, the 2024 sample of REF getcharges does not"),
)
DATES_ARE_UTC = Behaviour(
    "DATES_ARE_UTC",
    "A date in a list filter is parsed as UTC.",
    inferred("no page names the time zone"),
)

# Customers ----------------------------------------------------------------------------------------

SAVING_MAKES_MULTIPAY = Behaviour(
    "SAVING_MAKES_MULTIPAY",
    "Saving a token for a customer makes it multi-pay.",
    documented("SEED save-a-card"),
)
SAVING_ASKS_THE_ISSUER = Behaviour(
    "SAVING_ASKS_THE_ISSUER",
    "Saving a card verifies it with its issuer, which requires its CVV.",
    observed("GP CloverCustomer has the error for a token without one"),
)
NAMES_ARE_BLANK = Behaviour(
    "NAMES_ARE_BLANK",
    "Responses have a blank customer name even if names were sent.",
    documented("SEED 2025-05"),
)
REVOKED_CARD_PAYS_NO_MORE = Behaviour(
    "REVOKED_CARD_PAYS_NO_MORE",
    "The token of a card that was removed from a customer can no longer be charged.",
    inferred("nothing was found"),
)

# Orders -------------------------------------------------------------------------------------------

AMOUNT_IS_UNIT_PRICE = Behaviour(
    "AMOUNT_IS_UNIT_PRICE",
    "An item's amount is its unit price: an order's total is amount times quantity plus taxes.",
    documented("MD: the SDK page of orders, by its total"),
)
TAX_IS_ROUNDED_HALF_UP = Behaviour(
    "TAX_IS_ROUNDED_HALF_UP",
    "Tax is rounded half up, line by line.",
    inferred("no sample has a fraction"),
)
ORDER_HAS_NO_STATUS = Behaviour(
    "ORDER_HAS_NO_STATUS",
    "A retrieved order has no status; a paid order has a `charge`.",
    observed("LiveCloverClient, sandbox 2026"),
)
SPLIT_PAYMENT = Behaviour(
    "SPLIT_PAYMENT",
    "An order can be paid in parts; each payment's response has the earlier ones.",
    documented("REF postordersidpay"),
)
RETURN_MAKES_REFUNDS = Behaviour(
    "RETURN_MAKES_REFUNDS",
    "A return refunds the charges of an order, newest first, with one refund per charge.",
    inferred("which charge of a split payment is refunded first was not found"),
)
RETURN_GIVES_TIP = Behaviour(
    "RETURN_GIVES_TIP",
    "A return by item refunds the tip too, each time.",
    observed("CC 35618"),
    setting="item_return_tip",
)

# Recurring payments -------------------------------------------------------------------------------

PLANS_KEEP_AGREED_AMOUNTS = Behaviour(
    "PLANS_KEEP_AGREED_AMOUNTS",
    "A subscription copies its plan's amount when created; later plan changes do not affect it.",
    inferred("nothing was found"),
)
DUE_DAYS_ARE_CALENDAR_DAYS = Behaviour(
    "DUE_DAYS_ARE_CALENDAR_DAYS",
    "A month is a calendar month; a day after its end becomes its last day.",
    inferred("the intervals are documented, how they are counted is not"),
)
FIVE_FAILURES_END_IT = Behaviour(
    "FIVE_FAILURES_END_IT",
    "A subscription ends after five failed payments in a row.",
    documented("MD:working-with-recurring; that a success resets the count is inferred"),
)
FAILED_PAYMENT_IS_RETRIED = Behaviour(
    "FAILED_PAYMENT_IS_RETRIED",
    "A failed payment of a subscription is retried after a day, or with the next payment.",
    inferred("no schedule was found"),
    setting="subscription_retry_ms",
)
UPCOMING_CHARGE_IS_TOLD = Behaviour(
    "UPCOMING_CHARGE_IS_TOLD",
    "A customer gets a notice three days before a subscription's charge.",
    inferred("SEED save-a-card has a notice before a charge; how long before was not found"),
    setting="upcoming_charge_notice_ms",
)
