"""A number with its noun."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return `1 error`, `2 errors`; `plural` is the noun's plural if it does not end in `s`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
