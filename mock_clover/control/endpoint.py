"""What all control calls share: that they are ours, how a body is refused, how a call is made."""

from collections.abc import Callable, Iterable
from typing import Any

from mock_clover.core.evidence import inferred
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint

OURS = inferred("of this mock, not of Clover")


class ControlRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base of control bodies: an unknown member is a mistake there."""


def control(
    name: str,
    method: str,
    path: str,
    run: Callable[..., Any],
    response: type[Record],
    *,
    request: type[Record] | None = None,
    query: type[Record] | None = None,
) -> Endpoint:
    """Return an endpoint of the control surface."""
    return Endpoint(
        name=name,
        method=method,
        path=path,
        run=run,
        auth="none",
        response=response,
        request=request,
        query=query,
        fact=OURS,
        unjournaled=True,
        about=(run.__doc__ or "").partition("\n")[0],
    )


def unknown(word: str, known: Iterable[str]) -> str:
    """Say that there is no such thing, and what was perhaps meant."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"there is no {word!r}" + (f"; did you mean {near[0]!r}?" if near else "")
