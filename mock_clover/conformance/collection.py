"""The golden flows as requests of other tools, from the same source.

What a plain request cannot do is left out, and what needs it: control calls, and card numbers that
must be encrypted first. Names of variables are the same in all forms.
"""

import json
import re
from typing import NamedTuple

from mock_clover.clover.common.hosts import Service
from mock_clover.conformance.flows import Flow, flows, recorded
from mock_clover.conformance.hosts import SANDBOX
from mock_clover.conformance.play import make_key, service_of
from mock_clover.conformance.rehearse import DryRun, not_in_a_collection
from mock_clover.conformance.variables import GIVEN, Bound, Request, Variable, bind, moved
from mock_clover.sandbox.credentials import Credentials

_URL_NAMES: dict[Service, str] = {service: f"{service}_url" for service in SANDBOX} | {
    "charges": "base_url"
}


class Entry(NamedTuple):
    """One request; its variables stand in it as `{{name}}`."""

    number: int
    title: str
    request: Request
    url: str
    status: int
    captures: tuple[Variable, ...]
    """What later requests take from the reply."""


class Folder(NamedTuple):
    """One flow."""

    flow: Flow
    entries: tuple[Entry, ...]
    left_out: dict[int, str]


def folders(only: tuple[str, ...], now_ms: int, fresh: str) -> list[Folder]:
    """Return the flows; `fresh` is how a tool writes a new UUID. Raises FlowError."""
    rehearsal = DryRun()
    made = [_folder(bind(flow), rehearsal, now_ms, fresh) for flow in flows(only)]
    return [folder for folder in made if folder.entries]


def variables(base_url: str, known: Credentials) -> dict[str, str]:
    """Return what a user sets for a mock: addresses and credentials."""
    return dict.fromkeys(_URL_NAMES.values(), base_url) | {
        name: getattr(known, name) for name in GIVEN
    }


def sandbox_variables() -> dict[str, str]:
    """Return the same for Clover's sandbox, whose credentials the user has."""
    return {name: SANDBOX[service] for service, name in _URL_NAMES.items()} | dict.fromkeys(
        GIVEN, ""
    )


def _folder(bound: Bound, rehearsal: DryRun, now_ms: int, fresh: str) -> Folder:
    left_out = rehearsal.left_out(bound, not_in_a_collection)
    kept = [n for n in range(1, len(bound.requests) + 1) if n not in left_out]
    values = _values(bound, now_ms, fresh)
    needed = {name for number in kept for name in bound.requests[number - 1].names()}
    entries = []
    for number in kept:
        request = _with(bound.requests[number - 1], values)
        captured = (each for each in bound.variables.values() if each.number == number)
        entries.append(
            Entry(
                number,
                bound.flow.examples[number - 1].title,
                request,
                f"{{{{{_URL_NAMES[service_of(request.path)]}}}}}{request.path}",
                recorded(bound.flow.examples[number - 1]).status,
                tuple(each for each in captured if each.name in needed),
            )
        )
    return Folder(bound.flow, tuple(entries), left_out)


def _values(bound: Bound, now_ms: int, fresh: str) -> dict[str, str]:
    """Return what stands for dates and fresh keys; a key that comes again must stay the same."""
    dates = moved(bound, now_ms)
    text = "\n".join(value for each in bound.requests for value in each.headers.values())
    values = {}
    for name, each in bound.variables.items():
        if each.kind == "moved":
            values[name] = dates[each.value]
        elif each.kind == "fresh":
            values[name] = fresh if text.count(f"{{{{{name}}}}}") == 1 else make_key()
    return values


def _with(request: Request, values: dict[str, str]) -> Request:
    def put(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    headers = {name: put(value) for name, value in request.headers.items()}
    return Request(request.method, put(request.path), headers, put(request.body))


def expression(each: Variable, body: str, location: str) -> str:
    """Return JavaScript that takes a variable from a reply, given how a tool calls its parts."""
    part, _, rest = each.path.partition(".location.")
    if part == "headers":
        return f"{location}.match(/[?&]{re.escape(rest)}=([^&]+)/)[1]"
    return body + each.path.removeprefix("body")


def as_http(found: list[Folder], environments: dict[str, dict[str, str]]) -> dict[str, str]:
    """Return .http files and their environments, by name, for JetBrains' client and httpYac."""
    files = {"http-client.env.json": json.dumps(environments, indent=2) + "\n"}
    for folder in found:
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
    said = f"client.assert(response.status === {entry.status}, response.body)"
    return [
        f'client.test("status is {entry.status}", function () {{ {said}; }});',
        *(
            f'client.global.set("{each.name}", {expression(each, "response.body", location)});'
            for each in entry.captures
        ),
    ]


def about(folder: Folder) -> list[str]:
    """Return what a folder is, and what is not in it, as lines."""
    lines = [folder.flow.about, f"Made by mock-clover from tests/golden/{folder.flow.name}.http."]
    by_reason: dict[str, list[str]] = {}
    for number, reason in folder.left_out.items():
        by_reason.setdefault(reason, []).append(folder.flow.examples[number - 1].title)
    return lines + [f"Left out: {'; '.join(t)} ({reason})." for reason, t in by_reason.items()]
