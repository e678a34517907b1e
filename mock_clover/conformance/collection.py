"""Convert the golden flows to requests for other tools.

Steps that a plain request cannot do are skipped, with their dependents: control calls, and card
numbers that must be encrypted first. Variable names are the same in all formats.
"""

import json
import re
from typing import NamedTuple

from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.flows import Flow, flows, recorded
from mock_clover.conformance.hosts import SANDBOX
from mock_clover.conformance.play import make_key, service_of
from mock_clover.conformance.rehearse import DryRun, not_exportable_reason
from mock_clover.conformance.variables import (
    CREDENTIALS,
    Bound,
    Request,
    Variable,
    bind,
    current_dates,
)
from mock_clover.sandbox.credentials import Credentials

_URL_NAMES: dict[Service, str] = {service: f"{service}_url" for service in SANDBOX} | {
    "charges": "base_url"
}


class Entry(NamedTuple):
    """A request with variables as `{{name}}`."""

    number: int
    title: str
    request: Request
    url: str
    status: int
    captures: tuple[Variable, ...]
    """Variables that later requests take from the response."""


class Folder(NamedTuple):
    """The exported requests of a flow, and the skipped steps with reasons."""

    flow: Flow
    entries: tuple[Entry, ...]
    skipped: dict[int, str]


def folders(only: tuple[str, ...], now_ms: int, uuid_variable: str) -> list[Folder]:
    """Return the flows. `uuid_variable` is the tool's syntax for a new UUID. Raises FlowError."""
    dry_run = DryRun()
    converted = [_folder(bind(flow), dry_run, now_ms, uuid_variable) for flow in flows(only)]
    return [folder for folder in converted if folder.entries]


def variables(base_url: str, credentials: Credentials) -> dict[str, str]:
    """Return the variables for a mock: URLs and credentials."""
    return dict.fromkeys(_URL_NAMES.values(), base_url) | {
        name: getattr(credentials, name) for name in CREDENTIALS
    }


def sandbox_variables() -> dict[str, str]:
    """Return the variables for Clover's sandbox, with empty credentials."""
    return {name: SANDBOX[service] for service, name in _URL_NAMES.items()} | dict.fromkeys(
        CREDENTIALS, ""
    )


def _folder(bound: Bound, dry_run: DryRun, now_ms: int, uuid_variable: str) -> Folder:
    skipped = dry_run.skipped(bound, not_exportable_reason)
    exported = [n for n in range(1, len(bound.requests) + 1) if n not in skipped]
    values = _values(bound, now_ms, uuid_variable)
    needed = {name for number in exported for name in bound.requests[number - 1].names()}
    entries = []
    for number in exported:
        request = _substitute(bound.requests[number - 1], values)
        captured = (each for each in bound.variables.values() if each.number == number)
        entries.append(
            Entry(
                number=number,
                title=bound.flow.examples[number - 1].title,
                request=request,
                url=f"{{{{{_URL_NAMES[service_of(request.path)]}}}}}{request.path}",
                status=recorded(bound.flow.examples[number - 1]).status,
                captures=tuple(each for each in captured if each.name in needed),
            )
        )
    return Folder(bound.flow, tuple(entries), skipped)


def _values(bound: Bound, now_ms: int, uuid_variable: str) -> dict[str, str]:
    """Return values for dates and idempotency keys. A key that is used twice is fixed."""
    dates = current_dates(bound, now_ms)
    text = "\n".join(value for each in bound.requests for value in each.headers.values())
    values = {}
    for name, each in bound.variables.items():
        if each.kind == "date":
            values[name] = dates[each.value]
        elif each.kind == "key":
            values[name] = uuid_variable if text.count(f"{{{{{name}}}}}") == 1 else make_key()
    return values


def _substitute(request: Request, values: dict[str, str]) -> Request:
    def replace(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    headers = {name: replace(value) for name, value in request.headers.items()}
    return Request(
        method=request.method,
        path=replace(request.path),
        headers=headers,
        body=replace(request.body),
    )


def expression(each: Variable, body: str, location: str) -> str:
    """Return JavaScript that reads a variable from `body` or `location`, the tool's expressions."""
    part, _, rest = each.path.partition(".location.")
    if part == "headers":
        return f"{location}.match(/[?&]{re.escape(rest)}=([^&]+)/)[1]"
    return body + each.path.removeprefix("body")


def as_http(selected: list[Folder], environments: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return .http files and their environments by file name, for JetBrains and httpYac."""
    files = {"http-client.env.json": json.dumps(environments, indent=2) + "\n"}
    for folder in selected:
        lines = [f"# {line}" for line in about(folder)]
        for entry in folder.entries:
            lines += ["", f"### {entry.title}", f"# @name {folder.flow.name}-{entry.number}"]
            lines += ["# @no-redirect"] if entry.status // 100 == 3 else []
            lines.append(f"{entry.request.method} {entry.url}")
            lines += [f"{name}: {value}" for name, value in entry.request.headers.items()]
            lines += ["", entry.request.body] if entry.request.body else []
            lines += ["", "> {%", *_http_script(entry), "%}"]
        files[f"{folder.flow.name}.http"] = "\n".join(lines) + "\n"
    return files


def _http_script(entry: Entry) -> list[str]:
    location = 'response.headers.valueOf("location")'
    assertion = f"client.assert(response.status === {entry.status}, response.body)"
    return [
        f'client.test("status is {entry.status}", function () {{ {assertion}; }});',
        *(
            f'client.global.set("{each.name}", {expression(each, "response.body", location)});'
            for each in entry.captures
        ),
    ]


def about(folder: Folder) -> list[str]:
    """Return the description of a folder and its skipped steps, as lines."""
    lines = [
        folder.flow.about,
        f"Generated by mock-clover from tests/golden/{folder.flow.name}.http.",
    ]
    by_reason: dict[str, list[str]] = {}
    for number, reason in folder.skipped.items():
        by_reason.setdefault(reason, []).append(folder.flow.examples[number - 1].title)
    return lines + [f"Skipped: {'; '.join(t)} ({reason})." for reason, t in by_reason.items()]
