"""Failure messages of tests that compare the code with a generated file or a list of names."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LINES_MAX = 20
UPDATE = bool(os.environ.get("MOCK_CLOVER_TEST_UPDATE"))


HOW_TO_ADD_AN_EXAMPLE = (
    "append an example to the file of its flow in tests/golden/ (the lines `### Title`, "
    "the request and `--- reply`), then run `make generate`, which writes the reply"
)


def command(test: str) -> str:
    """Return the command that writes the generated files that a test file checks."""
    return f"MOCK_CLOVER_TEST_UPDATE=1 .venv/bin/pytest tests/{test}"


def assert_generated(path: Path, text: str, test: str) -> None:
    """Fail if a generated file is out of date; with MOCK_CLOVER_TEST_UPDATE, write it first."""
    if UPDATE:
        path.write_text(text)
    old = path.read_text()
    if old != text:
        changes = list(difflib.unified_diff(old.splitlines(), text.splitlines(), lineterm="", n=0))
        shown = "\n".join(line[:200] for line in changes[2:_LINES_MAX])
        raise AssertionError(
            f"{path.relative_to(ROOT)} is out of date. Run `{command(test)}`, read the change with "
            f"`git diff` and commit it. {len(changes) - 2} lines differ, the first are:\n{shown}"
        )


def assert_names(listed: Iterable[str], expected: Iterable[str], place: str, source: str) -> None:
    """Fail if a list of names differs from the code. `place` has the list, `source` the names.

    The message says which names to add to the list and which to remove.
    """
    have, want = set(listed), set(expected)
    steps = [f"add {name} to {place}" for name in sorted(want - have)]
    steps += [f"remove {name} from {place}: {source} has no such name" for name in have - want]
    assert_no_errors(steps)


def assert_no_errors(errors: Iterable[str]) -> None:
    """Fail with all error messages, one a line; pytest would truncate a long list."""
    found = list(errors)
    if found:
        raise AssertionError("\n".join([f"{len(found)} errors:", *found]))
