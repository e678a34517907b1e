"""A webhook receiver with scripted responses, and one without sockets."""

import json
import socket
import threading
from typing import Any, NamedTuple, Self

from mock_clover.clover.webhooks.operations_deliveries import record_attempt
from mock_clover.clover.webhooks.records_delivery import headers_of
from mock_clover.sandbox.sandbox import Sandbox
from tests.raw_http import TIMEOUT_S

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Post(NamedTuple):
    """One POST as received: request line, headers and body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> str:
        """The event of a platform webhook, as P:CREATE."""
        ((happened,),) = self.json["merchants"].values()
        return f"{happened['objectId'].partition(':')[0]}:{happened['type']}"


class Receiver:
    """Accepts on a port of this machine and gives each connection the next response.

    With None the connection stays open until the receiver is closed. With `endless` the last byte
    of a response is repeated until the other end closes. A `gate` delays all responses until it is
    set.
    """

    def __init__(
        self,
        *answers: bytes | int | None,
        endless: bool = False,
        gate: threading.Event | None = None,
    ) -> None:
        self._answers = list(answers)
        self._endless = endless
        self._gate = gate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._changed = threading.Condition()
        self.posts: list[Post] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks?shop=1"
        self._thread = threading.Thread(target=self._attend, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(TIMEOUT_S)
        for line in self._open:
            line.close()

    def wait(self, count: int) -> list[Post]:
        """Return the posts when there are `count`. Raises AssertionError if they do not arrive."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.posts) >= count, TIMEOUT_S), self.posts
            return list(self.posts)

    def _attend(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(line)
            try:
                self._serve(line)
            except OSError:  # the other end closed it
                continue

    def _serve(self, line: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += _some(line)
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(each.split(": ", 1) for each in lines)
        while len(body) < int(headers["Content-Length"]):
            body += _some(line)
        with self._changed:
            self.posts.append(Post(first, headers, body))
            self._changed.notify_all()
        if self._gate is not None:
            self._gate.wait(TIMEOUT_S)
        answer = self._answers.pop(0) if self._answers else 200
        if answer is None:
            return
        if isinstance(answer, int):
            answer = OK.replace(b"200 OK", b"%d Said" % answer)
        line.sendall(answer)
        while self._endless:
            line.sendall(answer[-1:] * 65_536)
        line.close()


def _some(line: socket.socket) -> bytes:
    data = line.recv(65_536)
    if not data:
        raise ConnectionError("the other end is gone")
    return data


def taken(sandbox: Sandbox, *answers: int) -> list[Post]:
    """Take all deliveries that are ready, in order, as the sender does.

    Each gets the next of the statuses; the last one is repeated.
    """
    outbox, posts, left = sandbox.outbox, [], list(answers or (200,))
    while outbox is not None and (ready := outbox.ready_targets()):
        pair = outbox.take(ready[0])
        assert pair is not None
        known, delivery = pair
        posts.append(Post(known.id, dict(headers_of(known, delivery)), delivery.body.encode()))
        status = left.pop(0) if len(left) > 1 else left[0]
        error = None if status < 300 else f"the target responded with status {status}, expected 2xx"
        assert record_attempt(sandbox, delivery.id, status=status, error=error) is not None
    return posts
