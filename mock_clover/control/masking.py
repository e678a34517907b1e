"""Mask rows for display: no keys and fingerprints, and every text masked."""

from typing import Any

import msgspec

from mock_clover.core.masking import redact
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.journal import mask

_KEY_MATERIAL = frozenset({"fingerprint", "cryptogram", "security_card_value"})
"""Fields that are left out: they identify a card or are proofs."""
_FREE = frozenset({"metadata", "customer"})
"""Objects with arbitrary content from the client; `customer` of a charge is ignored."""
_CODES = frozenset({"cvv", "cvc", "cvv2", "cvc2", "securitycode", "securitycardvalue"})
_NUMBERS = frozenset({"number", "pan", "cardnumber", "encryptedpan"})
"""Members of free objects whose digits are masked without a check digit: gift cards have none."""
_SOURCE_DIGITS_MIN = 6


def plain_row(row: object) -> Any:
    """Return a row as masked plain data; None for None."""
    return None if row is None else _plain(msgspec.to_builtins(row), "")


def plain_member(path: str, value: object) -> Any:
    """Return the value at a path of a request as masked plain data."""
    return _plain(msgspec.to_builtins(value), path, free=True)


def gift_card_id(key: str) -> str:
    """Return a gift card's public id; its key is the fingerprint of its number."""
    return derived_id("gift_card", key)


def plain_key(table: str, key: str) -> str:
    """Return the key of a row for display."""
    return gift_card_id(key) if table == "gift_cards" else redact(key)


def _plain(tree: Any, name: str, *, free: bool = False) -> Any:
    """Mask all texts, and the numbers in free objects; other numbers are times and amounts."""
    free = free or (isinstance(tree, dict) and name in _FREE)
    if isinstance(tree, dict):
        return {
            redact(key): _plain(value, key, free=free)
            for key, value in tree.items()
            if free or key not in _KEY_MATERIAL
        }
    if isinstance(tree, list | tuple):
        return [_plain(each, name, free=free) for each in tree]
    is_number = free and isinstance(tree, int | float) and not isinstance(tree, bool)
    if not (isinstance(tree, str) or is_number):
        return tree
    text = str(tree)
    digits = sum(map(str.isdigit, text))
    spelling = name.rpartition(".")[2].lower().replace("_", "").replace("-", "")
    if spelling in _CODES and digits:
        return "[cvv]"
    if spelling == "source" and text.isdigit() and digits >= _SOURCE_DIGITS_MIN:
        return "[number]"
    masked = mask(text)
    if masked != text:
        return masked
    is_card_number = free and spelling in _NUMBERS and digits >= _SOURCE_DIGITS_MIN
    return "[number]" if is_card_number else tree
