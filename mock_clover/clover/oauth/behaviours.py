"""Behaviours of OAuth and permissions, with their evidence."""

from mock_clover.core.evidence import Behaviour, documented, inferred, observed

DEACTIVATED_KEY_IS_REJECTED = Behaviour(
    "DEACTIVATED_KEY_IS_REJECTED",
    "A deactivated apikey is like a wrong one; GET /pakms/apikey shows it with active: false.",
    inferred("SEED card token: keys can be deactivated; no response was recorded"),
    setting="api_key_active",
)
TOKEN_HAS_INTEGRATION_TYPE = Behaviour(
    "TOKEN_HAS_INTEGRATION_TYPE",
    "An Ecommerce token is valid for one type of integration. By default, for all of them.",
    observed("PayHub 2026-09; that the error is a 401 is inferred"),
    setting="integration_type",
)
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
