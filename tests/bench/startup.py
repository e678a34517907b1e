"""Figure: time from starting the process to its first response, with key pair; and memory at rest.

The floor is the import of what any Starlette application on uvicorn imports, in its own process.
Neither is pinned: a start may use every core, and keys are generated in a thread.
"""

import compileall
import socket
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from subprocess import Popen

from tests.bench import machine
from tests.bench.load import body_size
from tests.bench.plan import Plan, say
from tests.bench.report import Row
from tests.bench.server import BARE, LOOPBACK, free_port, process, serving
from tests.bench.shop import encode

_PACKAGE = Path(__file__).parents[2] / "mock_clover"
_SERVE = (str(Path(sys.executable).with_name("mock-clover")), "serve")
_FLOOR = (sys.executable, "-c", "import starlette.applications, starlette.routing, uvicorn")
_KEYS = encode("GET", "/assets/keys.json", {})
_ROUNDS_MIN = 15
_POLL_SECONDS = 0.001
_START_SECONDS_MAX = 30.0
_READ_BYTES_MAX = 65_536


def measure(plan: Plan) -> list[Row]:
    """Pair a start with an import in every round, and both servers' memory at rest."""
    compileall.compile_dir(_PACKAGE, quiet=1)  # as pip does at every install
    _start()
    _import()  # the first of each reads from disk and may compile; it is not counted
    starts, floors, rests, bare_rests = [], [], [], []
    for number in range(plan.at_least(_ROUNDS_MIN)):
        if number % 2:
            floors.append(_import())
        seconds, rest = _start()
        starts.append(seconds)
        rests.append(rest)
        if number % 2 == 0:
            floors.append(_import())
        with serving(BARE) as server:
            bare_rests.append(machine.rss_bytes(server.pid))
        output = f"{starts[-1] * 1e3:.0f} ms of {floors[-1] * 1e3:.0f} ms"
        say(f"  round {number + 1}: {output} = {starts[-1] / floors[-1]:.2f}")
    return [
        Row(
            "time from process start to first response, "
            "relative to importing starlette and uvicorn",
            tuple(start / floor for start, floor in zip(starts, floors, strict=True)),
            1.25,
            1.10,
            f"{median(starts) * 1e3:.0f} ms vs. {median(floors) * 1e3:.0f} ms",
            lower_is_better=True,
        ),
        Row(
            "idle memory, relative to the bare server",
            tuple(rest / bare for rest, bare in zip(rests, bare_rests, strict=True)),
            1.6,
            1.6,
            f"{median(rests) / 2**20:.0f} MiB vs. {median(bare_rests) / 2**20:.0f} MiB",
            lower_is_better=True,
        ),
    ]


def _start() -> tuple[float, int]:
    """Return the seconds to the first response, and the resident set size after it."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        log = Path(folder, "log")
        began = time.perf_counter()
        with process([*_SERVE, "--port", str(port)], log, machine.CORES) as child:
            _await_answer(child, port, began, log)
            seconds = time.perf_counter() - began
            return seconds, machine.rss_bytes(child.pid)


def _import() -> float:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began = time.perf_counter()
        with process(_FLOOR, Path(folder, "log"), machine.CORES) as child:
            if child.wait():
                raise RuntimeError("starlette and uvicorn cannot be imported")
            return time.perf_counter() - began


def _await_answer(child: Popen[bytes], port: int, began: float, log: Path) -> None:
    while True:
        with socket.socket() as peer:
            if peer.connect_ex((LOOPBACK, port)) == 0:
                peer.settimeout(_START_SECONDS_MAX)
                peer.sendall(_KEYS)
                data = b""
                while body_size(data) is None:
                    more = peer.recv(_READ_BYTES_MAX)
                    if not more:
                        raise RuntimeError("the first connection was closed without an answer")
                    data += more
                return
        if child.poll() is not None or time.perf_counter() - began > _START_SECONDS_MAX:
            result = log.read_text(errors="replace")[-600:]
            raise RuntimeError(f"the server does not start: {result}")
        time.sleep(_POLL_SECONDS)
