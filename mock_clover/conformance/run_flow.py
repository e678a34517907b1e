"""Run a flow against a server and report the result of each step.

Requests are sent one at a time. A flow stops when its state differs from the recording: after a
response with a different status class, or if there is no response. `send` does the network I/O.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote

from mock_clover import __version__
from mock_clover.client import ClientError, Response
from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.compare import (
    ABSENT,
    Difference,
    Format,
    compare,
    is_list_envelope,
)
from mock_clover.conformance.formats import format_of, has_format, is_identifier, iter_scalars
from mock_clover.conformance.variables import (
    CREDENTIALS,
    ENCRYPTED,
    PUBLIC_KEY,
    VARIABLE,
    ParameterizedFlow,
    Request,
    current_dates,
)
from mock_clover.reference.flows import RECORDED, RecordedReply, read_headers, recorded_reply
from mock_clover.sandbox.keys import encrypt_pan

Send = Callable[[str, str, dict[str, str], bytes | None], Response]
SERVICES: tuple[tuple[str, Service], ...] = (
    ("/v1/tokens", "tokens"),
    ("/oauth/v2/authorize", "oauth"),
    ("/oauth/v2/", "platform"),
    ("/oauth/token/", "platform"),
    ("/oauth/", "oauth"),
    ("/assets/", "keys"),
    ("/recurring/", "recurring"),
    ("/v3/", "platform"),
    ("/invoicingcheckoutservice/", "platform"),
)
"""Which of Clover's hosts serves a path; the default is `charges`."""
CONTROL = "/_mock/"
CONTROL_HEADER = "x-mock-clover-control"


class Target(NamedTuple):
    """Where to send the requests of a flow, with credentials."""

    urls: Mapping[Service, str]
    credentials: Mapping[str, str]
    """By the names in `variables.CREDENTIALS`."""
    now_ms: int
    is_exclusive: bool
    """Whether no other client uses the sandbox: lists are compared and control requests sent."""
    control_token: str | None = None


class StepResult(NamedTuple):
    """The result of a step."""

    number: int
    state: Literal["same", "different", "not_compared", "skipped"]
    """`not_compared` is a control request, whose response is not compared."""
    reason: str = ""
    differences: tuple[Difference, ...] = ()


class MissingValueError(Exception):
    """A value that a request needs is unknown."""


def service_of(path: str) -> Service:
    """Return the service that serves a path."""
    return next((service for start, service in SERVICES if path.startswith(start)), "charges")


def run_flow(
    flow: ParameterizedFlow,
    target: Target,
    send: Send,
    skips: Mapping[int, str],
    variable_paths: Mapping[int, Collection[str]],
) -> Iterator[StepResult]:
    """Run a flow. `skips` has reasons and `variable_paths` paths of variable values, by step."""
    id_map = {getattr(RECORDED, name): value for name, value in target.credentials.items()}
    id_map |= {value: value for value in flow.client_ids}
    id_map |= current_dates(flow, target.now_ms)
    id_map |= {
        each.value: new_idempotency_key() for each in flow.variables.values() if each.kind == "key"
    }
    stopped = ""
    for number, request in enumerate(flow.requests, start=1):
        reason = skips.get(number) or stopped
        if not reason:
            try:
                result = _run_step(flow, number, request, target, send, id_map, variable_paths)
            except MissingValueError as error:
                reason = str(error)
            else:
                yield result
                stopped = result.reason
                continue
        yield StepResult(number, "skipped", reason)


def _run_step(
    flow: ParameterizedFlow,
    number: int,
    request: Request,
    target: Target,
    send: Send,
    id_map: dict[str, str],
    variable_paths: Mapping[int, Collection[str]],
) -> StepResult:
    """Send one request. If the flow cannot continue, the result's `reason` says why."""
    expected = recorded_reply(flow.golden.examples[number - 1])
    filled = substitute_variables(request, flow, id_map)
    headers = {"user-agent": f"mock-clover/{__version__}"} | filled.headers
    if filled.path.startswith(CONTROL) and target.control_token:
        headers[CONTROL_HEADER] = target.control_token
    url = target.urls[service_of(filled.path)] + filled.path
    try:
        got = as_reply(send(filled.method, url, headers, filled.body.encode() or None))
    except ClientError as error:
        difference = Difference(
            path="status", kind="no response", expected=expected.status, got=Format(str(error))
        )
        return StepResult(
            number=number,
            state="different",
            reason=f"step {number} got no response",
            differences=(difference,),
        )
    failed = ""
    if expected.status // 100 != got.status // 100:
        failed = f"step {number} got {got.status} instead of {expected.status}"
    if filled.path.startswith(CONTROL):
        return StepResult(number, "skipped" if failed else "not_compared", failed)
    differences = compare(
        *(expected, got, id_map, variable_paths.get(number, ())), exact_lists=target.is_exclusive
    )
    if not failed and (
        target.is_exclusive
        or not (is_list_envelope(expected.body) or isinstance(expected.body, list))
    ):
        _record_ids(flow, number, expected, got, id_map)
    return StepResult(
        number=number,
        state="different" if differences else "same",
        reason=failed,
        differences=tuple(differences),
    )


def _record_ids(
    flow: ParameterizedFlow,
    number: int,
    expected: RecordedReply,
    got: RecordedReply,
    id_map: dict[str, str],
) -> None:
    """Record the server's identifiers; in any format, if later steps need them."""
    needed = {each.value for each in flow.variables.values() if each.number == number}
    actual = dict(iter_scalars({"body": got.body, "headers": got.headers}))
    for path, value in iter_scalars({"body": expected.body, "headers": expected.headers}):
        other = actual.get(path, ABSENT)
        if value in id_map or not isinstance(other, str) or not is_identifier(value):
            continue
        if value in needed or has_format(other, format_of(value)):
            id_map[value] = other


def substitute_variables(
    request: Request, flow: ParameterizedFlow, id_map: Mapping[str, str]
) -> Request:
    """Return a request with its variables replaced. Raises MissingValueError."""
    values = {
        name: id_map[each.value] for name, each in flow.variables.items() if each.value in id_map
    }
    missing = request.names() - values.keys()
    if missing:
        names = missing & set(CREDENTIALS) or missing  # other values may depend on credentials
        raise MissingValueError(
            f"needs {' and '.join(_describe(name, flow) for name in sorted(names))}"
        )

    def substitute(text: str) -> str:
        return VARIABLE.sub(lambda found: values[found[1]], _encrypt_pans(text, id_map))

    path = VARIABLE.sub(lambda found: quote(values[found[1]], safe=""), request.path)
    headers = {name: substitute(value) for name, value in request.headers.items()}
    return Request(method=request.method, path=path, headers=headers, body=substitute(request.body))


def _describe(name: str, flow: ParameterizedFlow) -> str:
    each = flow.variables.get(name)
    if each is None or each.kind == "credential":
        return f"--{name.replace('_', '-')}"
    return f"{each.path.rpartition('.')[2]} of step {each.number}"


def _encrypt_pans(text: str, id_map: Mapping[str, str]) -> str:
    if not ENCRYPTED.search(text):
        return text

    try:
        return ENCRYPTED.sub(lambda found: encrypt_pan(id_map[PUBLIC_KEY], found[1]), text)
    except ValueError as error:
        raise MissingValueError(f"needs a valid public key: {error}") from None


def as_reply(response: Response) -> RecordedReply:
    """Return a normalized response."""
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = response.body.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        body = text
    return RecordedReply(
        status=response.status, media=media, headers=read_headers(response.headers), body=body
    )


def new_idempotency_key() -> str:
    """Return a new idempotency key, so that a second run does not get cached responses."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
