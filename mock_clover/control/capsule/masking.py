"""Mask what a capsule keeps: card numbers in texts, secrets of OAuth, and fingerprints of cards."""

import re
from typing import Any

from msgspec.structs import replace

from mock_clover.clover.charges.records_on_file import transarmor_token
from mock_clover.clover.common.cards import Card
from mock_clover.core.masking import redact
from mock_clover.core.record import encode
from mock_clover.core.steps import Steps
from mock_clover.sandbox.credentials import derive_credentials, encode_as_letters
from mock_clover.sandbox.exchange import Exchange, parse_object
from mock_clover.sandbox.masking import hide_secrets
from mock_clover.sandbox.merchants import with_app_of
from mock_clover.sandbox.sandbox import Sandbox

_FINGERPRINT = re.compile(rb"(?<![A-Za-z0-9])[a-p]{24}(?![A-Za-z0-9])")
_TRANSARMOR = re.compile(rb"(?<![0-9])88[0-9]{14}(?![0-9])")
_SECRET_CHARS_MIN = 8
"""A shorter credential is none, and may be any other text."""
_OAUTH_TABLES = (
    *("codes", "access_tokens", "codes_v2", "bearers"),
    *("refresh_tokens", "spent_refresh_tokens"),
)
_OAUTH_PATH, _VERIFIER = "/oauth/", "code_verifier"


def masked_card(card: Card) -> Card:
    """Return a card with card numbers in its name and address masked."""
    texts = {
        name: redact(value)
        for name in card.__struct_fields__
        if name.startswith(("name", "address")) and isinstance(value := getattr(card, name), str)
    }
    return replace(card, **texts)


def without_foreign_secrets(sandbox: Sandbox, exchange: Exchange, body: str) -> str:
    """Return a body of OAuth without secrets that do not derive from the seed.

    Those of a request that was carried out do.
    """
    if exchange.committed or not exchange.path.startswith(_OAUTH_PATH):
        return body
    tree = parse_object(body.encode())
    hidden: Any = hide_secrets(tree)
    if hidden == tree:
        return body
    derived = {sandbox.credentials.client_secret: True}
    tables = [getattr(sandbox, name) for name in _OAUTH_TABLES]
    kept = {
        name: tree[name] if _is_own(tree[name], derived, *tables) or name == _VERIFIER else value
        for name, value in hidden.items()
    }
    return encode(kept).decode()


def _is_own(value: Any, *tables: Any) -> bool:
    return not isinstance(value, str) or any(value in table for table in tables)


class DeclaredCredentials:
    """Replaces credentials that the scenario declares with those that derive from the seed."""

    def __init__(self, seed: str, merchants: tuple[Sandbox, ...]) -> None:
        app = derive_credentials(seed, merchants[0].name)
        self.has_secret = False
        """Whether a client secret is declared, which signs the tokens of OAuth v2."""
        self._derived: dict[bytes, bytes] = {}
        for merchant in merchants:
            known, derived = merchant.credentials, derive_credentials(seed, merchant.name)
            if known.client_id == merchants[0].credentials.client_id:
                derived = with_app_of(derived, app)
            for name in ("client_secret", "access_token", "api_key"):
                value, own = getattr(known, name), getattr(derived, name)
                if value != own and len(value) >= _SECRET_CHARS_MIN:
                    self._derived |= _quoted(value, own)
                    self.has_secret |= name == "client_secret"

    def replaced_in(self, data: bytes) -> Steps[bytes]:
        """Return JSON, with texts that may be JSON, with its credentials replaced."""
        for value, derived in self._derived.items():
            data = data.replace(value, derived)
            yield
        return data


def _quoted(value: str, derived: str) -> dict[bytes, bytes]:
    """Return a JSON text and its replacement, as they are in JSON and in a text of JSON."""
    pairs = ((encode(value), encode(derived)),)
    nested = ((encode(a.decode())[1:-1], encode(b.decode())[1:-1]) for a, b in pairs)
    return dict((*pairs, *nested))


class CardNumbers:
    """Replaces each fingerprint by a number, and the TransArmor tokens that derive from them."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, bytes] = {}
        self._tokens: dict[bytes, bytes] = {}

    def replace_in(self, data: bytes) -> bytes:
        """Return JSON with its cards replaced. A fingerprint precedes what derives from it."""
        data = _FINGERPRINT.sub(self._number, data)
        return _TRANSARMOR.sub(lambda match: self._tokens.get(match[0], match[0]), data)

    def _number(self, match: re.Match[bytes]) -> bytes:
        number = self._numbers.get(match[0])
        if number is None:
            number = encode_as_letters(len(self._numbers).to_bytes(12)).encode()
            self._numbers[match[0]] = number
            self._tokens[_transarmor(match[0])] = _transarmor(number)
        return number


def _transarmor(fingerprint: bytes) -> bytes:
    card = Card(
        brand="",
        first6="",
        last4="",
        exp_month="",
        exp_year="",
        fingerprint=fingerprint.decode(),
    )
    return transarmor_token(card).encode()
