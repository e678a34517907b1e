"""The context of a platform response: sandbox, base URL and expansions."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.platform.http import PLATFORM_PATH
from mock_clover.clover.platform.problems import PLATFORM_INVALID_QUERY
from mock_clover.clover.platform.records import EXPANSIONS_MAX, NESTED_MAX, Elements, Reference
from mock_clover.core.record import Record, Value
from mock_clover.engine.endpoint import Call
from mock_clover.sandbox.sandbox import Sandbox


class ResponseContext(Value, frozen=True):
    """Context of one response. `expand` has dotted names; unknown ones are ignored."""

    sandbox: Sandbox
    root: str
    """URL of the merchant without a trailing slash."""
    expand: frozenset[str] = frozenset()

    def expands(self, *names: str) -> bool:
        """Return whether one of these fields, or a field nested in it, is expanded."""
        return any(
            path == name or path.startswith(f"{name}.") for path in self.expand for name in names
        )

    def nested(self, *names: str) -> "ResponseContext":
        """Return the context for the object nested in a field."""
        inner = (path.split(".", 1) for path in self.expand if "." in path)
        return replace(self, expand=frozenset(rest for name, rest in inner if name in names))

    @property
    def employee(self) -> Reference:
        """The employee that app actions are attributed to: the owner."""
        return Reference(id=self.sandbox.credentials.employee_id)


def response_context(sandbox: Sandbox, call: Call[Any, Any]) -> ResponseContext:
    """Return the context of a response. Raises ApiError for more than three expansions."""
    text = getattr(call.query, "expand", None) or ""
    names = frozenset(filter(None, (name.strip() for name in text.split(","))))
    if len(names) > EXPANSIONS_MAX:
        raise PLATFORM_INVALID_QUERY.error(param="expand")
    return ResponseContext(
        sandbox, f"{call.base_url}{PLATFORM_PATH}{sandbox.credentials.merchant_id}", names
    )


def nested_list(rows: Sequence[Record] | Iterable[Record]) -> Elements:
    """Return a nested list."""
    return Elements(elements=tuple(rows)[:NESTED_MAX])
