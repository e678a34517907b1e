"""Requests to the control API, for its tests."""

import json
from typing import Any

from mock_clover.engine.reply import Reply
from tests.in_process import InProcessServer

ROOT = "http://localhost:4242"


def root(
    server: InProcessServer, method: str, path: str, body: Any = None, **headers: str
) -> Reply:
    """Send a request to the root, with only the given credentials."""
    sent = {"host": "localhost:4242"} | headers
    path, _, query = path.partition("?")
    return server.app.handle_now(
        method,
        path,
        query.encode(),
        {name.encode(): value.encode() for name, value in sent.items()},
        b"" if body is None else json.dumps(body).encode(),
    )


def got(reply: Any) -> tuple[int, Any]:
    """Return status and document."""
    return reply.status, json.loads(reply.body)


def clock(server: InProcessServer, **asked: Any) -> tuple[int, Any]:
    return got(server.send("PUT", "/_mock/clock", asked))


def get_json(server: InProcessServer, path: str) -> Any:
    """Return the document of a control request."""
    got = server.send("GET", f"/_mock{path}")
    assert got.status == 200, got
    return got.json


def refused(server: InProcessServer, method: str, path: str, body: Any = None) -> tuple[int, str]:
    got = server.send(method, f"/_mock{path}", body)
    return got.status, got.json["message"]
