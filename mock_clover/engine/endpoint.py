"""Endpoints as values: request and response types, errors, authorization and evidence.

`clover/surface.py` lists all endpoints of Clover's API. To add one, write a handler and an
`Endpoint`.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.common.problems import Problem
from mock_clover.clover.common.verdict import Decline, Verdict
from mock_clover.clover.threeds.records import ThreeDSFlow
from mock_clover.core.codec import Codec
from mock_clover.core.evidence import Behaviour, Evidence
from mock_clover.core.masking import redact
from mock_clover.core.printable import printable
from mock_clover.core.record import Record, Value
from mock_clover.core.steps import Work
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.scenario.records_rule import RuleInput

if TYPE_CHECKING:  # engine/reply.py imports this module
    from mock_clover.clover.charges.records import Charge
    from mock_clover.engine.reply import Reply

Body = TypeVar("Body", bound=Record | None)
Query = TypeVar("Query", bound=Record | None)


SCHEME = b":scheme"
"""Pseudo-header of requests received over TLS. A client cannot send a header with this name."""
ROOT_PATH = b":root-path"
"""Pseudo-header: the path that the application is mounted at, percent-encoded, as in ASGI."""
_URL_CHARS_MAX = 200
"""A longer URL is cut in a reason."""


class Auth(Value, frozen=True, kw_only=True):
    """Who may call an operation."""

    kind: Literal["bearer", "apikey", "pakms", "none"]
    """pakms: a bearer token as for `bearer`, but a missing one yields a plain-text 401."""
    permissions: tuple[Permission, ...] = ()
    """Permissions that the app needs, if the scenario sets `permissions`."""
    field_permissions: tuple[tuple[str, Permission], ...] = ()
    """Additional permissions that the app needs if the body has the named field."""
    requires_merchant_id: bool = False
    """Whether X-Clover-Merchant-Id is required in addition to the token; the handler checks it."""


def bearer(
    *permissions: Permission,
    field_permissions: tuple[tuple[str, Permission], ...] = (),
    requires_merchant_id: bool = False,
) -> Auth:
    """Return the authentication of operations that need a bearer token and permissions."""
    return Auth(
        kind="bearer",
        permissions=permissions,
        field_permissions=field_permissions,
        requires_merchant_id=requires_merchant_id,
    )


BEARER = bearer()
NO_AUTH = Auth(kind="none")


class UntypedBody(Record, frozen=True, kw_only=True):
    """A JSON object or YAML text that the handler validates itself."""

    tree: dict[str, Any] = {}
    text: bytes = b""


class RawBody(Record, frozen=True, kw_only=True):
    """A body that the handler decodes itself, in steps."""

    data: bytes


class RawRequest(Value, frozen=True, kw_only=True):
    """A request as received from the transport."""

    method: str
    path: str
    ids: tuple[str, ...] = ()
    query: bytes = b""
    headers: dict[bytes, bytes]
    body: bytes = b""
    started_ns: int = 0

    def __repr__(self) -> str:
        """Return method and path only: headers and body may hold card data or secrets."""
        return redact(f"RawRequest({self.method} {self.path!r})")


class Call(Generic[Body, Query]):
    """A decoded, authorized request. The handler sets `why` to the reason for its decision."""

    __slots__ = (
        "basis",
        "body",
        "headers",
        "ids",
        "issuer_verdict",
        "notes",
        "query",
        "threeds",
        "verdict",
        "why",
    )

    def __init__(
        self,
        body: Body,
        query: Query,
        ids: tuple[str, ...],
        headers: dict[bytes, bytes],
        verdict: Verdict | None = None,
    ) -> None:
        self.body = body
        self.query = query
        self.ids = ids
        self.headers = headers
        self.verdict = verdict
        self.threeds: ThreeDSFlow | None = None
        self.issuer_verdict: Verdict | None = None
        """The issuer's final decision."""
        self.basis: tuple[Behaviour, ...] = ()
        """Behaviours of Clover that the handler relied on, in addition to the endpoint's own."""
        self.why = "no rule applied"
        self.notes: tuple[Callable[[], str], ...] = ()
        """Additions to `why` that are known once the response is built."""

    @property
    def base_url(self) -> str:
        """Scheme, host and root path that the client used to reach this server."""
        return base_url_of(self.headers)

    @property
    def root_path(self) -> str:
        """The path that the application is mounted at, percent-encoded; usually ''."""
        return self.headers.get(ROOT_PATH, b"").decode("ascii")


def base_url_of(headers: dict[bytes, bytes]) -> str:
    """Return the scheme, host and root path that a client used to reach this server."""
    scheme = "https" if SCHEME in headers else "http"
    host = headers.get(b"host", b"localhost").decode("latin-1")
    return f"{scheme}://{host}{headers.get(ROOT_PATH, b'').decode('ascii')}"


def sandbox_and_server(sandbox: Sandbox, headers: dict[bytes, bytes]) -> str:
    """Return which sandbox of which server answers, for the client of several servers."""
    url = printable(redact(base_url_of(headers))[:_URL_CHARS_MAX])
    return f"sandbox {sandbox.name} of the server at {url}"


def sandbox_base_url(sandbox: Sandbox, call: Call[Any, Any]) -> str:
    """Return the base URL of a sandbox, at the host that the client used."""
    root = call.base_url
    return root if sandbox.name == DEFAULT else f"{root}/sandbox/{sandbox.name}"


class Declined(NamedTuple):
    """A charge that was created and declined. It is a result, not an error."""

    charge: "Charge"
    decline: Decline


class Redirect(NamedTuple):
    """A 302 response."""

    location: str


class EncodedJson(NamedTuple):
    """A JSON response, already encoded."""

    body: bytes


class Text(NamedTuple):
    """A plain-text response."""

    text: str


class HtmlPage(NamedTuple):
    """An HTML response."""

    status: int
    html: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Asset(NamedTuple):
    """A static file."""

    body: bytes
    content_type: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class StatusResult(NamedTuple):
    """A response of the control API with an explicit status code.

    `long_poll_ms`: how long the server may repeat the call, waiting for a change, before it sends
    this response.
    """

    status: int
    record: Record
    long_poll_ms: int = 0


HandlerResult = Record | Declined | Redirect | EncodedJson | Text | HtmlPage | Asset | StatusResult
LongResult = Work[HandlerResult]
"""What an unjournaled operation returns if it takes long: the work whose result is its result."""


class ApiStyle(msgspec.Struct, frozen=True, kw_only=True):
    """How one of Clover's APIs preprocesses requests, parses queries and formats errors."""

    preprocess: Callable[[Sandbox, RawRequest], RawRequest] | None = None
    """Return the request as the pipeline should see it. Raises ApiError."""
    postprocess: "Callable[[Sandbox, Endpoint, RawRequest, Reply], Reply] | None" = None
    """Add the headers that every response of this API has."""
    joins_repeated_parameters: bool = False
    """Whether a query parameter may be repeated; its values are joined by commas."""
    platform_errors: bool = False
    """Whether an error body is a message only, without an error object."""
    journaled: bool = True
    """Whether requests are journaled and logged, and whether rules and faults apply to them."""
    runs_due_jobs: bool = True
    """Whether the due jobs of the sandbox and of its merchants run before the handler."""

    @property
    def has_error_object(self) -> bool:
        """Whether error bodies may have an `error` object."""
        return self.journaled and not self.platform_errors


ECOMMERCE = ApiStyle()
UNJOURNALED = ApiStyle(journaled=False, runs_due_jobs=False)
"""The control API and the static files of this mock."""
UNJOURNALED_AFTER_JOBS = ApiStyle(journaled=False)
"""Pages and control operations whose result depends on due jobs."""

RuleInputFactory = Callable[
    [Sandbox, str, Record | None, tuple[str, ...], dict[bytes, bytes], Card | None], RuleInput
]
"""Returns the input of rules. Arguments: sandbox, operation, body, path ids, headers, card."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One operation of an API."""

    name: str
    method: str
    path: str
    run: Callable[[Sandbox, Call[Any, Any]], HandlerResult | LongResult]
    response: type[Record]
    evidence: Evidence
    request: type[Record] | None = None
    body_format: Literal["json", "json_only", "json_or_form", "raw"] = "json"
    """json: any content type. json_only: any other content type is rejected with 415. json_or_form:
    the body is merged with the query. raw: the handler gets a RawBody."""
    response_format: Literal["record", "array", "object", "page"] = "record"
    """array: of `response`, without an envelope. object: JSON that the mock does not type. page:
    HTML for browsers."""
    query: type[Record] | None = None
    auth: Auth = BEARER
    errors: tuple[Problem, ...] = ()
    about: str = ""
    idempotent: bool = False
    """Whether it supports idempotency keys."""
    requires_client_headers: bool = False
    """Whether x-forwarded-for and User-Agent are documented as required; --strict rejects requests
    without them."""
    extension: bool = False
    """Whether Clover's public API lacks the operation; --strict rejects it.

    Some of these operations are defined only in Clover's SDKs.
    """
    cross_origin: bool = False
    """Whether browsers may call it from other origins."""
    path_alias: str = ""
    """An alternative path for the same operation."""
    path_choices: dict[str, tuple[str, ...]] = {}
    """The values that placeholders of the path can have; any other value is an unknown path."""
    surface: ApiStyle = ECOMMERCE
    """The API that the operation belongs to."""
    build_rule_input: RuleInputFactory | None = None
    """Builds the input of rules, if the request alone is not enough."""
    filters: tuple[str, ...] = ()
    """Fields that `filter` and `orderBy` support; a response header lists them."""
    has_card_data: bool = False
    """Whether the request contains a PAN; the journal then stores only the response."""

    @cached_property
    def codec(self) -> Codec[Any] | None:
        """The decoder of the body. Created on first use, because most runs use few endpoints."""
        return Codec(self.request) if self.request else None

    @cached_property
    def query_codec(self) -> Codec[Any] | None:
        """The decoder of the query."""
        return Codec(self.query) if self.query else None

    @cached_property
    def empty_query(self) -> Record | None:
        """The record of an empty query; None if a parameter is required."""
        if self.query is None or any(
            field.required for field in msgspec.structs.fields(self.query)
        ):
            return None
        return self.query()
