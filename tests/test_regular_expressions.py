"""Every regular expression is searched in linear time: an input must not hold up other requests.

A pattern without an unbounded quantifier and with few ways to match is accepted as it is. Any other
one is in `LINEAR`, with the reason. `tests/fuzz/test_linear_cost.py` also tries all of them on
hostile texts. Not covered: the JavaScript that browsers run, where a pattern can only hold up the
page of the person who typed the text.
"""

import ast
import importlib
import re
from functools import cache
from re import _constants as codes  # type: ignore[attr-defined]  # no public API parses a pattern
from re import _parser as parser  # type: ignore[attr-defined]  # the same
from typing import Any, NamedTuple

from tests.failure_messages import assert_no_errors
from tests.test_architecture import Source, name_of, sources

WAYS_MAX = 1_000
"""The most ways in which a pattern in no table may match at one place of a text."""
FUNCTIONS = {
    "compile",
    "match",
    "search",
    "fullmatch",
    "sub",
    "subn",
    "split",
    "findall",
    "finditer",
}
ONLY_MATCHED = "only matched"
UNBOUNDED = codes.MAXREPEAT

LINEAR: dict[str | bytes, str] = {
    r"^([A-Za-z0-9]+( +[A-Za-z0-9]+)*)?(?!\n)$": "one way: each repetition begins with a space",
    r"^[^@ \r\n]+@[^@ \r\n]+(?!\n)$": "one way: neither run contains an @",
    r"^[^\x00-\x1f\x7f]*(?!\n)$": "one run from the beginning to the end",
    r"^[ -~]*(?!\n)$": "one run from the beginning to the end",
    r"^[ -~]+(?!\n)$": "one run from the beginning to the end",
    r"^[A-Za-z0-9 ]*(?!\n)$": "one run from the beginning to the end",
    r"^([0-9]{1,12})\s*(ms|s|m|h|d)(?!\n)$": "one way: spaces are neither digits nor letters",
    r"(?!javascript:|data:|vbscript:)[A-Za-z][A-Za-z0-9+.\-]*:[^\s\x00-\x1f\x7f]+$": (
        "only matched at the beginning; one way: the scheme has no colon"
    ),
    r"[/\\]{2}([^/\\?#]+)": "no overlap: the run contains no slash",
    r"\s*([A-Za-z][A-Za-z0-9_.]*)\s*(!=|>=|<=|=|>|<)(.*)$": (
        "only matched at the beginning; one way: spaces, name and sign have no character in common"
    ),
    r",(?=\s*[A-Za-z][A-Za-z0-9_.]*\s*(?:!=|>=|<=|=|>|<))": (
        "no overlap: neither spaces nor name contain a comma; one way, as above"
    ),
    r"[0-9]+": "one run",
    r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])": (
        "one way: each repetition has one digit, and there are at most 18"
    ),
    r"[0-9]{3,}": "nothing follows the run, so it matches at the first digit or not within 2",
    r"https?://[!-~]+": "only matched with the whole text; one run",
    r"https?://[^\s]+": "only matched with the whole text; one run",
    r"/v3/merchants/[^/]+/(tax_rates|order_types|tenders|properties)(/|$)": (
        "no overlap: the run contains no slash"
    ),
    r"/(?:sandbox/([^/]+)(?:/_mock/sandboxes/([^/]+))?|_mock/sandboxes/([^/]+))": (
        "only matched at the beginning; one way: the runs contain no slash"
    ),
    r"/sandbox/[^/]+$": "no overlap: the run contains no slash",
    r"/sandbox/([A-Za-z0-9][A-Za-z0-9._\-]{0,63})(/.*)$": (
        "only matched at the beginning; one way: the name contains no slash"
    ),
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+": (
        "a report searches it only at the beginning of a run, and a run contains no dot"
    ),
    r"\{\{key\}\}|(?<![+/])[A-Za-z0-9+/]{600,}={0,2}": (
        "a report searches it only at the beginning of a run of this alphabet"
    ),
    r"[a-z0-9._-]+|[0-9a-f:.]+(?:%[a-z0-9._-]+)?": "only matched with the whole text; one way",
    r"(^|\.)(access_token|refresh_token|apiAccessKey|authorization_code|client_secret|secret"
    r"|TA_PUBLIC_KEY_\w+|location\.code|gift_card\.number|security_card_value)$": (
        "no overlap: the run contains no dot"
    ),
    r"\{\{encrypted (\d+)\}\}": "no overlap: the run contains no brace",
    r"\{\{([a-z][a-z0-9_]*)\}\}": "no overlap: the run contains no brace",
    r"\{(\w+)\}": "no overlap: the run contains no brace",
    r"\b\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:\+0000|Z))?\b": "no overlap: the run contains no dash",
    r"[^A-Za-z0-9]+": "nothing follows the run",
    r"[A-Za-z: -]*": "only matched with the whole text; one run",
    r"[^'\"`]*": "only matched at the beginning; one run",
    r"[^.\[\]]+": "nothing follows the run",
    r"unknown field `([^`]*)`": "no overlap: the run contains no backtick",
    r"unknown field `(?P<field>[^`]*)`": "no overlap: the run contains no backtick",
    r" - at (?:`key` in )?`\$(?P<path>[^`]*)`$": "no overlap: the run contains no backtick",
    r"Invalid enum value '(?P<value>[^']*)'": "no overlap: the run contains no quote",
    r"missing required field `(\w+)`": "no overlap: the run contains no space",
    r"[a-z][a-z0-9+.\-]*": "only matched at the beginning; one run",
    r"mock-clover:([A-Za-z_]+(?:/[a-z0-9_]+)?)": "no overlap: the runs contain no colon",
    r"^# clock (\S+)$": "no overlap: the run contains no space; the text is a golden flow",
    r'((?:cvv|cvc|security[_ -]?(?:code|card_?value))[^"\\:]{0,24}\\*"\s*:[\s\[{"\\]*)'
    r"[0-9]{3,8}": (
        "a quote follows within 25 characters; then the runs contain no letter, and a run ends at "
        "the first other character"
    ),
    r"((?:(?:cvv|cvc)2?|security[_ -]?(?:code|card_?value))"
    r"(?:[^0-9a-z]{1,3}(?:is|was|code|number|no)(?![a-z]))?(?:%[0-9a-f]{2}|[^0-9a-z]){0,8})"
    r"[0-9]{3,8}": "a word and at most eleven separators; only a percent sign matches in two ways",
    r"((?:(?:cvv|cvc)2?|security[_ -]?(?:code|card_?value))"
    r"(?:(?:\\[\"\\/bfnrt]|[^0-9a-z\"\\]){1,3}(?:is|was|code|number|no)(?![a-z]))?"
    r"(?:%[0-9a-f]{2}|\\[\"\\/bfnrt]|[^0-9a-z\"\\]){0,8})"
    r"[0-9]{3,8}": "as above; a backslash begins an escape only",
    r"\d{3,}": "nothing follows the run",
    r'("source"\s*:\s*")[0-9 \-]{6,}(")': "no overlap: the runs contain no letter",
    rb'(?:client_id|app_uuid)"?\s*[=:]\s*"?([^&"\s]{1,200})': (
        "no overlap: the runs of spaces contain no letter, and the last run is bounded"
    ),
    r"[-+]?\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?$|\d{4}-\d\d?-\d\d?([Tt \t].*)?$": (
        "only matched with texts of up to 100 characters"
    ),
    r"\.([^.\[]+)|\[(\d+|\.\.\.)\]": "no overlap: the runs contain no bracket, and no dot",
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d*)?": (
        "only matched with the whole text; one way"
    ),
    r"([a-z0-9._-]*)(?::\d*)?": "only matched with the whole text; one way",
    rb"(?:\{\}|[\r\n])+": "only matched at the beginning; one way",
    rb"(?<![\w-])(eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]{1,4096})\.([\w-]{43})(?![\w-])": (
        "no overlap: the runs contain no dot, and the first begins after the fixed header"
    ),
    rb"\n(?:upgrade|http2-settings)[ \t]*:[^\n]*": "no overlap: the runs contain no line end",
}
"""Patterns with an unbounded quantifier, or with many ways to match, and why they are linear.

*One way*: at no place can the next character be matched by two parts of the pattern, so nothing is
tried again. *No overlap*: a search that fails after a long run of characters cannot start again
within this run, because the run cannot contain the beginning of the pattern.
"""
NOT_CONSTANT = {
    ("conformance/report.py", r"f'(?<![\\w-])(?:{form.pattern})(?![\\w-])'"): (
        "one of SECRETS, which are in this table, between tests of one character"
    ),
    ("control/capsule/masking.py", "members % b'|'.join(map(re.escape, self._short))"): (
        "at most 240 texts of a few characters, after a name"
    ),
    ("core/masking.py", "f'{digit}(?:{gap}{digit}){{12,}}+'"): (
        "one way: digits, separators and escapes have no character in common; a search that fails "
        "begins again within 12 digits and 12 gaps of up to 44 characters"
    ),
}
"""Patterns that are put together at run time, by file and source, and why they are linear."""


class Pattern(NamedTuple):
    """A regular expression of the package: a `pattern=` of a field, or an argument of `re`."""

    file: str
    line: int
    source: str
    value: str | bytes | None
    """None if it is put together at run time."""
    flags: int
    methods: frozenset[str]
    """The methods that are called on it; empty if it is not assigned to a name."""


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return all regular expressions of the package."""
    return tuple(
        Pattern(
            file=source.name,
            line=argument.lineno,
            source=ast.unparse(argument),
            value=(found := constant(source.name, call))[0],
            flags=found[1],
            methods=methods_of(source, call),
        )
        for source in sources()
        for call in source.calls
        if (argument := pattern_argument(call)) is not None
    )


def pattern_argument(call: ast.Call) -> ast.expr | None:
    """Return the pattern of a call, or None."""
    if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "re":
        return call.args[0] if call.func.attr in FUNCTIONS else None
    return next((each.value for each in call.keywords if each.arg == "pattern"), None)


def methods_of(source: Source, call: ast.Call) -> frozenset[str]:
    """Return the methods that are called on the pattern that a call makes."""
    function = name_of(call.func)
    if function in FUNCTIONS - {"compile"}:
        return frozenset([function])
    assigned = (
        each.targets
        for each in source.tree.body
        if isinstance(each, ast.Assign) and each.value is call
    )
    name = next((name_of(target) for targets in assigned for target in targets), "")
    return frozenset(
        method
        for file, method in attributes().get(name, ())
        if file == source.name or not name.startswith("_")
    )


@cache
def attributes() -> dict[str, set[tuple[str, str]]]:
    """Return the attributes that are read of constants, each with the file, by constant."""
    found: dict[str, set[tuple[str, str]]] = {}
    for source in sources():
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and (name := name_of(node.value)).isupper():
                found.setdefault(name, set()).add((source.name, node.attr))
    return found


def constant(file: str, call: ast.Call) -> tuple[str | bytes | None, int]:
    """Return the value and the flags of a pattern made of constants of its module."""
    module = "mock_clover." + file.removesuffix(".py").replace("/", ".")
    names = vars(importlib.import_module(module))
    flags = [
        each
        for each in (*call.args[1:], *(keyword.value for keyword in call.keywords))
        if any(
            name_of(node).isupper() and ast.unparse(node).startswith("re.")
            for node in ast.walk(each)
        )
    ]
    try:
        value, *given = (
            eval(compile(ast.Expression(each), file, "eval"), {"re": re, **names})
            for each in (pattern_argument(call), *flags)
        )
    except NameError:
        return None, 0
    return value, sum(given)


def ways(parsed: Any) -> float:
    """Return in how many ways a parsed pattern may match at one place, at most."""
    total = 1.0
    for code, value in parsed:
        if code in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            least, most, inner = value
            if most is UNBOUNDED:
                return float("inf")
            each = ways(inner)
            total *= sum(each**count for count in range(least, most + 1))
        elif code is codes.POSSESSIVE_REPEAT:
            least, most, inner = value
            total *= float("inf") if most is UNBOUNDED else 1
        elif code is codes.SUBPATTERN:
            total *= ways(value[3])
        elif code is codes.BRANCH:
            total *= sum(map(ways, value[1]))
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            total *= ways(value[1])
        elif code is codes.ATOMIC_GROUP:
            total *= ways(value)
    return total


def needs_review(pattern: Pattern) -> bool:
    return ways(parser.parse(pattern.value, pattern.flags)) > WAYS_MAX


def test_every_regular_expression_is_linear() -> None:
    found = patterns()
    assert_no_errors(
        f"{each.file}:{each.line}: bound the quantifiers of {each.source}, for example by "
        "{0,100}, or show that a search takes linear time and add the reason to LINEAR "
        "(or NOT_CONSTANT) of tests/test_regular_expressions.py"
        for each in found
        if not (
            (each.file, each.source) in NOT_CONSTANT
            if each.value is None
            else each.value in LINEAR or not needs_review(each)
        )
    )
    assert_no_errors(
        f"{each.file}:{each.line}: {each.source} is also searched, and its reason is that it is not"
        for each in found
        if LINEAR.get(each.value or "", "").startswith(ONLY_MATCHED)
        and each.methods - {"match", "fullmatch"}
    )
    review = {each.value for each in found if each.value is not None and needs_review(each)}
    built = {(each.file, each.source) for each in found if each.value is None}
    assert (LINEAR.keys() - review, NOT_CONSTANT.keys() - built) == (set(), set()), "unused entries"
