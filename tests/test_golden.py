"""Golden files: every request example of the three seed documents, with its reply beside it.

A file is a flow in one world, from its first request to its last, on a clock that stands still; so
all ids are exact. Where a document prints Clover's own reply, it stands above ours, and the members
of both must be the same, in the same order. `MOCK_CLOVER_TEST_UPDATE=1` writes our replies anew.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mock_clover.sandbox.keys import encrypt_pan
from tests.world import World

FILES = sorted(Path(__file__).parent.glob("golden/*.http"))
_ASK, _CLOVER, _REPLY = "### ", "--- clover", "--- reply"


class Example(NamedTuple):
    """One request of a golden file, Clover's printed reply if there is one, and ours."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    clover: str
    reply: str


def read(text: str) -> Iterator[Example]:
    for part in text.split(f"\n{_ASK}")[1:]:
        asked, _, reply = part.partition(f"\n{_REPLY}")
        asked, _, clover = asked.partition(f"\n{_CLOVER}")
        title, _, rest = asked.partition("\n")
        head, _, body = rest.partition("\n\n")
        line, *headers = head.strip().split("\n")
        method, _, path = line.partition(" ")
        named = dict(header.split(": ", 1) for header in headers)
        yield Example(title, method, path, named, body.strip(), clover.strip(), reply.strip())


def shown(world: World, example: Example) -> str:
    """Send an example and show its reply as the file does."""
    body = example.body.replace("{{key}}", world.keys.public_blob())
    body = re.sub(
        r"\{\{encrypted (\d+)\}\}", lambda m: encrypt_pan(world.keys.public_blob(), m[1]), body
    )
    got = world.send(
        example.method, example.path, raw=body.encode(), headers=example.headers, auth=False
    )
    lines = [f"{got.status}"]
    lines += [f"{name}: {value}" for name, value in got.headers.items()]
    lines += [f"why: {got.why}"] if got.why else []
    text = got.body.decode().replace(world.keys.public_blob(), "{{key}}")
    if got.content_type.startswith("application/json") and text:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return "\n".join(lines) + (f"\n\n{text}" if text else "")


def world_of(file: Path, make_world: Callable[..., World]) -> World:
    """Return the world that a flow begins in, its clock where the file says."""
    world = make_world()
    start = re.search(r"^# clock (\S+)$", file.read_text(), re.MULTILINE)
    if start:
        when = datetime.fromisoformat(start[1]).astimezone(UTC)
        world.clock._frozen_ms = int(when.timestamp() * 1000)
    return world


def members(tree: Any, at: str = "") -> list[str]:
    """Return the paths of all members, in their order."""
    if isinstance(tree, dict):
        return [p for k, v in tree.items() for p in (f"{at}{k}", *members(v, f"{at}{k}."))]
    if isinstance(tree, list):
        return [p for v in tree for p in members(v, f"{at}[].")]
    return []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_example_of_the_documents_gets_its_reply(
    file: Path, make_world: Callable[..., World]
) -> None:
    text = file.read_text()
    world = world_of(file, make_world)
    for example in read(text):
        got = shown(world, example)
        if os.environ.get("MOCK_CLOVER_TEST_UPDATE"):
            whole = file.read_text()
            at = whole.index(f"{_ASK}{example.title}\n")
            begin = whole.index(_REPLY, at) + len(_REPLY) + 1
            end = whole.find(f"\n{_ASK}", begin)
            tail = whole[end:] if end >= 0 else ""
            file.write_text(f"{whole[:begin]}{got}\n{tail}")
            continue
        assert got == example.reply, example.title


PRINTED = [file for file in FILES if f"\n{_CLOVER}" in file.read_text()]


@pytest.mark.parametrize("file", PRINTED, ids=lambda file: file.stem)
def test_replies_have_the_members_that_clover_printed(file: Path) -> None:
    for example in (example for example in read(file.read_text()) if example.clover):
        ours = json.loads(example.reply.partition("\n\n")[2])
        assert members(ours) == members(json.loads(example.clover)), example.title
