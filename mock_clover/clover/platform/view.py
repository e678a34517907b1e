"""The context of a platform response: sandbox, base URL and expansions."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from mock_clover.clover.common.expand import not_expanded
from mock_clover.clover.platform.http import PLATFORM_PATH
from mock_clover.clover.platform.problems import PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import NESTED_MAX, Elements, Reference
from mock_clover.clover.refunds.records import Refund
from mock_clover.core.record import Record, Value
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox

_NAMES_MAX = 50
"""Limit of this mock."""
_LEVELS_MAX = 2
"""Source: DOCS:expanding-fields, a dotted path expands two levels."""


class ResponseContext(Value, frozen=True):
    """Context of one response. `expand` has dotted names; unknown ones are ignored."""

    sandbox: Sandbox
    root: str
    """URL of the merchant without a trailing slash."""
    expand: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ("",)
    """The path of the object that this is the context of, under each of its names."""
    expandable: set[str] = msgspec.field(default_factory=set)
    """The fields that the response could expand, filled while it is built."""
    refunds: dict[str, list[tuple[int, Refund]]] = msgspec.field(default_factory=dict)
    """The refunds by charge, numbered from the newest one, read when the first are expanded."""

    def expands(self, *names: str) -> bool:
        """Return whether one of these fields, or a field nested in it, is expanded."""
        self.expandable.update(prefix + name for prefix in self.prefixes for name in names)
        return any(
            path == name or path.startswith(f"{name}.") for path in self.expand for name in names
        )

    def nested(self, *names: str) -> "ResponseContext":
        """Return the context for the object nested in a field."""
        inner = (path.split(".", 1) for path in self.expand if "." in path)
        return replace(
            self,
            expand=frozenset(rest for name, rest in inner if name in names),
            prefixes=tuple(f"{prefix}{name}." for prefix in self.prefixes for name in names),
        )

    @property
    def expands_refunds(self) -> bool:
        """Whether any object of the response has its refunds expanded."""
        return any("refunds" in path.split(".") for path in self.expand)

    @property
    def employee(self) -> Reference:
        """The employee that app actions are attributed to: the owner."""
        return Reference(id=self.sandbox.credentials.employee_id)


def response_context(sandbox: Sandbox, call: Call[Any, Any]) -> ResponseContext:
    """Return the context of a response. Raises ApiError for too many expansions."""
    text = getattr(call.query, "expand", None) or ""
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    if len(names) > _NAMES_MAX:
        raise PLATFORM_INVALID_QUERY.error(
            param="expand", reason=f"this mock expands at most {_NAMES_MAX} fields"
        )
    root = f"{call.base_url}{PLATFORM_PATH}{sandbox.credentials.merchant_id}"
    context = ResponseContext(sandbox, root, _two_levels(names))
    if names:
        call.notes += (lambda: not_expanded(names, _two_levels(context.expandable)),)
    return context


def _two_levels(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.count(".") < _LEVELS_MAX)


def nested_list(rows: Sequence[Record] | Iterable[Record]) -> Elements:
    """Return a nested list; no more rows than it has are built."""
    return Elements(elements=tuple(islice(rows, NESTED_MAX)))
