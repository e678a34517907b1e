"""What stands literally in a golden request and is another on another server becomes a variable.

Nothing in the files says so: a text of an earlier reply that looks like an identifier and comes
again in a later request was captured there. Credentials are given, idempotency keys are fresh for
each run, and dates keep their distance from the time of the flow.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from mock_clover.conformance.flows import RECORDED, Example, Flow, recorded
from mock_clover.conformance.formats import is_identifier, leaves

GIVEN = ("merchant_id", "client_id", "client_secret", "access_token", "api_key")
PUBLIC_KEY = "{{key}}"
ENCRYPTED = re.compile(r"\{\{encrypted (\d+)\}\}")
PLACE = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_EXP_YEAR = re.compile(r'(?<="exp_year":")\d{4}(?=")|(?<="exp_year": ")\d{4}(?=")')
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:\+0000|Z))?\b")
_YEAR_CHARS = 4


class Variable(NamedTuple):
    """A text that differs from run to run; `value` is the recorded one."""

    name: str
    value: str
    kind: Literal["given", "captured", "fresh", "moved"]
    number: int = 0
    """Of the step whose reply has it, from 1."""
    path: str = ""
    """Where in that reply: in `body` or in `headers`."""


class Request(NamedTuple):
    """A request with its variables as `{{name}}`."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    def names(self) -> set[str]:
        """Return the variables that it needs."""
        text = "\n".join((self.path, *self.headers.values(), self.body))
        return set(PLACE.findall(text)) | ({"key"} if ENCRYPTED.search(text) else set())


class Bound(NamedTuple):
    """A flow whose requests can go to any server."""

    flow: Flow
    requests: tuple[Request, ...]
    variables: dict[str, Variable]
    """Those that a request needs, by name."""
    own: frozenset[str]
    """Identifiers that the client made up: every server gives them back as they are."""


def bind(flow: Flow) -> Bound:
    """Find the variables of a flow."""
    binder = _Binder(flow)
    requests = tuple(
        binder.request(number, each) for number, each in enumerate(flow.examples, start=1)
    )
    needed = {name for request in requests for name in request.names()}
    known = {each.name: each for each in binder.known.values() if each.name in needed}
    return Bound(flow, requests, known, frozenset(binder.own))


def moved(bound: Bound, now_ms: int) -> dict[str, str]:
    """Return the dates of a flow, recorded and as they are now."""
    return {
        each.value: _moved(each.value, bound.flow.at_ms, now_ms)
        for each in bound.variables.values()
        if each.kind == "moved"
    }


def _moved(value: str, then_ms: int, now_ms: int) -> str:
    then, now = (datetime.fromtimestamp(ms // 1000, UTC) for ms in (then_ms, now_ms))
    if len(value) == _YEAR_CHARS:
        return str(int(value) + now.year - then.year)
    day = datetime.fromisoformat(value[:10]) + timedelta(days=(now.date() - then.date()).days)
    return day.date().isoformat() + value[10:]


class _Binder:
    def __init__(self, flow: Flow) -> None:
        self._prefix = flow.name.replace("-", "_")
        self.known: dict[str, Variable] = {
            (value := getattr(RECORDED, name)): Variable(name, value, "given") for name in GIVEN
        }
        self.own: set[str] = set()
        self._asked = ""
        self._count = 0

    def request(self, number: int, example: Example) -> Request:
        """Return a request with its variables, and learn those of its reply."""
        headers = {}
        for name, value in example.headers.items():
            if name.lower() == "idempotency-key":
                headers[name] = f"{{{{{self._made(value, 'fresh')}}}}}"
            elif name.lower() != "host":
                headers[name] = self._named(value)
        if example.body.startswith(("{", "[")) and "content-type" not in map(str.lower, headers):
            headers["content-type"] = "application/json"  # else a client puts its own there
        asked = Request(
            example.method,
            self._named(self._dated(example.path, _DATE)),
            headers,
            self._named(self._dated(self._dated(example.body, _EXP_YEAR), _DATE)),
        )
        self._asked += "\n".join((example.path, *example.headers.values(), example.body))
        reply = recorded(example)
        for path, value in leaves({"body": reply.body, "headers": reply.headers}):
            if not is_identifier(value) or value in self.known:
                continue
            if value != PUBLIC_KEY and value in self._asked:
                self.own.add(value)
            else:
                at = re.sub(r"[^A-Za-z0-9]+", "_", path.partition(".")[2]).strip("_").lower()
                name = f"{self._prefix}_{number}_{at}" if value != PUBLIC_KEY else "key"
                self.known[value] = Variable(name, value, "captured", number, path)
        return asked

    def _dated(self, text: str, form: re.Pattern[str]) -> str:
        return form.sub(lambda found: f"{{{{{self._made(found[0], 'moved')}}}}}", text)

    def _made(self, value: str, kind: Literal["fresh", "moved"]) -> str:
        if value not in self.known:
            self._count += 1
            name = f"{self._prefix}_{'date' if kind == 'moved' else 'key'}_{self._count}"
            self.known[value] = Variable(name, value, kind)
        return self.known[value].name

    def _named(self, text: str) -> str:
        """Put the names of variables for what is known; a year or a date has its own place."""
        for value in self._long():
            text = text.replace(value, f"{{{{{self.known[value].name}}}}}")
        return text

    def _long(self) -> Iterator[str]:
        texts = (v for v, each in self.known.items() if each.kind in ("given", "captured"))
        yield from sorted((text for text in texts if text != PUBLIC_KEY), key=len, reverse=True)
