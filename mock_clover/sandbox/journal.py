"""The journal: the newest exchanges of a sandbox, bounded, without a PAN or a CVV.

An entry keeps the decoded request, never the raw body: what we did not understand is not kept, and
a token request is kept as the card that it became. Free text is masked when an entry is shown.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from mock_clover.core.masking import redact
from mock_clover.core.record import Record, encode
from mock_clover.sandbox.clock import elapsed_ns

_CODE = re.compile(
    r'("(?:(?:cvv|cvc)2?|security_?(?:code|card_?value))\\*"\s*:[\s\["\\]*)[0-9]{3,8}',
    re.IGNORECASE,
)
"""A CVV where none belongs, as in metadata (the token's own never comes here), and the code that a
virtual gift card is told with."""
ENTRIES_MAX = 1_000
"""Exchanges kept for each sandbox; about 1 MB."""
LINES_BYTES_MAX = 2_097_152
"""Of exchanges as JSON, kept for those who watch: a thousand usual ones."""
REPLY_BYTES_MAX = 65_536
"""A longer reply is kept as its length only."""


_new_tuple: Any = tuple.__new__


class Exchange(NamedTuple):
    """One request and its reply."""

    number: int
    at_ms: int
    endpoint: str
    method: str
    path: str
    status: int
    why: str
    idempotency: str
    request: Record | None
    reply: bytes
    fault: str
    client: bytes
    ignored: tuple[str, ...]
    took_ns: int

    def __repr__(self) -> str:
        """Show the call and its end: headers and bodies may hold anything."""
        return redact(f"Exchange({self.method} {self.path!r} {self.status})")


class Journal:
    """A ring of exchanges."""

    __slots__ = ("_entries", "_lines", "_lines_bytes", "count", "watchers")

    def __init__(self) -> None:
        self._entries: deque[Exchange] = deque(maxlen=ENTRIES_MAX)
        self.count = 0
        """Exchanges ever written."""
        self.watchers: set[Callable[[], None]] = set()
        """Called after each exchange: those who wait for one."""
        self._lines: dict[int, bytes] = {}
        self._lines_bytes = 0

    def __iter__(self) -> Iterator[Exchange]:
        """Iterate from the oldest that is kept."""
        return iter(self._entries)

    def since(self, number: int) -> Iterator[Exchange]:
        """Iterate those that are kept and came after a number, from the oldest."""
        newer = min(self.count - number, len(self._entries))
        return (self._entries[place] for place in range(-newer, 0))

    def line(self, exchange: Exchange) -> bytes:
        """Return an exchange as JSON, masked; made once for all who watch."""
        known = self._lines.get(exchange.number)
        if known is None:
            known = encode(shown(exchange))
            if self._lines_bytes > LINES_BYTES_MAX:
                self.forget_lines()
            self._lines[exchange.number] = known
            self._lines_bytes += len(known)
        return known

    def forget_lines(self) -> None:
        """Keep no exchange as JSON any more: nobody watches, or there are too many."""
        self._lines.clear()
        self._lines_bytes = 0

    def find(self, number: int) -> Exchange | None:
        """Return an exchange that is still kept."""
        place = number - 1 - self.count
        return self._entries[place] if -len(self._entries) <= place < 0 else None

    def write(
        self,
        at_ms: int,
        endpoint: str,
        method: str,
        path: str,
        status: int,
        why: str,
        idempotency: str,
        request: Record | None,
        reply: bytes,
        fault: str,
        client: bytes,
        ignored: tuple[str, ...],
        started_ns: int,
    ) -> None:
        """Add an exchange; the oldest goes when the ring is full."""
        self.count += 1
        if len(reply) > REPLY_BYTES_MAX:
            reply = b'"%d bytes"' % len(reply)
        self._entries.append(
            # Not by its name: every exchange is made here, and this takes half the time.
            _new_tuple(
                Exchange,
                (
                    self.count,
                    at_ms,
                    endpoint,
                    method,
                    path,
                    status,
                    why,
                    idempotency,
                    request,
                    reply,
                    fault,
                    client,
                    ignored,
                    elapsed_ns(started_ns),
                ),
            )
        )
        if self.watchers:
            self.stir()

    def stir(self) -> None:
        """Call those who wait: for an exchange, or for what came of one."""
        for watcher in tuple(self.watchers):
            watcher()


class Shown(Record, frozen=True, kw_only=True):
    """An exchange as it is shown outside: every text masked."""

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


def shown(exchange: Exchange) -> Shown:
    """Mask an exchange for the outside."""
    client = exchange.client.decode("latin-1")
    return Shown(
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
        took_us=exchange.took_ns // 1000 or None,
        ignored=tuple(map(redact, exchange.ignored)) or None,
        request=None if exchange.request is None else masked_body(encode(exchange.request)),
        reply=masked_body(exchange.reply),
    )


_SOURCE = re.compile(r'("source"\s*:\s*")[0-9 \-]{6,}(")')
"""A number where a token belongs; a gift card's has no check digit to be known by."""


def mask(text: str) -> str:
    """Mask the numbers and the codes of cards in a body."""
    return _SOURCE.sub(r"\1[number]\2", _CODE.sub(r"\1[cvv]", redact(text)))


def masked_body(body: bytes) -> Any:
    """Return a body as it is shown outside: its document, or its text if it is none."""
    text = mask(body.decode("utf-8", "replace"))
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
