"""A reply becomes one response with a well-formed head, whatever it contains."""

import h11
import pytest

from mock_clover.engine.reply import Reply
from mock_clover.server.app.render import reply_headers, response

STATUSES = range(200, 600)
HOSTILE = "x\r\nset-cookie: forged=1\r\n\r\nHTTP/1.1 200 OK\x1b\x00\x85"


def parsed(data: bytes) -> h11.Response:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    head = connection.next_event()
    assert isinstance(head, h11.Response)
    return head


def test_every_status_of_a_rule_is_sent() -> None:
    replies = [Reply(status=status, body=b"", why="x") for status in STATUSES]
    sent = [response(reply, b"", close=False, head_only=False) for reply in replies]
    assert [parsed(data).status_code for data in sent] == list(STATUSES)
    assert sent[520 - 200].startswith(b"HTTP/1.1 520 Unassigned\r\n")


@pytest.mark.parametrize("text", [HOSTILE, "\n", "\u2028"])
def test_reason_is_one_line(text: str) -> None:
    reply = Reply(status=200, body=b"{}", why=text)
    names = [name for name, _ in parsed(response(reply, b"", close=False, head_only=False)).headers]
    assert names == [b"content-type", b"content-length", b"x-mock-clover-why", b"x-request-id"]
    assert [value for _, value in reply_headers(reply) if not value.decode().isprintable()] == []


@pytest.mark.parametrize("text", ["x", "\x1b", "\u2028", "é"])
def test_long_reason_is_cut(text: str) -> None:
    whole, reply = text * 10, Reply(status=200, body=b"{}", why=text * 100_000)
    assert b"..." not in response(
        Reply(status=200, body=b"", why=whole), b"", close=False, head_only=False
    )
    head = response(reply, b"", close=False, head_only=False)
    values = [
        dict(reply_headers(reply))[b"x-mock-clover-why"],
        dict(parsed(head).headers)[b"x-mock-clover-why"],
    ]
    assert [(len(value), value[-3:]) for value in values] == [(2_048, b"...")] * 2
