"""A TCP proxy that can be disconnected, reconnected and pointed at another port."""

import contextlib
import socket
import threading


class TcpProxy:
    """Forwards bytes both ways; its own port stays the same."""

    def __init__(self, port: int) -> None:
        self.to_port = port
        self._lock = threading.Lock()
        self._ends: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port: int = self._listen(0).getsockname()[1]

    def _listen(self, port: int) -> socket.socket:
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()
        return self._listener

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # disconnected
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to_port))
                with self._lock:
                    if listener is not self._listener:  # disconnected in the meantime
                        _close(near)
                        _close(far)
                        return
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
        with self._lock:
            if self._listener:
                _close(self._listener)
            self._listener = None
            while self._ends:
                _close(self._ends.pop())

    def reconnect(self, port: int | None = None) -> None:
        """Accept connections again, optionally for another port."""
        self.to_port = port or self.to_port
        self._listen(self.port)


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
