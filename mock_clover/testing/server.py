"""The server process of a test run, started on first use and stopped with pytest.

With pytest-xdist, the controller owns the server, and workers get its URL from a broker.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from mock_clover.testing.transport import MockCloverError

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 5.0
_LOG_CHARS_MAX = 4_000
_ERROR_PREFIX = "!"


class ServerProcess:
    """A server on a free port, started lazily."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._url = ""
        self._error = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def url(self) -> str:
        """Return the URL; start the server on the first call. Raises MockCloverError with its log.

        A failed start is not retried, because it would slow down every test.
        """
        with self._lock:
            if not self._url and not self._error:
                self._start()
            if self._error:
                raise MockCloverError(self._error)
            return self._url

    def stop(self) -> None:
        """Stop the server, if it was started."""
        with self._lock:
            self._stop_process()

    def _start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mock-clover-")
        port_file, log = Path(self._folder.name, "port"), Path(self._folder.name, "server.log")
        guard = [sys.executable, "-I", "-S", str(Path(__file__).with_name("process_guard.py"))]
        guard.append(self._folder.name)
        # -P: a file of the tested project must not shadow our imports.
        serve = [sys.executable, "-P", "-m", "mock_clover", "serve"]
        with log.open("wb") as log_file:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [*guard, *serve, "--port", "0", "--port-file", str(port_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=_clean_environment(),
                start_new_session=True,  # so that Ctrl-C does not stop it before the fixtures
            )
        timeout = threading.Timer(_START_TIMEOUT_S, self._process.kill)
        timeout.daemon = True
        timeout.start()
        assert self._process.stdout is not None  # noqa: S101 - a pipe, see above
        banner = self._process.stdout.readline()  # empty if it exited
        timeout.cancel()
        if banner and port_file.exists():
            self._url = f"http://127.0.0.1:{int(port_file.read_bytes())}"
            return
        tail = log.read_text("utf-8", "replace")[-_LOG_CHARS_MAX:].strip()
        self._error = f"the mock-clover server did not start; its log:\n{tail or '(empty)'}"
        self._stop_process()

    def _stop_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):  # the guard has exited
                process.stdin.write(b".")  # makes the guard stop the server
                process.stdin.close()
        if process.stdout is not None:
            process.stdout.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._folder is not None:
            self._folder.cleanup()


class ServerBroker:
    """Sends the URL of the server to workers. The first request starts the server."""

    def __init__(self) -> None:
        self._server = ServerProcess()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, name="mock-clover broker", daemon=True).start()

    def close(self) -> None:
        """Stop the broker and the server."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread, on Linux
        self._listener.close()
        self._server.stop()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed
                return
            try:
                reply = self._server.url()
            except MockCloverError as error:
                reply = f"{_ERROR_PREFIX}{error}"
            with connection, contextlib.suppress(OSError):  # the worker has exited
                connection.sendall(reply.encode())


def ask_broker(port: int) -> str:
    """Return the server's URL from the controller's broker. Raises MockCloverError."""
    address = ("127.0.0.1", port)
    try:
        with (
            socket.create_connection(address, _START_TIMEOUT_S + _STOP_TIMEOUT_S) as connection,
            connection.makefile("rb") as stream,
        ):
            reply = stream.read().decode()
    except OSError as error:
        raise MockCloverError(
            f"cannot get the server URL from the pytest-xdist controller: {error}"
        ) from None
    if not reply or reply.startswith(_ERROR_PREFIX):
        raise MockCloverError(reply[1:] or "the mock-clover server has stopped")
    return reply


def _clean_environment() -> dict[str, str]:
    """Return the environment without `MOCK_CLOVER_*` settings meant for other servers."""
    return {n: v for n, v in os.environ.items() if not n.startswith("MOCK_CLOVER_")}
