"""The Python examples of all pages pass mypy's strict mode.

An example need not annotate its functions, as most tests do not. The fixtures get their types here,
so that a wrong argument or a name that does not exist is found.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.test_docs import DOCS, NOT_RUN, ROOT

FIXTURES = {
    "mock_clover": "mock_clover.testing.MockClover",
    "mock_clover_app": "mock_clover.testing.MockCloverApp",
    "mock_clover_factory": "mock_clover.testing.MockCloverFactory",
    "monkeypatch": "pytest.MonkeyPatch",
}
ARGUMENT = re.compile(rf"^( *(?:async )?def .*?[(,] ?)({'|'.join(FIXTURES)})(?=[,)])", re.MULTILINE)
PAGE = """import playwright.sync_api
page = playwright.sync_api.sync_playwright().start().chromium.launch().new_page()
"""
"""What parts of tests in a browser assume."""
UNTYPED = ("--allow-untyped-defs", "--allow-untyped-calls", "--allow-incomplete-defs")
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def typed(block: str, modules: dict[str, str]) -> str:
    """Return an example with the types of its fixtures and the unique names of its modules."""
    for name, module in modules.items():
        block = re.sub(rf"\bfrom {name} import", f"from {module} import", block)
        block = re.sub(rf"\bimport {name}\b", f"import {module} as {name}", block)
    used = {FIXTURES[name].rpartition(".")[0] for _, name in ARGUMENT.findall(block)}
    while found := ARGUMENT.search(block):  # each match is one argument
        block = f"{block[: found.end()]}: {FIXTURES[found[2]]}{block[found.end() :]}"
    if re.search(r"\bpage\.", block) and "(page" not in block:
        block = PAGE + block
    return "".join(f"import {module}\n" for module in sorted(used)) + block


def write_examples(folder: Path) -> int:
    """Write each example to a file of its own; return how many there are.

    A page may improve a file step by step; its other files import the last version.
    """
    count = 0
    for page in (ROOT / "README.md", *DOCS):
        found = BLOCK.findall(NOT_RUN.sub("", page.read_text()))
        blocks = {
            f"{page.stem.lower().replace('-', '_')}_{number}": textwrap.dedent(indent + block)
            for number, (indent, block) in enumerate(found)
        }
        modules = {
            named[1]: module
            for module, block in blocks.items()
            if (named := re.match(r"# (\w+)\.py\n", block))
        }
        for module, block in blocks.items():
            (folder / f"{module}.py").write_text(typed(block, modules))
        count += len(blocks)
    return count


def test_the_examples_pass_the_strict_type_checker(tmp_path: Path) -> None:
    assert write_examples(tmp_path) >= 30
    command = [sys.executable, "-m", "mypy", "--strict", *UNTYPED, "--check-untyped-defs"]
    completed = subprocess.run(
        [*command, "--no-incremental", "--no-error-summary", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.stdout == ""
