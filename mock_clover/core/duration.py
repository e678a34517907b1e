"""Parse durations such as 500ms, 30s, 10m, 2h and 8d."""

import re

from mock_clover.core.evidence import END_OF_STRING

DURATION_PATTERN = rf"^([0-9]{{1,12}})\s*(ms|s|m|h|d){END_OF_STRING}"
_DURATION_RE = re.compile(DURATION_PATTERN)
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
DURATION_MS_MAX = 3_650 * _UNIT_MS["d"]


_LONG_UNIT = re.compile(r"([0-9]{1,12})\s?(day|hour|minute|min|second|sec)s?")


def _hint(text: str) -> str:
    if text.startswith("-"):
        return " Time moves forward only."
    if match := _LONG_UNIT.fullmatch(text):
        return f" Did you mean {match[1]}{match[2][0]}?"
    return " The unit is missing." if text.isdecimal() else ""


def parse_duration_ms(text: str) -> int:
    """Return a duration in milliseconds. Raises ValueError if invalid or above ten years."""
    match = _DURATION_RE.match(text.strip())
    duration_ms = int(match[1]) * _UNIT_MS[match[2]] if match else -1
    if not 0 <= duration_ms <= DURATION_MS_MAX:
        raise ValueError(
            f"{text!r} is not a valid duration. Use a number and a unit (ms, s, m, h or d), "
            f"for example 30s; the maximum is 3650d.{_hint(text.strip())}"
        )
    return duration_ms
