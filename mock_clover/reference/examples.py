"""Examples of every operation: recorded requests to this mock and its responses.

`tests/reference/test_openapi.py` regenerates and compares them, so they cannot become outdated.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from mock_clover.core.record import Record

FILE = Path(__file__).with_name("examples.json")


class Example(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A successful request and its response."""

    ids: dict[str, str] = {}
    query: dict[str, str] = {}
    request: dict[str, Any] | None = None
    reply: Any = None


@cache
def examples() -> dict[str, Example]:
    """Return the examples by operation, read on first use."""
    if not FILE.exists():  # before the first generation
        return {}
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Example])
