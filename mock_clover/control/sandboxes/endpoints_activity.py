"""Control endpoint that compares the sandboxes of a server: their outcomes, age and last use."""

from collections import Counter

from mock_clover.control.endpoint import control_endpoint
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.sandbox.clock import machine_ms
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.sandboxes import Sandboxes


class Activity(Record, frozen=True, kw_only=True):
    """What happened in a sandbox, with all its merchants. Times are those of the machine."""

    name: str
    scenario: str
    created_ms: int
    last_ms: int | None
    """The time of the newest request, or None. On a frozen clock, the time of freezing."""
    requests: int
    """The number of requests since its creation."""
    outcomes: dict[str, int]
    """Requests that the journal still has, by outcome."""


class ActivityList(Record, frozen=True, kw_only=True):
    """The activity of all sandboxes, in order of creation, and the machine's time."""

    data: tuple[Activity, ...]
    machine_ms: int


def endpoints(sandboxes: Sandboxes) -> tuple[Endpoint, ...]:
    """Return the endpoint for the sandboxes of a server."""

    def list_activity(_: Sandbox, __: Call[None, None]) -> LongResult:
        """Return the outcomes, the age and the last use of each sandbox."""
        return Work(_count_outcomes(tuple(sandboxes)))

    return (
        control_endpoint("list_activity", "GET", "/_mock/activity", list_activity, ActivityList),
    )


def _count_outcomes(sandboxes: tuple[Sandbox, ...]) -> Steps[ActivityList]:
    data: list[Activity] = []
    for sandbox in sandboxes:
        outcomes: Counter[str] = Counter()
        last_ms: int | None = None
        for merchant in sandbox.all_merchants:
            for exchange in tuple(merchant.journal):
                outcomes[exchange.outcome] += 1
                last_ms = max(last_ms or 0, exchange.at_ms)
                yield
        clock = sandbox.clock
        data.append(
            Activity(
                name=sandbox.name,
                scenario=sandbox.rules.scenario.name,
                created_ms=clock.to_machine_ms(sandbox.created_ms),
                last_ms=None if last_ms is None else clock.to_machine_ms(last_ms),
                requests=sum(each.journal.count for each in sandbox.all_merchants),
                outcomes=dict(outcomes),
            )
        )
    return ActivityList(data=tuple(data), machine_ms=machine_ms())
