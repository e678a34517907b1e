"""Platform lists: filtered, ordered, cut by `offset` and `limit`; the newest first.

A list has a table of the fields that it can be filtered and ordered by; what is not in it is
refused, as was observed, and all that is in it is told in a header.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mock_clover.clover.platform.problems import PLATFORM_INVALID_FILTER, PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import Elements, PlatformQuery
from mock_clover.clover.platform.view import View
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call

Row = TypeVar("Row")
Value = str | int | bool | None

CLAUSES_MAX = 20
"""Clauses of a filter; a bound of this mock."""
_NUMBER = re.compile(r"-?[0-9]{1,18}(?!\n)$")
_FIELD = r"[A-Za-z][A-Za-z0-9_.]*"
_CLAUSE = re.compile(rf"\s*({_FIELD})\s*(!=|>=|<=|=|>|<)(.*)$", re.DOTALL)
_NEXT = re.compile(rf",(?=\s*{_FIELD}\s*(?:!=|>=|<=|=|>|<))")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Field(NamedTuple):
    """A field of a row by which a list can be filtered and ordered."""

    kind: type[str] | type[int] | type[bool]
    get: Callable[[Any], Value | tuple[str, ...]]


Fields = Mapping[str, Field]


def listed(
    view: View,
    call: Call[Any, PlatformQuery],
    path: str,
    fields: Fields,
    rows: Iterable[Row],
    show: Callable[[Row], Record],
) -> Elements:
    """Return one page of rows that come newest first."""
    query = call.query
    clauses = [] if query.filter is None else _NEXT.split(query.filter)
    if len(clauses) > CLAUSES_MAX:
        raise PLATFORM_INVALID_FILTER.error(said=f"more than {CLAUSES_MAX} clauses")
    tests = [_test(clause, fields) for clause in clauses]
    kept: Iterable[Row] = (row for row in rows if all(test(row) for test in tests))
    if query.orderBy is not None:
        kept = _ordered(query.orderBy, fields, kept)
    page = islice(kept, query.offset, query.offset + query.limit)
    return Elements(
        elements=tuple(show(row) for row in page),
        href=f"{view.root}/{path}?{_asked(query, clauses)}",
    )


def _asked(query: PlatformQuery, clauses: Iterable[str]) -> str:
    """Return a query as it was understood. Source: the href of a filtered list, MD:filters."""
    parts = [f"filter={quote(redact(clause.strip()), safe='!')}" for clause in clauses]
    for name, text in (("expand", query.expand), ("orderBy", query.orderBy)):
        if text is not None:
            parts.append(f"{name}={quote(redact(text), safe='!')}")
    if query.offset:
        parts.append(f"offset={query.offset}")
    return "&".join((*parts, f"limit={query.limit}"))


def _test(clause: str, fields: Fields) -> Callable[[Any], bool]:
    found = _CLAUSE.match(clause)
    if found is None:
        raise PLATFORM_INVALID_FILTER.error(said=clause.strip()[:80])
    name, sign, text = found.groups()
    field = fields.get(name)
    if field is None:
        raise PLATFORM_INVALID_FILTER.error(said=f"{name} is not one of {', '.join(fields)}")
    wanted = _wanted(name, field, text.strip())
    if sign in _COMPARE:
        compare = _COMPARE[sign]
        return lambda row: any(compare(value, wanted) for value in _values(field, row))
    equal = _equal(wanted)
    if sign == "=":
        return lambda row: any(equal(value) for value in _values(field, row))
    return lambda row: not any(equal(value) for value in _values(field, row))


def _wanted(name: str, field: Field, text: str) -> Any:
    if field.kind is bool:
        if text not in ("true", "false"):
            raise PLATFORM_INVALID_FILTER.error(said=f"{name} is true or false")
        return text == "true"
    if field.kind is int:
        if not _NUMBER.match(text):
            raise PLATFORM_INVALID_FILTER.error(said=f"{name} is a whole number")
        return int(text)
    return text


def _equal(wanted: Any) -> Callable[[Any], bool]:
    """Return a test for equality; a text may end in `*`. Source: clover-mcp-server, item names."""
    if isinstance(wanted, str) and wanted.endswith("*"):
        return lambda value: value.startswith(wanted[:-1])
    return lambda value: bool(value == wanted)


def _values(field: Field, row: Any) -> tuple[Any, ...]:
    value = field.get(row)
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _ordered(text: str, fields: Fields, rows: Iterable[Row]) -> list[Row]:
    """Order rows by one field or several; those without a value come first, or last if falling."""
    ordered = list(rows)
    for each in reversed(text.split(",")):
        name, _, way = each.strip().partition(" ")
        field, way = fields.get(name), way.strip().upper() or "ASC"
        if field is None or way not in ("ASC", "DESC"):
            raise PLATFORM_INVALID_QUERY.error(param="orderBy")
        ordered.sort(key=lambda row, field=field: _key(field, row), reverse=way == "DESC")  # type: ignore[misc] # mypy knows no default here
    return ordered


def _key(field: Field, row: Any) -> tuple[bool, Any]:
    values = _values(field, row)
    return (True, values[0]) if values else (False, field.kind())
