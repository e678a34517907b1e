"""`mock-clover sweep`: run a command with each fault at each of its calls."""

import contextlib
import shlex
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from mock_clover.cli.base import (
    CONTEXT,
    PREFIX,
    complete_scenario,
    echo,
    examples,
    exit_with_error,
    print_if_read,
    seed_option,
)

if TYPE_CHECKING:
    from mock_clover.sweep.records import Cell, Missed, Options, SweepResult

_INTERRUPTED = 130


@click.command(
    context_settings=CONTEXT | {"ignore_unknown_options": False},
    epilog=examples(
        "mock-clover sweep -- python checkout.py",
        "mock-clover sweep -j 4 --reconcile 'python reconcile.py' -- npm test",
        "mock-clover sweep --report sweep.html --report sweep.xml -- pytest tests/test_shop.py",
        "mock-clover sweep --only 'create_charge#1:drop:after_commit' -- python checkout.py",
    ),
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--reconcile",
    metavar="COMMAND",
    help="A command that repairs the shop's records; it runs after each run, without a fault.",
)
@click.option("-j", "--jobs", default=1, show_default=True, type=click.IntRange(1, 64))
@click.option(
    "--timeout",
    "timeout_s",
    metavar="S",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    help="Time limit of a run in seconds.",
)
@click.option(
    "--budget", metavar="N", type=click.IntRange(1), help="Maximum number of runs with a fault."
)
@click.option(
    "--only",
    metavar="CALL:FAULT",
    multiple=True,
    help="Only these cells, for example create_charge#1:drop (can be repeated).",
)
@click.option("--all", "all_calls", is_flag=True, help="Do not merge equivalent calls.")
@click.option(
    "--scenario",
    metavar="NAME|FILE",
    shell_complete=complete_scenario,
    help="Scenario of the sandboxes.",
)
@seed_option
@click.option("--url", metavar="URL", help="Base URL of a running server to use instead of an own.")
@click.option(
    "--control-token",
    metavar="TOKEN",
    envvar=f"{PREFIX}CONTROL_TOKEN",
    help="Control token of that server, if it has one.",
)
@click.option(
    "--format",
    "output_format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="Output format.",
)
def sweep(
    *,
    command: tuple[str, ...],
    reconcile: str | None,
    jobs: int,
    timeout_s: float,
    budget: int | None,
    only: tuple[str, ...],
    all_calls: bool,
    scenario: str | None,
    seed: str,
    url: str | None,
    control_token: str | None,
    output_format: str,
) -> None:
    """Run COMMAND again and again, each time with one fault at one of its calls.

    The exit code is 1 if a run lost money or hung, 2 if the sweep could not run, else 0.
    """
    from mock_clover.sweep.records import Options, SweepError
    from mock_clover.sweep.selection import SelectionError, parse_selection
    from mock_clover.testing.transport import MockCloverError

    try:
        options = Options(
            command=command,
            reconcile=tuple(shlex.split(reconcile or "")),
            timeout_s=timeout_s,
            jobs=jobs,
            budget=budget,
            only=tuple(map(parse_selection, only)),
            all_calls=all_calls,
            seed=seed,
            settings=_settings(scenario),
            repeat=("mock-clover", "sweep", *_repeated(reconcile, timeout_s, scenario, seed)),
        )
        result = _sweep(options, url, control_token or "")
    except SelectionError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    except (SweepError, MockCloverError, ValueError) as error:
        exit_with_error(str(error))
    except KeyboardInterrupt:
        exit_with_error("interrupted", code=_INTERRUPTED)
    _print_result(result, output_format)
    if result.failed:
        raise SystemExit(1)


def _settings(scenario: str | None) -> dict[str, Any]:
    from mock_clover.scenario.records import ScenarioError
    from mock_clover.testing.handle import sandbox_settings

    try:
        return sandbox_settings(scenario, None, {})
    except ScenarioError as error:
        exit_with_error(str(error))


def _repeated(
    reconcile: str | None, timeout_s: float, scenario: str | None, seed: str
) -> list[str]:
    """Return the options of the command that repeats a cell, without those that have defaults."""
    from mock_clover.cli.base import DEFAULT_SEED

    words = ["--reconcile", reconcile] if reconcile else []
    words += ["--timeout", f"{timeout_s:g}"] if timeout_s != 60 else []
    words += ["--scenario", scenario] if scenario else []
    return words + (["--seed", seed] if seed != DEFAULT_SEED else [])


def _sweep(options: "Options", url: str | None, token: str) -> "SweepResult":
    """Run the sweep on a server of its own, or on the one at a URL."""
    from mock_clover.sweep.engine import learn, sweep
    from mock_clover.sweep.runner import Runner
    from mock_clover.testing.http_transport import HttpTransport
    from mock_clover.testing.server import ServerProcess

    signal.signal(signal.SIGTERM, _interrupt)
    with ExitStack() as stack:
        server = ServerProcess()
        stack.callback(server.stop)
        root = url.rstrip("/") if url else server.url()
        transport = stack.enter_context(contextlib.closing(HttpTransport(root, token)))
        runner = Runner(options, transport, root, shared=bool(url))
        stack.callback(runner.commands.stop)
        reference = learn(runner)
        return sweep(runner, reference, {}, _print_progress)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _print_progress(_cell: "Cell | Missed", done: int, count: int) -> None:
    if sys.stderr.isatty():
        echo(f"run {done} of {count}", err=True, end="\r")


def _print_result(result: "SweepResult", output_format: str) -> None:
    from mock_clover.core.record import encode
    from mock_clover.sweep.report_text import as_text

    print_if_read(encode(result).decode() if output_format == "json" else as_text(result))
