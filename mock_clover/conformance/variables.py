"""Replace server-specific literals in golden requests with variables.

The files do not mark them: an identifier that appears in an earlier response and in a later request
is captured from that response. Credentials are supplied by the user, idempotency keys are generated
for each run, and dates are shifted relative to the time of the recording.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from mock_clover.conformance.formats import is_identifier, iter_scalars
from mock_clover.reference.flows import RECORDED, Example, GoldenFlow, recorded_reply

CREDENTIALS = ("merchant_id", "client_id", "client_secret", "access_token", "api_key")
PUBLIC_KEY = "{{key}}"
ENCRYPTED = re.compile(r"\{\{encrypted (\d+)\}\}")
VARIABLE = re.compile(r"\{\{([a-z][a-z0-9_]*)\}\}")
_EXP_YEAR = re.compile(r'(?<="exp_year":")\d{4}(?=")|(?<="exp_year": ")\d{4}(?=")')
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:\+0000|Z))?\b")
_YEAR_CHARS = 4


class Variable(NamedTuple):
    """A value that differs between runs; `value` is the recorded one."""

    name: str
    value: str
    kind: Literal["credential", "captured", "key", "date"]
    number: int = 0
    """Number of the step with the response that contains it, from 1."""
    path: str = ""
    """Path in that response, starting with `body` or `headers`."""


class Request(NamedTuple):
    """A request with variables as `{{name}}`."""

    method: str
    path: str
    headers: dict[str, str]
    body: str

    def names(self) -> set[str]:
        """Return the names of its variables."""
        text = "\n".join((self.path, *self.headers.values(), self.body))
        return set(VARIABLE.findall(text)) | ({"key"} if ENCRYPTED.search(text) else set())


class ParameterizedFlow(NamedTuple):
    """A flow with variables, which can run against any server."""

    golden: GoldenFlow
    requests: tuple[Request, ...]
    variables: dict[str, Variable]
    """Variables used in requests, by name."""
    client_ids: frozenset[str]
    """Identifiers chosen by the client; every server returns them unchanged."""


def parameterize(flow: GoldenFlow) -> ParameterizedFlow:
    """Replace the literals of a flow with variables."""
    parameterizer = _Parameterizer(flow)
    requests = tuple(
        parameterizer.request(number, example)
        for number, example in enumerate(flow.examples, start=1)
    )
    needed = {name for request in requests for name in request.names()}
    known = {each.name: each for each in parameterizer.known.values() if each.name in needed}
    return ParameterizedFlow(
        golden=flow,
        requests=requests,
        variables=known,
        client_ids=frozenset(parameterizer.client_ids),
    )


def current_dates(flow: ParameterizedFlow, now_ms: int) -> dict[str, str]:
    """Return the recorded dates of a flow, mapped to current ones."""
    return {
        variable.value: _current_date(variable.value, flow.golden.at_ms, now_ms)
        for variable in flow.variables.values()
        if variable.kind == "date"
    }


def _current_date(value: str, then_ms: int, now_ms: int) -> str:
    then, now = (datetime.fromtimestamp(ms // 1000, UTC) for ms in (then_ms, now_ms))
    if len(value) == _YEAR_CHARS:
        return str(int(value) + now.year - then.year)
    day = datetime.fromisoformat(value[:10]) + timedelta(days=(now.date() - then.date()).days)
    return day.date().isoformat() + value[10:]


class _Parameterizer:
    def __init__(self, flow: GoldenFlow) -> None:
        self._prefix = flow.name.replace("-", "_")
        self.known: dict[str, Variable] = {
            (value := getattr(RECORDED, each)): Variable(each, value, "credential")
            for each in CREDENTIALS
        }
        self.client_ids: set[str] = set()
        self._sent_text = ""
        self._count = 0

    def request(self, number: int, example: Example) -> Request:
        """Return a request with variables, and record the identifiers of its response."""
        headers = {}
        for name, value in example.headers.items():
            if name.lower() == "idempotency-key":
                headers[name] = f"{{{{{self._variable(value, 'key')}}}}}"
            elif name.lower() != "host":
                headers[name] = self._substitute(value)
        if example.body.startswith(("{", "[")) and "content-type" not in map(str.lower, headers):
            headers["content-type"] = "application/json"  # otherwise clients set their own
        body = self._replace_dates(self._replace_dates(example.body, _EXP_YEAR), _DATE)
        result = Request(
            method=example.method,
            path=self._substitute(self._replace_dates(example.path, _DATE)),
            headers=headers,
            body=self._substitute(body),
        )
        self._sent_text += "\n".join((example.path, *example.headers.values(), example.body))
        reply = recorded_reply(example)
        for path, value in iter_scalars({"body": reply.body, "headers": reply.headers}):
            if not is_identifier(value) or value in self.known:
                continue
            if value != PUBLIC_KEY and value in self._sent_text:
                self.client_ids.add(value)
            else:
                within = path.removeprefix("body").removeprefix("headers")
                at = re.sub(r"[^A-Za-z0-9]+", "_", within).strip("_").lower()
                name = f"{self._prefix}_{number}_{at}" if value != PUBLIC_KEY else "key"
                self.known[value] = Variable(
                    name=name, value=value, kind="captured", number=number, path=path
                )
        return result

    def _replace_dates(self, text: str, pattern: re.Pattern[str]) -> str:
        return pattern.sub(lambda found: f"{{{{{self._variable(found[0], 'date')}}}}}", text)

    def _variable(self, value: str, kind: Literal["key", "date"]) -> str:
        if value not in self.known:
            self._count += 1
            name = f"{self._prefix}_{kind}_{self._count}"
            self.known[value] = Variable(name, value, kind)
        return self.known[value].name

    def _substitute(self, text: str) -> str:
        """Replace known values with variables. Dates are handled by `_replace_dates`."""
        for value in self._longest_first():
            text = text.replace(value, f"{{{{{self.known[value].name}}}}}")
        return text

    def _longest_first(self) -> Iterator[str]:
        texts = (v for v, each in self.known.items() if each.kind in ("credential", "captured"))
        yield from sorted((text for text in texts if text != PUBLIC_KEY), key=len, reverse=True)
