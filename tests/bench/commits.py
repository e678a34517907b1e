"""Compare commits by instructions: python -m tests.bench.commits COMMIT ….

Counts the instructions of a start and of a charge with valgrind, in one process and with the test
client. Other programs on the machine do not change the counts, and a repeated count differs by
about a thousandth.
"""

import argparse
import compileall
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from tests.bench.server import ROOT

_START = """
import mock_clover.server.serve
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from mock_clover.server.build import build
from mock_clover.server.log import ExchangeLog
log = ExchangeLog(None, "none")
build(load("sandbox"), KeyRing(), seed="x", log=log, setting_overrides={})
"""
_CHARGES = """
from mock_clover.sandbox.keys import KeyRing
from mock_clover.scenario.load import load
from tests.in_process import InProcessServer
server = InProcessServer(KeyRing(), load("sandbox"))
source = server.customer()["id"]
for number in range(%d):
    server.charge(source=source, amount=100 + number)
"""
_FEW, _MANY = 50, 550
_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNT = re.compile(r"I +refs: +([0-9,]{1,30})")


def main(argv: Sequence[str] | None = None) -> None:
    """Print the counts of each commit, and their ratio to those of the first one."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.commits", description=__doc__)
    options.add_argument("commits", nargs="+", metavar="COMMIT")
    first: tuple[float, float] | None = None
    print("| commit | charge | start |\n|---|---|---|")
    for commit in options.parse_args(argv).commits:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            _export(commit, Path(folder))
            start = _instructions(_START, folder)
            few, many = (_instructions(_CHARGES % count, folder) for count in (_FEW, _MANY))
        charge = (many - few) / (_MANY - _FEW)
        first = first or (charge, start)
        pairs = zip((charge, start), first, strict=True)
        cells = (f"{count:,.0f} ({count / of:.4f})" for count, of in pairs)
        print(f"| {commit} | {' | '.join(cells)} |", flush=True)


def _export(commit: str, folder: Path) -> None:
    archive = subprocess.run(
        ("git", "archive", commit), cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    for name in ("mock_clover", "tests"):
        compileall.compile_dir(folder / name, quiet=1)


def _instructions(program: str, folder: str) -> int:
    environment = os.environ | {"PYTHONPATH": folder, "PYTHONHASHSEED": "0"}
    command = (*_VALGRIND, sys.executable, "-c", program)
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    count = _COUNT.search(ended.stderr)
    if ended.returncode or count is None:
        raise SystemExit(f"the commit cannot be measured: {ended.stderr[-600:]}")
    return int(count[1].replace(",", ""))


if __name__ == "__main__":
    main()
