"""Alternatives to `InProcessServer.send`: the Starlette application, and HTTP/1.1.

Each takes a server in process, which answers, and returns what a client sees. No socket is opened.
"""

import asyncio
from typing import Any
from urllib.parse import unquote

import h11
import uvicorn

from mock_clover.server.serve import State, protocol_class
from mock_clover.server.starlette_app import starlette_app
from tests.in_process import InProcessServer, Response

_OF_THE_SERVER = ("content-length", "x-request-id", "date", "server")
_TURNS_MAX = 100


def through_starlette(
    server: InProcessServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> Response:
    """Send a request through the Starlette application."""
    return asyncio.run(_through_starlette(server, method, path, headers, body))


async def _through_starlette(
    server: InProcessServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> Response:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    target, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": unquote(target),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http",
    }
    await starlette_app(server.app)(scope, receive, send)
    content = b"".join(each.get("body", b"") for each in sent)
    return _answered(sent[0]["status"], sent[0]["headers"], content)


class Wire(asyncio.Transport):
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = bytearray()
        self._closing = False

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def through_the_parser(
    server: InProcessServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> Response:
    """Send the bytes of a request to the protocol class of `mock-clover serve`."""
    return asyncio.run(_through_the_parser(server, method, path, headers, body))


async def _through_the_parser(
    server: InProcessServer, method: str, path: str, headers: dict[str, str], body: bytes
) -> Response:
    config = uvicorn.Config(server.app, lifespan="off", log_config=None, ws="none")
    config.load()
    make: Any = protocol_class()
    protocol = make(config=config, server_state=State(), app_state={})
    connection = Wire()
    protocol.connection_made(connection)
    head = f"{method} {path} HTTP/1.1\r\n"
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"content-length: {len(body)}")
    protocol.data_received((head + "\r\n".join(lines) + "\r\n\r\n").encode() + body)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target=path, headers=[("host", "x")]))
    client.send(h11.EndOfMessage())
    events: list[Any] = []
    for _ in range(_TURNS_MAX):
        client.receive_data(bytes(connection.written)) if connection.written else None
        connection.written.clear()
        while (event := client.next_event()) is not h11.NEED_DATA:
            events.append(event)
            if isinstance(event, h11.EndOfMessage):
                protocol.connection_lost(None)
                content = b"".join(each.data for each in events if isinstance(each, h11.Data))
                return _answered(events[0].status_code, list(events[0].headers), content)
        await asyncio.sleep(0)
    raise AssertionError(f"no response to {method} {path}")


def _answered(status: int, lines: list[tuple[bytes, bytes]], content: bytes) -> Response:
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in lines}
    for name in _OF_THE_SERVER:
        headers.pop(name, None)
    return Response(
        status,
        content,
        headers.pop("x-mock-clover-why", ""),
        headers.pop("content-type", ""),
        headers,
        headers.pop("x-mock-clover-evidence", None),
    )
