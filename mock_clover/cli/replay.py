"""`mock-clover replay`: repeat the run in a capsule and compare its responses."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_clover import __version__
from mock_clover.cli.base import (
    CONTEXT,
    DEFAULT_PORT,
    as_shell,
    echo,
    examples,
    exit_with_error,
    print_if_read,
    print_table,
    sandbox_url,
    variables_of,
)
from mock_clover.core.counted import counted
from mock_clover.core.printable import printable

if TYPE_CHECKING:
    from mock_clover.conformance.replay.steps import ReplayedStep
    from mock_clover.server.app.app import App

_ERROR_CHARS_MAX = 1_000
"""An error may repeat any text of the file."""


@click.command(
    short_help="Repeat the requests of a capsule and compare.",
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
@click.option(
    "--serve",
    "is_served",
    is_flag=True,
    help="Then serve the rebuilt sandbox on this machine, until Ctrl-C: look at it in the "
    "dashboard, and go on with requests.",
)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port for --serve; 0: a free port.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def replay(*, file: Path, upto: int | None, is_served: bool, port: int, as_json: bool) -> None:
    """Repeat the run in a capsule and compare its responses.

    Rebuilds the sandbox in this process and compares byte for byte.

    Exit code: 0 if no response differs, 1 if one differs, 2 if the run cannot be repeated.
    """
    from mock_clover.conformance.replay.file import read_capsule
    from mock_clover.conformance.replay.run import Replay
    from mock_clover.conformance.replay.steps import ReplayError
    from mock_clover.sandbox.masking import cut_text

    try:
        capsule = read_capsule(file)
        run = Replay(capsule)
        steps = list(run.run(upto))
    except ReplayError as error:
        exit_with_error(f"{file}: {printable(cut_text(str(error), _ERROR_CHARS_MAX))}")
    _print_steps(file, steps, as_json=as_json)
    if capsule.note:
        echo(f"{file}: {printable(capsule.note)}", err=True)
    if is_served:
        _serve(run.open_for_use(), capsule.sandbox, port)
    if any(step.state == "different" for step in steps):
        raise SystemExit(1)
    if not capsule.repeatable and not is_served:
        raise SystemExit(2)


def _serve(app: "App", name: str, port: int) -> None:
    """Serve the rebuilt sandbox until a signal arrives."""
    from mock_clover.cli.serve import background_jobs
    from mock_clover.server.serve import BindError, bind, run

    try:
        listener = bind("127.0.0.1", port)
    except BindError as error:
        exit_with_error(f"{error}; choose another port with --port, or any free one with --port 0")
    root = f"http://127.0.0.1:{listener.getsockname()[1]}"
    base_url = sandbox_url(root, name)
    variables = as_shell(variables_of(base_url, app.sandboxes.get_or_create(name).credentials))
    lines = [f"mock-clover {__version__} serves the rebuilt sandbox {name}. Press Ctrl-C to stop."]
    lines += [f"  {line}" for line in (f"Dashboard: {base_url}/_mock/", *variables)]
    run(app, [listener], lambda: print_if_read("\n".join(lines)), *background_jobs(app, None, None))


def _print_steps(file: Path, steps: "list[ReplayedStep]", *, as_json: bool) -> None:
    from mock_clover.conformance.replay.steps import NOT_REPEATED, WEBHOOKS

    has_merchants = any(step.merchant for step in steps)
    rows = [row for step in steps for row in _rows(step, has_merchants=has_merchants)]
    if rows or as_json:
        print_table(rows, as_json=as_json)
    for step in steps:
        if step.state == "not_compared" and step.reason != NOT_REPEATED:
            echo(f"not compared: {_shown(step)}: {printable(step.reason)}", err=True)
    counts = Counter(step.state for step in steps if step.title != WEBHOOKS)
    same, done = counts["same"], counts["done"]
    parts = [f"{same} {'response is' if same == 1 else 'responses are'} the same"]
    parts += [f"{counts['different']} differ{'s' if counts['different'] == 1 else ''}"]
    parts += [f"{counts['not_compared']} not compared"] if counts["not_compared"] else []
    parts += [counted(done, "control request")] if done else []
    webhooks = [bool(step.differences) for step in steps if step.title == WEBHOOKS]
    parts += [f"webhooks {'differ' if any(webhooks) else 'are the same'}"] if webhooks else []
    echo(f"{file}: {', '.join(parts)}", err=True)


def _shown(step: "ReplayedStep") -> str:
    merchant = f"{step.merchant} " if step.merchant else ""
    return printable(f"{merchant}#{step.number} {step.title}")


def _rows(step: "ReplayedStep", *, has_merchants: bool) -> list[dict[str, Any]]:
    from mock_clover.conformance.report import masked

    return [
        {
            **({"merchant": printable(step.merchant)} if has_merchants else {}),
            "exchange": step.number,
            "request": printable(step.title),
            "path": printable(each.path),
            "kind": each.kind,
            "expected": printable(masked(each.expected, each.path, ())),
            "got": printable(masked(each.got, each.path, ())),
        }
        for each in step.differences
    ]
