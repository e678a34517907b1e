"""What a server does beside answering: drop idle sandboxes, reload a scenario that was saved."""

import sys
import time
from pathlib import Path

from mock_clover.api.due import settle
from mock_clover.model.operation import OPERATIONS
from mock_clover.model.scenario import ScenarioError
from mock_clover.sandbox.sandboxes import DEFAULT, Sandboxes
from mock_clover.server.log import ExchangeLog
from mock_clover.wire.redact import redact

IDLE_S = 3_600.0
"""A sandbox that nobody called for so long is dropped; `default` never is."""


class Idlers:
    """Finds sandboxes that nobody uses, by their journals' counts: answering pays nothing."""

    def __init__(self, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._sandboxes = sandboxes
        self._log = log
        self._seen: dict[str, tuple[int, float]] = {}

    def sweep(self, now: float | None = None) -> None:
        """Drop what has been idle for too long."""
        now = time.monotonic() if now is None else now
        seen: dict[str, tuple[int, float]] = {}
        for sandbox in list(self._sandboxes):
            count, since = self._seen.get(sandbox.name, (-1, now))
            if sandbox.journal.count != count:
                count, since = sandbox.journal.count, now
            if sandbox.name != DEFAULT and now - since > IDLE_S:
                self._sandboxes.drop(sandbox.name)
                self._log.say(f"sandbox {redact(sandbox.name)} is dropped: nobody used it")
            else:
                seen[sandbox.name] = (count, since)
        self._seen = seen


class Clockwork:
    """Lets what is due happen in every sandbox, whether or not anybody calls."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._sandboxes = sandboxes

    def tick(self) -> None:
        """Let what is due happen."""
        for sandbox in self._sandboxes:
            if sandbox.agenda:
                settle(sandbox)


class Watch:
    """Reloads the server's scenario when its file is saved; a wrong file changes nothing."""

    def __init__(self, file: Path, sandboxes: Sandboxes) -> None:
        self._file = file
        self._sandboxes = sandboxes
        self._stamp = self._look()

    def look(self) -> None:
        """Reload the file if it has changed."""
        stamp = self._look()
        if stamp == self._stamp or stamp is None:
            return
        self._stamp = stamp
        from mock_clover.scenario.load import load

        try:
            scenario = load(str(self._file), OPERATIONS)
        except ScenarioError as error:
            _shout(f"{error}\n  the rules in force stay as they were")
            return
        self._sandboxes.reload(scenario)
        told = f"{len(scenario.cards)} cards, {len(scenario.rules)} rules"
        _shout(f"{self._file.name} is reloaded: {told}")

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._file.stat()
        except OSError:  # between an editor's delete and its rename
            return None
        return found.st_mtime_ns, found.st_size


def _shout(text: str) -> None:
    sys.stderr.write(f"mock-clover: {text}\n")
    sys.stderr.flush()
