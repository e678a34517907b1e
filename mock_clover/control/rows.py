"""Control calls that show a sandbox's rows: counts per kind, pages, and one row with its history.

Each call visits a limited number of rows, because the server handles no other request meanwhile.
"""

from itertools import islice
from typing import Annotated, Any, NoReturn

from msgspec.structs import replace

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.orders.responses import OrderWithCharges
from mock_clover.control.endpoint import OURS, control, unknown
from mock_clover.control.masking import plain_row
from mock_clover.control.row_types import KINDS, RowSummary, RowType, Saved
from mock_clover.control.timeline import Link, TimelineEvent, events_of, links_of
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.journal import mask
from mock_clover.sandbox.sandbox import Sandbox

SEARCHED_MAX = 10_000
"""Search only this many of the newest rows of a kind; an older row is found by its id."""


class Counted(Record, frozen=True, kw_only=True):
    """A kind and its number of rows."""

    kind: str
    count: int


class CountList(Record, frozen=True, kw_only=True):
    """All kinds."""

    data: tuple[Counted, ...]


class RowsQuery(Record, frozen=True, kw_only=True):
    """Query of the rows of a kind."""

    q: Annotated[str, doc("Text to search for, ignoring case.", OURS)] = ""
    before: Annotated[str | None, doc("Id of the last row of the previous page.", OURS)] = None
    limit: Annotated[int, doc("Number of rows.", OURS, ge=1, le=200)] = 50


class RowList(Record, frozen=True, kw_only=True):
    """Rows of a kind, newest first."""

    data: tuple[RowSummary, ...]
    has_more: bool
    searched: int
    """The number of rows that were searched."""


class RowAnswer(Record, frozen=True, kw_only=True):
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
        data=tuple(Counted(kind=name, count=kind.count(sandbox)) for name, kind in KINDS.items())
    )


def list_rows(sandbox: Sandbox, call: Call[None, RowsQuery]) -> RowList:
    """Return rows of a kind, newest first, from the newest 10,000."""
    name, query = call.ids[0], call.query
    kind, text = _kind(name), query.q.casefold()
    rows = islice(kind.newest(sandbox), SEARCHED_MAX)
    if query.before is not None and not any(key == query.before for key, _ in rows):
        if kind.find(sandbox, query.before) is None:
            _raise_not_found(name, query.before)
        raise CONTROL_INVALID.error(detail=f"before: not among the newest {SEARCHED_MAX} rows")
    lines: list[RowSummary] = []
    searched, more = 0, False
    for key, get in rows:
        if len(lines) == query.limit:
            more = True
            break
        searched += 1
        line = kind.line(sandbox, key, get())
        if not text or text in _text(line):
            lines.append(line)
    return RowList(data=tuple(map(_mask, lines)), has_more=more, searched=searched)


def get_row(sandbox: Sandbox, call: Call[None, None]) -> RowAnswer:
    """Return one row, its related rows, and its timeline."""
    name, key = call.ids
    kind = _kind(name)
    row = kind.find(sandbox, key)
    if row is None:
        _raise_not_found(name, key)
    return RowAnswer(
        kind=name,
        id=key,
        line=_mask(kind.line(sandbox, key, row)),
        row=_content(row),
        links=links_of(sandbox, name, row),
        timeline=events_of(sandbox, name, row),
    )


def _content(row: Any) -> Any:
    """Return a row as masked plain data; a saved card includes its token."""
    if isinstance(row, Saved):
        return plain_row(row.saved) | {"customer": row.customer.id, "card": plain_row(row.token)}
    if isinstance(row, OrderWithCharges):
        return plain_row(row.order)
    return plain_row(row)


def _kind(name: str) -> RowType:
    if name not in KINDS:
        raise CONTROL_NOT_FOUND.error(detail=f"kind: {redact(unknown(name, KINDS))}")
    return KINDS[name]


def _raise_not_found(kind: str, key: str) -> NoReturn:
    raise CONTROL_NOT_FOUND.error(detail=f"{kind}: there is no row {redact(key)!r}")


def _text(line: RowSummary) -> str:
    texts = (line.id, line.title, line.state, line.customer, line.order, line.card, line.currency)
    amount = "" if line.amount is None else str(line.amount)
    return "\n".join((*filter(None, texts), amount)).casefold()


def _mask(line: RowSummary) -> RowSummary:
    texts = {
        name: mask(value)
        for name in line.__struct_fields__
        if isinstance(value := getattr(line, name), str)
    }
    return replace(line, **texts)


ENDPOINTS: tuple[Endpoint, ...] = (
    control("count_rows", "GET", "/_mock/rows", count_rows, CountList),
    control("list_rows", "GET", "/_mock/rows/{kind}", list_rows, RowList, query=RowsQuery),
    control("get_row", "GET", "/_mock/rows/{kind}/{id}", get_row, RowAnswer),
)
