"""How tokens, charges, refunds and idempotency keys go on, and how we know.

Only what is neither a member of a record nor a refusal of the catalogue stands here.
"""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

# Tokens -------------------------------------------------------------------------------------------

BRAND_FROM_NUMBER = Behaviour(
    "BRAND_FROM_NUMBER",
    "The brand of a token is read off the card's number, whatever brand was sent.",
    observed("dan1d reads a brand that it never sent"),
)
NO_CHECK_AT_TOKENISATION = Behaviour(
    "NO_CHECK_AT_TOKENISATION",
    "No address or CVV check is made for a token; both are made when it pays.",
    documented("MD: fraud tools"),
)
ORDER_OF_CARD_CHECKS = Behaviour(
    "ORDER_OF_CARD_CHECKS",
    "Of a card with several faults the number is refused first, then the expiry, then the CVV.",
    inferred("nothing was found; no error of the token host was ever recorded"),
)
TOKEN_KEEPS = Behaviour(
    "TOKEN_KEEPS",
    "A single-pay token that nobody uses stays good until its card expires.",
    inferred("no lifetime of an unused token was found"),
)
TOKEN_PAYS_ONCE = Behaviour(
    "TOKEN_PAYS_ONCE",
    "A single-pay token pays once; saved for a customer it pays again and again.",
    documented("SEED save-a-card; CC 23365, PHP21 have the refusal"),
)
DECLINE_SPENDS_TOKEN = Behaviour(
    "DECLINE_SPENDS_TOKEN",
    "A declined charge uses up its single-pay token.",
    inferred("shops ask for a new token after a decline; Clover says nothing of it"),
    setting="decline_spends_token",
)
FOREIGN_TOKEN_PAYS_AGAIN = Behaviour(
    "FOREIGN_TOKEN_PAYS_AGAIN",
    "A token made of a TransArmor token pays more than once.",
    documented("TransArmor page"),
)
WALLET_IS_APPROVED = Behaviour(
    "WALLET_IS_APPROVED",
    "A wallet's sealed payload is not opened; it stands for the test card that is approved.",
    inferred("it is sealed for Clover's own key"),
)

# Charges ------------------------------------------------------------------------------------------

LISTED_CARD = Behaviour(
    "LISTED_CARD",
    "A card that the scenario lists ends as its line says; each line has a mark of its own.",
    documented("DOCS:test-card-numbers"),
)
SCENARIO_RULE = Behaviour(
    "SCENARIO_RULE",
    "A call that a rule of the scenario matches ends as the rule says; each rule has its own mark.",
    inferred("a rule is the tester's own word; `evidence` in it says what it rests on"),
)
ASKED_OUTCOME = Behaviour(
    "ASKED_OUTCOME",
    "A header or a text of the request says how the call ends.",
    inferred("of this mock; Clover has no such trigger"),
)
UNLISTED_CARD_APPROVED = Behaviour(
    "UNLISTED_CARD_APPROVED",
    "A card that the scenario does not list is approved.",
    inferred("Clover names test cards only, and not what its sandbox does with others"),
    setting="listed_cards_only",
)
EXPIRED_CARD_DECLINED = Behaviour(
    "EXPIRED_CARD_DECLINED",
    "A card whose month is over by the sandbox's clock is declined.",
    inferred("error-codes name the reason; when the sandbox gives it was not found"),
)
SAVED_TOKEN_WANTS_STORED_CREDENTIALS = Behaviour(
    "SAVED_TOKEN_WANTS_STORED_CREDENTIALS",
    "The token of a saved card is declined for its CVV unless stored_credentials stand beside it.",
    observed("CC 30103"),
)
CUSTOMER_PAYS_PLAINLY = Behaviour(
    "CUSTOMER_PAYS_PLAINLY",
    "A customer's id as source pays without stored_credentials.",
    documented("SEED save-a-card"),
)
NEWEST_CARD_PAYS = Behaviour(
    "NEWEST_CARD_PAYS",
    "Of a customer with several cards on file the newest pays.",
    inferred("Clover asks for the card's own token there, and does not say what happens without"),
)
FIRST_WITH_INTENT_SAVES = Behaviour(
    "FIRST_WITH_INTENT_SAVES",
    "A charge with an intent to save and the sequence FIRST makes its token multi-pay.",
    documented("TransArmor page"),
)
SUBSEQUENT_IS_WARNED = Behaviour(
    "SUBSEQUENT_IS_WARNED",
    "A payment that calls itself SUBSEQUENT with no FIRST of its token before it is warned.",
    inferred("REF postordersidpay shows the warning, not what it comes of"),
)
AUTHORISATION_IS_UNPAID = Behaviour(
    "AUTHORISATION_IS_UNPAID",
    "An authorisation has no `paid` until it is captured.",
    observed("CCL 2023-09; an older fixture (GP 2021) has it"),
)
CREATION_SHOWS_NO_ORDER = Behaviour(
    "CREATION_SHOWS_NO_ORDER",
    "A new charge is told without `object` and `order`; retrieved and captured it has its order.",
    observed("SEED 2025-05, CCL, PHP21, GP CloverCharge"),
)
TIMES_ARE_ROUNDED = Behaviour(
    "TIMES_ARE_ROUNDED",
    "The time of a charge is told to the millisecond once, and to the second ever after.",
    observed("GP CloverCharge"),
)
CURRENCY_IN_CAPITALS = Behaviour(
    "CURRENCY_IN_CAPITALS",
    "A currency is echoed in capitals, however it was sent.",
    observed("CCL 2023-09; older answers have small letters"),
    setting="currency_echo",
)
CHECKS_NEED_DATA = Behaviour(
    "CHECKS_NEED_DATA",
    "A check of address or CVV stands in the answer where the token brought its data.",
    documented("DOCS:test-card-numbers"),
)
CHECKS_DECLINE_NOTHING = Behaviour(
    "CHECKS_DECLINE_NOTHING",
    "A failed check declines nothing by itself.",
    documented("MD: fraud tools"),
)
AUTHORISATION_LIFE = Behaviour(
    "AUTHORISATION_LIFE",
    "An authorisation lapses after 7 days for Visa and 30 for Mastercard.",
    documented("MD:create-pre-authorization"),
)
AUTHORISATION_LIFE_OF_OTHERS = Behaviour(
    "AUTHORISATION_LIFE_OF_OTHERS",
    "The authorisation of any other brand lapses after 7 days.",
    inferred("as Visa's; no other brand is named"),
)
CAPTURE_WITHIN_AUTHORISATION = Behaviour(
    "CAPTURE_WITHIN_AUTHORISATION",
    "No more is captured than was authorised; less may be, and once only.",
    inferred("Clover's examples of hotels and cars state no limit"),
    setting="over_capture_percent",
)
CHARGE_MAKES_ORDER = Behaviour(
    "CHARGE_MAKES_ORDER",
    "A charge makes an order by itself.",
    documented("REF createcharge"),
)
UNKNOWN_MEMBERS_IGNORED = Behaviour(
    "UNKNOWN_MEMBERS_IGNORED",
    "A member that no page names is ignored, and noted in the journal.",
    observed("WOO sends several and is served"),
    setting="strict",
)
FORWARDED_FOR_OPTIONAL = Behaviour(
    "FORWARDED_FOR_OPTIONAL",
    "A payment without x-forwarded-for is taken.",
    observed("KES sends none, though REF says that it is required"),
    setting="strict",
)

# Declines and refusals ----------------------------------------------------------------------------

DECLINE_IS_402 = Behaviour(
    "DECLINE_IS_402",
    "A decline is a 402 whose error names the charge; it is no 200 that failed.",
    observed("PayHub 2026-09-18, CC 30103, KES, E2E"),
)
DECLINE_WORDS = Behaviour(
    "DECLINE_WORDS",
    "The message of a plain decline is: DECLINED: No reason provided.",
    observed("PayHub 2026-09-18; E2E has the French text"),
)
DECLINE_REASONS = Behaviour(
    "DECLINE_REASONS",
    "Decline codes beside issuer_declined and do_not_honor, and their words.",
    inferred("common codes of the field; Clover's list was not found"),
)
FAILED_CHARGE_SHOWN = Behaviour(
    "FAILED_CHARGE_SHOWN",
    "A declined charge can be retrieved: failed, with failure_code and failure_message.",
    inferred("CC 30103 gives it an id; AE's schema has the members; no such body was recorded"),
)
ERRORS_AS_RECORDED = Behaviour(
    "ERRORS_AS_RECORDED",
    "An error has `declineCode`, and no `type`, `doc_url` or `param` where none was recorded.",
    observed("CC 30103, KES, GP; Clover's pages have the other members"),
    setting="dialect",
)

# Refunds ------------------------------------------------------------------------------------------

REFUND_OF_AUTHORISATION_VOIDS = Behaviour(
    "REFUND_OF_AUTHORISATION_VOIDS",
    "A refund of an authorisation voids it, and says PREAUTH.",
    observed("KES, WOO"),
)
REFUND_SETTLES_AT_ONCE = Behaviour(
    "REFUND_SETTLES_AT_ONCE",
    "A refund has succeeded as soon as it is made, however young its charge is.",
    inferred("GP CloverRefund succeeds; the 25 minutes of a void change no member that was seen"),
)

# Idempotency --------------------------------------------------------------------------------------

RETRY_MAKES_NO_SECOND_CHARGE = Behaviour(
    "RETRY_MAKES_NO_SECOND_CHARGE",
    "A retry with the same idempotency key makes no second charge.",
    documented("MD:ecommerce-accepting-payments"),
)
IDEMPOTENCY_REPLAY = Behaviour(
    "IDEMPOTENCY_REPLAY",
    "A retry gets the first reply byte for byte, a decline too, for as long as it is kept.",
    inferred("what a replay says, and how long a key lives, was not found"),
)
IDEMPOTENCY_SCOPE = Behaviour(
    "IDEMPOTENCY_SCOPE",
    "A key belongs to one credential; on another path it is refused.",
    inferred("nothing was found"),
)
REFUSAL_FREES_KEY = Behaviour(
    "REFUSAL_FREES_KEY",
    "A request that was refused leaves its key free, for nothing has happened.",
    inferred("nothing was found"),
)
ANY_KEY_IS_TAKEN = Behaviour(
    "ANY_KEY_IS_TAKEN",
    "A key need be no UUID.",
    observed("public clients send others and are served"),
)
