"""A card number is masked however it is written, and what is no card number stays readable."""

import json
import unicodedata
from typing import Any

import pytest

from mock_clover.core.masking import redact, redact_json
from mock_clover.sandbox.masking import mask, mask_free_form

PAN = "4539148803436467"
FOURS = [PAN[at : at + 4] for at in range(0, 16, 4)]
MASKED = "[card ...6467]"
SEPARATORS = [
    *("", "  ", "   ", " - ", " \N{EN DASH} ", "\t", "\n", "\r\n", " / ", ".", "_", "/"),
    *("\N{ZERO WIDTH SPACE} ", "\N{WORD JOINER}", "\N{SOFT HYPHEN}", "\ufe0f\u20e3 "),
    *("\N{MINUS SIGN}", "\N{MIDDLE DOT}", "\N{FULLWIDTH FULL STOP}", "\N{BULLET}"),
]
CHARS = list(map(chr, range(0x20000)))  # the planes above have no space, dash or digit
OF_UNICODE = [char for char in CHARS if unicodedata.category(char) in ("Zs", "Zl", "Zp", "Pd")]
"""Every space and dash of this Python's Unicode."""
ZEROS = [char for char in CHARS if unicodedata.decimal(char, None) == 0]
"""The zero of every script."""


def test_any_separator_is_part_of_a_number() -> None:
    spelt = {between: between.join(FOURS) for between in (*SEPARATORS, *OF_UNICODE)}
    assert len(spelt) > 40
    texts = {between: f"card {text}, thanks" for between, text in spelt.items()}
    found = {
        between: [redact(text), redact(json.dumps(text)), redact(repr(text))]
        for between, text in texts.items()
    }
    plain = f"card {MASKED}, thanks"
    wrong = {
        between: told
        for between, told in found.items()
        if told != [plain, f'"{plain}"', f"'{plain}'"]
    }
    assert wrong == {}


def test_digits_of_any_script_are_digits() -> None:
    assert len(ZEROS) > 50
    spelt = ["".join(chr(ord(zero) + int(digit)) for digit in PAN) for zero in ZEROS]
    assert [redact(f"x {text}.") for text in spelt] == [f"x {MASKED}."] * len(ZEROS)


ESCAPED = "".join(f"\\u{ord(digit):04X}" for digit in PAN)


@pytest.mark.parametrize("text", [ESCAPED, PAN[:7] + ESCAPED[42:], ESCAPED.replace("003", "ff1")])
def test_a_digit_may_be_an_escape_of_json(text: str) -> None:
    """A body that is no valid JSON is shown as text, with its escapes."""
    assert redact(f'{{"a":"\\u0041 {text}\\u0031') == f'{{"a":"\\u0041 {MASKED}1'


ENCODED = "".join(f"%{ord(digit):02x}" for digit in PAN)


@pytest.mark.parametrize("text", [ENCODED, PAN[:7] + ENCODED[21:], ENCODED.replace("%", "%2525")])
def test_a_digit_may_be_an_escape_of_a_url(text: str) -> None:
    """A client may encode a value more often than the server decodes it."""
    assert redact(f"?a=%20{text}%41") == f"?a=%20{MASKED}%41"


NAMES_OF_CVV = (
    *("cvv", "CVV ", "card[cvv]", "card.cvc", "cvv_", "cvvCode", "cardCvv", "CVC2", "cvv number"),
    *("security-code", "security code", "securityCardValue", "card_security_code"),
)


@pytest.mark.parametrize("name", NAMES_OF_CVV)
def test_a_cvv_is_known_by_its_name(name: str) -> None:
    tree = {name: "7391", "amount": 7391}
    masked = {name: "[cvv]", "amount": 7391}
    assert mask_free_form(tree, "") == masked
    assert json.loads(mask(json.dumps(tree))) == masked
    assert json.loads(json.loads(mask(json.dumps(json.dumps(tree))))) == masked


def test_a_cvv_may_be_a_name_below_its_name() -> None:
    tree = {"card": {"cvv": {"7391": 1, "is": ["7391"]}}, "7391": 1}
    masked = {"card": {"cvv": {"[cvv]": "[cvv]", "is": ["[cvv]"]}}, "7391": 1}
    assert mask_free_form(tree, "") == masked
    assert json.loads(mask('{"cvv": {"7391": 1}}')) == {"cvv": {"[cvv]": 1}}


PLAIN = {
    "a time": "1700000000000",
    "a list of numbers": "[4539,1488,0343,6467]",
    "members": '{"a":45391488,"b":03436467}',
    "five spaces": "45391488     03436467",
    "letters": "45391488x03436467",
    "escapes": r"\u0031\u0032",
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


TREES: dict[str, tuple[Any, Any]] = {
    "a number": (int(PAN), MASKED),
    "a float": (float(PAN), MASKED),
    "half a number": (0.4539148803, 0.4539148803),
    "a small number": (1800, 1800),
    "a truth": (True, True),
    "nothing": (None, None),
    "a member name": ({PAN: [int(PAN)]}, {MASKED: [MASKED]}),
}


def test_a_masked_body_is_still_json() -> None:
    trees = [["cvv\\", 1234], ["cvv", 1234], {"cvc": "a", "b": 1234}, ['a "cvv"', 1234]]
    assert [json.loads(mask(json.dumps(tree))) for tree in trees] == trees


@pytest.mark.parametrize(("tree", "expected"), TREES.values(), ids=TREES)
def test_numbers_and_names_are_masked(tree: Any, expected: Any) -> None:
    assert redact_json(tree) == expected
