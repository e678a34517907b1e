"""Proof of what happened: the journal, searched and awaited, and calls that are counted."""

from typing import Annotated, Any

import msgspec

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.control.endpoint import OURS, ControlRecord, control, unknown
from mock_clover.control.masking import plain_member
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.engine.endpoint import Call, Endpoint, Stated
from mock_clover.sandbox.journal import Exchange, Shown, shown
from mock_clover.sandbox.sandbox import Sandbox

WAIT_MS_MAX = 60_000
_NEAREST_MAX = 3


class JournalQuery(Record, frozen=True, kw_only=True):
    """Query of the journal."""

    endpoint: Annotated[str | None, doc("Operation name.", OURS)] = None
    status: Annotated[int | None, doc("HTTP status.", OURS)] = None
    method: Annotated[str | None, doc("HTTP method.", OURS)] = None
    path: Annotated[str | None, doc("The whole path.", OURS)] = None
    after: Annotated[int, doc("Only exchanges with a greater id.", OURS, ge=0)] = 0
    limit: Annotated[int, doc("The newest so many.", OURS, ge=1, le=1_000)] = 100
    wait: Annotated[int, doc("Wait until so many match.", OURS, ge=0, le=1_000)] = 0
    wait_ms: Annotated[int, doc("But no longer.", OURS, ge=0, le=WAIT_MS_MAX)] = 10_000

    def means(self, exchange: Exchange) -> bool:
        """Tell whether an exchange is asked for, whenever it was."""
        return (
            self.endpoint in (None, exchange.endpoint)
            and self.status in (None, exchange.status)
            and self.method in (None, exchange.method)
            and self.path in (None, exchange.path)
        )


class JournalAnswer(Record, frozen=True, kw_only=True):
    """Exchanges, oldest first."""

    data: tuple[Shown, ...]


class VerifyRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/verify`: which calls, and how many of them there must be."""

    endpoint: Annotated[str | None, doc("Operation name.", OURS)] = None
    match: Annotated[dict[str, Any], doc("Members of the request, a.b for inner ones.", OURS)] = {}
    status: Annotated[int | None, doc("HTTP status.", OURS)] = None
    exactly: Annotated[int, doc("So many.", OURS, ge=0)] | None = None
    at_least: Annotated[int, doc("So many or more.", OURS, ge=0)] | None = None
    at_most: Annotated[int, doc("So many or fewer.", OURS, ge=0)] | None = None
    never: Annotated[bool, doc("true: none at all.", OURS)] | None = None
    in_order: (
        Annotated[list[str], doc("Operations, one after another.", OURS, min_length=1)] | None
    ) = None
    within_ms: Annotated[int, doc("It may become true till then.", OURS, ge=0, le=WAIT_MS_MAX)] = 0


class Miss(Record, frozen=True, kw_only=True):
    """A call that nearly matched, and what differs."""

    id: int
    endpoint: str
    differs: dict[str, Any]


class VerifyAnswer(Record, frozen=True, kw_only=True):
    """Whether it is so; if not, how many there were, and the nearest misses."""

    verified: bool
    count: int
    message: str | None = None
    nearest: tuple[Miss, ...] | None = None


def journal(sandbox: Sandbox, call: Call[None, JournalQuery]) -> JournalAnswer | Stated:
    """Return the newest exchanges of a sandbox, masked; `wait=n` waits for n of them."""
    asked = call.query
    _check_name("endpoint", asked.endpoint)
    found = list(filter(asked.means, sandbox.journal.since(asked.after)))
    told_now = JournalAnswer(data=tuple(shown(exchange) for exchange in found[-asked.limit :]))
    if len(found) < asked.wait:
        return Stated(200, told_now, pending_ms=asked.wait_ms)
    return told_now


def verify(sandbox: Sandbox, call: Call[VerifyRequest, None]) -> Stated:
    """Say whether calls happened as they should: 200 if so, 409 with the nearest misses if not."""
    asked = call.body
    entries = list(sandbox.journal)
    _check_name("endpoint", asked.endpoint)
    for name in asked.in_order or ():
        _check_name("in_order", name)
    low, high = _bounds(asked)
    if asked.in_order is not None:
        return _in_order(asked, [entry.endpoint for entry in entries])
    about = [entry for entry in entries if asked.endpoint in (None, entry.endpoint)]
    differing = [(entry, _differs(asked, entry)) for entry in about]
    count = sum(1 for _, differs in differing if not differs)
    if count >= low and (high is None or count <= high):
        return Stated(200, VerifyAnswer(verified=True, count=count))
    nearest = sorted((pair for pair in differing if pair[1]), key=lambda pair: len(pair[1]))
    answer = VerifyAnswer(
        verified=False,
        count=count,
        message=redact(f"{count} of the calls match, {_wanted(low, high)} should"),
        nearest=tuple(
            Miss(id=entry.number, endpoint=entry.endpoint, differs=_masked(differs))
            for entry, differs in nearest[:_NEAREST_MAX]
        ),
    )
    return Stated(409, answer, pending_ms=asked.within_ms if count < low else 0)


def _check_name(member: str, name: str | None) -> None:
    if name is not None and name not in RULE_OPERATIONS:
        raise CONTROL_INVALID.error(said=f"{member}: {unknown(name, RULE_OPERATIONS)}")


def _bounds(asked: VerifyRequest) -> tuple[int, int | None]:
    given = [
        n
        for n in ("exactly", "at_least", "at_most", "never", "in_order")
        if getattr(asked, n) is not None
    ]
    if len(given) > 1:
        raise CONTROL_INVALID.error(said=f"give one of {', '.join(given)}, not {len(given)}")
    if asked.never is False:
        raise CONTROL_INVALID.error(said="never: is true, or is left out")
    if asked.never:
        return 0, 0
    if asked.exactly is not None:
        return asked.exactly, asked.exactly
    if asked.at_most is not None:
        return 0, asked.at_most
    return (1 if asked.at_least is None else asked.at_least), None


def _wanted(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return f"exactly {low}" if low == high else f"{high} or fewer"


def _differs(asked: VerifyRequest, entry: Exchange) -> dict[str, Any]:
    differs: dict[str, Any] = {}
    if asked.status is not None and entry.status != asked.status:
        differs["status"] = {"expected": asked.status, "was": entry.status}
    for path, expected in asked.match.items():
        was: Any = entry.request
        for step in path.split("."):
            was = _member(was, step)
        if isinstance(was, Record):
            was = msgspec.to_builtins(was)
        if was != expected:
            differs[path] = {"expected": expected, "was": was}
    return differs


def _member(of: Any, name: str) -> Any:
    """Return a member of an object or of a record; None if it has none of this name."""
    if isinstance(of, dict):
        return of.get(name)
    is_field = isinstance(of, Record) and name in of.__struct_fields__
    return getattr(of, name) if is_field else None


def _masked(differs: dict[str, Any]) -> dict[str, Any]:
    """Return differences as they may be shown: the reply gets into the logs of test runs."""
    return {
        redact(path): {side: plain_member(path, value) for side, value in sides.items()}
        for path, sides in differs.items()
    }


def _in_order(asked: VerifyRequest, names: list[str]) -> Stated:
    wanted = list(asked.in_order or ())
    left = list(wanted)
    for name in names:
        if left and name == left[0]:
            left.pop(0)
    done = len(wanted) - len(left)
    if not left:
        return Stated(200, VerifyAnswer(verified=True, count=done))
    message = (
        f"{left[0]} did not follow {wanted[done - 1]}" if done else f"{left[0]} did not happen"
    )
    answer = VerifyAnswer(verified=False, count=done, message=message)
    return Stated(409, answer, pending_ms=asked.within_ms)


ENDPOINTS: tuple[Endpoint, ...] = (
    control("journal", "GET", "/_mock/journal", journal, JournalAnswer, query=JournalQuery),
    control("verify", "POST", "/_mock/verify", verify, VerifyAnswer, request=VerifyRequest),
)
