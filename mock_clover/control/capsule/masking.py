"""Mask what a capsule keeps: card numbers in texts, secrets of OAuth, and fingerprints of cards."""

import re
from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from mock_clover.clover.charges.records_on_file import transarmor_token
from mock_clover.clover.common.cards import Card
from mock_clover.clover.oauth.records_jwt import signature
from mock_clover.core.masking import redact
from mock_clover.core.record import encode
from mock_clover.sandbox.credentials import derive_credentials, encode_as_letters
from mock_clover.sandbox.exchange import Exchange, parse_object
from mock_clover.sandbox.masking import hide_secrets
from mock_clover.sandbox.merchants import with_app_of
from mock_clover.sandbox.sandbox import Sandbox

_FINGERPRINT = re.compile(rb"(?<![A-Za-z0-9])[a-p]{24}(?![A-Za-z0-9])")
_TRANSARMOR = re.compile(rb"(?<![0-9])88[0-9]{14}(?![0-9])")
_JWT = re.compile(
    rb"(?<![\w-])(eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.[\w-]{1,4096})\.([\w-]{43})(?![\w-])"
)
_SECRET_CHARS_MIN = 8
"""A shorter credential may be part of any other text, so it is replaced in its members only."""
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
    """Replaces credentials that the scenario declares with those that derive from the seed.

    Tokens of OAuth v2 that a declared secret signed get the signature of the derived one.
    """

    def __init__(self, seed: str, merchants: tuple[Sandbox, ...]) -> None:
        app = derive_credentials(seed, merchants[0].name)
        self._secrets: dict[str, str] = {}
        self._derived: dict[bytes, bytes] = {}
        self._short: dict[bytes, bytes] = {}
        for merchant in merchants:
            known, derived = merchant.credentials, derive_credentials(seed, merchant.name)
            if known.client_id == merchants[0].credentials.client_id:
                derived = with_app_of(derived, app)
            if known.client_secret != derived.client_secret:
                self._secrets[known.client_secret] = derived.client_secret
            for name in ("client_secret", "access_token", "api_key"):
                value, own = getattr(known, name), getattr(derived, name)
                if value != own:
                    kept = self._short if len(value) < _SECRET_CHARS_MIN else self._derived
                    kept |= dict.fromkeys(_forms(value), own.encode())
        self._longest_first = sorted(self._derived, key=len, reverse=True)
        members = rb'((?:client_secret|access_token|auth_token|apiAccessKey)\\?":\\?")(%b)(?=\\?")'
        self._members = re.compile(members % b"|".join(map(re.escape, self._short)))

    def replace_in(self, data: bytes) -> bytes:
        """Return JSON, with texts that may be JSON, with its credentials replaced."""
        if self._secrets:
            data = _JWT.sub(self._signed, data)
        for text in self._longest_first:  # one pattern takes three times as long
            data = data.replace(text, self._derived[text])
        if self._short:
            data = self._members.sub(lambda match: match[1] + self._short[match[2]], data)
        return data

    def _signed(self, match: re.Match[bytes]) -> bytes:
        signed = match[1].decode()
        for declared, derived in self._secrets.items():
            if signature(signed, declared.encode()) == match[2].decode():
                return f"{signed}.{signature(signed, derived.encode())}".encode()
        return match[0]


def _forms(value: str) -> set[bytes]:
    """Return a credential as it is in JSON, in a text of JSON, and in a URL."""
    in_json = encode(value)[1:-1].decode()
    forms = in_json, encode(in_json)[1:-1].decode(), quote(value), quote(value, safe="")
    return {each.encode() for each in forms}


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
