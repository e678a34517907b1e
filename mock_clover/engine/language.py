"""The language of a page: English, or French if the browser prefers it."""

from collections.abc import Mapping
from typing import NamedTuple

_HEADER_BYTES_MAX = 200
"""What follows is ignored: browsers send fewer."""


class Language(NamedTuple):
    """A language and its texts, by their English text."""

    code: str
    texts: Mapping[str, str]

    def say(self, text: str) -> str:
        """Return a text in this language; English if it has no translation."""
        return self.texts.get(text, text)


ENGLISH = Language("en", {})


def prefers_french(headers: Mapping[bytes, bytes]) -> bool:
    """Return whether Accept-Language prefers French to English."""
    accepted = headers.get(b"accept-language", b"")[:_HEADER_BYTES_MAX].decode("latin-1").lower()
    weights = {"fr": 0.0, "en": 0.0}
    for part in accepted.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().partition("-")[0]
        if language in weights:
            weights[language] = max(weights[language], _weight(parameter))
    return weights["fr"] > weights["en"]


def _weight(parameter: str) -> float:
    """Return the weight of a language: `q=0.8`, or 1 without one."""
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
