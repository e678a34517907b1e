"""Behaviours of OAuth, 3-D Secure, gift cards, ACH debits, webhooks and rate limits."""

from mock_clover.core.evidence import Behaviour, documented, inferred

# OAuth and keys -----------------------------------------------------------------------------------

CONSENT_IS_AUTOMATIC = Behaviour(
    "CONSENT_IS_AUTOMATIC",
    "The authorization page does not ask for consent: it redirects the browser with a code.",
    inferred("a feature of this mock, which has no user who could sign in"),
    setting="consent",
)
CONSENT_PAGE = Behaviour(
    "CONSENT_PAGE",
    "If consent is required, a page shows the app, merchant, owner and permissions.",
    inferred("a page of this mock; only the account picker of Clover's page is documented"),
    setting="consent",
)
CONSENT_DENIED = Behaviour(
    "CONSENT_DENIED",
    "If the merchant denies access, the browser is redirected with error=access_denied and state.",
    inferred("RFC 6749, 4.1.2.1; a public client of Clover checks `error`"),
    setting="consent",
)
CODE_LIFETIME = Behaviour(
    "CODE_LIFETIME",
    "An authorization code is valid once and for ten minutes.",
    inferred("no lifetime was found; another public mock uses the same values"),
)
LEGACY_TOKEN_LIFETIME = Behaviour(
    "LEGACY_TOKEN_LIFETIME",
    "A bearer token of the legacy flow is valid for one year.",
    documented("MD:using-oauth-20"),
    setting="access_token_life_ms",
)
ACCESS_TOKEN_LIFETIME = Behaviour(
    "ACCESS_TOKEN_LIFETIME",
    "An access token of OAuth v2 is valid for 30 minutes, its refresh token for one year.",
    documented("DOCS:oauth-and-tokens-faqs; two recorded payloads agree"),
)
REFRESH_TOKEN_WORKS_ONCE = Behaviour(
    "REFRESH_TOKEN_WORKS_ONCE",
    "A refresh token can be used once; the response has a new one.",
    documented("MD:refresh-access-tokens"),
)
OLD_ACCESS_TOKENS_STAY_VALID = Behaviour(
    "OLD_ACCESS_TOKENS_STAY_VALID",
    "A refresh does not revoke earlier access tokens.",
    inferred("no documentation says otherwise"),
)
REFRESH_TOKENS_ARE_LIMITED = Behaviour(
    "REFRESH_TOKENS_ARE_LIMITED",
    "A merchant has at most 100 valid refresh tokens per app; a new one evicts the oldest.",
    inferred("MD:refresh-access-tokens mentions a limit, but not its value"),
    setting="refresh_tokens_max",
)
LOST_TOKEN_IS_RECOVERED = Behaviour(
    "LOST_TOKEN_IS_RECOVERED",
    "For two weeks, the previous refresh token recovers the newest one if that one is unused.",
    documented("DOCS:high-trust-app-auth-flow"),
)
ACCESS_TOKEN_SIGNATURE = Behaviour(
    "ACCESS_TOKEN_SIGNATURE",
    "An access token is a JWT, signed with HS256 and the app secret.",
    inferred("that it is a JWT was observed; how it is signed was not"),
)
PERMISSIONS_PER_REQUEST = Behaviour(
    "PERMISSIONS_PER_REQUEST",
    "A request without a required permission is rejected as if its token were invalid.",
    documented("DOCS:401-unauthorized; MD:ecommerce-app-permissions"),
    setting="permissions",
)
ONE_HOST = Behaviour(
    "ONE_HOST",
    "One address serves the paths of all of Clover's hosts.",
    inferred("a feature of this mock; Clover's pages contradict each other about hosts"),
)

SDK_ONLY_OPERATIONS_ARE_SUPPORTED = Behaviour(
    "SDK_ONLY_OPERATIONS_ARE_SUPPORTED",
    "Operations that only Clover's SDKs define are supported: GET token, GET and DELETE customer.",
    inferred("NODE and OAS-TOK have the operations, REF does not"),
    setting="strict",
)

# 3-D Secure ---------------------------------------------------------------------------------------

FLOW_BY_CARD = Behaviour(
    "FLOW_BY_CARD",
    "A test card and its amount select the 3-D Secure flow; any other amount is frictionless.",
    inferred("the 3DS SDK page has cards and amounts, but not their flows"),
)
PENDING_CHARGE_IS_RETRIEVABLE = Behaviour(
    "PENDING_CHARGE_IS_RETRIEVABLE",
    "A charge that waits for the cardholder is returned as pending, without an outcome.",
    inferred("`threeds` is documented, but no source shows the status"),
)
FLOW_STATUS_DECIDES = Behaviour(
    "FLOW_STATUS_DECIDES",
    "If the page of the issuer has no result, flow_status sets the 3-D Secure result.",
    inferred("no source lists the values"),
)
THREEDS_LIFETIME = Behaviour(
    "THREEDS_LIFETIME",
    "A charge waits ten minutes for the cardholder and then fails.",
    inferred("no source was found"),
    setting="threeds_life_ms",
)
SDK_EVENT_TARGET = Behaviour(
    "SDK_EVENT_TARGET",
    "The 3DS SDK fires executePatch on the document; it bubbles to the window.",
    inferred("the event is documented, but not its target"),
)
SDK_STATUS = Behaviour(
    "SDK_STATUS",
    "The event has _3DSStatus and 3DSStatus: SUCCESS, ATTEMPTED, UNAVAILABLE or FAILED.",
    inferred("both names are documented, but no values; these are from authentication_status"),
)
SDK_METHOD_WAITS = Behaviour(
    "SDK_METHOD_WAITS",
    "If a method page does not respond for ten seconds, the status is UNAVAILABLE and the charge "
    "continues.",
    inferred("the time limit of EMVCo; no source gives that of the SDK"),
)
SDK_CANCEL_FAILS_AUTHENTICATION = Behaviour(
    "SDK_CANCEL_FAILS_AUTHENTICATION",
    "If the challenge window is closed, the authentication fails.",
    inferred("the rule of EMVCo; no source describes the window of the SDK"),
)
EXTERNAL_AUTHENTICATION = Behaviour(
    "EXTERNAL_AUTHENTICATION",
    "A 3-D Secure result of another provider gets an unknown status and no liability shift.",
    documented("DOCS:use-3ds"),
)

# Gift cards and ACH debits ------------------------------------------------------------------------

NEW_GIFT_CARD_BALANCE = Behaviour(
    "NEW_GIFT_CARD_BALANCE",
    "A gift card that was never activated has a balance of 50.00.",
    inferred("MD:gift-card-api shows a card with 5000"),
    setting="gift_card_balance",
)
LOW_BALANCE_NEVER_DECLINES = Behaviour(
    "LOW_BALANCE_NEVER_DECLINES",
    "A charge that exceeds the balance of a gift card redeems the whole balance.",
    documented("MD:gift-card-api"),
)
GIFT_CARD_LIFETIME = Behaviour(
    "GIFT_CARD_LIFETIME",
    "A gift card expires five years after activation.",
    inferred("the minimum in US law; a sample has a date, but there is no rule"),
)
CASHOUT_LEAVES_LOCKS = Behaviour(
    "CASHOUT_LEAVES_LOCKS",
    "A cashout pays the unlocked balance; its response is like that of a reload.",
    inferred("no sample of its response was found"),
)
DEBIT_IS_PENDING = Behaviour(
    "DEBIT_IS_PENDING",
    "An ACH debit is pending for three days, then succeeds.",
    inferred("no source gives the duration"),
    setting="ach_pending_ms",
)
DEBIT_IS_APPROVED = Behaviour(
    "DEBIT_IS_APPROVED",
    "An ACH debit is approved unless a rule says otherwise.",
    inferred("no test account that fails was found"),
)

# Webhooks -----------------------------------------------------------------------------------------

EVENTS_OF_A_PAYMENT = Behaviour(
    "EVENTS_OF_A_PAYMENT",
    "A request triggers webhook events: P and O for payments, C for customers. Each delivery "
    "contains one event.",
    inferred("kinds and types are documented, but not their causes"),
)
WEBHOOK_AUTH = Behaviour(
    "WEBHOOK_AUTH",
    "Platform events carry the X-Clover-Auth header. A target must first confirm the verification "
    "code sent to it.",
    documented("DOCS: webhooks"),
)
WEBHOOK_SIGNATURE = Behaviour(
    "WEBHOOK_SIGNATURE",
    "The signature of a hosted checkout event covers its time and raw body.",
    documented("DOCS: hosted checkout webhooks; mbates/clover verifies it this way"),
)
WEBHOOK_RETRIES = Behaviour(
    "WEBHOOK_RETRIES",
    "A failed delivery is retried five times within fifteen hours.",
    inferred("no schedule was found; a target can have its own"),
)

# Limits -------------------------------------------------------------------------------------------

RATE_LIMITS = Behaviour(
    "RATE_LIMITS",
    "16 requests per second and 5 concurrent ones per token, 50 and 10 per app; off by default.",
    documented("MD:api-usage-rate-limits"),
    setting="rate_limits",
)
RATE_LIMIT_WINDOWS = Behaviour(
    "RATE_LIMIT_WINDOWS",
    "The window is the second before each request; a request that comes too early adds a second "
    "to the waiting time.",
    inferred("that the waiting time grows is documented, but not by how much"),
)
