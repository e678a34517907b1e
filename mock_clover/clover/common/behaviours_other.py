"""How OAuth, 3-D Secure, gift cards, bank debits, webhooks and limits go on, and how we know."""

from mock_clover.core.evidence import Behaviour, documented, inferred

# OAuth and keys -----------------------------------------------------------------------------------

MERCHANT_AGREES_AT_ONCE = Behaviour(
    "MERCHANT_AGREES_AT_ONCE",
    "The page of authorisation asks nobody: it sends the browser back with a code.",
    inferred("of this mock: there is nobody to sign in"),
    setting="consent",
)
MERCHANT_IS_ASKED = Behaviour(
    "MERCHANT_IS_ASKED",
    "Where consent is asked for, a page shows app, merchant, owner and permissions.",
    inferred("of this mock; of Clover's page only the picker of accounts is documented"),
    setting="consent",
)
CONSENT_DENIED = Behaviour(
    "CONSENT_DENIED",
    "A merchant who denies sends the browser back with error=access_denied and the state.",
    inferred("RFC 6749, 4.1.2.1; a public client of Clover looks for `error`"),
    setting="consent",
)
CODE_LIFE = Behaviour(
    "CODE_LIFE",
    "An authorisation code is good once, and for ten minutes.",
    inferred("no lifetime was found; a public fake has the same"),
)
LEGACY_TOKEN_LIFE = Behaviour(
    "LEGACY_TOKEN_LIFE",
    "A bearer token of the legacy flow is good for a year.",
    documented("MD:using-oauth-20"),
    setting="access_token_life_ms",
)
ACCESS_TOKEN_LIFE = Behaviour(
    "ACCESS_TOKEN_LIFE",
    "An access token of OAuth v2 is good for 30 minutes, its refresh token for a year.",
    documented("DOCS:oauth-and-tokens-faqs; two real payloads agree"),
)
REFRESH_TOKEN_WORKS_ONCE = Behaviour(
    "REFRESH_TOKEN_WORKS_ONCE",
    "A refresh token works once, and a new one comes in its place.",
    documented("MD:refresh-access-tokens"),
)
OLD_ACCESS_TOKENS_LIVE_ON = Behaviour(
    "OLD_ACCESS_TOKENS_LIVE_ON",
    "A refresh ends no access token that was given before.",
    inferred("no page says that it does"),
)
REFRESH_TOKENS_ARE_LIMITED = Behaviour(
    "REFRESH_TOKENS_ARE_LIMITED",
    "A merchant has a hundred live refresh tokens of an app; beyond that the oldest goes.",
    inferred("there is a limit (MD:refresh-access-tokens), whose number is not published"),
    setting="refresh_tokens_max",
)
LOST_TOKEN_IS_RECOVERED = Behaviour(
    "LOST_TOKEN_IS_RECOVERED",
    "For two weeks the refresh token before the newest recovers it, if nobody has used it.",
    documented("DOCS:high-trust-app-auth-flow"),
)
ACCESS_TOKEN_SIGNATURE = Behaviour(
    "ACCESS_TOKEN_SIGNATURE",
    "An access token is a JWT signed by HS256 under the app's secret.",
    inferred("that it is a JWT was seen; how it is signed was not"),
)
PERMISSIONS_PER_CALL = Behaviour(
    "PERMISSIONS_PER_CALL",
    "A call without its permission is refused as if its token were wrong.",
    documented("DOCS:401-unauthorized; MD:ecommerce-app-permissions"),
    setting="permissions",
)
ONE_HOST = Behaviour(
    "ONE_HOST",
    "All of Clover's hosts are one here: every path is served at one address.",
    inferred("of this mock; the pages contradict each other about hosts"),
)

EXTENSIONS_ARE_SERVED = Behaviour(
    "EXTENSIONS_ARE_SERVED",
    "Operations that only Clover's SDKs know are served: of tokens GET, of customers GET, DELETE.",
    inferred("NODE and OAS-TOK have them, REF has not"),
    setting="strict",
)

# 3-D Secure ---------------------------------------------------------------------------------------

FLOW_BY_CARD = Behaviour(
    "FLOW_BY_CARD",
    "Which 3-D Secure flow a test card takes at its amount; any other amount is frictionless.",
    inferred("the 3DS SDK page has cards and amounts, and not what each shows"),
)
PENDING_CHARGE_SHOWN = Behaviour(
    "PENDING_CHARGE_SHOWN",
    "A charge that waits for its cardholder is told as pending, without an outcome.",
    inferred("its `threeds` is documented, its status was not found"),
)
FLOW_STATUS_DECIDES = Behaviour(
    "FLOW_STATUS_DECIDES",
    "Where nobody answered for the issuer, the client's flow_status says how 3-D Secure ended.",
    inferred("its values were not found"),
)
THREEDS_LIFE = Behaviour(
    "THREEDS_LIFE",
    "A charge waits ten minutes for its cardholder, and then has failed.",
    inferred("nothing was found"),
    setting="threeds_life_ms",
)
SDK_EVENT_TARGET = Behaviour(
    "SDK_EVENT_TARGET",
    "The 3DS SDK fires executePatch on the document, from which it bubbles to the window.",
    inferred("the event is documented, its target was not found"),
)
SDK_STATUS = Behaviour(
    "SDK_STATUS",
    "The event's _3DSStatus, and 3DSStatus, is SUCCESS, ATTEMPTED, UNAVAILABLE or FAILED.",
    inferred("both names are documented, no value is; the words of authentication_status"),
)
SDK_METHOD_WAITS = Behaviour(
    "SDK_METHOD_WAITS",
    "A method page that says nothing for ten seconds is UNAVAILABLE, and the charge goes on.",
    inferred("EMVCo's bound; nothing was found of the SDK's"),
)
SDK_CANCEL_REFUSES = Behaviour(
    "SDK_CANCEL_REFUSES",
    "Who closes the challenge's window has the bank refuse.",
    inferred("EMVCo's rule; nothing was found of the SDK's window"),
)
RESULT_FROM_ELSEWHERE = Behaviour(
    "RESULT_FROM_ELSEWHERE",
    "An authentication made elsewhere is answered with an unknown status and no protection.",
    documented("DOCS:use-3ds"),
)

# Gift cards and bank debits -----------------------------------------------------------------------

FRESH_GIFT_CARD_HOLDS = Behaviour(
    "FRESH_GIFT_CARD_HOLDS",
    "A gift card that was never activated holds 50.00.",
    inferred("MD:gift-card-api shows a card of 5000"),
    setting="gift_card_balance",
)
LOW_BALANCE_NEVER_DECLINES = Behaviour(
    "LOW_BALANCE_NEVER_DECLINES",
    "A gift card that holds too little is charged what it has.",
    documented("MD:gift-card-api"),
)
GIFT_CARD_LIFE = Behaviour(
    "GIFT_CARD_LIFE",
    "A gift card expires five years after its activation.",
    inferred("the least that US law allows; a sample has a date and no rule"),
)
CASHOUT_LEAVES_LOCKS = Behaviour(
    "CASHOUT_LEAVES_LOCKS",
    "A cashout pays what is not locked, and is answered as a reload is.",
    inferred("its answer is shown nowhere"),
)
DEBIT_IS_PENDING = Behaviour(
    "DEBIT_IS_PENDING",
    "A bank debit is pending for three days and then succeeds.",
    inferred("how long was not found"),
    setting="ach_pending_ms",
)
DEBIT_IS_APPROVED = Behaviour(
    "DEBIT_IS_APPROVED",
    "A bank debit is approved unless a rule says otherwise.",
    inferred("no test account that fails was found"),
)

# Webhooks -----------------------------------------------------------------------------------------

EVENTS_OF_A_PAYMENT = Behaviour(
    "EVENTS_OF_A_PAYMENT",
    "Which events follow a call: P and O for payments, C for customers, one to a POST.",
    inferred("kinds and types are documented, which comes of what is not"),
)
WEBHOOK_AUTH = Behaviour(
    "WEBHOOK_AUTH",
    "A platform event shows X-Clover-Auth; its target first hands back a code that it was sent.",
    documented("DOCS: webhooks"),
)
WEBHOOK_SIGNATURE = Behaviour(
    "WEBHOOK_SIGNATURE",
    "A hosted checkout's event is signed over its time and raw body.",
    documented("DOCS: hosted checkout webhooks; mbates/clover verifies it so"),
)
WEBHOOK_RETRIES = Behaviour(
    "WEBHOOK_RETRIES",
    "A delivery that fails is tried five times more, within fifteen hours.",
    inferred("no schedule was found; a target may have its own"),
)

# Limits -------------------------------------------------------------------------------------------

RATE_LIMITS = Behaviour(
    "RATE_LIMITS",
    "A token has 16 calls a second and 5 at once, an app 50 and 10; off unless it is asked for.",
    documented("MD:api-usage-rate-limits"),
    setting="rate_limits",
)
RATE_LIMIT_WINDOWS = Behaviour(
    "RATE_LIMIT_WINDOWS",
    "A second is counted back from each call; one that comes too early adds a second to the wait.",
    inferred("that the wait grows is documented, by how much is not"),
)
