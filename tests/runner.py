"""Run the command line in process."""

import inspect
from typing import Any, NamedTuple

from click.testing import CliRunner

from mock_clover.cli import main

# Before click 8.2 a runner mixed stderr into stdout unless it was told not to.
_SEPARATE = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}


class Done(NamedTuple):
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


def run_cli(*args: str, **environment: str | None) -> Done:
    """Run `mock-clover` with these arguments and variables; None removes a variable."""
    runner: Any = CliRunner(**_SEPARATE)
    done = runner.invoke(main, args, env=environment)
    return Done(done.exit_code, done.stdout, done.stderr)
