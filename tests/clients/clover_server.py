"""A server in its own process, on a free port of the loopback.

Tests use it as any user does: by its command line and over HTTP.
"""

import contextlib
import dataclasses
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import toolbox

SEED = "7"
POLL_SECONDS = 0.01
LOG_LINES_SHOWN_MAX = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Clover:
    """A running server: its port, its credentials, and the file with its output."""

    port: int
    credentials: Mapping[str, str]
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return ("127.0.0.1", self.port)

    @property
    def names(self) -> dict[str, str]:
        """The credentials' values, with names for a comparison."""
        return {
            self.credentials["CLOVER_MERCHANT_ID"]: "merchant",
            self.credentials["CLOVER_CLIENT_ID"]: "app",
            self.credentials["CLOVER_API_KEY"]: "api key",
        }

    @property
    def output(self) -> str:
        """The end of the server's output."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN_MAX:])

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send one request on a new connection, with the standard library's HTTP client."""
        connection = http.client.HTTPConnection(*self.address, timeout=toolbox.TIMEOUT_SECONDS)
        sent = {"Authorization": f"Bearer {self.credentials['CLOVER_ACCESS_TOKEN']}", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, str) else json.dumps(body)
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def make_token(self, card: Any) -> tuple[int, dict[str, Any]]:
        """Create a token of a card; a text is sent unchanged."""
        body = card if isinstance(card, str) else {"card": card}
        return self.call("POST", "/v1/tokens", body, apikey=self.credentials["CLOVER_API_KEY"])


@contextlib.contextmanager
def run_server(
    folder: Path, *flags: str, without: Collection[str] = (), within: Sequence[str] = ()
) -> Iterator[Clover]:
    """Run the server while the block runs; its files are in this folder.

    Modules named in `without` cannot be imported, as on a system that lacks them; `within` is a
    command prefix, to run it in a namespace.
    """
    log, port_file = folder / "server.log", folder / "port"
    for module in without:
        (folder / f"{module}.py").write_text('raise ImportError("not installed")\n', "utf-8")
    lacking = {"PYTHONPATH": str(folder)} if without else {}
    command = [*within, sys.executable, "-m", "mock_clover", "serve", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port-file", str(port_file), "--seed", SEED, *flags],
            cwd=toolbox.ROOT,
            env=toolbox.plain_environment() | lacking,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            server = Clover(0, {}, log)
            port = wait_for_port(process, port_file, server)
            credentials = ask_credentials(f"http://127.0.0.1:{port}")
            yield dataclasses.replace(server, port=port, credentials=credentials)
        finally:
            stop(process)


def wait_for_port(process: subprocess.Popen[bytes], port_file: Path, server: Clover) -> int:
    """Return the port when the server has written it; fail if the server exits or is late."""
    deadline = time.monotonic() + toolbox.TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists() and (port := port_file.read_text("ascii").strip()).isdigit():
            return int(port)
        try:
            status = process.wait(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the server ended with {status}\n{server.output}", pytrace=False)
    pytest.fail(f"no port after {toolbox.TIMEOUT_SECONDS} s\n{server.output}", pytrace=False)


def ask_credentials(url: str) -> dict[str, str]:
    """Return the credentials of a server with this seed, from the command line."""
    command = [sys.executable, "-m", "mock_clover", "env"]
    completed = subprocess.run(
        [*command, "--url", url, "--seed", SEED, "--format", "json"],
        cwd=toolbox.ROOT,
        env=toolbox.plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=toolbox.TIMEOUT_SECONDS,
    )
    assert completed.returncode == 0, toolbox.tail(completed.stderr)
    credentials: dict[str, str] = json.loads(completed.stdout)
    return credentials


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server."""
    process.terminate()
    try:
        process.wait(timeout=toolbox.TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
