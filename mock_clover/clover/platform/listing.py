"""Platform lists: filter, order, `offset` and `limit`; newest first.

Each list has a table of the fields for filtering and ordering; other fields are an error
(observed). A response header lists the allowed fields.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mock_clover.clover.platform.problems import PLATFORM_INVALID_FILTER, PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import Elements, PlatformQuery
from mock_clover.clover.platform.view import ResponseContext
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call

Row = TypeVar("Row")
FilterValue = str | int | bool | None

CLAUSES_MAX = 20
"""Maximum number of clauses of a filter; the limit is this mock's own."""
_NUMBER = re.compile(r"-?[0-9]{1,18}(?!\n)$")
_FIELD = r"[A-Za-z][A-Za-z0-9_.]*"
_CLAUSE = re.compile(rf"\s*({_FIELD})\s*(!=|>=|<=|=|>|<)(.*)$", re.DOTALL)
_CLAUSE_SEPARATOR = re.compile(rf",(?=\s*{_FIELD}\s*(?:!=|>=|<=|=|>|<))")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class ListField(NamedTuple):
    """A field for filtering and ordering a list."""

    kind: type[str] | type[int] | type[bool]
    get: Callable[[Any], FilterValue | tuple[str, ...]]


Fields = Mapping[str, ListField]


def list_page(
    context: ResponseContext,
    call: Call[Any, PlatformQuery],
    path: str,
    fields: Fields,
    rows: Iterable[Row],
    to_record: Callable[[Row], Record],
) -> Elements:
    """Return one page of rows; `rows` must be newest first."""
    query = call.query
    clauses = [] if query.filter is None else _CLAUSE_SEPARATOR.split(query.filter)
    if len(clauses) > CLAUSES_MAX:
        raise PLATFORM_INVALID_FILTER.error(
            detail=f"a filter can have at most {CLAUSES_MAX} clauses"
        )
    tests = [_parse_clause(clause, fields) for clause in clauses]
    matching: Iterable[Row] = (row for row in rows if all(test(row) for test in tests))
    if query.orderBy is not None:
        matching = _order_rows(query.orderBy, fields, matching)
    page = islice(matching, query.offset, query.offset + query.limit)
    return Elements(
        elements=tuple(to_record(row) for row in page),
        href=f"{context.root}/{path}?{_query_string(query, clauses)}",
    )


def _query_string(query: PlatformQuery, clauses: Iterable[str]) -> str:
    """Return the normalized query string. Source: the href of a filtered list, MD:filters."""
    parts = [f"filter={quote(redact(clause.strip()), safe='!')}" for clause in clauses]
    for name, text in (("expand", query.expand), ("orderBy", query.orderBy)):
        if text is not None:
            parts.append(f"{name}={quote(redact(text), safe='!')}")
    if query.offset:
        parts.append(f"offset={query.offset}")
    return "&".join((*parts, f"limit={query.limit}"))


def _parse_clause(clause: str, fields: Fields) -> Callable[[Any], bool]:
    match = _CLAUSE.match(clause)
    if match is None:
        raise PLATFORM_INVALID_FILTER.error(detail=f"{clause.strip()[:80]} is not `field=value`")
    name, sign, text = match.groups()
    field = fields.get(name)
    if field is None:
        raise PLATFORM_INVALID_FILTER.error(
            detail=f"{name} cannot be filtered; allowed: {', '.join(fields)}"
        )
    expected = _parse_value(name, field, text.strip())
    if sign in _COMPARE:
        compare = _COMPARE[sign]
        return lambda row: any(compare(value, expected) for value in _values(field, row))
    equal = _equality_test(expected)
    if sign == "=":
        return lambda row: any(equal(value) for value in _values(field, row))
    return lambda row: not any(equal(value) for value in _values(field, row))


def _parse_value(name: str, field: ListField, text: str) -> Any:
    if field.kind is bool:
        if text not in ("true", "false"):
            raise PLATFORM_INVALID_FILTER.error(detail=f"{name} must be true or false")
        return text == "true"
    if field.kind is int:
        if not _NUMBER.match(text):
            raise PLATFORM_INVALID_FILTER.error(detail=f"{name} must be an integer")
        return int(text)
    return text


def _equality_test(expected: Any) -> Callable[[Any], bool]:
    """Return a test for equality; a string may end in `*` (clover-mcp-server: item names)."""
    if isinstance(expected, str) and expected.endswith("*"):
        return lambda value: value.startswith(expected[:-1])
    return lambda value: bool(value == expected)


def _values(field: ListField, row: Any) -> tuple[Any, ...]:
    value = field.get(row)
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _order_rows(text: str, fields: Fields, rows: Iterable[Row]) -> list[Row]:
    """Sort rows by fields. Rows without a value come first in ASC order and last in DESC order."""
    ordered = list(rows)
    for clause in reversed(text.split(",")):
        name, _, direction = clause.strip().partition(" ")
        field, direction = fields.get(name), direction.strip().upper() or "ASC"
        if field is None or direction not in ("ASC", "DESC"):
            raise PLATFORM_INVALID_QUERY.error(param="orderBy")
        descending = direction == "DESC"
        ordered.sort(key=lambda row, field=field: _sort_key(field, row), reverse=descending)  # type: ignore[misc] # mypy does not infer the default
    return ordered


def _sort_key(field: ListField, row: Any) -> tuple[bool, Any]:
    values = _values(field, row)
    return (True, values[0]) if values else (False, field.kind())
