"""Endpoints for the collections that have no module of their own: a scenario gives their rows.

Without rows, a list is empty. That is inferred: a real merchant has, for example, an employee.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from mock_clover.clover.common.permissions import Permission, missing_permissions
from mock_clover.clover.oauth.problems import PERMISSION_MISSING
from mock_clover.clover.platform.behaviours import COLLECTION_IS_EMPTY
from mock_clover.clover.platform.http import PLATFORM_PATH, platform_endpoint
from mock_clover.clover.platform.listing import FilterValue, ListField, PlatformPage, list_page
from mock_clover.clover.platform.operations_cart import SERVICE_CHARGE_ROW, default_service_charge
from mock_clover.clover.platform.problems import PLATFORM_INVALID_FILTER, PLATFORM_NOT_FOUND
from mock_clover.clover.platform.records import Elements, ExpandQuery, PlatformQuery
from mock_clover.clover.platform.records_row import COLLECTIONS, OBJECTS, PlatformRow, row_key
from mock_clover.clover.platform.view import ResponseContext, response_context
from mock_clover.core.evidence import documented, observed
from mock_clover.core.record import Record, encode
from mock_clover.engine.endpoint import BEARER, Call, EncodedJson
from mock_clover.engine.unknown_path import path_error
from mock_clover.sandbox.sandbox import Sandbox

_PARENTS = tuple(name for name, each in COLLECTIONS.items() if each.nested)
_NESTED = tuple(dict.fromkeys(name for each in COLLECTIONS.values() for name in each.nested))


class CollectionRow(Record, frozen=True, kw_only=True):
    """A row as the scenario has it: this mock does not type its fields."""


class _RowFields(dict[str, ListField]):
    """The fields for filtering: all that the rows have; a dot selects a nested field."""

    def __init__(self, rows: Iterable[PlatformRow]) -> None:
        super().__init__()
        self._rows = tuple(rows)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ARG002 - as in `dict`
        """Return a field; its type is that of the first row that has it, or text."""
        values = (_value_of(row, name) for row in self._rows)
        kind = type(next((value for value in values if value is not None), ""))
        return ListField(kind, lambda row: _value_of(row, name))


def _value_of(row: PlatformRow, name: str) -> FilterValue:
    value: Any = row.fields | {"id": row.id}
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str | int) else None


def list_rows(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List the rows of a collection, such as categories, employees or devices."""
    _, collection = call.ids
    _check_permission(sandbox, call, COLLECTIONS[collection].permission)
    return _list(sandbox, call, collection, _rows_of(sandbox, collection))


def list_nested_rows(sandbox: Sandbox, call: Call[None, PlatformQuery]) -> PlatformPage:
    """List the rows of a collection that belong to a row, such as the modifiers of a group."""
    merchant, parent, row_id, collection = call.ids
    _check_permission(sandbox, call, COLLECTIONS[parent].permission)
    path = f"{parent}/{row_id}/{collection}"
    reference = COLLECTIONS[parent].nested.get(collection)
    if reference is None:
        raise path_error("GET", f"{PLATFORM_PATH}{merchant}/{path}", ())
    rows = (
        row for row in _rows_of(sandbox, collection) if _value_of(row, f"{reference}.id") == row_id
    )
    return _list(sandbox, call, path, rows)


def _list(
    sandbox: Sandbox, call: Call[None, PlatformQuery], path: str, found: Iterable[PlatformRow]
) -> PlatformPage:
    context, rows = response_context(sandbox, call), tuple(found)
    if not rows:
        call.basis += (COLLECTION_IS_EMPTY,)
        call.why = "the scenario has no rows for this collection"
    return list_page(
        context,
        call,
        path,
        _RowFields(rows),
        lambda _: rows,
        lambda row: _shown(context, row),
    )


def get_row(sandbox: Sandbox, call: Call[None, ExpandQuery]) -> EncodedJson:
    """Get one row of a collection."""
    _, collection, row_id = call.ids
    _check_permission(sandbox, call, COLLECTIONS[collection].permission)
    row = sandbox.platform_rows.require(
        row_key(collection, row_id), PLATFORM_NOT_FOUND, f"row of {collection}"
    )
    return EncodedJson(encode(_shown(response_context(sandbox, call), row)))


def get_object(sandbox: Sandbox, call: Call[None, None]) -> EncodedJson:
    """Get what is one object of the merchant, such as its service charge."""
    _, name = call.ids
    _check_permission(sandbox, call, OBJECTS[name])
    if name == SERVICE_CHARGE_ROW:
        return EncodedJson(encode(default_service_charge(sandbox)))
    row = next(_rows_of(sandbox, name), None)
    if row is None:
        call.basis += (COLLECTION_IS_EMPTY,)
        call.why = "the scenario has no such object"
        return EncodedJson(encode({}))
    return EncodedJson(encode(row.fields | {"id": row.id}))


def _rows_of(sandbox: Sandbox, collection: str) -> Iterator[PlatformRow]:
    """Iterate over the rows of a collection, newest first."""
    return (
        row for _, row in sandbox.platform_rows.items_newest_first() if row.collection == collection
    )


def _shown(context: ResponseContext, row: PlatformRow) -> Any:
    """Return a row as in responses; a nested list is shown only if it is expanded."""
    shown_id = {} if row.collection == "item_stocks" else {"id": row.id}
    return shown_id | {
        name: value
        for name, value in row.fields.items()
        if not (isinstance(value, dict) and "elements" in value) or context.expands(name)
    }


def _check_permission(sandbox: Sandbox, call: Call[Any, Any], needed: Permission) -> None:
    """Raise PERMISSION_MISSING: the needed permission depends on the collection."""
    granted = sandbox.settings.permissions
    if granted is not None and missing_permissions((needed,), granted):
        raise PERMISSION_MISSING.error(reason=f"{call.ids[1]} needs the permission {needed}")


_LISTS = documented("REF: the lists of the inventory, employees and the merchant")
ENDPOINTS = (
    platform_endpoint(
        "GET",
        "/{collection}",
        list_rows,
        Elements,
        BEARER,
        _LISTS,
        query=PlatformQuery,
        errors=(PLATFORM_INVALID_FILTER, PERMISSION_MISSING),
        path_choices={"collection": tuple(COLLECTIONS)},
    ),
    platform_endpoint(
        "GET",
        "/{collection}/{row_id}",
        get_row,
        CollectionRow,
        BEARER,
        _LISTS,
        query=ExpandQuery,
        errors=(PLATFORM_NOT_FOUND, PERMISSION_MISSING),
        response_format="object",
        path_choices={"collection": tuple(COLLECTIONS)},
    ),
    platform_endpoint(
        "GET",
        "/{collection}/{row_id}/{nested}",
        list_nested_rows,
        Elements,
        BEARER,
        _LISTS,
        query=PlatformQuery,
        errors=(PLATFORM_INVALID_FILTER, PERMISSION_MISSING),
        path_choices={"collection": _PARENTS, "nested": _NESTED},
    ),
    platform_endpoint(
        "GET",
        "/{object}",
        get_object,
        CollectionRow,
        BEARER,
        observed("clover_sandbox_simulator, recorded in 2026-02"),
        errors=(PERMISSION_MISSING,),
        response_format="object",
        path_choices={"object": tuple(OBJECTS)},
    ),
)
