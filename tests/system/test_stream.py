"""The journal as a stream: access, content for each reader, end, and cost."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.journal import ENTRIES_MAX, LINES_BYTES_MAX, Journal
from mock_clover.server.housekeeping import IDLE_S, IdleSandboxReaper
from mock_clover.server.log import ExchangeLog
from tests.in_process import InProcessServer
from tests.raw_http import TIMEOUT_S, RawConnection, call, head, request
from tests.server_process import ServerProcess

STREAM = {"accept": "text/event-stream", "host": "localhost"}
LOST = ": {} exchanges were missed"


class Reader:
    """A reader of a stream."""

    def __init__(self, port: int, path: str = "/_mock/journal", **headers: str) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        result = {name.replace("_", "-"): value for name, value in headers.items()}
        self._line.request("GET", path, headers=STREAM | result)
        self.reply = self._line.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def said(self) -> Iterator[str]:
        """Yield the lines of the stream until it ends."""
        while line := self.reply.readline():
            if text := line.decode().rstrip("\n"):
                yield text

    def events(self) -> Iterator[dict[str, Any]]:
        """Return the exchanges."""
        for line in self.said():
            if line.startswith("data: "):
                yield json.loads(line[6:])

    def first_line(self) -> str:
        """Return the first line: from then on the reader misses nothing."""
        return next(self.said())


def burst(port: int, count: int, path: str = "/v1/orders/x") -> None:
    """Send requests one after another on one connection."""
    requested = request("GET", path)
    with RawConnection(port) as connection:
        for _ in range(count // 100):
            connection.send(requested * 100)
            for _ in range(100):
                connection.read_response()


@pytest.mark.parametrize("slash", ["", "/"])
def test_streamed_exchange_matches_journal(shared_server: ServerProcess, slash: str) -> None:
    home = f"/sandbox/stream-told-{len(slash)}"
    with Reader(shared_server.port, f"{home}/_mock/journal{slash}") as reader:
        assert reader.reply.getheader("content-type") == "text/event-stream"
        assert reader.first_line() == ": alive"
        call(shared_server.port, "GET", f"{home}/v1/charges")
        call(shared_server.port, "POST", f"{home}/v1/charges", {})
        events = reader.events()
        result = [next(events), next(events)]
    assert result == call(shared_server.port, "GET", f"{home}/_mock/journal").json["data"]


def test_stream_requires_control_token(start_server: Callable[..., ServerProcess]) -> None:
    port = start_server("--control-token", "s3cret").port
    with Reader(port) as stranger:
        assert stranger.reply.status == 403
        message = "x-mock-clover-control: the control token is missing or invalid"
        assert json.loads(stranger.reply.read()) == {"message": message}
    with Reader(port, x_mock_clover_control="s3cret") as reader:
        assert (reader.reply.status, reader.first_line()) == (200, ": alive")
    with Reader(port, x_mock_clover_control="s3cret", origin="http://evil.example") as page:
        assert page.reply.status == 403


PLACES: dict[str, tuple[str, dict[str, str], list[int]]] = {
    "from now on": ("", {}, [4]),
    "after an id": ("", {"last_event_id": "1"}, [2, 3, 4]),
    "after an id of the query": ("?after=2", {}, [3, 4]),
    "the header counts more": ("?after=0", {"last_event_id": "2"}, [3, 4]),
    "all": ("?after=0", {}, [1, 2, 3, 4]),
    "after an id of another server's": ("", {"last_event_id": "900"}, [1, 2, 3, 4]),
    "of one operation": ("?after=0&endpoint=list_orders", {}, [2, 4]),
    "of one status": ("?after=0&status=404", {}, [3]),
    "of one path": ("?after=0&path=/v1/charges", {}, [1]),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_reader_begins_where_it_says(shared_server: ServerProcess, name: str) -> None:
    query, headers, expected = PLACES[name]
    home = f"/sandbox/stream-{list(PLACES).index(name)}"
    bearer = _bearer(shared_server.port, home)
    for path in ("/v1/charges", "/v1/orders", "/v1/orders/x"):
        call(shared_server.port, "GET", home + path, authorization=bearer)
    with Reader(shared_server.port, f"{home}/_mock/journal{query}", **headers) as reader:
        reader.first_line()
        call(shared_server.port, "GET", f"{home}/v1/orders", authorization=bearer)
        events = reader.events()
        assert [next(events)["id"] for _ in expected] == expected


def _bearer(port: int, home: str) -> str:
    name = home.rpartition("/")[2]
    known = call(port, "GET", f"{home}/_mock/sandboxes/{name}").json
    return f"Bearer {known['access_token']}"


def test_burst_is_streamed_completely_and_in_order(shared_server: ServerProcess) -> None:
    port, home = shared_server.port, "/sandbox/stream-burst"
    path = f"{home}/_mock/journal"
    with Reader(port, path) as one, Reader(port, f"{path}?status=401") as other:
        for reader in (one, other):
            assert reader.first_line() == ": alive"
        burst(port, 1_000, f"{home}/v1/orders/x")
        for reader in (one, other):
            events = reader.events()
            assert [next(events)["id"] for _ in range(1_000)] == list(range(1, 1_001))


ENDS: dict[str, tuple[str, str]] = {
    "dropped": ("DELETE", "/_mock/sandboxes/a"),
    "made anew": ("PUT", "/_mock/sandboxes/a"),
}


@pytest.mark.parametrize(("method", "path"), ENDS.values(), ids=ENDS)
def test_a_stream_ends_with_its_sandbox(
    shared_server: ServerProcess, method: str, path: str
) -> None:
    """And the reader that looks for it makes none."""
    call(shared_server.port, "PUT", "/_mock/sandboxes/a", {})
    with Reader(shared_server.port, "/sandbox/a/_mock/journal") as reader:
        assert reader.first_line() == ": alive"
        assert call(shared_server.port, method, path, {} if method == "PUT" else None).status == 200
        assert list(reader.said()) == [": the sandbox no longer exists"]
    listed = call(shared_server.port, "GET", "/_mock/sandboxes").json["data"]
    assert ("a" in [each["name"] for each in listed]) == (method == "PUT")
    call(shared_server.port, "DELETE", "/_mock/sandboxes/a")


def test_stream_survives_snapshot_and_scenario_change(shared_server: ServerProcess) -> None:
    port, home = shared_server.port, "/sandbox/stream-restored"
    snapshot = call(port, "GET", f"{home}/_mock/snapshot").json
    with Reader(port, f"{home}/_mock/journal") as reader:
        assert reader.first_line() == ": alive"
        assert call(port, "PUT", f"{home}/_mock/snapshot", snapshot).status == 200
        assert call(port, "PUT", f"{home}/_mock/scenario", {"name": "declines"}).status == 200
        call(port, "GET", f"{home}/v1/charges")
        assert next(reader.events())["path"] == "/v1/charges"


def memory_mb(server: ServerProcess) -> float:
    """Return the memory that a server uses."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


READERS, CALLS = 100, 2_000


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_readers_that_do_not_read_cost_no_memory(
    start_server: Callable[..., ServerProcess],
) -> None:
    """A gigabyte would be in the server if all lines were kept for each reader."""
    server = start_server()
    items = [{"amount": 100, "description": "x" * 60} for _ in range(60)]
    order = call(server.port, "POST", "/v1/orders", {"currency": "usd", "items": items}).json["id"]
    path = f"/v1/orders/{order}"
    size = len(call(server.port, "GET", path).body)
    assert READERS * CALLS * size > 1e9
    burst(server.port, ENTRIES_MAX, path)  # the journal is full
    idle = [_unread(server.port) for _ in range(READERS)]
    before = memory_mb(server)
    try:
        burst(server.port, CALLS, path)
        assert memory_mb(server) - before < 60
        with Reader(server.port) as reader:
            assert reader.first_line() == ": alive"
            call(server.port, "GET", "/v1/charges")
            assert next(reader.events())["path"] == "/v1/charges"
    finally:
        for line in idle:
            line.close()
    assert call(server.port, "GET", "/v1/charges").status == 200


def _unread(port: int) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    line.settimeout(TIMEOUT_S)
    line.connect(("127.0.0.1", port))
    line.sendall(head("GET", "/_mock/journal", headers=STREAM))
    assert line.recv(15) == b"HTTP/1.1 200 OK"
    return line


def test_a_slow_reader_is_told_what_it_missed(shared_server: ServerProcess) -> None:
    port, home = shared_server.port, "/sandbox/stream-slow"
    call(port, "GET", f"{home}/_mock/clock")
    burst(port, ENTRIES_MAX + 200, f"{home}/v1/orders/x")
    with Reader(port, f"{home}/_mock/journal?after=100") as reader:
        assert reader.first_line() == LOST.format(100)
        assert next(reader.events())["id"] == 201


def test_an_exchange_is_encoded_once_for_all_readers(server: InProcessServer) -> None:
    server.send("GET", "/v1/charges")
    journal = server.sandbox.journal
    (exchange,) = journal.after(0)
    line = journal.json_line(exchange)
    assert journal.json_line(exchange) is line
    assert json.loads(line) == server.send("GET", "/_mock/journal").json["data"][0]
    journal.clear_line_cache()
    assert journal.json_line(exchange) is not line


def entry(reply: bytes) -> Exchange:
    return Exchange(at_ms=0, endpoint="e", method="GET", path="/", status=200, why="", reply=reply)


def test_encoded_exchanges_are_bounded() -> None:
    journal = Journal()
    reply = b'"' + b"x" * 60_000 + b'"'
    for _ in range(100):
        journal.add(entry(reply))
    assert 100 * len(reply) > 2 * LINES_BYTES_MAX
    for exchange in journal.after(0):
        journal.json_line(exchange)
        saved = sum(map(len, journal._lines.values()))
        assert saved < LINES_BYTES_MAX + 70_000


@pytest.mark.parametrize(
    ("after", "expected"), [(0, [2, 3]), (1, [2, 3]), (2, [3]), (3, []), (9, [])]
)
def test_journal_since_id(monkeypatch: pytest.MonkeyPatch, after: int, expected: list[int]) -> None:
    monkeypatch.setattr("mock_clover.sandbox.journal.ENTRIES_MAX", 2)
    journal = Journal()
    for _ in range(3):
        journal.add(entry(b""))
    assert [each.number for each in journal.after(after)] == expected


def test_open_stream_keeps_sandbox_alive(server: InProcessServer) -> None:
    sandbox = server.sandboxes.get_or_create("a")
    idlers = IdleSandboxReaper(server.sandboxes, ExchangeLog(None, "none"))
    has_overrides: list[bool] = []

    def told() -> None:
        has_overrides.append(server.sandboxes.is_registered(sandbox))

    sandbox.journal.watchers.add(told)
    for now in (0.0, IDLE_S + 1, 2 * IDLE_S + 2):
        idlers.sweep(now)
    assert server.sandboxes.is_registered(sandbox)
    assert has_overrides == []
    server.sandboxes.delete("a")
    assert has_overrides == [False]


def test_the_server_ends_while_a_reader_is_connected(
    start_server: Callable[..., ServerProcess],
) -> None:
    server = start_server()
    with Reader(server.port) as reader:
        assert reader.first_line() == ": alive"
        assert server.stop() == 0  # the reader is still there
        assert list(reader.said()) == []
