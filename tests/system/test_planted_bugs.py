"""Each planted bug of the Python shop is found as docs/planted-bugs.md says; the shop is clean."""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_clover.testing.handle import MockClover
from mock_clover.testing.http_transport import HttpTransport
from mock_clover.testing.transport import request_json
from tests.audit.shops import bugs
from tests.audit.shops.base import PaymentError
from tests.audit.shops.planted import PLANTED, SECOND_DECLINED, Planted
from tests.audit.shops.shop import SECRET, Shop
from tests.clients.toolbox import ROOT, plain_environment
from tests.raw_http import COMMAND_TIMEOUT_S
from tests.server_process import ServerProcess

SWEPT = [each for each in PLANTED if each.cell]
LONG_PAUSE_S = 0.5
"""A longer pause of the shop advances the sandbox's clock instead."""


@pytest.fixture(scope="module")
def transport(shared_server: ServerProcess) -> Iterator[HttpTransport]:
    opened = HttpTransport(shared_server.url)
    yield opened
    opened.close()


def rules_found(transport: HttpTransport, planted: Planted, variant: str) -> set[str]:
    """Run a command of a variant in a sandbox of its own; return what the audit finds."""
    name = f"{variant}-{planted.bug}-{planted.command}".lower().replace("_", "-")
    handle = MockClover.create(transport, name, planted.settings or {})
    if planted.fault is not None:
        handle.fault(**planted.fault)
    if planted.next:
        handle.next(planted.next)

    def wait(pause_s: float) -> None:
        if pause_s > LONG_PAUSE_S:
            handle.clock.advance(int(pause_s * 1000))

    variants = {"Shop": Shop, **vars(bugs)}
    with tempfile.TemporaryDirectory() as folder:
        shop = variants[variant](handle.env(), Path(folder), wait)
        if planted.hook is not None:
            handle.webhook(shop.listen(), secret=SECRET, events=["P:CREATE"], **planted.hook)
        try:
            getattr(shop, planted.command)()
        except PaymentError:
            is_declined = planted.next or planted.fault == SECOND_DECLINED
            assert is_declined or variant != "Shop", "the correct shop fails only after a decline"
        if planted.hook is not None:
            receive(handle, shop, planted)
        shop.http.close()
    report = request_json(transport, "GET", f"{urlsplit(handle.url).path}/_mock/audit")
    handle.drop()
    return {finding["rule"] for finding in report["findings"]}


def receive(handle: MockClover, shop: Shop, planted: Planted) -> None:
    """Wait until the shop has answered all events."""
    assert planted.hook is not None
    count = 1 + bool(planted.hook.get("plan")) + bool(planted.signature)
    if planted.signature:
        charge = handle.charges[0]["id"]
        handle.send_webhook(
            object="P",
            type="CREATE",
            id=charge,
            signature=planted.signature,
        )
    handle.deliveries(wait=count)
    shop.server.shutdown()
    shop.server.server_close()


@pytest.mark.parametrize("planted", PLANTED, ids=lambda each: each.bug)
def test_the_audit_names_the_bug(transport: HttpTransport, planted: Planted) -> None:
    assert rules_found(transport, planted, planted.bug) == set(planted.audit)


SITUATIONS = {
    str((each.command, each.fault, each.next, each.settings, each.hook, each.signature)): each
    for each in PLANTED
}


@pytest.mark.parametrize("planted", SITUATIONS.values(), ids=lambda each: each.bug)
def test_the_audit_finds_nothing_in_the_correct_shop(
    transport: HttpTransport, planted: Planted
) -> None:
    assert rules_found(transport, planted, "Shop") == set()


def verdicts(
    url: str, command: str, variant: str, *cells: str, reconcile: bool = False
) -> dict[str, Any]:
    """Sweep cells of a command; return their verdicts."""
    words = [sys.executable, "-m", "tests.audit.shops.bugs"]
    only = [word for cell in cells for word in ("--only", cell)]
    repair = ["--reconcile", shlex.join([*words, "reconcile", variant])] if reconcile else []
    timeout_s = "30" if any("hang" in cell for cell in cells) else "120"
    options = ["--url", url, "--format", "json", "--timeout", timeout_s, *only, *repair]
    completed = subprocess.run(
        [sys.executable, "-m", "mock_clover", "sweep", *options, "--", *words, command, variant],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_TIMEOUT_S,
    )
    assert completed.returncode in (0, 1), completed.stderr
    result = json.loads(completed.stdout)
    assert (result["missed"], result["nondeterminism"]) == ([], [])
    return {f"{cell['call']}:{cell['fault']}": cell["verdict"] for cell in result["cells"]}


@pytest.mark.parametrize("planted", SWEPT, ids=lambda each: each.bug)
def test_the_sweep_finds_the_bug(shared_server: ServerProcess, planted: Planted) -> None:
    found = verdicts(
        shared_server.url,
        planted.command,
        planted.bug,
        planted.cell,
        reconcile=planted.reconcile,
    )
    assert found == {planted.cell: planted.verdict}


@pytest.mark.parametrize("command", sorted({each.command for each in SWEPT}))
def test_the_sweep_finds_nothing_in_the_correct_shop(
    shared_server: ServerProcess, command: str
) -> None:
    cells = {each.cell for each in SWEPT if each.command == command}
    reconcile = any(each.reconcile for each in SWEPT if each.command == command)
    found = verdicts(shared_server.url, command, "Shop", *cells, reconcile=reconcile)
    assert found == {
        cell: "failed_safely" if cell.endswith("decline") else "survived" for cell in cells
    }
