"""How lists, customers, orders and recurring payments go on, and how we know."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Lists --------------------------------------------------------------------------------------------

CURSOR_INCLUDES_ITS_OBJECT = Behaviour(
    "CURSOR_INCLUDES_ITS_OBJECT",
    "A page begins with the object that its cursor names.",
    documented("MD:pagination"),
)
NEWEST_FIRST = Behaviour(
    "NEWEST_FIRST",
    "A list begins with the newest.",
    documented("AE; the sample of MD:pagination is in no order"),
)
HAS_MORE_ONLY_IF_SO = Behaviour(
    "HAS_MORE_ONLY_IF_SO",
    "`has_more` stands in a list that goes on, and else not at all.",
    inferred("MD:pagination has it, the sample of REF getcharges of 2024 has not"),
)
DATES_ARE_UTC = Behaviour(
    "DATES_ARE_UTC",
    "A date in a filter of a list is read as UTC.",
    inferred("no page names the zone"),
)

# Customers ----------------------------------------------------------------------------------------

SAVING_MAKES_MULTIPAY = Behaviour(
    "SAVING_MAKES_MULTIPAY",
    "Saving a token for a customer makes it multi-pay.",
    documented("SEED save-a-card"),
)
SAVING_ASKS_THE_ISSUER = Behaviour(
    "SAVING_ASKS_THE_ISSUER",
    "A card is verified with its issuer when it is saved, and needs its CVV for that.",
    observed("GP CloverCustomer has the refusal of a token without one"),
)
NAMES_ARE_BLANK = Behaviour(
    "NAMES_ARE_BLANK",
    "A customer's name is shown as a blank though names were sent.",
    documented("SEED 2025-05"),
)
REVOKED_CARD_PAYS_NO_MORE = Behaviour(
    "REVOKED_CARD_PAYS_NO_MORE",
    "The token of a card that was taken off file pays no more.",
    inferred("nothing was found"),
)

# Orders -------------------------------------------------------------------------------------------

AMOUNT_IS_UNIT_PRICE = Behaviour(
    "AMOUNT_IS_UNIT_PRICE",
    "An item's amount is its unit price: the order adds amount times quantity, and taxes.",
    documented("MD: the SDK page of orders, whose total is so"),
)
TAX_IS_ROUNDED_HALF_UP = Behaviour(
    "TAX_IS_ROUNDED_HALF_UP",
    "Half a cent of tax and more is rounded up, line by line.",
    inferred("no sample has a fraction"),
)
ORDER_HAS_NO_STATUS = Behaviour(
    "ORDER_HAS_NO_STATUS",
    "A retrieved order has no status; a paid one is known by its charge.",
    observed("LiveCloverClient, sandbox 2026"),
)
SPLIT_PAYMENT = Behaviour(
    "SPLIT_PAYMENT",
    "An order may be paid in parts; each payment tells those before it.",
    documented("REF postordersidpay"),
)
RETURN_MAKES_REFUNDS = Behaviour(
    "RETURN_MAKES_REFUNDS",
    "A return gives back from the newest charge of an order on, a refund for each.",
    inferred("which charge of a split payment gives first was not found"),
)
RETURN_GIVES_TIP = Behaviour(
    "RETURN_GIVES_TIP",
    "A return by item gives the tip back too, each time.",
    observed("CC 35618"),
    setting="item_return_tip",
)

# Recurring payments -------------------------------------------------------------------------------

PLANS_KEEP_AGREED_AMOUNTS = Behaviour(
    "PLANS_KEEP_AGREED_AMOUNTS",
    "A subscription takes its plan's amount when it is made; later ones of the plan are not its.",
    inferred("nothing was found"),
)
DUE_DAYS_ARE_CALENDAR_DAYS = Behaviour(
    "DUE_DAYS_ARE_CALENDAR_DAYS",
    "A month is a calendar month; a day that it lacks is its last.",
    inferred("the intervals are documented, how they are counted is not"),
)
FIVE_FAILURES_END_IT = Behaviour(
    "FIVE_FAILURES_END_IT",
    "A subscription ends after five failed payments in a row.",
    documented("MD:working-with-recurring; that a success forgives is inferred"),
)
FAILED_PAYMENT_IS_RETRIED = Behaviour(
    "FAILED_PAYMENT_IS_RETRIED",
    "A failed payment of a subscription is tried again after a day, or with the next.",
    inferred("no schedule was found"),
    setting="subscription_retry_ms",
)
UPCOMING_CHARGE_IS_TOLD = Behaviour(
    "UPCOMING_CHARGE_IS_TOLD",
    "A customer is told of a subscription's charge three days before it.",
    inferred("SEED save-a-card has a notice before a charge; how long before was not found"),
    setting="upcoming_charge_notice_ms",
)
