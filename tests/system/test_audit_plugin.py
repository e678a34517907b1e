"""`pytest --mock-clover-audit`: a section at the end of the run, also with workers."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mock_clover.testing.audit import check_markers
from tests.clients.toolbox import plain_environment
from tests.raw_http import COMMAND_TIMEOUT_S
from tests.system.test_howto import PLUGINS

pytestmark = pytest.mark.system

SHOP = """
import json
from urllib.request import Request, urlopen

import pytest


def charge(clover, token, **headers):
    headers |= {"authorization": f"Bearer {clover.access_token}", "user-agent": "shop/1.0"}
    body = {"amount": 1800, "currency": "usd", "source": token}
    request = Request(f"{clover.url}/v1/charges", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=60) as reply:
        return json.load(reply)


def forwarded(**headers):
    return {"x-forwarded-for": "203.0.113.9"} | headers


def test_clean(mock_clover):
    charge(mock_clover, mock_clover.card_token(), **forwarded(**{"idempotency-key": "a"}))


def test_no_key(mock_clover):
    charge(mock_clover, mock_clover.card_token(), **forwarded())


@pytest.mark.mock_clover_audit(ignore={"missing-idempotency-key": "the old shop"})
def test_ignored(mock_clover):
    charge(mock_clover, mock_clover.card_token(), **{"idempotency-key": "", **forwarded()})


def test_warning(mock_clover):
    charge(mock_clover, mock_clover.card_token(), **{"idempotency-key": "a"})


@pytest.fixture(scope="module")
def shared(mock_clover_factory):
    return mock_clover_factory()


def test_shared(shared):
    charge(shared, shared.card_token(), **forwarded())


def test_in_process(mock_clover_app):
    assert mock_clover_app.audit()["findings"] == []
"""

SECTION = """\
error CLV001 missing-idempotency-key
  test_shop.py::test_no_key
    create_charge: 1 request without an idempotency-key header
    #2  POST /v1/charges  200
  test_shop.py::test_in_process
    create_charge: 1 request without an idempotency-key header
    #2  POST /v1/charges  200
  Fix: Send an idempotency-key header with a UUID of the purchase, stored before the first attempt \
and repeated by each retry.
warning CLV014 missing-forwarded-for
  test_shop.py::test_warning
    create_charge: 1 request without x-forwarded-for
    #2  POST /v1/charges  200
  Fix: Send the address of the customer's browser in x-forwarded-for.
2 errors, 1 warning; an error fails the run
"""


def run(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_shop.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-W", "error", "--color=no", *PLUGINS]
    return subprocess.run(
        [*command, "--rootdir", str(folder), *options],
        cwd=folder,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_S,
    )


def section_of(output: str) -> str:
    section = output.partition("= mock-clover audit =")[2].partition("\n")[2]
    return section.partition("\n=")[0].strip() + "\n"


@pytest.mark.parametrize("workers", [(), ("-n", "2", "--dist", "loadfile")])
def test_the_section_names_each_test(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """The sandbox of a longer-lived fixture is audited with the last test that ran."""
    completed = run(tmp_path, SHOP, "--mock-clover-audit", *workers)
    assert section_of(completed.stdout) == SECTION, completed.stdout + completed.stderr
    assert "6 passed" in completed.stdout
    assert completed.returncode == pytest.ExitCode.TESTS_FAILED


def test_a_run_without_errors_passes(tmp_path: Path) -> None:
    wrong = '@pytest.mark.mock_clover_audit("CLV001")'  # not looked at without the option
    completed = run(tmp_path, f"{SHOP}\n{wrong}\ndef test_marked():\n    pass", "-k", "marked")
    assert (completed.returncode, "audit" in completed.stdout) == (pytest.ExitCode.OK, False)
    completed = run(tmp_path, SHOP, "--mock-clover-audit", "-k", "clean or ignored")
    assert section_of(completed.stdout) == "no findings\n"
    assert completed.returncode == pytest.ExitCode.OK, completed.stdout


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"ignore": {"CLV001": ""}}, "CLV001 has no reason"),
        ({}, 'takes ignore={"CLV001": "reason"}'),
        ({"ignore": {"CLV00": "x"}}, "no rule has the id or the name 'CLV00'"),
    ],
)
def test_a_wrong_marker_is_rejected(keywords: dict[str, Any], message: str) -> None:
    marks = [pytest.Mark("mock_clover_audit", (), keywords, _ispytest=True)]
    item: Any = SimpleNamespace(iter_markers=lambda _: marks)
    with pytest.raises(pytest.UsageError, match=re.escape(message)):
        check_markers([item])
