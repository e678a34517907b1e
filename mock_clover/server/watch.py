"""`serve --watch`: reload the scenario when its file is saved, unless the file is invalid.

A file that the scenario extends counts as part of it. Watch the folder, not the file: editors save
by renaming, and Kubernetes by moving a link. Also poll the files once a second, for other folders
and for file systems that do not report changes.
"""

from pathlib import Path

from mock_clover.clover.surface import RULE_OPERATIONS
from mock_clover.sandbox.sandboxes import Sandboxes
from mock_clover.scenario.records import ScenarioError
from mock_clover.server.log import ExchangeLog
from mock_clover.server.supervisor import Supervisor

_POLL_MS = 1_000


_FileVersion = tuple[int, int, int] | None


class Watch:
    """Reload the scenario file when it or a file that it extends changes."""

    def __init__(self, file: Path, sandboxes: Sandboxes, log: ExchangeLog) -> None:
        self._file = file
        self._sandboxes = sandboxes
        self._log = log
        self._supervisor = Supervisor(log)
        self._versions = self._current_versions()

    async def run(self) -> None:
        """Watch until cancelled."""
        from watchfiles import awatch

        folder = self._file.absolute().parent
        changes = awatch(
            folder,
            watch_filter=None,
            recursive=False,
            rust_timeout=_POLL_MS,
            yield_on_timeout=True,
        )
        async for _ in changes:
            self._supervisor.run("reloading the scenario", self.reload_if_changed)

    def reload_if_changed(self) -> None:
        """Reload the file if it, or one that it extends, has changed."""
        versions = {file: _file_version(file) for file in self._versions}
        # A missing file: an editor has deleted it and not yet renamed the new one.
        saved = any(
            version and version != self._versions[file] for file, version in versions.items()
        )
        if not saved or versions[self._file] is None:
            return
        self._versions = self._current_versions()
        from mock_clover.scenario.load import load

        try:
            scenario = load(str(self._file), RULE_OPERATIONS)
        except ScenarioError as error:
            self._log.write_message(f"{error}\n  not reloaded: the current scenario stays active")
            return
        self._sandboxes.reload(scenario)
        message = f"{len(scenario.cards)} cards, {len(scenario.rules)} rules"
        if scenario.data is not None or scenario.merchants:
            message += "; data and merchants apply only to sandboxes created from now on"
        self._log.write_message(f"{self._file.name} reloaded: {message}")

    def _current_versions(self) -> dict[Path, _FileVersion]:
        """Return the versions of the file and of those that it extends now."""
        from mock_clover.scenario.load import scenario_files

        return {file: _file_version(file) for file in scenario_files(str(self._file))}


def _file_version(file: Path) -> _FileVersion:
    """Return a value that changes when a file is saved, or None if there is no file."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
