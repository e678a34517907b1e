"""Mask card numbers in any text that leaves for a log, a journal, an error or a repr.

Any 13 to 19 digits in a row that begin with 2 to 9 and pass the Luhn check are a PAN as far as we
are concerned, whatever spaces, dots or dashes stand in them, full-width or not, and whatever digits
around them. Timestamps
(they begin with 1 until 2033), reference numbers (12 digits) and most ids stay readable.
"""

import re
from typing import Any

_RUN = re.compile(r"[0-9\uff10-\uff19](?:[ .\-\u00a0]{0,2}[0-9\uff10-\uff19]){12,}")
_BETWEEN = " .-\u00a0"
_TO_ASCII = {0xFF10 + value: str(value) for value in range(10)}
_LENGTHS = (16, 15, 14, 19, 18, 17, 13)  # the likeliest first
PAN_DIGITS_MIN = 13
_DIGITS = re.compile(r"[0-9]{3,}", re.ASCII)
_DIGITS_MAX = 64
"""A longer run is masked whole: searching it would take longer than it is worth."""
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def passes_luhn(digits: str) -> bool:
    """Tell whether a string of ASCII digits carries a right check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        total += _DOUBLED[value] if place % 2 else value
    return total % 10 == 0


def redact(text: str) -> str:
    """Return the text with every PAN in it replaced by `[card ...1234]`."""
    if len(text) < PAN_DIGITS_MIN:
        return text
    return _RUN.sub(_masked, text)


def redact_name(name: str) -> str:
    """Return a member's name without its digits: a number of any kind may have got there."""
    return _DIGITS.sub("[digits]", name)


def _masked(found: re.Match[str]) -> str:
    run = found[0]
    places = [place for place, char in enumerate(run) if char not in _BETWEEN]
    if len(places) > _DIGITS_MAX:
        return f"[{len(places)} digits]"
    digits = "".join(run[place] for place in places).translate(_TO_ASCII)
    kept, end, at = [], 0, 0
    while at + 13 <= len(digits):
        length = _pan_length(digits, at)
        if length:
            kept.append(f"{run[end : places[at]]}[card ...{digits[at + length - 4 : at + length]}]")
            end = places[at + length - 1] + 1
        at += length or 1
    return "".join(kept) + run[end:]


def _pan_length(digits: str, at: int) -> int:
    """Return the length of the PAN that begins here, or 0."""
    if digits[at] in "01":
        return 0
    for length in _LENGTHS:
        if at + length <= len(digits) and passes_luhn(digits[at : at + length]):
            return length
    return 0


def masked_repr(value: Any) -> str:
    """Show a named tuple as Python does, masked; to be a class's `__repr__`."""
    shown = ", ".join(f"{name}={getattr(value, name)!r}" for name in value._fields)
    return redact(f"{type(value).__name__}({shown})")
