"""Examples of the operations: the first request of each in the golden flows, and its response."""

import json
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from mock_clover.clover.common.problems import ApiError
from mock_clover.clover.surface import ROUTER
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Endpoint
from mock_clover.engine.router import RouteMatch
from mock_clover.reference.flows import Example, flows, recorded_reply


class OperationExample(Record, frozen=True, kw_only=True):
    """A successful request and its response."""

    ids: tuple[str, ...] = ()
    query: dict[str, str] = {}
    request: dict[str, Any] | None = None
    reply: Any = None


def endpoint_of(step: Example) -> Endpoint | None:
    """Return the endpoint of a step, or None for a control call."""
    found = _find(step)
    return found[0] if found else None


def _find(step: Example) -> RouteMatch | None:
    try:
        return ROUTER.find(step.method, step.path.partition("?")[0])
    except ApiError:
        return None


@cache
def _by_handler() -> dict[Any, dict[str, OperationExample]]:
    """Return the examples by handler and operation; aliases of an operation share its handler."""
    examples: dict[Any, dict[str, OperationExample]] = {}
    for flow in flows():
        for step in flow.examples:
            found = _find(step)
            reply = recorded_reply(step)
            if found is None or reply.status not in (200, 302) or "{{" in step.body:
                continue
            endpoint, ids = found
            examples.setdefault(endpoint.run, {}).setdefault(
                endpoint.name,
                OperationExample(
                    ids=ids,
                    query=dict(parse_qsl(step.path.partition("?")[2])),
                    request=_body_of(step.body),
                    reply=reply.body,
                ),
            )
    return examples


def example_of(endpoint: Endpoint) -> OperationExample:
    """Return the example of an operation; of its alias if the flows have no other.

    Raises LookupError if there is none.
    """
    examples = _by_handler().get(endpoint.run)
    if examples is None:
        raise LookupError(
            f"{endpoint.name} has no example: append one to a file in tests/golden/ (see "
            "'How to add a recorded payload' in docs/contributing.md), then run `make generate`"
        )
    return examples.get(endpoint.name) or next(iter(examples.values()))


def _body_of(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        return dict(json.loads(text))
    except ValueError:  # a form
        return dict(parse_qsl(text))
