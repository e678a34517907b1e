"""Findings of scenario validation, and spelling suggestions."""

from collections.abc import Iterable
from typing import NamedTuple

Finding = tuple[str, str]
"""A path, for example `.rules[2].when.nth`, and a message."""


class Located(NamedTuple):
    """A finding with its line and column in the file, from 1."""

    line: int
    column: int
    message: str
    path: str

    def format(self, name: str) -> str:
        """Return one line that starts with the file name."""
        at = f" - at `{self.path}`" if self.path else ""
        return f"{name}:{self.line}:{self.column}: {self.message}{at}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` if a known word is similar, else ''."""
    import difflib

    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word[:100].casefold(), by_fold, n=1, cutoff=0.5)
    return f"; did you mean `{by_fold[near[0]]}`?" if near else ""
