"""Installs and runs the clients.

Packages are installed once per machine and recipe, under `.work/clients/`, with pinned versions;
with a lock the workers of a parallel run share one installation. `MissingError` says what is
missing, and the fixtures decide whether to skip or fail.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".work" / "clients"

INSTALL_SECONDS_MAX = 240
CLIENT_SECONDS_MAX = 300
TIMEOUT_SECONDS = 60
"""How long a test waits for the server; long enough for a busy machine."""
LINES_SHOWN_MAX = 12

Run = Callable[..., Any]
"""Runs a client program `(file, server, **environment)` and returns its result."""

Find = Callable[[str], str]
"""Finds a program by name."""

# Two steps: the SDK is built by builders that must be there before.
SDK_LOCKS = (ROOT / ".requirements/sdk-build.txt", ROOT / ".requirements/sdk.txt")


class MissingError(Exception):
    """A tool, a package or the network is missing; the reason is one line."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output


def install_node_packages(
    recipe: Path = HERE / "node" / "package.json", kind: str = "node"
) -> Path:
    """Return the `node_modules` that a `package.json` and its lock tell; once needs the network."""
    require_tool("node")
    npm = require_tool("npm")
    lock = recipe.with_name("package-lock.json")

    def make(folder: Path) -> None:
        shutil.copy(recipe, folder)
        shutil.copy(lock, folder)
        flags = ("--ignore-scripts", "--no-audit", "--no-fund")
        patience = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-timeout=60000")
        install("npm packages", [npm, "ci", *flags, *patience], cwd=folder)

    contents = recipe.read_text("utf-8") + lock.read_text("utf-8")
    return prepare(kind, contents, make) / "node_modules"


def install_python_sdk() -> Path:
    """Return the interpreter of an environment with ecommClover; once needs the network."""
    version = sys.version_info
    # setuptools before 66, the last to build the SDK, does not start on Python 3.12.
    python = sys.executable if version < (3, 12) else require_tool("python3.11")

    def make(folder: Path) -> None:
        if python == sys.executable:
            venv.create(folder, with_pip=True)
        else:
            install("Python SDK", [python, "-m", "venv", str(folder)], cwd=folder)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        for lock in SDK_LOCKS:
            flags = ("--require-hashes", "--no-build-isolation", "-r", str(lock))
            install("Python SDK", [*pip, *flags], cwd=folder)

    recipe = " ".join([python, str(version), *(lock.read_text("utf-8") for lock in SDK_LOCKS)])
    return prepare("python", recipe, make) / "bin" / "python"


def find_java() -> str:
    """Return a `java` that can run a source file: Java 11 or later, with its compiler."""
    java = require_tool("java")
    listed = subprocess.run(
        [java, "--list-modules"],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    if listed.returncode or "jdk.compiler" not in listed.stdout:
        raise MissingError("the java here is no JDK 11 or later: it has no compiler")
    return java


def require_tool(name: str) -> str:
    """Return the path of a program."""
    path = shutil.which(name)
    if path is None:
        raise MissingError(f"{name} is not installed")
    return path


def prepare(kind: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` filled for this recipe, calling it at most once per machine."""
    folder = CACHE / f"{kind}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    ready = folder / ".ready"
    if ready.exists():
        return folder
    try:
        import fcntl
    except ImportError as absent:
        raise MissingError("the lock of the client cache needs a POSIX system") from absent
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system releases it when the process ends
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            ready.touch()
    return folder


def install(what: str, command: Sequence[str], *, cwd: Path) -> None:
    """Run one installation step; raise MissingError with its first error line and its output."""
    try:
        completed = subprocess.run(
            command,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as late:
        raise MissingError(f"{what}: not installed after {INSTALL_SECONDS_MAX} s") from late
    if completed.returncode:
        output = completed.stdout + completed.stderr
        errors = (line.strip() for line in output.splitlines() if "error" in line.lower())
        first = next(errors, f"status {completed.returncode}")
        raise MissingError(f"{what}: could not install ({first})", output)


def name_of(command: Sequence[str]) -> str:
    """Return a command for a message: the program's name and the arguments without paths."""
    return " ".join([Path(command[0]).name, *(word for word in command[1:] if "/" not in word)])


def tail(text: str) -> str:
    """Return the last lines of a text."""
    return "\n".join(text.strip().splitlines()[-LINES_SHOWN_MAX:])


def plain_environment() -> dict[str, str]:
    """Return the environment without variables that affect a client or the server.

    A proxy would intercept loopback requests; MOCK_CLOVER_ settings are the developer's.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MOCK_CLOVER_")
        and not name.lower().endswith("_proxy")
        and name not in {"NODE_OPTIONS", "NODE_PATH", "PYTHONPATH", "JAVA_TOOL_OPTIONS"}
    }


def run_client(command: Sequence[str], environment: Mapping[str, str]) -> Any:
    """Run a client program and return the JSON document that it printed."""
    completed = subprocess.run(
        command,
        env=plain_environment() | dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=CLIENT_SECONDS_MAX,
        stdin=subprocess.DEVNULL,
    )
    assert completed.returncode == 0, (
        f"{name_of(command)} failed\n{tail(completed.stdout + completed.stderr)}"
    )
    return json.loads(completed.stdout)
