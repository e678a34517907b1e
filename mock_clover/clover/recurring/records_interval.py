"""Calendar intervals: compute when the n-th payment is due. Pure functions; times are UTC.

Months and years are calendar months. If a month has no such day, its last day is used; the
following month uses the original day again: 31 January, 28 February, 31 March. Each date is
computed from the start date, so no day is lost. Inferred: Clover documents only the names of the
four intervals.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from mock_clover.core.iso8601 import LAST_MS

Interval = Literal["DAY", "WEEK", "MONTH", "YEAR"]

_DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = {"DAY": 1, "WEEK": 7}
_MONTHS = {"MONTH": 1, "YEAR": 12}


def nth_due_ms(start_ms: int, interval: Interval, count: int, number: int) -> int | None:
    """Return the due time of payment `number` (from 0) of a series, or None after the year 9999."""
    if interval in _DAYS:
        at_ms = start_ms + number * count * _DAYS[interval] * _DAY_MS
        return at_ms if at_ms <= LAST_MS else None
    first = _date(start_ms)
    months = first.year * 12 + first.month - 1 + number * count * _MONTHS[interval]
    year, month = divmod(months, 12)
    if year > date.max.year:
        return None
    days = calendar.monthrange(year, month + 1)[1]
    on = date(year, month + 1, min(first.day, days))
    return (on.toordinal() - _EPOCH_DAY) * _DAY_MS + start_ms % _DAY_MS


def next_due_ms(start_ms: int, interval: Interval, count: int, after_ms: int) -> int | None:
    """Return the first due time of a series after a time; does not iterate from the start date."""
    if after_ms < start_ms:
        return start_ms
    if interval in _DAYS:
        number = (after_ms - start_ms) // (count * _DAYS[interval] * _DAY_MS) + 1
        return nth_due_ms(start_ms, interval, count, number)
    first, now = _date(start_ms), _date(after_ms)
    months = (now.year - first.year) * 12 + now.month - first.month
    number = months // (count * _MONTHS[interval])
    while (
        at_ms := nth_due_ms(start_ms, interval, count, number)
    ) is not None and at_ms <= after_ms:
        number += 1
    return at_ms


def format_date(at_ms: int) -> str:
    """Format the date of a time."""
    return _date(at_ms).isoformat()


def parse_iso8601(text: str) -> int:
    """Parse an ISO 8601 time; the default zone is UTC.

    Raises ValueError, including for times before 1970. Source: MD:working-with-recurring, and older
    samples with `@` instead of T.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    at_ms = (at - _EPOCH) // timedelta(milliseconds=1)
    if not 0 <= at_ms <= LAST_MS:
        raise ValueError(f"{text!r} is before 1970 or after 9999")
    return at_ms


def _date(at_ms: int) -> date:
    return date.fromordinal(min(at_ms, LAST_MS) // _DAY_MS + _EPOCH_DAY)
