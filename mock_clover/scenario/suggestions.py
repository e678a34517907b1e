"""What was found wrong with a scenario, and the word that was perhaps meant."""

from collections.abc import Iterable
from typing import NamedTuple

Finding = tuple[str, str]
"""A path such as `.rules[2].when.nth`, and what is wrong there."""


class Located(NamedTuple):
    """A finding, and where it stands in the file, from 1."""

    line: int
    column: int
    said: str
    path: str

    def told(self, name: str) -> str:
        """Say it in a line, behind the name of the file."""
        at = f" - at `{self.path}`" if self.path else ""
        return f"{name}:{self.line}:{self.column}: {self.said}{at}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` for a word that is nearly a known one."""
    import difflib

    by_fold = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(word[:100].casefold(), by_fold, n=1, cutoff=0.5)
    return f"; did you mean `{by_fold[near[0]]}`?" if near else ""
