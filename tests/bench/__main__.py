"""The benchmark's command: python -m tests.bench [NAME …].

A complete run writes its table into docs/performance.md. A run of some figures, or a quick one,
only prints it, because that table would not be one measurement.
"""

import argparse
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench import (
    charges,
    latency,
    localstripe,
    machine,
    report,
    sandboxes,
    scaling,
    startup,
    tokens,
)
from tests.bench.plan import Plan, SkippedError, say
from tests.bench.server import ROOT

_PAGE = ROOT / "docs" / "performance.md"
_ROUNDS = 7
_ROUNDS_QUICK = 2


@dataclass(frozen=True)
class Figure:
    """One measurement."""

    name: str
    says: str
    measure: Callable[[Plan], list[report.Row]]


FIGURES = (
    Figure("charges", "create and read a charge, relative to a bare server", charges.measure),
    Figure("tokens", "encrypted tokens, relative to RSA private-key operations", tokens.measure),
    Figure("latency", "p99 of a charge, alone and in parallel with tokens", latency.measure),
    Figure("scaling", "speed and memory with many stored charges", scaling.measure),
    Figure("startup", "time to the first response and idle memory", startup.measure),
    Figure("sandboxes", "a sandbox, a fork, a snapshot: time and memory", sandboxes.measure),
    Figure("localstripe", "first creates, relative to localstripe", localstripe.measure),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the requested figures; return 1 if one of them failed with an error."""
    options = _options()
    requested = options.parse_args(argv)
    if requested.list:
        print("\n".join(f"{figure.name:10}{figure.says}" for figure in FIGURES))
        return 0
    unknown = set(requested.names) - {figure.name for figure in FIGURES}
    if unknown:
        options.error(f"no such figure: {', '.join(sorted(unknown))}")
    chosen = [figure for figure in FIGURES if figure.name in requested.names or not requested.names]
    plan = Plan(
        requested.rounds or (_ROUNDS_QUICK if requested.quick else _ROUNDS), requested.quick
    )
    # A terminated run raises SystemExit, so that its servers are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.sched_setaffinity(0, {machine.CLIENT_CORE})
    # The client's own pauses would count as the server's; a run creates few cycles.
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
    if broken or requested.quick or len(chosen) < len(FIGURES):
        say(f"not written to {_PAGE.name}: only a complete run is")
    else:
        report.write(_PAGE, table)
    return int(broken)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    names = [figure.name for figure in FIGURES]
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}")
    options.add_argument("--rounds", type=int, help=f"rounds of each figure ({_ROUNDS})")
    options.add_argument("--quick", action="store_true", help="smoke test with small counts")
    options.add_argument("--list", action="store_true", help="name the figures and end")
    return options


if __name__ == "__main__":
    sys.exit(main())
