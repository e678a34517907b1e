"""Sweep one test: run it again and again in processes of its own, each time with one fault.

A call that waits forever and a fixture that is created once would spoil the run of pytest itself,
so each run is a pytest process with this one test.
"""

import shlex
import sys
from typing import Any

import pytest

from mock_clover.sweep.engine import run_without_faults, sweep
from mock_clover.sweep.records import Options, SweepError, SweepResult
from mock_clover.sweep.report_text import as_text
from mock_clover.sweep.runner import Runner
from mock_clover.sweep.selection import parse_selection
from mock_clover.testing.handle import MockClover
from mock_clover.testing.names import SWEPT_OPTION

_MARKER = "@pytest.mark.mock_clover_sweep"
_OPTIONS: dict[str, Any] = {"only": (), "timeout": 60.0, "budget": None, "jobs": 1, "reconcile": ()}


def sweep_test(item: pytest.Function, settings: dict[str, Any]) -> None:
    """Sweep a test in sandboxes with these settings. Fails if a run loses money or hangs."""
    __tracebackhide__ = True
    handle = item.funcargs.get("mock_clover")
    if not isinstance(handle, MockClover):
        pytest.fail(f"{_MARKER}: the test has no argument mock_clover", pytrace=False)
    try:
        options = _options(item, settings)
    except ValueError as error:
        pytest.fail(f"{_MARKER}: {error}", pytrace=False)
    root = handle.url.partition("/sandbox/")[0]
    runner = Runner(options, handle.transport, root, shared=True)
    try:
        result = sweep(runner, run_without_faults(runner), {}, lambda *_: None)
    except SweepError as error:
        pytest.fail(f"the test cannot be swept: {error}", pytrace=False)
    finally:
        runner.commands.stop()
    _report(item, result)


def _report(item: pytest.Function, result: SweepResult) -> None:
    if result.failed:
        pytest.fail(as_text(result), pytrace=False)
    item.add_report_section("call", "sweep", as_text(result))


def _options(item: pytest.Function, settings: dict[str, Any]) -> Options:
    """Return the options of the marker. Raises ValueError."""
    mark = item.get_closest_marker("mock_clover_sweep")
    given = dict(mark.kwargs) if mark is not None else {}
    if (mark is not None and mark.args) or given.keys() - _OPTIONS.keys():
        raise ValueError(f"the arguments are {', '.join(f'{name}=…' for name in _OPTIONS)}")
    values = _OPTIONS | given
    only, reconcile = values["only"], values["reconcile"]
    for name in ("timeout", "budget", "jobs"):
        _check_number(name, values[name])
    return Options(
        command=tuple(_command(item)),
        reconcile=tuple(shlex.split(reconcile) if isinstance(reconcile, str) else reconcile),
        timeout_s=values["timeout"],
        jobs=values["jobs"],
        budget=values["budget"],
        only=tuple(map(parse_selection, [only] if isinstance(only, str) else only)),
        seed=settings.pop("seed"),
        settings=settings,
        repeat=("mock-clover", "sweep"),
    )


def _check_number(name: str, value: object) -> None:
    """Check an argument that is a number. Raises ValueError."""
    numbers = (int, float) if name == "timeout" else (int,)
    if name == "budget" and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, numbers) or value <= 0:
        kind = "a number" if name == "timeout" else "a whole number"
        raise ValueError(f"{name} must be {kind} above 0, not {value!r}")


def _command(item: pytest.Function) -> list[str]:
    """Return the command that runs one test, with the configuration and plugins of this run."""
    config = item.config
    words = [sys.executable, "-m", "pytest", f"{item.path}::{item.nodeid.partition('::')[2]}"]
    words += [SWEPT_OPTION, "-q", "--no-header", "-p", "no:cacheprovider"]
    words += [f"--rootdir={config.rootpath}"]
    words += ["-c", str(config.inipath)] if config.inipath is not None else []
    return words + _plugin_options(config.invocation_params.args)


def _plugin_options(words: tuple[str, ...]) -> list[str]:
    """Return the options of a command line that load or block plugins."""
    found: list[str] = []
    for number, word in enumerate(words):
        if word.startswith("-p") and not word.startswith("--"):
            found += [word] if word != "-p" else ["-p", *words[number + 1 : number + 2]]
    return found
