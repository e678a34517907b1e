"""Write the capsule of a failed test's sandbox to a file, for `mock-clover replay`."""

import hashlib
import json
import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from mock_clover.testing.transport import MockCloverError

if TYPE_CHECKING:
    from mock_clover.testing.handle import MockClover

SUFFIX = ".capsule.json"
FILES_MAX = 100
"""Capsules that one process of a run writes: if everything fails, the first ones tell why."""
SANDBOXES_MAX = 5
"""Capsules of one test, which usually has one sandbox."""
_NAME_CHARS_MAX = 150
_INVALID_CHARS = re.compile(r"[^A-Za-z0-9._\[\]=,-]{1,100}")


def capsule_name(nodeid: str, number: int = 1) -> str:
    """Return the name of the file for the number-th sandbox of a test.

    It is the node id with `/` as `-` and `::` as `--`. One that had to be changed more than that
    gets a hash, so that no other test writes to the same file.
    """
    plain = nodeid.replace("/", "-").replace("::", "--")
    name = _INVALID_CHARS.sub("_", plain)[:_NAME_CHARS_MAX]
    if name != plain:
        name += f"-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"
    return f"{name}{f'.{number}' if number > 1 else ''}{SUFFIX}"


class CapsuleWriter:
    """Writes the capsules of one run into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def write(self, nodeid: str, handles: "list[MockClover]") -> list[tuple[str, str]]:
        """Write the capsules of a failed test; return a title and a text for each. Never raises."""
        sections = []
        for number, handle in enumerate(handles[:SANDBOXES_MAX], start=1):
            title = f"mock-clover capsule of {handle.name}"
            sections.append((title, self._write_one(capsule_name(nodeid, number), handle)))
        return sections

    def _write_one(self, name: str, handle: "MockClover") -> str:
        if self._count >= FILES_MAX:
            return f"(not written: this run has {FILES_MAX} capsules already)"
        file = self._folder / name
        try:
            made = handle.capsule()
            capsule = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished = file.with_name(f"{name}.{os.getpid()}")
            unfinished.write_text(capsule, encoding="utf-8")
            unfinished.replace(file)
        except (MockCloverError, OSError) as error:
            return f"(not written: {error})"
        self._count += 1
        note = f"\n{made['note']}" if made.get("note") else ""
        return f"{file}\nmock-clover replay {shlex.quote(str(file))}{note}"
