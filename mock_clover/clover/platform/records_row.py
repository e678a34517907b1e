"""Rows of the platform's collections that this mock stores as they are.

A scenario gives them, or a write that the mock serves. Their fields are not typed here.
"""

from typing import Any

from mock_clover.core.record import Record


class PlatformRow(Record, frozen=True, kw_only=True):
    """A row of a collection."""

    collection: str
    id: str
    fields: dict[str, Any]
    """As in responses."""

    @property
    def key(self) -> str:
        """The key of the row in its table."""
        return row_key(self.collection, self.id)


def row_key(collection: str, row_id: str) -> str:
    """Return the key of a row: ids are unique within a collection only."""
    return f"{collection}/{row_id}"
