"""A sandbox's rows, to look at: what kinds there are, a page of one, one row with its history.

To look costs no more than a bounded number of rows, however many there are: the server answers
nobody else meanwhile.
"""

from itertools import islice
from typing import Annotated, Any, NoReturn

import msgspec

from mock_clover.clover.common.problems import CONTROL_INVALID, CONTROL_NOT_FOUND
from mock_clover.clover.orders.views import OrderWithCharges
from mock_clover.control.endpoint import OURS, control, unknown
from mock_clover.control.masking import plain_row
from mock_clover.control.row_types import KINDS, RowSummary, RowType, Saved
from mock_clover.control.timeline import Link, TimelineEvent, links_of, moments_of
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint
from mock_clover.sandbox.journal import mask
from mock_clover.sandbox.sandbox import Sandbox

SEARCHED_MAX = 10_000
"""Newest rows of a kind that are gone through; an older one is found by its id."""


class Counted(Record, frozen=True, kw_only=True):
    """A kind, and how many rows there are of it."""

    kind: str
    count: int


class CountList(Record, frozen=True, kw_only=True):
    """All kinds."""

    data: tuple[Counted, ...]


class RowsQuery(Record, frozen=True, kw_only=True):
    """Query of the rows of a kind."""

    q: Annotated[str, doc("A text that the line must have, in either case.", OURS)] = ""
    before: Annotated[str | None, doc("The id of the last row of the page before.", OURS)] = None
    limit: Annotated[int, doc("So many rows.", OURS, ge=1, le=200)] = 50


class RowList(Record, frozen=True, kw_only=True):
    """Rows of a kind, newest first."""

    data: tuple[RowSummary, ...]
    has_more: bool
    searched: int
    """Rows that were looked at."""


class RowAnswer(Record, frozen=True, kw_only=True):
    """One row, whole: without key material, what it hangs together with, what became of it."""

    kind: str
    id: str
    line: RowSummary
    row: Any
    links: tuple[Link, ...]
    timeline: tuple[TimelineEvent, ...]


def count_rows(sandbox: Sandbox, _call: Call[None, None]) -> CountList:
    """Count a sandbox's rows, kind by kind."""
    return CountList(
        data=tuple(Counted(kind=name, count=kind.count(sandbox)) for name, kind in KINDS.items())
    )


def list_rows(sandbox: Sandbox, call: Call[None, RowsQuery]) -> RowList:
    """Return rows of a kind, newest first, and no further back than the newest 10,000."""
    name, asked = call.ids[0], call.query
    kind, wanted = _kind(name), asked.q.casefold()
    rows = islice(kind.newest(sandbox), SEARCHED_MAX)
    if asked.before is not None and not any(key == asked.before for key, _ in rows):
        if kind.find(sandbox, asked.before) is None:
            _absent(name, asked.before)
        raise CONTROL_INVALID.error(said=f"before: it is not among the newest {SEARCHED_MAX}")
    found: list[RowSummary] = []
    searched, more = 0, False
    for key, give in rows:
        if len(found) == asked.limit:
            more = True
            break
        searched += 1
        line = kind.line(sandbox, key, give())
        if not wanted or wanted in _text(line):
            found.append(line)
    return RowList(data=tuple(map(_shown, found)), has_more=more, searched=searched)


def get_row(sandbox: Sandbox, call: Call[None, None]) -> RowAnswer:
    """Return one row: what it holds, what it hangs together with, and what became of it."""
    name, key = call.ids
    kind = _kind(name)
    row = kind.find(sandbox, key)
    if row is None:
        _absent(name, key)
    return RowAnswer(
        kind=name,
        id=key,
        line=_shown(kind.line(sandbox, key, row)),
        row=_held(row),
        links=links_of(sandbox, name, row),
        timeline=moments_of(sandbox, name, row),
    )


def _held(row: Any) -> Any:
    """Return what a row holds; a saved card is known by its token, an order by its charges too."""
    if isinstance(row, Saved):
        return plain_row(row.saved) | {"customer": row.customer.id, "card": plain_row(row.token)}
    if isinstance(row, OrderWithCharges):
        return plain_row(row.order)
    return plain_row(row)


def _kind(name: str) -> RowType:
    if name not in KINDS:
        raise CONTROL_NOT_FOUND.error(said=f"kind: {redact(unknown(name, KINDS))}")
    return KINDS[name]


def _absent(kind: str, key: str) -> NoReturn:
    raise CONTROL_NOT_FOUND.error(said=f"there is no row {redact(key)!r} among the {kind}")


def _text(line: RowSummary) -> str:
    texts = (line.id, line.title, line.state, line.customer, line.order, line.card, line.currency)
    amount = "" if line.amount is None else str(line.amount)
    return "\n".join((*filter(None, texts), amount)).casefold()


def _shown(line: RowSummary) -> RowSummary:
    texts = {
        name: mask(value)
        for name in line.__struct_fields__
        if isinstance(value := getattr(line, name), str)
    }
    return msgspec.structs.replace(line, **texts)


ENDPOINTS: tuple[Endpoint, ...] = (
    control("count_rows", "GET", "/_mock/rows", count_rows, CountList),
    control("list_rows", "GET", "/_mock/rows/{kind}", list_rows, RowList, query=RowsQuery),
    control("get_row", "GET", "/_mock/rows/{kind}/{id}", get_row, RowAnswer),
)
