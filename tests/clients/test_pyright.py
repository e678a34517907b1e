"""The Python examples of all pages pass pyright, too: editors show its errors to users."""

import json
import subprocess
import sys
from pathlib import Path

import toolbox
from conftest import get_or_skip

from tests.system.test_docs_types import write_examples

WRONG = "import mock_clover\n\nmock_clover.create_app(seed=1)\n"
"""Its error shows that pyright has the types of the package."""


def test_the_examples_pass_pyright(tmp_path: Path) -> None:
    packages = get_or_skip(toolbox.install_node_packages)
    assert write_examples(tmp_path) >= 30
    (tmp_path / "wrong.py").write_text(WRONG)
    program = packages / "pyright" / "index.js"
    completed = subprocess.run(
        ["node", program, "--outputjson", "--pythonpath", sys.executable, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=toolbox.CLIENT_SECONDS_MAX,
    )
    found = json.loads(completed.stdout)["generalDiagnostics"]
    rules = [(Path(each["file"]).name, each.get("rule"), each["message"]) for each in found]
    assert [each[:2] for each in rules] == [("wrong.py", "reportArgumentType")], rules
