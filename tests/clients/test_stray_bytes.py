"""The two bytes that Clover's Node SDK leaves on a keep-alive socket, played by hand.

For GET the SDK announces `Content-Length: 0` and writes the body `{}` all the same. On the wire
the two bytes stand in front of the next request. Each request must get exactly one proper answer,
however the bytes are cut into segments; and a body that really is `{}` must stay a body.
"""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import pytest
from likeness import likeness
from served import Clover
from toolbox import PATIENCE_SECONDS

UNKNOWN = "ZZZZZZZZZZZZZ"
STRAY = b"{}"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvv": "123"}

Answer = tuple[int, Any]

NO_AMOUNT: Answer = (
    400,
    {
        "message": "400 Bad Request",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_charge_amount",
            "message": "Please provide a valid amount.",
        },
    },
)
NOT_FOUND: Answer = (
    404,
    {
        "message": "404 Not Found",
        "error": {
            "type": "invalid_request_error",
            "code": "invalid_request",
            "message": "Charge with id <unknown> not found.",
        },
    },
)
UNAUTHORIZED: Answer = (401, {"message": "401 Unauthorized"})


class ClosedError(Exception):
    """The server ended the connection where an answer was due."""


@dataclass
class Wire:
    """One socket to the server, spoken by hand."""

    address: tuple[str, int]
    held: bytes = b""
    line: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.line = socket.create_connection(self.address, timeout=PATIENCE_SECONDS)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def send(self, data: bytes) -> None:
        """Write these bytes as one segment."""
        self.line.sendall(data)

    def answers(self, number: int) -> list[Answer]:
        """Read so many whole answers."""
        return [self.answer() for _ in range(number)]

    def answer(self) -> Answer:
        """Read one whole answer: its status and its document, or its text."""
        while b"\r\n\r\n" not in self.held:
            self.take()
        head, self.held = self.held.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.1 (\d{3}) [A-Za-z ]+", first)
        assert status, f"not a status line: {first!r}"
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers["content-length"])
        while len(self.held) < length:
            self.take()
        body, self.held = self.held[:length], self.held[length:]
        if not headers["content-type"].startswith("application/json"):
            return int(status[1]), body.decode()
        return int(status[1]), likeness(json.loads(body), {UNKNOWN: "unknown"})

    def take(self) -> None:
        """Wait for more bytes."""
        chunk = self.line.recv(65_536)
        if not chunk:
            raise ClosedError(self.held)
        self.held += chunk

    def rest(self) -> bytes:
        """Say that we are done, and return what the server had to say beyond the answers read."""
        self.line.shutdown(socket.SHUT_WR)
        while chunk := self.line.recv(65_536):
            self.held += chunk
        return self.held


@dataclass(frozen=True)
class Speech:
    """Requests as the SDK writes them, and the answers that they get when nothing is astray."""

    clover: Clover
    customer: str
    charge: str
    charged: Answer
    read: Answer

    def get(self, charge: str | None = None, bearer: str | None = None) -> bytes:
        """Write a GET of a charge, without the two stray bytes."""
        return self.head(f"GET /v1/charges/{charge or self.charge}", "Content-Length: 0", bearer)

    def post(self, body: bytes | None = None) -> bytes:
        """Write a POST that makes a charge, or one with this body."""
        if body is None:
            charge = {"amount": 7, "currency": "usd", "source": self.customer}
            body = json.dumps(charge).encode()
        return self.head("POST /v1/charges", f"Content-Length: {len(body)}") + body

    def head(self, request: str, framing: str, bearer: str | None = None) -> bytes:
        """Write a request's head, in the SDK's words and order."""
        bearer = bearer or self.clover.credentials["CLOVER_ACCESS_TOKEN"]
        lines = [
            f"{request} HTTP/1.1",
            f"Authorization: Bearer {bearer}",
            "Accept: application/json",
            "Content-Type: application/json",
            framing,
            f"Host: 127.0.0.1:{self.clover.port}",
            "Connection: keep-alive",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def wire(self) -> Wire:
        """Open a socket."""
        return Wire(self.clover.address)


@pytest.fixture(scope="module", params=["clover", "without_httptools"])
def speech(request: pytest.FixtureRequest) -> Speech:
    """Save a card, so that one customer id pays for every charge, and make a charge to read.

    With each of the two parsers that the server may stand on.
    """
    clover: Clover = request.getfixturevalue(request.param)
    _, token = clover.make_token(CARD)
    _, customer = clover.call(
        "POST", "/v1/customers", {"email": "buyer@example.com", "source": token["id"]}
    )
    wanted = {"amount": 7, "currency": "usd", "source": customer["id"]}
    status, charge = clover.call("POST", "/v1/charges", wanted)
    assert status == 200, charge
    read_status, read = clover.call("GET", f"/v1/charges/{charge['id']}")
    assert read_status == 200, read
    return Speech(
        clover, customer["id"], charge["id"], (status, likeness(charge)), (200, likeness(read))
    )


@pytest.fixture
def settled(speech: Speech) -> Iterator["Settled"]:
    """Give a way to wait until the server has taken what was sent before."""
    with speech.wire() as other:
        yield Settled(other, speech)


@dataclass(frozen=True)
class Settled:
    """A second socket, whose answer shows that the server has read the first one.

    The server is one event loop: what was ready on the first socket before the question was sent
    on the second has been read when the question is answered. So two sends stay two segments,
    and nothing sleeps.
    """

    other: Wire
    speech: Speech

    def __call__(self) -> None:
        self.other.send(self.speech.get())
        assert self.other.answer() == self.speech.read


def test_stray_bytes_and_the_next_request_in_one_segment(speech: Speech) -> None:
    with speech.wire() as wire:
        wire.send(speech.get() + STRAY + speech.post())
        assert wire.answers(2) == [speech.read, speech.charged]
        assert wire.rest() == b""


def test_stray_bytes_cut_at_every_place_into_two_segments(speech: Speech, settled: Settled) -> None:
    """All on one socket, as the SDK would; a cut that fails gets the next one a new socket."""
    data = speech.get() + STRAY + speech.post()
    wrong: dict[str, Any] = {}
    wire = speech.wire()
    try:
        for cut in range(1, len(data)):
            wire.send(data[:cut])
            settled()
            try:
                wire.send(data[cut:])
                told = wire.answers(2)
            except (ClosedError, OSError, AssertionError) as error:
                told = [error]
            if told != [speech.read, speech.charged]:
                wrong[f"{data[max(0, cut - 12) : cut]!r} | {data[cut : cut + 12]!r}"] = told
                wire.line.close()
                wire = speech.wire()
        assert wrong == {}
        assert wire.rest() == b""
    finally:
        wire.line.close()


def test_stray_bytes_after_the_answer_has_been_read(speech: Speech, settled: Settled) -> None:
    """The bytes come late, one by one, while the connection rests; then a request comes."""
    with speech.wire() as wire:
        wire.send(speech.get())
        assert wire.answer() == speech.read
        for byte in (b"{", b"}"):
            wire.send(byte)
            settled()
        wire.send(speech.post())
        assert wire.answer() == speech.charged
        assert wire.rest() == b""


def test_stray_bytes_one_by_one(speech: Speech, settled: Settled) -> None:
    data = speech.get() + STRAY + speech.get(UNKNOWN) + STRAY + speech.post()
    with speech.wire() as wire:
        for at in range(len(data)):
            wire.send(data[at : at + 1])
            settled()
        assert wire.answers(3) == [speech.read, NOT_FOUND, speech.charged]
        assert wire.rest() == b""


@pytest.mark.parametrize("times", [3, 20])
def test_pipelined_reads_with_stray_bytes(speech: Speech, times: int) -> None:
    with speech.wire() as wire:
        wire.send((speech.get() + STRAY) * times)
        assert wire.answers(times) == [speech.read] * times
        assert wire.rest() == b""


@pytest.mark.parametrize("times", [3, 20])
def test_pipelined_reads_and_charges_with_stray_bytes(speech: Speech, times: int) -> None:
    with speech.wire() as wire:
        wire.send((speech.get() + STRAY + speech.post()) * times)
        assert wire.answers(2 * times) == [speech.read, speech.charged] * times
        assert wire.rest() == b""


def test_each_pipelined_request_gets_its_own_answer(speech: Speech) -> None:
    """Answers of different kinds show that none is given twice, left out or out of turn."""
    with speech.wire() as wire:
        wire.send(
            speech.get(UNKNOWN)
            + STRAY
            + speech.get()
            + STRAY
            + speech.post(b"{}")
            + speech.get(bearer="nobody")
            + STRAY
            + speech.post()
            + speech.get()
            + STRAY
        )
        assert wire.answers(6) == [
            NOT_FOUND,
            speech.read,
            NO_AMOUNT,
            UNAUTHORIZED,
            speech.charged,
            speech.read,
        ]
        assert wire.rest() == b""


@pytest.mark.parametrize("left", [b"{", b"{}"])
def test_stray_bytes_at_the_end_close_quietly(speech: Speech, left: bytes) -> None:
    with speech.wire() as wire:
        wire.send(speech.get() + left)
        assert wire.answer() == speech.read
        assert wire.rest() == b""


def test_empty_json_body_is_kept(speech: Speech) -> None:
    with speech.wire() as wire:
        wire.send(speech.post(b"{}"))
        assert wire.answer() == NO_AMOUNT
        wire.send(speech.post(b"{}") + speech.get() + STRAY + speech.post(b"{}"))
        assert wire.answers(3) == [NO_AMOUNT, speech.read, NO_AMOUNT]
        assert wire.rest() == b""


def test_a_body_that_is_empty_braces_cut_at_every_place(speech: Speech, settled: Settled) -> None:
    """The body follows its head directly, so it looks just like the stray bytes of a GET."""
    data = speech.post(b"{}")
    with speech.wire() as wire:
        for cut in range(len(data) - 8, len(data)):
            wire.send(data[:cut])
            settled()
            wire.send(data[cut:] + speech.get() + STRAY)
            assert wire.answers(2) == [NO_AMOUNT, speech.read]
        assert wire.rest() == b""


def test_get_with_declared_empty_json_body(speech: Speech) -> None:
    """With `Content-Length: 2` the braces of a GET are its body, and nothing is astray."""
    get = speech.head(f"GET /v1/charges/{speech.charge}", "Content-Length: 2")
    with speech.wire() as wire:
        wire.send((get + b"{}") * 2 + speech.post())
        assert wire.answers(3) == [speech.read, speech.read, speech.charged]
        assert wire.rest() == b""


def test_a_chunked_body_of_empty_braces(speech: Speech) -> None:
    post = speech.head("POST /v1/charges", "Transfer-Encoding: chunked")
    chunked = post + b"2\r\n{}\r\n0\r\n\r\n"
    with speech.wire() as wire:
        wire.send(speech.get() + STRAY + chunked + speech.get() + STRAY + chunked)
        assert wire.answers(4) == [speech.read, NO_AMOUNT, speech.read, NO_AMOUNT]
        assert wire.rest() == b""


def test_pattern_inside_body_is_kept(speech: Speech, settled: Settled) -> None:
    """JSON may hold line ends between its words: here CRLF CRLF {} stands inside a body."""
    body = (
        b'{"amount":7,"currency":"usd","metadata":\r\n\r\n{}\r\n\r\n,"source":"'
        + speech.customer.encode()
        + b'"}'
    )
    data = speech.post(body)
    inside = data.rindex(b"\r\n\r\n{}")
    with speech.wire() as wire:
        wire.send(speech.get() + STRAY + data + speech.get() + STRAY)
        assert wire.answers(3) == [speech.read, speech.charged, speech.read]
        for cut in range(inside, inside + 7):
            wire.send(data[:cut])
            settled()
            wire.send(data[cut:])
            assert wire.answer() == speech.charged
        assert wire.rest() == b""


@pytest.mark.parametrize("other", [b"{x", b"[]", b"}{", b'{"a":1}'])
def test_other_stray_bytes_are_rejected(speech: Speech, other: bytes) -> None:
    """Only the SDK's two bytes are forgiven: others end the connection, with or without a 400.

    The requests before them are whole and have happened, so their answers still come.
    """
    for request, answer in ((speech.get(), speech.read), (speech.post(), speech.charged)):
        with speech.wire() as wire:
            wire.send(request + other + speech.post())
            assert wire.answer() == answer
            assert re.fullmatch(rb"(HTTP/1\.1 400 (?s:.)*)?", wire.rest())
            assert wire.held.count(b"HTTP/1.1 ") <= 1
