"""Shared by all control endpoints: evidence, strict request bodies and the endpoint factory."""

from collections.abc import Callable, Collection
from typing import Any

from mock_clover.core.evidence import inferred
from mock_clover.core.record import Record
from mock_clover.core.suggestions import did_you_mean
from mock_clover.engine.endpoint import NO_AUTH, UNJOURNALED, ApiStyle, Endpoint

MOCK_ONLY = inferred("specific to this mock, not part of Clover")


class ControlRecord(Record, frozen=True, forbid_unknown_fields=True):
    """The base class of control request bodies; they reject unknown fields."""


def control_endpoint(
    name: str,
    method: str,
    path: str,
    run: Callable[..., Any],
    response: type[Record],
    *,
    request: type[Record] | None = None,
    query: type[Record] | None = None,
    surface: ApiStyle = UNJOURNALED,
) -> Endpoint:
    """Return an endpoint of the control API, or a page."""
    return Endpoint(
        name=name,
        method=method,
        path=path,
        run=run,
        auth=NO_AUTH,
        surface=surface,
        response=response,
        request=request,
        query=query,
        evidence=MOCK_ONLY,
        about=(run.__doc__ or "").partition("\n")[0],
    )


def unknown_name(name: str, known: Collection[str], listed_by: str = "") -> str:
    """Return the message for an unknown name, with a suggestion or all known names.

    `listed_by`: the command that lists them, if they are many.
    """
    names = (
        f"`mock-clover {listed_by}` lists the names" if listed_by else f"one of {', '.join(known)}"
    )
    # The similarity of a path to a name means nothing.
    near = "" if "/" in name else did_you_mean(name, known)
    return f"unknown name {name!r}{near or f'; {names}'}"
