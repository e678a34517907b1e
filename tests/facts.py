"""A recorded or documented fact about Clover, as a row of a test table and of docs/fidelity.md."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.in_process import InProcessServer, Response

_ID = re.compile(r"/[0-9A-HJKMNP-TV-Z]{13}(?=/|$)")


class Fact(NamedTuple):
    """A fact and the request that shows it: the last one that `send` sends."""

    fact: str
    source: str
    request: str
    send: Callable[[InProcessServer], Response]
    status: int
    reply: Any
    evidence: str
    settings: dict[str, Any] = {}
    why: str = ""
    """Part of the reason."""


def last_request(server: InProcessServer) -> str:
    """Return the method and the path of a server's last request, without ids."""
    last = list(server.sandbox.journal)[-1]
    return f"{last.method} {_ID.sub('/{id}', last.path)}"
