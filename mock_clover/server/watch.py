"""`serve --watch`: reload the scenario when its file is saved; ignore an invalid file.

A file that the scenario extends counts as part of it. Watch the folder, not the file: editors save
by renaming, and Kubernetes by moving a link. Also poll the files once a second, for other folders
and for file systems that do not report changes.
"""

import sys
from pathlib import Path

from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import ScenarioError

_LOOK_MS = 1_000


_Stamp = tuple[int, int, int] | None


class Watch:
    """Reload the scenario file when it or a file that it extends changes."""

    def __init__(self, file: Path, sandboxes: Sandboxes) -> None:
        self._file = file
        self._sandboxes = sandboxes
        self._stamps = self._current_stamps()

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
        """Reload the file if it, or one that it extends, has changed."""
        stamps = {file: _stamp(file) for file in self._stamps}
        # A missing file may be between an editor's delete and its rename.
        saved = any(stamp and stamp != self._stamps[file] for file, stamp in stamps.items())
        if not saved or stamps[self._file] is None:
            return
        self._stamps = self._current_stamps()
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

    def _current_stamps(self) -> dict[Path, _Stamp]:
        """Return the stamps of the file and of those that it extends now."""
        from mock_clover.scenario.load import files_of

        return {file: _stamp(file) for file in files_of(str(self._file))}


def _stamp(file: Path) -> _Stamp:
    """Return what changes when a file is saved, or None if there is none."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _print(text: str) -> None:
    sys.stderr.write(f"mock-clover: {text}\n")
    sys.stderr.flush()
