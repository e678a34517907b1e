"""Mask rows for display: key material and fingerprints are removed, and all text is masked."""

from typing import Any

import msgspec

from mock_clover.core.codec import MalformedError, parse
from mock_clover.core.masking import redact
from mock_clover.sandbox.ids import derived_id
from mock_clover.sandbox.masking import (
    mask,
    mask_codes,
    mask_free_form,
    mask_leaf,
    mask_prose,
    may_name_code,
)

_KEY_MATERIAL = frozenset({"fingerprint", "cryptogram", "security_card_value"})
"""Fields that are omitted, because they identify a card or are cryptographic proofs."""
_FREE_FORM_FIELDS = frozenset({"metadata", "customer", "shipping", "tips", "payload"})
"""Objects with arbitrary content from the client; `customer` of a charge is ignored."""


def masked_row(row: object) -> Any:
    """Return a row as masked plain data; None for None."""
    return None if row is None else _mask_tree(msgspec.to_builtins(row), "")


def masked_snapshot(tree: Any) -> Any:
    """Mask all texts of a snapshot, and the numbers in free-form fields.

    Other numbers are times and amounts. Public ids stay: none of them looks like a card number.
    """
    if isinstance(tree, str):
        return mask_prose(tree) if may_name_code(tree) else redact(tree)
    if isinstance(tree, list):
        return [masked_snapshot(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    return {redact(key): _masked_field(key, value) for key, value in tree.items()}


def _masked_field(name: str, value: Any) -> Any:
    if name == "body" and isinstance(value, str):
        return _masked_response(value)
    if name == "body" or name in _FREE_FORM_FIELDS:
        return mask_free_form(value, name)
    return masked_snapshot(value)


def _masked_response(text: str) -> str:
    """Mask a stored response or delivery, so that JSON stays JSON and times stay times."""
    if mask(text) == text:
        return text
    try:
        tree = masked_snapshot(parse(text.encode()))
    except MalformedError:
        return mask(text)
    return mask_codes(msgspec.json.encode(tree).decode())


def gift_card_id(key: str) -> str:
    """Return a gift card's public id; its key is the fingerprint of its number."""
    return derived_id("gift_card", key)


def masked_key(table: str, key: str) -> str:
    """Return the key of a row for display."""
    return gift_card_id(key) if table == "gift_cards" else redact(key)


def _mask_tree(tree: Any, name: str) -> Any:
    """Mask all text, and numbers in free-form objects; other numbers are times and amounts."""
    if isinstance(tree, dict):
        if name in _FREE_FORM_FIELDS:
            return mask_free_form(tree, name)
        return {
            redact(key): _mask_tree(value, key)
            for key, value in tree.items()
            if key not in _KEY_MATERIAL
        }
    if isinstance(tree, list | tuple):
        return [_mask_tree(each, name) for each in tree]
    return mask_leaf(tree, name, free_form=False)
