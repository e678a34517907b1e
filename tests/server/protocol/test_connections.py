"""Connections that end."""

import gc
import weakref

import pytest

from tests.fake_clock import PROTOCOLS, FakeClockLoop, InProcessConnection, run, settle
from tests.in_process import InProcessServer
from tests.raw_http import request

POST = b"POST /v1/charges HTTP/1.1\r\nhost: localhost\r\n"


@pytest.mark.parametrize("parser", PROTOCOLS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        POST,
        POST + b"content-length: 9\r\n\r\n{",
        POST + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        request("GET", "/v1/charges"),
    ],
)
def test_a_connection_that_ends_is_freed_at_once(
    server: InProcessServer, parser: str, data: bytes
) -> None:
    """The garbage collector runs so rarely that thousands of connections would wait for it."""

    async def main(_: FakeClockLoop) -> bool:
        with InProcessConnection(server.app, parser) as connection:
            connection.send(data)
            await settle()
        freed = weakref.ref(connection._protocol)
        del connection
        await settle()
        return freed() is None

    gc.disable()
    try:
        assert run(main)
    finally:
        gc.enable()
