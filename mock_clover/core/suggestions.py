"""Spelling suggestions."""

import difflib
from collections.abc import Iterable

_CHARS_MAX = 100
"""Longer words are truncated, because the comparison is quadratic."""
_RATIO_MIN = 0.5
"""The similarity of `cvc` and `cvc_check`."""


def nearest_word(word: str, known: Iterable[str], ratio_min: float = _RATIO_MIN) -> str:
    """Return the known word that is most similar, ignoring case, or ''."""
    by_fold = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word[:_CHARS_MAX].casefold(), by_fold, n=1, cutoff=ratio_min)
    return by_fold[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` if a known word is similar, else ''."""
    near = nearest_word(word, known)
    return f"; did you mean `{near}`?" if near else ""
