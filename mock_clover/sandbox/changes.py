"""The most recent row changes in a sandbox, each with the row before and after.

Rows are frozen, so an entry is two references, added when a table is written. A change between two
exchanges, by a job or a control request, belongs to the later one. Fixtures and credentials are not
recorded. Recording starts when a client first requests the live journal or a single exchange.
"""

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from mock_clover.core.masking import redact
from mock_clover.sandbox.journal import Journal

CHANGES_MAX = 2_000
"""Two for each exchange of a full journal: a charge and the token that it uses."""
RECORDED_TABLES = (
    *("tokens", "charges", "refunds", "customers", "orders", "items", "tax_rates"),
    *("order_types", "gift_cards", "plans", "subscriptions", "checkouts"),
)
"""Tables whose changes are recorded. The others hold credentials or data derived from these."""
_WITHOUT_ID = frozenset({"gift_cards"})
"""Tables whose rows do not contain their key."""
CAUSED_BY_REQUEST = "call"


class Change(NamedTuple):
    """A row before and after. `before` is None for a new row, `after` for a deleted one."""

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

    __slots__ = ("_ring", "cause", "enabled", "journal", "started_after")

    def __init__(self, journal: Journal, *, enabled: bool = False) -> None:
        self.enabled = enabled
        self._ring: deque[Any] = deque(maxlen=CHANGES_MAX)
        self.journal = journal
        self.started_after = journal.count
        """Number of the last exchange before recording started."""
        self.cause = CAUSED_BY_REQUEST
        """The cause of the current changes: a request, or the kind of a job."""

    @contextlib.contextmanager
    def caused_by(self, cause: str) -> Iterator[None]:
        """Set the cause of the changes made in the context."""
        before, self.cause = self.cause, cause
        try:
            yield
        finally:
            self.cause = before

    def for_exchange(self, number: int) -> list[Change]:
        """Return the changes that belong to an exchange, in order."""
        return [_unpack(*entry) for count, *entry in self._ring if count == number - 1]

    def is_complete_for(self, number: int) -> bool:
        """Return whether all changes of an exchange are still in the buffer."""
        if not self.enabled or number <= self.started_after:
            return False
        return len(self._ring) < CHANGES_MAX or self._ring[0][0] < number - 1

    def forget(self, count: int) -> None:
        """Remove the newest changes, which were undone."""
        for _ in range(min(count, len(self._ring))):
            self._ring.pop()

    def record(self, table: str, key: str, before: object, after: object) -> None:
        """Record a change; it belongs to the exchange after those that are journaled.

        Entries are as small as possible: an evicted entry is no longer in the CPU cache, and
        freeing each of its parts costs 80 ns.
        """
        label = (table, key) if table in _WITHOUT_ID else table
        self._ring.append((self.journal.count, label, before, after, self.cause))


def _unpack(label: str | tuple[str, str], before: Any, after: Any, cause: str) -> Change:
    table, key = label if isinstance(label, tuple) else (label, (after or before).id)
    return Change(table=table, key=key, before=before, after=after, cause=cause)
