"""The server process of a test run: started when it is first asked for, ended with pytest.

Under pytest-xdist the controller has it, and a desk where its workers ask; so there is one.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from mock_clover.testing.line import MockCloverError

_START_S_MAX = 30.0
_END_S_MAX = 5.0
_LOG_CHARS_MAX = 4_000
_COULD_NOT = "!"


class Server:
    """A server on a free port of this machine, or not yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url = ""
        self._failed = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def url(self) -> str:
        """Return its address, starting it at the first call. Raises MockCloverError with its log.

        A start that failed is not tried again: it would fail each test as slowly.
        """
        with self._lock:
            if not self._url and not self._failed:
                self._start()
            if self._failed:
                raise MockCloverError(self._failed)
            return self._url

    def stop(self) -> None:
        """End it, if it was started."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mock-clover-")
        port_file, log = Path(self._folder.name, "port"), Path(self._folder.name, "server.log")
        guard = [sys.executable, "-I", "-S", str(Path(__file__).with_name("guard.py"))]
        # -P: a file of the tested project must not stand in the place of an import of ours.
        serve = [sys.executable, "-P", "-m", "mock_clover", "serve"]
        with log.open("wb") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*guard, *serve, "--port", "0", "--port-file", str(port_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=sink,
                env=_plain_environment(),
                start_new_session=True,  # Ctrl-C is for pytest; fixtures end before the server
            )
        overdue = threading.Timer(_START_S_MAX, self._process.kill)
        overdue.daemon = True
        overdue.start()
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see above
        announced = self._process.stdout.readline()  # or nothing, when it ended instead
        overdue.cancel()
        if announced and port_file.exists():
            self._url = f"http://127.0.0.1:{int(port_file.read_text())}"
            return
        said = log.read_text("utf-8", "replace")[-_LOG_CHARS_MAX:].strip()
        self._failed = f"the server of mock-clover did not start; it said:\n{said or '(nothing)'}"
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # of a guard that is gone
                process.stdin.write(b".")  # the guard's sign to end the server
                process.stdin.close()
        if process.stdout is not None:
            process.stdout.close()
        try:
            process.wait(_END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()


class ServerBroker:
    """Where workers ask for the address of the one server; the first to ask has it started."""

    def __init__(self) -> None:
        self._server = Server()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._attend, name="mock-clover desk", daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more, and end the server."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, on Linux
        self._listener.close()
        self._server.stop()

    def _attend(self) -> None:
        while True:
            try:
                asking, _ = self._listener.accept()
            except OSError:  # closed
                return
            try:
                told = self._server.url()
            except MockCloverError as error:
                told = f"{_COULD_NOT}{error}"
            with asking, contextlib.suppress(OSError):  # of a worker that is gone
                asking.sendall(told.encode())


def ask_broker(port: int) -> str:
    """Ask the controller's desk for the server's address. Raises MockCloverError."""
    address = ("127.0.0.1", port)
    try:
        with (
            socket.create_connection(address, _START_S_MAX + _END_S_MAX) as desk,
            desk.makefile("rb") as answer,
        ):
            told = answer.read().decode()
    except OSError as error:
        raise MockCloverError(f"the controller's desk does not answer: {error}") from None
    if not told or told.startswith(_COULD_NOT):
        raise MockCloverError(told[1:] or "the server of mock-clover has ended")
    return told


def _plain_environment() -> dict[str, str]:
    """Return our environment without the developer's settings for a server of their own."""
    return {n: v for n, v in os.environ.items() if not n.startswith("MOCK_CLOVER_")}
