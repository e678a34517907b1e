"""Commands that read a server explain the responses of any other server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mock_clover.cli import main

FINDING = (
    rb'{"rule":"CLV999","name":"n","severity":"error","message":"m\n::error::x ##[error]x",'
    rb'"fix":"f\n::error::y","exchanges":[1],"subject":"s"}'
)
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "an array": b"[]",
    "an object": b"{}",
    "no list": b'{"data":null}',
    "a list of nothing": b'{"data":[null]}',
    "objects of another form": b'{"data":[{"id":"x","outcome":[],"status":{}}]}',
    "deep": b'{"a":' * 50_000,
    "bytes": b"\xff\xfe",
    "no number": b'{"now_ms":"x","TA_PUBLIC_KEY_DEV":"x"}',
    "a number beyond floats": b'{"now_ms":1e400,"TA_PUBLIC_KEY_DEV":5}',
    "a message with commands": rb'{"message":"\ud800\u001b]0;x\u0007\n::error::x ##[error]x"}',
    "a finding": b'{"findings":[%b],"rules":["CLV999"],"exchanges":[],"first_exchange":1,'
    b'"left_out":0}' % FINDING,
}
FORMATS = ("text", "json", "junit", "sarif", "github")
COMMANDS: list[list[str]] = [
    *(["audit", "URL", "--format", each] for each in FORMATS),
    ["audit", "URL", "--probe"],
    ["journal", "--url", "URL"],
    ["journal", "--url", "URL", "--unserved"],
    ["health", "URL"],
    ["token", "--url", "URL"],
    ["token", "--url", "URL", "--plain"],
    ["next", "card_declined/x", "--url", "URL"],
    ["next", "--list", "--url", "URL"],
    ["next", "--clear", "--url", "URL"],
    ["sweep", "--url", "URL", "--timeout", "5", "--", "true"],
]
NO_CLIENTS = {"serve", "env", "mcp", "replay", "check", "scenarios", "schema", "cards", "errors"}
NO_CLIENTS |= {"routes", "evidence", "openapi", "tls-setup"}
OTHERS = {"conformance"}
"""`conformance/test_conformance.py` has an echoing, hostile server."""


class Answering(BaseHTTPRequestHandler):
    """Gives one answer to each request."""

    status, body = 200, b""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names of the base class

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def other_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("COLUMNS", "80")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.system
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_responses_of_any_form(
    other_server: str, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    monkeypatch.setattr(Answering, "status", status)
    monkeypatch.setattr(Answering, "body", body)
    for command in COMMANDS:
        ran = CliRunner().invoke(
            main, [other_server if each == "URL" else each for each in command]
        )
        assert ran.exception is None or isinstance(ran.exception, SystemExit), (command, ran)
        lines = ran.output.split("\n")
        assert [line for line in lines if not line.isprintable()] == [], command
        is_github = "github" in command
        began = [line for line in lines if line.lstrip().startswith("::") and not is_github]
        assert began + [line for line in lines if "##[" in line and not is_github] == [], command


@pytest.mark.system
def test_every_command_is_classified() -> None:
    assert isinstance(main, click.Group)
    assert set(main.commands) == {each[0] for each in COMMANDS} | NO_CLIENTS | OTHERS
