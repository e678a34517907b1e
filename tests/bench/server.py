"""Servers to measure: started on the server's core, found by port, always stopped.

Every process that is measured is started here and stopped when its block ends, also after an error.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
SEED = 20_260_101
MOCK = (sys.executable, "-m", "mock_clover", "serve", "--seed", str(SEED))
BARE = (sys.executable, "-m", "tests.bench.bare")

_START_SECONDS_MAX = 30.0
_END_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.001
_LOG_TAIL_CHARACTERS = 2_000


@dataclass(frozen=True)
class Server:
    """A listening server on its own core."""

    pid: int
    port: int


@contextmanager
def process(
    argv: Sequence[str], log: Path, cores: Iterable[int] = (machine.SERVER_CORE,)
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command on the server's core with its output in `log`; stop it when the block ends."""
    with log.open("wb") as words:
        child = subprocess.Popen(
            argv, cwd=ROOT, stdout=words, stderr=words, stdin=subprocess.DEVNULL
        )
        try:
            # Pinned from here, not in the child: a preexec function would slow every start.
            os.sched_setaffinity(child.pid, cores)
            yield child
        finally:
            _end(child)


@contextmanager
def serving(argv: Sequence[str]) -> Iterator[Server]:
    """Start a server that takes --port and --port-file, and wait until it listens."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log, port_file = Path(folder, "log"), Path(folder, "port")
        with process([*argv, "--port", "0", "--port-file", str(port_file)], log) as child:
            server = Server(child.pid, _await_port(child, port_file, log))
            try:
                yield server
            except RuntimeError as error:
                error.add_note(f"{' '.join(argv[1:4])} last output: {_tail(log)}")
                raise


@contextmanager
def serving_on(argv: Sequence[str], port: int) -> Iterator[Server]:
    """Start a server with a given port, and wait until it accepts."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder, "log")
        with process(argv, log) as child:
            deadline = time.monotonic() + _START_SECONDS_MAX
            while not accepts(port):
                _check_alive(child, log, deadline)
                time.sleep(_POLL_SECONDS)
            yield Server(child.pid, port)


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Return whether something accepts connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _await_port(child: subprocess.Popen[bytes], port_file: Path, log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS_MAX
    while True:
        written = port_file.read_text().strip() if port_file.exists() else ""
        # The file may be read before it is complete; a port that accepts is the right one.
        if written.isdigit() and accepts(int(written)):
            return int(written)
        _check_alive(child, log, deadline)
        time.sleep(_POLL_SECONDS)


def _check_alive(child: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    if child.poll() is None and time.monotonic() < deadline:
        return
    state = "is not listening" if child.returncode is None else f"ended with {child.returncode}"
    raise RuntimeError(f"{' '.join(child.args[1:4])} {state}: {_tail(log)}")


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:].strip()


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
