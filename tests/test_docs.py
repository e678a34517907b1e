"""The documents tell the truth: their commands run, their tables are those of the code.

`MOCK_CLOVER_TEST_UPDATE=1` writes docs/reference.md anew.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from mock_clover.api.endpoint import Endpoint
from mock_clover.cli import main
from mock_clover.scenario.load import parse
from tests.served import Served
from tests.wire import PATIENCE_S
from tests.world import CONTROL

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent
SERVE = re.compile(r"^(make serve|mock-clover serve --scenario|docker build)", re.MULTILINE)


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
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands use curl")
def test_the_first_screen_reaches_a_decline(tmp_path: Path, served: Served) -> None:
    start, ask = blocks("sh")[:2]
    assert start.startswith("make serve ")
    printed = json.loads(blocks("json")[0])
    got = json.loads(run(ask, tmp_path, served.url))
    for body in (printed, got):
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{13}", body["error"].pop("charge"))
    assert got == printed


@pytest.mark.skipif(not shutil.which("curl"), reason="the README's commands use curl")
@pytest.mark.parametrize("script", [block for block in blocks("sh")[2:] if not SERVE.search(block)])
def test_every_other_command_runs(script: str, tmp_path: Path, served: Served) -> None:
    out = run(script, tmp_path, served.url)
    assert out
    refused = [line for line in out.splitlines() if line.startswith('{"message"')]
    assert not refused


def test_make_serve_is_what_the_readme_says() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "serve"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.rstrip().endswith(".venv/bin/mock-clover serve")


def test_the_readmes_scenario_is_one(make_world: Callable[..., Any]) -> None:
    (text,) = [block for block in blocks("yaml") if "cards:" in block]
    world = make_world(parse(text.encode(), "README.md"))
    body = {"amount": 1, "currency": "usd", "source": world.token("4111111111111111")}
    got = world.send("POST", "/v1/charges", body)
    assert got.json["error"]["declineCode"] == "insufficient_funds"


def test_the_readmes_compose_file_waits_for_health() -> None:
    (text,) = [block for block in blocks("yaml") if "services:" in block]
    services = yaml.safe_load(text)["services"]
    assert services["shop"]["depends_on"] == {"clover": {"condition": "service_healthy"}}
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_every_option_that_the_readme_names_is_one() -> None:
    told = CliRunner().invoke(main, ["serve", "--help"]).output
    for option in re.findall(r"^\| `(--[a-z-]+)", README, re.MULTILINE):
        assert option in told


@pytest.mark.parametrize("file", ["README.md", "docs/architecture.md", "CHANGELOG.md"])
def test_links_lead_somewhere(file: str) -> None:
    path = ROOT / file
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_the_files_that_the_architecture_names_exist() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    for name in re.findall(r"`((?:server|api|sandbox|scenario|wire|model)/\w+\.py)`", text):
        assert (ROOT / "mock_clover" / name).exists(), name


def test_the_reference_is_that_of_the_code() -> None:
    path = ROOT / "docs/reference.md"
    if os.environ.get("MOCK_CLOVER_TEST_UPDATE"):
        path.write_text(reference())
    assert path.read_text() == reference()


def reference() -> str:
    parts = [
        "# Reference",
        "Written from the code's own declarations. Evidence: *documented* (a Clover page says so), "
        "*observed* (recorded on the wire, or in a client written against it), *inferred* (our "
        "deduction). `mock-clover routes`, `problems` and `cards` print the same.",
        "## Operations",
        _table("routes", ["method", "path", "name", "about", "permissions", "evidence", "source"]),
        "Permissions count where a scenario's `settings.permissions` says which the app has; "
        "without one that it needs, a call gets 401.",
        "An operation marked in the source as an extension is refused under `--strict`: "
        + ", ".join(f"`{row['name']}`" for row in _rows("routes") if row["extension"])
        + ".",
        "## Refusals",
        _table("problems", ["name", "status", "code", "type", "message", "evidence", "source"]),
        "## Test cards of the default scenario",
        _table("cards", ["number", "brand", "outcome", "evidence", "source", "note", "threeds"]),
        "## Control calls",
        "Of this mock, not of Clover; those under `/_mock` act on the sandbox of their path.",
        "| method | path | name | about |\n|---|---|---|---|\n" + "\n".join(map(_line, CONTROL)),
    ]
    return "\n\n".join(parts) + "\n"


def _rows(command: str) -> list[dict[str, Any]]:
    told = CliRunner().invoke(main, [command, "--json"])
    assert told.exit_code == 0
    rows: list[dict[str, Any]] = json.loads(told.output)
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
