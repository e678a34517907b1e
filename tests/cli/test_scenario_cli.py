"""The commands about scenarios: check, scenarios, schema.

`MOCK_CLOVER_TEST_UPDATE=1` writes docs/scenario.schema.json anew.
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

from mock_clover.clover.common.problems import SELECTABLE_ERRORS
from mock_clover.clover.surface import OPERATIONS, RULE_OPERATIONS
from mock_clover.scenario.load import builtin_names, load
from tests.command_line import run_cli
from tests.failure_messages import assert_generated, assert_no_errors
from tests.in_process import SEED
from tests.raw_http import COMMAND_TIMEOUT_S
from tests.server_process import ServerProcess

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs/scenario.schema.json"
CAPSULE_SCHEMA = ROOT / "docs/capsule.schema.json"
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
VALID_SCENARIO = """\
name: good
cards:
  - {number: "4242424242424242", outcome: approve}
rules:
  - {when: {amount: 1}, then: {decline: {}}}
  - {when: {amount: 2}, then: {approve: {}}}
"""


def invoke(*args: str) -> tuple[int, str, str]:
    output = run_cli(*args)
    return output.code, output.stdout, output.stderr


def test_check_prints_counts_for_valid_file(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(VALID_SCENARIO)
    assert invoke("check", str(file)) == (0, f"{file}: ok, 1 card, 2 rules\n", "")
    file.write_text(f"{VALID_SCENARIO}faults: [{{kind: drop}}]\n")
    assert invoke("check", str(file)) == (0, f"{file}: ok, 1 card, 2 rules, 1 fault\n", "")


def test_check_reports_all_errors_and_exits_with_2(tmp_path: Path) -> None:
    valid, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    valid.write_text(VALID_SCENARIO)
    bad.write_text(
        "name: bad\nrules:\n"
        "  - {when: {endpoint: create_charges}, then: {problem: UNAUTHORISED}}\n"
        "faults: [{kind: drop, problem: UNAUTHORIZED}]\n"
    )
    code, out, err = invoke("check", str(bad), "nowhere.yaml", str(valid))
    assert (code, out) == (2, f"{valid}: ok, 1 card, 2 rules\n")
    assert err.splitlines() == [
        f"{bad}:3:13: unknown operation `create_charges`; did you mean `create_charge`?"
        " - at `rules[0].when.endpoint`",
        f"{bad}:3:47: unknown problem `UNAUTHORISED`; did you mean `UNAUTHORIZED`?"
        " - at `rules[0].then.problem`",
        f"{bad}:4:23: `problem` is not allowed with kind drop - at `faults[0].problem`",
        "nowhere.yaml: cannot read file: No such file or directory",
    ]


def test_warning_is_not_an_error(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("name: x\nrules:\n  - then: {approve: {}}\n  - then: {decline: {}}\n")
    assert invoke("check", str(file)) == (
        0,
        f"{file}: ok, 0 cards, 2 rules\n",
        f"{file}:4:5: warning: never used: rule 1 comes first, and it matches every request"
        " - at `rules[1]`\n",
    )


def test_check_accepts_built_in_names_and_requires_an_argument() -> None:
    counts = f"{len(load('sandbox').cards)} cards, 0 rules"
    assert invoke("check", "sandbox")[:2] == (0, f"sandbox: ok, {counts}\n")
    code, _, err = invoke("check", "sandbx")
    assert code == 2
    assert "did you mean `sandbox`?" in err
    code, _, err = invoke("check")
    assert code == 2
    assert "Missing argument 'FILE...'" in err


def test_every_shipped_scenario_passes_without_a_warning() -> None:
    code, out, err = invoke("check", *map(str, SHIPPED))
    assert_no_errors(err.splitlines())
    assert (code, out.count(": ok, ")) == (0, len(SHIPPED))


def test_scenarios_lists_names_and_descriptions() -> None:
    rows = json.loads(invoke("scenarios", "--json")[1])
    assert rows == [{"name": name, "about": load(name).about} for name in builtin_names()]
    code, out, _ = invoke("scenarios")
    assert (code, out.splitlines()[0].split()) == (0, ["NAME", "ABOUT"])
    assert re.search(
        r"^sandbox +Clover's published test cards \(the default\)\.$", out, re.MULTILINE
    )


@pytest.mark.parametrize("command", ["check", "scenarios", "schema"])
def test_every_help_shows_examples(command: str) -> None:
    code, out, _ = invoke(command, "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"mock-clover {command}" in out


@pytest.mark.parametrize(("name", "file"), [("scenario", SCHEMA), ("capsule", CAPSULE_SCHEMA)])
def test_the_published_schema_is_that_of_the_code(name: str, file: Path) -> None:
    code, out, _ = invoke("schema", name)
    assert code == 0
    broken = re.findall(r'"description": "[^"]*\\n.*', out)
    assert broken == [], "Python 3.13 dedents docstrings: descriptions must have one line"
    assert_generated(file, out, "cli/test_scenario_cli.py")


def test_the_schema_is_whole_and_knows_the_names() -> None:
    text = invoke("schema", "scenario")[1]
    schema = json.loads(text)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["title"], schema["$ref"]) == ("mock-clover scenario", "#/$defs/ScenarioFile")
    refs = set(re.findall(r'"\$ref": "([^"]+)"', text))
    assert refs <= {f"#/$defs/{name}" for name in schema["$defs"]}, "self-contained"
    assert all(record.get("description") for record in schema["$defs"].values())
    found: list[Any] = schema["$defs"]["Fault"]["properties"]["endpoint"]["anyOf"]
    assert found[0]["enum"] == list(OPERATIONS)
    found = schema["$defs"]["Condition"]["properties"]["endpoint"]["anyOf"]
    assert found[0]["enum"] == list(RULE_OPERATIONS)
    found = schema["$defs"]["Action"]["properties"]["problem"]["anyOf"]
    assert found[0]["enum"] == list(SELECTABLE_ERRORS)


@pytest.mark.system
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_schema_takes_every_shipped_scenario(file: Path) -> None:
    import jsonschema_rs as rust  # comes with schemathesis, which `make test` does without

    schema = json.loads(SCHEMA.read_text())
    rust.meta.validate(schema)
    result = rust.validator_for(schema).iter_errors(yaml.safe_load(file.read_text()))
    assert [str(error) for error in result] == []


@pytest.mark.system
@pytest.mark.parametrize(
    "text",
    [
        "{name: x, rule: []}",
        "{name: x, rules: [{when: {}}]}",
        "{name: x, rules: [{when: {endpoint: create_charges}, then: {}}]}",
        "{name: x, faults: [{kind: drip}]}",
        "{name: Big}",
    ],
)
def test_schema_and_loader_reject_the_same(text: str) -> None:
    import jsonschema_rs as rust

    assert not rust.validator_for(json.loads(SCHEMA.read_text())).is_valid(yaml.safe_load(text))


@pytest.mark.system
@pytest.mark.skipif(not shutil.which("curl"), reason="the scenarios' comments use curl")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("declines", r'"declineCode":"insufficient_funds"'),
        ("avs-and-cvc", r'"cvc_check":"failed"'),
        ("flaky-network", r""),
        ("lost-replies", r'^{"object":"list".*"amount":1800'),
        ("expired-token", r'"amount":1800.*"now_ms"'),
        ("rate-limited", r'{"message":"429 Too Many Requests"}$'),
        ("velocity", r'"message":"Declined as sale count per card is greater than configured'),
        ("card-on-file", r'"warning_message":"Subsequent credential on file pay request sent'),
        ("phantom-decline", r'402 Payment Required.*"amount":40001.*"paid":true'),
    ],
)
def test_the_commands_of_a_scenarios_comment_do_what_it_says(
    name: str, message: str, start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start_server("--scenario", name)
    text = (ROOT / "scenarios" / f"{name}.yaml").read_text()
    commands = re.findall(r"^#   (?!mock-clover serve|10[01]01)(.*)$", text, re.MULTILINE)
    completed = subprocess.run(
        ["bash", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MOCK_CLOVER_URL": server.url,
            "MOCK_CLOVER_SEED": SEED,
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    assert re.search(message, completed.stdout, re.DOTALL), completed
    assert "command not found" not in completed.stderr
