"""The server over real sockets with both parsers: limits, timeouts, shutdown."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from mock_clover.server.app.app import BODY_BYTES_MAX
from mock_clover.server.serve import bind
from tests.fake_clock import (
    FAKE_CLOCK,
    FakeClockLoop,
    InProcessConnection,
    advance_30_seconds,
    count_calls,
    run,
    settle,
)
from tests.in_process import SEED, InProcessServer
from tests.raw_http import (
    PARSERS,
    TIMEOUT_S,
    RawConnection,
    RawResponse,
    call,
    chunked,
    command_with,
    eventually,
    head,
    make_token,
    request,
)
from tests.server_process import ServerProcess

StartServer = Callable[..., ServerProcess]

UNKNOWN = "ZZZZZZZZZZZZZ"
POURED_BYTES = 2_097_152
"""Bytes of an endless request within which the server must close the connection."""

TOO_LARGE = b'{"message":"413 Request Entity Too Large"}'

both_parsers = pytest.mark.parametrize("parser", PARSERS)


@pytest.fixture(scope="module", params=PARSERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server on each parser, shared by the tests of this file; its log must stay clean."""
    server = ServerProcess(tmp_path_factory.mktemp("sockets"), python=PARSERS[request.param])
    yield server.port
    server.stop()
    assert_clean(server)


@pytest.fixture
def connection(port: int) -> Iterator[RawConnection]:
    with RawConnection(port) as opened:
        yield opened


def assert_clean(server: ServerProcess) -> None:
    """Check that the log has no errors; call it when the server has stopped."""
    log = server.log.read_text()
    assert [word for word in ("Traceback", "Exception", "BUG", "Error") if word in log] == []


def shown(result: RawResponse, *names: str) -> tuple[Any, ...]:
    """Return status, these headers, and the body."""
    return (result.status, *(result.headers.get(name) for name in names), result.body)


# Limits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [BODY_BYTES_MAX + 1, 20 * BODY_BYTES_MAX])
@pytest.mark.parametrize("framing", ["a length", "chunks"])
def test_oversized_body_is_read_and_rejected(
    port: int, connection: RawConnection, size: int, framing: str
) -> None:
    body = b"x" * size
    if framing == "a length":
        response = connection.exchange(request("POST", "/v1/tokens", body))
    else:
        framed = {"transfer-encoding": "chunked"}
        response = connection.exchange(head("POST", "/v1/tokens", headers=framed) + chunked(body))
    assert shown(response, "connection") == (413, "close", TOO_LARGE)
    assert connection.read_to_end() == b""
    assert call(port, "GET", "/livez").status == 200


@pytest.mark.parametrize("framing", ["a length", "chunks"])
def test_body_of_maximum_size_is_accepted(connection: RawConnection, framing: str) -> None:
    body = b'{"card":{}}'.ljust(BODY_BYTES_MAX)
    if framing == "a length":
        response = connection.exchange(request("POST", "/v1/tokens", body))
    else:
        framed = {"transfer-encoding": "chunked"}
        response = connection.exchange(head("POST", "/v1/tokens", headers=framed) + chunked(body))
    assert (response.status, response.json["error"]["type"]) == (400, "invalid_request_error")
    assert connection.exchange(request("GET", "/livez")).status == 200


CHUNKED = head("POST", "/v1/tokens", headers={"transfer-encoding": "chunked"})
ENDLESS = {
    "a request line": (b"GET /", b"a" * 4_096),
    "one header": (b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ", b"v" * 4_096),
    "headers": (b"GET /livez HTTP/1.1\r\nhost: localhost\r\n", b"x-name: value\r\n" * 256),
    "a header behind a blank line": (b"\r\nGET /livez HTTP/1.1\r\nx: ", b"v" * 4_096),
    "a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nx: ", b"v" * 4_096),
}


@pytest.mark.parametrize(("first", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_endless_requests_are_aborted(
    port: int, connection: RawConnection, first: bytes, piece: bytes
) -> None:
    connection.send(first)
    result = connection.send_repeatedly(piece, POURED_BYTES)
    assert result[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400")
    assert call(port, "GET", "/livez").status == 200


CALLS_PER_BYTE_MAX = {"last chunks in chunks": 4}
"""Function calls per byte, where it is more than one."""
READ_BYTES = 262_144
"""What uvloop reads at once."""
HEAVY = {
    "stray pairs only": b"{}" * 500_000,
    "line ends and pairs in a body": request("POST", "/v1/tokens", b"\r\n\r\n{}" * 87_000),
    "last chunks in chunks": CHUNKED + chunked(b"0\r\n\r\n" * 20_000, 50_000),
    "chunks of one byte": CHUNKED + chunked(b"x" * 40_000, 1),
    "300,000 empty items": request(
        "POST", "/v1/orders", b'{"currency":5,"items":[%b]}' % b",".join([b"{}"] * 300_000)
    ),
    "80,000 unknown members": request(
        "POST", "/v1/orders", b"{%b}" % b",".join(b'"%d":{}' % n for n in range(80_000))
    ),
    "paths of digits": head("GET", "/v1/charges/" + ("3" * 499 + "x") * 128) * 6,
    "10,000 fields in a query": head("GET", "/v1/charges?" + "a=1&" * 10_000),
    "2,000 pipelined requests": request("GET", f"/v1/charges/{UNKNOWN}") * 2_000,
}


@pytest.mark.parametrize("heavy", HEAVY.values(), ids=HEAVY)
def test_other_clients_are_served_during_large_upload(port: int, heavy: bytes) -> None:
    with RawConnection(port) as other, RawConnection(port) as connection:
        with suppress(ConnectionError):  # the server may close it before
            connection.send(heavy[:-1])
        assert other.exchange(request("GET", "/livez")).status == 200
        connection.send_to_end(heavy[-1:])
        assert other.exchange(request("GET", "/livez")).status == 200


@pytest.mark.parametrize("name", HEAVY)
def test_the_work_for_heavy_bytes_grows_no_faster_than_the_bytes(
    server: InProcessServer, name: str
) -> None:
    """Counted, not timed: one read of the server blocks all other clients."""
    heavy = HEAVY[name]
    most = CALLS_PER_BYTE_MAX.get(name, 1) * len(heavy)

    async def main(_: FakeClockLoop) -> int:
        with InProcessConnection(server.app) as connection, count_calls(most) as calls:
            for at in range(0, len(heavy), READ_BYTES):
                connection.send(heavy[at : at + READ_BYTES])
            await settle()
        return calls[0]

    assert run(main) <= most


@both_parsers
def test_half_open_connections_are_closed(start_server: StartServer, parser: str) -> None:
    server = start_server(python=command_with(parser, *FAKE_CLOCK))
    halves = (
        b"",
        b"POST /v1/charges HTTP/1.1\r\nhost: localhost\r\nx-half: ",
        head("POST", "/v1/charges", headers={"content-length": "1000"}) + b'{"amount":',
        head("POST", "/v1/charges", headers={"transfer-encoding": "chunked"}) + b"5\r\n{",
    )
    with ExitStack() as stack:
        open_ = [stack.enter_context(RawConnection(server.port)) for _ in range(200)]
        for number, half in enumerate(open_):
            half.send(halves[number % len(halves)])
        for _ in range(5):
            body = {"amount": 1, "currency": "usd", "source": make_token(server.port)}
            assert call(server.port, "POST", "/v1/charges", body).status == 200
        assert all(half.is_silent() for half in open_)
        advance_30_seconds(server)
        ends = {half.read_to_end().partition(b"\r\n")[0] for half in open_}
    assert ends == {b"HTTP/1.1 408 Request Timeout", b""}
    assert len(call(server.port, "GET", "/v1/charges").json["data"]) == 5
    assert server.stop() == 0
    assert_clean(server)


def test_connections_send_without_waiting_for_acknowledgements() -> None:
    """Nagle's algorithm would delay a body that is written after its head."""
    with (
        bind("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


# HTTP details -------------------------------------------------------------------------------------


def test_http_1_0_is_answered_and_the_connection_closed(connection: RawConnection) -> None:
    response = connection.exchange(head("GET", "/livez", version="1.0"))
    assert (response.status, response.json["status"]) == (200, "alive")
    assert connection.read_to_end() == b""


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(connection: RawConnection) -> None:
    connection.send(
        head("POST", "/v1/tokens", headers={"content-length": "2", "expect": "100-continue"})
    )
    assert connection.read_response() == RawResponse(100, {}, b"")
    connection.send(b"{}")
    assert connection.read_response().status == 400
    assert connection.exchange(request("GET", "/livez")).status == 200


@pytest.mark.parametrize("path", ["/livez", "/v1/charges", f"/v1/charges/{UNKNOWN}", "/none", "/"])
def test_head_is_get_without_a_body(connection: RawConnection, path: str) -> None:
    got, headed = (connection.exchange(request(method, path)) for method in ("GET", "HEAD"))
    names = ("content-type", "content-length")
    assert (headed.status, headed.body) == (got.status, b"")
    assert [headed.headers[name] for name in names] == [got.headers[name] for name in names]
    assert connection.exchange(request("GET", "/livez")).status == 200


def test_pipelined_requests_are_answered_in_order(port: int, connection: RawConnection) -> None:
    charge = {"amount": 5, "currency": "usd", "source": make_token(port)}
    requested = [
        (request("GET", "/v1/charges/" + UNKNOWN), 404),
        (request("POST", "/v1/charges", charge), 200),
        (request("POST", "/v1/charges", charge), 400),
        (request("GET", "/livez"), 200),
        (request("POST", "/v1/tokens", b"{"), 400),
        (head("GET", "/v1/charges", auth=False), 401),
        (request("PATCH", "/v1/charges", b"{}"), 405),
        (request("GET", "/"), 200),
    ]
    connection.send(b"".join(data for data, _ in requested) * 10)
    charge_statuses = iter([200] + [400] * 9)
    for _ in range(10):
        expected = [status for _, status in requested]
        expected[1] = next(charge_statuses)
        assert [connection.read_response().status for _ in requested] == expected


UPGRADES = {
    "as Java spells it": {
        "connection": "Upgrade, HTTP2-Settings",
        "upgrade": "h2c",
        "http2-settings": "AAMAAABk",
    },
    "in capitals": {"CONNECTION": "UPGRADE", "UPGRADE": "h2c"},
    "to a WebSocket": {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "AA==",
    },
}
upgrades = pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)


@upgrades
@pytest.mark.parametrize("at_once", [True, False], ids=["in one segment", "one by one"])
def test_an_upgrade_is_declined_and_the_socket_goes_on(
    connection: RawConnection, upgrade: dict[str, str], at_once: bool
) -> None:
    first = request("GET", f"/v1/charges/{UNKNOWN}", headers=upgrade)
    second = request("GET", "/livez")
    if at_once:
        connection.send(first + second)
        got = [connection.read_response(), connection.read_response()]
    else:
        got = [connection.exchange(first), connection.exchange(second)]
    assert [result.status for result in got] == [404, 200]


@upgrades
@pytest.mark.parametrize("framing", ["a length", "chunks"])
def test_a_request_that_asks_for_an_upgrade_keeps_its_body(
    port: int, connection: RawConnection, upgrade: dict[str, str], framing: str
) -> None:
    """Java's own client does so with its first request, whatever that is."""
    charge = {"amount": 5, "currency": "usd", "source": make_token(port)}
    if framing == "a length":
        response = connection.exchange(request("POST", "/v1/charges", charge, headers=upgrade))
    else:
        framed = upgrade | {"transfer-encoding": "chunked"}
        data = chunked(json.dumps(charge).encode(), 7)
        response = connection.exchange(head("POST", "/v1/charges", headers=framed) + data)
    assert (response.status, response.json.get("amount")) == (200, 5)
    assert connection.exchange(request("GET", "/livez")).status == 200


POST = b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\n"
NOISE = {
    "a hello of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "zeros": bytes(100),
    "a path of bytes": b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a header without a colon": b"GET /livez HTTP/1.1\r\nhost localhost\r\n\r\n",
    "a header with NUL": b"GET /livez HTTP/1.1\r\nhost: localhost\r\nx: a\0b\r\n\r\n",
    "two lengths": POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
    "a negative length": POST + b"content-length: -1\r\n\r\n",
    "a length of words": POST + b"content-length: many\r\n\r\n",
    "a length of 30 digits": POST + b"content-length: 1%b\r\n\r\n" % (b"0" * 29),
    "a length of 5,000 digits": POST + b"content-length: 1%b\r\n\r\n" % (b"0" * 4_999),
    "an unknown coding": POST + b"transfer-encoding: zip\r\n\r\n",
    "a chunk of no size": CHUNKED + b"zz\r\n",
    "a chunk of 30 digits": CHUNKED + b"f" * 30 + b"\r\n",
    "a chunk that is too long": CHUNKED + b"2\r\n{}}}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_garbage_input_closes_connection(
    port: int, connection: RawConnection, noise: bytes
) -> None:
    connection.send(noise)
    connection.socket.shutdown(socket.SHUT_WR)
    lines = connection.read_to_end().split(b"\r\n")
    statuses = {line.split(b" ")[1] for line in lines if line.startswith(b"HTTP/1.1 ")}
    assert statuses <= {b"400", b"404"}
    assert call(port, "GET", "/livez").status == 200


TARGETS = {
    "an absolute address": "http://shop.example/livez",
    "an absolute address without a path": "http://shop.example",
    "a star": "*",
    "two slashes": "//",
    "slashes only": "/" * 2_000,
    "NUL": "/v1/charges/%00",
    "bytes that are no UTF-8": "/v1/charges/%ff%fe",
    "an encoded surrogate": "/v1/charges/%ed%a0%80",
    "bad escapes": "/v1/charges/%zz%",
    "line ends": "/v1/charges/%0d%0aSet-Cookie:%20a=b",
    "a path upwards": "/v1/../../etc/passwd",
    "an escaped path upwards": "/v1/%2e%2e/%2e%2e/etc/passwd",
    "the root of a sandbox": "/sandbox/x/",
    "a sandbox without a path": "/sandbox/x",
    "a sandbox of NUL": "/sandbox/%00/livez",
    "a sandbox within a sandbox": "/sandbox/a/sandbox/b/livez",
    "a line end after a sandbox": "/sandbox/x/%0a",
    "5,000 characters": "/v1/charges/" + "A" * 5_000,
    "1,000 segments": "/v1" * 1_000,
    "a NUL in the query": "/v1/charges?limit=%00&%00=%00",
    "bad escapes in the query": "/v1/charges?limit=%zz&%=%&a=%ff",
    "a fragment": "/livez#fragment",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_malformed_request_targets(port: int, target: str) -> None:
    with RawConnection(port) as connection:
        response = connection.exchange(head("GET", target))
    assert response.status in {200, 400, 401, 404}
    assert b"Traceback" not in response.body


HEADERS = {
    "200 of them": {f"x-{number}": "value" for number in range(200)},
    "a value that is no Latin": {"x-name": "\xff\xfe"},
    "a key of 8 KiB": {"idempotency-key": "k" * 8_192},
    "an empty authorization": {"authorization": "", "apikey": ""},
    "a host of bytes": {"host": "\xff\xfe"},
    "an unknown expectation": {"expect": "miracles"},
    "a range": {"range": "bytes=0-1"},
    "a cookie of 8 KiB": {"cookie": "c" * 8_192},
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_malformed_headers(connection: RawConnection, headers: dict[str, str]) -> None:
    response = connection.exchange(request("POST", "/v1/charges", {"amount": 1}, headers=headers))
    assert response.status in {400, 401}
    assert connection.exchange(request("GET", "/livez")).status in {200, 400}


# Disconnects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", ["with a goodbye", "without"])
@pytest.mark.parametrize("sent", ["all but blanks", "all of it"])
def test_disconnect_is_atomic(port: int, leave: str, sent: str) -> None:
    tokens = [make_token(port) for _ in range(10)]
    for token in tokens:
        requested = json.dumps({"amount": 7, "currency": "usd", "source": token}).encode()
        charge = request("POST", "/v1/charges", requested.ljust(1_000))
        connection = RawConnection(port)
        connection.send(charge[:-5] if sent == "all but blanks" else charge)
        connection.socket.close() if leave == "with a goodbye" else connection.reset()

    def seen() -> list[tuple[bool, bool, bool]]:
        """For each token: is it used, is its charge listed, is its charge in the journal."""
        listed = call(port, "GET", "/v1/charges?limit=100").json["data"]
        journal = call(port, "GET", "/_mock/journal?endpoint=create_charge&limit=1000").json["data"]
        sources = {row["source"]["id"] for row in listed if row["order"]}
        result = {row["reply"]["source"]["id"] for row in journal if row["status"] == 200}
        spent = [call(port, "GET", f"/v1/tokens/{token}").json for token in tokens]
        return [
            (view["tokenMeta"]["tokenStatus"] == "VERIFIED", token in sources, token in result)
            for token, view in zip(tokens, spent, strict=True)
        ]

    old, new = (False, False, False), (True, True, True)
    if sent == "all but blanks":
        assert seen() == [old] * 10
    else:  # a request in progress is complete a moment later
        eventually(lambda: set(seen()) <= {old, new})


# Shutdown -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parser", "number"),
    [("httptools", signal.SIGTERM), ("httptools", signal.SIGINT), ("h11", signal.SIGTERM)],
    ids=lambda each: getattr(each, "name", each),
)
def test_a_signal_ends_the_server_while_clients_are_connected(
    start_server: StartServer, parser: str, number: signal.Signals
) -> None:
    server = start_server(python=command_with(parser))
    with ExitStack() as stack:
        idle, saved, half_head, half_body = (
            stack.enter_context(RawConnection(server.port)) for _ in range(4)
        )
        half_head.send(b"POST /v1/charges HTT")
        half_body.send(head("POST", "/v1/charges", headers={"content-length": "9"}) + b"{")
        assert saved.exchange(request("GET", "/livez")).status == 200
        server.process.send_signal(number)
        assert server.process.wait(TIMEOUT_S) == 0
        assert [each.read_to_end() for each in (idle, saved, half_head, half_body)] == [b""] * 4
    assert_clean(server)


@pytest.mark.parametrize("parser", PARSERS)
def test_a_signal_ends_the_server_during_long_requests(
    start_server: StartServer, parser: str
) -> None:
    server = start_server(python=command_with(parser))
    rows = {"scenario": {"name": "people", "data": {"people": 10_000}}}
    with ExitStack() as stack:
        connections = [stack.enter_context(RawConnection(server.port)) for _ in range(10)]
        for number, connection in enumerate(connections):
            connection.send(request("PUT", f"/_mock/sandboxes/s{number}", rows))
        assert call(server.port, "GET", "/livez").status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(TIMEOUT_S) == 0
        answers = [connection.read_to_end() for connection in connections]
    assert [answer.partition(b"\r\n")[0] for answer in answers if b" 200 OK" in answer] == []
    assert_clean(server)


# Startup ------------------------------------------------------------------------------------------


def test_announced_port_accepts_connections(start_server: StartServer) -> None:
    server = start_server()
    assert call(server.port, "GET", "/livez").status == 200
    assert f"listening on http://127.0.0.1:{server.port}\n" in server.log.read_text()


def test_port_in_use_is_reported_in_one_line(shared_server: ServerProcess) -> None:
    command = [sys.executable, "-m", "mock_clover", "serve", "--port", str(shared_server.port)]
    completed = subprocess.run(
        command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    where = f"127.0.0.1 port {shared_server.port}"
    error = f"mock-clover: cannot listen on {where}: Address already in use\n"
    assert (completed.returncode, completed.stdout, completed.stderr) == (2, "", error)


def own_address() -> str:
    """Return an address of this machine that is not loopback, or ''. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1
        except OSError:
            return ""
        address = str(probe.getsockname()[0])
    return "" if address.startswith(("127.", "0.")) else address


def test_only_the_loopback_is_listened_to(shared_server: ServerProcess) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address other than loopback")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, shared_server.port), timeout=TIMEOUT_S)


# Slow readers, and many connections ---------------------------------------------------------------


def test_it_goes_on_answering_when_nobody_reads_its_output(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "mock_clover", "serve", "--port", "0", "--seed", SEED]
    process = subprocess.Popen(
        [*command, "--port-file", port_file], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        eventually(port_file.exists)
        with RawConnection(int(port_file.read_text())) as connection:
            for _ in range(50):
                connection.send(request("GET", f"/v1/charges/{UNKNOWN}") * 100)
                assert [connection.read_response().status for _ in range(100)] == [404] * 100
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.communicate()


def test_fifty_charges_at_once_under_one_key_are_one_charge(port: int) -> None:
    source = make_token(port)
    requested = request(
        "POST",
        "/v1/charges",
        {"amount": 50, "currency": "usd", "source": source},
        headers={"idempotency-key": f"fifty-{source}"},
    )
    with ExitStack() as stack:
        wires = [stack.enter_context(RawConnection(port)) for _ in range(50)]
        with ThreadPoolExecutor(50) as pool:
            result = list(pool.map(lambda connection: connection.exchange(requested), wires))
    assert {each.status for each in result} == {200}
    assert len({each.body for each in result}) == 1
    listed = call(port, "GET", "/v1/charges?limit=100").json["data"]
    assert [row["amount"] for row in listed if row["source"]["id"] == source] == [50]
