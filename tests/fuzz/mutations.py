"""Random changes of requests, and the search for the shortest request with the same effect."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random

from tests.hostile import BODIES, IDS, QUERIES, VALUES, HttpRequest

PIECES: tuple[bytes, ...] = (
    *(json.dumps(value).encode() for value in VALUES.values()),
    *(b'"', b"\\", b"\\u", b"{", b"}", b"[", b"]", b",", b":", b"%", b"&", b"=", b"\r\n", b"\x00"),
    *(
        b"0",
        b"-",
        b".",
        b"e",
        b"9" * 20,
        b"1e400",
        b"\xff",
        b"\xed\xa0\x80",
        b"4242 4242 4242 4242",
    ),
)
"""What a mutation inserts."""
_BYTES_MAX = 100_000


def mutate(request: HttpRequest, random: Random) -> HttpRequest:
    """Return a request with one to four random changes."""
    for _ in range(random.choice((1, 1, 2, 4))):
        change = random.choice(_CHANGES if request.raw else _CHANGES_WITHOUT_A_BODY)
        request = change(request, random)
    return request


def _replace_body(request: HttpRequest, random: Random) -> HttpRequest:
    return request._replace(raw=random.choice(list(BODIES.values())))


def _change_bytes(request: HttpRequest, random: Random) -> HttpRequest:
    """Insert, delete, replace or repeat a part of the body."""
    raw = request.raw
    start = random.randrange(len(raw) + 1)
    end = min(len(raw), start + random.choice((0, 1, 2, 8, 64)))
    part = raw[start:end]
    new = random.choice((random.choice(PIECES), b"", part * random.choice((2, 3, 200))))
    return request._replace(raw=(raw[:start] + new + raw[end:])[:_BYTES_MAX])


def _change_value(request: HttpRequest, random: Random) -> HttpRequest:
    """Replace a value or a name of a JSON body by a piece."""
    tokens = list(re.finditer(rb'"[^"]*"|-?[0-9.]+|null|true|false', request.raw))
    if not tokens:
        return _change_bytes(request, random)
    token = random.choice(tokens)
    new = random.choice((random.choice(PIECES), random.choice(tokens)[0]))
    return request._replace(raw=request.raw[: token.start()] + new + request.raw[token.end() :])


def _change_query(request: HttpRequest, random: Random) -> HttpRequest:
    path, mark, query = request.path.partition("?")
    more = random.choice(list(QUERIES.values()))
    return request._replace(path=f"{path}?{query}{'&' if mark else ''}{more}")


def _change_segment(request: HttpRequest, random: Random) -> HttpRequest:
    path, mark, query = request.path.partition("?")
    segments = path.split("/")
    segments[random.randrange(len(segments))] = random.choice(list(IDS.values()))
    return request._replace(path="/".join(["", *segments[1:]]) + mark + query)


_CHANGES_WITHOUT_A_BODY: Sequence[Callable[[HttpRequest, Random], HttpRequest]] = (
    _replace_body,
    _change_query,
    _change_segment,
)
_CHANGES = (*_CHANGES_WITHOUT_A_BODY, *[_change_bytes, _change_value] * 4)


def shortest(request: HttpRequest, fails: Callable[[HttpRequest], bool]) -> HttpRequest:
    """Return a request that still fails after parts of its body have been deleted."""
    size = len(request.raw) // 2
    while size:
        for start in range(0, len(request.raw), size):
            shorter = request._replace(raw=request.raw[:start] + request.raw[start + size :])
            if fails(shorter):
                request = shorter
                break
        else:
            size //= 2
    return request
