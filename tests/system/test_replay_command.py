"""`mock-clover replay` repeats a run in another process and another directory."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mock_clover.core.masking import redact
from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.testing.capsules import capsule_name
from tests.command_line import run_cli
from tests.hostile import BROWSER
from tests.in_process import DECLINED_CARD, SEED, VISA
from tests.raw_http import (
    COMMAND_TIMEOUT_S,
    TIMEOUT_S,
    RawConnection,
    RawResponse,
    call,
    eventually,
    request,
)
from tests.receiver import Receiver
from tests.server_process import ServerProcess

CHALLENGE_CARD = "4012000033330026"
SECRET = "s3cret-of-the-shop"


class Shop:
    """A client of a sandbox."""

    def __init__(self, server: ServerProcess, name: str) -> None:
        self._port, self._base = server.port, f"/sandbox/{name}"
        known = derive_credentials(SEED, name)
        self._credentials = {
            "authorization": f"Bearer {known.access_token}",
            "apikey": known.api_key,
        }
        created = call(self._port, "PUT", f"/_mock/sandboxes/{name}", {"seed": "capsule"})
        assert created.status == 200, created

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
        sent = self._credentials | headers
        return call(self._port, method, f"{self._base}{path}", body, **sent)

    def send_unanswered(self, path: str, body: Any, **headers: str) -> None:
        """Send a POST whose response is lost."""
        sent = self._credentials | headers
        with RawConnection(self._port) as connection:
            data = request("POST", f"{self._base}{path}", body, headers=sent)
            assert connection.send_to_end(data) == b""

    def token(self, pan: str = VISA) -> str:
        card = {"number": pan, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        return str(self.send("POST", "/v1/tokens", {"card": card}).json["id"])

    def pay(self, pan: str = VISA, amount: int = 1_800, **more: Any) -> dict[str, Any]:
        body = {"amount": amount, "currency": "usd", "source": self.token(pan)} | more
        return dict(self.send("POST", "/v1/charges", body).json)


def run_shop(shop: Shop, receiver: Receiver) -> None:
    """Make payments with everything that a capsule must repeat."""
    target = {"url": receiver.url, "secret": SECRET, "handshake": False}
    assert shop.send("PUT", "/_mock/webhooks", target).status == 200
    held = shop.pay(capture=False)
    shop.pay(DECLINED_CARD)
    fault = {"kind": "drop", "when": "after_commit", "endpoint": "create_charge", "times": 1}
    assert shop.send("POST", "/_mock/faults", fault).status == 200
    body = {"amount": 700, "currency": "usd", "source": shop.token()}
    shop.send_unanswered("/v1/charges", body, **{"idempotency-key": "order-7"})
    assert shop.send("POST", "/v1/charges", body, **{"idempotency-key": "order-7"}).status == 200
    late = {"kind": "delay", "delay_ms": 30, "jitter_ms": 20, "times": 1}
    assert shop.send("POST", "/_mock/faults", late | {"endpoint": "get_charge"}).status == 200
    shop.send("GET", f"/v1/charges/{held['id']}")
    threeds = {"source": "CLOVER", "browser_info": BROWSER}
    pending = shop.pay(CHALLENGE_CARD, 25_001, threeds=threeds)
    assert pending["status"] == "pending", pending
    answered = shop.send("POST", f"/_mock/threeds/{pending['id']}", {"result": "approve"})
    assert answered.status == 200
    done = {"source": "CLOVER", "flow_status": "done"}
    finalized = {"charge_id": pending["id"], "threeds": done}
    assert shop.send("POST", "/v1/charges/finalize_payment", finalized).status == 200
    assert shop.send("PUT", "/_mock/clock", {"freeze": True, "advance": "8d"}).status == 200
    shop.send("GET", f"/v1/charges/{held['id']}")
    assert shop.send("POST", f"/v1/charges/{held['id']}/capture").status != 200
    assert shop.send("PUT", "/_mock/clock", {"advance": "1h", "resume": True}).status == 200
    assert shop.send("POST", "/v1/refunds", {"charge": pending["id"]}).status == 200
    assert shop.send("POST", "/_mock/next", {"outcome": "card_declined"}).status == 200
    shop.pay(amount=900)
    shop.send("GET", "/v1/charges?limit=3")


def replay(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mock_clover", "replay", *args]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.fixture(scope="module")
def capsule(shared_server: ServerProcess) -> bytes:
    shop = Shop(shared_server, "capsule")
    with Receiver(200, 500) as receiver:
        run_shop(shop, receiver)
        receiver.wait(5)
    return shop.send("POST", "/_mock/capsule").body


def test_a_run_is_repeated_in_another_process(capsule: bytes, tmp_path: Path) -> None:
    text = capsule.decode()
    assert redact(text) == text
    assert not [each for each in (SECRET, VISA, '"123"', "/hooks?shop=1") if each in text]
    (tmp_path / "run.json").write_bytes(capsule)
    result = replay(tmp_path, "run.json")
    assert (result.stdout, result.stderr, result.returncode) == (
        "",
        "run.json: 17 responses are the same, 0 differ, 7 control requests, "
        "webhooks are the same\n",
        0,
    )
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_a_changed_response_is_shown(capsule: bytes, tmp_path: Path) -> None:
    changed = json.loads(capsule)
    reply = next(
        each["exchange"]["reply"]
        for each in changed["steps"]
        if each.get("exchange", {}).get("endpoint") == "create_refund"
    )
    reply["body"] = reply["body"].replace('"amount":25001', '"amount":25000')
    (tmp_path / "run.json").write_text(json.dumps(changed))
    result = replay(tmp_path, "run.json", "--json")
    assert result.returncode == 1
    (row,) = json.loads(result.stdout)
    assert (row["path"], row["kind"], row["expected"], row["got"]) == (
        *("body.amount", "value"),
        *("25000", "25001"),
    )


def test_the_rebuilt_sandbox_is_served(capsule: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(capsule)
    command = [sys.executable, "-m", "mock_clover", "replay", "run.json", "--serve"]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--port", "0", "--upto", "4"], cwd=tmp_path, stdout=output
        )
    try:
        eventually(lambda: "CLOVER_API_KEY" in log.read_text())
        url = log.read_text().partition("CLOVER_BASE_URL=")[2].split()[0]
        port, base = int(url.split(":")[2].partition("/")[0]), f"/sandbox/{url.rpartition('/')[2]}"
        bearer = f"Bearer {derive_credentials(SEED, 'capsule').access_token}"
        shown = call(port, "GET", f"{base}/v1/charges", authorization=bearer).json["data"]
        assert [each["amount"] for each in shown] == [1800, 1800]
        assert call(port, "GET", f"{base}/_mock/webhooks").json["data"] == []
        assert call(port, "GET", f"{base}/_mock/").status == 200
    finally:
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0


TESTS = """
import pytest

@pytest.mark.parametrize("name", ["a", "b/c d"])
def test_pay(mock_clover, name):
    mock_clover.card_token()
    assert name is None

def test_in_process(mock_clover_app):
    mock_clover_app.card_token()
    assert mock_clover_app.charges

def test_that_passes(mock_clover):
    mock_clover.card_token()
"""


def test_a_failed_test_writes_its_capsule(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(TESTS)
    command = ["pytest", "-p", "xdist", "-n", "2", "-p", "no:cacheprovider", "--color=no"]
    command += [f"-pno:{name}" for name in ("schemathesis", "hypothesispytest", "faker", "anyio")]
    command += ["--mock-clover-capsules", "caps"]
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    assert "3 failed, 1 passed" in result.stdout, result.stdout
    files = sorted(path.name for path in (tmp_path / "caps").iterdir())
    other = capsule_name("test_shop.py::test_pay[b/c d]")
    assert files == sorted(
        [
            "test_shop.py--test_in_process.capsule.json",
            "test_shop.py--test_pay[a].capsule.json",
            other,
        ]
    )
    for file in files:
        assert f"\nmock-clover replay {shlex.quote(f'caps/{file}')}\n" in result.stdout
        replayed = run_cli("replay", str(tmp_path / "caps" / file))
        assert (replayed.code, replayed.stdout) == (0, "")
