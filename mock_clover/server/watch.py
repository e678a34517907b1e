"""`serve --watch`: reload the scenario when its file is saved; a wrong file changes nothing.

The folder is watched, not the file: editors save by renaming, and Kubernetes by moving a link. Once
a second the file is looked at all the same, for folders whose changes nobody tells.
"""

import sys
from pathlib import Path

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import ScenarioError

_LOOK_MS = 1_000


class Watch:
    """Reloads a scenario."""

    def __init__(self, file: Path, sandboxes: Sandboxes) -> None:
        self._file = file
        self._sandboxes = sandboxes
        self._stamp = self._look()

    async def run(self) -> None:
        """Watch until cancelled."""
        from watchfiles import awatch

        folder = self._file.absolute().parent
        changes = awatch(
            folder,
            watch_filter=None,
            recursive=False,
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
        )
        async for _ in changes:
            self.look()

    def look(self) -> None:
        """Reload the file if it has changed."""
        stamp = self._look()
        if stamp == self._stamp or stamp is None:
            return
        self._stamp = stamp
        from mock_clover.scenario.load import load

        try:
            scenario = load(str(self._file), RULE_OPERATIONS)
        except ScenarioError as error:
            _shout(f"{error}\n  the rules in force stay as they were")
            return
        self._sandboxes.reload(scenario)
        told = f"{len(scenario.cards)} cards, {len(scenario.rules)} rules"
        if scenario.data is not None or scenario.merchants:
            told += "; data and merchants are for sandboxes that are made from now on"
        _shout(f"{self._file.name} is reloaded: {told}")

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:  # between an editor's delete and its rename
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _shout(text: str) -> None:
    sys.stderr.write(f"mock-clover: {text}\n")
    sys.stderr.flush()
