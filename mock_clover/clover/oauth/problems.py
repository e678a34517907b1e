"""Errors of OAuth, and the error for a missing permission.

In OAuth v2, an invalid client, secret, code or verifier all get the same body. The header
x-mock-clover-why has the cause.
"""

from mock_clover.core.evidence import documented, inferred, observed
from mock_clover.core.problem import Problem, message_only_problem

_ENVELOPE = "the format is that of a rejected code; no error body was found"

OAUTH_UNKNOWN_CLIENT = message_only_problem(
    "OAUTH_UNKNOWN_CLIENT", 400, "Unknown Client ID", observed("GP CloverApiAuthorize e2e")
)
OAUTH_INVALID_CREDENTIALS = message_only_problem(
    "OAUTH_INVALID_CREDENTIALS",
    400,
    "Invalid OAuth credentials",
    observed("GP CloverApiAuthorize e2e: wrong secret, wrong or used code"),
)
OAUTH_INVALID_REDIRECT = message_only_problem(
    "OAUTH_INVALID_REDIRECT", 400, "Invalid redirect_uri", inferred("no source was found")
)
OAUTH_CODE_REJECTED = Problem(
    name="OAUTH_CODE_REJECTED",
    status=401,
    message="Failed to validate authentication code.",
    shape="status",
    evidence=observed(
        "live probe of /oauth/v2/token, 2026-03; DOCS:oauth-and-tokens-faqs has the message"
    ),
)
OAUTH_REFRESH_REJECTED = Problem(
    name="OAUTH_REFRESH_REJECTED",
    status=401,
    message="Failed to validate refresh token.",
    shape="status",
    evidence=inferred(f"status and recovery header observed in three clients; {_ENVELOPE}"),
)
OAUTH_RECOVERY_REJECTED = Problem(
    name="OAUTH_RECOVERY_REJECTED",
    status=401,
    message="Failed to validate recovery token.",
    shape="status",
    evidence=inferred(_ENVELOPE),
)
OAUTH_MIGRATION_REJECTED = Problem(
    name="OAUTH_MIGRATION_REJECTED",
    status=401,
    message="Failed to validate auth token.",
    shape="status",
    evidence=inferred(_ENVELOPE),
)
OAUTH_MEDIA_TYPE = Problem(
    name="OAUTH_MEDIA_TYPE",
    status=415,
    message="The content type must be application/json.",
    shape="status",
    evidence=inferred("status observed by thalamus for a form; no error body was found"),
)
CONSENT_CROSS_SITE = message_only_problem(
    "CONSENT_CROSS_SITE",
    403,
    "The consent form must be posted from this server's own page.",
    inferred("specific to this mock; prevents cross-site request forgery (CSRF)"),
)
PERMISSION_MISSING = message_only_problem(
    "PERMISSION_MISSING",
    401,
    "401 Unauthorized",
    documented("DOCS:401-unauthorized: always 401, as for an invalid or expired token"),
)
