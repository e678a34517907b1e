"""The two stray bytes that Clover's Node SDK leaves on a keep-alive socket.

For GET the SDK sends `Content-Length: 0` and still writes the body `{}`. On the wire the two bytes
precede the next request. Each request must get exactly one correct response, however the bytes are
split into segments; and a body that really is `{}` must stay a body.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from clover_server import Clover
from response_shape import response_shape

from tests.raw_http import RawConnection

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


class Connection(RawConnection):
    """A connection whose responses are comparable."""

    def answers(self, number: int) -> list[Answer]:
        """Read this number of responses."""
        return [self.answer() for _ in range(number)]

    def answer(self) -> Answer:
        """Read one response: its status and its document, or its text."""
        response = self.read_response()
        if not response.headers["content-type"].startswith("application/json"):
            return response.status, response.body.decode()
        return response.status, response_shape(response.json, {UNKNOWN: "unknown"})


@dataclass(frozen=True)
class SdkRequests:
    """Requests as the SDK writes them, and their responses without stray bytes."""

    clover: Clover
    customer: str
    charge: str
    charged: Answer
    read: Answer

    def get(self, charge: str | None = None, bearer: str | None = None) -> bytes:
        """Write a GET of a charge, without the two stray bytes."""
        return self.head(f"GET /v1/charges/{charge or self.charge}", "Content-Length: 0", bearer)

    def post(self, body: bytes | None = None) -> bytes:
        """Write a POST that creates a charge, or one with this body."""
        if body is None:
            charge = {"amount": 7, "currency": "usd", "source": self.customer}
            body = json.dumps(charge).encode()
        return self.head("POST /v1/charges", f"Content-Length: {len(body)}") + body

    def head(self, request: str, framing: str, bearer: str | None = None) -> bytes:
        """Write the head of a request with the SDK's headers in its order."""
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

    def connect(self) -> Connection:
        """Open a socket."""
        return Connection(self.clover.port)


@pytest.fixture(scope="module", params=["clover", "without_httptools"])
def sdk(request: pytest.FixtureRequest) -> SdkRequests:
    """Save a card, whose customer pays every charge, and create a charge to read.

    Runs with each of the server's two parsers.
    """
    clover: Clover = request.getfixturevalue(request.param)
    _, token = clover.make_token(CARD)
    _, customer = clover.call(
        "POST", "/v1/customers", {"email": "buyer@example.com", "source": token["id"]}
    )
    expected = {"amount": 7, "currency": "usd", "source": customer["id"]}
    status, charge = clover.call("POST", "/v1/charges", expected)
    assert status == 200, charge
    read_status, read = clover.call("GET", f"/v1/charges/{charge['id']}")
    assert read_status == 200, read
    return SdkRequests(
        clover,
        customer["id"],
        charge["id"],
        (status, response_shape(charge)),
        (200, response_shape(read)),
    )


@pytest.fixture
def synced(sdk: SdkRequests) -> Iterator["SyncConnection"]:
    """Return a connection that shows that the server has read what was sent before."""
    with sdk.connect() as other:
        yield SyncConnection(other, sdk)


@dataclass(frozen=True)
class SyncConnection:
    """A second socket, whose response shows that the server has read the first one.

    The server has one event loop: what was ready on the first socket before the request on the
    second one has been read when that is answered. So two sends stay two segments, without a sleep.
    """

    other: Connection
    sdk: SdkRequests

    def __call__(self) -> None:
        self.other.send(self.sdk.get())
        assert self.other.answer() == self.sdk.read


def test_stray_bytes_and_the_next_request_in_one_segment(sdk: SdkRequests) -> None:
    with sdk.connect() as connection:
        connection.send(sdk.get() + STRAY + sdk.post())
        assert connection.answers(2) == [sdk.read, sdk.charged]
        assert connection.send_to_end(b"") == b""


def test_stray_bytes_cut_at_every_place_into_two_segments(
    sdk: SdkRequests, synced: SyncConnection
) -> None:
    """All on one socket, as in the SDK; after a failed split the next one gets a new socket."""
    data = sdk.get() + STRAY + sdk.post()
    wrong: dict[str, Any] = {}
    connection = sdk.connect()
    try:
        for cut in range(1, len(data)):
            connection.send(data[:cut])
            synced()
            try:
                connection.send(data[cut:])
                result = connection.answers(2)
            except (OSError, AssertionError) as error:
                result = [error]
            if result != [sdk.read, sdk.charged]:
                wrong[f"{data[max(0, cut - 12) : cut]!r} | {data[cut : cut + 12]!r}"] = result
                connection.socket.close()
                connection = sdk.connect()
        assert wrong == {}
        assert connection.send_to_end(b"") == b""
    finally:
        connection.socket.close()


def test_stray_bytes_after_the_answer_has_been_read(
    sdk: SdkRequests, synced: SyncConnection
) -> None:
    """The bytes arrive late, one by one, while the connection is idle; then a request follows."""
    with sdk.connect() as connection:
        connection.send(sdk.get())
        assert connection.answer() == sdk.read
        for byte in (b"{", b"}"):
            connection.send(byte)
            synced()
        connection.send(sdk.post())
        assert connection.answer() == sdk.charged
        assert connection.send_to_end(b"") == b""


def test_stray_bytes_one_by_one(sdk: SdkRequests, synced: SyncConnection) -> None:
    data = sdk.get() + STRAY + sdk.get(UNKNOWN) + STRAY + sdk.post()
    with sdk.connect() as connection:
        for at in range(len(data)):
            connection.send(data[at : at + 1])
            synced()
        assert connection.answers(3) == [sdk.read, NOT_FOUND, sdk.charged]
        assert connection.send_to_end(b"") == b""


@pytest.mark.parametrize("times", [3, 20])
def test_pipelined_reads_with_stray_bytes(sdk: SdkRequests, times: int) -> None:
    with sdk.connect() as connection:
        connection.send((sdk.get() + STRAY) * times)
        assert connection.answers(times) == [sdk.read] * times
        assert connection.send_to_end(b"") == b""


@pytest.mark.parametrize("times", [3, 20])
def test_pipelined_reads_and_charges_with_stray_bytes(sdk: SdkRequests, times: int) -> None:
    with sdk.connect() as connection:
        connection.send((sdk.get() + STRAY + sdk.post()) * times)
        assert connection.answers(2 * times) == [sdk.read, sdk.charged] * times
        assert connection.send_to_end(b"") == b""


def test_each_pipelined_request_gets_its_own_answer(sdk: SdkRequests) -> None:
    """Responses of different kinds show that none is repeated, missing or out of order."""
    with sdk.connect() as connection:
        connection.send(
            sdk.get(UNKNOWN)
            + STRAY
            + sdk.get()
            + STRAY
            + sdk.post(b"{}")
            + sdk.get(bearer="nobody")
            + STRAY
            + sdk.post()
            + sdk.get()
            + STRAY
        )
        assert connection.answers(6) == [
            NOT_FOUND,
            sdk.read,
            NO_AMOUNT,
            UNAUTHORIZED,
            sdk.charged,
            sdk.read,
        ]
        assert connection.send_to_end(b"") == b""


@pytest.mark.parametrize("left", [b"{", b"{}"])
def test_stray_bytes_at_the_end_close_quietly(sdk: SdkRequests, left: bytes) -> None:
    with sdk.connect() as connection:
        connection.send(sdk.get() + left)
        assert connection.answer() == sdk.read
        assert connection.send_to_end(b"") == b""


def test_empty_json_body_is_kept(sdk: SdkRequests) -> None:
    with sdk.connect() as connection:
        connection.send(sdk.post(b"{}"))
        assert connection.answer() == NO_AMOUNT
        connection.send(sdk.post(b"{}") + sdk.get() + STRAY + sdk.post(b"{}"))
        assert connection.answers(3) == [NO_AMOUNT, sdk.read, NO_AMOUNT]
        assert connection.send_to_end(b"") == b""


def test_a_body_that_is_empty_braces_cut_at_every_place(
    sdk: SdkRequests, synced: SyncConnection
) -> None:
    """The body follows its head directly, so it looks just like the stray bytes of a GET."""
    data = sdk.post(b"{}")
    with sdk.connect() as connection:
        for cut in range(len(data) - 8, len(data)):
            connection.send(data[:cut])
            synced()
            connection.send(data[cut:] + sdk.get() + STRAY)
            assert connection.answers(2) == [NO_AMOUNT, sdk.read]
        assert connection.send_to_end(b"") == b""


def test_get_with_declared_empty_json_body(sdk: SdkRequests) -> None:
    """With `Content-Length: 2` the braces of a GET are its body, and there are no stray bytes."""
    get = sdk.head(f"GET /v1/charges/{sdk.charge}", "Content-Length: 2")
    with sdk.connect() as connection:
        connection.send((get + b"{}") * 2 + sdk.post())
        assert connection.answers(3) == [sdk.read, sdk.read, sdk.charged]
        assert connection.send_to_end(b"") == b""


def test_a_chunked_body_of_empty_braces(sdk: SdkRequests) -> None:
    post = sdk.head("POST /v1/charges", "Transfer-Encoding: chunked")
    chunked = post + b"2\r\n{}\r\n0\r\n\r\n"
    with sdk.connect() as connection:
        connection.send(sdk.get() + STRAY + chunked + sdk.get() + STRAY + chunked)
        assert connection.answers(4) == [sdk.read, NO_AMOUNT, sdk.read, NO_AMOUNT]
        assert connection.send_to_end(b"") == b""


def test_pattern_inside_body_is_kept(sdk: SdkRequests, synced: SyncConnection) -> None:
    """JSON may contain line breaks: here CRLF CRLF {} is inside a body."""
    body = (
        b'{"amount":7,"currency":"usd","metadata":\r\n\r\n{}\r\n\r\n,"source":"'
        + sdk.customer.encode()
        + b'"}'
    )
    data = sdk.post(body)
    inside = data.rindex(b"\r\n\r\n{}")
    with sdk.connect() as connection:
        connection.send(sdk.get() + STRAY + data + sdk.get() + STRAY)
        assert connection.answers(3) == [sdk.read, sdk.charged, sdk.read]
        for cut in range(inside, inside + 7):
            connection.send(data[:cut])
            synced()
            connection.send(data[cut:])
            assert connection.answer() == sdk.charged
        assert connection.send_to_end(b"") == b""


@pytest.mark.parametrize("other", [b"{x", b"[]", b"}{", b'{"a":1}'])
def test_other_stray_bytes_are_rejected(sdk: SdkRequests, other: bytes) -> None:
    """Only the SDK's two bytes are accepted: others close the connection, with or without a 400.

    The complete requests before them were processed, so their responses still come.
    """
    for request, answer in ((sdk.get(), sdk.read), (sdk.post(), sdk.charged)):
        with sdk.connect() as connection:
            connection.send(request + other + sdk.post())
            assert connection.answer() == answer
            rest = connection.send_to_end(b"")
            assert re.fullmatch(rb"(HTTP/1\.1 400 (?s:.)*)?", rest)
            assert rest.count(b"HTTP/1.1 ") <= 1
