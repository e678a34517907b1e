"""Access control of the control API, and live views of a running server."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_clover.clover.common.problems import ApiError
from mock_clover.server.app.control_guard import ControlGuard
from mock_clover.server.housekeeping import IDLE_S, IdleSandboxReaper
from mock_clover.server.log import ExchangeLog
from tests.in_process import InProcessServer
from tests.raw_http import TIMEOUT_S, RawConnection, call, eventually, head
from tests.server_process import ServerProcess

OPEN = ControlGuard()
GUARDED = ControlGuard(token="s3cret", hosts=("clover.example.com",))
HOST = (
    "Host: the control API does not accept this host name; allow it with "
    "`mock-clover serve --control-host NAME`"
)
ORIGIN = "Origin: the control API does not accept requests from other origins"
TOKEN = "x-mock-clover-control: the control token is missing or invalid"


@pytest.mark.parametrize(
    ("gate", "headers", "refusal"),
    [
        (OPEN, {}, None),
        (OPEN, {"host": "localhost:4242"}, None),
        (OPEN, {"host": "LOCALHOST"}, None),
        (OPEN, {"host": "127.0.0.1:4242"}, None),
        (OPEN, {"host": "[::1]:4242"}, None),
        (OPEN, {"host": "[FE80::1]"}, None),
        (OPEN, {"host": "mock-clover:4242"}, None),
        (OPEN, {"host": "mock-clover.default.svc.cluster.local"}, None),
        (OPEN, {"host": "clover.test"}, None),
        (OPEN, {"host": "evil.com"}, HOST),
        (OPEN, {"host": "clover.example.com"}, HOST),
        (OPEN, {"host": "127.0.0.1.evil.com"}, HOST),
        (OPEN, {"host": "127.0.0.1.evil.com:4242"}, HOST),
        (OPEN, {"host": "[::1].evil.com"}, HOST),
        (OPEN, {"host": "localhost.evil.com"}, HOST),
        (OPEN, {"host": "eviltest.com"}, HOST),
        (ControlGuard(hosts=("Mock.Example.COM",)), {"host": "mock.example.com"}, None),
        (ControlGuard(hosts=("Mock.Example.COM",)), {"host": "MOCK.EXAMPLE.com:4242"}, None),
        (OPEN, {"host": "localhost:4242", "origin": "http://localhost:4242"}, None),
        (OPEN, {"host": "localhost:4242", "origin": "http://localhost:3000"}, ORIGIN),
        (OPEN, {"host": "localhost:4242", "origin": "https://evil.com"}, ORIGIN),
        (OPEN, {"host": "localhost:4242", "origin": "null"}, ORIGIN),
        (OPEN, {"host": "localhost", "sec-fetch-site": "cross-site"}, ORIGIN),
        (OPEN, {"host": "localhost", "sec-fetch-site": "same-site"}, ORIGIN),
        (OPEN, {"host": "localhost", "sec-fetch-site": "same-origin"}, None),
        (GUARDED, {"host": "localhost"}, TOKEN),
        (GUARDED, {"host": "localhost", "x-mock-clover-control": "s3cre"}, TOKEN),
        (GUARDED, {"host": "localhost", "x-mock-clover-control": "s3cret"}, None),
        (GUARDED, {"host": "clover.example.com", "x-mock-clover-control": "s3cret"}, None),
        (GUARDED, {"host": "evil.com", "x-mock-clover-control": "s3cret"}, HOST),
    ],
)
def test_control_guard(gate: ControlGuard, headers: dict[str, str], refusal: str | None) -> None:
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    try:
        gate.check(sent)
        result = None
    except ApiError as refused:
        result = (refused.problem.name, refused.message)
    assert result == (refusal and ("CONTROL_FORBIDDEN", refusal))


@pytest.mark.parametrize("token", ["", " ", "\n"])
def test_empty_control_token_is_rejected(token: str) -> None:
    with pytest.raises(ValueError, match="the control token must not be empty"):
        ControlGuard(token=token)


def test_rejected_control_call_changes_nothing(shared_server: ServerProcess) -> None:
    before = call(shared_server.port, "GET", "/_mock/clock").json["frozen"]
    got = call(shared_server.port, "PUT", "/_mock/clock", {"freeze": True}, host="evil.com")
    assert (got.status, got.json) == (403, {"message": HOST})
    assert "access-control-allow-origin" not in got.headers
    assert call(shared_server.port, "GET", "/_mock/clock").json["frozen"] is before


def test_clover_api_needs_no_control_token(shared_server: ServerProcess) -> None:
    got = call(shared_server.port, "GET", "/v1/charges", host="evil.com", origin="https://evil.com")
    assert got.status == 200


def test_control_can_be_switched_off(start_server: Callable[..., ServerProcess]) -> None:
    port = start_server("--no-control").port
    got, unknown = (call(port, "GET", path) for path in ("/_mock/journal", "/v1/nothing"))
    assert (got.status, got.body) == (unknown.status, unknown.body) == (404, unknown.body)
    assert call(port, "GET", "/v1/charges").status == 200


@pytest.mark.parametrize(
    "last",
    ["abc", "9" * 5_000, "-5", "\xb2", "4539-1488-0343-6467", "", "0", "9" * 18],
    ids=lambda last: ascii(last[:9]),
)
def test_any_last_event_id_opens_a_stream(shared_server: ServerProcess, last: str) -> None:
    with RawConnection(shared_server.port) as connection:
        expected = {"accept": "text/event-stream", "last-event-id": last}
        connection.send(head("GET", "/_mock/journal", headers=expected))
        first = eventually(lambda: connection.socket.recv(4_096))
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-type: text/event-stream\r\n" in first


def test_invalid_stream_filter_is_rejected(shared_server: ServerProcess) -> None:
    with RawConnection(shared_server.port) as connection:
        expected = {"accept": "text/event-stream"}
        got = connection.exchange(head("GET", "/_mock/journal?status=none", headers=expected))
    assert got.status == 400
    assert "status" in got.json["message"]


def test_the_journal_is_followed(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    server = start_server("--control-token", "s3cret")
    called = [sys.executable, "-m", "mock_clover", "journal", "--url", server.url]
    refused = subprocess.run(called, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    message = f'{server.url}/_mock/sandboxes/default returned 403: {{"message":"{TOKEN}"}}'
    assert (refused.returncode, refused.stderr) == (1, f"mock-clover: {message}\n")
    call(server.port, "GET", "/v1/charges")
    out = tmp_path / "followed"
    with out.open("wb") as sink:
        command = [*called, "--follow", "--json", "--control-token", "s3cret"]
        follower = subprocess.Popen(command, stdout=sink)
    try:
        for endpoint in ("list_charges", "list_refunds", "list_orders"):
            call(server.port, "GET", f"/v1/{endpoint.removeprefix('list_')}")
            eventually(lambda result=endpoint: result in out.read_text())
    finally:
        follower.terminate()
        follower.wait(TIMEOUT_S)
    seen = [json.loads(line) for line in out.read_text().splitlines()]
    assert [each["endpoint"] for each in seen][-3:] == [
        "list_charges",
        "list_refunds",
        "list_orders",
    ]
    assert [each["id"] for each in seen] == sorted({each["id"] for each in seen})


RULE = "name: mine\nrules:\n  - name: {name}\n    then: {{decline: {{decline_code: {code}}}}}\n"


def test_a_saved_scenario_is_reloaded_and_a_wrong_one_is_not(
    start_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    """However it is saved: in place, by a rename over it, or by changing a link."""
    real, file = tmp_path / "one", tmp_path / "mine.yaml"
    real.write_text(RULE.format(name="first", code="lost_card"))
    file.symlink_to(real)
    server = start_server("--scenario", str(file), "--watch")

    def in_force() -> str:
        return str(call(server.port, "GET", "/_mock/scenario").json["rules"])

    file.write_text(RULE.format(name="second", code="lost_card").replace("then", "thn"))
    eventually(lambda: "the current scenario stays active" in server.log.read_text())
    assert "did you mean `then`?" in server.log.read_text()
    assert "first" in in_force()
    file.write_text(RULE.format(name="third", code="stolen_card"))
    eventually(lambda: "third" in in_force())
    eventually(lambda: "mine.yaml reloaded: 0 cards, 1 rules" in server.log.read_text())
    part = tmp_path / "part"
    part.write_text(RULE.format(name="fourth", code="lost_card") + "data: {people: 1}\n")
    part.rename(file)
    eventually(lambda: "fourth" in in_force())
    said = "data and merchants apply only to sandboxes created from now on"
    eventually(lambda: said in server.log.read_text())
    other, link = tmp_path / "two", tmp_path / "link"
    other.write_text(RULE.format(name="fifth", code="lost_card"))
    link.symlink_to(other)
    link.rename(file)
    eventually(lambda: "fifth" in in_force())


def test_an_idle_sandbox_is_dropped_and_a_used_one_is_not(server: InProcessServer) -> None:
    for name in ("idle", "used"):
        server.sandboxes.get_or_create(name)
    idlers = IdleSandboxReaper(server.sandboxes, ExchangeLog(None, "none"))
    idlers.sweep(0.0)
    server.app.handle("GET", "/sandbox/used/v1/charges", b"", {}, b"")
    idlers.sweep(IDLE_S)
    idlers.sweep(IDLE_S + 1)
    assert {each.name for each in server.sandboxes} == {"default", "used"}
    idlers.sweep(2 * IDLE_S + 1)
    assert {each.name for each in server.sandboxes} == {"default"}
