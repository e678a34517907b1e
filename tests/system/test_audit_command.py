"""`mock-clover audit` against a running server, and the commands of docs/audit.md."""

import json
import shutil
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.command_line import run_cli
from tests.server_process import ServerProcess
from tests.system.test_howto import blocks, run

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def page(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the commands of the page; return what they print."""
    if not shutil.which("curl"):
        pytest.skip("the commands use curl")
    script = "\n".join(blocks("audit.md", "sh"))
    command = ["bash", "-eu", "-c", script]
    return run(command, tmp_path_factory.mktemp("page"), shared_server)


def test_the_page_prints_what_it_shows(page: str) -> None:
    (shown,) = blocks("audit.md", "text")
    assert page.partition("error CLV002")[1:] == shown.partition("error CLV002")[1:]


@pytest.mark.parametrize(
    ("options", "code", "found"),
    [
        ((), 1, ["CLV002"]),
        (("--fail-on", "never"), 0, ["CLV002"]),
        (("--select", "CLV001,key-of-another-payment"), 0, []),
        (("--ignore", "retry-under-new-key"), 0, []),
        (("--ignore", "CLV001", "--ignore", "clv002"), 0, []),
    ],
)
def test_options(
    page: str, shared_server: ServerProcess, options: tuple[str, ...], code: int, found: list[str]
) -> None:
    assert page
    url = f"{shared_server.url}/sandbox/shop"
    output = run_cli("audit", url, "--format", "json", *options)
    assert (output.code, output.stderr) == (code, "")
    report = json.loads(output.stdout)
    assert [each["rule"] for each in report["findings"]] == found
    if not options:
        with urlopen(f"{url}/_mock/audit") as response:
            assert json.load(response) == report


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--select", "CLV02"), "no rule has the id or the name 'CLV02'; did you mean `CLV002`?"),
        (("--baseline", "missing.json"), "--baseline missing.json: not a file of --write-baseline"),
        (("--sandbox", "unknown"), "/_mock/sandboxes/unknown returned 404"),
    ],
)
def test_an_error_of_usage_exits_with_2(
    page: str, shared_server: ServerProcess, options: tuple[str, ...], message: str
) -> None:
    assert page
    output = run_cli("audit", shared_server.url, *options)
    assert (output.code, output.stdout) == (2, "")
    assert message in output.stderr


def test_a_baseline_hides_what_it_has(
    page: str, shared_server: ServerProcess, tmp_path: Path
) -> None:
    assert page
    url, file = f"{shared_server.url}/sandbox/shop", str(tmp_path / "baseline.json")
    assert run_cli("audit", url, "--write-baseline", file).code == 0
    assert json.loads(Path(file).read_text()) == {
        "version": 1,
        "findings": {"CLV002 create_charge": 1},
    }
    output = run_cli("audit", url, "--baseline", file)
    assert (output.code, output.stdout) == (0, "0 errors, 0 warnings in the sandbox shop\n")
