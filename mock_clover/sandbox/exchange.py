"""One exchange of the journal: what is stored of a request and its response, and what is shown.

The decoded request is stored, never the raw body. The body of a request that was rejected before it
was decoded, or that has card data, is stored masked; so is every query. Of the headers, the names
and the values of `KEPT_HEADERS` are stored. Free text is masked when an exchange is shown, and what
is too long is masked and cut when it is stored.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, Literal

from msgspec.structs import replace

from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.masking import redact
from mock_clover.core.record import Record, Value, encode
from mock_clover.sandbox.masking import CUT_MARK, cut_text, hide_secrets, masked_body
from mock_clover.sandbox.misspelt_headers import misspelt_headers

REPLY_BYTES_MAX = 65_536
"""For a longer response, only the length is stored."""
REQUEST_BYTES_MAX = 262_144
"""For a decoded request that takes more memory, only the length is stored."""
TEXT_CHARS_MAX = 4_096
"""A longer path or reason is cut, and so are header names and stored header values if all together
are longer. Nothing in an exchange of this size needs to be cut."""
EXCHANGE_BYTES = 1_500
"""The fixed part of an exchange in memory."""
_OVERSIZED = b'"more than %d bytes in memory"' % REQUEST_BYTES_MAX
NOT_READ = b'"[not read]"'
"""Stands for a body that the server did not accept."""
_HEADER_CHARS_MAX = 256
_HEADERS_MAX = 64
_VALUE_BYTES = 64
"""A list, an object or another value of a decoded request in memory, in addition to its text."""
_SHORT_BODY_BYTES, _SHORT_REQUEST_BYTES = 192, 1_024
"""A short body is not examined."""
KEPT_HEADERS = (
    *(b"idempotency-key", b"x-forwarded-for", b"user-agent", b"content-type", b"accept"),
    *(b"x-clover-merchant-id", b"x-idempotency-key", b"idempotency_key"),
    *(b"x-mock-clover-outcome", b"x-mock-clover-fault", b"x-mock-clover-dialect"),
    *(b"host", b":root-path"),
)
"""Headers whose values are stored: those that determine a response. None is a credential."""
_DIALECT = b"x-mock-clover-dialect"
_DECLINED_STATUS = 402

ExchangeOutcome = Literal["ok", "declined", "rejected", "failed", "lost"]
"""How an exchange ended for the client. lost: a fault kept the complete response from it."""


def decoded_bytes(body: bytes) -> int:
    """Return about how many bytes the decoded form of a JSON body takes in memory.

    Lists and objects may take forty times as much as their text.
    """
    if len(body) <= _SHORT_BODY_BYTES:
        return _SHORT_REQUEST_BYTES
    return len(body) + _VALUE_BYTES * (body.count(b",") + body.count(b"[") + body.count(b"{"))


class HeaderNames(Value, frozen=True, kw_only=True):
    """The header names of a request; the requests of a client usually share them."""

    names: tuple[bytes, ...] = ()
    kept: tuple[bytes, ...] = ()
    """Those whose values are stored."""
    values_in: Callable[[dict[bytes, bytes]], tuple[bytes, ...]] = lambda _: ()
    """Return the values to store."""
    size: int = 0
    """About how many bytes the names take in memory."""
    misspelt: tuple[str, ...] = ()
    """Those that were probably misspelt, with what was meant."""
    has_remarks: bool = False
    """Whether a response may have remarks about them."""


NO_HEADERS = HeaderNames()


class Exchange(Value, frozen=True, kw_only=True):
    """One request and its response."""

    number: int = 0
    """Assigned by the journal, from 1."""
    at_ms: int
    endpoint: str
    method: str
    path: str
    status: int | None
    """The status that was sent; None if no status line was sent."""
    why: str
    idempotency: str = ""
    """How the idempotency key was used: `stored`, `replayed` or empty."""
    request: Record | None = None
    """The decoded request; None if it was not decoded or has card data."""
    size: int = 0
    """About how many bytes it takes in memory; before it is cut, only `request`."""
    body: bytes = b""
    """The masked body, if `request` is None or was read differently than it was sent."""
    query: str = ""
    """The masked query."""
    headers: HeaderNames = NO_HEADERS
    header_values: bytes = b""
    """The values of `headers.kept`, one a line: a single object takes less time than several."""
    reply: bytes
    fault: str = ""
    lost: bool = False
    """Whether a fault kept the complete response from the client."""
    committed: bool = False
    """Whether the operation was carried out by this request."""
    unserved: bool = False
    """Whether this server has no operation with this method and path."""
    ignored: tuple[str, ...] = ()
    """Members of the body and of the query that have no effect."""
    duration_ns: int = 0
    """How long the response took, with `delay_ms`."""
    delay_ms: int = 0
    """How long a fault delayed the response."""

    def __repr__(self) -> str:
        """Return only method, path and status, because headers and bodies may contain anything."""
        return redact(f"Exchange({self.method} {self.path!r} {self.status})")

    def __hash__(self) -> int:
        """Return the hash of the number: a request may have a member that cannot be hashed."""
        return hash(self.number)

    @property
    def outcome(self) -> ExchangeOutcome:
        """How the exchange ended for the client."""
        status = self.status
        if self.lost or status is None:
            return "lost"
        is_result = (self.committed or self.idempotency == "replayed") and not self.fault
        if status == _DECLINED_STATUS or (is_result and 400 <= status < 500):
            return "declined"
        if status < 100 or status >= 500:
            return "failed"
        return "rejected" if status >= 400 else "ok"

    def shown_headers(self) -> dict[str, str | None]:
        """Return all header names, each with its masked value if it is stored."""
        shown: dict[str, str | None] = {
            redact(name.decode("latin-1")): None
            for name in self.headers.names
            if name[:1] != b":"  # a pseudo-header of this server
        }
        for name, value in self.kept_headers().items():
            if name[:1] != b":":
                shown[name.decode()] = redact(value.decode("latin-1"))
        return shown

    def kept_headers(self) -> dict[bytes, bytes]:
        """Return the headers whose values are stored."""
        kept = self.headers.kept
        return dict(zip(kept, self.header_values.split(b"\n"), strict=True)) if kept else {}

    def sent_body(self) -> bytes:
        """Return the decoded body of the request as JSON; masked, if it was not decoded."""
        return self.body if self.request is None else encode(self.request)

    def shown_request(self) -> Any:
        """Return the body of the request, masked; None if there is none."""
        return self._shown(self.sent_body())

    def shown_sent(self) -> Any:
        """Return the body as it was sent, masked, if it differs from `shown_request`."""
        return None if self.request is None else self._shown(self.body)

    def _shown(self, body: bytes) -> Any:
        if not body:
            return None
        tree = masked_body(body)
        return hide_secrets(tree) if self.path.startswith("/oauth/") else tree


def parse_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object; return an empty one for any other data."""
    try:
        tree = parse(data)
    except MalformedError:
        return {}
    return tree if isinstance(tree, dict) else {}


def header_names(names: tuple[bytes, ...]) -> HeaderNames:
    """Return the names, cut if they are too many or too long."""
    kept = tuple(name for name in KEPT_HEADERS if name in names)
    misspelt = misspelt_headers(names)
    if len(names) > _HEADERS_MAX or len(b"".join(names)) > TEXT_CHARS_MAX:
        names = tuple(_cut_header(name) for name in names[:_HEADERS_MAX])
    return HeaderNames(
        names=names,
        kept=kept,
        values_in=_values_getter(kept),
        size=len(b"".join(names)) + _VALUE_BYTES * len(names),
        misspelt=misspelt,
        has_remarks=bool(misspelt) or _DIALECT in names,
    )


def _values_getter(kept: tuple[bytes, ...]) -> Callable[[dict[bytes, bytes]], tuple[bytes, ...]]:
    if not kept:
        return lambda _: ()
    if len(kept) == 1:
        name = kept[0]
        return lambda headers: (headers[name],)
    return itemgetter(*kept)


def join_values(values: tuple[bytes, ...]) -> bytes:
    """Return header values, one a line. HTTP allows no line break in one: it becomes a space."""
    lines = b"\n".join(values)
    if lines.count(b"\n") < len(values):
        return lines
    return b"\n".join(value.replace(b"\n", b" ") for value in values)


def _cut_header(text: bytes) -> bytes:
    return cut_text(text.decode("latin-1"), _HEADER_CHARS_MAX).encode("latin-1", "replace")


def cut_exchange(exchange: Exchange, number: int) -> Exchange:
    """Return an exchange with a number and its size; what is too long is masked and cut."""
    request, size, body, reply = exchange.request, exchange.size, exchange.body, exchange.reply
    if size > REQUEST_BYTES_MAX:
        request, size, body = None, 0, _OVERSIZED
    reply = reply if len(reply) <= REPLY_BYTES_MAX else b'"%d bytes"' % len(reply)
    path, why = (cut_text(text, TEXT_CHARS_MAX) for text in (exchange.path, exchange.why))
    values = exchange.header_values
    if len(values) > TEXT_CHARS_MAX:
        values = b"\n".join(map(_cut_header, values.split(b"\n")))
    parts = (path, why, exchange.query, *exchange.ignored, body, reply, values)
    return replace(
        exchange,
        number=number,
        path=path,
        why=why,
        request=request,
        body=body,
        header_values=values,
        reply=reply,
        size=EXCHANGE_BYTES
        + size
        + exchange.headers.size
        + sum(map(len, parts))
        + _VALUE_BYTES * len(exchange.ignored),
    )


def is_cut(exchange: Exchange) -> bool:
    """Return whether the path, the query or the body was too long to be stored."""
    texts = (exchange.path, exchange.query, exchange.body.decode())
    return any(CUT_MARK in text for text in texts) or exchange.body in (_OVERSIZED, NOT_READ)


class ExchangeSummary(Record, frozen=True, kw_only=True):
    """An exchange with all text masked, for the control API."""

    id: int
    at_ms: int
    endpoint: str
    method: str
    path: str
    query: str | None = None
    status: int | None
    """null if no status line was sent."""
    outcome: ExchangeOutcome
    committed: bool
    why: str
    fault: str | None = None
    idempotency: str | None = None
    client: str | None = None
    took_us: int | None = None
    """With `delay_ms`."""
    delay_ms: int | None = None
    """How long a fault delayed the response."""
    ignored: tuple[str, ...] | None = None
    headers: dict[str, str | None] | None = None
    """All names; the values of a few headers, and null for the others."""
    request: Any = None
    sent: Any = None
    """The body as it was sent, if it was read differently: `"18.00"` as 18, or unknown members."""
    reply: Any = None


def mask_exchange(exchange: Exchange) -> ExchangeSummary:
    """Return an exchange with all text masked."""
    headers = exchange.shown_headers()
    return ExchangeSummary(
        id=exchange.number,
        at_ms=exchange.at_ms,
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=redact(exchange.path),
        query=redact(exchange.query) or None,
        status=exchange.status,
        outcome=exchange.outcome,
        committed=exchange.committed,
        why=redact(exchange.why),
        fault=exchange.fault or None,
        idempotency=exchange.idempotency or None,
        client=headers.get("user-agent") or None,
        took_us=exchange.duration_ns // 1000 or None,
        delay_ms=exchange.delay_ms or None,
        ignored=tuple(map(redact, exchange.ignored)) or None,
        headers=headers or None,
        request=exchange.shown_request(),
        sent=exchange.shown_sent(),
        reply=masked_body(exchange.reply) if exchange.reply else None,
    )
