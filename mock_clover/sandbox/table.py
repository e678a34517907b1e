"""A bounded table of rows by id, in the order of creation.

Tables are the only mutable containers of rows. Rows are frozen: an update replaces the row. A table
can be forked: both tables share the existing rows, and each stores its own later changes.
"""

from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar, cast

from mock_clover.clover.common.problems import SANDBOX_FULL
from mock_clover.core.problem import Problem

Row = TypeVar("Row")

ROWS_MAX = 500_000
"""A table with this many rows rejects additional ones; about 500 MB of charges."""
_DELETED: Any = object()


class Recorder(Protocol):
    """Records the changes of a table."""

    def record(self, table: str, key: str, before: object, after: object) -> None:
        """Record a change; None for a row that does not exist."""


class Table(Generic[Row]):
    """Rows of one type."""

    __slots__ = ("_base", "_changes", "_name", "_rows", "get", "rows_max")

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self.rows_max = rows_max
        self._name = ""
        self._changes: Recorder | None = None
        self._base: dict[str, Row] = {}
        """Rows shared with forks; never written to."""
        self._bind_rows({})

    def __len__(self) -> int:
        own = (
            sum((key not in self._base) - (row is _DELETED) for key, row in self._rows.items())
            if self._base
            else len(self._rows)
        )
        return len(self._base) + own

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def require(self, key: str, problem: Problem, noun: str) -> Row:
        """Return a row. Raises the problem, which says that there is no such `noun`."""
        row = self.get(key)
        if row is None:
            raise problem.error(id=key, rule=f"this sandbox has no {noun} with this id")
        return row

    def __iter__(self) -> Iterator[Row]:
        """Iterate over the rows, oldest first."""
        return (row for _, row in self.items()) if self._base else iter(self._rows.values())

    def items(self) -> Iterator[tuple[str, Row]]:
        """Iterate over keys and rows, oldest first."""
        return iter((self._merged() if self._base else self._rows).items())

    def by_key(self) -> dict[str, Row]:
        """Return a copy of the present rows by key, oldest first: 10 ns a row."""
        return self._merged() if self._base else self._rows.copy()

    @property
    def size_max(self) -> int:
        """An upper bound of the number of rows, in constant time, unlike `len`."""
        return len(self._rows) + len(self._base)

    def items_newest_first(self, *, may_change: bool = False) -> Iterator[tuple[str, Row]]:
        """Iterate over keys and rows, newest first.

        `may_change`: rows may change while they are read.
        """
        if may_change:
            return self._lasting_newest_first()
        if not self._base:
            return reversed(self._rows.items())
        return self._layered_newest_first()

    def newest_first(self, may_change: bool) -> Iterator[Row]:  # noqa: FBT001 - passed as a function
        """Iterate over the rows, newest first; `may_change`: they may change meanwhile."""
        return (row for _, row in self.items_newest_first(may_change=may_change))

    def _lasting_newest_first(self) -> Iterator[tuple[str, Row]]:
        own, shared = list(self._rows), self._base
        for key in reversed(own):
            row = None if key in shared else self.get(key)
            if row is not None:
                yield key, row
        for key in reversed(shared):  # the shared rows of a table never change
            row = self.get(key)
            if row is not None:
                yield key, row

    def _layered_newest_first(self) -> Iterator[tuple[str, Row]]:
        for key, row in reversed(self._rows.items()):
            if key not in self._base and row is not _DELETED:
                yield key, row
        for key, row in reversed(self._base.items()):
            changed = self._rows.get(key, row)
            if changed is not _DELETED:
                yield key, changed

    def check_capacity(self) -> None:
        """Raise SANDBOX_FULL if the table is full. Call it before anything is written."""
        if self.size_max >= self.rows_max:
            raise SANDBOX_FULL.error(rule=f"a table of this sandbox has {self.rows_max} rows")

    def record_changes_in(self, changes: Recorder | None, name: str) -> None:
        """Start to record all changes, under the table's name; None: do not record them."""
        self._changes, self._name = changes, name

    def merge(self, rows: "Table[Row]") -> None:
        """Add the rows of another table. These changes are not recorded: no request made them."""
        self._rows.update(rows.items())

    def put(self, key: str, row: Row) -> None:
        """Write a row: a new one is added at the end, an existing one is replaced in place."""
        if self._changes is not None:
            self._changes.record(self._name, key, self.get(key), row)
        self._rows[key] = row

    def delete(self, key: str) -> None:
        """Delete a row."""
        if self._changes is not None:
            self._changes.record(self._name, key, self.get(key), None)
        if key in self._base:
            self._rows[key] = _DELETED
        else:
            del self._rows[key]

    def put_bounded(self, key: str, row: Row) -> None:
        """Write a row and evict the oldest one if the table is full.

        Entries that hide a shared row are kept: without them, the shared row would reappear.
        """
        self.put(key, row)
        if len(self._rows) > self.rows_max:
            oldest = next((row_key for row_key in self._rows if row_key not in self._base), key)
            if oldest != key:
                del self._rows[oldest]

    def fork(self) -> "Table[Row]":
        """Return an independent table with the same rows."""
        if self._rows:
            self._base = self._merged() if self._base else self._rows
            self._bind_rows({})
        copy: Table[Row] = Table(self.rows_max)
        copy._base = self._base
        copy._bind_rows({})
        return copy

    def _merged(self) -> dict[str, Row]:
        """Return all rows as one dict, oldest first; the union takes 20 ns a row."""
        merged = self._base | self._rows
        for key, row in self._rows.items():
            if row is _DELETED:
                del merged[key]
        return merged

    def _bind_rows(self, rows: dict[str, Row]) -> None:
        """Use `rows` as the table's own rows, and bind `get` to its method for speed."""
        self._rows = rows
        self.get = self._get_layered if self._base else cast("Any", rows.get)
        """Return a row or None."""

    def _get_layered(self, key: str) -> Row | None:
        row = self._rows.get(key)
        if row is None:
            return self._base.get(key)
        return None if row is _DELETED else row
