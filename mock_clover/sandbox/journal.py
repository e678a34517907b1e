"""The journal: the most recent exchanges of a sandbox, without PANs and CVVs.

An entry stores the decoded request, never the raw body: unknown fields are not stored, and for a
request with card data, only the response is stored. Free text is masked when an entry is rendered.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from mock_clover.core.masking import redact, redact_json
from mock_clover.core.record import Record, Value, encode

_CVV = re.compile(
    r'("(?:(?:cvv|cvc)2?|security_?(?:code|card_?value))\\*"\s*:[\s\["\\]*)[0-9]{3,8}',
    re.IGNORECASE,
)
"""A misplaced CVV, for example in metadata, and the security code of a virtual gift card. Token
requests are not stored."""
ENTRIES_MAX = 1_000
"""Maximum number of exchanges per sandbox, about 1 MB."""
LINES_BYTES_MAX = 2_097_152
"""Maximum size of the cached JSON lines for live-journal clients; about 1,000 exchanges."""
REPLY_BYTES_MAX = 65_536
"""For a longer response, only the length is stored."""


class Exchange(Value, frozen=True, kw_only=True):
    """One request and its response."""

    number: int = 0
    """Assigned by the journal, from 1."""
    at_ms: int
    endpoint: str
    method: str
    path: str
    status: int
    why: str
    idempotency: str = ""
    """How the idempotency key was used: `stored`, `replayed` or empty."""
    request: Record | None = None
    reply: bytes
    fault: str = ""
    client: bytes = b""
    """The User-Agent header."""
    ignored: tuple[str, ...] = ()
    """Unknown fields of the request."""
    duration_ns: int = 0

    def __repr__(self) -> str:
        """Return only method, path and status, because headers and bodies may contain anything."""
        return redact(f"Exchange({self.method} {self.path!r} {self.status})")


class Journal:
    """A ring buffer of exchanges."""

    __slots__ = ("_entries", "_lines", "_lines_bytes", "count", "watchers")

    def __init__(self) -> None:
        self._entries: deque[Exchange] = deque(maxlen=ENTRIES_MAX)
        self.count = 0
        """Total number of exchanges written."""
        self.watchers: set[Callable[[], None]] = set()
        """Callbacks, called after each exchange."""
        self._lines: dict[int, bytes] = {}
        self._lines_bytes = 0

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate over the stored exchanges, oldest first."""
        return iter(self._entries)

    def after(self, number: int) -> Iterator[Exchange]:
        """Iterate over the stored exchanges with a number above `number`, oldest first."""
        newer = min(self.count - number, len(self._entries))
        return (self._entries[index] for index in range(-newer, 0))

    def json_line(self, exchange: Exchange) -> bytes:
        """Return an exchange as masked JSON, cached for all watchers."""
        line = self._lines.get(exchange.number)
        if line is None:
            line = encode(mask_exchange(exchange))
            if self._lines_bytes > LINES_BYTES_MAX:
                self.clear_line_cache()
            self._lines[exchange.number] = line
            self._lines_bytes += len(line)
        return line

    def clear_line_cache(self) -> None:
        """Clear the cache of exchanges as JSON."""
        self._lines.clear()
        self._lines_bytes = 0

    def find(self, number: int) -> Exchange | None:
        """Return the exchange with this number, or None if it was evicted."""
        index = number - 1 - self.count
        return self._entries[index] if -len(self._entries) <= index < 0 else None

    def add(self, exchange: Exchange) -> None:
        """Add an exchange with the next number; the oldest is evicted if the journal is full."""
        self.count += 1
        reply = exchange.reply
        if len(reply) > REPLY_BYTES_MAX:
            reply = b'"%d bytes"' % len(reply)
        self._entries.append(replace(exchange, number=self.count, reply=reply))
        if self.watchers:
            self.notify()

    def notify(self) -> None:
        """Notify the watchers that an exchange or delivery changed, or the sandbox was deleted."""
        for watcher in tuple(self.watchers):
            watcher()


class ExchangeSummary(Record, frozen=True, kw_only=True):
    """An exchange with all text masked, for the control API."""

    id: int
    at_ms: int
    endpoint: str
    method: str
    path: str
    status: int
    why: str
    fault: str | None = None
    idempotency: str | None = None
    client: str | None = None
    took_us: int | None = None
    ignored: tuple[str, ...] | None = None
    request: Any = None
    reply: Any = None


def mask_exchange(exchange: Exchange) -> ExchangeSummary:
    """Return an exchange with all text masked."""
    client = exchange.client.decode("latin-1")
    return ExchangeSummary(
        id=exchange.number,
        at_ms=exchange.at_ms,
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=redact(exchange.path),
        status=exchange.status,
        why=redact(exchange.why),
        fault=exchange.fault or None,
        idempotency=exchange.idempotency or None,
        client=redact(client) or None,
        took_us=exchange.duration_ns // 1000 or None,
        ignored=tuple(map(redact, exchange.ignored)) or None,
        request=None if exchange.request is None else masked_body(encode(exchange.request)),
        reply=masked_body(exchange.reply),
    )


_SOURCE = re.compile(r'("source"\s*:\s*")[0-9 \-]{6,}(")')
"""A number in place of a token. Gift card numbers have no check digit that identifies them."""


def mask(text: str) -> str:
    """Mask card numbers and CVVs in a body."""
    return mask_codes(redact(text))


def mask_codes(text: str) -> str:
    """Mask CVVs and numbers in place of a token."""
    return _SOURCE.sub(r"\1[number]\2", _CVV.sub(r"\1[cvv]", text))


def masked_body(body: bytes) -> Any:
    """Return a masked body, parsed if it is JSON, else as text."""
    text = body.decode("utf-8", "replace")
    masked = mask(text)
    try:
        return msgspec.json.decode(masked)
    except msgspec.DecodeError:
        return masked if masked == text else _masked_numbers(text, masked)


def _masked_numbers(text: str, masked: str) -> Any:
    """Return a body in which numbers are masked, not only texts."""
    try:
        tree = redact_json(msgspec.json.decode(text))
        return msgspec.json.decode(mask_codes(encode(tree).decode()))
    except msgspec.DecodeError:
        return masked
