"""Mask what a client sent: card numbers, CVVs, key material and secrets, in text and in JSON."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.masking import redact, redact_json, redact_number
from mock_clover.core.record import encode

BODY_BYTES_MAX = 8_192
"""A body that was not decoded is stored as text beyond this length, and cut."""
QUERY_BYTES_MAX = 2_048
_MARGIN_CHARS = 1_000
"""A card number with its separators and their escapes is shorter than this, so none is cut in two
before it is masked."""
CUT_MARK = "[cut, "
"""Begins the note at the end of a text that was cut."""
_FIELDS_MAX = 100
SOURCE_DIGITS_MIN = 6
NOT_STORED = "[not stored]"

_CVV = re.compile(
    r'((?:cvv|cvc|security[_ -]?(?:code|card_?value))[^"\\:]{0,24}\\*"\s*:[\s\[{"\\]*)[0-9]{3,8}',
    re.IGNORECASE,
)
"""A misplaced CVV, for example in metadata, and the security code of a virtual gift card. The name
may be a part of the member's name, such as `card[cvv]` or `cvvCode`."""
_LOOSE_CVV = re.compile(
    r"((?:(?:cvv|cvc)2?|security[_ -]?(?:code|card_?value))"
    r"(?:[^0-9a-z]{1,3}(?:is|was|code|number|no)(?![a-z]))?(?:%[0-9a-f]{2}|[^0-9a-z]){0,8})"
    r"[0-9]{3,8}",
    re.IGNORECASE,
)
"""A CVV in text that is neither JSON nor a form."""
_PROSE_CVV = re.compile(
    r"((?:(?:cvv|cvc)2?|security[_ -]?(?:code|card_?value))"
    r"(?:(?:\\[\"\\/bfnrt]|[^0-9a-z\"\\]){1,3}(?:is|was|code|number|no)(?![a-z]))?"
    r"(?:%[0-9a-f]{2}|\\[\"\\/bfnrt]|[^0-9a-z\"\\]){0,8})"
    r"[0-9]{3,8}",
    re.IGNORECASE,
)
"""A CVV within one text of JSON, such as `my CVV is 123`. A match leaves the JSON valid."""
_SOURCE = re.compile(r'("source"\s*:\s*")[0-9 \-]{6,}(")')
"""A number in place of a token. Gift card numbers have no check digit that identifies them."""
_CVV_NAMES = ("cvv", "cvc", "securitycode", "securitycardvalue")
"""Parts of the names of members that have a CVV."""
_CARD_NUMBER_FIELDS = frozenset(
    {"number", "pan", "cardnumber", "encryptedpan", "bankaccountnumber", "bankroutingnumber"}
)
"""Free-form fields whose digits are always masked: gift card numbers have no check digit."""
_SECRET_FIELDS = frozenset(
    {"clientsecret", "code", "refreshtoken", "recoverytoken", "accesstoken", "codeverifier"}
)
"""Credentials in the query and the body of an OAuth request."""
_CARD_FIELDS_SHOWN = frozenset(
    {
        *("brand", "expmonth", "expyear", "first6", "last4", "name", "country"),
        *("addressline1", "addressline2", "addresscity", "addressstate", "addresszip"),
        *("addresscountry", "tokentype", "accounttype", "checktype", "customeridtype"),
        *("customeridstate", "type", "locale", "version", "encrypted", "agreementid"),
    }
)
"""Members of a request with card data whose values are stored, unless they have many digits."""
_CARD_DIGITS_MAX = 6
"""The first six digits of a card may be stored. Codes of gift cards have seven or more."""
_DIGITS = re.compile(r"\d{3,}")
_KEY_SEPARATORS = re.compile(r"[.\[]")
_NAME_MARKS = str.maketrans("", "", "_- ]")


def mask(text: str) -> str:
    """Mask card numbers and CVVs in a body."""
    return mask_codes(redact(text))


def mask_text_or_json(text: str) -> str:
    """Mask card numbers and CVVs in a text; JSON stays JSON."""
    if mask(text) == text:
        return text
    try:
        return encode(mask_free_form(parse(text.encode()), "")).decode()
    except MalformedError:
        return mask(text)


def mask_prose(text: str) -> str:
    """Mask a text that is not JSON."""
    if not may_name_code(text):
        return mask(text)
    return _LOOSE_CVV.sub(r"\1[cvv]", mask(text))


def may_name_code(text: str) -> bool:
    """Return whether a text may have a CVV; this takes a tenth of the time of the patterns."""
    folded = text.lower()
    return "cvv" in folded or "cvc" in folded or "security" in folded


def mask_codes(text: str) -> str:
    """Mask CVVs and numbers in place of a token."""
    if may_name_code(text):
        text = _PROSE_CVV.sub(r"\1[cvv]", _CVV.sub(r"\1[cvv]", text))
    return _SOURCE.sub(r"\1[number]\2", text)


def masked_body(body: bytes) -> Any:
    """Return a masked body, parsed if it is JSON, else as text."""
    text = body.decode("utf-8", "replace")
    masked = mask(text)
    try:
        return parse(masked.encode()) if masked else ""
    except MalformedError:
        return masked if masked == text else _masked_numbers(text, masked)


def _masked_numbers(text: str, masked: str) -> Any:
    """Return a body in which numbers are masked, not only texts."""
    try:
        tree = redact_json(parse(text.encode()))
        return parse(mask_codes(encode(tree).decode()).encode())
    except MalformedError:
        return masked


def normalized_name(name: str) -> str:
    """Return the last part of a name, such as `card[cvv]`, in lower case without separators."""
    return _KEY_SEPARATORS.split(name.lower())[-1].translate(_NAME_MARKS)


def _names_cvv(plain_name: str) -> bool:
    return any(part in plain_name for part in _CVV_NAMES)


def masked_value(path: str, value: object) -> Any:
    """Return the value at a path of a request as masked plain data."""
    return mask_free_form(msgspec.to_builtins(value), path)


def mask_free_form(tree: Any, name: str) -> Any:
    """Mask JSON of any shape by the names of its members and by the patterns of its values."""
    if isinstance(tree, dict):
        if _names_cvv(normalized_name(name)):
            return {_DIGITS.sub("[cvv]", key): mask_free_form(tree[key], name) for key in tree}
        return {mask(key): mask_free_form(value, key) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [mask_free_form(each, name) for each in tree]
    return mask_leaf(tree, name, free_form=True)


def mask_leaf(leaf: Any, name: str, *, free_form: bool) -> Any:
    """Mask a text, or a number in a free-form object; other numbers are times and amounts."""
    is_number = free_form and isinstance(leaf, int | float) and not isinstance(leaf, bool)
    if not (isinstance(leaf, str) or is_number):
        return leaf
    text = str(leaf)
    digits = sum(map(str.isdigit, text))
    plain_name = normalized_name(name)
    if digits and _names_cvv(plain_name):
        return "[cvv]"
    if plain_name == "source" and text.isdigit() and digits >= SOURCE_DIGITS_MIN:
        return "[number]"
    masked = mask_prose(text) if isinstance(leaf, str) else redact_number(leaf)
    if masked != leaf:
        return masked
    is_card_number = free_form and plain_name in _CARD_NUMBER_FIELDS and digits >= SOURCE_DIGITS_MIN
    return "[number]" if is_card_number else leaf


def cut_text(text: str, chars_max: int) -> str:
    """Return a text; one that is too long is masked and cut, with its length as a mark."""
    if len(text) <= chars_max:
        return text
    return (
        f"{redact(text[: chars_max + _MARGIN_CHARS])[:chars_max]}{CUT_MARK}{len(text)} characters]"
    )


def captured_body(body: bytes, *, has_card_data: bool = False, has_secrets: bool = False) -> bytes:
    """Return a body that was not decoded as masked JSON, or as masked text if it is not JSON.

    It takes time only in proportion to `BODY_BYTES_MAX`.
    """
    tree = _parsed(body) if len(body) <= BODY_BYTES_MAX else None
    if tree is None:
        return _masked_text(body, shows_digits=not has_card_data)
    if has_secrets:
        tree = hide_secrets(tree)
    return encode(mask_card_data(tree, "") if has_card_data else mask_free_form(tree, ""))


def _parsed(body: bytes) -> Any:
    """Return the JSON or the fields of a form; None for any other text."""
    try:
        return parse(body)
    except MalformedError:
        if body.lstrip()[:1] in (b"{", b"[", b'"'):
            return None
    try:
        return dict(parse_qsl(body.decode(), strict_parsing=True, max_num_fields=_FIELDS_MAX))
    except ValueError:
        return None


def _masked_text(body: bytes, *, shows_digits: bool) -> bytes:
    text = body[: BODY_BYTES_MAX + _MARGIN_CHARS].decode("utf-8", "replace")
    masked = mask_prose(text)
    if not shows_digits:
        masked = _DIGITS.sub("[digits]", masked)
    if len(body) > BODY_BYTES_MAX:
        masked = f"{masked[:BODY_BYTES_MAX]}{CUT_MARK}{len(body)} bytes]"
    return masked.encode()


def mask_card_data(tree: Any, name: str) -> Any:
    """Mask a request with card data: only what is known to be harmless is shown."""
    if isinstance(tree, dict):
        return {
            _DIGITS.sub("[digits]", key): mask_card_data(value, key) for key, value in tree.items()
        }
    if isinstance(tree, list | tuple):
        return [mask_card_data(each, name) for each in tree]
    if tree is None or isinstance(tree, bool):
        return tree
    text, plain_name = str(tree), normalized_name(name)
    digits = sum(map(str.isdigit, text))
    if _names_cvv(plain_name):
        return "[cvv]"
    if plain_name in _CARD_NUMBER_FIELDS and plain_name != "encryptedpan":
        masked = redact(text)
        return masked if masked.startswith("[card ...") and masked.endswith("]") else "[number]"
    if plain_name not in _CARD_FIELDS_SHOWN:
        return NOT_STORED
    return tree if digits <= _CARD_DIGITS_MAX else "[number]"


def hide_secrets(tree: Any) -> Any:
    """Replace the credentials in the members of an object."""
    if not isinstance(tree, dict):
        return tree
    return {
        key: "[secret]" if normalized_name(key) in _SECRET_FIELDS else value
        for key, value in tree.items()
    }


def masked_query(query: bytes) -> str:
    """Return a query with its values masked and without credentials; a long one is cut."""
    mark = ""
    if len(query) > QUERY_BYTES_MAX:
        mark = f"{CUT_MARK}{len(query)} bytes]"
        query = query[:QUERY_BYTES_MAX].rpartition(b"&")[0]
    try:
        pairs = parse_qsl(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX
        )
    except ValueError:
        return f"[more than {_FIELDS_MAX} parameters]"
    masked = [(redact(name), _masked_parameter(name, value)) for name, value in pairs]
    return urlencode(masked, safe="[]/:,.*") + mark


def _masked_parameter(name: str, value: str) -> str:
    if normalized_name(name) in _SECRET_FIELDS:
        return "[secret]"
    return str(mask_leaf(value, name, free_form=True))
