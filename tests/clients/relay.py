"""A loopback relay that keeps, for each connection, the very bytes that a client sent.

It alters nothing. It shows how many sockets a client used and what it wrote on each of them.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator

from toolbox import PATIENCE_SECONDS

CHUNK_BYTES = 65_536


class Relay:
    """Connections accepted so far, and what came in over each, oldest first."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.sent: list[bytearray] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    @property
    def url(self) -> str:
        """The address that a client is given instead of the server's."""
        return f"http://127.0.0.1:{self.port}"

    def accept(self) -> None:
        """Take connections until the listener is shut."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.upstream)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            kept = bytearray()
            self.sent.append(kept)
            talk = threading.Thread(target=self.carry, args=(near, far, kept))
            self.threads.append(talk)
            talk.start()

    def carry(self, near: socket.socket, far: socket.socket, kept: bytearray) -> None:
        """Carry both ways until both ends are done."""
        with near, far:
            back = threading.Thread(target=pump, args=(far, near, bytearray()))
            back.start()
            pump(near, far, kept)
            back.join()

    def close(self) -> None:
        """Stop accepting and wait for the talks to end; the clients have gone by now."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive(), "a client or the server kept its connection open"


def pump(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    """Carry one way, keeping what goes by, until the source ends; then end the target."""
    with contextlib.suppress(OSError):
        while chunk := source.recv(CHUNK_BYTES):
            kept += chunk
            target.sendall(chunk)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relaying(upstream: tuple[str, int]) -> Iterator[Relay]:
    """Relay to this address for the length of a block."""
    relay = Relay(upstream)
    try:
        yield relay
    finally:
        relay.close()
