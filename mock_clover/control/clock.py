"""Control endpoints of a sandbox's clock."""

from typing import Annotated

from msgspec.structs import replace

from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint
from mock_clover.core.duration import DURATION_MS_MAX, parse_duration_ms
from mock_clover.core.evidence import doc
from mock_clover.core.iso8601 import format_iso8601
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.engine.scheduler import due_jobs
from mock_clover.sandbox.clock import LATEST_MS
from mock_clover.sandbox.sandbox import Sandbox
from mock_clover.sandbox.scheduler import Job

_SECONDS_MAX = 100_000_000_000
"""A smaller time in ms is before 1973, so it is probably in seconds."""
_DAYS_MAX = DURATION_MS_MAX // 86_400_000
"""A larger number was not meant as days."""
_TIME = "a time in ms since 1970, for example 1748341370775"


class ClockRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `PUT /_mock/clock`; the fields are applied in this order."""

    freeze: Annotated[bool | None, doc("Stop the clock.", MOCK_ONLY)] = None
    set: Annotated[int | None, doc("Set the time, in ms; forward only.", MOCK_ONLY, rule=_TIME)] = (
        None
    )
    advance: Annotated[
        str | int | None, doc("Advance by a duration: 8d, 90m, or a number of ms.", MOCK_ONLY)
    ] = None
    resume: Annotated[bool | None, doc("Start the clock again.", MOCK_ONLY)] = None


class CompletedJob(Record, frozen=True, kw_only=True):
    """A job that was due and ran."""

    at_ms: int
    kind: str
    id: str


class FailedJobResponse(Record, frozen=True, kw_only=True):
    """A job that raised an error: a bug in mock-clover, or a limit such as SANDBOX_FULL."""

    at_ms: int
    kind: str
    id: str
    error: str


class ClockResponse(Record, frozen=True, kw_only=True):
    """The time of the clock, and the jobs that ran."""

    now_ms: int
    frozen: bool
    fired: tuple[CompletedJob, ...]
    more: bool | None = None
    """Whether more jobs are due than one request runs. The next one, even a GET, runs the rest."""
    failed: tuple[FailedJobResponse, ...] = ()
    """The first jobs of this sandbox that failed, ever. A failed job is not run again."""
    note: str | None = None
    """What a number without a unit was taken for."""


class ClockMoveResponse(Record, frozen=True, kw_only=True):
    """A change of the clock by a request."""

    machine_ms: int
    """When it was, on the machine's clock."""
    from_ms: int
    to_ms: int
    frozen: bool
    """Whether the clock is frozen afterwards."""
    due: dict[str, int] = {}
    """The number of jobs that became due, by kind."""
    jobs: tuple[CompletedJob, ...] = ()
    """With `jobs=true`: up to 50 of these jobs, of the newest four moves."""


class ClockMovesQuery(Record, frozen=True, kw_only=True):
    """Query of the moves."""

    jobs: Annotated[bool, doc("true: also list the jobs that became due.", MOCK_ONLY)] = False


class ClockMoves(Record, frozen=True, kw_only=True):
    """The newest changes of the clock, oldest first, and both clocks now."""

    data: tuple[ClockMoveResponse, ...]
    now_ms: int
    machine_ms: int
    frozen: bool


def list_clock_moves(sandbox: Sandbox, call: Call[None, ClockMovesQuery]) -> ClockMoves:
    """Return the changes of a sandbox's clock, which relate its times to the machine's."""
    clock = sandbox.clock
    return ClockMoves(
        data=tuple(
            ClockMoveResponse(
                machine_ms=move.machine_ms,
                from_ms=move.from_ms,
                to_ms=move.to_ms,
                frozen=move.frozen,
                due=dict(move.due),
                jobs=tuple(map(_completed, move.jobs)) if call.query.jobs else (),
            )
            for move in clock.moves
        ),
        now_ms=clock.now_ms(),
        machine_ms=clock.machine_ms(),
        frozen=clock.frozen,
    )


def get_clock(sandbox: Sandbox, _call: Call[None, None]) -> LongResult:
    """Return the time of a sandbox's clock."""
    return Work(_run_jobs(sandbox), sandbox.clock)


def put_clock(sandbox: Sandbox, call: Call[ClockRequest, None]) -> LongResult:
    """Freeze, set, advance or resume a sandbox's clock, then run the due jobs."""
    return Work(_set_clock(sandbox, call.body), sandbox.clock)


def _set_clock(sandbox: Sandbox, body: ClockRequest) -> Steps[ClockResponse]:
    clock = sandbox.clock
    by_ms = _duration_ms(body.advance) if body.advance is not None else 0
    now_ms, target_ms = clock.now_ms(), body.set
    if target_ms is not None and target_ms < now_ms:
        is_seconds = 0 < target_ms < _SECONDS_MAX
        hint = "; `set` is in milliseconds, not seconds" if is_seconds else ""
        raise CONTROL_INVALID.error(
            detail=f"set: the clock cannot move back; the current time is {_shown(now_ms)}{hint}"
        )
    if target_ms is not None and target_ms - now_ms > DURATION_MS_MAX:
        raise CONTROL_INVALID.error(
            detail=f"set: the time is more than ten years ahead of {_shown(now_ms)}"
        )
    if max(now_ms, target_ms or 0) + by_ms > LATEST_MS:
        raise CONTROL_INVALID.error(detail="the clock cannot go beyond the year 9899")
    before_ms = clock.now_ms()
    if body.freeze:
        clock.freeze()
    if body.set is not None:
        clock.set(body.set)
    clock.advance(by_ms)
    if body.resume:
        clock.resume()
    has_moved = clock.note_move(before_ms)
    response = yield from _run_jobs(sandbox)
    if has_moved and response.fired:
        clock.note_jobs([Job(job.at_ms, job.kind, job.id) for job in response.fired])
    return replace(response, note=_note_on_unit(body.advance))


def _note_on_unit(advance: str | int | None) -> str | None:
    if not advance or isinstance(advance, str) or advance > _DAYS_MAX:
        return None
    return (
        f'advanced by {advance} ms; for days, write "{advance}d"; the units are ms, s, m, h and d'
    )


def _completed(job: Job) -> CompletedJob:
    return CompletedJob(at_ms=job.at_ms, kind=job.kind, id=job.id)


def _shown(at_ms: int) -> str:
    return f"{format_iso8601(at_ms, 'Z')} ({at_ms})"


def _run_jobs(sandbox: Sandbox) -> Steps[ClockResponse]:
    """Run the due jobs of a sandbox and its merchants."""
    jobs: list[Job] = []
    for each in sandbox.all_merchants:
        jobs += yield from due_jobs(each)
    jobs.sort(key=lambda job: job.at_ms)
    fired: list[CompletedJob] = []
    for job in jobs:
        fired.append(_completed(job))
        yield
    now_ms = sandbox.clock.now_ms()
    more = any(each.scheduler.is_due(now_ms) for each in sandbox.all_merchants) or None
    failed = tuple(
        FailedJobResponse(at_ms=job.at_ms, kind=job.kind, id=redact(job.id), error=error)
        for each in sandbox.all_merchants
        for job, error in each.scheduler.failed
    )
    return ClockResponse(
        now_ms=now_ms, frozen=sandbox.clock.frozen, fired=tuple(fired), more=more, failed=failed
    )


def _duration_ms(duration: str | int) -> int:
    try:
        return parse_duration_ms(f"{duration}ms" if isinstance(duration, int) else duration)
    except ValueError as error:
        raise CONTROL_INVALID.error(detail=f"advance: {error}") from None


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("get_clock", "GET", "/_mock/clock", get_clock, ClockResponse),
    control_endpoint(
        "put_clock", "PUT", "/_mock/clock", put_clock, ClockResponse, request=ClockRequest
    ),
    control_endpoint(
        "list_clock_moves",
        "GET",
        "/_mock/clock/moves",
        list_clock_moves,
        ClockMoves,
        query=ClockMovesQuery,
    ),
)
