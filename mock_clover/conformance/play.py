"""Play a flow against a server, step by step, and say of each step how it went.

One request at a time. A flow ends where its state is no longer what the recording had: after an
answer of another class of status, or none. Nothing here knows sockets: `send` does.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote

from mock_clover import __version__
from mock_clover.client import Answer, ClientError
from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.compare import (
    ABSENT,
    Difference,
    Format,
    compare,
    is_open,
)
from mock_clover.conformance.flows import RECORDED, Reply, read_headers, recorded
from mock_clover.conformance.formats import format_of, has_format, is_identifier, leaves
from mock_clover.conformance.variables import (
    ENCRYPTED,
    GIVEN,
    PLACE,
    PUBLIC_KEY,
    Bound,
    Request,
    moved,
)

Send = Callable[[str, str, dict[str, str], bytes | None], Answer]
SERVICES: tuple[tuple[str, Service], ...] = (
    ("/v1/tokens", "tokens"),
    ("/oauth/v2/authorize", "oauth"),
    ("/oauth/v2/", "platform"),
    ("/oauth/token/", "platform"),
    ("/oauth/", "oauth"),
    ("/assets/", "keys"),
    ("/recurring/", "recurring"),
    ("/v2/", "platform"),
    ("/v3/", "platform"),
    ("/invoicingcheckoutservice/", "platform"),
)
"""Which of Clover's hosts serves a path; all others are those of charges."""
CONTROL = "/_mock/"
CONTROL_HEADER = "x-mock-clover-control"


class Place(NamedTuple):
    """Where the requests of a flow go, and what opens that server."""

    urls: Mapping[Service, str]
    given: Mapping[str, str]
    """Credentials by their names in `variables.GIVEN`."""
    now_ms: int
    alone: bool
    """Whether nobody else uses it: then lists are whole, and control calls are made."""
    control_token: str | None = None


class Played(NamedTuple):
    """How a step went."""

    number: int
    state: Literal["same", "drift", "made", "skipped"]
    """`made` is a control call: a means, and not compared."""
    reason: str = ""
    differences: tuple[Difference, ...] = ()


class MissingError(Exception):
    """A request needs what nobody knows."""


def service_of(path: str) -> Service:
    """Return the service that a path belongs to."""
    return next((service for start, service in SERVICES if path.startswith(start)), "charges")


def play(
    bound: Bound,
    place: Place,
    send: Send,
    skips: Mapping[int, str],
    loose: Mapping[int, Collection[str]],
) -> Iterator[Played]:
    """Play a flow. `skips` are reasons by number of step, `loose` places of no fixed value."""
    echoes = {getattr(RECORDED, name): value for name, value in place.given.items()}
    echoes |= {value: value for value in bound.own}
    echoes |= moved(bound, place.now_ms)
    echoes |= {each.value: make_key() for each in bound.variables.values() if each.kind == "fresh"}
    stopped = ""
    for number, request in enumerate(bound.requests, start=1):
        reason = skips.get(number) or stopped
        if not reason:
            try:
                played = _step(bound, number, request, place, send, echoes, loose)
            except MissingError as error:
                reason = str(error)
            else:
                yield played
                stopped = played.reason
                continue
        yield Played(number, "skipped", reason)


def _step(
    bound: Bound,
    number: int,
    request: Request,
    place: Place,
    send: Send,
    echoes: dict[str, str],
    loose: Mapping[int, Collection[str]],
) -> Played:
    """Make one request; the reason of what is returned says why the flow cannot go on."""
    expected = recorded(bound.flow.examples[number - 1])
    filled = fill(request, bound, echoes)
    headers = {"user-agent": f"mock-clover/{__version__}"} | filled.headers
    if filled.path.startswith(CONTROL) and place.control_token:
        headers[CONTROL_HEADER] = place.control_token
    url = place.urls[service_of(filled.path)] + filled.path
    try:
        got = as_reply(send(filled.method, url, headers, filled.body.encode() or None))
    except ClientError as error:
        difference = Difference("status", "no reply", expected.status, Format(str(error)))
        return Played(number, "drift", f"step {number} got no reply", (difference,))
    failed = ""
    if expected.status // 100 != got.status // 100:
        failed = f"step {number} got {got.status} instead of {expected.status}"
    if filled.path.startswith(CONTROL):
        return Played(number, "skipped" if failed else "made", failed)
    differences = compare(*(expected, got, echoes, loose.get(number, ())), whole_lists=place.alone)
    if not failed and (place.alone or not (is_open(expected.body) or _is_list(expected))):
        _learn(bound, number, expected, got, echoes)
    return Played(number, "drift" if differences else "same", failed, tuple(differences))


def _is_list(reply: Reply) -> bool:
    return isinstance(reply.body, list)


def _learn(bound: Bound, number: int, expected: Reply, got: Reply, echoes: dict[str, str]) -> None:
    """Take over what identifiers are called here; those that are needed in whatever format."""
    needed = {each.value for each in bound.variables.values() if each.number == number}
    theirs = dict(leaves({"body": got.body, "headers": got.headers}))
    for path, value in leaves({"body": expected.body, "headers": expected.headers}):
        other = theirs.get(path, ABSENT)
        if value in echoes or not isinstance(other, str) or not is_identifier(value):
            continue
        if value in needed or has_format(other, format_of(value)):
            echoes[value] = other


def fill(request: Request, bound: Bound, echoes: Mapping[str, str]) -> Request:
    """Return a request with its variables' values. Raises MissingError."""
    values = {
        name: echoes[each.value] for name, each in bound.variables.items() if each.value in echoes
    }
    missing = request.names() - values.keys()
    if missing:
        named = missing & set(GIVEN) or missing  # what is given comes before what follows of it
        raise MissingError(f"needs {' and '.join(_shown(name, bound) for name in sorted(named))}")

    def put(text: str) -> str:
        return PLACE.sub(lambda found: values[found[1]], _encrypted(text, echoes))

    path = PLACE.sub(lambda found: quote(values[found[1]], safe=""), request.path)
    headers = {name: put(value) for name, value in request.headers.items()}
    return Request(request.method, path, headers, put(request.body))


def _shown(name: str, bound: Bound) -> str:
    each = bound.variables.get(name)
    if each is None or each.kind == "given":
        return f"--{name.replace('_', '-')}"
    return f"{each.path.rpartition('.')[2]} of step {each.number}"


def _encrypted(text: str, echoes: Mapping[str, str]) -> str:
    if not ENCRYPTED.search(text):
        return text
    from mock_clover.sandbox.keys import encrypt_pan  # most flows need no cryptography

    try:
        return ENCRYPTED.sub(lambda found: encrypt_pan(echoes[PUBLIC_KEY], found[1]), text)
    except ValueError as error:
        raise MissingError(f"needs a public key that can be read: {error}") from None


def as_reply(answer: Answer) -> Reply:
    """Return what a server answered as it is compared."""
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = answer.body.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text else None
    except (ValueError, RecursionError):
        body = text
    return Reply(answer.status, media, read_headers(answer.headers), body)


def make_key() -> str:
    """Return a fresh key: a second run must not be answered with the replies of the first."""
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
