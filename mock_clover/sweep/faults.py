"""The faults of a sweep, and how each is set in a sandbox."""

from collections.abc import Iterable
from typing import Any, Literal

from mock_clover.core.record import Value
from mock_clover.scenario.validation import AUTHORIZING_OPERATIONS
from mock_clover.sweep.calls import RecordedCall

FaultGroup = Literal["fault", "decline", "webhook"]
DECLINE_RULE = "sweep: this call is declined"
"""The name of the rule that declines a call; the journal shows it."""
_READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SweepFault(Value, frozen=True, kw_only=True):
    """A fault of a sweep: its name in `--only`, and what it sets."""

    name: str
    about: str
    group: FaultGroup = "fault"
    settings: dict[str, Any]
    """For `fault`, the members of the fault; for `webhook`, those of an entry of a plan."""
    writes_only: bool = False
    """Whether it is the same as another fault for a request that changes nothing."""

    def applies_to(self, call: RecordedCall) -> bool:
        """Return whether it is useful at a call or a webhook."""
        if self.group == "webhook" or call.event is not None:
            is_possible = self.name != "reorder" or call.is_followed
            return self.group == "webhook" and call.event is not None and is_possible
        if self.group == "decline":
            return call.operation in AUTHORIZING_OPERATIONS and call.payment > 0
        return not (self.writes_only and call.method in _READ_METHODS)

    @property
    def columns(self) -> tuple[str, str]:
        """The two lines of its heading in a matrix."""
        kind, _, detail = self.name.partition(":")
        return kind, detail.removesuffix("_commit")


def _fault(name: str, about: str, *, writes_only: bool = False, **settings: Any) -> SweepFault:
    _, _, when = name.partition(":")
    settings["when"] = when or "before_commit"
    return SweepFault(name=name, about=about, settings=settings, writes_only=writes_only)


FAULTS = (
    _fault(
        "drop:before_commit",
        "the connection is reset, and nothing was done",
        kind="drop",
        writes_only=True,
    ),
    _fault("drop:after_commit", "the work was done, and the connection is reset", kind="drop"),
    _fault(
        "hang:after_commit",
        "the work was done, and the reply is held until the client disconnects",
        kind="hang",
    ),
    _fault(
        "truncate:after_commit",
        "the work was done, and the connection closes in the middle of the body",
        kind="truncate",
    ),
    _fault(
        "429:before_commit", "429, and nothing was done", kind="problem", problem="RATE_LIMITED"
    ),
    _fault("500:before_commit", "500, and nothing was done", kind="problem", status=500),
    _fault(
        "500:after_commit",
        "the work was done, but the reply is 500",
        kind="problem",
        status=500,
        writes_only=True,
    ),
    _fault("503:before_commit", "503, and nothing was done", kind="problem", status=503),
    SweepFault(name="decline", about="the issuer declines the card", group="decline", settings={}),
    SweepFault(
        name="duplicate",
        about="the webhook is delivered twice",
        group="webhook",
        settings={"do": "duplicate"},
    ),
    SweepFault(
        name="reorder",
        about="the webhook is delivered after the next one",
        group="webhook",
        settings={"do": "reorder"},
    ),
)
"""All faults, in the order of the matrix."""

FAULT_NAMES = tuple(fault.name for fault in FAULTS)
BY_NAME = {fault.name: fault for fault in FAULTS}


def shown_faults(names: Iterable[str]) -> list[SweepFault]:
    """Return the faults with these names, in the order of the matrix."""
    wanted = frozenset(names)
    return [fault for fault in FAULTS if fault.name in wanted]


def fault_body(fault: SweepFault, operation: str, nth: int) -> dict[str, Any]:
    """Return the body of `POST /_mock/faults` for the n-th request of an operation."""
    return {**fault.settings, "endpoint": operation, "nth": nth}


def webhook_plan(fault: SweepFault, event: str, nth: int) -> dict[str, Any]:
    """Return the entry of a plan for the n-th event of a kind, for each target."""
    return {**fault.settings, "nth": nth} | ({"event": event} if event else {})


def decline_rule(operation: str, nth: int) -> dict[str, Any]:
    """Return the scenario's rule that declines the n-th payment of an operation."""
    return {
        "name": DECLINE_RULE,
        "when": {"endpoint": operation, "nth": nth},
        "then": {"decline": {}},
    }
