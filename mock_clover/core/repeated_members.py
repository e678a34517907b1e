"""Find members that a body has twice: a parser keeps the last value only."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mock_clover.core.codec import MalformedError, check_depth

Place = tuple[str | int, ...]
"""The names and indexes of a member. Paths of a thousand members may be long, so few are built."""
_BODY_BYTES_MAX = 65_536
_PLACES_MAX = 1_000


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


def repeated_members(body: bytes) -> list[Place]:
    """Return where an object has a member twice; [] if the body is not JSON or long."""
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
    return list(islice(_places(tree, ()), _PLACES_MAX)) if has_repeated else []


def _places(tree: object, outer: Place) -> Iterator[Place]:
    if isinstance(tree, _Object):
        yield from ((*outer, name) for name in tree.repeated)
        for name, value in tree.items():
            yield from _places(value, (*outer, name)) if isinstance(value, dict | list) else ()
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _places(value, (*outer, index)) if isinstance(value, dict | list) else ()


def path_of(place: Place) -> str:
    """Return a place as a path: `items[0].amount`."""
    text = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in place)
    return text.removeprefix(".")
