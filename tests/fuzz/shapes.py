"""Hostile texts of any size: what parsers have to scan, match, nest, escape or count."""

import json
from collections.abc import Callable

Shape = Callable[[int], str]


def repeated(unit: str, before: str = "", after: str = "") -> Shape:
    """Return a shape that repeats a text, between two others."""
    size, around = len(unit.encode()), len((before + after).encode())
    return lambda length: before + unit * max(1, (length - around) // size) + after


def numbered(unit: str, joint: str, before: str = "", after: str = "") -> Shape:
    """Return a shape that joins texts which contain a number each, such as names."""
    size = len((unit % 10_000 + joint).encode())
    return lambda length: before + joint.join(unit % at for at in range(length // size)) + after


TEXTS: dict[str, Shape] = {
    "letters": repeated("a"),
    "digits": repeated("4"),
    "groups of digits": repeated("4242 "),
    "numbers without a check digit": repeated("9" * 63 + ","),
    "digits of another script": repeated("\u0664"),
    "spaces": repeated(" "),
    "wide spaces": repeated("\u2003"),
    "dashes": repeated("- "),
    "quotes": repeated('"'),
    "backslashes": repeated("\\"),
    "escapes": repeated("\\u2003"),
    "percent signs": repeated("%"),
    "at signs": repeated("a@"),
    "slashes": repeated("/"),
    "commas": repeated("a,"),
    "equal signs": repeated("a="),
    "line ends": repeated("\n"),
    "markup": repeated("<&"),
    "outcomes": repeated("mock-clover:approve "),
    "URLs": repeated("http://a."),
    "words": numbered("a%d", " "),
}
"""Values of fields, headers, ids and parameters."""

BODIES: dict[str, Shape] = {
    **TEXTS,
    "open arrays": repeated("["),
    "open objects": repeated('{"a":'),
    "closed arrays": repeated("[],", "[", "[]]"),
    "closed objects": repeated("{},", '{"x":[', "{}]}"),
    "numbers": repeated("1,", '{"x":[', "1]}"),
    "an open string": repeated("a", '{"x":"'),
    "escaped quotes in an open string": repeated('\\"', "[" * 65 + '"'),
    "escaped quotes": repeated('\\"', '{"x":"', '"}'),
    "backslashes in an open string": repeated("\\", '{"x":"'),
    "escaped characters": repeated("\\u0041", '{"x":"', '"}'),
    "a long number": repeated("4", '{"x":', "}"),
    "a long exponent": repeated("1", '{"x":1e', "}"),
    "one name many times": repeated('"a":1,', "{", '"a":1}'),
    "many names": numbered('"m%d":1', ",", "{", "}"),
    "many names within": numbered('"m%d":{}', ",", '{"metadata":{', "}}"),
    "a long name": repeated("a", '{"', '":1}'),
    "a long name of digits": repeated("4 ", '{"', '":1}'),
    "a name like a message": repeated("unknown field ` - at `$", '{"', '":1}'),
    "a value like a message": repeated("Invalid enum value '", '{"x":"', '"}'),
    "card numbers": repeated("4242424242424242,", '{"x":"', '"}'),
    "CVVs": repeated('\\"cvv\\":[', '{"x":"', '"}'),
    "form fields": repeated("a=1&"),
    "many form fields": numbered("m%d=1", "&"),
    "ampersands": repeated("&"),
    "a long form field": repeated("%41", "client_id="),
    "clients": repeated("client_id "),
    "YAML list": repeated("- a\n"),
    "YAML names": numbered("m%d: 1", "\n"),
    "YAML keys": repeated("? "),
    "YAML flow": repeated("[a,"),
    "YAML quotes": repeated("'", "a: '"),
    "YAML block": repeated("\n ", "a: |"),
    "YAML aliases": repeated("*a "),
    "YAML times": repeated("1:", "a: "),
    "comments": repeated("#"),
}
"""Whole bodies."""


def items(item: object) -> Shape:
    """Return a shape: a JSON array of equal items."""
    return repeated(json.dumps(item) + ",", "[", json.dumps(item) + "]")


VALUES: dict[str, Shape] = {
    "a list of numbers": items(1),
    "a list of texts": numbered('"a%d"', ",", "[", "]"),
    "a list of objects": items({"a": {}}),
    "an object of numbers": numbered('"a%d":1', ",", "{", "}"),
    "an object of texts": numbered('"a%d":"4242"', ",", "{", "}"),
}
"""JSON values for fields that should have another type."""

CRITICAL_TEXTS = ("groups of digits", "commas", "percent signs")
CRITICAL_BODIES = (
    "closed objects",
    "escaped quotes in an open string",
    "many names within",
    "card numbers",
)
"""Shapes for each endpoint, field and parameter; one of each kind gets all shapes."""
