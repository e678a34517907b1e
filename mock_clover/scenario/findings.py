"""Findings of scenario validation."""

from typing import NamedTuple

Finding = tuple[str, str]
"""A path, for example `.rules[2].when.nth`, and a message."""


class LocatedFinding(NamedTuple):
    """A finding with its line and column in the file, from 1."""

    line: int
    column: int
    message: str
    path: str

    def format(self, name: str) -> str:
        """Return one line that starts with the file name."""
        at = f" - at `{self.path}`" if self.path else ""
        return f"{name}:{self.line}:{self.column}: {self.message}{at}"
