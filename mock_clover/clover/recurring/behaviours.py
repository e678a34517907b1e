"""Behaviours of recurring payments, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred

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
