"""Control endpoints that read the journal: list exchanges, wait for them, and verify requests."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from mock_clover.clover.common.operation_names import BACKGROUND_OPERATIONS
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.clover.surface import RULE_OPERATIONS, SURFACE
from mock_clover.control.endpoint import MOCK_ONLY, ControlRecord, control_endpoint, unknown_name
from mock_clover.core.codec import DEPTH_MAX, nearest_known_path, unknown_fields
from mock_clover.core.counted import counted
from mock_clover.core.evidence import doc
from mock_clover.core.masking import redact
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import (
    Call,
    Endpoint,
    LongResult,
    RawBody,
    StatusResult,
    UntypedBody,
)
from mock_clover.sandbox.exchange import Exchange, ExchangeOutcome, ExchangeSummary, mask_exchange
from mock_clover.sandbox.masking import masked_value
from mock_clover.sandbox.sandbox import Sandbox

WAIT_MS_MAX = 60_000
_NEAREST_MAX, _CAME_MAX = 3, 5
_MATCHES_MAX = 100
_PATH_CHARS_MAX = 200
"""Each of the thousand exchanges is compared with each path."""
_OPERATIONS_MAX = 1_000


class JournalQuery(Record, frozen=True, kw_only=True):
    """Query of the journal."""

    endpoint: Annotated[str | None, doc("Operation name.", MOCK_ONLY)] = None
    status: Annotated[int | None, doc("HTTP status.", MOCK_ONLY)] = None
    outcome: Annotated[
        ExchangeOutcome | None, doc("lost: the client got no complete response.", MOCK_ONLY)
    ] = None
    unserved: Annotated[
        bool, doc("true: only requests for which there is no operation.", MOCK_ONLY)
    ] = False
    method: Annotated[str | None, doc("HTTP method.", MOCK_ONLY)] = None
    path: Annotated[str | None, doc("The complete path.", MOCK_ONLY)] = None
    after: Annotated[int, doc("Only exchanges with a greater id.", MOCK_ONLY, ge=0)] = 0
    limit: Annotated[int, doc("Number of newest exchanges.", MOCK_ONLY, ge=1, le=1_000)] = 100
    wait: Annotated[int, doc("Wait for this number of matches.", MOCK_ONLY, ge=0, le=1_000)] = 0
    wait_ms: Annotated[int, doc("Maximum time to wait.", MOCK_ONLY, ge=0, le=WAIT_MS_MAX)] = 10_000

    def matches(self, exchange: Exchange) -> bool:
        """Return whether an exchange matches the filters, regardless of `after`."""
        return (
            self.endpoint in (None, exchange.endpoint)
            and self.status in (None, exchange.status)
            and self.outcome in (None, exchange.outcome)
            and (exchange.unserved or not self.unserved)
            and self.method in (None, exchange.method)
            and self.path in (None, exchange.path)
        )


class JournalResponse(Record, frozen=True, kw_only=True):
    """Exchanges, oldest first."""

    data: tuple[ExchangeSummary, ...]


class VerifyRequest(ControlRecord, frozen=True, kw_only=True):
    """Body of `POST /_mock/verify`: a filter for requests, and their expected number."""

    endpoint: Annotated[str | None, doc("Operation name.", MOCK_ONLY)] = None
    match: Annotated[
        dict[Annotated[str, msgspec.Meta(max_length=_PATH_CHARS_MAX)], Any],
        doc("Request fields; a.b for nested ones.", MOCK_ONLY, max_length=_MATCHES_MAX),
    ] = {}
    status: Annotated[int | None, doc("HTTP status.", MOCK_ONLY)] = None
    exactly: Annotated[int, doc("The exact number of requests.", MOCK_ONLY, ge=0)] | None = None
    at_least: Annotated[int, doc("The minimum number of requests.", MOCK_ONLY, ge=0)] | None = None
    at_most: Annotated[int, doc("The maximum number of requests.", MOCK_ONLY, ge=0)] | None = None
    never: Annotated[bool, doc("true: no request at all.", MOCK_ONLY)] | None = None
    in_order: (
        Annotated[
            list[str],
            doc("Operations in this order.", MOCK_ONLY, min_length=1, max_length=_OPERATIONS_MAX),
        ]
        | None
    ) = None
    within_ms: Annotated[int, doc("Maximum time to wait.", MOCK_ONLY, ge=0, le=WAIT_MS_MAX)] = 0


class NearMiss(Record, frozen=True, kw_only=True):
    """A request that did not match, and its differences."""

    id: int
    endpoint: str
    differs: dict[str, Any]


class VerifyResponse(Record, frozen=True, kw_only=True):
    """Whether the expectation holds; if not, the closest requests."""

    verified: bool
    count: int
    message: str | None = None
    nearest: tuple[NearMiss, ...] | None = None


def journal(sandbox: Sandbox, call: Call[None, JournalQuery]) -> LongResult:
    """Return the newest exchanges of a sandbox, masked; `wait=n` waits for n of them."""
    _check_name("endpoint", call.query.endpoint)
    return Work(_read_journal(sandbox, call.query))


def _read_journal(sandbox: Sandbox, query: JournalQuery) -> Steps[JournalResponse | StatusResult]:
    exchanges = list(filter(query.matches, sandbox.journal.after(query.after)))
    data: list[ExchangeSummary] = []
    for exchange in exchanges[-query.limit :]:
        data.append(mask_exchange(exchange))
        yield
    result = JournalResponse(data=tuple(data))
    if len(exchanges) < query.wait:
        return StatusResult(200, result, long_poll_ms=query.wait_ms)
    return result


def verify(sandbox: Sandbox, call: Call[VerifyRequest, None]) -> LongResult:
    """Verify that requests were sent: 200 if they were, otherwise 409 with the closest requests."""
    return Work(_verify(sandbox, call.body))


def _verify(sandbox: Sandbox, body: VerifyRequest) -> Steps[StatusResult]:
    entries = list(sandbox.journal)
    _check_name("endpoint", body.endpoint)
    for name in body.in_order or ():
        _check_name("in_order", name)
    minimum, maximum = _count_range(body)
    if body.in_order is not None:
        return _verify_order(body, entries)
    candidates = [entry for entry in entries if body.endpoint in (None, entry.endpoint)]
    differing: list[tuple[Exchange, dict[str, Any]]] = []
    unknown = _unknown_members(body.endpoint, body.match)
    for entry in candidates:
        differing.append((entry, _differences(body, entry)))
        if unknown:  # a misspelt member that was sent can be verified
            sent = entry.shown_request()
            unknown = {path: hint for path, hint in unknown.items() if _member(sent, path) is None}
        yield
    for message in unknown.values():
        raise CONTROL_INVALID.error(detail=redact(f"match: {message}"))
    count = sum(1 for _, differs in differing if not differs)
    if count >= minimum and (maximum is None or count <= maximum):
        return StatusResult(200, VerifyResponse(verified=True, count=count))
    nearest = sorted((pair for pair in differing if pair[1]), key=lambda pair: len(pair[1]))
    came = "" if differing else _what_came(entries)
    result = VerifyResponse(
        verified=False,
        count=count,
        message=redact(f"expected {_describe_count(minimum, maximum)}, found {count}{came}"),
        nearest=tuple(
            NearMiss(id=entry.number, endpoint=entry.endpoint, differs=_mask(differs))
            for entry, differs in nearest[:_NEAREST_MAX]
        ),
    )
    return StatusResult(409, result, long_poll_ms=body.within_ms if count < minimum else 0)


def _check_name(field: str, name: str | None) -> None:
    if name is not None and name not in RULE_OPERATIONS:
        raise CONTROL_INVALID.error(
            detail=f"{field}: {unknown_name(name, RULE_OPERATIONS, 'routes')}"
        )


def _unknown_members(endpoint: str | None, paths: Iterable[str]) -> dict[str, str]:
    """Return the members that no operation in question has, each with a message."""
    of_endpoint = [each.request for each in SURFACE if endpoint in (None, each.name)]
    if endpoint in BACKGROUND_OPERATIONS or of_endpoint in ([RawBody], [UntypedBody]):
        return {}
    records = [each for each in of_endpoint if each is not None]
    owner = f"{endpoint} has" if endpoint else "the requests of all operations have"
    unknown: dict[str, str] = {}
    for path in paths:
        if not any(_has_member(record, path) for record in records):
            near = nearest_known_path(path, records[0]) if len(records) == 1 else ""
            hint = f"; did you mean `{near}`?" if near else ""
            unknown[path] = f"{owner} no member `{path}`{hint}"
    return unknown


def _has_member(record: type[Record], path: str) -> bool:
    """Return whether a record has a member; a value that may have any form has all members."""
    tree: object = None
    for name in reversed(path.split(".")[:DEPTH_MAX]):
        tree = {name: tree}
    return next(unknown_fields(tree, record), None) is None


def _count_range(body: VerifyRequest) -> tuple[int, int | None]:
    names = [
        n
        for n in ("exactly", "at_least", "at_most", "never", "in_order")
        if getattr(body, n) is not None
    ]
    if len(names) > 1:
        raise CONTROL_INVALID.error(detail=f"set only one of {', '.join(names)}")
    if body.never is False:
        raise CONTROL_INVALID.error(detail="never: must be true or absent")
    if body.never:
        return 0, 0
    if body.exactly is not None:
        return body.exactly, body.exactly
    if body.at_most is not None:
        return 0, body.at_most
    return (1 if body.at_least is None else body.at_least), None


def _describe_count(minimum: int, maximum: int | None) -> str:
    if maximum is None:
        return f"{minimum} or more matching requests"
    if minimum != maximum:
        return f"{maximum} or fewer matching requests"
    return f"exactly {counted(minimum, 'matching request')}"


def _differences(body: VerifyRequest, entry: Exchange) -> dict[str, Any]:
    differs: dict[str, Any] = {}
    if body.status is not None and entry.status != body.status:
        differs["status"] = {"expected": body.status, "was": entry.status}
    captured = entry.request is None and entry.body
    request = entry.shown_request() if captured and body.match else entry.request
    for path, expected in body.match.items():
        actual = _member(request, path)
        if isinstance(actual, Record):
            actual = msgspec.to_builtins(actual)
        if actual != expected and not (captured and actual == masked_value(path, expected)):
            differs[path] = {"expected": expected, "was": actual}
    return differs


def _member(request: Any, path: str) -> Any:
    """Return a member of a request by its path; None if there is none."""
    for name in path.split("."):
        request = _get_field(request, name)
    return request


def _get_field(value: Any, name: str) -> Any:
    """Return a field of an object or a record; None if there is none."""
    if isinstance(value, dict):
        return value.get(name)
    is_field = isinstance(value, Record) and name in value.__struct_fields__
    return getattr(value, name) if is_field else None


def _mask(differs: dict[str, Any]) -> dict[str, Any]:
    """Mask the differences: the response ends up in the logs of test runs."""
    return {
        redact(path): {side: masked_value(path, value) for side, value in sides.items()}
        for path, sides in differs.items()
    }


def _what_came(entries: list[Exchange]) -> str:
    """Return the newest requests, oldest first, for a verification that found none."""
    if not entries:
        return "; the journal is empty"
    return f"; the newest requests: {', '.join(map(_shown, entries[-_CAME_MAX:]))}"


def _shown(entry: Exchange) -> str:
    name = entry.endpoint or redact(f"{entry.method} {entry.path}")[:_PATH_CHARS_MAX]
    return f"#{entry.number} {name} {entry.status or 'lost'}"


def _verify_order(body: VerifyRequest, entries: list[Exchange]) -> StatusResult:
    expected = list(body.in_order or ())
    missing = list(expected)
    for entry in entries:
        if missing and entry.endpoint == missing[0]:
            missing.pop(0)
    matched = len(expected) - len(missing)
    if not missing:
        return StatusResult(200, VerifyResponse(verified=True, count=matched))
    after = f" after {expected[matched - 1]}" if matched else ""
    message = redact(f"{missing[0]} was not called{after}{_what_came(entries)}")
    result = VerifyResponse(verified=False, count=matched, message=message)
    return StatusResult(409, result, long_poll_ms=body.within_ms)


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint(
        "journal", "GET", "/_mock/journal", journal, JournalResponse, query=JournalQuery
    ),
    control_endpoint(
        "verify", "POST", "/_mock/verify", verify, VerifyResponse, request=VerifyRequest
    ),
)
