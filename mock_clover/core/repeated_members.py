"""Find members that a body has twice: a parser keeps the last value only."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mock_clover.core.codec import MalformedError, check_depth

_BODY_BYTES_MAX = 65_536


class _Object(dict[str, Any]):
    """An object of a body, with the names that it has more than once."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    members = _Object(pairs)
    if len(members) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        members.repeated = tuple(name for name, count in counts.items() if count > 1)
    return members


def may_repeat_a_member(body: bytes) -> bool:
    """Return whether a body has the same text twice, as a name or as a value.

    A long body is not searched.
    """
    if len(body) > _BODY_BYTES_MAX:
        return False
    texts = body.split(b'"')[1::2]
    return len(set(texts)) < len(texts)


def repeated_members(body: bytes) -> list[str]:
    """Return the paths of members that an object has twice; [] if the body is not JSON or long."""
    if not may_repeat_a_member(body):
        return []
    try:
        check_depth(body)
        tree = json.loads(body, object_pairs_hook=_object, parse_int=str, parse_float=str)
    except (ValueError, MalformedError):
        return []
    return list(_paths(tree, ""))


def _paths(tree: object, path: str) -> Iterator[str]:
    if isinstance(tree, _Object):
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{name}" for name in tree.repeated)
        for name, value in tree.items():
            yield from _paths(value, f"{prefix}{name}")
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _paths(value, f"{path}[{index}]")
