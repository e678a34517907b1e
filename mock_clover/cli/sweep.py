"""`mock-clover sweep`: run a command with each fault at each of its calls."""

import contextlib
import shlex
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_clover.cli.base import (
    CONTEXT,
    check_url,
    control_token_option,
    echo,
    examples,
    exit_with_error,
    format_option,
    print_if_read,
    scenario_option,
    seed_option,
)

if TYPE_CHECKING:
    from mock_clover.sweep.records import Cell, Missed, Options, SweepResult

_INTERRUPTED = 130
_REPORTS = (".html", ".json", ".xml")


@click.command(
    short_help="Run a command once for each fault at each of its calls.",
    context_settings=CONTEXT | {"ignore_unknown_options": False},
    epilog=examples(
        "mock-clover sweep -- python checkout.py",
        "mock-clover sweep -j 4 --reconcile 'python reconcile.py' -- npm test",
        "mock-clover sweep --report sweep.html -- pytest test_shop.py::test_pays",
        "mock-clover sweep --only 'create_charge#1:drop:after_commit' -- ./pay.py",
    ),
)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--reconcile",
    metavar="COMMAND",
    help="A command that repairs the shop's records; it runs after each run, without a fault.",
)
@click.option(
    "-j",
    "--jobs",
    metavar="N",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of runs at once.",
)
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
@scenario_option("Scenario of the sandboxes.")
@seed_option
@click.option(
    "--url",
    metavar="URL",
    callback=check_url,
    help="Base URL of a running server; by default, the sweep starts one.",
)
@control_token_option
@click.option(
    "--report",
    "reports",
    metavar="FILE.html|.json|.xml",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a report to this file, as HTML, JSON or JUnit (can be repeated).",
)
@click.option(
    "--resume",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep finished runs in this file, and do not repeat those that it has.",
)
@format_option(("text", "json"))
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
    reports: tuple[Path, ...],
    resume: Path | None,
    output_format: str,
) -> None:
    """Run COMMAND once for each fault at each of its calls.

    Each run has a fresh sandbox, and is judged by its end and by the money. The exit code is 1 if a
    run lost money or hung, 2 if the sweep could not run, else 0.
    """
    from mock_clover.sweep.records import Options, SweepError
    from mock_clover.sweep.selection import SelectionError, parse_selection
    from mock_clover.testing.transport import MockCloverError

    for path in reports:
        if path.suffix not in _REPORTS or not path.parent.is_dir():
            raise click.BadParameter(
                f"'{path}' must be a .html, .json or .xml file in an existing directory",
                param_hint="--report",
            )
    try:
        options = Options(
            command=command,
            reconcile=_split_command(reconcile),
            timeout_s=timeout_s,
            jobs=jobs,
            budget=budget,
            only=tuple(map(parse_selection, only)),
            all_calls=all_calls,
            seed=seed,
            settings=_settings(scenario),
            repeat=("mock-clover", "sweep", *_repeat_options(reconcile, timeout_s, scenario, seed)),
        )
        result = _sweep(options, url, control_token or "", resume)
    except SelectionError as error:
        raise click.BadParameter(str(error), param_hint="--only") from None
    except (SweepError, MockCloverError) as error:
        exit_with_error(str(error))
    except KeyboardInterrupt:
        exit_with_error("interrupted", code=_INTERRUPTED)
    _write_reports(result, reports)
    print_if_read(_render(result, f".{output_format}"))
    if result.failed:
        raise SystemExit(1)


def _split_command(command: str | None) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command or ""))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--reconcile") from None


def _settings(scenario: str | None) -> dict[str, Any]:
    from mock_clover.scenario.records import ScenarioError
    from mock_clover.testing.handle import sandbox_settings

    try:
        return sandbox_settings(scenario, None, {})
    except ScenarioError as error:
        exit_with_error(str(error))


def _repeat_options(
    reconcile: str | None, timeout_s: float, scenario: str | None, seed: str
) -> list[str]:
    """Return the options of the command that repeats a cell, without those that have defaults."""
    from mock_clover.cli.base import DEFAULT_SEED

    words = ["--reconcile", reconcile] if reconcile else []
    words += ["--timeout", f"{timeout_s:g}"] if timeout_s != 60 else []
    words += ["--scenario", scenario] if scenario else []
    return words + (["--seed", seed] if seed != DEFAULT_SEED else [])


def _sweep(options: "Options", url: str | None, token: str, resume: Path | None) -> "SweepResult":
    """Run the sweep on a server of its own, or on the one at a URL."""
    from mock_clover.sweep.engine import run_without_faults, sweep
    from mock_clover.sweep.resume import ResumeFile
    from mock_clover.sweep.runner import Runner
    from mock_clover.testing.http_transport import HttpTransport
    from mock_clover.testing.server import ServerProcess

    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _interrupt))
        server = ServerProcess()
        stack.callback(server.stop)
        root = url.rstrip("/") if url else server.url()
        transport = stack.enter_context(contextlib.closing(HttpTransport(root, token)))
        runner = Runner(options, transport, root, shared=bool(url))
        stack.callback(runner.commands.stop)
        progress = _Progress()
        progress.show("two runs without a fault")
        fault_free = run_without_faults(runner)
        file = None
        if resume is not None:
            names = tuple(call.name for call in fault_free.calls)
            file = ResumeFile(resume, options, names)

        def on_cell(result: "Cell | Missed", done: int, count: int) -> None:
            if file is not None:
                file.add(result)
            progress.count(done, count)

        result = sweep(runner, fault_free, {} if file is None else file.done, on_cell)
        progress.clear()
        return result


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class _Progress:
    """A line with the progress and an estimate, on a terminal only."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._width = 0
        self._first: tuple[int, int] | None = None
        """How many runs were done at the first call, and when."""

    def show(self, text: str) -> None:
        if self._is_shown:
            echo(text.ljust(self._width), err=True, end="\r")
            self._width = len(text)

    def count(self, done: int, count: int) -> None:
        """Show the number of runs that are done."""
        from mock_clover.sandbox.clock import machine_ms

        now_ms = machine_ms()
        first, first_ms = self._first = self._first or (done, now_ms)
        left = ""
        if done > first:
            seconds = (now_ms - first_ms) / (done - first) * (count - done) / 1000
            left = f", about {seconds:.0f} s left"
        self.show(f"run {done} of {count}{left}")

    def clear(self) -> None:
        self.show("")


def _render(result: "SweepResult", suffix: str) -> str:
    """Return the report in the format of a file's suffix."""
    from mock_clover.core.record import encode
    from mock_clover.sweep.report_html import as_html
    from mock_clover.sweep.report_junit import as_junit
    from mock_clover.sweep.report_text import as_text

    formats = {".html": as_html, ".xml": as_junit, ".text": as_text}
    return formats[suffix](result) if suffix in formats else encode(result).decode()


def _write_reports(result: "SweepResult", reports: tuple[Path, ...]) -> None:
    for path in reports:
        try:
            path.write_text(_render(result, path.suffix), encoding="utf-8")
        except OSError as error:
            exit_with_error(f"--report {path}: {error.strerror}")
