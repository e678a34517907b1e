"""Formats of values that differ between servers and runs."""

import re
from collections.abc import Iterator
from typing import Any

from mock_clover.core.object_id import OBJECT_ID

IDS = {
    "an id of 13 characters": re.compile(OBJECT_ID),
    "a clv_ token": re.compile(r"clv_[0-9A-Za-z]{24}"),
    "a 12-digit reference number": re.compile(r"[0-9]{12}"),
}
"""Identifiers. They must stay the same for an object throughout a flow."""
SECRETS = {
    "a JWT": re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"),
    "a refresh token": re.compile(r"clvroar-[0-9a-f]{32}"),
    "a UUID": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "a key of 32 hex digits": re.compile(r"[0-9a-f]{32}"),
    # Only from the first character of a run on: otherwise a search would take quadratic time.
    "a public key in base64": re.compile(r"\{\{key\}\}|(?<![+/])[A-Za-z0-9+/]{600,}={0,2}"),
}
"""Identifiers that may be credentials: reports never include them."""
_OTHER_FORMATS = {
    "an authorization code (OK and 4 digits)": re.compile(r"OK[0-9]{4}"),
    "a number of 16 digits": re.compile(r"[0-9]{16}"),
    "a time like 2025-05-27T10:22:50.775+0000": re.compile(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000"
    ),
    "a time like 2026-09-17T09:52:05.377Z": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "a date like 2025-05-27": re.compile(r"\d{4}-\d\d-\d\d"),
    "a URL": re.compile(r"https?://[^\s]+"),
}
IDENTIFIERS = IDS | SECRETS
FORMATS = IDENTIFIERS | _OTHER_FORMATS

_MS, _WHOLE_MS, _S = "a time in ms", "a time in ms, rounded to seconds", "a time in seconds"


def format_of(value: Any) -> str:
    """Return the name of a value's format, or '' if the value itself is compared."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        if 10**12 <= value < 10**13:
            return _MS if value % 1000 else _WHOLE_MS
        return _S if 10**9 <= value < 10**10 else ""
    return _name_of(value, FORMATS) if isinstance(value, str) else ""


def has_format(value: Any, name: str) -> bool:
    """Return whether a value has a format. A time in ms can be a whole second by chance."""
    actual = format_of(value)
    return actual == name or (name == _MS and actual == _WHOLE_MS)


def is_identifier(value: Any) -> bool:
    """Return whether a value is an identifier."""
    return isinstance(value, str) and bool(_name_of(value, IDENTIFIERS))


def iter_scalars(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of every scalar."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from iter_scalars(value, f"{path}.{name}" if path else name)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from iter_scalars(value, f"{path}[{index}]")
    else:
        yield path, tree


def _name_of(value: str, formats: dict[str, re.Pattern[str]]) -> str:
    return next((name for name, pattern in formats.items() if pattern.fullmatch(value)), "")
