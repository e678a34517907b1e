"""Run the command line in process."""

import inspect
from typing import Any, NamedTuple

from click.testing import CliRunner

from mock_clover.cli import main

# Before click 8.2 a runner mixed stderr into stdout unless it was told not to.
_SEPARATE = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


class CompletedCommand(NamedTuple):
    """The result of a command."""

    code: int
    stdout: str
    stderr: str


def run_cli(*args: str, **environment: str | None) -> CompletedCommand:
    """Run `mock-clover` with these arguments and variables; None removes a variable."""
    runner: Any = CliRunner(**_SEPARATE)
    result = runner.invoke(main, args, env=environment)
    return CompletedCommand(result.exit_code, result.stdout, result.stderr)
