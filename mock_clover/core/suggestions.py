"""Spelling suggestions."""

import difflib
from collections.abc import Iterable

_CHARS_MAX = 100
"""Longer words are truncated, because the comparison is quadratic."""
RATIO_MIN = 0.6
"""Less would suggest `failed` for `payed`."""
_CONTAINED_RATIO_MIN = 0.5
"""The similarity of `cvc` and `cvc_check`, one of which contains the other."""


def nearest_word(word: str, known: Iterable[str], ratio_min: float = RATIO_MIN) -> str:
    """Return the known word that is most similar, ignoring case, or ''."""
    by_fold = {name.casefold(): name for name in known}
    folded = word[:_CHARS_MAX].casefold()
    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=ratio_min)
    if not near and ratio_min == RATIO_MIN:
        related = [name for name in by_fold if name in folded or folded in name]
        near = difflib.get_close_matches(folded, related, n=1, cutoff=_CONTAINED_RATIO_MIN)
    return by_fold[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` if a known word is similar, else ''."""
    near = nearest_word(word, known)
    return f"; did you mean `{near}`?" if near else ""
