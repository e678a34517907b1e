"""Say which rule an invalid value broke: the member, what was sent, and the rule.

What was sent is shown without digits, and for members of secret records only its kind and length.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec

from mock_clover.core.evidence import CURRENCY, EMAIL, END_OF_STRING
from mock_clover.core.masking import redact, redact_field_name
from mock_clover.core.money import AMOUNT_MAX
from mock_clover.core.suggestions import nearest_word

_TEXT_CHARS_MAX = 40
_NUMBER_CHARS_MAX = 12  # fewer than a card number has
_LENGTH = re.compile(r"Expected `(str|array|object)` of length (<=|>=|==|)[ ]?(\d{1,20})")
_RANGE = re.compile(r"Expected `(?:int|float)` (<=|>=|<|>) (\S{1,40})")
_TYPE = re.compile(r"Expected `([^`]{1,300})`")
_MISSING = re.compile(r"missing required field `(\w+)`")
PATTERNS = {EMAIL: "an address such as jo@example.com", CURRENCY: "three letters, such as usd"}
"""What patterns mean."""
_UNITS = {"str": "characters", "array": "items", "object": "members"}
_BOUNDS = {
    "<=": "at most",
    ">=": "at least",
    "": "exactly",
    "==": "exactly",
    "<": "less than",
    ">": "more than",
}
OWN_LIMIT = ", mock-clover's own limit"
_SIMILARITY_MIN = 0.7
"""Of a value and the suggested choice: all choices are listed."""
_TYPE_NAMES = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
}


def broken_rule(path: str, message: str, value: object, hint: Any, *, is_secret: bool) -> str:
    """Return the sentence about an invalid member.

    `message`: that of msgspec. `hint`: the type of the member.
    """
    literals = tuple(map(str, _literals(hint)))
    if message == "is missing":
        choices = f", one of {', '.join(literals)}" if literals else ""
        return f"{path} is missing; it is required{choices}"
    if match := _MISSING.search(message):
        return f"{path}.{match[1]} is missing; it is required"
    if " unknown field " in message or path.endswith("[...]"):  # msgspec does not name the key
        return f"{path}: {message}"
    if (match := _LENGTH.search(message)) and " - at `key` in " in message:
        return f"{path} has a name that is too long; {_bound(match[2], match[3], hint)}"
    if (match := _LENGTH.search(message)) and isinstance(value, str | list | dict):
        bound = _bound(match[2], match[3], hint)
        return f"{path} has {len(value)} {_UNITS[match[1]]}; {bound}"
    if match := _RANGE.search(message):
        number = _shown_number(str(value), is_secret=is_secret)
        return f"{path} is {number}; {_bound(match[1], match[2], hint)}"
    sent = f"{path} is {shown(value, is_secret=is_secret)}"
    if allowed := [
        meta.extra["rule"] for meta in _metas(hint) if meta.extra and "rule" in meta.extra
    ]:
        return f"{sent}; must be {allowed[0]}"
    if " matching regex " in message:
        metas = [meta for meta in _metas(hint) if meta.pattern]
        pattern = str(metas[0].pattern).replace(END_OF_STRING, "$") if metas else "its pattern"
        if meant := next(
            (PATTERNS[meta.pattern] for meta in metas if meta.pattern in PATTERNS), ""
        ):
            return f"{sent}; must be {meant}"
        described = next((meta.description for meta in metas if meta.description), None)
        suffix = f" ({described.rstrip('.')})" if described else ""
        return f"{sent}; must match {pattern}{suffix}"
    if literals and "`array" not in message:
        near = "" if is_secret else nearest_word(str(value), literals, _SIMILARITY_MIN)
        suggestion = f"; did you mean `{near}`?" if near else ""
        return f"{sent}; must be one of {', '.join(literals)}{suggestion}"
    if match := _TYPE.search(message):
        names = [_TYPE_NAMES.get(name, name) for name in match[1].split(" | ") if name != "null"]
        return f"{sent}; must be {' or '.join(names)}"
    return f"{sent}; {message}"


def _bound(relation: str, limit: str, hint: Any) -> str:
    """Return a bound. A maximum that the description of the member does not state is our own.

    `AMOUNT_MAX` is Clover's (documented) and in no description.
    """
    text = f"{_BOUNDS[relation]} {limit}"
    if relation != "<=" or limit == str(AMOUNT_MAX):
        return text
    stated = " ".join(meta.description or "" for meta in _metas(hint)).replace(",", "")
    is_stated = limit in re.findall(r"[0-9]+", stated) and "mock" not in stated
    return text if is_stated else f"{text}{OWN_LIMIT}"


def shown(value: object, *, is_secret: bool = False) -> str:
    """Return a value without what may be part of a card number or a code."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | dict):
        return f"an array of {len(value)} items" if isinstance(value, list) else "an object"
    text = str(value)
    if isinstance(value, int | float):
        return _shown_number(text, is_secret=is_secret)
    if is_secret or len(text) > _TEXT_CHARS_MAX:
        return f"a text of {len(text)} characters"
    return f'"{redact_field_name(redact(text))}"'


def _shown_number(text: str, *, is_secret: bool) -> str:
    return "a number" if is_secret or len(text) > _NUMBER_CHARS_MAX else text


def _metas(hint: Any) -> Iterator[msgspec.Meta]:
    yield from _parts(hint, lambda part: [m for m in getattr(part, "__metadata__", ()) if m])


def _literals(hint: Any) -> Iterator[object]:
    yield from _parts(hint, lambda part: get_args(part) if get_origin(part) is Literal else ())


def _parts(hint: Any, of: Callable[[Any], Any]) -> Iterator[Any]:
    """Yield what `of` returns for a type and the types within it."""
    yield from of(hint)
    inner = (hint.__origin__,) if hasattr(hint, "__metadata__") else get_args(hint)
    for part in inner if get_origin(hint) is not Literal else ():
        yield from _parts(part, of)
