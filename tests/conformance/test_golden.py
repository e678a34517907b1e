"""Golden files: every request example of the three source documents, with its response.

A file is a flow on one server with a frozen clock, so all ids are exact. If a document has Clover's
own response, it is above ours, and the members of both must be the same, in the same order.
`MOCK_CLOVER_TEST_UPDATE=1` writes our responses.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mock_clover.reference.flows import (
    CLOVER_MARK,
    REPLY_MARK,
    REQUEST_MARK,
    Example,
    parse_examples,
    recorded_at_ms,
)
from mock_clover.sandbox.keys import encrypt_pan
from tests.failure_messages import UPDATE, command
from tests.in_process import InProcessServer, MakeServer, Response, Way

FILES = sorted(Path(__file__).parents[1].glob("golden/*.http"))


def through_the_core(
    server: InProcessServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> Response:
    """Send a request without HTTP."""
    return server.send(method, path, raw=body, headers=headers, auth=False)


def shown(server: InProcessServer, example: Example, way: Way = through_the_core) -> str:
    """Send an example and show its reply as the file does."""
    keys = {"{{key}}": server.keys, "{{production_key}}": server.keys.production}
    body = example.body.replace("{{key}}", server.keys.public_blob())
    body = re.sub(
        r"\{\{encrypted (\d+)\}\}", lambda m: encrypt_pan(server.keys.public_blob(), m[1]), body
    )
    headers = {"host": "localhost:4242", **example.headers}
    got = way(server, example.method, example.path, headers, body.encode())
    lines = [f"{got.status}"]
    lines += [f"{name}: {value}" for name, value in got.headers.items()]
    lines += [f"why: {got.why}"] if got.why else []
    text = got.body.decode()
    for name, ring in keys.items() if '"TA_PUBLIC_KEY' in text else ():
        text = text.replace(ring.public_blob(), name)
    if got.content_type.startswith("application/json") and text:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return "\n".join(lines) + (f"\n\n{text}" if text else "")


def server_of(file: Path, make_server: MakeServer) -> InProcessServer:
    """Return the server at the beginning of a flow, with the clock of the file."""
    server = make_server()
    server.clock._frozen_ms = recorded_at_ms(file.read_text())
    return server


def members(tree: Any, at: str = "") -> list[str]:
    """Return the paths of all members, in their order."""
    if isinstance(tree, dict):
        return [p for k, v in tree.items() for p in (f"{at}{k}", *members(v, f"{at}{k}."))]
    if isinstance(tree, list):
        return [p for v in tree for p in members(v, f"{at}[].")]
    return []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden_examples(file: Path, make_server: MakeServer) -> None:
    text = file.read_text()
    server = server_of(file, make_server)
    for example in parse_examples(text):
        got = shown(server, example)
        if UPDATE:
            whole = file.read_text()
            at = whole.index(f"{REQUEST_MARK}{example.title}\n")
            begin = whole.index(REPLY_MARK, at) + len(REPLY_MARK)
            end = whole.find(f"\n{REQUEST_MARK}", begin)
            tail = whole[end:] if end >= 0 else ""
            file.write_text(f"{whole[:begin]}\n{got}\n{tail}")
            continue
        assert got == example.reply, (
            f"tests/golden/{file.name}, {example.title!r}: another reply than recorded. If it is "
            f"meant, run `{command('test_golden.py')}` and read the change with `git diff`"
        )


PRINTED = [file for file in FILES if f"\n{CLOVER_MARK}" in file.read_text()]


@pytest.mark.parametrize("file", PRINTED, ids=lambda file: file.stem)
def test_responses_have_the_fields_clover_returned(file: Path) -> None:
    for example in (example for example in parse_examples(file.read_text()) if example.clover):
        ours = json.loads(example.reply.partition("\n\n")[2])
        assert members(ours) == members(json.loads(example.clover)), (
            f"tests/golden/{file.name}, {example.title!r}: the reply has other members than "
            "the one that Clover printed (`--- clover`); correct the operation's record"
        )
