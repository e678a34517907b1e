"""Behaviours of charges and declines, with their evidence.

Only claims that are neither a field of a record nor an error of the catalogue.
"""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Charges ------------------------------------------------------------------------------------------

LISTED_CARD = Behaviour(
    "LISTED_CARD",
    "A card in the scenario's list gets the outcome of its entry; each entry has its own evidence.",
    documented("DOCS:test-card-numbers"),
)
SCENARIO_RULE = Behaviour(
    "SCENARIO_RULE",
    "A request that matches a rule of the scenario gets the outcome and evidence of the rule.",
    inferred("the author of the scenario writes the rule; its `evidence` field sets the level"),
)
REQUESTED_OUTCOME = Behaviour(
    "REQUESTED_OUTCOME",
    "A header or a trigger text in the request sets the outcome.",
    inferred("a feature of this mock; Clover has no such trigger"),
)
UNLISTED_CARD_APPROVED = Behaviour(
    "UNLISTED_CARD_APPROVED",
    "A card that is not in the scenario's list is approved.",
    inferred("Clover lists test cards, but does not document other cards"),
    setting="listed_cards_only",
)
EXPIRED_CARD_DECLINED = Behaviour(
    "EXPIRED_CARD_DECLINED",
    "A card is declined after its expiry month, according to the sandbox's clock.",
    inferred("the error-codes page lists the reason; no source says when the sandbox uses it"),
)
SAVED_TOKEN_REQUIRES_STORED_CREDENTIALS = Behaviour(
    "SAVED_TOKEN_REQUIRES_STORED_CREDENTIALS",
    "The token of a saved card is declined for its CVV unless stored_credentials are sent.",
    observed("CC 30103"),
)
CUSTOMER_ID_NEEDS_NO_STORED_CREDENTIALS = Behaviour(
    "CUSTOMER_ID_NEEDS_NO_STORED_CREDENTIALS",
    "A customer id as source can be charged without stored_credentials.",
    documented("SEED save-a-card"),
)
NEWEST_CARD_IS_CHARGED = Behaviour(
    "NEWEST_CARD_IS_CHARGED",
    "If a customer has several cards on file, the newest is charged.",
    inferred(
        "Clover then requires the token of the card; it does not document what happens otherwise"
    ),
)
FIRST_WITH_INTENT_SAVES_CARD = Behaviour(
    "FIRST_WITH_INTENT_SAVES_CARD",
    "A charge with an `intent` to save and the sequence FIRST makes its token multi-pay.",
    documented("TransArmor page"),
)
SUBSEQUENT_WITHOUT_FIRST_WARNS = Behaviour(
    "SUBSEQUENT_WITHOUT_FIRST_WARNS",
    "A SUBSEQUENT payment without an earlier FIRST payment of its token gets a warning.",
    inferred("REF postordersidpay shows the warning, but not its cause"),
)
AUTHORIZATION_IS_UNPAID = Behaviour(
    "AUTHORIZATION_IS_UNPAID",
    "The response for an authorization has no `paid` field until it is captured.",
    observed("CCL 2023-09; an older fixture (GP 2021) has it"),
)
CREATED_CHARGE_OMITS_ORDER = Behaviour(
    "CREATED_CHARGE_OMITS_ORDER",
    "The response to a new charge has no `object` or `order`; later responses have the order.",
    observed("SEED 2025-05, CCL, PHP21, GP CloverCharge"),
)
TIMES_ARE_ROUNDED = Behaviour(
    "TIMES_ARE_ROUNDED",
    "A new charge has its creation time in milliseconds; later responses round it to seconds.",
    observed("GP CloverCharge"),
)
CURRENCY_IS_UPPER_CASE = Behaviour(
    "CURRENCY_IS_UPPER_CASE",
    "A currency is returned in upper case.",
    observed("CCL 2023-09; older responses have lower case"),
    setting="currency_echo",
)
CHECKS_NEED_DATA = Behaviour(
    "CHECKS_NEED_DATA",
    "A response has the result of an address or CVV check only if the token has the data for it.",
    documented("DOCS:test-card-numbers"),
)
CHECKS_DECLINE_NOTHING = Behaviour(
    "CHECKS_DECLINE_NOTHING",
    "A failed check alone does not cause a decline.",
    documented("MD: fraud tools"),
)
AUTHORIZATION_LIFETIME = Behaviour(
    "AUTHORIZATION_LIFETIME",
    "An authorization expires after 7 days for Visa and 30 days for Mastercard.",
    documented("MD:create-pre-authorization"),
)
AUTHORIZATION_LIFETIME_OTHER_BRANDS = Behaviour(
    "AUTHORIZATION_LIFETIME_OTHER_BRANDS",
    "Authorizations of all other brands expire after 7 days.",
    inferred("like Visa; no source names another brand"),
)
CHARGE_CREATES_ORDER = Behaviour(
    "CHARGE_CREATES_ORDER",
    "A charge creates an order.",
    documented("REF createcharge"),
)
UNKNOWN_FIELDS_IGNORED = Behaviour(
    "UNKNOWN_FIELDS_IGNORED",
    "An undocumented field is ignored; a header of the response and the journal name it.",
    observed("WOO sends several, and Clover accepts its requests"),
    setting="strict",
)
FORWARDED_FOR_OPTIONAL = Behaviour(
    "FORWARDED_FOR_OPTIONAL",
    "A payment without x-forwarded-for or User-Agent is accepted.",
    observed(
        "PayHub 2026-09-18 and KES do not send x-forwarded-for, although REF says it is required; "
        "an announcement of April 2026 that User-Agent becomes mandatory was not enforced"
    ),
    setting="strict",
)

# Declines and errors ------------------------------------------------------------------------------

DECLINE_IS_402 = Behaviour(
    "DECLINE_IS_402",
    "A decline is a 402 error with the id of the charge, not a 200 with a failed charge.",
    observed("PayHub 2026-09-18, CC 30103, KES, E2E; 400 in SEED's table, 402 in the appendix"),
    setting="card_error_status",
)
PLAIN_DECLINE_MESSAGE = Behaviour(
    "PLAIN_DECLINE_MESSAGE",
    "A decline without a reason has the message DECLINED: No reason provided.",
    observed("PayHub 2026-09-18; E2E has the French text"),
)
DECLINE_REASONS = Behaviour(
    "DECLINE_REASONS",
    "Decline codes other than issuer_declined and do_not_honor, and their messages.",
    inferred(
        "common codes of the industry; two of their messages were observed (bypassmobile, KES)"
    ),
)
FAILED_CHARGE_IS_RETRIEVABLE = Behaviour(
    "FAILED_CHARGE_IS_RETRIEVABLE",
    "A declined charge can be retrieved: it is failed, with failure_code and failure_message.",
    inferred("CC 30103 returns the id; AE's schema has the fields; no such response was recorded"),
)
ERRORS_AS_RECORDED = Behaviour(
    "ERRORS_AS_RECORDED",
    "An error has `declineCode`; it has `type`, `doc_url` and `param` only where recorded.",
    observed("PayHub 2026-09-18, CC 30103, KES, GP; Clover's pages have the other fields"),
    setting="dialect",
)
