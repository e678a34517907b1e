"""Requests that share a connection or the server's memory, on both parsers."""

import contextlib
import random
from typing import Any

import pytest

from mock_clover.server.app import long_poll
from mock_clover.server.protocol import base
from mock_clover.server.serve import State
from tests.bench.machine import rss_bytes
from tests.fake_clock import PROTOCOLS, FakeClockLoop, InProcessConnection, run, settle
from tests.in_process import InProcessServer
from tests.raw_http import (
    PARSERS,
    RawConnection,
    RawResponse,
    command_with,
    head,
    request,
)
from tests.server_process import ServerProcess

UNKNOWN = "/v1/charges/ZZZZZZZZZZZZZ"
MIB = 1_048_576
parsers = pytest.mark.parametrize("parser", PROTOCOLS)


# In order and whole -------------------------------------------------------------------------------


def chunks(end: bytes = b"0\r\n\r\n", **headers: str) -> bytes:
    """Return a chunked request that is answered with 400."""
    coding = {"transfer-encoding": "chunked"} | headers
    return head("POST", "/v1/tokens", headers=coding) + b"2\r\n{}\r\n" + end


DELAY = {"x-mock-clover-fault": "delay after_commit delay_ms=300"}
DRIBBLE = {"x-mock-clover-fault": "dribble after_commit delay_ms=300"}
MIXED = {"coNNection": "UpGrade, HTTP2-Settings", "UpGrade": "h2c", "HTTP2-SettingS": "AAMAAABk"}
TRAILER, EXTENSION = b"0\r\nx: y\r\n\r\n", b"0;a=b\r\n\r\n"
THEN = request("GET", UNKNOWN)
LAST = request("GET", "/livez")
STREAMS: dict[str, tuple[list[bytes], list[int]]] = {
    "a delayed request with a trailer": ([chunks(TRAILER, **DELAY) + THEN + LAST], [400, 404, 200]),
    "a delayed one with an extension": ([chunks(EXTENSION, **DELAY) + THEN], [400, 404]),
    "a dribbled one with a trailer": ([chunks(TRAILER, **DRIBBLE) + THEN], [400, 404]),
    "a dribbled one with an extension": ([chunks(EXTENSION, **DRIBBLE) + THEN], [400, 404]),
    "a delayed one in pieces": (
        [THEN + b"GE", request("GET", "/v1/charges", headers=DELAY)[2:] + LAST],
        [404, 200, 200],
    ),
    "an upgrade in mixed case": (
        [request("POST", "/v1/tokens", b"{}", headers=MIXED) + LAST],
        [400, 200],
    ),
    "an upgrade in pieces": (
        [
            LAST + b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\nUpGr",
            b"ade: h2c\r\nconnection: Upgrade\r\ncontent-length: 2\r\n\r\n{}" + LAST,
        ],
        [200, 401, 200],
    ),
    "a length in pieces": (
        [
            LAST + b"POST /v1/tokens HTTP/1.1\r\nhost: localhost\r\ncontent-len",
            b"gth: 2\r\n\r\n{",
            b"}" + THEN,
        ],
        [200, 401, 404],
    ),
}


async def responses(
    loop: FakeClockLoop, connection: InProcessConnection, number: int
) -> list[RawResponse]:
    """Let time pass, then read responses."""
    for _ in range(200):
        await loop.advance(0.3)
    return [connection.read_response() for _ in range(number)]


@parsers
@pytest.mark.parametrize("name", STREAMS)
def test_responses_come_in_order_and_whole(server: InProcessServer, parser: str, name: str) -> None:
    segments, statuses = STREAMS[name]

    async def main(loop: FakeClockLoop) -> list[int]:
        with InProcessConnection(server.app, parser) as connection:
            for segment in segments:
                connection.send(segment)
            return [each.status for each in await responses(loop, connection, len(statuses))]

    assert run(main) == statuses


@parsers
def test_requests_are_answered_however_they_are_cut(server: InProcessServer, parser: str) -> None:
    posts = [request("POST", "/v1/tokens", b'{"n":"%b"}' % (b"x" * n)) for n in (5, 900, 70_000)]
    stream = b"".join(posts) + LAST
    draw = random.Random(1)
    cuts = [sorted(draw.sample(range(1, len(stream)), 3)) for _ in range(50)]

    async def main(_: FakeClockLoop) -> None:
        for cut in cuts:
            assert await statuses(server, parser, stream, cut, 4) == [400, 400, 400, 200], cut

    run(main)


async def statuses(
    server: InProcessServer, parser: str, stream: bytes, cuts: list[int], number: int
) -> list[int]:
    with InProcessConnection(server.app, parser) as connection:
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            connection.send(stream[start:end])
            await settle()
        return [connection.read_response().status for _ in range(number)]


@parsers
@pytest.mark.parametrize("end", [b"0\r\n\r\n", TRAILER, EXTENSION])
def test_chunks_are_cut_at_every_place(server: InProcessServer, parser: str, end: bytes) -> None:
    stream = chunks(end) + THEN + LAST
    first = len(chunks(end))

    async def main(_: FakeClockLoop) -> None:
        for cut in range(first - len(end) - 8, first + 8):
            for cuts in ([cut], [cut, cut + 1], [cut, cut + 2]):
                found = await statuses(server, parser, stream, cuts, 3)
                assert found == [400, 404, 200], cuts

    run(main)


WAIT = request("GET", "/_mock/journal?wait=9&wait_ms=60000")


@parsers
def test_half_a_request_behind_a_wait_is_not_timed_out(
    server: InProcessServer, parser: str
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(WAIT + LAST[:20])
            for _ in range(59):
                await connection.wait(loop, 1)
            assert connection.is_silent()
            await connection.wait(loop, 1)
            assert connection.read_response().status == 200
            connection.send(LAST[20:])
            await settle()
            assert connection.read_response().status == 200

    run(main)


@parsers
def test_a_client_that_half_closes_gets_its_answers(server: InProcessServer, parser: str) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(LAST + WAIT + THEN)
            connection.half_close()
            await connection.wait(loop, 60)
            found = await responses(loop, connection, 3)
            assert [each.status for each in found] == [200, 200, 404]
            await settle()
            assert connection.is_closed

    run(main)


HANGS = {
    "before": [request("GET", "/v1/charges", headers={"x-mock-clover-fault": "hang"})],
    "behind a delay": [
        request("GET", "/v1/charges", headers=DELAY),
        request("GET", "/v1/charges", headers={"x-mock-clover-fault": "hang"}),
    ],
    "with much behind it": [
        request("GET", "/v1/charges", headers={"x-mock-clover-fault": "hang"}),
        *[LAST] * 2_000,
    ],
    "a stream": [request("GET", "/_mock/journal", headers={"accept": "text/event-stream"}), LAST],
}


@parsers
@pytest.mark.parametrize("sent", HANGS.values(), ids=HANGS)
def test_a_response_that_never_ends_ends_with_the_client(
    server: InProcessServer, parser: str, sent: list[bytes]
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(b"".join(sent))
            connection.half_close()
            await loop.advance(1)
            await settle()
            assert connection.is_closed

    run(main)


@parsers
def test_an_absolute_target_is_answered(server: InProcessServer, parser: str) -> None:
    async def main(_: FakeClockLoop) -> list[int]:
        targets = ("http://shop.example/livez", "HTTP://shop.example/livez?x=y", "/livez")
        with InProcessConnection(server.app, parser) as connection:
            return [(await connection.answer(head("GET", each))).status for each in targets]

    assert run(main) == [200, 200, 200]


@parsers
@pytest.mark.parametrize("stray", [b"\r\n", b"{}"])
@pytest.mark.parametrize(("first", "seconds"), [(b"", 20), (LAST, 65)])
def test_stray_bytes_do_not_keep_a_connection(
    server: InProcessServer, parser: str, stray: bytes, first: bytes, seconds: int
) -> None:
    async def main(loop: FakeClockLoop) -> int:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(first)
            for second in range(100):
                if connection.is_closed:
                    return second
                connection.send(stray)
                await connection.wait(loop, 1)
        return 0

    assert run(main) in (seconds, seconds + 1)


# Bounded in total ---------------------------------------------------------------------------------

EVIL = {"host": "evil.example", "expect": "100-continue"}
SNAPSHOT = "/sandbox/zz/_mock/snapshot"
BODIES = {"a length": {"content-length": str(62 * MIB)}, "chunks": {"transfer-encoding": "chunked"}}


@parsers
@pytest.mark.parametrize("framing", BODIES)
def test_a_forbidden_control_call_is_refused_before_its_body(
    server: InProcessServer, parser: str, framing: str
) -> None:
    async def main(_: FakeClockLoop) -> RawResponse:
        with InProcessConnection(server.app, parser) as connection:
            sent = head("PUT", SNAPSHOT, headers=EVIL | BODIES[framing])
            response = await connection.answer(sent)
            assert connection.is_closed
            return response

    response = run(main)
    assert (response.status, response.headers["connection"]) == (403, "close")


@parsers
@pytest.mark.parametrize(
    ("path", "size"), [("/v1/tokens", 60_000), ("/v1/tokens", 900_000), (SNAPSHOT, 5 * MIB)]
)
def test_bodies_have_one_budget(server: InProcessServer, parser: str, path: str, size: int) -> None:
    """The part that has arrived counts, until the response is sent."""
    held = server.app.held
    held.maximum = size
    sent = head("PUT" if path == SNAPSHOT else "POST", path, headers={"content-length": str(size)})

    async def main(_: FakeClockLoop) -> RawResponse:
        with InProcessConnection(server.app, parser) as first:
            first.send(sent + b"x" * (size // 2))
            await settle()
            assert held.total == size // 2
            with InProcessConnection(server.app, parser) as second:
                second.send(sent + b"x" * (size // 2 + 1))
                await settle()
                response = second.read_response()
                assert second.is_closed
            await settle()
            assert held.total == size // 2
            held.maximum = 2 * size  # also for the operation itself
            first.send(b"x" * (size - size // 2))
            await settle()
            assert first.read_response().status == 400
        await settle()
        return response

    response = run(main)
    assert (response.status, response.headers["connection"]) == (503, "close")
    assert held.total == 0


@parsers
@pytest.mark.parametrize("sent", ["a wait", "a delay", "a delay after it"])
def test_requests_that_wait_have_one_budget(
    server: InProcessServer, parser: str, sent: str
) -> None:
    """They go on waiting when their clients have gone, so the connections do not limit them."""
    before = {"x-mock-clover-fault": "delay delay_ms=300"}
    waits = {
        "a wait": WAIT,
        "a delay": request("GET", "/v1/charges", headers=before),
        "a delay after it": request("GET", "/v1/charges", headers=DELAY),
    }
    server.app.held.maximum = 100_000

    async def main(_: FakeClockLoop) -> int:
        for count in range(10):
            with InProcessConnection(server.app, parser) as connection:
                connection.send(waits[sent])
                await settle()
                if not connection.is_silent():
                    assert connection.read_response().status == 503
                    return count
        return 0

    assert run(main) == 6


def test_few_requests_wait_for_a_journal(
    server: InProcessServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each exchange repeats all of them."""
    monkeypatch.setattr(long_poll, "WAITS_MAX", 2)

    async def main(loop: FakeClockLoop) -> list[int]:
        with contextlib.ExitStack() as stack:
            opened = [stack.enter_context(InProcessConnection(server.app)) for _ in range(3)]
            for each in opened:
                each.send(WAIT)
            await settle()
            assert [each.is_silent() for each in opened] == [True, True, False]
            await loop.advance(60)
            await settle()
            return [each.read_response().status for each in opened]

    assert run(main) == [200, 200, 503]


@parsers
def test_responses_that_nobody_reads_have_one_budget(server: InProcessServer, parser: str) -> None:
    held = server.app.held
    page = request("GET", "/_mock/openapi.json")

    async def main(_: FakeClockLoop) -> list[bool]:
        with contextlib.ExitStack() as stack:
            opened = [
                stack.enter_context(InProcessConnection(server.app, parser)) for _ in range(3)
            ]
            for each in opened:
                each.send(page)
                await settle()
                held.maximum = held.maximum if held.total else len(each.unread) * 5 // 2
                each.stop_reading()
            assert held.total == 3 * len(opened[0].unread)
            opened[0].taken()
            opened[0].go_on_reading()
            assert held.total == 2 * len(opened[1].unread)
            return [each.is_closed for each in opened]

    assert run(main) == [False, False, True]
    assert held.total == 0


@parsers
def test_a_client_that_may_have_gone_gives_way(
    server: InProcessServer, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that closes its connection during a wait looks like one that half-closes it."""
    monkeypatch.setattr(base, "CONNECTIONS_MAX", 2)

    async def main(_: FakeClockLoop) -> list[bool]:
        with contextlib.ExitStack() as stack:
            state = State()
            opened: list[InProcessConnection] = []
            for each in range(4):
                connection = InProcessConnection(server.app, parser, state)
                opened.append(stack.enter_context(connection))
                if not connection.is_closed:
                    connection.send(WAIT)
                    await settle()
                if each == 1:
                    connection.half_close()
            return [each.is_closed for each in opened]

    assert run(main) == [False, True, False, True]


@parsers
def test_a_length_and_chunks_together_are_invalid(server: InProcessServer, parser: str) -> None:
    sent = {"Content-Length": "4", "Transfer-Encoding": "chunked"}

    async def main(_: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(head("POST", "/v1/charges", headers=sent) + b"0\r\n\r\n" + LAST)
            await settle()
            assert connection.taken().startswith(b"HTTP/1.1 400 ")
            assert connection.is_closed

    run(main)


@parsers
def test_other_connections_have_their_turn_between_pipelined_requests(
    server: InProcessServer, parser: str
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with (
            InProcessConnection(server.app, parser) as many,
            InProcessConnection(server.app, parser) as one,
        ):
            many.send(THEN * 100)
            assert (await one.answer(LAST)).status == 200
            assert len(await responses(loop, many, 100)) == 100

    run(main)


@parsers
def test_nothing_is_answered_while_the_client_reads_nothing(
    server: InProcessServer, parser: str
) -> None:
    async def main(loop: FakeClockLoop) -> None:
        with InProcessConnection(server.app, parser) as connection:
            connection.stop_reading()
            connection.send(LAST * 3)
            await connection.wait(loop, 60)
            assert connection.is_silent()
            connection.go_on_reading()
            assert len(await responses(loop, connection, 3)) == 3
            connection.stop_reading()
            await connection.wait(loop, 66)
            assert connection.is_closed

    run(main)


UNREAD = {
    "one large asset": (request("GET", "/_mock/openapi.json"), 1_000),
    "a script": (request("GET", "/sdk.js"), 1_000),
    "small answers": (THEN, 20_000),
}


@pytest.mark.parametrize("parser", PARSERS)
def test_unread_responses_take_little_memory(start_server: Any, parser: str) -> None:
    server: ServerProcess = start_server(python=command_with(parser))
    with RawConnection(server.port) as other:
        assert other.exchange(UNREAD["one large asset"][0]).status == 200
        before = rss_bytes(server.process.pid)
        clients = [RawConnection(server.port) for _ in range(8 * len(UNREAD))]
        for number, client in enumerate(clients):
            data, times = list(UNREAD.values())[number % len(UNREAD)]
            client.socket.setblocking(False)
            left = data * times
            for _ in range(20):
                try:
                    left = left[client.socket.send(left) :]
                except BlockingIOError:
                    assert other.exchange(LAST).status == 200
        assert rss_bytes(server.process.pid) - before < 24 * MIB
        for client in clients:
            client.reset()
