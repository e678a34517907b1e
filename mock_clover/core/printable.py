"""Escape control characters in text for terminals, logs and headers."""

import json


class _Escapes(dict[int, str]):
    """The escapes of one text; each character is looked up once, which a long text needs."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = escaped = char if char.isprintable() else json.dumps(char)[1:-1]
        return escaped


def printable(text: str) -> str:
    """Return text as one line, with characters that are not printable as escapes of JSON."""
    if text.isprintable():
        return text
    return text.translate(_Escapes())


def printable_lines(text: str) -> str:
    """Return text with the same lines, each of them printable."""
    return "\n".join(map(printable, text.split("\n")))
