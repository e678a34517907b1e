"""Say which fields of `expand` a response does not have, and which it has."""

from collections.abc import Collection, Iterable

from mock_clover.core.masking import redact
from mock_clover.core.printable import printable
from mock_clover.core.suggestions import nearest_word

_TOLD_MAX, _CHOICES_MAX, _NAME_CHARS_MAX = 5, 15, 40
_SIMILARITY_MIN = 0.7
"""Of a name and the suggested one: all names are listed."""


def not_expanded(names: Iterable[str], known: Collection[str]) -> str:
    """Return a note on the fields that a response does not expand, or ''."""
    ignored = sorted(set(names).difference(known))
    if not ignored:
        return ""
    told = [_with_suggestion(name, known) for name in ignored[:_TOLD_MAX]]
    choices = _joined(sorted(known)[:_CHOICES_MAX], len(known)) or "nothing"
    return f"; not expanded: {_joined(told, len(ignored))}; this response can expand {choices}"


def _with_suggestion(name: str, known: Collection[str]) -> str:
    near = nearest_word(name, known, _SIMILARITY_MIN)
    shown = printable(redact(name)[:_NAME_CHARS_MAX])
    return f"{shown} (did you mean {near}?)" if near else shown


def _joined(names: list[str], count: int) -> str:
    more = f" +{count - len(names)} more" if count > len(names) else ""
    return f"{', '.join(names)}{more}"
