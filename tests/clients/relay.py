"""A loopback relay that records the bytes that a client sent on each connection.

It changes nothing. It shows how many sockets a client used and what it wrote on each.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

from toolbox import TIMEOUT_SECONDS

CHUNK_BYTES = 65_536


class Relay:
    """The accepted connections, and the bytes received on each, oldest first."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.sent: list[bytearray] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    @property
    def url(self) -> str:
        """The URL for the client, instead of the server's."""
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.upstream)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            saved = bytearray()
            self.sent.append(saved)
            talk = threading.Thread(target=self.forward, args=(near, far, saved))
            self.threads.append(talk)
            talk.start()

    def forward(self, near: socket.socket, far: socket.socket, saved: bytearray) -> None:
        """Forward both ways until both ends are done."""
        with near, far:
            back = threading.Thread(target=forward_one_way, args=(far, near, bytearray()))
            back.start()
            forward_one_way(near, far, saved)
            back.join()

    def close(self) -> None:
        """Stop accepting and wait until all connections end; the clients have closed theirs."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(TIMEOUT_SECONDS)
            assert not thread.is_alive(), "a client or the server kept its connection open"


def forward_one_way(source: socket.socket, target: socket.socket, saved: bytearray) -> None:
    """Forward one way and record the bytes until the source ends; then close the target."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            saved += chunk
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def run_relay(upstream: tuple[str, int]) -> Iterator[Relay]:
    """Run a relay to this address while the block runs."""
    relay = Relay(upstream)
    try:
        yield relay
    finally:
        relay.close()
