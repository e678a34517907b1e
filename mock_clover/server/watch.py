"""`serve --watch`: reload the scenario when its file is saved; ignore an invalid file.

Watch the folder, not the file: editors save by renaming, and Kubernetes by moving a link. Also poll
the file once a second, for file systems that do not report changes.
"""

import sys
from pathlib import Path

from mock_clover.clover.common.operation_names import RULE_OPERATIONS
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import ScenarioError

_LOOK_MS = 1_000


class Watch:
    """Reload the scenario file when it changes."""

    def __init__(self, file: Path, sandboxes: Sandboxes) -> None:
        self._file = file
        self._sandboxes = sandboxes
        self._stamp = self._file_stamp()

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
        stamp = self._file_stamp()
        if stamp == self._stamp or stamp is None:
            return
        self._stamp = stamp
        from mock_clover.scenario.load import load

        try:
            scenario = load(str(self._file), RULE_OPERATIONS)
        except ScenarioError as error:
            _print(f"{error}\n  the current scenario stays in force")
            return
        self._sandboxes.reload(scenario)
        message = f"{len(scenario.cards)} cards, {len(scenario.rules)} rules"
        if scenario.data is not None or scenario.merchants:
            message += "; data and merchants apply only to sandboxes created from now on"
        _print(f"{self._file.name} reloaded: {message}")

    def _file_stamp(self) -> tuple[int, int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:  # between an editor's delete and its rename
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _print(text: str) -> None:
    sys.stderr.write(f"mock-clover: {text}\n")
    sys.stderr.flush()
