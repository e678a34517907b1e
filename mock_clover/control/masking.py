"""Mask rows for display: key material and fingerprints are removed, and all text is masked."""

from typing import Any

import msgspec

from mock_clover.core.masking import redact, redact_number
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.journal import mask, mask_codes

_KEY_MATERIAL = frozenset({"fingerprint", "cryptogram", "security_card_value"})
"""Fields that are omitted, because they identify a card or are cryptographic proofs."""
_FREE_FORM_FIELDS = frozenset({"metadata", "customer", "shipping", "tips", "payload"})
"""Objects with arbitrary content from the client; `customer` of a charge is ignored."""
_CVV_FIELDS = frozenset({"cvv", "cvc", "cvv2", "cvc2", "securitycode", "securitycardvalue"})
_CARD_NUMBER_FIELDS = frozenset({"number", "pan", "cardnumber", "encryptedpan"})
"""Free-form fields whose digits are always masked: gift card numbers have no check digit."""
_SOURCE_DIGITS_MIN = 6


def masked_row(row: object) -> Any:
    """Return a row as masked plain data; None for None."""
    return None if row is None else _mask_tree(msgspec.to_builtins(row), "")


def masked_value(path: str, value: object) -> Any:
    """Return the value at a path of a request as masked plain data."""
    return _mask_tree(msgspec.to_builtins(value), path, free_form=True)


def masked_snapshot(tree: Any) -> Any:
    """Mask all texts of a snapshot, and the numbers in free-form fields.

    Other numbers are times and amounts. Public ids stay: none of them looks like a card number.
    """
    if isinstance(tree, str):
        return redact(tree)
    if isinstance(tree, list):
        return [masked_snapshot(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {redact(key): _masked_field(key, value) for key, value in tree.items()}


def _masked_field(name: str, value: Any) -> Any:
    if name == "body" and isinstance(value, str):
        return _masked_response(value)
    if name == "body" or name in _FREE_FORM_FIELDS:
        return _mask_tree(value, name, free_form=True)
    return masked_snapshot(value)


def _masked_response(text: str) -> str:
    """Mask a stored response or delivery, so that JSON stays JSON and times stay times."""
    if mask(text) == text:
        return text
    try:
        tree = masked_snapshot(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return mask(text)
    return mask_codes(msgspec.json.encode(tree).decode())


def gift_card_id(key: str) -> str:
    """Return a gift card's public id; its key is the fingerprint of its number."""
    return derived_id("gift_card", key)


def masked_key(table: str, key: str) -> str:
    """Return the key of a row for display."""
    return gift_card_id(key) if table == "gift_cards" else redact(key)


def _mask_tree(tree: Any, name: str, *, free_form: bool = False) -> Any:
    """Mask all text, and numbers in free-form objects; other numbers are times and amounts."""
    free_form = free_form or (isinstance(tree, dict) and name in _FREE_FORM_FIELDS)
    if isinstance(tree, dict):
        return {
            redact(key): _mask_tree(value, key, free_form=free_form)
            for key, value in tree.items()
            if free_form or key not in _KEY_MATERIAL
        }
    if isinstance(tree, list | tuple):
        return [_mask_tree(each, name, free_form=free_form) for each in tree]
    is_number = free_form and isinstance(tree, int | float) and not isinstance(tree, bool)
    if not (isinstance(tree, str) or is_number):
        return tree
    text = str(tree)
    digits = sum(map(str.isdigit, text))
    normalized_name = name.rpartition(".")[2].lower().replace("_", "").replace("-", "")
    if normalized_name in _CVV_FIELDS and digits:
        return "[cvv]"
    if normalized_name == "source" and text.isdigit() and digits >= _SOURCE_DIGITS_MIN:
        return "[number]"
    masked = mask(text) if isinstance(tree, str) else redact_number(tree)
    if masked != tree:
        return masked
    is_card_number = (
        free_form and normalized_name in _CARD_NUMBER_FIELDS and digits >= _SOURCE_DIGITS_MIN
    )
    return "[number]" if is_card_number else tree
