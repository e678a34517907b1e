"""Render a `Reply` as headers, or as the bytes of an HTTP/1.1 response."""

import random
from http import HTTPStatus
from typing import get_args

from mock_clover.core.evidence import EvidenceLevel
from mock_clover.core.printable import printable
from mock_clover.engine.reply import Reply

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unassigned')}\r\n".encode()
    for status in range(100, 600)
}
"""A rule may set any status, for example 520."""
_WHY_BYTES_MAX = 2_048
"""A longer reason is cut: Node accepts heads of 16 KiB, other clients and proxies of 8 KiB."""
_EVIDENCE_LINES = {
    level: f"x-mock-clover-evidence: {level}\r\n".encode() for level in get_args(EvidenceLevel)
}
_random_bits = random.getrandbits


def reply_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """Return all headers except Content-Length for ASGI, which requires names in lower case."""
    return [
        (b"content-type", reply.content_type),
        (b"x-mock-clover-why", _why_value(reply.why)),
        *([(b"x-mock-clover-evidence", reply.evidence.encode())] if reply.evidence else ()),
        (b"x-request-id", b"%016x" % _random_bits(64)),
        *((name.lower(), value) for name, value in reply.headers),
    ]


def _why_value(why: str) -> bytes:
    """Return a reason as the value of a header."""
    value = printable(why[: _WHY_BYTES_MAX + 1]).encode("ascii", "replace")
    return value if len(value) <= _WHY_BYTES_MAX else value[: _WHY_BYTES_MAX - 3] + b"..."


def response(reply: Reply, server_lines: bytes, *, close: bool, head_only: bool) -> bytes:
    """Return a complete response; `server_lines` are the server's own header lines, like Date."""
    extra_lines = (
        b"".join([b"%b: %b\r\n" % header for header in reply.headers]) if reply.headers else b""
    )
    if close:
        extra_lines += b"connection: close\r\n"
    body = reply.body
    return (
        b"%b%bcontent-type: %b\r\ncontent-length: %d\r\n"
        b"x-mock-clover-why: %b\r\n%bx-request-id: %016x\r\n%b\r\n%b"
    ) % (
        _STATUS_LINES[reply.status],
        server_lines,
        reply.content_type,
        len(body),
        _why_value(reply.why),
        _EVIDENCE_LINES[reply.evidence] if reply.evidence else b"",
        _random_bits(64),
        extra_lines,
        b"" if head_only else body,
    )
