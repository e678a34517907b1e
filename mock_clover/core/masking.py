"""Mask card numbers in text for logs, journals, errors and reprs.

A PAN is any sequence of 13 to 19 digits that begins with 2 to 9 and passes the Luhn check. It may
contain spaces, dots, dashes and full-width digits, and may be part of a longer run of digits.
Timestamps (they begin with 1 until 2033), reference numbers (12 digits) and most ids stay readable.
"""

import re

_DIGIT_RUN = re.compile(r"[0-9\uff10-\uff19](?:[ .\-\u00a0]{0,2}[0-9\uff10-\uff19]){12,}")
_SEPARATORS = " .-\u00a0"
_TO_ASCII = {0xFF10 + value: str(value) for value in range(10)}
_PAN_LENGTHS = (16, 15, 14, 19, 18, 17, 13)  # most common first
PAN_DIGITS_MIN = 13
_DIGITS = re.compile(r"[0-9]{3,}", re.ASCII)
_DIGITS_MAX = 64
"""A longer run is masked as a whole: searching it would take too long."""
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def passes_luhn(digits: str) -> bool:
    """Return whether a string of ASCII digits has a valid check digit (ISO/IEC 7812-1)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        total += _LUHN_DOUBLED[value] if index % 2 else value
    return total % 10 == 0


def redact(text: str) -> str:
    """Return the text with each PAN replaced by `[card ...1234]`."""
    if len(text) < PAN_DIGITS_MIN:
        return text
    return _DIGIT_RUN.sub(_mask_run, text)


def redact_field_name(name: str) -> str:
    """Mask the digits in a field name, which a client may have filled with any number."""
    return _DIGITS.sub("[digits]", name)


def _mask_run(match: re.Match[str]) -> str:
    run = match[0]
    indexes = [index for index, char in enumerate(run) if char not in _SEPARATORS]
    if len(indexes) > _DIGITS_MAX:
        return f"[{len(indexes)} digits]"
    digits = "".join(run[index] for index in indexes).translate(_TO_ASCII)
    parts, end, at = [], 0, 0
    while at + 13 <= len(digits):
        length = _pan_length(digits, at)
        if length:
            last_four = digits[at + length - 4 : at + length]
            parts.append(f"{run[end : indexes[at]]}[card ...{last_four}]")
            end = indexes[at + length - 1] + 1
        at += length or 1
    return "".join(parts) + run[end:]


def _pan_length(digits: str, at: int) -> int:
    """Return the length of the PAN that begins at an index, or 0."""
    if digits[at] in "01":
        return 0
    for length in _PAN_LENGTHS:
        if at + length <= len(digits) and passes_luhn(digits[at : at + length]):
            return length
    return 0
