"""`mock-clover audit` against a running server, and the commands of docs/audit.md."""

import json
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from mock_clover.client import create_token
from mock_clover.sandbox.credentials import derive_credentials
from tests.command_line import run_cli
from tests.in_process import SEED, VISA
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
        (("--select", "CLV0222"), "the name 'CLV0222'; did you mean `CLV022`?"),
        (
            ("--baseline", "missing.json"),
            "No such file or directory; create it with --write-baseline",
        ),
        (("--write-baseline", "no/file"), "--write-baseline no/file: No such file or directory\n"),
        (("--sandbox", "unknown"), "mock-clover: sandbox 'unknown' not found; create it with PUT "),
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


class Shop(BaseHTTPRequestHandler):
    """A receiver that captures the payment of each event; `is_careful` checks it first."""

    is_careful = False
    base, token, seen = "", "", set[str]()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        is_signed = self.headers.get("x-clover-auth") == "s3cret"
        is_new = body.decode() not in self.seen
        self.seen.add(body.decode())
        if self.is_careful and not is_signed:
            self.send_response(401)
            self.end_headers()
            return
        ((event,),) = json.loads(body)["merchants"].values()
        if event["type"] == "CREATE" and (is_new or not self.is_careful):
            self.capture(event["objectId"].removeprefix("P:"))
        self.send_response(200)
        self.end_headers()

    def capture(self, charge: str) -> None:
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": os.urandom(8).hex()}
        headers |= {"x-forwarded-for": "203.0.113.9", "content-type": "application/json"}
        body = b'{"amount": 100, "split_shipment": "1/9"}'
        url = f"{self.base}/v1/charges/{charge}/capture"
        urlopen(Request(url, body, headers), timeout=60).close()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize(
    ("is_careful", "found"), [(True, ["CLV016"]), (False, ["CLV016", "CLV025", "CLV026"])]
)
def test_probes(shared_server: ServerProcess, is_careful: bool, found: list[str]) -> None:
    name = f"probed-{is_careful}".lower()
    credentials = derive_credentials(SEED, name)
    base = f"{shared_server.url}/sandbox/{name}"
    shop = type("ProbedShop", (Shop,), {"is_careful": is_careful, "base": base,
                "token": credentials.access_token, "seen": set()})  # fmt: skip
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), shop)
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    try:
        target = {"url": f"http://127.0.0.1:{receiver.server_port}/", "secret": "s3cret",
                  "events": ["P:CREATE"], "handshake": False}  # fmt: skip
        send("PUT", f"{base}/_mock/webhooks", target)
        token = create_token(base, credentials.api_key, VISA, "12", "2030", "123", plain=True)
        charge = {"amount": 1800, "currency": "usd", "source": token, "capture": False}
        headers = {"authorization": f"Bearer {credentials.access_token}", "idempotency-key": "a"}
        headers |= {"x-forwarded-for": "203.0.113.9", "user-agent": "shop/1.0"}
        send("POST", f"{base}/v1/charges", charge, **headers)
        with urlopen(f"{base}/_mock/deliveries?wait=1&wait_ms=60000") as response:
            assert json.load(response)["data"][0]["state"] == "delivered"
        output = run_cli("audit", base, "--probe", "--format", "json")
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()
    assert output.stderr == (
        "probe: target-1: an event with a wrong signature; delivery-1 (P:CREATE) again; "
        "delivery-1 (P:CREATE) late\n"
    )
    assert [each["rule"] for each in json.loads(output.stdout)["findings"]] == found


def send(method: str, url: str, body: Any, **headers: str) -> None:
    headers |= {"content-type": "application/json"}
    urlopen(Request(url, json.dumps(body).encode(), headers, method=method), timeout=60).close()


def test_a_sandbox_without_a_target_is_not_probed(page: str, shared_server: ServerProcess) -> None:
    assert page
    output = run_cli("audit", f"{shared_server.url}/sandbox/shop", "--probe", "--fail-on", "never")
    assert output.code == 0
    assert output.stderr == (
        "probe: the sandbox has no active webhook target, so nothing was sent\n"
    )
