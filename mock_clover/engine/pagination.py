"""Paginate lists, newest first. A page includes the object that its cursor names.

Source of the inclusive cursor: MD:pagination, "a specific order and two orders preceding it" with
limit=3.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from mock_clover.clover.charges.responses import ListResponse
from mock_clover.clover.common.behaviours_service import DATES_ARE_UTC
from mock_clover.clover.common.problems import INVALID_REQUEST
from mock_clover.core.broken_rule import shown
from mock_clover.core.evidence import Behaviour, doc, documented
from mock_clover.core.record import Record, encode
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import EncodedJson

Row = TypeVar("Row")
Page = TypeVar("Page")
_STEP_ROWS = 100
_SHORT_STEPS = 10
"""A list that takes fewer steps, up to a thousand rows, is not a long operation."""

_DOC = documented("REF getcharges; MD:pagination")
_ORDERS = documented("REF getorders; the names are inferred from those of created")
_Created = (
    Annotated[str, doc("Milliseconds, or `yyyy-MM-dd HH:mm:ss` in UTC (zone inferred).", _DOC)]
    | None
)
_Paid = Annotated[str, doc("Time of payment; excludes unpaid orders.", _ORDERS)] | None
_DATE_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H%M%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
_CREATED_NAMES = {f"created_{bound}": f"created.{bound}" for bound in ("gt", "gte", "lt", "lte")}


class ListQuery(Record, frozen=True, kw_only=True, rename=_CREATED_NAMES):
    """Query parameters of a list."""

    limit: Annotated[int, doc("Objects per page, 1 to 100.", _DOC, ge=1, le=100)] = 10
    starting_after: Annotated[str, doc("This object and older ones.", _DOC)] | None = None
    ending_before: Annotated[str, doc("This object first, then newer ones.", _DOC)] | None = None
    created: _Created = None
    created_gt: _Created = None
    created_gte: _Created = None
    created_lt: _Created = None
    created_lte: _Created = None
    customer: Annotated[str, doc("Charges and orders of a customer.", _DOC)] | None = None
    charge: Annotated[str, doc("Refunds of a charge.", _DOC)] | None = None


class OrdersQuery(
    ListQuery,
    frozen=True,
    kw_only=True,
    rename={
        **_CREATED_NAMES,
        "paid": "status_transitions.paid",
        "paid_gt": "status_transitions.paid.gt",
        "paid_gte": "status_transitions.paid.gte",
        "paid_lt": "status_transitions.paid.lt",
        "paid_lte": "status_transitions.paid.lte",
    },
):
    """Query parameters of the list of orders."""

    paid: _Paid = None
    paid_gt: _Paid = None
    paid_gte: _Paid = None
    paid_lt: _Paid = None
    paid_lte: _Paid = None


def basis_of_query(query: ListQuery) -> tuple[Behaviour, ...]:
    """Return the behaviours that a list relies on because of its query."""
    after = (query.created, query.created_gt, query.created_gte)
    bounds = (*after, query.created_lt, query.created_lte)
    has_date = any(bound is not None and not bound.isdigit() for bound in bounds)
    return (DATES_ARE_UTC,) if has_date else ()


def paginate(
    url: str,
    newest_rows: Callable[[bool], Iterator[tuple[str, Row]]],
    query: ListQuery,
    matches: Callable[[Row], bool],
    created_ms: Callable[[Row], int],
    to_record: Callable[[Row], Record],
) -> ListResponse | Work[ListResponse]:
    """Return one page of rows, or work if many rows have to be read.

    `newest_rows` returns the rows, newest first; its argument is True if they may change while they
    are read.
    """
    within = time_filter(query, "created")

    def page(may_change: bool) -> Steps[ListResponse]:  # noqa: FBT001 - see `page_or_work`
        rows = (
            (key, row) if matches(row) and (within is None or within(created_ms(row))) else None
            for key, row in newest_rows(may_change)
        )
        return _page(url, rows, query, to_record)

    return page_or_work(page)


def page_or_work(page: Callable[[bool], Steps[Page]]) -> Page | Work[Page]:
    """Return a page, or the work that reads it again if it takes too many steps.

    The argument of `page` is True if rows may change while they are read.
    """
    steps = page(False)  # noqa: FBT003 - a callback with one argument
    try:
        for _ in range(_SHORT_STEPS):
            next(steps)
    except StopIteration as end:
        short: Page = end.value
        return short
    return Work(page(True))  # noqa: FBT003 - a callback with one argument


def array_or_work(
    newest_rows: Callable[[bool], Iterator[Row]],
    matches: Callable[[Row], bool],
    to_record: Callable[[Row], Record],
    rows_max: int,
) -> EncodedJson | Work[EncodedJson]:
    """Return the newest rows as an array, or work; see `paginate`."""

    def page(may_change: bool) -> Steps[EncodedJson]:  # noqa: FBT001 - see `page_or_work`
        records: list[Record] = []
        for row in in_steps(row if matches(row) else None for row in newest_rows(may_change)):
            if row is None:
                yield
                continue
            records.append(to_record(row))
            if len(records) == rows_max:
                break
        return EncodedJson(encode(records))

    return page_or_work(page)


def _page(
    url: str,
    rows: Iterator[tuple[str, Row] | None],
    query: ListQuery,
    to_record: Callable[[Row], Record],
) -> Steps[ListResponse]:
    if query.ending_before is not None:
        selected = yield from _rows_before_cursor(rows, query.ending_before, query.limit + 1)
    else:
        selected = yield from _rows_from_cursor(rows, query.starting_after, query.limit + 1)
    return ListResponse(
        object="list",
        url=url,
        has_more=True if len(selected) > query.limit else None,
        data=tuple(to_record(row) for row in selected[: query.limit]),
    )


def in_steps(rows: Iterable[Row | None]) -> Iterator[Row | None]:
    """Yield the rows that are not None, and None after every hundred rows."""
    for number, row in enumerate(rows, start=1):
        if row is not None:
            yield row
        if not number % _STEP_ROWS:
            yield None


def _rows_from_cursor(
    rows: Iterator[tuple[str, Row] | None], cursor: str | None, count: int
) -> Steps[list[Row]]:
    selected: list[Row] = []
    seen = cursor is None
    for found in in_steps(rows):
        if found is None:
            yield
            continue
        key, row = found
        seen = seen or key == cursor
        if seen:
            selected.append(row)
        if len(selected) == count:
            break
    if not seen:
        raise INVALID_REQUEST.error(
            param="starting_after", rule=_cursor_rule("starting_after", str(cursor))
        )
    return selected


def _cursor_rule(name: str, cursor: str) -> str:
    return f"{name} is {shown(cursor)}; must be the id of an object of the list"


def _rows_before_cursor(
    rows: Iterator[tuple[str, Row] | None], cursor: str, count: int
) -> Steps[list[Row]]:
    newer: deque[Row] = deque(maxlen=count)
    for found in in_steps(rows):
        if found is None:
            yield
            continue
        key, row = found
        newer.append(row)
        if key == cursor:
            return list(reversed(newer))
    raise INVALID_REQUEST.error(param="ending_before", rule=_cursor_rule("ending_before", cursor))


def time_filter(query: ListQuery, name: str) -> Callable[[int], bool] | None:
    """Return a predicate that checks a time against the bounds in a query; None if there are none.

    `name` is the encoded name of the query field.
    """
    field = name.rpartition(".")[2]
    low = high = None
    for suffix, offset in (("", 0), ("_gte", 0), ("_gt", 1)):
        text = getattr(query, f"{field}{suffix}")
        if text is not None:
            bound = _parse_time_ms(f"{name}{suffix.replace('_', '.')}", text) + offset
            low = bound if low is None else max(low, bound)
    for suffix, offset in (("", 0), ("_lte", 0), ("_lt", 1)):
        text = getattr(query, f"{field}{suffix}")
        if text is not None:
            bound = _parse_time_ms(f"{name}{suffix.replace('_', '.')}", text) - offset
            high = bound if high is None else min(high, bound)
    if low is None and high is None:
        return None
    return lambda ms: (low is None or ms >= low) and (high is None or ms <= high)


def _parse_time_ms(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    for date_format in _DATE_FORMATS:
        try:
            return int(datetime.strptime(text, date_format).replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            continue
    raise INVALID_REQUEST.error(
        param=name,
        rule=f"{name} is {shown(text)}; must be milliseconds since 1970 or a time such as "
        "2025-05-27T10:22:50 or 2025-05-27",
    )
