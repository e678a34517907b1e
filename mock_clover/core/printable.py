"""Escape control characters in text for terminals, logs and headers."""

import json


def printable(text: str) -> str:
    """Return text as one line, with characters that are not printable as escapes of JSON."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
