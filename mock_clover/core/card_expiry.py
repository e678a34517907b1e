"""The default expiry date of test cards."""

from datetime import UTC, datetime

_YEARS = 4


def default_expiry(now_ms: int) -> str:
    """Return the date, as MM/YY, at which a card expires that is issued now: in four years."""
    year = datetime.fromtimestamp(now_ms / 1000, UTC).year + _YEARS
    return f"12/{year % 100:02}"
