"""Spans of time as people write them: 500ms, 30s, 10m, 2h, 8d."""

import re

from mock_clover.core.evidence import END

SPAN = rf"^([0-9]{{1,12}})\s*(ms|s|m|h|d){END}"
_SPAN = re.compile(SPAN)
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SPAN_MS_MAX = 3_650 * _UNIT_MS["d"]


def parse_duration_ms(text: str) -> int:
    """Return a span in milliseconds. Raises ValueError for what is none, or above ten years."""
    found = _SPAN.match(text.strip())
    by_ms = int(found[1]) * _UNIT_MS[found[2]] if found else -1
    if not 0 <= by_ms <= SPAN_MS_MAX:
        raise ValueError(f"{text!r} is no span of time; give it as 500ms, 30s, 10m, 2h or 8d")
    return by_ms
