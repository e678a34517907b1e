"""An endpoint is a value: what it takes, gives and refuses, how it is authorised, how we know it.

The whole surface is a tuple of these (`surface.py`). Adding one is one function and one value.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

import msgspec

from mock_clover.clover.common.cards import Card
from mock_clover.clover.common.permissions import Permission
from mock_clover.clover.common.problems import Problem
from mock_clover.clover.common.verdict import Decline, Verdict
from mock_clover.clover.threeds.records import Flow
from mock_clover.core.codec import Codec
from mock_clover.core.evidence import Behaviour, Fact
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import DEFAULT
from mock_clover.scenario.records_rule import RuleInput

if TYPE_CHECKING:  # a start needs no charge
    from mock_clover.clover.charges.records import Charge
    from mock_clover.engine.reply import Reply

Auth = Literal["bearer", "apikey", "pakms", "none"]
"""pakms is a bearer whose absence is answered in plain text."""

Body = TypeVar("Body", bound=Record | None)
Query = TypeVar("Query", bound=Record | None)


SCHEME = b":scheme"
"""Among the headers of a request that came by TLS; no client can send a header of this name."""


class OpenBody(Record, frozen=True, kw_only=True):
    """Any JSON object, or a YAML text; read further where it is used."""

    tree: dict[str, Any] = {}
    text: bytes = b""


class Raw(NamedTuple):
    """One request as the transport hands it over."""

    method: str
    path: str
    ids: tuple[str, ...]
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    started_ns: int = 0

    def __repr__(self) -> str:
        """Show the call and no more: headers and body may hold anything."""
        return redact(f"Raw({self.method} {self.path!r})")


class Call(Generic[Body, Query]):
    """A decoded, authorised request. A handler leaves in `why` which rule decided."""

    __slots__ = (
        "basis",
        "body",
        "headers",
        "ids",
        "issuer_verdict",
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
        self.threeds: Flow | None = None
        self.issuer_verdict: Verdict | None = None
        """What the issuer said, in the end."""
        self.basis: tuple[Behaviour, ...] = ()
        """What of Clover the handler took for granted beside its endpoint's own fact."""
        self.why = "nothing was to be decided"

    @property
    def base_url(self) -> str:
        """The address by which the client knows this server."""
        scheme = "https" if SCHEME in self.headers else "http"
        return f"{scheme}://{self.headers.get(b'host', b'localhost').decode('latin-1')}"


def home_of(sandbox: Sandbox, call: Call[Any, Any]) -> str:
    """Return where a sandbox is, as the client knows this server."""
    root = call.base_url
    return root if sandbox.name == DEFAULT else f"{root}/sandbox/{sandbox.name}"


class Declined(NamedTuple):
    """A charge that was made and declined: a result, not a refusal."""

    charge: "Charge"
    decline: Decline


class Redirect(NamedTuple):
    """A reply that sends a browser elsewhere."""

    location: str


class Document(NamedTuple):
    """A reply that is encoded already."""

    body: bytes


class Text(NamedTuple):
    """A reply in plain text, for people."""

    text: str


class Page(NamedTuple):
    """A reply in HTML, for people."""

    status: int
    html: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Asset(NamedTuple):
    """A file for a browser."""

    body: bytes
    content_type: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Stated(NamedTuple):
    """A control answer with its own status; `pending_ms`: so long a better one may be awaited."""

    status: int
    record: Record
    pending_ms: int = 0


Result = Record | Declined | Redirect | Document | Text | Page | Asset | Stated


def admit_any(_sandbox: Sandbox, raw: Raw) -> Raw:
    """Admit a request as it is; its credential is checked later."""
    return raw


def finish_plainly(_sandbox: Sandbox, _endpoint: "Endpoint", _raw: Raw, reply: "Reply") -> "Reply":
    """Return a reply as it is."""
    return reply


@dataclass(frozen=True)
class Surface:
    """How one of Clover's APIs admits requests, reads queries and words its replies."""

    admit: Callable[[Sandbox, Raw], Raw] = admit_any
    """Return a request as the pipeline should see it. Raises Refusal."""
    finish: "Callable[[Sandbox, Endpoint, Raw, Reply], Reply]" = finish_plainly
    """Add what every reply of this API has."""
    gathers_query: bool = False
    """Whether a query parameter may be repeated."""
    platform_errors: bool = False
    """Whether an error is a message only, without an error object."""


ECOMMERCE = Surface()

RuleInputOf = Callable[
    [Sandbox, str, Record | None, tuple[str, ...], dict[bytes, bytes], Card | None], RuleInput
]
"""Returns what rules can see of a call: of its operation, body, path ids, headers and card."""


@dataclass(frozen=True)
class Endpoint:
    """One operation of a surface."""

    name: str
    method: str
    path: str
    run: Callable[[Sandbox, Call[Any, Any]], Result]
    response: type[Record]
    fact: Fact
    request: type[Record] | None = None
    query: type[Record] | None = None
    auth: Auth = "bearer"
    errors: tuple[Problem, ...] = ()
    about: str = ""
    idempotent: bool = False
    """Whether the idempotency key is heeded."""
    forwarded_for: bool = False
    """Whether x-forwarded-for is documented as required: refused without it under --strict."""
    extension: bool = False
    """Whether Clover has no such public operation: refused under --strict."""
    any_body: bool = False
    """Whether the body may be JSON or a form and is merged with the query."""
    json_only: bool = False
    """Whether a body that says it is something else is refused, with 415."""
    permissions: tuple[Permission, ...] = ()
    """What the app must be allowed to do, where a scenario says what it is."""
    permissions_with: tuple[tuple[str, Permission], ...] = ()
    """The same for calls whose body has a certain member."""
    cross_origin: bool = False
    """Whether browsers call it from other origins."""
    unjournaled: bool = False
    """Whether it is neither journaled nor logged: the control surface only looks."""
    path_alias: str = ""
    """Another path by which the same operation is known."""
    bare_array: bool = False
    """Whether it answers an array of what it gives, without an envelope."""
    merchant: bool = False
    """Whether it wants X-Clover-Merchant-Id beside the bearer token; its handler checks that."""
    surface: Surface = ECOMMERCE
    """The API that it belongs to."""
    rule_input_of: RuleInputOf | None = None
    """How rules see its calls, where the request alone does not show it."""
    filters: tuple[str, ...] = ()
    """Names of the fields that `filter` and `orderBy` know, told in a header."""
    secret: bool = False
    """Whether the request holds a PAN: then the journal keeps the reply only."""
    page: bool = False
    """Whether it may answer with a page for people."""

    @cached_property
    def codec(self) -> Codec[Any] | None:
        """The body's decoder, built at the first request: most runs use few endpoints."""
        return Codec(self.request) if self.request else None

    @cached_property
    def query_codec(self) -> Codec[Any] | None:
        """The query's decoder."""
        return Codec(self.query) if self.query else None

    @cached_property
    def no_query(self) -> Record | None:
        """What an empty query says, where it may be empty."""
        if self.query is None or any(each.required for each in msgspec.structs.fields(self.query)):
            return None
        return self.query()
