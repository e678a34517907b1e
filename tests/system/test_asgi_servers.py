"""`create_app` on other servers, each in a process of its own: one payment, and a clean end."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.bench.server import free_port
from tests.raw_http import TIMEOUT_S, eventually

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]
MOUNTED = """
from fastapi import FastAPI

from mock_clover import create_app

app = FastAPI()
app.mount("/clover", create_app())
"""
PAGE = (ROOT / "docs/howto/asgi.md").read_text().partition("```sh\n")[2].partition("```")[0]
UVICORN, HYPERCORN, GRANIAN = (
    tuple(shlex.split(line.replace("4242", "{port}"))) for line in PAGE.splitlines()
)


@contextlib.contextmanager
def running(command: tuple[str, ...], folder: Path) -> Iterator[str]:
    """Run a server and yield its URL; fail if it does not end cleanly after SIGTERM."""
    port = free_port()
    (folder / "shop.py").write_text(MOUNTED)
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [BIN / command[0], *(part.format(port=port) for part in command[1:])],
            cwd=folder,
            stdout=sink,
            stderr=sink,
            env=os.environ | {"PYTHONWARNINGS": "error:coroutine:RuntimeWarning"},
        )
    try:
        eventually(lambda: listens(port))
        yield f"http://127.0.0.1:{port}"
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT_S)
    finally:
        process.kill()
        process.wait()
    for sign in ("Traceback", "never awaited", "was destroyed"):
        assert sign not in log.read_text()


def send(url: str, body: Any = None, method: str = "", **headers: str) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(url, data, headers, method=method or None)
    try:
        with urlopen(request, timeout=TIMEOUT_S) as reply:
            return reply.status, json.loads(reply.read() or "null")
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or "null")


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@pytest.mark.parametrize(
    ("command", "root"),
    [
        (UVICORN, ""),
        ((*UVICORN, "--root-path", "/clover"), "/clover"),
        (HYPERCORN, ""),
        ((*HYPERCORN, "--root-path", "/clover"), "/clover"),
        (GRANIAN, ""),
        (("uvicorn", "shop:app", "--port", "{port}"), "/clover"),
        (("hypercorn", "shop:app", "--bind", "127.0.0.1:{port}"), "/clover"),
        (("granian", "--interface", "asgi", "shop:app", "--port", "{port}"), "/clover"),
    ],
    ids=" ".join,
)
def test_other_servers_run_the_application(
    command: tuple[str, ...], root: str, tmp_path: Path
) -> None:
    path = "" if command[-2:] == ("--root-path", "/clover") else root
    with running(command, tmp_path) as server:
        url = server + path
        status, info = send(f"{url}/_mock/sandboxes/default")
        assert (status, info["base_url"]) == (200, server + root)
        card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030"}
        _, token = send(f"{url}/v1/tokens", {"card": card}, apikey=info["api_key"])
        bearer = f"Bearer {info['access_token']}"
        body = {"amount": 1800, "currency": "usd", "source": token["id"]}
        status, charge = send(f"{url}/v1/charges", body, authorization=bearer)
        assert (status, charge["amount"]) == (200, 1800)
        status, found = send(f"{url}/v1/charges/unknown", authorization=bearer)
        assert (status, found["error"]["type"]) == (404, "invalid_request_error")
        status, message = send(f"{url}/_mock/faults", {"kind": "drop"})
        assert (status, "mock-clover serve" in message["message"]) == (400, True)
        slow = {"kind": "dribble", "delay_ms": 1, "when": "after_commit", "times": 1}
        assert send(f"{url}/_mock/faults", slow)[0] == 200
        assert send(f"{url}/v1/charges/{charge['id']}", authorization=bearer)[0] == 200
        status, waited = send(f"{url}/_mock/verify", {"endpoint": "create_refund", "within_ms": 50})
        assert (status, waited["verified"]) == (409, False)
