"""Behaviours of OAuth, 3-D Secure, gift cards, bank debits, webhooks and rate limits."""

from mock_clover.core.evidence import Behaviour, documented, inferred

# OAuth and keys -----------------------------------------------------------------------------------

MERCHANT_AGREES_AT_ONCE = Behaviour(
    "MERCHANT_AGREES_AT_ONCE",
    "The authorization page does not ask for consent: it redirects the browser with a code.",
    inferred("of this mock: there is no user to sign in"),
    setting="consent",
)
MERCHANT_IS_ASKED = Behaviour(
    "MERCHANT_IS_ASKED",
    "If consent is required, a page shows app, merchant, owner and permissions.",
    inferred("of this mock; only the account picker of Clover's page is documented"),
    setting="consent",
)
CONSENT_DENIED = Behaviour(
    "CONSENT_DENIED",
    "If the merchant denies, the browser is redirected with error=access_denied and the state.",
    inferred("RFC 6749, 4.1.2.1; a public client of Clover checks `error`"),
    setting="consent",
)
CODE_LIFE = Behaviour(
    "CODE_LIFE",
    "An authorization code is valid once, and for ten minutes.",
    inferred("no lifetime was found; a public fake has the same"),
)
LEGACY_TOKEN_LIFE = Behaviour(
    "LEGACY_TOKEN_LIFE",
    "A bearer token of the legacy flow is valid for a year.",
    documented("MD:using-oauth-20"),
    setting="access_token_life_ms",
)
ACCESS_TOKEN_LIFE = Behaviour(
    "ACCESS_TOKEN_LIFE",
    "An access token of OAuth v2 is valid for 30 minutes, its refresh token for a year.",
    documented("DOCS:oauth-and-tokens-faqs; two real payloads agree"),
)
REFRESH_TOKEN_WORKS_ONCE = Behaviour(
    "REFRESH_TOKEN_WORKS_ONCE",
    "A refresh token works once; the response has a new one.",
    documented("MD:refresh-access-tokens"),
)
OLD_ACCESS_TOKENS_LIVE_ON = Behaviour(
    "OLD_ACCESS_TOKENS_LIVE_ON",
    "A refresh does not revoke earlier access tokens.",
    inferred("no page says that it does"),
)
REFRESH_TOKENS_ARE_LIMITED = Behaviour(
    "REFRESH_TOKENS_ARE_LIMITED",
    "A merchant has at most a hundred live refresh tokens per app; a new one evicts the oldest.",
    inferred("there is a limit (MD:refresh-access-tokens), but it is not published"),
    setting="refresh_tokens_max",
)
LOST_TOKEN_IS_RECOVERED = Behaviour(
    "LOST_TOKEN_IS_RECOVERED",
    "For two weeks the previous refresh token recovers the newest one, if that is unused.",
    documented("DOCS:high-trust-app-auth-flow"),
)
ACCESS_TOKEN_SIGNATURE = Behaviour(
    "ACCESS_TOKEN_SIGNATURE",
    "An access token is a JWT signed with HS256 and the app's secret.",
    inferred("that it is a JWT was seen; how it is signed was not seen"),
)
PERMISSIONS_PER_CALL = Behaviour(
    "PERMISSIONS_PER_CALL",
    "A request without the required permission is rejected as if its token were invalid.",
    documented("DOCS:401-unauthorized; MD:ecommerce-app-permissions"),
    setting="permissions",
)
ONE_HOST = Behaviour(
    "ONE_HOST",
    "One address serves every path of all of Clover's hosts.",
    inferred("of this mock; the pages contradict each other about hosts"),
)

EXTENSIONS_ARE_SERVED = Behaviour(
    "EXTENSIONS_ARE_SERVED",
    "Operations that only Clover's SDKs define are served: GET token, GET and DELETE customer.",
    inferred("NODE and OAS-TOK have them, REF does not"),
    setting="strict",
)

# 3-D Secure ---------------------------------------------------------------------------------------

FLOW_BY_CARD = Behaviour(
    "FLOW_BY_CARD",
    "A test card and its amount select the 3-D Secure flow; any other amount is frictionless.",
    inferred("the 3DS SDK page has cards and amounts, but not the flow of each"),
)
PENDING_CHARGE_SHOWN = Behaviour(
    "PENDING_CHARGE_SHOWN",
    "A charge that waits for its cardholder is returned as pending, without an outcome.",
    inferred("its `threeds` is documented, its status was not found"),
)
FLOW_STATUS_DECIDES = Behaviour(
    "FLOW_STATUS_DECIDES",
    "If the issuer's page was not answered, the client's flow_status sets the 3-D Secure result.",
    inferred("its values were not found"),
)
THREEDS_LIFE = Behaviour(
    "THREEDS_LIFE",
    "A charge waits ten minutes for its cardholder and then fails.",
    inferred("nothing was found"),
    setting="threeds_life_ms",
)
SDK_EVENT_TARGET = Behaviour(
    "SDK_EVENT_TARGET",
    "The 3DS SDK fires executePatch on the document; it bubbles to the window.",
    inferred("the event is documented, its target was not found"),
)
SDK_STATUS = Behaviour(
    "SDK_STATUS",
    "The event's _3DSStatus, and 3DSStatus, is SUCCESS, ATTEMPTED, UNAVAILABLE or FAILED.",
    inferred("both names are documented, no value is; the values are from authentication_status"),
)
SDK_METHOD_WAITS = Behaviour(
    "SDK_METHOD_WAITS",
    "If a method page does not respond for ten seconds, the status is UNAVAILABLE and the charge "
    "continues.",
    inferred("EMVCo's bound; nothing was found about the SDK's"),
)
SDK_CANCEL_REFUSES = Behaviour(
    "SDK_CANCEL_REFUSES",
    "Closing the challenge window fails the authentication.",
    inferred("EMVCo's rule; nothing was found about the SDK's window"),
)
RESULT_FROM_ELSEWHERE = Behaviour(
    "RESULT_FROM_ELSEWHERE",
    "An authentication made elsewhere gets an unknown status and no protection.",
    documented("DOCS:use-3ds"),
)

# Gift cards and bank debits -----------------------------------------------------------------------

FRESH_GIFT_CARD_HOLDS = Behaviour(
    "FRESH_GIFT_CARD_HOLDS",
    "A gift card that was never activated has a balance of 50.00.",
    inferred("MD:gift-card-api shows a card of 5000"),
    setting="gift_card_balance",
)
LOW_BALANCE_NEVER_DECLINES = Behaviour(
    "LOW_BALANCE_NEVER_DECLINES",
    "A charge above a gift card's balance takes the whole balance.",
    documented("MD:gift-card-api"),
)
GIFT_CARD_LIFE = Behaviour(
    "GIFT_CARD_LIFE",
    "A gift card expires five years after its activation.",
    inferred("the minimum in US law; a sample has a date and no rule"),
)
CASHOUT_LEAVES_LOCKS = Behaviour(
    "CASHOUT_LEAVES_LOCKS",
    "A cashout pays the unlocked balance; its response is like that of a reload.",
    inferred("no sample of its response was found"),
)
DEBIT_IS_PENDING = Behaviour(
    "DEBIT_IS_PENDING",
    "A bank debit is pending for three days, then succeeds.",
    inferred("the duration was not found"),
    setting="ach_pending_ms",
)
DEBIT_IS_APPROVED = Behaviour(
    "DEBIT_IS_APPROVED",
    "A bank debit is approved unless a rule says otherwise.",
    inferred("no failing test account was found"),
)

# Webhooks -----------------------------------------------------------------------------------------

EVENTS_OF_A_PAYMENT = Behaviour(
    "EVENTS_OF_A_PAYMENT",
    "A request causes events: P and O for payments, C for customers, one event per delivery.",
    inferred("kinds and types are documented, their causes are not"),
)
WEBHOOK_AUTH = Behaviour(
    "WEBHOOK_AUTH",
    "Platform events have X-Clover-Auth; a target must first return the verification code it gets.",
    documented("DOCS: webhooks"),
)
WEBHOOK_SIGNATURE = Behaviour(
    "WEBHOOK_SIGNATURE",
    "A hosted checkout event's signature covers its time and raw body.",
    documented("DOCS: hosted checkout webhooks; mbates/clover verifies it this way"),
)
WEBHOOK_RETRIES = Behaviour(
    "WEBHOOK_RETRIES",
    "A failed delivery is retried five times within fifteen hours.",
    inferred("no schedule was found; a target may have its own"),
)

# Limits -------------------------------------------------------------------------------------------

RATE_LIMITS = Behaviour(
    "RATE_LIMITS",
    "A token has 16 requests per second and 5 concurrent, an app 50 and 10; off by default.",
    documented("MD:api-usage-rate-limits"),
    setting="rate_limits",
)
RATE_LIMIT_WINDOWS = Behaviour(
    "RATE_LIMIT_WINDOWS",
    "The window is the second before each request; a request that comes too early adds a second "
    "to the wait.",
    inferred("that the wait grows is documented, by how much is not"),
)
