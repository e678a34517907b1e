"""The requests of a connection are answered in order and whole, however they arrive."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mock_clover.server.protocol.base import PIPELINED_BYTES_MAX
from mock_clover.server.protocol.h11 import HardenedH11Protocol
from mock_clover.server.protocol.httptools import DirectHttpToolsProtocol, HardenedHttpToolsProtocol
from mock_clover.server.serve import State
from tests.fake_clock import FakeClockLoop, settle
from tests.in_process import InProcessServer
from tests.pipelines import DELAY_MS, STRAY, Sent, assert_replies, echo, requests
from tests.raw_http import PARSERS, RawConnection, command_with
from tests.server_process import ServerProcess
from tests.system.test_sockets import assert_clean

pytestmark = pytest.mark.fuzz

SEGMENT_BYTES = 65_536
SERVER = InProcessServer()
SERVER.app.handle = echo  # type: ignore[method-assign] # replies name their requests
IDLE_SECONDS_MAX = 15
"""Less than a request may take to arrive."""


class Wire(asyncio.Transport):
    """The transport of a socket: it delivers what the peer sent, unless reading is paused."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self.written = bytearray()
        self.protocol: Any = None
        self.is_reading = True
        self.is_peer_reading = True
        self.is_half_closed = False
        self._loop = loop
        self._closing = False

    def write(self, data: Any) -> None:
        assert not self._closing
        self.written += data
        if not self.is_peer_reading:
            self.protocol.pause_writing()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        return self._closing

    def get_write_buffer_size(self) -> int:
        return 0 if self.is_peer_reading else len(self.written)

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True
        if self.is_half_closed:
            self._loop.call_soon(self.deliver_eof)

    def deliver_eof(self) -> None:
        """Deliver the end of what the peer sends."""
        self.is_half_closed = True
        if self.is_reading and not self._closing and not self.protocol.eof_received():
            self.close()


class Pipelines(RuleBasedStateMachine):
    """A client that sends requests, and the server's protocol class in process."""

    protocol_class: type[Any]

    def __init__(self) -> None:
        super().__init__()
        self.loop = FakeClockLoop()
        self.errors: list[Any] = []
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.wire = Wire(self.loop)
        self.state = State()
        self.protocol = self.loop.run_until_complete(self.connect())
        self.sent: list[Sent] = []
        self.ends: list[int] = []
        """Where each request ends in the stream."""
        self.stream = b""
        self.delivered = 0
        self.idle_seconds = 0
        self.is_half_closed = False

    async def connect(self) -> Any:
        config = uvicorn.Config(
            SERVER.app, ws="none", lifespan="off", log_config=None, timeout_keep_alive=10**6
        )
        protocol = self.protocol_class(config=config, server_state=self.state, app_state={})
        self.wire.protocol = protocol
        protocol.connection_made(self.wire)
        return protocol

    def run(self) -> None:
        self.loop.run_until_complete(settle())

    def answerable(self) -> list[Sent]:
        """Return the requests that have arrived as a whole and are not behind the last one."""
        arrived = sum(end <= self.delivered for end in self.ends)
        if self.wire.is_closing() and [sent.reply for sent in self.sent[arrived : arrived + 1]] == [
            None
        ]:
            arrived += 1  # an invalid request is refused before it has arrived as a whole
        last = next((n for n, sent in enumerate(self.sent) if sent.end), len(self.sent))
        return self.sent[: min(arrived, last + 1)]

    def is_waiting(self) -> bool:
        """Return whether a delayed response is awaited."""
        heads = bytes(self.wire.written).count(b"HTTP/1.1 200")
        answerable = self.answerable()
        return heads < len(answerable) or any(sent.is_delayed for sent in answerable)

    @precondition(lambda self: not self.is_half_closed and len(self.sent) < 12)
    @rule(sent=requests())
    def send(self, sent: Sent) -> None:
        self.stream += sent.data
        self.sent.append(sent)
        self.ends.append(len(self.stream))

    @precondition(lambda self: not self.is_half_closed)
    @rule(stray=st.sampled_from(STRAY))
    def send_stray_bytes(self, stray: bytes) -> None:
        if self.sent and not self.sent[-1].reply:
            return  # after an invalid request they may be a part of it
        self.stream += stray

    @precondition(lambda self: self.delivered < len(self.stream))
    @rule(size=st.integers(1, 120) | st.just(SEGMENT_BYTES), turns=st.integers(0, 1))
    def deliver(self, size: int, turns: int) -> None:
        self.segment(size)
        if turns:
            self.run()

    def segment(self, size: int) -> bool:
        """Deliver a segment, if the server reads."""
        if not self.wire.is_reading or self.wire.is_closing():
            return False
        segment = self.stream[self.delivered : self.delivered + size]
        self.delivered += len(segment)
        self.loop.call_soon(self.protocol.data_received, segment)
        self.loop.run_until_complete(asyncio.sleep(0))
        return True

    @precondition(lambda self: self.is_waiting() or self.idle_seconds < IDLE_SECONDS_MAX)
    @rule(seconds=st.sampled_from([1, DELAY_MS // 1_000]))
    def let_time_pass(self, seconds: int) -> None:
        self.run()
        if not self.is_waiting():
            seconds = 1
            self.idle_seconds += seconds
        self.state.now += seconds
        if self.is_waiting() and not self.protocol._is_receiving:
            self.protocol.close_if_timed_out(self.state.now)
        self.loop.run_until_complete(self.loop.advance(seconds))

    @rule()
    def stop_reading(self) -> None:
        self.wire.is_peer_reading = False

    @rule()
    def read(self) -> None:
        if not self.wire.is_peer_reading:
            self.wire.is_peer_reading = True
            self.protocol.resume_writing()
            self.run()

    @precondition(lambda self: not self.is_half_closed)
    @rule(size=st.integers(0, 60) | st.just(0))
    def half_close(self, size: int) -> None:
        """Send the rest, or not all of it, and shut down the sending side."""
        self.finish(len(self.stream) - size)
        if self.delivered >= len(self.stream) - size or self.wire.is_closing():
            self.is_half_closed = True
            self.loop.call_soon(self.wire.deliver_eof)
            self.run()

    def finish(self, end: int) -> None:
        """Deliver the stream up to a position; time passes as necessary."""
        while self.delivered < end and not self.wire.is_closing():
            if not self.segment(min(SEGMENT_BYTES, end - self.delivered)):
                self.read()
                self.loop.run_until_complete(self.loop.advance(DELAY_MS))
                if not self.wire.is_reading:  # behind a response that never comes
                    return
        self.run()

    @invariant()
    def holds_little(self) -> None:
        assert len(self.protocol._data) <= 2 * PIPELINED_BYTES_MAX + SEGMENT_BYTES

    def teardown(self) -> None:
        try:
            self.finish(len(self.stream) if not self.is_half_closed else self.delivered)
            self.read()
            for _ in range(30 * sum(sent.delay_ms > 0 for sent in self.sent)):
                self.loop.run_until_complete(self.loop.advance(DELAY_MS / 1_000))
            self.run()
            assert self.errors == []
            closed = self.wire.is_closing()
            expected = self.answerable()
            assert_replies(bytes(self.wire.written), expected, is_closed=closed)
            if self.is_half_closed:
                assert closed
            elif not any(sent.end for sent in expected):
                assert not closed
        finally:
            self.wire.close()
            self.run()
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.run()
            self.loop.close()
            assert SERVER.app.held.total == 0


class Direct(Pipelines):
    protocol_class = DirectHttpToolsProtocol


class Ordinary(Pipelines):
    protocol_class = HardenedHttpToolsProtocol


class WithoutHttptools(Pipelines):
    protocol_class = HardenedH11Protocol


TestDirect = Direct.TestCase
TestOrdinary = Ordinary.TestCase
TestWithoutHttptools = WithoutHttptools.TestCase
TestDirect.settings = TestOrdinary.settings = TestWithoutHttptools.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
)


STAND_IN = (
    "from mock_clover.server.app.app import App",
    "from tests.pipelines import echo",
    "App.handle = lambda _, *request, **how: echo(*request, **how)",
)


@pytest.fixture(scope="module", params=PARSERS)
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server whose replies name their requests."""
    command = command_with(request.param, *STAND_IN)
    server = ServerProcess(tmp_path_factory.mktemp("echo"), python=command)
    yield server.port
    server.stop()
    assert_clean(server)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(sent=st.lists(requests(delay_ms_max=1), max_size=8), data=st.data())
def test_requests_on_a_socket(port: int, sent: list[Sent], data: st.DataObject) -> None:
    last = next((n for n, each in enumerate(sent) if each.end), len(sent))
    stream = b"".join(each.data for each in sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=4).map(sorted))
    with RawConnection(port) as connection:
        with contextlib.suppress(OSError):  # the server may have closed it
            for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
                connection.send(stream[start:end])
            connection.socket.shutdown(socket.SHUT_WR)
        received = connection.read_to_end()
    if last == len(sent) or sent[last].end == "silent":  # otherwise a reset may cut the replies
        assert_replies(received, sent[: last + 1], is_closed=True)
