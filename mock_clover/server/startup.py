"""Start-up work on another core: load the scenario and generate the key pair.

Importing yaml and cryptography and generating a key take as long as the rest of start-up. A forked
child does this in parallel and sends JSON and DER through a pipe. Without fork, or if the child
fails, this process does the work. Must be called before any thread is started.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mock_clover.sandbox.keys import KeyFileError, KeyRing, MadeKey

if TYPE_CHECKING:  # imported late: an early fork lets more work run in parallel
    from mock_clover.scenario.records import Scenario


class StartupWorker:
    """Start the child process and receive its results: first the scenario, then the key."""

    def __init__(self, scenario: str, key_file: Path | None) -> None:
        self._scenario = scenario
        self._ring = KeyRing(key_file)
        self._pipe: BinaryIO | None
        self._pipe, self._child = self._fork() if hasattr(os, "fork") else (None, 0)

    def scenario(self) -> "Scenario":
        """Return the scenario. Raises ScenarioError."""
        import msgspec

        from mock_clover.scenario.records import Scenario, ScenarioError

        kind, message = self._receive()
        if kind == b"=":
            return msgspec.json.decode(message, type=Scenario)
        if kind == b"!":
            raise ScenarioError(message.decode())
        return _load(self._scenario)

    def key(self) -> MadeKey:
        """Wait for the key and return it. Raises KeyFileError."""
        kind, message = self._receive()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)
        if kind == b"!":
            raise KeyFileError(message.decode())
        if kind == b"=":
            blob, _, der = message.partition(b"\n")
            return MadeKey(blob.decode(), der)
        return self._ring.export()

    def _fork(self) -> tuple[BinaryIO, int]:
        ours, theirs = os.pipe()
        child = os.fork()
        if child:
            os.close(theirs)
            return os.fdopen(ours, "rb"), child
        try:
            os.close(ours)
            with os.fdopen(theirs, "wb") as pipe:
                self._work(pipe)
        finally:
            os._exit(0)

    def _work(self, pipe: BinaryIO) -> None:
        import msgspec

        from mock_clover.scenario.records import ScenarioError

        try:
            _send(pipe, b"=", msgspec.json.encode(_load(self._scenario)))
        except ScenarioError as error:
            _send(pipe, b"!", str(error).encode())
            return
        try:
            key = self._ring.export()
            _send(pipe, b"=", key.blob.encode() + b"\n" + key.der)
        except KeyFileError as error:
            _send(pipe, b"!", str(error).encode())

    def _receive(self) -> tuple[bytes, bytes]:
        """Read one message; empty if there is no child or it ended without a message."""
        if self._pipe is None:
            return b"", b""
        head = self._pipe.read(5)
        return head[:1], self._pipe.read(int.from_bytes(head[1:]))


def _load(name_or_file: str) -> "Scenario":
    """Load a scenario. Tests check the operation names of the built-in ones: that import is slow.

    Raises ScenarioError.
    """
    from mock_clover.scenario.load import is_shipped, load

    if is_shipped(name_or_file):
        return load(name_or_file)
    from mock_clover.clover.surface import RULE_OPERATIONS

    return load(name_or_file, RULE_OPERATIONS)


def _send(pipe: BinaryIO, kind: bytes, message: bytes) -> None:
    pipe.write(kind + len(message).to_bytes(4) + message)
    pipe.flush()
    sys.stderr.flush()
