"""Control endpoints for a sandbox's rows: counts per kind, pages, and one row with its history.

Each request reads a limited number of rows, because it blocks the event loop.
"""

from itertools import islice
from typing import Annotated, Any, NoReturn

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.control.endpoint import MOCK_ONLY, control_endpoint, unknown_name
from mock_clover.control.masking import masked_row
from mock_clover.control.rows.kinds import (
    ROW_KINDS,
    RowKind,
    RowSummary,
    SavedCardRow,
    masked_summary,
)
from mock_clover.control.rows.timeline import Link, TimelineEvent, related_rows, timeline_of
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.sandbox import Sandbox

SEARCHED_MAX = 10_000
"""Only this many of the newest rows are searched. An older row can be found by its id."""


class KindCount(Record, frozen=True, kw_only=True):
    """A kind and its number of rows."""

    kind: str
    count: int


class CountList(Record, frozen=True, kw_only=True):
    """The number of rows of each kind."""

    data: tuple[KindCount, ...]


class RowsQuery(Record, frozen=True, kw_only=True):
    """Query of the rows of a kind."""

    q: Annotated[str, doc("Text to search for, ignoring case.", MOCK_ONLY)] = ""
    before: Annotated[str | None, doc("Id of the last row of the previous page.", MOCK_ONLY)] = None
    limit: Annotated[int, doc("Number of rows.", MOCK_ONLY, ge=1, le=200)] = 50


class RowList(Record, frozen=True, kw_only=True):
    """Rows of a kind, newest first."""

    data: tuple[RowSummary, ...]
    has_more: bool
    searched: int
    """The number of rows that were searched."""


class RowResponse(Record, frozen=True, kw_only=True):
    """One row without key material, its related rows, and its timeline."""

    kind: str
    id: str
    line: RowSummary
    row: Any
    links: tuple[Link, ...]
    timeline: tuple[TimelineEvent, ...]


def count_rows(sandbox: Sandbox, _call: Call[None, None]) -> CountList:
    """Return the number of a sandbox's rows by kind."""
    return CountList(
        data=tuple(
            KindCount(kind=name, count=kind.count(sandbox)) for name, kind in ROW_KINDS.items()
        )
    )


def list_rows(sandbox: Sandbox, call: Call[None, RowsQuery]) -> RowList:
    """Return rows of a kind, newest first, from the newest 10,000."""
    name, query = call.ids[0], call.query
    kind, text = _get_kind(name), query.q.casefold()
    rows = islice(kind.newest(sandbox), SEARCHED_MAX)
    if query.before is not None and not any(key == query.before for key, _ in rows):
        if kind.find(sandbox, query.before) is None:
            _raise_not_found(name, query.before)
        raise CONTROL_INVALID.error(
            detail=f"before: {redact(query.before)!r} is not among the newest {SEARCHED_MAX} rows"
        )
    lines: list[RowSummary] = []
    searched, has_more = 0, False
    for key, get in rows:
        if len(lines) == query.limit:
            has_more = True
            break
        searched += 1
        line = kind.summarize(sandbox, key, get())
        if not text or text in _searchable_text(line):
            lines.append(line)
    return RowList(data=tuple(map(masked_summary, lines)), has_more=has_more, searched=searched)


def get_row(sandbox: Sandbox, call: Call[None, None]) -> RowResponse:
    """Return one row, its related rows, and its timeline."""
    name, key = call.ids
    kind = _get_kind(name)
    row = kind.find(sandbox, key)
    if row is None:
        _raise_not_found(name, key)
    return RowResponse(
        kind=name,
        id=key,
        line=masked_summary(kind.summarize(sandbox, key, row)),
        row=_row_content(row),
        links=related_rows(sandbox, name, row),
        timeline=timeline_of(sandbox, name, row),
    )


def _row_content(row: Any) -> Any:
    """Return a row as masked plain data; a saved card includes its token."""
    if isinstance(row, SavedCardRow):
        return masked_row(row.saved) | {"customer": row.customer.id, "card": masked_row(row.token)}
    if isinstance(row, OrderWithCharges):
        return masked_row(row.order)
    return masked_row(row)


def _get_kind(name: str) -> RowKind:
    if name not in ROW_KINDS:
        raise CONTROL_NOT_FOUND.error(detail=f"kind: {redact(unknown_name(name, ROW_KINDS))}")
    return ROW_KINDS[name]


def _raise_not_found(kind: str, key: str) -> NoReturn:
    raise CONTROL_NOT_FOUND.error(detail=f"{kind}: no row has the id {redact(key)!r}")


def _searchable_text(line: RowSummary) -> str:
    texts = (line.id, line.title, line.state, line.customer, line.order, line.card, line.currency)
    return "\n".join((*filter(None, texts), *_amount_texts(line.amount))).casefold()


def _amount_texts(amount: int | None) -> tuple[str, ...]:
    """Return an amount as it is stored and as the dashboard shows it: `$1,090.00`."""
    if amount is None:
        return ()
    major, minor = divmod(abs(amount), 100)
    return str(amount), f"${major:,}.{minor:02d}", f"${major}.{minor:02d}"


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("count_rows", "GET", "/_mock/rows", count_rows, CountList),
    control_endpoint("list_rows", "GET", "/_mock/rows/{kind}", list_rows, RowList, query=RowsQuery),
    control_endpoint("get_row", "GET", "/_mock/rows/{kind}/{id}", get_row, RowResponse),
)
