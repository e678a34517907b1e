"""A table of rows by id, in the order of their creation, bounded.

The only mutable home of rows. Rows are frozen: a change puts a new row in the old one's place.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from mock_clover.model.problem import SANDBOX_FULL

Row = TypeVar("Row")

ROWS_MAX = 500_000
"""Rows a table holds before a create is refused: about 500 MB of charges."""


class Table(Generic[Row]):
    """Rows of one kind."""

    __slots__ = ("_rows", "get", "put", "rows_max")

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        self._rows: dict[str, Row] = {}
        self.rows_max = rows_max
        self.get = self._rows.get
        self.put = self._rows.__setitem__
        """Write a row: a new one comes last, an old one keeps its place."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Row]:
        """Iterate from the oldest."""
        return iter(self._rows.values())

    def newest(self) -> Iterator[tuple[str, Row]]:
        """Iterate keys and rows from the newest."""
        return reversed(self._rows.items())

    def require_room(self) -> None:
        """Refuse, before anything is written, when no further row fits."""
        if len(self._rows) >= self.rows_max:
            SANDBOX_FULL.refuse()

    def drop(self, key: str) -> None:
        """Delete a row."""
        del self._rows[key]

    def put_bounded(self, key: str, row: Row) -> None:
        """Write a row and let the oldest go when the bound is passed."""
        self._rows[key] = row
        if len(self._rows) > self.rows_max:
            del self._rows[next(iter(self._rows))]
