"""The command of `make soak`: python -m tests.soak [--seconds S] [--seed N] [NAME …].

Each attack gets a server of its own and repeats its round for its share of the time. It fails if
the peak of the server's resident set exceeds the stated total, or if later rounds need more than
the earlier ones. Memory is compared with memory: no figure depends on the speed of the machine.
"""

import argparse
import asyncio
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.server_process import ServerProcess
from tests.soak.attacks import ATTACKS, MIB, SLACK_BYTES, Attack, Target, traffic
from tests.soak.client import PATIENCE_S, client, longest_wait

_SECONDS = 60.0
_ROUNDS_MIN, _ROUNDS_MAX = 4, 60
_SECONDS_MAX = 6
"""An attack that takes this many times its share is stopped and fails."""
_GROWTH_BYTES = 6 * MIB
_GROWTH_OF_TOTAL = 0.25
"""How much more than the first half of the rounds the second half may need: few rounds on a busy
machine do not reach the peak at once."""
_FILES_MIN = 10_000


class Outcome(NamedTuple):
    """The memory of a server under one attack, in bytes, and what is wrong with it."""

    rounds: int
    idle: int
    peak_early: int
    peak: int
    longest_wait_s: float
    failures: list[str]


class Memory:
    """The resident set of a process."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def now(self) -> int:
        """Return the present size, in bytes."""
        return self._read("VmRSS:")

    def peak(self) -> int:
        """Return the largest size since `forget_peak`."""
        return self._read("VmHWM:")

    def forget_peak(self) -> None:
        """Start again with the present size."""
        (self._folder / "clear_refs").write_text("5")

    def _read(self, name: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"the server has ended: {self._folder} has no {name}")


async def _warm_up(port: int) -> None:
    """Let a server import and cache what it needs only once."""
    async with client(port) as other:
        for path in ("/readyz", "/_mock/openapi.json", "/sdk.js", "/_mock/journal"):
            await other.ask("GET", path)
    await traffic(Target(port, Random(0), -1))


async def _rounds(attack: Attack, server: ServerProcess, random: Random, seconds: float) -> Outcome:
    memory, port, failures = Memory(server.process.pid), server.port, list[str]()
    await _warm_up(port)
    memory.forget_peak()
    idle = memory.now()
    watch = asyncio.create_task(longest_wait(port))
    ends, peaks = time.monotonic() + seconds, list[int]()
    try:
        async with asyncio.timeout(_SECONDS_MAX * seconds + PATIENCE_S):
            while len(peaks) < _ROUNDS_MIN or (
                time.monotonic() < ends and len(peaks) < _ROUNDS_MAX
            ):
                await attack.run(Target(port, random, len(peaks)))
                peaks.append(memory.peak())
    except TimeoutError:
        failures.append(f"only {len(peaks)} rounds in {_SECONDS_MAX} times the time")
    except (OSError, asyncio.IncompleteReadError) as error:
        failures.append(f"round {len(peaks)}: {type(error).__name__}: {error}")
    watch.cancel()
    peaks = peaks or [memory.peak()]
    early, peak = peaks[(len(peaks) - 1) // 2], memory.peak()
    allowed = idle + attack.total_bytes + SLACK_BYTES
    if peak > allowed:
        failures.append(f"{(peak - allowed) // MIB} MiB more than the stated total")
    if peak > early + _GROWTH_BYTES + _GROWTH_OF_TOTAL * attack.total_bytes:
        failures.append(f"{(peak - early) // MIB} MiB more after {len(peaks)} rounds than halfway")
    return Outcome(len(peaks), idle, early, peak, await watch, failures)


def _check_end(server: ServerProcess, failures: list[str]) -> None:
    """Check that a server still answers, and exits on SIGTERM."""

    async def ask() -> int:
        async with asyncio.timeout(PATIENCE_S), client(server.port) as other:
            return (await other.ask("GET", "/readyz")).status

    try:
        status = asyncio.run(ask())
    except (OSError, asyncio.IncompleteReadError) as error:
        failures.append(f"no answer after the attack: {type(error).__name__}")
    else:
        if status != 200:
            failures.append(f"the answer after the attack is {status}")


def _run(attack: Attack, seed: int, seconds: float) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        server = ServerProcess(Path(folder), "--log-format", "none", *attack.options)
        try:
            random = Random(f"{seed} {attack.name}")
            outcome = asyncio.run(_rounds(attack, server, random, seconds))
            _check_end(server, outcome.failures)
        finally:
            code = server.stop()
    if code != 0:
        outcome.failures.append(f"the server ended with code {code}")
    return outcome


def _line(attack: Attack, outcome: Outcome) -> str:
    grown = (outcome.peak - outcome.idle) / MIB
    halfway = (outcome.peak_early - outcome.idle) / MIB
    return (
        f"{attack.name:<38} {outcome.rounds:>6} {outcome.idle / MIB:>6.1f} {halfway:>8.1f} "
        f"{grown:>8.1f} {attack.total_bytes / MIB:>6.0f} {outcome.longest_wait_s:>7.2f}  "
        f"{'; '.join(outcome.failures) or 'held'}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the attacks; return 1 if one of them was not held."""
    options = argparse.ArgumentParser(prog="make soak ARGS=", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help="parts of names; default: all")
    options.add_argument("--seconds", type=float, default=_SECONDS, help="for all attacks")
    options.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    given = options.parse_args(argv)
    chosen = [
        attack
        for attack in ATTACKS
        if not given.names or any(name in attack.name for name in given.names)
    ]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _FILES_MIN), hard))
    print(f"--seed {given.seed}; resident set in MiB; {SLACK_BYTES // MIB} beyond a limit pass")
    print(f"{'attack':<38} rounds   idle +halfway    +peak  limit  wait s  result", flush=True)
    failed = False
    for attack in chosen:
        outcome = _run(attack, given.seed, given.seconds / len(chosen))
        print(_line(attack, outcome), flush=True)
        failed = failed or bool(outcome.failures)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
