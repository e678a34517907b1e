"""Faults as seen by a client: events on a real socket, before or after the request is processed."""

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from mock_clover.sandbox.credentials import derive_credentials
from mock_clover.server.app.faults import DRIBBLE_CHUNK_BYTES
from tests.bench.machine import rss_bytes
from tests.fake_clock import PROTOCOLS, FakeClockLoop, InProcessConnection, get, run, settle
from tests.in_process import SEED, VISA, InProcessServer, MakeServer
from tests.raw_http import (
    TIMEOUT_S,
    RawConnection,
    RawResponse,
    call,
    command_with,
    eventually,
    request,
)
from tests.server_process import ServerProcess
from tests.system.test_sockets import assert_clean

StartServer = Callable[..., ServerProcess]

KEY = {"idempotency-key": "k"}
HEAD_END = b"\r\n\r\n"
_numbers = itertools.count()


class Shop:
    """A sandbox on a server, with a customer whose card is saved."""

    def __init__(self, port: int, **settings: Any) -> None:
        self.port, self.name = port, f"faults-{next(_numbers)}"
        credentials = derive_credentials(SEED, self.name)
        self._opens = {
            "authorization": f"Bearer {credentials.access_token}",
            "apikey": credentials.api_key,
        }
        assert call(port, "PUT", f"/_mock/sandboxes/{self.name}", settings).status == 200
        card = {"number": VISA, "exp_month": "12", "exp_year": "2035", "cvv": "123"}
        source = self.send("POST", "/v1/tokens", {"card": card}).json["id"]
        saved = self.send("POST", "/v1/customers", {"email": "a@example.com", "source": source})
        self.source = saved.json["id"]

    def asked(self, method: str, path: str, body: Any = None, **headers: str) -> bytes:
        """Return a request to this sandbox."""
        path = f"/sandbox/{self.name}{path}"
        return request(method, path, body, headers=self._opens | headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> RawResponse:
        """Send a request on a new connection."""
        with RawConnection(self.port) as connection:
            return connection.exchange(self.asked(method, path, body, **headers))

    def charge(self, amount: int = 5, **headers: str) -> bytes:
        """Return a request for a charge."""
        body = {"amount": amount, "currency": "usd", "source": self.source}
        return self.asked("POST", "/v1/charges", body, **headers)

    def fault(self, **fault: Any) -> dict[str, Any]:
        """Set a fault for charges."""
        response = self.send("POST", "/_mock/faults", {"endpoint": "create_charge"} | fault)
        assert response.status == 200, response
        return dict(response.json)

    def amounts(self) -> list[int]:
        """Return the amounts of charges, oldest first."""
        listed = self.send("GET", "/v1/charges?limit=100").json["data"]
        return [row["amount"] for row in reversed(listed)]

    def journal(self) -> list[tuple[int | None, str | None]]:
        """Return status and fault of each charge request."""
        result = self.send("GET", "/_mock/journal?endpoint=create_charge").json["data"]
        return [(row["status"], row.get("fault")) for row in result]


@pytest.fixture(scope="module")
def fault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that the tests of this file share; its log must stay clean."""
    started = ServerProcess(tmp_path_factory.mktemp("faults"))
    yield started
    started.stop()
    assert_clean(started)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server without httptools."""
    started = ServerProcess(tmp_path_factory.mktemp("plain"), python=command_with("h11"))
    yield started
    started.stop()


@pytest.fixture
def shop(fault_server: ServerProcess) -> Shop:
    return Shop(fault_server.port)


def fault_of(text: str) -> dict[str, str]:
    """Return the header that sets a fault."""
    return {"x-mock-clover-fault": text}


def end_of(connection: RawConnection) -> tuple[str, bytes]:
    """Return how the server ended a connection, and the bytes before that."""
    received = b""
    try:
        while chunk := connection.socket.recv(65_536):
            received += chunk
    except ConnectionResetError:
        return "reset", received
    return "ended", received


def hangs(shop: Shop, connection: RawConnection, calls: int = 1) -> bool:
    """Return whether a connection is open and silent when the server has processed its request.

    `calls` is the number of charge requests of the sandbox by then.
    """
    eventually(lambda: len(shop.journal()) == calls)
    assert call(shop.port, "GET", "/livez").status == 200
    return connection.is_silent()


def parts(received: bytes) -> tuple[int, int, bytes]:
    """Return the status, the announced length, and the body that was received."""
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(line for line in lines if line.startswith(b"content-length:"))
    return int(lines[0].split(b" ")[1]), int(length.split(b":")[1]), body


def is_whole(received: bytes) -> bool:
    """Return whether as much of a response was received as its head announces."""
    if HEAD_END not in received:
        return False
    _, promised, body = parts(received)
    return len(body) == promised


# Every kind, before and after processing ----------------------------------------------------------

KINDS = ("delay", "problem", "drop", "hang", "truncate", "garbage", "dribble")
WHENS = {"before_commit": [], "after_commit": [5]}
"""When a fault happens, and the charges then."""


@pytest.mark.parametrize("when", WHENS)
def test_a_drop_is_a_reset(fault_server: ServerProcess, shop: Shop, when: str) -> None:
    shop.fault(kind="drop", when=when, times=1)
    with RawConnection(fault_server.port) as connection:
        connection.send(shop.charge())
        with pytest.raises(ConnectionResetError):
            connection.read_response()
    assert shop.amounts() == WHENS[when]
    assert shop.journal() == [(None, f"drop {when}")]


@pytest.mark.parametrize("when", WHENS)
def test_truncate(fault_server: ServerProcess, shop: Shop, when: str) -> None:
    shop.fault(kind="truncate", when=when, times=1)
    with RawConnection(fault_server.port) as connection:
        connection.send(shop.charge())
        status, promised, body = parts(connection.read_to_end())
    assert status == (503 if when == "before_commit" else 200)
    assert 0 < len(body) < promised
    assert shop.amounts() == WHENS[when]
    whole = shop.send("GET", "/v1/charges?limit=1").json["data"]
    assert not whole or body.startswith(f'{{"id":"{whole[0]["id"]}"'.encode())


@pytest.mark.parametrize("when", WHENS)
def test_garbage_is_no_http(fault_server: ServerProcess, shop: Shop, when: str) -> None:
    shop.fault(kind="garbage", when=when, times=1)
    with RawConnection(fault_server.port) as connection:
        connection.send(shop.charge())
        received = connection.read_to_end()
    assert received
    assert not received.startswith(b"HTTP/")
    assert shop.amounts() == WHENS[when]


@pytest.mark.parametrize("when", WHENS)
def test_a_hang_sends_nothing_and_others_are_answered(
    fault_server: ServerProcess, shop: Shop, when: str
) -> None:
    shop.fault(kind="hang", when=when, times=1)
    with RawConnection(fault_server.port) as hung, RawConnection(fault_server.port) as other:
        hung.send(shop.charge())
        eventually(lambda: shop.journal() == [(None, f"hang {when}")])
        assert other.exchange(request("GET", "/livez")).status == 200
        assert shop.amounts() == WHENS[when]
        assert hung.is_silent()


@pytest.mark.parametrize("when", WHENS)
def test_a_dribble_arrives_whole(fault_server: ServerProcess, shop: Shop, when: str) -> None:
    shop.fault(kind="dribble", when=when, times=1, delay_ms=1)
    with RawConnection(fault_server.port) as connection:
        assert connection.exchange(shop.charge()).status == (
            503 if when == "before_commit" else 200
        )
        assert (
            connection.exchange(shop.asked("GET", "/v1/charges")).status == 200
        )  # the socket goes on
    assert shop.amounts() == WHENS[when]


def test_a_dribble_sends_one_piece_each_delay(server: InProcessServer) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app) as connection:
            connection.send(
                request("GET", "/v1/charges", headers=fault_of("dribble delay_ms=1000"))
            )
            await settle()
            pieces = [connection.taken()]
            while not is_whole(b"".join(pieces)):
                await loop.advance(0.999)
                assert connection.is_silent()
                await loop.advance(0.001)
                pieces.append(connection.taken())
        assert {len(piece) for piece in pieces[:-1]} == {DRIBBLE_CHUNK_BYTES}
        assert len(pieces) > 10

    run(main)


@pytest.mark.parametrize(
    ("problem", "status"), [("RATE_LIMITED", 429), ("SANDBOX_FULL", 503), ("UNAUTHORIZED", 401)]
)
@pytest.mark.parametrize("when", WHENS)
def test_problem_before_and_after_commit(shop: Shop, when: str, problem: str, status: int) -> None:
    shop.fault(kind="problem", when=when, problem=problem, times=1)
    with RawConnection(shop.port) as connection:
        assert connection.exchange(shop.charge()).status == status
        assert connection.exchange(shop.asked("GET", "/v1/charges")).status == 200
    assert shop.amounts() == WHENS[when]
    assert shop.journal() == [(status, f"problem {problem} {when}")]


parsers = pytest.mark.parametrize("parser", PROTOCOLS)


@parsers
@pytest.mark.parametrize("when", WHENS)
def test_a_delay_lasts_delay_ms_and_others_are_answered_meanwhile(
    server: InProcessServer, parser: str, when: str
) -> None:
    body = {"amount": 5, "currency": "usd", "source": server.token()}
    headers = fault_of(f"delay {when} delay_ms=150")

    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(request("POST", "/v1/charges", body, headers=headers))
            connection.send(request("GET", "/v1/charges"))
            await loop.advance(0.149)
            assert connection.is_silent()
            listed = await get(server.app, "/v1/charges")
            assert [row["amount"] for row in listed.json["data"]] == WHENS[when]
            await loop.advance(0.001)
            assert connection.read_response().json["amount"] == 5
            assert (
                len(connection.read_response().json["data"]) == 1
            )  # what was pipelined behind the delay

    run(main)


def test_jitter_stays_within_its_bounds(server: InProcessServer) -> None:
    body = {"kind": "delay", "delay_ms": 50, "jitter_ms": 100, "endpoint": "list_charges"}
    assert server.send("POST", "/_mock/faults", body).status == 200
    replies = [
        server.app.handle(
            "GET", "/v1/charges", b"", {b"authorization": server.sandbox.bearer_header}, b""
        )
        for _ in range(200)
    ]
    waits = [reply.ms for reply in replies]
    assert min(waits) >= 50
    assert max(waits) <= 150
    assert len(set(waits)) > 50


def test_jitter_follows_from_the_seed(make_server: MakeServer) -> None:
    def waits() -> list[int]:
        server = make_server()
        body = {"kind": "delay", "jitter_ms": 10_000}
        server.send("POST", "/_mock/faults", body)
        header = {b"authorization": server.sandbox.bearer_header}
        return [server.app.handle("GET", "/v1/charges", b"", header, b"").ms for _ in range(9)]

    assert waits() == waits()


# Count, lifetime and origin -----------------------------------------------------------------------


def reset(connection: RawConnection, data: bytes) -> bool:
    """Return whether a request ends in a reset."""
    try:
        connection.exchange(data)
    except ConnectionResetError:
        return True
    return False


@pytest.mark.parametrize("when", WHENS)
def test_a_fault_of_two_times_lets_the_third_through(shop: Shop, when: str) -> None:
    shop.fault(kind="drop", when=when, times=2)
    ends = []
    for amount in (1, 2, 3):
        with RawConnection(shop.port) as connection:
            ends.append(reset(connection, shop.charge(amount)))
    assert ends == [True, True, False]
    assert shop.amounts() == ([3] if when == "before_commit" else [1, 2, 3])
    assert shop.send("GET", "/_mock/faults").json == {"data": []}


@pytest.mark.parametrize("kind", ["drop", "truncate", "garbage", "hang", "problem"])
def test_a_retry_with_the_same_key_gets_the_first_charge(shop: Shop, kind: str) -> None:
    more = {"problem": "RATE_LIMITED"} if kind == "problem" else {}
    shop.fault(kind=kind, when="after_commit", times=2, **more)
    for number in (1, 2):
        with RawConnection(shop.port) as connection:
            connection.send(shop.charge(7, **KEY))
            if kind == "hang":
                assert hangs(shop, connection, number)
            elif kind == "problem":
                assert connection.read_response().status == 429
            else:
                assert end_of(connection)[0] == ("reset" if kind == "drop" else "ended")
    first = shop.send("GET", "/v1/charges")
    got = []
    for _ in range(2):
        with RawConnection(shop.port) as connection:
            got.append(connection.exchange(shop.charge(7, **KEY)))
    second = shop.send("GET", "/v1/charges")
    assert shop.amounts() == [7]
    assert got[0].body == got[1].body
    assert got[0].json["id"] == first.json["data"][0]["id"]
    assert first.body == second.body


def test_a_retry_without_the_key_charges_twice(shop: Shop) -> None:
    shop.fault(kind="drop", when="after_commit", times=1)
    with RawConnection(shop.port) as connection:
        assert reset(connection, shop.charge(7))
    with RawConnection(shop.port) as connection:
        assert not reset(connection, shop.charge(7))
    assert shop.amounts() == [7, 7]


def test_key_is_unused_after_before_commit_fault(shop: Shop) -> None:
    shop.fault(kind="drop", when="before_commit", times=1)
    with RawConnection(shop.port) as connection:
        assert reset(connection, shop.charge(7, **KEY))
    with RawConnection(shop.port) as connection:
        assert connection.exchange(shop.charge(8, **KEY)).json["amount"] == 8


def test_a_fault_ends_on_the_sandbox_clock(shop: Shop) -> None:
    now_ms = shop.send("PUT", "/_mock/clock", {"freeze": True}).json["now_ms"]
    added = shop.fault(kind="problem", problem="RATE_LIMITED", ttl_ms=60_000)
    assert added["until_ms"] == now_ms + 60_000
    body = {"amount": 5, "currency": "usd", "source": shop.source}
    statuses = []
    for step in ("59s", "999ms", "1ms"):
        shop.send("PUT", "/_mock/clock", {"advance": step})
        statuses.append(shop.send("POST", "/v1/charges", body).status)
    assert statuses == [429, 429, 200]
    assert shop.send("GET", "/_mock/faults").json == {"data": []}


HEADERS = {
    "drop after_commit": ("reset", [5]),
    "after_commit drop": ("reset", [5]),
    "drop before_commit": ("reset", []),
    "drop": ("reset", []),
    "hang": ("open", []),
    "hang after_commit": ("open", [5]),
    "garbage after_commit": ("ended", [5]),
    "kind=truncate when=after_commit": ("ended", [5]),
}


@pytest.mark.parametrize(("header", "end", "left"), [(h, *e) for h, e in HEADERS.items()])
def test_fault_by_header(shop: Shop, header: str, end: str, left: list[int]) -> None:
    with RawConnection(shop.port) as connection:
        connection.send(shop.charge(**fault_of(header)))
        assert hangs(shop, connection) if end == "open" else end_of(connection)[0] == end
    assert shop.amounts() == left


KIND_LIST = ", ".join(KINDS)
BAD_HEADERS = {
    "drp": "x-mock-clover-fault: unknown word 'drp'; did you mean `drop`?",
    "drop tims=2": "x-mock-clover-fault: Object contains unknown field `tims`; "
    "did you mean `times`?",
    "delay delay_ms=x": 'x-mock-clover-fault: delay_ms is "x"; must be an integer',
    "after_commit": f"x-mock-clover-fault: kind is missing; it is required, one of {KIND_LIST}",
}


@pytest.mark.parametrize(("header", "message"), BAD_HEADERS.items(), ids=BAD_HEADERS)
def test_a_header_that_is_no_fault_is_refused(shop: Shop, header: str, message: str) -> None:
    with RawConnection(shop.port) as connection:
        response = connection.exchange(shop.charge(**{"x-mock-clover-fault": header}))
    assert (response.status, response.json) == (400, {"message": message})
    assert shop.amounts() == []


def test_the_shipped_lost_replies(fault_server: ServerProcess) -> None:
    shop = Shop(fault_server.port, scenario="lost-replies")
    ends = []
    for amount in (1, 2, 3):
        with RawConnection(fault_server.port) as connection:
            ends.append(reset(connection, shop.charge(amount)))
    assert (ends, shop.amounts()) == ([True, True, False], [1, 2, 3])


def test_a_rule_has_a_fault_beside_its_outcome(shop: Shop) -> None:
    rule = {
        "when": {"amount": 13},
        "then": {"approve": {}, "fault": {"kind": "drop", "when": "after_commit"}},
    }
    shop.send("PUT", "/_mock/scenario", {"name": "x", "rules": [rule]})
    ends = []
    for amount in (13, 14):
        with RawConnection(shop.port) as connection:
            ends.append(reset(connection, shop.charge(amount)))
    assert (ends, shop.amounts()) == ([True, False], [13, 14])


@pytest.mark.parametrize("kind", ["drop", "truncate", "garbage"])
def test_fault_of_a_rule_applies_to_a_request_that_was_delayed(shop: Shop, kind: str) -> None:
    fault = {"kind": kind, "when": "after_commit"}
    rule = {"when": {"endpoint": "create_charge"}, "then": {"fault": fault}}
    assert shop.send("PUT", "/_mock/scenario", {"name": "late", "rules": [rule]}).status == 200
    with RawConnection(shop.port) as connection:
        connection.send(shop.charge(**fault_of("delay delay_ms=1")))
        if kind == "drop":
            with pytest.raises(ConnectionResetError):
                connection.read_response()
        else:
            received = connection.read_to_end()
            assert received.startswith(b"HTTP/") == (kind == "truncate")
            assert b"}" not in received[-1:]
    assert shop.amounts() == [5]
    assert [fault for _, fault in shop.journal()] == [f"{kind} after_commit"]


def test_rule_fault_before_commit(shop: Shop) -> None:
    rule = {"when": {"amount": 13}, "then": {"fault": {"kind": "drop", "when": "before_commit"}}}
    shop.send("PUT", "/_mock/scenario", {"name": "x", "rules": [rule]})
    with RawConnection(shop.port) as connection:
        assert reset(connection, shop.charge(13))
    assert shop.amounts() == []


@pytest.mark.parametrize("kind", KINDS)
def test_fault_of_other_endpoint_does_not_apply(shop: Shop, kind: str) -> None:
    more = {"problem": "RATE_LIMITED"} if kind == "problem" else {}
    shop.fault(kind=kind, endpoint="create_refund", delay_ms=60_000, **more)
    with RawConnection(shop.port) as connection:
        assert connection.exchange(shop.charge()).status == 200


def test_odds_are_drawn_from_the_seed(make_server: MakeServer) -> None:
    def statuses() -> list[int]:
        server = make_server()
        fault = {"kind": "problem", "problem": "RATE_LIMITED", "odds": 0.5}
        assert server.send("POST", "/_mock/faults", fault).status == 200
        return [server.send("GET", "/v1/charges").status for _ in range(100)]

    first = statuses()
    assert 25 <= first.count(429) <= 75
    assert first.count(200) == 100 - first.count(429)
    assert statuses() == first


# Other requests on the same socket ----------------------------------------------------------------


@pytest.mark.parametrize("when", WHENS)
def test_pipelined_requests_behind_a_delay_keep_their_order(
    server: InProcessServer, when: str
) -> None:
    def charge(amount: int, **headers: str) -> bytes:
        body = {"amount": amount, "currency": "usd", "source": server.token()}
        return request("POST", "/v1/charges", body, headers=headers)

    body = [
        (charge(1, **fault_of(f"delay {when} delay_ms=100")), 200),
        (request("GET", "/v1/charges"), 200),
        (request("GET", "/v1/charges/ZZZZZZZZZZZZZ"), 404),
        (charge(2), 200),
        (request("GET", "/"), 200),
        (request("GET", "/v1/charges"), 200),
    ]

    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app) as connection:
            connection.send(b"".join(data for data, _ in body))
            await settle()
            assert connection.is_silent()
            await loop.advance(0.1)
            result = [connection.read_response() for _ in body]
        assert [each.status for each in result] == [status for _, status in body]
        assert [len(result[at].json["data"]) for at in (1, 5)] == [1, 2]

    run(main)


@pytest.mark.parametrize("kind", ["drop", "truncate", "garbage"])
def test_pipelined_request_after_close_is_not_processed(shop: Shop, kind: str) -> None:
    shop.fault(kind=kind, when="after_commit", times=1)
    with RawConnection(shop.port) as connection:
        connection.send(shop.charge(1) + shop.charge(2))
        end_of(connection)
    assert shop.amounts() == [1]


@pytest.mark.parametrize("fault", ["delay delay_ms=1 after_commit", "dribble after_commit"])
def test_head_has_no_body_however_it_comes(shop: Shop, fault: str) -> None:
    with RawConnection(shop.port) as connection:
        data = shop.asked("HEAD", "/v1/charges", **{"x-mock-clover-fault": fault})
        assert connection.exchange(data).body == b""
        assert connection.exchange(request("GET", "/livez")).status == 200


def test_bytes_after_hang_are_discarded(fault_server: ServerProcess, shop: Shop) -> None:
    shop.fault(kind="hang", times=1)
    before = rss_bytes(fault_server.process.pid)
    piece = b"GET /livez HTTP/1.1\r\n" + b"x: y\r\n" * 174_000
    left, refusals = 24 * len(piece), 0
    with (
        RawConnection(fault_server.port) as connection,
        RawConnection(fault_server.port) as other,
        suppress(ConnectionError),
    ):
        connection.send(shop.charge(1))
        connection.socket.setblocking(False)
        while left > 0 and refusals < 3:  # not read, or closed: both bound the memory
            try:
                left -= connection.socket.send(piece)
                refusals = 0
            except BlockingIOError:  # the buffers are full; the server may read meanwhile
                refusals += 1
                assert other.exchange(request("GET", "/livez")).status == 200
    grown = rss_bytes(fault_server.process.pid) - before
    assert grown < 12 * 1_048_576


# Disconnects and shutdown -------------------------------------------------------------------------


def open_files(fault_server: ServerProcess) -> int:
    return len(list(Path(f"/proc/{fault_server.process.pid}/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
@pytest.mark.parametrize("leave", ["with a goodbye", "without"])
@pytest.mark.parametrize(
    "fault",
    [
        "delay before_commit delay_ms=20",
        "delay after_commit delay_ms=20",
        "hang before_commit",
        "hang after_commit",
        "dribble after_commit delay_ms=5",
    ],
)
def test_client_disconnect(fault_server: ServerProcess, shop: Shop, fault: str, leave: str) -> None:
    before = open_files(fault_server)
    for _ in range(10):
        connection = RawConnection(fault_server.port)
        connection.send(shop.charge(**{"x-mock-clover-fault": fault}))
        connection.socket.close() if leave == "with a goodbye" else connection.reset()
    assert call(fault_server.port, "GET", "/livez").status == 200
    eventually(lambda: open_files(fault_server) <= before)
    if "after_commit" in fault:
        eventually(lambda: len(shop.amounts()) <= 10)
    assert call(fault_server.port, "GET", "/livez").status == 200


@parsers
def test_shutdown_during_delayed_responses(start_server: StartServer, parser: str) -> None:
    """It does not wait for them: each would take longer than the test waits for the exit."""
    fault_server = start_server(python=command_with(parser))
    shop = Shop(fault_server.port)
    faults = [
        f"{kind} after_commit"
        for kind in ("delay delay_ms=600000", "hang", "dribble delay_ms=600000")
    ]
    with ExitStack() as stack:
        for fault in (*faults, "delay delay_ms=600000"):
            connection = stack.enter_context(RawConnection(fault_server.port))
            connection.send(shop.charge(**fault_of(fault)))
        waits = stack.enter_context(RawConnection(fault_server.port))
        waits.send(shop.asked("GET", "/_mock/journal?wait=999&wait_ms=60000"))
        eventually(lambda: len(shop.journal()) == len(faults))
        fault_server.process.send_signal(signal.SIGTERM)
        assert fault_server.process.wait(TIMEOUT_S / 2) == 0
    assert_clean(fault_server)


# Without httptools ------------------------------------------------------------------------------

H11 = {"drop": "reset", "hang": "", "truncate": "ended", "garbage": "ended"}


@pytest.mark.parametrize("kind", H11)
def test_faults_are_socket_events_on_h11_too(plain: ServerProcess, kind: str) -> None:
    shop = Shop(plain.port)
    shop.fault(kind=kind, when="after_commit", times=1)
    with RawConnection(plain.port) as connection:
        connection.send(shop.charge())
        if kind == "hang":
            assert hangs(shop, connection)
        else:
            end, received = end_of(connection)
            assert end == H11[kind]
            assert kind == "truncate" or not received.startswith(b"HTTP/")
    assert shop.amounts() == [5]
