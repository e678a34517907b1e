"""Each planted bug of the Node shop is found, and nothing in the correct one; and what is found
in the flows of Clover's own SDKs.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import toolbox
from clover_server import Clover
from conftest import get_or_skip
from toolbox import Run

from mock_clover.testing.handle import MockClover
from mock_clover.testing.http_transport import HttpTransport
from mock_clover.testing.transport import request_json
from tests.audit.shops.planted import NODE_PLANTED, Planted

SHOP = toolbox.ROOT / "tests" / "audit" / "shops" / "shop.cjs"
SWEPT = [each for each in NODE_PLANTED if each.cell]
SITUATIONS = {str((each.command, each.fault)): each for each in NODE_PLANTED}
Environment = dict[str, str]


@pytest.fixture(scope="module")
def transport(clover: Clover) -> Iterator[HttpTransport]:
    opened = HttpTransport(f"http://127.0.0.1:{clover.port}")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def packages() -> Environment:
    """The environment of the Node shop."""
    return {"NODE_PATH": str(get_or_skip(toolbox.install_node_packages))}


def rules_found(transport: HttpTransport, handle: MockClover) -> dict[str, str]:
    """Return the rules that the audit reports, with their severity."""
    report = request_json(transport, "GET", f"{urlsplit(handle.url).path}/_mock/audit")
    return {finding["rule"]: finding["severity"] for finding in report["findings"]}


def audited(
    transport: HttpTransport, packages: Environment, planted: Planted, bug: str
) -> set[str]:
    """Run a command of the shop in a sandbox of its own; return the rules that report it."""
    handle = MockClover.create(transport, f"node-{bug}-{planted.bug}", {})
    if planted.fault is not None:
        handle.fault(**planted.fault)
    completed = subprocess.run(
        ["node", str(SHOP), planted.command, bug],
        env=toolbox.plain_environment() | packages | handle.env(),
        capture_output=True,
        text=True,
        check=False,
        timeout=toolbox.CLIENT_SECONDS_MAX,
    )
    assert completed.returncode == 0 or bug, completed.stderr
    found = rules_found(transport, handle)
    handle.drop()
    return set(found)


@pytest.mark.parametrize("planted", NODE_PLANTED, ids=lambda each: each.bug)
def test_the_audit_names_the_bug(
    transport: HttpTransport, packages: Environment, planted: Planted
) -> None:
    assert audited(transport, packages, planted, planted.bug) == set(planted.audit)


@pytest.mark.parametrize("planted", SITUATIONS.values(), ids=lambda each: each.command)
def test_the_audit_finds_nothing_in_the_correct_shop(
    transport: HttpTransport, packages: Environment, planted: Planted
) -> None:
    assert audited(transport, packages, planted, "") == set()


@pytest.mark.parametrize("is_correct", [False, True], ids=["bug", "correct"])
@pytest.mark.parametrize("planted", SWEPT, ids=lambda each: each.bug)
def test_the_sweep_judges_the_shop(
    clover: Clover, packages: Environment, planted: Planted, is_correct: bool
) -> None:
    bug = "" if is_correct else planted.bug
    options = ["--url", f"http://127.0.0.1:{clover.port}", "--format", "json"]
    options += ["--timeout", "30"] if "hang" in planted.cell else []
    sweep = [sys.executable, "-m", "mock_clover", "sweep", *options, "--only", planted.cell, "--"]
    completed = subprocess.run(
        [*sweep, "node", str(SHOP), planted.command, bug],
        env=toolbox.plain_environment() | packages,
        capture_output=True,
        text=True,
        check=False,
        timeout=toolbox.CLIENT_SECONDS_MAX,
    )
    assert completed.returncode in (0, 1), completed.stderr
    (cell,) = json.loads(completed.stdout)["cells"]
    correct = "failed_safely" if planted.cell.endswith("decline") else "survived"
    assert cell["verdict"] == (correct if is_correct else planted.verdict)


NO_HEADERS = {"CLV001": "error", "CLV014": "warning"}
"""Neither SDK sends an idempotency key, or the address of the customer."""


def flow_findings(transport: HttpTransport, run: Callable[..., Any], file: str) -> dict[str, str]:
    handle = MockClover.create(transport, f"flow-{file.replace('.', '-')}", {})
    run(file, Clover(0, handle.env(), toolbox.ROOT))
    return rules_found(transport, handle)


def test_the_findings_in_the_flow_of_the_node_sdk(transport: HttpTransport, node: Run) -> None:
    """It sends no User-Agent either, and the flow pays an order again on purpose."""
    assert flow_findings(transport, node, "sdk_flow.cjs") == {
        **NO_HEADERS,
        "CLV015": "warning",
        "CLV019": "error",
    }


def test_the_findings_in_the_flow_of_the_python_sdk(
    transport: HttpTransport, python_sdk: Run
) -> None:
    """The flow uses a token again on purpose."""
    assert flow_findings(transport, python_sdk, "sdk_flow.py") == {**NO_HEADERS, "CLV006": "error"}
