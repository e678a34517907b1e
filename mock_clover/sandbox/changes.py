"""The newest changes of a sandbox's rows, each with the row before and after.

Rows are frozen, so an entry is two references, added when a table is written. A change between two
exchanges, by a job or a control call, belongs to the later one. Fixtures and credentials are not
recorded. Recording starts when a client first requests the live journal or one exchange.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mock_clover.core.masking import redact
from mock_clover.sandbox.journal import Journal

CHANGES_MAX = 2_000
"""Two for each exchange of a full journal: a charge and the token that it uses."""
NOTED = (
    *("tokens", "charges", "refunds", "customers", "orders", "items", "tax_rates"),
    *("order_types", "gift_cards", "plans", "subscriptions", "checkouts"),
)
"""Tables whose changes are recorded. The others hold credentials or derive from these."""
_WITHOUT_ID = frozenset({"gift_cards"})
"""Tables whose rows do not contain their key."""
BY_CALL = "call"


class Change(NamedTuple):
    """One row before and after; None if there was or is none."""

    journaled: int
    """Number of exchanges journaled before; the change belongs to the next one."""
    table: str
    key: str
    before: Any
    after: Any
    cause: str

    def __repr__(self) -> str:
        """Return the name of the row without its content, which may hold card data."""
        return redact(f"Change({self.table} {self.key!r} by {self.cause})")


class Changes:
    """A ring buffer of changes."""

    __slots__ = ("_ring", "are_noted", "began_after", "cause", "journal")

    def __init__(self, journal: Journal, *, are_noted: bool = False) -> None:
        self.are_noted = are_noted
        self._ring: deque[Any] = deque(maxlen=CHANGES_MAX)
        self.journal = journal
        self.began_after = journal.count
        """Number of the last exchange before recording started."""
        self.cause = BY_CALL
        """Cause of the current changes: a request, or the kind of a job."""

    @contextlib.contextmanager
    def because(self, cause: str) -> Iterator[None]:
        """Set the cause of the changes made in the context."""
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    def of(self, number: int) -> list[Change]:
        """Return the changes that belong to an exchange, in order."""
        return [_change(*each) for each in self._ring if each[0] == number - 1]

    def has_all_of(self, number: int) -> bool:
        """Return whether all changes of an exchange are still in the ring."""
        if not self.are_noted or number <= self.began_after:
            return False
        return len(self._ring) < CHANGES_MAX or self._ring[0][0] < number - 1

    def note(self, table: str, key: str, before: object, after: object) -> None:
        """Record a change."""
        label = (table, key) if table in _WITHOUT_ID else table
        self._ring.append((self.journal.count, label, before, after, self.cause))

    def writer(
        self, table: str, rows: dict[str, Any], get: Callable[[str], Any]
    ) -> Callable[[str, Any], None]:
        """Return a function that writes a row to a dict and records the change.

        It writes every row of a payment. Entries are as small as possible: an evicted entry is no
        longer in the CPU cache, and freeing each of its parts costs 80 ns.
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
    journaled: int, label: str | tuple[str, str], before: Any, after: Any, cause: str
) -> Change:
    table, key = label if isinstance(label, tuple) else (label, (after or before).id)
    return Change(
        journaled=journaled, table=table, key=key, before=before, after=after, cause=cause
    )
