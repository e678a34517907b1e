"""Clients with Clover's own addresses in them, untouched, against `serve --tls` on port 443.

In a namespace of their own: a hosts file says that Clover's names are this machine, and there is no
other network. What makes each kind of client trust the server is what `tls-setup` prints.
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
from conftest import have
from likeness import likeness
from namespace import namespace
from served import Clover, serving
from toolbox import Run

from mock_clover.clover.common.hosts import NAMES

OURS = f"{shlex.quote(sys.executable)} -m mock_clover"
CURL_DISTRUSTS = 60


class Town(NamedTuple):
    """A server at Clover's addresses, and the way to it."""

    clover: Clover
    within: list[str]
    folder: Path

    def command(self, kind: str, command: list[str]) -> list[str]:
        """Return a command that trusts the server in the way told for its kind."""
        script = f'eval "$({OURS} tls-setup --for {kind} --tls-folder tls)"; exec "$@"'
        script = f"cd {shlex.quote(str(self.folder))}; {script}" if kind else 'exec "$@"'
        return [*self.within, "bash", "-euc", script, "bash", *command]

    def run(self, kind: str, command: list[str], **environment: str) -> Any:
        """Run a client, with credentials but with no address, and return what it told."""
        known = {n: v for n, v in self.clover.credentials.items() if n != "CLOVER_BASE_URL"}
        return toolbox.run_client(self.command(kind, command), known | environment)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Serve at Clover's addresses; without namespaces skip, or fail where clients are required."""
    folder = tmp_path_factory.mktemp("town")
    hosts = folder / "hosts"
    told = subprocess.run(
        [sys.executable, "-m", "mock_clover", "tls-setup", "--hosts"],
        capture_output=True,
        text=True,
        check=True,
    )
    hosts.write_text(f"127.0.0.1 localhost\n{told.stdout}")
    place = namespace(hosts)
    within = have(place.__enter__)
    try:
        flags = ("--tls", "--tls-port", "443", "--tls-folder", str(folder / "tls"))
        with serving(folder, *flags, within=within) as clover:
            yield Town(clover, within, folder)
    finally:
        place.__exit__(None, None, None)


def story(said: Any, clover: Clover) -> Any:
    """Return a story whose invented parts are named."""
    names = {said["token"]["id"]: "token", said["charge"]["id"]: "charge"}
    return likeness(said, clover.names | names)


def test_node_sdk_with_clover_urls(town: Town, clover: Clover, node: Run) -> None:
    packages = have(toolbox.install_node_packages)
    script = str(toolbox.HERE / "node" / "sdk_flow.cjs")
    said = town.run("node", ["node", script], NODE_PATH=str(packages))
    assert story(said, town.clover) == story(node("sdk_flow.cjs", clover), clover)


def test_python_sdk_with_clover_urls(town: Town, clover: Clover, python_sdk: Run) -> None:
    python = str(have(toolbox.install_python_sdk))
    script = str(toolbox.HERE / "python" / "sdk_flow.py")
    said = town.run("python", [python, "-I", script])
    assert story(said, town.clover) == story(python_sdk("sdk_flow.py", clover), clover)


def test_a_shop_in_python_with_addresses_in_its_code(town: Town) -> None:
    """Links that it is given have the address that it asked."""
    python = str(have(toolbox.install_python_sdk))
    said = town.run("python", [python, "-I", str(toolbox.HERE / "python" / "hard_coded.py")])
    href = said.pop("href")
    assert href.startswith("https://apisandbox.dev.clover.com/")
    assert said == {"charge": [200, 1999], "page": [200, "text/html; charset=utf-8"]}


def test_java_with_a_trust_store(town: Town, clover: Clover, java: Run) -> None:
    source = str(toolbox.HERE / "java" / "HttpClientFlow.java")
    command = [have(toolbox.find_java), "-XX:TieredStopAtLevel=1", "-Xshare:auto", source]
    said = town.run("java", command, CLOVER_BASE_URL="https://scl-sandbox.dev.clover.com")
    assert {name: (each["status"], each["version"]) for name, each in said.items()} == {
        "token": (200, "HTTP_1_1"),
        "charge": (200, "HTTP_1_1"),
        "read": (200, "HTTP_1_1"),
        "unknown": (404, "HTTP_1_1"),
    }


@pytest.mark.skipif(not shutil.which("php"), reason="there is no php")
def test_php_with_an_ini_file(town: Town) -> None:
    code = (
        "$curl = curl_init($url = 'https://scl.clover.com/livez');"
        "curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);"
        "echo json_encode([json_decode(file_get_contents($url)), json_decode(curl_exec($curl))]);"
    )
    by_stream, by_curl = town.run("php", ["php", "-r", code])
    assert by_stream == by_curl
    assert by_stream["status"] == "alive"


def test_curl_at_every_name(town: Town, tool: Callable[[str], str]) -> None:
    urls = [f"https://{name}/livez" for name in (*NAMES, "localhost")]
    command = [tool("curl"), "-sS", "-w", "\n%{remote_ip} %{http_code}\n"]
    done = subprocess.run(
        town.command("curl", [*command, "https://127.0.0.1/livez", *urls]),
        capture_output=True,
        text=True,
        check=False,
        env=toolbox.plain_environment(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1::2] == ["127.0.0.1 200"] * (len(NAMES) + 2)


def test_client_without_ca_rejects_certificate(town: Town, tool: Callable[[str], str]) -> None:
    command = [tool("curl"), "-sS", f"https://{NAMES[0]}/livez"]
    done = subprocess.run(
        town.command("", command),
        capture_output=True,
        text=True,
        check=False,
        env=toolbox.plain_environment(),
    )
    assert done.returncode == CURL_DISTRUSTS
    assert done.stdout == ""
