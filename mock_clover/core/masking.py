"""Mask card numbers in all that is shown: logs, journals, errors, reports, snapshots and reprs.

A PAN is any sequence of 13 to 19 digits that begins with 2 to 9 and passes the Luhn check. It may
be written in the digits of any script and be part of a longer run of digits. Up to four separators
may stand between two digits: spaces, line breaks, dashes, dots, slashes, underscores and characters
without a width, also as escapes of JSON and of `repr`. Commas and colons are not separators,
because they separate the numbers of a list. Timestamps (they begin with 1 until 2033), reference
numbers (12 digits) and most ids stay readable.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import Any

_ASCII = r"\t-\r ._/\-"
_UNICODE = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0001-\U000e007f"
    r"\u058a\u05be\u1400\u1806\u2010-\u2015\u2043\u2053\u207b\u208b\u2212\u2e17\u2e1a\u2e3a"
    r"\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead"
    r"\u00b7\u2022\u2024\u2027\u22c5\u3002\u30fb\ufe52\uff0e\uff0f\uff3f\uff61\uff65"
)
"""Spaces and characters without a width, dashes, dots, slashes and underscores."""
_ESCAPE = r"\\(?:[tnrfv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})"


def _runs(digit: str, separator: str) -> re.Pattern[str]:
    """Return a pattern for runs of digits; it takes linear time, since no two parts overlap.

    The quantifier is possessive: the stack of an ordinary one takes 280 bytes per digit.
    """
    gap = f"[{separator}]{{0,4}}(?:{_ESCAPE}[{separator}]{{0,4}}){{0,4}}"
    return re.compile(f"{digit}(?:{gap}{digit}){{12,}}+")


_ASCII_RUN = _runs("[0-9]", _ASCII)
"""For texts of ASCII only; it takes half the time."""


_ASCII_SEPARATORS = b"\t\n\v\f\r ._/-"
_KINDS = bytes(48 if 48 <= byte < 58 else 120 for byte in range(256))
_LEAST_RUN = b"0" * 13
"""Without separators and with each digit as 0, a text without this has no PAN. This takes a tenth
of the time of the pattern, which most ids and keys need not go through."""


@cache
def _any_run() -> re.Pattern[str]:
    """Return the pattern for other texts; it is compiled on first use (3 ms)."""
    return _runs(r"\d", _ASCII + _UNICODE)


_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})|%(?:25){0,4}(3[0-9])")
"""A character as an escape of JSON, or of a URL that was encoded up to five times; it may be a
digit."""
_TOKEN = re.compile(rf"(\d)|{_ESCAPE}|.", re.DOTALL)
_PAN_LENGTHS = (16, 15, 14, 19, 18, 17, 13)  # most common first
PAN_DIGITS_MIN = 13
_DIGITS = re.compile(r"[0-9]{3,}", re.ASCII)
_DIGITS_MAX = 64
"""A longer run is masked as a whole: searching it would take too long."""
_NUMBER_MAX = 10**20
_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


LuhnSums = tuple[list[int], list[int]]


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
    if "\\u" in text or "%" in text:
        plain = _ESCAPED.sub(_unescape_digit, text)
        masked = _redact(plain)
        return text if masked == plain else masked
    return _redact(text)


def _redact(text: str) -> str:
    if not text.isascii():
        return _any_run().sub(_mask_run, text)
    if "\\" not in text and _LEAST_RUN not in text.encode().translate(_KINDS, _ASCII_SEPARATORS):
        return text
    return _ASCII_RUN.sub(_mask_run, text)


def _unescape_digit(match: re.Match[str]) -> str:
    char = chr(int(match[1] or match[2], 16))
    return char if char.isdecimal() else match[0]


def redact_json(tree: Any) -> Any:
    """Return JSON with every PAN masked in its texts, numbers and member names."""
    if isinstance(tree, str):
        return redact(tree)
    if isinstance(tree, dict):
        return {redact(key): redact_json(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [redact_json(each) for each in tree]
    return redact_number(tree)


def redact_number(value: Any) -> Any:
    """Return a number, or its masked text if its digits are a PAN."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return value
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _NUMBER_MAX
    text = str(int(value) if is_whole else value)
    masked = redact(text)
    return value if masked == text else masked


def redact_field_name(name: str) -> str:
    """Mask the digits in a field name, which a client may have filled with any number."""
    return _DIGITS.sub("[digits]", name)


def _mask_run(match: re.Match[str]) -> str:
    run = match[0]
    indexes: Sequence[int] = range(len(run))
    if "\\" in run:
        indexes = [token.start() for token in _TOKEN.finditer(run) if token[1]]
    elif not run.isdecimal():
        indexes = [index for index, char in enumerate(run) if char.isdecimal()]
    if len(indexes) > _DIGITS_MAX:
        return f"[{len(indexes)} digits]"
    digits = "".join([run[index] for index in indexes])
    if not digits.isascii():
        digits = "".join([str(int(digit)) for digit in digits])
    parts, end, at = [], 0, 0
    sums: LuhnSums | None = None
    while at + 13 <= len(digits):
        length = 0
        if digits[at] not in "01":
            sums = sums or _luhn_sums(digits)
            length = _pan_length(digits, at, sums)
        if length:
            last_four = digits[at + length - 4 : at + length]
            parts.append(f"{run[end : indexes[at]]}[card ...{last_four}]")
            end = indexes[at + length - 1] + 1
        at += length or 1
    return "".join(parts) + run[end:]


def _luhn_sums(digits: str) -> LuhnSums:
    """Return the sums, modulo 10, of the digits before each index.

    One has every second digit doubled from the first one on, the other from the second one on. So
    a part of the digits is checked by one subtraction: a long run has hundreds of parts.
    """
    plain = [ord(digit) - 48 for digit in digits]
    first, second = plain.copy(), plain
    first[::2] = [_LUHN_DOUBLED[value] for value in plain[::2]]
    second[1::2] = [_LUHN_DOUBLED[value] for value in plain[1::2]]
    return (
        [total % 10 for total in accumulate(first, initial=0)],
        [total % 10 for total in accumulate(second, initial=0)],
    )


def _pan_length(digits: str, at: int, sums: LuhnSums) -> int:
    """Return the length of the PAN that begins at an index, or 0."""
    for length in _PAN_LENGTHS:
        end = at + length
        if (
            end <= len(digits) and sums[end % 2][end] == sums[end % 2][at]
        ):  # the last is not doubled
            return length
    return 0
