"""Examples of every operation, as requests that were made of this mock and what it answered.

`tests/test_openapi.py` makes them anew and compares, so that none can grow untrue.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from mock_clover.core.record import Record

FILE = Path(__file__).with_name("examples.json")


class Example(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One request that succeeds, and its reply."""

    ids: dict[str, str] = {}
    query: dict[str, str] = {}
    request: dict[str, Any] | None = None
    reply: Any = None


@cache
def examples() -> dict[str, Example]:
    """Return the examples by operation; read once, when the document is asked for."""
    if not FILE.exists():  # while they are made for the first time
        return {}
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Example])
