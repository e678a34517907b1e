"""`mock-clover sweep` with real commands: their ends, their money, and what is left of them."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_clover.sweep.faults import FAULTS
from tests.clients.toolbox import plain_environment
from tests.command_line import run_cli
from tests.raw_http import COMMAND_TIMEOUT_S, eventually
from tests.server_process import ServerProcess
from tests.system.test_howto import blocks, run, run_pytest

SHOP = (sys.executable, str(Path(__file__).with_name("sweep_shop.py")))
SWEEP = (sys.executable, "-m", "mock_clover", "sweep")
CHARGE = "create_charge#1"
PACE = re.compile(r"in \d+ s, \d+ a minute")


def sweep(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SWEEP, *arguments],
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_S,
    )


def sweep_shop(url: str, bugs: str, *options: str) -> tuple[int, dict[str, Any]]:
    """Sweep on a running server, in this process, which is faster."""
    words = ("--url", url, "--format", "json", *options, "--", *SHOP, *bugs.split())
    completed = run_cli("sweep", *words)
    assert completed.code in (0, 1), completed.stderr
    return completed.code, json.loads(completed.stdout)


def test_a_correct_shop_survives_every_fault(tmp_path: Path) -> None:
    """On a server of its own, in parallel; the reports are written."""
    reports = [tmp_path / f"sweep.{suffix}" for suffix in ("html", "json", "xml")]
    options = [text for path in reports for text in ("--report", str(path))]
    completed = sweep("-j", "2", "--only", f"{CHARGE}:*", *options, "--", *SHOP)
    assert completed.returncode == 0, completed.stdout + completed.stderr
    result = json.loads(reports[1].read_bytes())
    assert [(cell["fault"], cell["verdict"]) for cell in result["cells"]] == [
        (fault.name, "failed_safely" if fault.name == "decline" else "survived")
        for fault in FAULTS
        if fault.group != "webhook"
    ]
    assert result["calls"] == ["create_token#1", "create_customer#1", CHARGE]
    assert (result["nondeterminism"], result["missed"]) == ([], [])
    assert CHARGE in completed.stdout
    for path in reports:
        assert CHARGE in path.read_text()


BUGS = [
    ("new-key", "drop:after_commit", "", "lost_money"),
    ("new-key", "drop:before_commit", "", "survived"),
    ("no-retry", "drop:after_commit", "", "unreconciled"),
    ("no-retry", "drop:before_commit", "", "failed_safely"),
    ("no-retry", "drop:after_commit", shlex.join([*SHOP, "reconcile"]), "failed_safely"),
    ("no-retry", "drop:after_commit", "true", "lost_money"),
    ("no-retry ignore", "500:before_commit", "", "lost_money"),
    ("no-retry ignore", "decline", "", "lost_money"),
    ("no-timeout", "hang:after_commit", "", "hung"),
]


@pytest.mark.parametrize(("bugs", "fault", "reconcile", "verdict"), BUGS)
def test_a_bug_is_found(
    bugs: str, fault: str, reconcile: str, verdict: str, shared_server: ServerProcess
) -> None:
    options = ["--only", f"{CHARGE}:{fault}", "--timeout", "10" if verdict == "hung" else "60"]
    if reconcile:
        options += ["--reconcile", reconcile]
    code, result = sweep_shop(shared_server.url, bugs, *options)
    (cell,) = result["cells"]
    assert (cell["call"], cell["fault"], cell["verdict"]) == (CHARGE, fault, verdict), cell
    assert code == (verdict in ("lost_money", "hung"))
    assert f"--only '{CHARGE}:{fault}'" in cell["repeat"]


def test_a_webhook_that_comes_twice_is_processed_twice(shared_server: ServerProcess) -> None:
    code, result = sweep_shop(shared_server.url, "webhook", "--only", "webhook_p_create:*")
    (cell,) = result["cells"]
    assert (code, cell["fault"], cell["verdict"]) == (1, "duplicate", "lost_money")
    text = "of 18.00 USD (card of a customer), 2.00 USD refunded, without the fault 1.00 USD"
    assert text in str(cell)
    assert [line for line in cell["journal"] if line.startswith("webhook")] == [
        f"webhook delivery-{number} P:CREATE to shop: delivered (200)" for number in (1, 2)
    ]


def test_the_command_of_a_cell_repeats_it(shared_server: ServerProcess) -> None:
    _, result = sweep_shop(shared_server.url, "new-key", "--only", f"{CHARGE}:drop:after_commit")
    words = shlex.split(result["cells"][0]["repeat"])
    assert words[:2] == ["mock-clover", "sweep"]
    again = run_cli("sweep", "--url", shared_server.url, "--format", "json", *words[2:])
    (cell,) = json.loads(again.stdout)["cells"]
    changing = {"took_ms": 0, "journal": []}  # which has times
    assert cell | changing == result["cells"][0] | changing


def test_calls_that_differ_from_run_to_run_are_reported(shared_server: ServerProcess) -> None:
    _, result = sweep_shop(
        shared_server.url, "unsteady", "--only", f"{CHARGE}:drop", "--budget", "1"
    )
    assert result["nondeterminism"] == [
        "call 1 was create_token#1 in the first run and list_orders#1 in the second"
    ]
    assert [cell["verdict"] for cell in result["cells"]] == ["survived"]
    assert result["left_out"] == [f"{CHARGE}:drop:after_commit"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ([sys.executable, "-c", "print('no')\nraise SystemExit(3)"], "exit code 3:\nno\n"),
        ([sys.executable, "-c", ""], "the command made no call to the sandbox"),
        (["/nowhere/shop"], "/nowhere/shop: No such file or directory\n"),
        (["node shop.js"], "No such file or directory; give the command as separate words"),
    ],
)
def test_a_command_that_cannot_be_swept_is_an_error(
    command: list[str], message: str, shared_server: ServerProcess
) -> None:
    completed = run_cli("sweep", "--url", shared_server.url, "--", *command)
    assert completed.code == 2
    assert message in completed.stderr


def test_the_page_of_the_sweep_runs(tmp_path: Path) -> None:
    buggy, checkout, mended, test = blocks("sweep.md", "python")
    (command,) = blocks("sweep.md", "sh")
    (printed,) = blocks("sweep.md", "text")
    (tmp_path / "checkout.py").write_text(checkout)
    (tmp_path / "retry.py").write_text(buggy)
    out = run(["bash", "-euo", "pipefail", "-c", command], tmp_path, None)
    assert PACE.sub("", out) == PACE.sub("", printed)
    (tmp_path / "retry.py").write_text(mended)
    of_charge = command.replace(" -- ", " --only 'create_charge:*' -- ")
    out = run(["bash", "-euo", "pipefail", "-c", of_charge], tmp_path, None)
    assert re.search(r"^8 survived, 1 failed safely \(11 runs in ", out, re.MULTILINE), out
    assert "exit code" not in out
    (tmp_path / "test_page.py").write_text(test)
    run_pytest(tmp_path)


def test_an_interrupt_ends_the_commands(tmp_path: Path) -> None:
    """Also what the command started and left running."""
    pids = tmp_path / "pids"
    script = f"sleep 600 & echo $! $$ > {shlex.quote(str(pids))}.new && mv {pids}.new {pids}; wait"
    process = subprocess.Popen(
        [*SWEEP, "--", "sh", "-c", script], env=plain_environment(), stderr=subprocess.PIPE
    )
    try:
        eventually(pids.exists)
        process.terminate()  # SIGINT may be ignored by a shell that runs the tests
        _, errors = process.communicate(timeout=COMMAND_TIMEOUT_S)
    finally:
        process.kill()
    assert (process.returncode, errors) == (130, b"mock-clover: interrupted\n")
    left = [int(pid) for pid in pids.read_text().split()]
    eventually(lambda: not any(map(is_running, left)))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
