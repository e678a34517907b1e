"""A TCP proxy that can be disconnected, reconnected and pointed at another port."""

import contextlib
import socket
import threading


class TcpProxy:
    """Forwards bytes both ways; its own port stays the same."""

    def __init__(self, port: int) -> None:
        self.to_port = port
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept()

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # disconnected
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to_port))
                self._ends += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                other.sendall(data)
        _close(other)

    def disconnect(self) -> None:
        """Close all connections and accept no new ones."""
        _close(self._listener)
        while self._ends:
            _close(self._ends.pop())

    def reconnect(self, port: int | None = None) -> None:
        """Accept connections again, optionally for another port."""
        self.to_port = port or self.to_port
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        self._accept()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
