"""Format times as ISO 8601."""

from datetime import UTC, datetime, timedelta

LAST_MS = 253_402_300_799_999
"""The end of the year 9999, the last date of `datetime`; nothing is due after it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_iso8601(at_ms: int, zone: str = "+0000") -> str:
    """Format a time in UTC as ISO 8601 with milliseconds: 2023-09-19T10:02:59.476+0000.

    The zone is +0000 in the recurring service and Z in the hosted checkout.
    """
    at = _EPOCH + timedelta(milliseconds=min(at_ms, LAST_MS))
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}{zone}"
