"""The newest changes of a sandbox's rows: what stood there before, and what stands there now.

Rows are frozen, so an entry is two references, written where a table is written. What changes
between two exchanges belongs to the later one: what time, or a control call, had brought about
before it. What a scenario gives a sandbox from the start is none, and neither are credentials.
They are kept from the moment that somebody looks: at the live journal, or at one exchange.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mock_clover.core.masking import redact
from mock_clover.sandbox.journal import Journal

CHANGES_MAX = 2_000
"""Two for each exchange of a full journal: a charge, and the token that it spends."""
NOTED = (
    *("tokens", "charges", "refunds", "customers", "orders", "items", "tax_rates"),
    *("order_types", "gift_cards", "plans", "subscriptions", "checkouts"),
)
"""Tables whose changes are kept. The others hold credentials, or follow from these."""
_WITHOUT_ID = frozenset({"gift_cards"})
"""Tables whose rows do not hold their key."""
BY_CALL = "call"


class Change(NamedTuple):
    """One row, before and after; None where there was or is none."""

    journaled: int
    """How many exchanges had been journaled: the next one is that of the change."""
    table: str
    key: str
    before: Any
    after: Any
    cause: str

    def __repr__(self) -> str:
        """Name the row: what it holds may be anything."""
        return redact(f"Change({self.table} {self.key!r} by {self.cause})")


class Changes:
    """A ring of changes."""

    __slots__ = ("_ring", "are_noted", "began_after", "cause", "journal")

    def __init__(self, journal: Journal, *, are_noted: bool = False) -> None:
        self.are_noted = are_noted
        self._ring: deque[Any] = deque(maxlen=CHANGES_MAX)
        self.journal = journal
        self.began_after = journal.count
        """The newest exchange whose changes are not known."""
        self.cause = BY_CALL
        """What makes the changes of the moment: a call, or the kind of what was due."""

    @contextlib.contextmanager
    def because(self, cause: str) -> Iterator[None]:
        """Name another cause for a while."""
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    def of(self, number: int) -> list[Change]:
        """Return the changes that belong to an exchange, in their order."""
        found = (each for each in self._ring if each[0] == number - 1)
        return [_change(*each) for each in found]

    def has_all_of(self, number: int) -> bool:
        """Tell whether nothing of an exchange's changes has left the ring."""
        if not self.are_noted or number <= self.began_after:
            return False
        return len(self._ring) < CHANGES_MAX or self._ring[0][0] < number - 1

    def note(self, table: str, key: str, before: object, after: object) -> None:
        """Keep a change."""
        named = (table, key) if table in _WITHOUT_ID else table
        self._ring.append((self.journal.count, named, before, after, self.cause))

    def writer(
        self, table: str, rows: dict[str, Any], get: Callable[[str], Any]
    ) -> Callable[[str, Any], None]:
        """Return what writes a row into a dict and keeps the change.

        Every row of a payment is written here. An entry is as small as can be, for the one that
        leaves the ring is far from the processor: each part of it that is let go costs 80 ns.
        """
        append, journal = self._ring.append, self.journal

        def put(key: str, row: Any) -> None:
            append((journal.count, table, get(key), row, self.cause))
            rows[key] = row

        def put_keyed(key: str, row: Any) -> None:
            append((journal.count, (table, key), get(key), row, self.cause))
            rows[key] = row

        return put_keyed if table in _WITHOUT_ID else put


def _change(
    journaled: int, named: str | tuple[str, str], before: Any, after: Any, cause: str
) -> Change:
    table, key = named if isinstance(named, tuple) else (named, (after or before).id)
    return Change(journaled, table, key, before, after, cause)
