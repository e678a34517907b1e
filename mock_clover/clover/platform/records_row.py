"""Rows of the platform's collections that this mock stores as they are.

A scenario gives them, or a write that the mock serves. Their fields are not typed here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mock_clover.clover.common.permissions import Permission
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


class Collection(NamedTuple):
    """A collection of the platform API without a module of its own."""

    permission: Permission
    nested: Mapping[str, str] = {}
    """Collections below a row: the last part of the path, and the field that refers to the row."""


COLLECTIONS: dict[str, Collection] = {
    "attributes": Collection("read_inventory", {"options": "attribute"}),
    "authorizations": Collection("read_payments"),
    "cash_events": Collection("read_merchant"),
    "categories": Collection("read_inventory"),
    "credits": Collection("read_payments"),
    "devices": Collection("read_merchant"),
    "discounts": Collection("read_inventory"),
    "employees": Collection("read_merchant", {"shifts": "employee"}),
    "item_groups": Collection("read_inventory"),
    "item_stocks": Collection("read_inventory"),
    "modifier_groups": Collection("read_inventory", {"modifiers": "modifierGroup"}),
    "modifiers": Collection("read_inventory"),
    "opening_hours": Collection("read_merchant"),
    "options": Collection("read_inventory"),
    "print_event": Collection("read_orders"),
    "printers": Collection("read_merchant"),
    "roles": Collection("read_merchant"),
    "shifts": Collection("read_merchant"),
    "system_order_types": Collection("read_merchant"),
    "tag_items": Collection("read_inventory"),
    "tags": Collection("read_inventory"),
    "tax_rules": Collection("read_inventory"),
    "tip_suggestions": Collection("read_merchant"),
    "voided_line_items": Collection("read_orders"),
}
"""Source of the paths: REF and Clover's CloverSDK; of `printers`, a public shop. The permissions
are inferred from those of similar operations; Clover has permissions for employees, which this mock
has not."""
OBJECTS: dict[str, Permission] = {
    "default_service_charge": "read_merchant",
    "system_service_charge": "read_merchant",
}
"""What is one object, not a list."""
