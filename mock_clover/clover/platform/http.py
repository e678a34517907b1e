"""Authentication and response headers of the platform API.

Source: recorded responses of sandbox.dev.clover.com (clover_sandbox_simulator, February 2026).
Strict-Transport-Security is omitted, because browsers would then reject plain HTTP for this host.
"""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

from msgspec.structs import replace

from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.common.problems import UNAUTHORIZED
from mock_clover.clover.platform.behaviours import OTHER_MERCHANT_IS_401
from mock_clover.clover.platform.problems import PLATFORM_INVALID_FILTER, PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import Elements, PlatformQuery
from mock_clover.core.evidence import Evidence
from mock_clover.core.problem import Problem
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import (
    NO_AUTH,
    ApiStyle,
    Auth,
    Call,
    Endpoint,
    HandlerResult,
    LongResult,
    RawRequest,
    bearer,
    sandbox_and_server,
)
from mock_clover.engine.error_format import JSON
from mock_clover.engine.reply import Reply
from mock_clover.sandbox.sandbox import Sandbox

PLATFORM_PATH = "/v3/merchants/"
_JSON_UTF8 = b"application/json; charset=utf-8"
_HEADERS = (
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"Tue, 17 Sep 1991 10:00:00 PST"),
    (b"x-robots-tag", b"none"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"x-content-type-options", b"nosniff"),
)
_QUERY_FIELDS_MAX = 100


def check_merchant_and_normalize_token(sandbox: Sandbox, raw: RawRequest) -> RawRequest:
    """Move an access_token from the query to the Authorization header, if there is none.

    Raises UNAUTHORIZED if the path has the id of another merchant: it gets the same error as an
    invalid token, because Clover's WooCommerce plugin relies on a 401 for this.
    """
    if raw.ids[0] != sandbox.credentials.merchant_id:
        raise UNAUTHORIZED.error(
            reason="the merchant id in the path does not belong to "
            f"{sandbox_and_server(sandbox, raw.headers)}, whose merchant id is "
            f"{sandbox.credentials.merchant_id}",
            basis=(OTHER_MERCHANT_IS_401,),
        )
    if b"access_token=" not in raw.query or b"authorization" in raw.headers:
        return raw
    try:
        query = raw.query.decode("ascii", "replace")
        fields = dict(parse_qsl(query, max_num_fields=_QUERY_FIELDS_MAX))
    except ValueError:
        return raw
    token = f"Bearer {fields.get('access_token', '')}".encode("latin-1", "replace")
    return replace(raw, headers=raw.headers | {b"authorization": token})


def merchant_id_from_path(path: str) -> str:
    """Return the merchant id of a platform path."""
    return path[len(PLATFORM_PATH) :].partition("/")[0]


def add_headers(sandbox: Sandbox, endpoint: Endpoint, raw: RawRequest, reply: Reply) -> Reply:
    """Add the headers of all platform responses.

    The request id is a hash of the sandbox's seed, its clock and the request, so a GET changes no
    state.
    """
    source = (sandbox.seed, sandbox.clock.now_ms(), raw.method, raw.path, raw.query, raw.body)
    digest = blake2b(repr(source).encode(), digest_size=16).hexdigest()
    request_id = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
    allowed = ", ".join(endpoint.filters).encode() if reply.status == 200 else b""
    filter_header = ((b"x-clover-allowed-filter-fields", allowed),) if allowed else ()
    return replace(
        reply,
        headers=(
            *reply.headers,
            *_HEADERS,
            (b"x-clover-request-id", request_id.encode()),
            *filter_header,
        ),
        content_type=_JSON_UTF8 if reply.content_type == JSON else reply.content_type,
    )


PLATFORM = ApiStyle(
    preprocess=check_merchant_and_normalize_token,
    postprocess=add_headers,
    joins_repeated_parameters=True,
    platform_errors=True,
)
"""The API style of platform endpoints. The first path parameter is the merchant id."""


def platform_endpoint(
    method: str,
    path: str,
    run: Callable[..., HandlerResult | LongResult],
    response: type[Record],
    permission: Permission | Auth | None,
    evidence: Evidence,
    *,
    query: type[Record] | None = None,
    errors: tuple[Problem, ...] = (),
    **others: Any,
) -> Endpoint:
    """Return an endpoint with the name and the summary of its handler.

    `path` is relative to the path of the merchant. Without a permission, no token is required. Any
    query can have an invalid `expand`.
    """
    auth = permission if isinstance(permission, Auth) else NO_AUTH
    if isinstance(permission, str):
        auth = bearer(permission)
    return Endpoint(
        name=f"platform_{run.__name__}",
        method=method,
        path=f"{PLATFORM_PATH}{{merchant_id}}{path}",
        run=_with_notes(run),
        query=query,
        response=response,
        surface=PLATFORM,
        errors=(*errors, PLATFORM_INVALID_QUERY) if query is not None else errors,
        auth=auth,
        about=(run.__doc__ or "").partition("\n")[0],
        evidence=evidence,
        **others,
    )


def _with_notes(run: Callable[..., HandlerResult | LongResult]) -> Callable[..., Any]:
    """Return a handler that adds the notes of its response to `why`."""

    @wraps(run)
    def handler(sandbox: Sandbox, call: Call[Any, Any]) -> HandlerResult | LongResult:
        result = run(sandbox, call)
        if isinstance(result, Work):
            return result.then(partial(_noted_after, call))
        return _noted(call, result)

    return handler


def _noted_after(call: Call[Any, Any], steps: Steps[HandlerResult]) -> Steps[HandlerResult]:
    result = yield from steps
    return _noted(call, result)


def _noted(call: Call[Any, Any], result: HandlerResult) -> HandlerResult:
    """Add the notes to `why`. An empty list does not show what its rows could expand."""
    if not (isinstance(result, Elements) and not result.elements):
        call.why += "".join(note() for note in call.notes)
    return result


def platform_list_endpoint(
    path: str,
    run: Callable[..., Elements | Work[Elements]],
    fields: Iterable[str],
    permission: Permission,
    evidence: Evidence,
) -> Endpoint:
    """Return the endpoint of a list that can be filtered and ordered by these fields."""
    return platform_endpoint(
        *("GET", path, run, Elements, permission, evidence),
        query=PlatformQuery,
        filters=tuple(fields),
        errors=(PLATFORM_INVALID_FILTER,),
    )
