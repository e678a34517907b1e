"""Find all planted bugs by the audit and by whole sweeps, with the time that each takes.

`python -m tests.audit.prove` prints a line for each bug, and `--write` updates the last columns of
the tables in docs/planted-bugs.md. It takes about half an hour. The tests check the same findings,
each with one cell of a sweep.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mock_clover.testing.handle import MockClover
from mock_clover.testing.http_transport import HttpTransport
from mock_clover.testing.transport import request_json
from tests.audit.shops.planted import NODE_PLANTED, PLANTED, Planted
from tests.clients import toolbox
from tests.server_process import ServerProcess
from tests.system.test_planted_bugs import rules_found

PAGE = Path(__file__).parents[2] / "docs" / "planted-bugs.md"
NODE_SHOP = Path(__file__).parent / "shops" / "shop.cjs"
BAD = ("lost_money", "hung", "unreconciled")
RUN_LIMIT_S = 30
MONTHS = {"CapturedTooLate", "ExpiredTokenKept", "RefreshTokenKept"}
"""Bugs that need a jump of the clock, which a sweep does not make."""


class Proof(NamedTuple):
    """What was found of one bug."""

    bug: str
    rules: frozenset[str]
    audit_s: float
    cells: dict[str, str]
    """The bad cells of the sweep that the correct shop does not have, with their verdicts."""
    sweep_s: float
    runs: int
    note: str = ""
    """Why the bug was not swept."""

    def line(self) -> str:
        first = next((f"{cell} {verdict}" for cell, verdict in self.cells.items()), self.note)
        more = f" (+{len(self.cells) - 1})" if len(self.cells) > 1 else ""
        rules = " ".join(sorted(self.rules)) or "-"
        return f"{self.bug}: {rules} {self.audit_s:.1f} s | {first}{more} {self.sweep_s:.0f} s"


class Prover:
    """Runs the shops against a server."""

    def __init__(self, url: str, jobs: int) -> None:
        self.url, self.jobs = url, jobs
        self.transport = HttpTransport(url)
        self.node = toolbox.plain_environment()
        self._correct: dict[str, set[str]] = {}

    def prove(self, planted: Planted) -> Proof:
        is_node = planted in NODE_PLANTED
        began = time.monotonic()
        rules = self._node_rules(planted) if is_node else self._rules(planted)
        audit_s, began = time.monotonic() - began, time.monotonic()
        words = self._words(planted.command, planted.bug, is_node=is_node)
        repair = self._words("reconcile", planted.bug, is_node=False) if planted.reconcile else []
        note = "needs a jump of the clock" if planted.bug in MONTHS else ""
        swept = note or self._sweep(words, repair)
        sweep_s = time.monotonic() - began
        if isinstance(swept, str):
            return Proof(planted.bug, rules, audit_s, {}, sweep_s, 0, swept)
        good = self._correct_cells(planted.command, is_node=is_node)
        cells = {name: verdict for name, verdict in bad_cells(swept) if name not in good}
        return Proof(planted.bug, rules, audit_s, cells, sweep_s, swept["runs"], note)

    def _rules(self, planted: Planted) -> frozenset[str]:
        return frozenset(rules_found(self.transport, planted, planted.bug))

    def _node_rules(self, planted: Planted) -> frozenset[str]:
        self.node |= {"NODE_PATH": str(toolbox.install_node_packages())}
        handle = MockClover.create(self.transport, f"prove-{planted.bug}", {})
        if planted.fault is not None:
            handle.fault(**planted.fault)
        words = self._words(planted.command, planted.bug, is_node=True)
        subprocess.run(words, env=self.node | handle.env(), capture_output=True, check=False)
        path = f"{urlsplit(handle.url).path}/_mock/audit"
        findings = request_json(self.transport, "GET", path)["findings"]
        handle.drop()
        return frozenset(each["rule"] for each in findings)

    def _words(self, command: str, bug: str, *, is_node: bool) -> list[str]:
        if is_node:
            return ["node", str(NODE_SHOP), command, *([bug] if bug else [])]
        return [sys.executable, "-m", "tests.audit.shops.bugs", command, bug or "Shop"]

    def _sweep(self, words: list[str], repair: Sequence[str] = ()) -> dict[str, Any] | str:
        """Return the result of a whole sweep, or why the command cannot be swept."""
        options = ["--url", self.url, "--format", "json", "-j", str(self.jobs)]
        options += ["--reconcile", shlex.join(repair)] if repair else []
        sweep = ["-m", "mock_clover", "sweep", *options, "--timeout", str(RUN_LIMIT_S)]
        completed = subprocess.run(
            [sys.executable, *sweep, "--", *words],
            cwd=toolbox.ROOT,
            env=self.node,
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode not in (0, 1):
            return completed.stderr.partition("\n")[0].removeprefix("mock-clover: ")
        return dict(json.loads(completed.stdout))

    def _correct_cells(self, command: str, *, is_node: bool) -> set[str]:
        """Return the bad cells of the correct shop; there are none, or the shop is not correct."""
        label = f"{command} {is_node}"
        if label not in self._correct:
            swept = self._sweep(self._words(command, "", is_node=is_node))
            found = dict(bad_cells(swept)) if isinstance(swept, dict) else {}
            print(f"{label}: the correct shop has {found or 'no bad cell'}", flush=True)
            self._correct[label] = set(found)
        return self._correct[label]


def bad_cells(swept: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the cells of a sweep that are neither survived nor failed safely, worst first."""
    named = [(f"{each['call']}:{each['fault']}", each["verdict"]) for each in swept["cells"]]
    for verdict in BAD:
        yield from (each for each in named if each[1] == verdict)


def write_page(proofs: Iterable[Proof]) -> None:
    """Write the minutes of each bug into the last column of its row."""
    text = PAGE.read_text("utf-8")
    for proof in proofs:
        minutes = f"{max(proof.audit_s / 60, 0.01):.2f}"
        minutes += f", {proof.sweep_s / 60:.1f}" if proof.runs else ""
        row = re.compile(rf"^(\| `{re.escape(proof.bug)}` \|.*\| )[^|]* \|$", re.MULTILINE)
        text = row.sub(lambda found, minutes=minutes: f"{found[1]}{minutes} |", text)
    PAGE.write_text(text, "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], metavar="BUG")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(Path(folder))
        try:
            prover, proofs = Prover(server.url, options.jobs), []
            for planted in (*PLANTED, *NODE_PLANTED):
                if not options.only or planted.bug in options.only:
                    proofs.append(prover.prove(planted))
                    print(proofs[-1].line(), flush=True)
        finally:
            server.stop()
    if options.write:
        write_page(proofs)


if __name__ == "__main__":
    main()
