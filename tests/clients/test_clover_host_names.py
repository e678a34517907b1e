"""Unmodified clients with Clover's URLs, against `serve --tls` on port 443.

They run in a network namespace whose hosts file maps Clover's names to this machine, without any
other network. They trust the server by what `tls-setup` prints for each kind of client.
"""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import toolbox
from clover_server import Clover, run_server
from conftest import get_or_skip
from namespace import namespace
from response_shape import response_shape
from toolbox import Run

from mock_clover.clover.common.hosts import NAMES

OURS = f"{shlex.quote(sys.executable)} -m mock_clover"
CURL_DISTRUSTS = 60


class HostNameSetup(NamedTuple):
    """A server at Clover's host names, and the command prefix that reaches it."""

    clover: Clover
    within: list[str]
    folder: Path

    def command(self, kind: str, command: list[str]) -> list[str]:
        """Return a command that trusts the server as `tls-setup` says for its kind."""
        script = f'eval "$({OURS} tls-setup --for {kind} --tls-folder tls)"; exec "$@"'
        script = f"cd {shlex.quote(str(self.folder))}; {script}" if kind else 'exec "$@"'
        return [*self.within, "bash", "-euc", script, "bash", *command]

    def run(self, kind: str, command: list[str], **environment: str) -> Any:
        """Run a client, with credentials but without a URL, and return its result."""
        known = {n: v for n, v in self.clover.credentials.items() if n != "CLOVER_BASE_URL"}
        return toolbox.run_client(self.command(kind, command), known | environment)


@pytest.fixture(scope="module")
def host_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostNameSetup]:
    """A server at Clover's host names; without namespaces skip, or fail if clients are required."""
    folder = tmp_path_factory.mktemp("town")
    hosts = folder / "hosts"
    output = subprocess.run(
        [sys.executable, "-m", "mock_clover", "tls-setup", "--hosts"],
        capture_output=True,
        text=True,
        check=True,
    )
    hosts.write_text(f"127.0.0.1 localhost\n{output.stdout}")
    place = namespace(hosts)
    within = get_or_skip(place.__enter__)
    try:
        flags = ("--tls", "--tls-port", "443", "--tls-folder", str(folder / "tls"))
        with run_server(folder, *flags, within=within) as clover:
            yield HostNameSetup(clover, within, folder)
    finally:
        place.__exit__(None, None, None)


def story(message: Any, clover: Clover) -> Any:
    """Return a result with its generated values replaced by names."""
    names = {message["token"]["id"]: "token", message["charge"]["id"]: "charge"}
    return response_shape(message, clover.names | names)


def test_node_sdk_with_clover_urls(host_names: HostNameSetup, clover: Clover, node: Run) -> None:
    packages = get_or_skip(toolbox.install_node_packages)
    script = str(toolbox.HERE / "node" / "sdk_flow.cjs")
    result = host_names.run("node", ["node", script], NODE_PATH=str(packages))
    assert story(result, host_names.clover) == story(node("sdk_flow.cjs", clover), clover)


def test_python_sdk_with_clover_urls(
    host_names: HostNameSetup, clover: Clover, python_sdk: Run
) -> None:
    python = str(get_or_skip(toolbox.install_python_sdk))
    script = str(toolbox.HERE / "python" / "sdk_flow.py")
    result = host_names.run("python", [python, "-I", script])
    assert story(result, host_names.clover) == story(python_sdk("sdk_flow.py", clover), clover)


def test_a_shop_in_python_with_addresses_in_its_code(host_names: HostNameSetup) -> None:
    """Links in responses have the host of the request."""
    python = str(get_or_skip(toolbox.install_python_sdk))
    result = host_names.run(
        "python", [python, "-I", str(toolbox.HERE / "python" / "hard_coded.py")]
    )
    href = result.pop("href")
    assert href.startswith("https://apisandbox.dev.clover.com/")
    assert result == {"charge": [200, 1999], "page": [200, "text/html; charset=utf-8"]}


def test_java_with_a_trust_store(host_names: HostNameSetup, clover: Clover, java: Run) -> None:
    source = str(toolbox.HERE / "java" / "HttpClientFlow.java")
    command = [get_or_skip(toolbox.find_java), "-XX:TieredStopAtLevel=1", "-Xshare:auto", source]
    result = host_names.run("java", command, CLOVER_BASE_URL="https://scl-sandbox.dev.clover.com")
    assert {name: (each["status"], each["version"]) for name, each in result.items()} == {
        "token": (200, "HTTP_1_1"),
        "charge": (200, "HTTP_1_1"),
        "read": (200, "HTTP_1_1"),
        "unknown": (404, "HTTP_1_1"),
    }


@pytest.mark.skipif(not shutil.which("php"), reason="there is no php")
def test_php_with_an_ini_file(host_names: HostNameSetup) -> None:
    code = (
        "$curl = curl_init($url = 'https://scl.clover.com/livez');"
        "curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);"
        "echo json_encode([json_decode(file_get_contents($url)), json_decode(curl_exec($curl))]);"
    )
    by_stream, by_curl = host_names.run("php", ["php", "-r", code])
    assert by_stream == by_curl
    assert by_stream["status"] == "alive"


def test_curl_at_every_name(host_names: HostNameSetup, tool: Callable[[str], str]) -> None:
    urls = [f"https://{name}/livez" for name in (*NAMES, "localhost")]
    command = [tool("curl"), "-sS", "-w", "\n%{remote_ip} %{http_code}\n"]
    completed = subprocess.run(
        host_names.command("curl", [*command, "https://127.0.0.1/livez", *urls]),
        capture_output=True,
        text=True,
        check=False,
        env=toolbox.plain_environment(),
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    assert completed.stdout.splitlines()[1::2] == ["127.0.0.1 200"] * (len(NAMES) + 2)


def test_client_without_ca_rejects_certificate(
    host_names: HostNameSetup, tool: Callable[[str], str]
) -> None:
    command = [tool("curl"), "-sS", f"https://{NAMES[0]}/livez"]
    completed = subprocess.run(
        host_names.command("", command),
        capture_output=True,
        text=True,
        check=False,
        env=toolbox.plain_environment(),
    )
    assert completed.returncode == CURL_DISTRUSTS
    assert completed.stdout == ""
