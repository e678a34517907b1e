"""Check that the path of a request selects its sandbox, as a proxy in front of replicas needs.

A replica has some of the sandboxes. The proxy selects it by the name in the path, and does not read
credentials. A request without a name could therefore reach any replica.
"""

import re

from mock_clover.browser.cards import ENDPOINT as CARDS
from mock_clover.browser.surface import BROWSER_SURFACE
from mock_clover.clover.common.problems import REPLICA_NEEDS_PATH, ApiError
from mock_clover.control import health
from mock_clover.core.masking import redact
from mock_clover.sandbox.names import shard_of
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.server.app.resolver import without_slash

_NAMED_PATH = re.compile(
    r"/(?:sandbox/([^/]+)(?:/_mock/sandboxes/([^/]+))?|_mock/sandboxes/([^/]+))"
)
_COMMON_PATHS = frozenset(
    endpoint.path for endpoint in (*BROWSER_SURFACE, *health.ENDPOINTS) if endpoint is not CARDS
)
"""Health probes, the OpenAPI document and static files: all replicas give the same response."""
_PATH_CHARS_MAX = 200
"""A longer path is cut in the message."""


def addressing_error(path: str) -> ApiError | None:
    """Return the error of a path that does not select one sandbox, or None."""
    match = _NAMED_PATH.match(path)
    if match is None and without_slash(path) in _COMMON_PATHS:
        return None
    reason = (
        "has no name of a sandbox; this server is one of several replicas, which find a sandbox by "
        "the path only, not by credentials: use /sandbox/<name>/... or /_mock/sandboxes/<name>"
    )
    if match is not None:
        shards = {shard_of(name) for name in match.groups() if name}
        if DEFAULT in shards:
            reason = (
                f"names the sandbox {DEFAULT}, which replicas do not serve, because its links have "
                "no name in the path: use another name"
            )
        elif len(shards) == 1:
            return None
        else:
            reason = "names two sandboxes that different replicas may have: omit the first name"
    asked = redact(path)[:_PATH_CHARS_MAX]
    return REPLICA_NEEDS_PATH.error(detail=f"the path {asked} {reason}")
