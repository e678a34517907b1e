"""The golden flows: ordered requests with their recorded responses.

The tests, `mock-clover conformance` and the OpenAPI document share them. The files are in
tests/golden and are included in the wheel.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from mock_clover.sandbox.credentials import derive_credentials

RECORDED_SEED = "tests"
RECORDED_AT_MS = 1_748_341_370_775
"""2025-05-27; the default time of a flow."""
RECORDED = derive_credentials(RECORDED_SEED, "default")
"""The credentials used in the files."""
REQUEST_MARK, CLOVER_MARK, REPLY_MARK = "### ", "--- clover", "--- reply"
_CLOCK = re.compile(r"^# clock (\S+)$", re.MULTILINE)


class FlowError(Exception):
    """Unknown flow. The message lists the known ones."""


class Example(NamedTuple):
    """One request of a golden file, Clover's published response, if any, and ours."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    clover: str
    reply: str


class RecordedReply(NamedTuple):
    """A normalized response: `media` without parameters, `body` decoded if it is JSON."""

    status: int
    media: str
    headers: dict[str, Any]
    body: Any


class GoldenFlow(NamedTuple):
    """One golden file."""

    name: str
    about: str
    at_ms: int
    examples: tuple[Example, ...]


def parse_examples(text: str) -> Iterator[Example]:
    """Yield the examples of a golden file."""
    for part in text.split(f"\n{REQUEST_MARK}")[1:]:
        request, _, reply = part.partition(f"\n{REPLY_MARK}")
        request, _, clover = request.partition(f"\n{CLOVER_MARK}")
        title, _, rest = request.partition("\n")
        head, _, body = rest.partition("\n\n")
        line, *headers = head.strip().split("\n")
        method, _, path = line.partition(" ")
        header_map = dict(header.split(": ", 1) for header in headers)
        yield Example(
            title=title,
            method=method,
            path=path,
            headers=header_map,
            body=body.strip(),
            clover=clover.strip(),
            reply=reply.strip(),
        )


def recorded_at_ms(text: str) -> int:
    """Return the time at which a golden file was recorded."""
    start = _CLOCK.search(text)
    if not start:
        return RECORDED_AT_MS
    return int(datetime.fromisoformat(start[1]).astimezone(UTC).timestamp() * 1000)


def folder() -> Path:
    """Return the folder of the golden files, in the wheel or in the checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "golden"
    return inside if inside.is_dir() else package.parent / "tests" / "golden"


def flows(only: tuple[str, ...] = ()) -> tuple[GoldenFlow, ...]:
    """Return all flows, or those named in `only`. Raises FlowError."""
    files = {file.stem: file for file in sorted(folder().glob("*.http"))}
    for name in only:
        if name not in files:
            raise FlowError(f"unknown flow {name!r}; available: {', '.join(files)}")
    return tuple(
        _flow(name, file.read_text("utf-8"))
        for name, file in files.items()
        if not only or name in only
    )


def _flow(name: str, text: str) -> GoldenFlow:
    head = text.partition(f"\n{REQUEST_MARK}")[0]
    about = [line[2:] for line in head.split("\n") if line[:2] == "# " and not _CLOCK.match(line)]
    return GoldenFlow(
        name=name,
        about=" ".join(about),
        at_ms=recorded_at_ms(text),
        examples=tuple(parse_examples(text)),
    )


def recorded_reply(example: Example) -> RecordedReply:
    """Return the recorded response of an example. Raises FlowError if it has none."""
    if not example.reply:
        raise FlowError(f"the example {example.title!r} has no reply: run `make generate`")
    head, _, text = example.reply.partition("\n\n")
    status, *lines = head.split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    headers.pop("why", None)
    try:
        body = json.loads(text) if text else None
        media = "application/json" if text else ""
    except ValueError:
        body, media = text, "text/plain"
    return RecordedReply(status=int(status), media=media, headers=read_headers(headers), body=body)


def read_headers(headers: dict[str, str]) -> dict[str, Any]:
    """Return headers by lower-case name. `location` is split, because parameters are unordered."""
    parsed: dict[str, Any] = {}
    for name, value in headers.items():
        if name.lower() == "location":
            address, _, query = value.partition("?")
            parsed["location"] = {"address": address} | dict(parse_qsl(query))
        else:
            parsed[name.lower()] = value
    return parsed
