"""The documentation is correct: its commands run and its tables match the code.

`MOCK_CLOVER_TEST_UPDATE=1` rewrites docs/reference.md.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_clover.engine.endpoint import Endpoint
from mock_clover.reference.flows import parse_examples
from mock_clover.scenario.load import parse
from tests.command_line import run_cli
from tests.failure_messages import assert_generated, assert_no_errors
from tests.in_process import CONTROL
from tests.raw_http import COMMAND_TIMEOUT_S
from tests.server_process import ServerProcess

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
OTHER = re.compile(r"^(pip install|docker|mock-clover serve --scenario)", re.MULTILINE)
"""Blocks that install or serve; the tests put this checkout and a running server in their place."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(script: str, folder: Path, url: str) -> str:
    """Run a block of the README in a shell, against a server on another port."""
    script = script.replace(".venv/bin/mock-clover", "mock-clover")
    environment = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "MOCK_CLOVER_URL": url,
        "MOCK_CLOVER_SEED": "tests",
        "HOME": str(folder),
    }
    completed = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands use curl")
def test_readme_quick_start(tmp_path: Path, shared_server: ServerProcess) -> None:
    install, serve, send = blocks("sh")[:3]
    assert install.startswith("pip install mock-clover ")
    assert serve.startswith("docker run -d --name clover -p 127.0.0.1:4242:4242 ")
    printed = json.loads(blocks("json")[0])
    got = json.loads(run(send, tmp_path, shared_server.url))
    for body in (printed, got):
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{13}", body["error"].pop("charge"))
    assert got == printed


@pytest.mark.system
@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands use curl")
@pytest.mark.parametrize("script", [block for block in blocks("sh")[3:] if not OTHER.search(block)])
def test_every_other_command_runs(
    script: str, tmp_path: Path, shared_server: ServerProcess
) -> None:
    out = run(script, tmp_path, shared_server.url)
    assert out
    refused = [line for line in out.splitlines() if line.startswith('{"message"')]
    assert not refused


@pytest.mark.system
def test_make_serve_is_what_the_readme_says() -> None:
    completed = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "serve"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert completed.stdout.rstrip().endswith(".venv/bin/mock-clover serve")


def test_readme_scenario_is_valid(make_server: Callable[..., Any]) -> None:
    (text,) = [block for block in blocks("yaml") if "cards:" in block]
    server = make_server(parse(text.encode(), "README.md"))
    body = {"amount": 1, "currency": "usd", "source": server.token("4111111111111111")}
    got = server.send("POST", "/v1/charges", body)
    assert got.json["error"]["declineCode"] == "insufficient_funds"


def test_the_readmes_compose_file_waits_for_health() -> None:
    (text,) = [block for block in blocks("yaml") if "services:" in block]
    services = yaml.safe_load(text)["services"]
    assert services["shop"]["depends_on"] == {"clover": {"condition": "service_healthy"}}
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_every_make_command_of_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert_no_errors(
        f"{page.relative_to(ROOT)} names `make {target}`, which the Makefile does not have"
        for page in PAGES
        for target in re.findall(r"`make ([a-z-]+)", page.read_text())
        if target not in targets
    )


def test_readme_options_exist() -> None:
    output = run_cli("serve", "--help").stdout
    options = re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE)
    assert_no_errors(f"README.md: `serve` has no {each}" for each in options if each not in output)


DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "docs/llms.txt")),
    *sorted((ROOT / ".github").rglob("*.md")),
    *DOCS,
]
LINK = re.compile(r"\]\(([^)\s#]*)#?([^)\s]*)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for target, anchor in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue  # an external URL
        path = page.parent / target if target else page
        if not path.exists():
            broken.append(f"{page.relative_to(ROOT)}: there is no file {target}")
        elif anchor and anchor not in anchors(path):
            broken.append(f"{page.relative_to(ROOT)}: {target or 'it'} has no heading #{anchor}")
    return broken


def test_every_page_is_in_the_index_and_in_the_sites_navigation() -> None:
    index = ROOT / "docs/index.md"
    pages = {str(page.relative_to(ROOT / "docs")) for page in DOCS} - {"index.md"}
    linked = {target for target, _ in LINK.findall(index.read_text())}
    nav = re.findall(r'"([\w/-]+\.md)"', (ROOT / "docs/zensical.toml").read_text())
    assert linked == pages, "link each page from docs/index.md"
    assert sorted(nav) == sorted({*pages, "index.md"}), "list each page once in docs/zensical.toml"


DATA = {"json", "yaml", "text", ""}
"""Languages of blocks that show data or output; most are compared by the test of their page."""
RUN_BY_OTHER_TESTS = {
    "README.md": {"sh", "python"},  # above, and tests/system/test_plugin.py
    "scenarios.md": {"sh"},  # tests/scenario/test_scenarios_page.py
    "howto/asgi.md": {"sh"},  # tests/system/test_asgi_servers.py
    "howto/browser.md": {"html", "js"},  # tests/browser/test_sdk_howto.py
    "howto/tls.md": {"js"},  # tests/clients/test_node_without_hosts.py
    "howto/three-d-secure.md": {"html", "js"},  # tests/browser/test_threeds_sdk.py
}
"""Languages that no test reads with `blocks(page, language)` of tests/system/test_howto.py."""
NOT_RUN = re.compile(r"^\*Not run here: [^\n]+\.\*\n\n```\w+$.*?^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^ *```([\w-]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
START = re.compile(r"(mock-clover serve( .*)?\n)+|pip install mock-clover( \w+)*\n")
"""Other tests compare the options with `--help`, and install the wheel."""


def test_every_block_of_code_runs_or_says_why_not() -> None:
    """A block runs if a test reads the blocks of its page in its language."""
    folders = ("system", "browser", "clients")
    files = (file for folder in folders for file in (ROOT / "tests" / folder).glob("test_*.py"))
    tests = "\n".join(file.read_text() for file in files)
    run = set(re.findall(r'blocks\("([\w/.-]+)", "(\w+)"\)', tests))
    run |= {(page, "python") for page in re.findall(r'[(\[ ]"([\w/-]+\.md)"[,)\]]', tests)}
    marked, errors = 0, []
    for page in (ROOT / "README.md", *DOCS):
        name = str(page.relative_to(ROOT / "docs" if page in DOCS else ROOT))
        text, count = NOT_RUN.subn("", page.read_text())
        marked += count
        known = DATA | RUN_BY_OTHER_TESTS.get(name, set())
        errors += [
            f"{name}: no test runs its {language} blocks; add one, or mark it *Not run here: why.*"
            for language, block in BLOCK.findall(text)
            if language not in known and (name, language) not in run
            if not START.fullmatch(block)
        ]
    assert_no_errors(errors)
    assert f"except {marked} that say why not" in (ROOT / "docs/index.md").read_text(), marked


def test_links_lead_somewhere() -> None:
    assert_no_errors(wrong for page in PAGES for wrong in broken_links(page, page.read_text()))


def test_a_broken_link_is_found() -> None:
    text = "[a](docs/tests.md) [b](docs/testing.md#nowhere) [c](#nowhere) `[d](e)`"
    assert broken_links(ROOT / "README.md", text) == [
        "README.md: there is no file docs/tests.md",
        "README.md: docs/testing.md has no heading #nowhere",
        "README.md: it has no heading #nowhere",
    ]


def test_the_python_files_that_the_docs_name_exist() -> None:
    """A path is one below the repository or below mock_clover."""
    assert_no_errors(
        f"{page.relative_to(ROOT)}: there is no {name}; correct the path"
        for page in PAGES
        if page.name != "CHANGELOG.md"  # which lists the past
        for name in re.findall(r"`((?:[\w-]+/)+\w+\.py)`", page.read_text())
        if not ((ROOT / name).exists() or (ROOT / "mock_clover" / name).exists())
    )


def test_the_templates_of_a_recorded_payload_are_examples() -> None:
    pages = (".github/CONTRIBUTING.md", ".github/ISSUE_TEMPLATE/recorded-payload.yml")
    texts = [(ROOT / page).read_text() for page in pages]
    form = textwrap.dedent(texts[1].partition("value: |\n")[2].partition("    validations")[0])
    (template,) = re.findall(r"^```text\n(.*?)^```$", texts[0], re.MULTILINE | re.DOTALL)
    for text in (template, form):
        (example,) = parse_examples(f"\n{text}")  # appended to a file
        assert (example.method, example.path, example.reply) == ("POST", "/v1/charges", "")
        assert json.loads(example.body)["amount"] == 1800
        assert json.loads(example.clover)["message"]


def test_reference_is_up_to_date() -> None:
    assert_generated(ROOT / "docs/reference.md", reference(), "test_docs.py")


def reference() -> str:
    parts = [
        "# Reference",
        "Operations, errors, test cards and control endpoints, generated from the code. "
        "[Fidelity](fidelity.md) explains evidence and sources. `mock-clover routes`, `errors` and "
        "`cards` print the same tables.",
        "## Operations",
        _table("routes", ["method", "path", "name", "about", "permissions", "evidence", "source"]),
        "Permissions are checked only if a scenario sets `settings.permissions`; a request without "
        "a required permission then gets a 401.",
        "These operations are extensions, which `--strict docs` rejects: "
        + ", ".join(f"`{row['name']}`" for row in _rows("routes") if row["extension"])
        + ".",
        "## Errors",
        _table("errors", ["name", "status", "code", "type", "message", "evidence", "source"]),
        "## Test cards of the default scenario",
        _table("cards", ["number", "brand", "outcome", "evidence", "source", "note", "threeds"]),
        "## Control endpoints",
        "These endpoints exist only in the mock. Those under `/_mock` apply to the sandbox in "
        "their path.",
        "| method | path | name | about |\n|---|---|---|---|\n" + "\n".join(map(_line, CONTROL)),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(command: str) -> list[dict[str, Any]]:
    output = run_cli(command, "--json")
    assert output.code == 0
    rows: list[dict[str, Any]] = json.loads(output.stdout)
    return rows


def _line(endpoint: Endpoint) -> str:
    about = endpoint.about.replace("|", "\\|")
    return f"| {endpoint.method} | {endpoint.path} | {endpoint.name} | {about} |"


def _table(command: str, names: list[str]) -> str:
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [
        "| " + " | ".join(str(row[name]).replace("|", "\\|") for name in names) + " |"
        for row in _rows(command)
    ]
    return "\n".join(lines)
