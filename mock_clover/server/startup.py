"""What start-up does on another core: reading the scenario and making the key pair.

Importing yaml and cryptography and making a key take as long as all the rest of start-up, so a
forked child does them meanwhile and hands over JSON and DER through a pipe. Where there is no
fork, or the child fails, the same work is done here. Must be called before there is any thread.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.sandbox.keys import KeyFileError, KeyRing, MadeKey

if TYPE_CHECKING:  # imported late: the sooner the fork, the more goes on beside it
    from mock_clover.scenario.records import Scenario


class StartupWorker:
    """The child's work, as it comes in: first the scenario, then the key."""

    def __init__(self, scenario: str, key_file: Path | None) -> None:
        self._scenario = scenario
        self._ring = KeyRing(key_file)
        self._pipe: BinaryIO | None
        self._pipe, self._child = self._fork() if hasattr(os, "fork") else (None, 0)

    def scenario(self) -> "Scenario":
        """Return the scenario. Raises ScenarioError."""
        import msgspec

        from mock_clover.scenario.records import Scenario, ScenarioError

        kind, said = self._take()
        if kind == b"=":
            return msgspec.json.decode(said, type=Scenario)
        if kind == b"!":
            raise ScenarioError(said.decode())
        from mock_clover.scenario.load import load

        return load(self._scenario, RULE_OPERATIONS)

    def key(self) -> MadeKey:
        """Return the key, waiting for it. Raises KeyFileError."""
        kind, said = self._take()
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self._child, 0)
        if kind == b"!":
            raise KeyFileError(said.decode())
        if kind == b"=":
            blob, _, der = said.partition(b"\n")
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

        from mock_clover.scenario.load import load
        from mock_clover.scenario.records import ScenarioError

        try:
            _give(pipe, b"=", msgspec.json.encode(load(self._scenario, RULE_OPERATIONS)))
        except ScenarioError as error:
            _give(pipe, b"!", str(error).encode())
            return
        try:
            made = self._ring.export()
            _give(pipe, b"=", made.blob.encode() + b"\n" + made.der)
        except KeyFileError as error:
            _give(pipe, b"!", str(error).encode())

    def _take(self) -> tuple[bytes, bytes]:
        """Read one message; nothing when there is no child, or it ended without a word."""
        if self._pipe is None:
            return b"", b""
        head = self._pipe.read(5)
        return head[:1], self._pipe.read(int.from_bytes(head[1:]))


def _give(pipe: BinaryIO, kind: bytes, said: bytes) -> None:
    pipe.write(kind + len(said).to_bytes(4) + said)
    pipe.flush()
    sys.stderr.flush()
