"""Mask card numbers in any text that leaves for a log, a journal, an error or a repr.

A run of 13 to 19 digits that begins with 2 to 9 and passes the Luhn check is a PAN as far as we are
concerned, whatever separators stand in it. So timestamps (they begin with 1 until 2033), reference
numbers (12 digits) and most ids stay readable.
"""

import re

# Single spaces or dashes may stand between the digits; not inside a longer run.
_RUN = re.compile(r"(?<!\d)[2-9](?:[ \-]?\d){12,18}(?!\d)")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def passes_luhn(digits: str) -> bool:
    """Tell whether a string of ASCII digits carries a right check digit (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ord(digit) - 48
        total += _DOUBLED[value] if place % 2 else value
    return total % 10 == 0


def _masked(found: re.Match[str]) -> str:
    digits = "".join(c for c in found[0] if c.isdigit())
    if not passes_luhn(digits):
        return found[0]
    return f"[card ...{digits[-4:]}]"


def redact(text: str) -> str:
    """Return the text with every PAN in it replaced by `[card ...1234]`."""
    return _RUN.sub(_masked, text)
