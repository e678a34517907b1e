"""Do startup work in a child process: load the scenario and generate the key pair.

Importing yaml and cryptography and generating a key take as long as the rest of startup. A forked
child does this in parallel and sends JSON and DER through a pipe. Without fork, or if fork or the
child fails, this process does the work. Must be called before any thread is started.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mock_clover.sandbox.keys import KeyFileError, KeyRing, SerializedKeyPair

if TYPE_CHECKING:  # imported late: an early fork lets more work run in parallel
    from mock_clover.scenario.records import Scenario

_FORK: Callable[[], int] | None = getattr(os, "fork", None)  # Windows has none


class StartupWorker:
    """Start the child process and receive its results: first the scenario, then the key."""

    def __init__(
        self,
        scenario: str,
        key_file: Path | None,
        fork: Callable[[], int] | None = _FORK,
    ) -> None:
        self._scenario = scenario
        self._keys = KeyRing(key_file)
        self._pipe: BinaryIO | None
        self._pipe, self._child = self._fork_child(fork)

    def scenario(self) -> "Scenario":
        """Return the scenario. Raises ScenarioError."""
        import msgspec

        from mock_clover.scenario.records import Scenario, ScenarioError

        kind, message = self._read_message()
        if kind == b"=":
            return msgspec.json.decode(message, type=Scenario)
        if kind == b"!":
            raise ScenarioError(message.decode())
        return _load(self._scenario)

    def key(self) -> SerializedKeyPair:
        """Wait for the key and return it. Raises KeyFileError."""
        kind, message = self._read_message()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)
        if kind == b"!":
            raise KeyFileError(message.decode())
        if kind == b"=":
            blob, _, der = message.partition(b"\n")
            return SerializedKeyPair(blob.decode(), der)
        return self._keys.export()

    def _fork_child(self, fork: Callable[[], int] | None) -> tuple[BinaryIO | None, int]:
        """Return the pipe and the process id of a child, or None and 0 if there is none."""
        if fork is None:
            return None, 0
        read_fd, write_fd = os.pipe()
        try:
            child = fork()
        except OSError:  # for example a limit on processes
            os.close(read_fd)
            os.close(write_fd)
            return None, 0
        if child:
            os.close(write_fd)
            return os.fdopen(read_fd, "rb"), child
        try:
            os.close(read_fd)
            with os.fdopen(write_fd, "wb") as pipe:
                self._run_child(pipe)
        finally:
            os._exit(0)

    def _run_child(self, pipe: BinaryIO) -> None:
        import msgspec

        from mock_clover.scenario.records import ScenarioError

        try:
            _write_message(pipe, b"=", msgspec.json.encode(_load(self._scenario)))
        except ScenarioError as error:
            _write_message(pipe, b"!", str(error).encode())
            return
        try:
            key = self._keys.export()
            _write_message(pipe, b"=", key.blob.encode() + b"\n" + key.der)
        except KeyFileError as error:
            _write_message(pipe, b"!", str(error).encode())

    def _read_message(self) -> tuple[bytes, bytes]:
        """Read one message; empty if there is no child or it ended without a message."""
        if self._pipe is None:
            return b"", b""
        head = self._pipe.read(5)
        message = self._pipe.read(int.from_bytes(head[1:]))
        is_whole = len(message) == int.from_bytes(head[1:])
        return (head[:1], message) if is_whole else (b"", b"")


def _load(name_or_file: str) -> "Scenario":
    """Load a scenario. Raises ScenarioError.

    Tests check the operation names of built-in scenarios, because importing them here is slow.
    """
    from mock_clover.scenario.load import is_builtin, load

    if is_builtin(name_or_file):
        return load(name_or_file)
    from mock_clover.clover.surface import RULE_OPERATIONS

    return load(name_or_file, RULE_OPERATIONS)


def _write_message(pipe: BinaryIO, kind: bytes, message: bytes) -> None:
    pipe.write(kind + len(message).to_bytes(4) + message)
    pipe.flush()
    sys.stderr.flush()
