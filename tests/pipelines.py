"""Streams of HTTP requests, the replies that they must get, and an application that echoes.

The reply to a request names its method, its target and its body. So a reply that is missing, mixed
up or in the wrong order is noticed.
"""

import re
import zlib
from typing import Any, NamedTuple

from hypothesis import strategies as st

from mock_clover.engine.reply import Reply, Wait
from mock_clover.scenario.records_fault import SOCKET_FAULTS, Fault

FAULT_HEADER = b"x-test-fault"
DELAYS = {"wait", "delay", "dribble"}
DELAY_MS = 30_000
"""Longer than the time that a request may take to arrive."""


class Sent(NamedTuple):
    """The bytes of a request, the reply to it, and how it may end the connection."""

    data: bytes
    reply: bytes | None
    """The body; None if the request is invalid, or if its response is broken by a fault."""
    has_body: bool = True
    end: str = ""
    """'closed' or 'silent' if no request after this one is answered."""
    is_delayed: bool = False
    delay_ms: int = 0


def echo(
    method: str,
    path: str,
    query: bytes,
    headers: dict[bytes, bytes],
    body: bytes | None,
    *,
    after_delay: Wait | None = None,
    error: Any = None,
) -> Reply | Wait:
    """Name the request in the reply; stands in for `App.handle`."""
    kind, _, delay_ms = headers.get(FAULT_HEADER, b"").decode().partition(" ")
    if kind == "wait" and not after_delay:
        return Wait(int(delay_ms), "")
    fault: Any = None
    if kind and kind != "wait":
        fault = Fault(kind=kind)  # type: ignore[arg-type] # a FaultKind
    reply = named(method.encode(), f"{path}?{query.decode()}".encode(), body or b"")
    return Reply(status=200, body=reply, why="", fault=fault, wait_ms=int(delay_ms or 0))


def named(method: bytes, target: bytes, body: bytes) -> bytes:
    """Return the reply to a request."""
    return b"%b %b %d %08x" % (method, target, len(body), zlib.crc32(body))


def in_chunks(body: bytes, size: int, extension: bytes, trailers: bytes) -> bytes:
    """Return a chunked body."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    parts = [b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces]
    return b"".join(parts) + b"0" + extension + b"\r\n" + trailers + b"\r\n"


BODIES = st.lists(
    st.sampled_from([b"{}", b"\r\n", b"0\r\n\r\n", b"\n\n", b"{", b"GET / HTTP/1.1\r\n\r\n", b"x"]),
    max_size=6,
).map(b"".join) | st.sampled_from([b"y" * 70_000, b"\r\n" * 40_000])
HEADERS = st.lists(
    st.sampled_from(
        [
            b"UpGrade: h2c\r\nCoNNection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk",
            b"connection: keep-alive",
            b"accept: */*",
            b"x-upgrade: upgrade",
        ]
    ),
    max_size=2,
    unique=True,
)
FAULTS = st.sampled_from(["", "", "", "", *sorted(DELAYS), "delay", *sorted(SOCKET_FAULTS)])
INVALID = (
    b"\x16\x03\x01\x02\x00",
    b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"{x",
    b'{"a":1}',
)
STRAY = (b"{}", b"\r\n", b"{}{}", b"\r\n{}")


@st.composite
def requests(draw: st.DrawFn, delay_ms_max: int = DELAY_MS) -> Sent:
    """Draw a request, valid or not."""
    if draw(st.integers(0, 19)) == 0:
        return Sent(draw(st.sampled_from(INVALID)), None, end="closed")
    path = b"/%04d" % draw(st.integers(0, 9_999))
    method = draw(st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT"]))
    lines = [b"host: x", *draw(HEADERS)]
    body = b""
    framing = draw(st.sampled_from(["none", "length", "chunks"])) if method != b"HEAD" else "none"
    content = b""
    if framing != "none":
        body = content = draw(BODIES)
        lines.append(b"content-length: %d" % len(body))
    elif method == b"GET" and draw(st.booleans()):
        lines.append(b"Content-Length: 0")
    if framing == "chunks":
        lines[-1] = b"Transfer-Encoding: chunked"
        extension = draw(st.sampled_from([b"", b";a", b";a=b"]))
        trailers = draw(st.sampled_from([b"", b"x: y\r\n", b"x: y\r\nz: 0\r\n"]))
        size = draw(st.sampled_from([1, 3, 50_000])) if len(body) < 1_000 else 50_000
        content = in_chunks(body, size, extension, trailers)
    if framing != "none" and draw(st.integers(0, 3)) == 0:
        lines.append(b"Expect: 100-continue")
    fault, delay_ms = draw(FAULTS), draw(st.sampled_from([0, delay_ms_max]))
    if fault:
        lines.append(FAULT_HEADER + b": " + f"{fault} {delay_ms}".encode())
    target = draw(st.sampled_from([b"", b"http://shop.example"])) + path + b"?a=%2f"
    end = "closed" if fault in SOCKET_FAULTS else ""
    if fault == "hang":
        end = "silent"
    if draw(st.integers(0, 19)) == 0:
        lines.append(b"Connection: close")
        end = end or "closed"
    head = b"%b %b HTTP/1.1\r\n%b\r\n\r\n" % (method, target, b"\r\n".join(lines))
    reply = None if fault in SOCKET_FAULTS else named(method, path + b"?a=%2f", body)
    return Sent(
        head + content, reply, method != b"HEAD", end, fault in DELAYS, delay_ms if fault else 0
    )


_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)")


def assert_replies(received: bytes, expected: list[Sent], *, is_closed: bool) -> None:
    """Check that these bytes are the expected replies, in order and whole, and nothing else."""
    at = 0
    for sent in expected:
        while received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n", at):
            at += 25
        if sent.reply is None:
            assert is_closed or sent.end == "silent"
            assert sent.end != "silent" or received[at:] == b""
            assert not received.startswith(b"HTTP/1.1 200", at) or is_cut(received[at:])
            return
        assert received.startswith(b"HTTP/1.1 200 OK\r\n", at), (received[at : at + 500], sent)
        end = received.index(b"\r\n\r\n", at)
        length = _LENGTH.search(received, at, end)
        assert length
        assert int(length[1]) == len(sent.reply)
        body = sent.reply if sent.has_body else b""
        at = end + 4 + len(body)
        assert received[end + 4 : at] == body
        if sent.end:
            assert is_closed
            break
    assert received[at:] in (b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def is_cut(rest: bytes) -> bool:
    """Return whether the rest of a stream is a part of one response."""
    head, _, body = rest.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return length is not None and len(body) < int(length[1])
