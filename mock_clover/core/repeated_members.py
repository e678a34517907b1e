"""Find members that a body has twice: a parser keeps the last value only."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mock_clover.core.codec import MalformedError, check_depth

_BODY_BYTES_MAX = 65_536
_PATHS_MAX = 100
"""Each may begin with a name as long as the body."""


class _Object(dict[str, Any]):
    """An object of a body, with the names that it has more than once."""

    repeated: tuple[str, ...] = ()


def may_repeat_a_member(body: bytes) -> bool:
    """Return whether a body has the same text twice, as a name or as a value, or a quote in a text.

    A long body is not searched.
    """
    if len(body) > _BODY_BYTES_MAX:
        return False
    texts = body.split(b'"')[1::2]
    return len(set(texts)) < len(texts) or b'\\"' in body


def repeated_members(body: bytes) -> list[str]:
    """Return paths of members that an object has twice; [] if the body is not JSON or long."""
    if not may_repeat_a_member(body):
        return []
    has_repeated = False

    def make_object(pairs: list[tuple[str, Any]]) -> _Object:
        nonlocal has_repeated
        members = _Object(pairs)
        if len(members) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            members.repeated = tuple(name for name, count in counts.items() if count > 1)
            has_repeated = True
        return members

    try:
        check_depth(body)
        tree = json.loads(body, object_pairs_hook=make_object, parse_int=str, parse_float=str)
    except (ValueError, MalformedError):
        return []
    return list(islice(_paths(tree, ""), _PATHS_MAX)) if has_repeated else []


def _paths(tree: object, path: str) -> Iterator[str]:
    if isinstance(tree, _Object):
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{name}" for name in tree.repeated)
        for name, value in tree.items():
            yield from _paths(value, f"{prefix}{name}")
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _paths(value, f"{path}[{index}]")
