"""Platform lists: filter, order, `offset` and `limit`; newest first.

Each list has a table of the fields for filtering and ordering; other fields are an error
(observed). A response header lists the allowed fields.
"""

import heapq
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote

from mock_clover.clover.platform.problems import PLATFORM_INVALID_FILTER, PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import Elements, PlatformQuery
from mock_clover.clover.platform.view import ResponseContext
from mock_clover.core.broken_rule import shown
from mock_clover.core.masking import redact
from mock_clover.core.problem import ApiError
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import Call
from mock_clover.engine.pagination import in_steps, page_or_work

Row = TypeVar("Row")
FilterValue = str | int | bool | None

CLAUSES_MAX = 20
"""Maximum number of clauses of a filter, and of fields to sort by; the limit is this mock's own."""
_SHORT_PAGE, _CHUNK_ROWS = 100, 500
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
PlatformPage = Elements | Work[Elements]


def list_page(
    context: ResponseContext,
    call: Call[Any, PlatformQuery],
    path: str,
    fields: Fields,
    rows: Callable[[bool], Iterable[Row | None]],
    to_record: Callable[[Row], Record],
    *,
    prepare: Callable[[], Steps[None]] | None = None,
) -> PlatformPage:
    """Return one page of rows, or work if many rows have to be read, or fields are expanded.

    `rows` returns the rows, newest first, with None in place of a row that is not in the list; its
    argument is True if rows may change while they are read. `prepare` reads what `to_record` needs
    for the expanded fields.
    """
    query = call.query
    clauses = [] if query.filter is None else _CLAUSE_SEPARATOR.split(query.filter)
    if len(clauses) > CLAUSES_MAX:
        raise _filter_error(f"a filter can have at most {CLAUSES_MAX} clauses")
    tests = [_parse_clause(clause, fields) for clause in clauses]
    key = None if query.orderBy is None else _order_key(query.orderBy, fields)
    href = f"{context.root}/{path}?{_query_string(query, clauses)}"

    def page(may_change: bool) -> Steps[Elements]:  # noqa: FBT001 - see `page_or_work`
        matching = in_steps(
            row if row is not None and all(test(row) for test in tests) else None
            for row in rows(may_change)
        )
        if key is not None:
            matching = yield from _ordered(matching, key)
        selected = yield from _slice(matching, query.offset, query.limit)
        if prepare is not None:
            yield from prepare()
        records = []
        for row in selected:
            records.append(to_record(row))
            if may_change or query.limit > _SHORT_PAGE:
                yield
        return Elements(elements=tuple(records), href=href)

    return page_or_work(page) if query.expand is None else Work(page(True))  # noqa: FBT003 - see `page_or_work`


def _slice(rows: Iterator[Row | None], offset: int, limit: int) -> Steps[list[Row]]:
    selected: list[Row] = []
    for row in rows:
        if row is None:
            yield
        elif offset:
            offset -= 1
        else:
            selected.append(row)
            if len(selected) == limit:
                break
    return selected


def _query_string(query: PlatformQuery, clauses: Iterable[str]) -> str:
    """Return the normalized query string. Source: the href of a filtered list, MD:filters."""
    parts = [f"filter={quote(redact(clause.strip()), safe='!')}" for clause in clauses]
    for name, text in (("expand", query.expand), ("orderBy", query.orderBy)):
        if text is not None:
            parts.append(f"{name}={quote(redact(text), safe='!')}")
    if query.offset:
        parts.append(f"offset={query.offset}")
    return "&".join((*parts, f"limit={query.limit}"))


def _filter_error(text: str) -> ApiError:
    return PLATFORM_INVALID_FILTER.error(detail=text, rule=text)


def _parse_clause(clause: str, fields: Fields) -> Callable[[Any], bool]:
    match = _CLAUSE.match(clause)
    if match is None:
        raise _filter_error(f"{clause.strip()[:80]} is not `field=value`")
    name, sign, text = match.groups()
    field = fields.get(name)
    if field is None:
        raise _filter_error(f"{name} cannot be filtered; allowed: {', '.join(fields)}")
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
            raise _filter_error(f"{name} must be true or false")
        return text == "true"
    if field.kind is int:
        if not _NUMBER.match(text):
            raise _filter_error(f"{name} must be an integer")
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


class _Descending:
    """A value that is sorted before smaller ones."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and bool(self.value == other.value)

    def __lt__(self, other: "_Descending") -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment] # only for sorting


def _order_key(text: str, fields: Fields) -> Callable[[Any], Any]:
    """Return the key by which rows are sorted.

    Rows without a value come first in ASC order and last in DESC order.
    """
    clauses = text.split(",")
    if len(clauses) > CLAUSES_MAX:
        raise PLATFORM_INVALID_QUERY.error(
            param="orderBy", reason=f"this mock sorts by at most {CLAUSES_MAX} fields"
        )
    parts: list[tuple[ListField, bool]] = []
    for clause in clauses:
        name, _, direction = clause.strip().partition(" ")
        field, direction = fields.get(name), direction.strip().upper() or "ASC"
        if field is None or direction not in ("ASC", "DESC"):
            rule = _order_rule(name, direction, fields)
            raise PLATFORM_INVALID_QUERY.error(param="orderBy", rule=rule)
        parts.append((field, direction == "DESC"))
    return lambda row: [
        _Descending(_sort_key(field, row)) if is_descending else _sort_key(field, row)
        for field, is_descending in parts
    ]


def _ordered(rows: Iterator[Row | None], key: Callable[[Row], Any]) -> Steps[Iterator[Row | None]]:
    """Sort rows in chunks, which are merged when they are read."""
    chunks: list[list[Row]] = [[]]
    for row in rows:
        if row is None:
            yield
            continue
        chunks[-1].append(row)
        if len(chunks[-1]) == _CHUNK_ROWS:
            chunks[-1].sort(key=key)
            chunks.append([])
            yield
    chunks[-1].sort(key=key)
    merged: Iterator[Row] = heapq.merge(*chunks, key=key)
    return in_steps(merged)


def _order_rule(name: str, direction: str, fields: Fields) -> str:
    if name in fields:
        return f"the direction of orderBy is {shown(direction)}; must be ASC or DESC"
    hint = did_you_mean(name, fields) or f"; allowed: {', '.join(fields)}"
    return f"orderBy is {shown(name)}; the list has no such field{hint}"


def _sort_key(field: ListField, row: Any) -> tuple[bool, Any]:
    values = _values(field, row)
    return (True, values[0]) if values else (False, field.kind())
