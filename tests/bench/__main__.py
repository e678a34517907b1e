"""The benchmark's command: python -m tests.bench [NAME …].

A complete run writes its table into docs/performance.md; one of some figures, or a quick one,
only prints it, because a table of parts would claim to be one measurement.
"""

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import charges, decay, latency, machine, peer, report, startup, tokens, worlds
from tests.bench.plan import Plan, SkippedError, say
from tests.bench.server import ROOT

_PAGE = ROOT / "docs" / "performance.md"
_ROUNDS = 7
_ROUNDS_QUICK = 2


@dataclass(frozen=True)
class Figure:
    """One thing that is measured."""

    name: str
    says: str
    measure: Callable[[Plan], list[report.Row]]


FIGURES = (
    Figure("charges", "create and read a charge, relative to a bare server", charges.measure),
    Figure("tokens", "encrypted tokens, relative to RSA private-key operations", tokens.measure),
    Figure("latency", "p99 of a charge, alone and in parallel with tokens", latency.measure),
    Figure("decay", "speed and memory with many stored charges", decay.measure),
    Figure("startup", "time to the first response and idle memory", startup.measure),
    Figure("worlds", "a sandbox, a fork, a snapshot: time and memory", worlds.measure),
    Figure("peer", "first creates, relative to localstripe", peer.measure),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 when a figure could not be measured for an error."""
    options = _options()
    asked = options.parse_args(argv)
    if asked.list:
        print("\n".join(f"{figure.name:10}{figure.says}" for figure in FIGURES))
        return 0
    unknown = set(asked.names) - {figure.name for figure in FIGURES}
    if unknown:
        options.error(f"no such figure: {', '.join(sorted(unknown))}")
    chosen = [figure for figure in FIGURES if figure.name in asked.names or not asked.names]
    plan = Plan(asked.rounds or (_ROUNDS_QUICK if asked.quick else _ROUNDS), asked.quick)
    # A terminated run unwinds like an interrupted one, so that its servers end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {machine.CLIENT_CORE})
    # The client's own pauses would be taken for the server's; a run makes few cycles.
    gc.disable()
    rows: list[report.Row | report.Unmeasured] = []
    broken = False
    for figure in chosen:
        say(f"{figure.name}: {figure.says}")
        try:
            rows += figure.measure(plan)
        except SkippedError as skipped:
            rows.append(report.Unmeasured(figure.says, str(skipped)))
        except Exception as failed:  # noqa: BLE001 - one broken figure must not lose the others
            traceback.print_exc()
            rows.append(report.Unmeasured(figure.says, f"failed: {failed}"))
            broken = True
    table = report.table(rows, plan.rounds)
    print(table)
    if broken or asked.quick or len(chosen) < len(FIGURES):
        say(f"not written to {_PAGE.name}: only a complete run is")
    else:
        report.write(_PAGE, table)
    return int(broken)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [figure.name for figure in FIGURES]
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    options.add_argument("--rounds", type=int, help=f"rounds of each figure ({_ROUNDS})")
    options.add_argument("--quick", action="store_true", help="small counts: does it work?")
    options.add_argument("--list", action="store_true", help="name the figures and end")
    return options


if __name__ == "__main__":
    sys.exit(main())
