"""Problems of OAuth v2, and of a bearer token without a required permission.

A wrong client, secret, code or verifier all get the same body. The header x-mock-clover-why has
the cause.
"""

from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.problem import Problem, bare

_ENVELOPE = "the envelope of a rejected code; no body was found"

OAUTH_CODE_REFUSED = Problem(
    name="OAUTH_CODE_REFUSED",
    status=401,
    message="Failed to validate authentication code.",
    shape="status",
    evidence=observed(
        "live probe of /oauth/v2/token, 2026-03; DOCS:oauth-and-tokens-faqs has the message"
    ),
)
OAUTH_REFRESH_REFUSED = Problem(
    name="OAUTH_REFRESH_REFUSED",
    status=401,
    message="Failed to validate refresh token.",
    shape="status",
    evidence=inferred(f"status and recovery header observed in three clients; {_ENVELOPE}"),
)
OAUTH_RECOVERY_REFUSED = Problem(
    name="OAUTH_RECOVERY_REFUSED",
    status=401,
    message="Failed to validate recovery token.",
    shape="status",
    evidence=inferred(_ENVELOPE),
)
OAUTH_MIGRATION_REFUSED = Problem(
    name="OAUTH_MIGRATION_REFUSED",
    status=401,
    message="Failed to validate auth token.",
    shape="status",
    evidence=inferred(_ENVELOPE),
)
OAUTH_MEDIA_TYPE = Problem(
    name="OAUTH_MEDIA_TYPE",
    status=415,
    message="The body must be application/json.",
    shape="status",
    evidence=inferred("status observed by thalamus for a form; its body was not found"),
)
CONSENT_FROM_ELSEWHERE = bare(
    "CONSENT_FROM_ELSEWHERE",
    403,
    "The consent form must be posted from this server's own page.",
    inferred("of this mock: it prevents cross-site requests"),
)
PERMISSION_MISSING = bare(
    "PERMISSION_MISSING",
    401,
    "401 Unauthorized",
    documented("DOCS:401-unauthorized: always 401, as for a wrong or an expired token"),
)
