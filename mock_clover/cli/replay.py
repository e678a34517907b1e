"""`mock-clover replay`: repeat the run in a capsule and compare its responses."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_clover.cli.base import CONTEXT, echo, examples, exit_with_error, print_table
from mock_clover.core.printable import printable

if TYPE_CHECKING:
    from mock_clover.conformance.replay import ReplayedStep


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover replay failed.capsule.json",
        "mock-clover replay failed.capsule.json --upto 7 --serve",
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--upto",
    type=click.IntRange(0),
    metavar="N",
    help="Stop after the exchange with this number.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def replay(*, file: Path, upto: int | None, as_json: bool) -> None:
    """Rebuild the sandbox of a capsule, repeat its requests and compare each response.

    Exit code: 0 if no response differs, 1 if one differs, 2 if the run cannot be repeated.
    """
    from mock_clover.conformance.replay import Replay, ReplayError
    from mock_clover.conformance.replay_file import read_capsule

    try:
        capsule = read_capsule(file)
        steps = list(Replay(capsule).run(upto))
    except ReplayError as error:
        exit_with_error(f"{file}: {printable(str(error))}")
    _print_steps(file, steps, as_json=as_json)
    if any(step.state == "different" for step in steps):
        raise SystemExit(1)


def _print_steps(file: Path, steps: "list[ReplayedStep]", *, as_json: bool) -> None:
    rows = [row for step in steps for row in _rows(step)]
    if rows or as_json:
        print_table(rows, as_json=as_json)
    for step in steps:
        if step.state == "not_compared":
            echo(f"not compared: #{step.number} {step.title}: {printable(step.reason)}", err=True)
    counts = Counter(step.state for step in steps)
    parts = [f"{counts['same']} responses are the same", f"{counts['different']} differ"]
    parts += [f"{counts['not_compared']} not compared"] if counts["not_compared"] else []
    parts += [f"{counts['done']} control requests"] if counts["done"] else []
    echo(f"{file}: {', '.join(parts)}", err=True)


def _rows(step: "ReplayedStep") -> list[dict[str, Any]]:
    from mock_clover.conformance.report import masked

    return [
        {
            "exchange": step.number,
            "request": printable(step.title),
            "path": printable(each.path),
            "kind": each.kind,
            "expected": printable(masked(each.expected, each.path, ())),
            "got": printable(masked(each.got, each.path, ())),
        }
        for each in step.differences
    ]
