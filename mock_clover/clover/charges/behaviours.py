"""Behaviours of tokens, charges, refunds and idempotency keys, with their evidence.

Only facts that are neither a record member nor a problem of the catalogue.
"""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Tokens -------------------------------------------------------------------------------------------

BRAND_FROM_NUMBER = Behaviour(
    "BRAND_FROM_NUMBER",
    "A token's brand comes from the card number; the brand in the request is not used.",
    observed("dan1d reads a brand that it never sent"),
)
NO_CHECK_AT_TOKENISATION = Behaviour(
    "NO_CHECK_AT_TOKENISATION",
    "Creating a token does no address or CVV check; charging it does both.",
    documented("MD: fraud tools"),
)
ORDER_OF_CARD_CHECKS = Behaviour(
    "ORDER_OF_CARD_CHECKS",
    "The number of a card is validated first, then the expiry, then the CVV.",
    inferred("nothing was found; no error of the token host is recorded"),
)
TOKEN_KEEPS = Behaviour(
    "TOKEN_KEEPS",
    "An unused single-pay token is valid until its card expires.",
    inferred("no lifetime of an unused token was found"),
)
TOKEN_PAYS_ONCE = Behaviour(
    "TOKEN_PAYS_ONCE",
    "A single-pay token can be charged once; a token saved for a customer can be charged again.",
    documented("SEED save-a-card; CC 23365, PHP21 have the error"),
)
DECLINE_SPENDS_TOKEN = Behaviour(
    "DECLINE_SPENDS_TOKEN",
    "A declined charge uses up its single-pay token.",
    inferred("shops request a new token after a decline; Clover does not document it"),
    setting="decline_spends_token",
)
FOREIGN_TOKEN_PAYS_AGAIN = Behaviour(
    "FOREIGN_TOKEN_PAYS_AGAIN",
    "A token created from a TransArmor token can be charged more than once.",
    documented("TransArmor page"),
)
WALLET_IS_APPROVED = Behaviour(
    "WALLET_IS_APPROVED",
    "A wallet's encrypted payload is not decrypted; its token is for the approved test card.",
    inferred("it is encrypted for Clover's own key"),
)

# Charges ------------------------------------------------------------------------------------------

LISTED_CARD = Behaviour(
    "LISTED_CARD",
    "A card in the scenario's list has the outcome in its entry; each entry has its own evidence.",
    documented("DOCS:test-card-numbers"),
)
SCENARIO_RULE = Behaviour(
    "SCENARIO_RULE",
    "A request that a scenario's rule matches has the rule's outcome and evidence.",
    inferred("the tester writes the rule; its `evidence` member sets its evidence level"),
)
ASKED_OUTCOME = Behaviour(
    "ASKED_OUTCOME",
    "A header or a trigger text in the request sets the outcome.",
    inferred("of this mock; Clover has no such trigger"),
)
UNLISTED_CARD_APPROVED = Behaviour(
    "UNLISTED_CARD_APPROVED",
    "A card that is not in the scenario's list is approved.",
    inferred("Clover lists test cards, but not what its sandbox does with others"),
    setting="listed_cards_only",
)
EXPIRED_CARD_DECLINED = Behaviour(
    "EXPIRED_CARD_DECLINED",
    "A card is declined after its expiry month, according to the sandbox's clock.",
    inferred("error-codes has the reason; when the sandbox uses it was not found"),
)
SAVED_TOKEN_WANTS_STORED_CREDENTIALS = Behaviour(
    "SAVED_TOKEN_WANTS_STORED_CREDENTIALS",
    "The token of a saved card is declined for its CVV unless stored_credentials are sent.",
    observed("CC 30103"),
)
CUSTOMER_PAYS_PLAINLY = Behaviour(
    "CUSTOMER_PAYS_PLAINLY",
    "A customer id as source can be charged without stored_credentials.",
    documented("SEED save-a-card"),
)
NEWEST_CARD_PAYS = Behaviour(
    "NEWEST_CARD_PAYS",
    "If a customer has several cards on file, the newest is charged.",
    inferred("Clover requires the card's own token then, and does not say what happens without it"),
)
FIRST_WITH_INTENT_SAVES = Behaviour(
    "FIRST_WITH_INTENT_SAVES",
    "A charge with an `intent` to save and the sequence FIRST makes its token multi-pay.",
    documented("TransArmor page"),
)
SUBSEQUENT_IS_WARNED = Behaviour(
    "SUBSEQUENT_IS_WARNED",
    "A SUBSEQUENT payment without an earlier FIRST of its token gets a warning.",
    inferred("REF postordersidpay shows the warning, but not its cause"),
)
AUTHORISATION_IS_UNPAID = Behaviour(
    "AUTHORISATION_IS_UNPAID",
    "An authorization has no `paid` until it is captured.",
    observed("CCL 2023-09; an older fixture (GP 2021) has it"),
)
CREATION_SHOWS_NO_ORDER = Behaviour(
    "CREATION_SHOWS_NO_ORDER",
    "The response to a new charge has no `object` or `order`; get and capture return the order.",
    observed("SEED 2025-05, CCL, PHP21, GP CloverCharge"),
)
TIMES_ARE_ROUNDED = Behaviour(
    "TIMES_ARE_ROUNDED",
    "A charge's creation returns its time in milliseconds; later responses round it to seconds.",
    observed("GP CloverCharge"),
)
CURRENCY_IN_CAPITALS = Behaviour(
    "CURRENCY_IN_CAPITALS",
    "A currency is returned in upper case.",
    observed("CCL 2023-09; older responses have lower case"),
    setting="currency_echo",
)
CHECKS_NEED_DATA = Behaviour(
    "CHECKS_NEED_DATA",
    "A response has an address or CVV check if the token has the data for it.",
    documented("DOCS:test-card-numbers"),
)
CHECKS_DECLINE_NOTHING = Behaviour(
    "CHECKS_DECLINE_NOTHING",
    "A failed check alone does not cause a decline.",
    documented("MD: fraud tools"),
)
AUTHORISATION_LIFE = Behaviour(
    "AUTHORISATION_LIFE",
    "An authorization expires after 7 days for Visa and 30 for Mastercard.",
    documented("MD:create-pre-authorization"),
)
AUTHORISATION_LIFE_OF_OTHERS = Behaviour(
    "AUTHORISATION_LIFE_OF_OTHERS",
    "An authorization of any other brand expires after 7 days.",
    inferred("like Visa; no other brand is named"),
)
CAPTURE_WITHIN_AUTHORISATION = Behaviour(
    "CAPTURE_WITHIN_AUTHORISATION",
    "An authorization can be captured once, for at most the authorized amount.",
    inferred("Clover's hotel and car examples state no limit"),
    setting="over_capture_percent",
)
CHARGE_MAKES_ORDER = Behaviour(
    "CHARGE_MAKES_ORDER",
    "A charge creates an order.",
    documented("REF createcharge"),
)
UNKNOWN_MEMBERS_IGNORED = Behaviour(
    "UNKNOWN_MEMBERS_IGNORED",
    "An undocumented member is ignored and noted in the journal.",
    observed("WOO sends several and is served"),
    setting="strict",
)
FORWARDED_FOR_OPTIONAL = Behaviour(
    "FORWARDED_FOR_OPTIONAL",
    "A payment without x-forwarded-for is accepted.",
    observed("KES sends none, although REF says that it is required"),
    setting="strict",
)

# Declines and errors ------------------------------------------------------------------------------

DECLINE_IS_402 = Behaviour(
    "DECLINE_IS_402",
    "A decline is a 402 with the charge's id in its error, not a 200 with a failed charge.",
    observed("PayHub 2026-09-18, CC 30103, KES, E2E"),
)
DECLINE_WORDS = Behaviour(
    "DECLINE_WORDS",
    "The message of a plain decline is: DECLINED: No reason provided.",
    observed("PayHub 2026-09-18; E2E has the French text"),
)
DECLINE_REASONS = Behaviour(
    "DECLINE_REASONS",
    "Decline codes other than issuer_declined and do_not_honor, and their messages.",
    inferred("common codes in the industry; Clover's list was not found"),
)
FAILED_CHARGE_SHOWN = Behaviour(
    "FAILED_CHARGE_SHOWN",
    "A declined charge can be retrieved: failed, with failure_code and failure_message.",
    inferred("CC 30103 has its id; AE's schema has the members; no such body was recorded"),
)
ERRORS_AS_RECORDED = Behaviour(
    "ERRORS_AS_RECORDED",
    "An error has `declineCode`; `type`, `doc_url` and `param` only where recorded.",
    observed("CC 30103, KES, GP; Clover's pages have the other members"),
    setting="dialect",
)

# Refunds ------------------------------------------------------------------------------------------

REFUND_OF_AUTHORISATION_VOIDS = Behaviour(
    "REFUND_OF_AUTHORISATION_VOIDS",
    "A refund of an authorization voids it; its refundType is PREAUTH.",
    observed("KES, WOO"),
)
REFUND_SETTLES_AT_ONCE = Behaviour(
    "REFUND_SETTLES_AT_ONCE",
    "A refund succeeds immediately, whatever the age of its charge.",
    inferred("GP CloverRefund succeeds; the 25 minutes of a void change no recorded member"),
)

# Idempotency --------------------------------------------------------------------------------------

RETRY_MAKES_NO_SECOND_CHARGE = Behaviour(
    "RETRY_MAKES_NO_SECOND_CHARGE",
    "A retry with the same idempotency key creates no second charge.",
    documented("MD:ecommerce-accepting-payments"),
)
IDEMPOTENCY_REPLAY = Behaviour(
    "IDEMPOTENCY_REPLAY",
    "A retry gets the first response byte for byte, declines included, while it is cached.",
    inferred("the response to a retry and the lifetime of a key were not found"),
)
IDEMPOTENCY_SCOPE = Behaviour(
    "IDEMPOTENCY_SCOPE",
    "A key belongs to one credential; on another path it is rejected.",
    inferred("nothing was found"),
)
REFUSAL_FREES_KEY = Behaviour(
    "REFUSAL_FREES_KEY",
    "A rejected request does not use its key, because it changes nothing.",
    inferred("nothing was found"),
)
ANY_KEY_IS_TAKEN = Behaviour(
    "ANY_KEY_IS_TAKEN",
    "A key need not be a UUID.",
    observed("public clients send others and are served"),
)
