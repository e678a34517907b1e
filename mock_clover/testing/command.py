"""Run a command with a time limit, in a process group of its own that ends with it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, NamedTuple

OUTPUT_BYTES_MAX = 16_384
"""Only the end of a longer output is kept."""
_READ_BYTES = 4_096
_TERMINATE_S_MAX = 2.0


class CommandResult(NamedTuple):
    """How a command ended."""

    exit: int | None
    """The exit code, negative for a signal; None at the time limit."""
    output: str
    """The end of standard output and standard error."""


class Commands:
    """The running commands; `stop` ends all of them, from any thread.

    The result of a command that `stop` has ended means nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self.stopped = False

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], timeout_s: float
    ) -> CommandResult:
        """Run a command and return its result. Raises OSError if it cannot be started."""
        with self._lock:
            if self.stopped:
                return CommandResult(None, "")
            process = subprocess.Popen(  # noqa: S603 - the user's own command
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        tail = _Tail(process.stdout)
        try:
            code: int | None = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end_group(process)
            with self._lock:
                self._running.discard(process)
        return CommandResult(code, tail.text())

    def stop(self) -> None:
        """End all running commands; later ones do not start."""
        with self._lock:
            self.stopped = True
            running = list(self._running)
        for process in running:
            _signal_group(process, signal.SIGTERM)


class _Tail:
    """Reads a stream to its end in a thread, and keeps its last bytes."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None  # noqa: S101 - a pipe, see above
        self._stream = stream
        self._chunks: deque[bytes] = deque(maxlen=OUTPUT_BYTES_MAX // _READ_BYTES + 1)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(self._stream.fileno(), _READ_BYTES):
                if self._chunks and len(self._chunks[-1]) + len(chunk) <= _READ_BYTES:
                    self._chunks[-1] += chunk
                else:
                    self._chunks.append(chunk)

    def text(self) -> str:
        self._thread.join(_TERMINATE_S_MAX)  # a process outside of the group may hold the pipe
        if not self._thread.is_alive():
            self._stream.close()
        return b"".join(list(self._chunks))[-OUTPUT_BYTES_MAX:].decode("utf-8", "replace")


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End the process and everything that it started and left running."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(_TERMINATE_S_MAX)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(OSError):  # the group has ended
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
