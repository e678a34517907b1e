"""The golden flows: requests in their order, each with the reply that was recorded.

One source for our own tests, for `mock-clover conformance` and for `mock-clover collection`. The
files are those of tests/golden; the wheel takes them along.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mock_clover.sandbox.credentials import derive

RECORDED_SEED = "tests"
RECORDED_AT_MS = 1_748_341_370_775
"""2025-05-27; the time of every flow that names no other."""
RECORDED = derive(RECORDED_SEED, "default")
"""The credentials that stand in the files."""
ASK, CLOVER, REPLY = "### ", "--- clover", "--- reply"
_CLOCK = re.compile(r"^# clock (\S+)$", re.MULTILINE)


class FlowError(Exception):
    """There is no such flow; the message says which there are."""


class Example(NamedTuple):
    """One request of a golden file, Clover's printed reply if there is one, and ours."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    clover: str
    reply: str


class Reply(NamedTuple):
    """A reply as it is compared: `media` without parameters, `body` decoded if it is JSON."""

    status: int
    media: str
    headers: dict[str, Any]
    body: Any


class Flow(NamedTuple):
    """One golden file."""

    name: str
    about: str
    at_ms: int
    examples: tuple[Example, ...]


def read(text: str) -> Iterator[Example]:
    """Yield the examples of a golden file."""
    for part in text.split(f"\n{ASK}")[1:]:
        asked, _, reply = part.partition(f"\n{REPLY}")
        asked, _, clover = asked.partition(f"\n{CLOVER}")
        title, _, rest = asked.partition("\n")
        head, _, body = rest.partition("\n\n")
        line, *headers = head.strip().split("\n")
        method, _, path = line.partition(" ")
        named = dict(header.split(": ", 1) for header in headers)
        yield Example(title, method, path, named, body.strip(), clover.strip(), reply.strip())


def started_ms(text: str) -> int:
    """Return the time at which a golden file was recorded."""
    start = _CLOCK.search(text)
    if not start:
        return RECORDED_AT_MS
    return int(datetime.fromisoformat(start[1]).astimezone(UTC).timestamp() * 1000)


def folder() -> Path:
    """Return the folder of golden files: in the wheel, or the checkout's."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "golden"
    return inside if inside.is_dir() else package.parent / "tests" / "golden"


def flows(only: tuple[str, ...] = ()) -> tuple[Flow, ...]:
    """Return the flows by name, or those that are asked for. Raises FlowError."""
    files = {file.stem: file for file in sorted(folder().glob("*.http"))}
    for name in only:
        if name not in files:
            raise FlowError(f"there is no flow {name!r}; there are: {', '.join(files)}")
    return tuple(_flow(name, file.read_text()) for name, file in files.items() if _is(name, only))


def _is(name: str, only: tuple[str, ...]) -> bool:
    return not only or name in only


def _flow(name: str, text: str) -> Flow:
    head = text.partition(f"\n{ASK}")[0]
    about = [line[2:] for line in head.split("\n") if line[:2] == "# " and not _CLOCK.match(line)]
    return Flow(name, " ".join(about), started_ms(text), tuple(read(text)))


def recorded(example: Example) -> Reply:
    """Return the reply that an example was answered with."""
    head, _, text = example.reply.partition("\n\n")
    status, *lines = head.split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    headers.pop("why", None)
    try:
        body = json.loads(text) if text else None
        media = "application/json" if text else ""
    except ValueError:
        body, media = text, "text/plain"
    return Reply(int(status), media, read_headers(headers), body)


def read_headers(headers: dict[str, str]) -> dict[str, Any]:
    """Return headers by lower-case name, an address taken apart: its parameters have no order."""
    told: dict[str, Any] = {}
    for name, value in headers.items():
        if name.lower() == "location":
            address, _, query = value.partition("?")
            told["location"] = {"address": address} | dict(parse_qsl(query))
        else:
            told[name.lower()] = value
    return told
