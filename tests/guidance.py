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
    """Return the command that writes the generated files of a test file."""
    return f"MOCK_CLOVER_TEST_UPDATE=1 .venv/bin/pytest tests/{test}"


def check_generated(path: Path, text: str, test: str) -> None:
    """Fail when a generated file differs from what the code gives; or write it, when asked to."""
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


def check_names(listed: Iterable[str], wanted: Iterable[str], place: str, source: str) -> None:
    """Fail when a list of names is not that of the code; `place` has the list, `source` the names.

    Say of each name whether to add it to the list or to remove it.
    """
    have, want = set(listed), set(wanted)
    steps = [f"add {name} to {place}" for name in sorted(want - have)]
    steps += [f"remove {name} from {place}: {source} has no such name" for name in have - want]
    check_none(steps)


def check_none(wrong: Iterable[str]) -> None:
    """Fail with every sentence that says what is wrong and where; pytest would cut a long list."""
    found = list(wrong)
    if found:
        raise AssertionError("\n".join([f"{len(found)} to correct:", *found]))
