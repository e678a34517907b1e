"""The server as a process of its own, on a free port of the loopback.

Nothing here reaches into it: it is started, asked for credentials and stopped as anybody would.
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
    """A running server: where it is, what opens it, and the file that holds its output."""

    port: int
    credentials: Mapping[str, str]
    log: Path

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return ("127.0.0.1", self.port)

    @property
    def names(self) -> dict[str, str]:
        """The credentials' values, named for a comparison."""
        return {
            self.credentials["CLOVER_MERCHANT_ID"]: "merchant",
            self.credentials["CLOVER_CLIENT_ID"]: "app",
            self.credentials["CLOVER_API_KEY"]: "api key",
        }

    @property
    def output(self) -> str:
        """The end of what the server has written."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES_SHOWN_MAX:])

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Make one request on a connection of its own, by the library's plain HTTP client."""
        connection = http.client.HTTPConnection(*self.address, timeout=toolbox.PATIENCE_SECONDS)
        sent = {"Authorization": f"Bearer {self.credentials['CLOVER_ACCESS_TOKEN']}", **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, str) else json.dumps(body)
        with contextlib.closing(connection):
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def make_token(self, card: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a token of a card; a text is sent as it is."""
        body = card if isinstance(card, str) else {"card": card}
        return self.call("POST", "/v1/tokens", body, apikey=self.credentials["CLOVER_API_KEY"])


@contextlib.contextmanager
def serving(
    folder: Path, *flags: str, without: Collection[str] = (), within: Sequence[str] = ()
) -> Iterator[Clover]:
    """Run the server for the length of a block; its files go into this folder.

    Modules named in `without` are not to be had for it, as on a system that lacks them; `within` is
    what its command goes behind, to run in a namespace.
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
    """Return the port once the server has written it; fail when the server ends or is late."""
    deadline = time.monotonic() + toolbox.PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists() and (port := port_file.read_text("ascii").strip()).isdigit():
            return int(port)
        try:
            status = process.wait(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the server ended with {status}\n{server.output}", pytrace=False)
    pytest.fail(f"no port after {toolbox.PATIENCE_SECONDS} s\n{server.output}", pytrace=False)


def ask_credentials(url: str) -> dict[str, str]:
    """Ask the command line for what opens a server of this seed."""
    command = [sys.executable, "-m", "mock_clover", "env"]
    done = subprocess.run(
        [*command, "--url", url, "--seed", SEED, "--format", "json"],
        cwd=toolbox.ROOT,
        env=toolbox.plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=toolbox.PATIENCE_SECONDS,
    )
    assert done.returncode == 0, toolbox.tail(done.stderr)
    credentials: dict[str, str] = json.loads(done.stdout)
    return credentials


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server that we started."""
    process.terminate()
    try:
        process.wait(timeout=toolbox.PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
