"""Parse the expiry date of a card and compute the time after it."""

import re
from datetime import UTC, datetime

from mock_clover.clover.common.problems import (
    EXPIRED_CARD,
    INVALID_EXPIRY_MONTH,
    INVALID_EXPIRY_YEAR,
)
from mock_clover.sandbox.sandbox import Sandbox

_MONTH = re.compile(r"0?[1-9]|1[0-2]", re.ASCII)
_YEAR = re.compile(r"[0-9]{2}|[0-9]{4}", re.ASCII)


def parse_expiry(sandbox: Sandbox, exp_month: str | None, exp_year: str | None) -> tuple[str, str]:
    """Return the month and four-digit year. A card expires at the end of the month."""
    month, year = (exp_month or "").strip(), (exp_year or "").strip()
    if not _MONTH.fullmatch(month):
        raise INVALID_EXPIRY_MONTH.error(
            rule="card.exp_month must be 1 to 12" if month else "card.exp_month is missing"
        )
    if not _YEAR.fullmatch(year):
        raise INVALID_EXPIRY_YEAR.error(
            rule="card.exp_year must be two or four digits" if year else "card.exp_year is missing"
        )
    if len(year) == 2:
        year = f"20{year}"
    if (int(year), int(month)) < sandbox.clock.year_and_month():
        now_year, now_month = sandbox.clock.year_and_month()
        rule = (
            f"the card expired before {now_year}-{now_month:02}, the month of the sandbox's clock"
        )
        raise EXPIRED_CARD.error(rule=rule)
    return month, year


def end_of_month_ms(year: int, month: int) -> int:
    """Return the first millisecond after a month, in UTC."""
    months = min(year, 9_998) * 12 + month  # the following month, counted from year 0
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)
