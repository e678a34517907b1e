"""Derive a sandbox's credentials from the server's seed and the sandbox's name.

A client on another machine can compute them without a request to the server. They protect nothing:
they only give access to a mock.
"""

import hashlib
import hmac

from mock_clover.core.object_id import CROCKFORD
from mock_clover.core.record import Record

_HEX_TO_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_LETTERS_TO_HEX = str.maketrans("abcdefghijklmnop", "0123456789abcdef")


class Credentials(Record, frozen=True, kw_only=True):
    """The credentials that a client needs to use the sandbox."""

    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str
    employee_id: str


def derive_credentials(seed: str, name: str) -> Credentials:
    """Return the credentials of a sandbox. Formats: ids of 13 characters, secrets as UUIDs."""
    return Credentials(
        merchant_id=_object_id(seed, name, "merchant"),
        client_id=_object_id(seed, name, "client"),
        client_secret=_uuid(seed, name, "secret"),
        access_token=_uuid(seed, name, "access"),
        api_key=_digest(seed, name, "pakms").hex()[:32],
        employee_id=_object_id(seed, name, "employee"),
    )


def encode_as_letters(raw: bytes) -> str:
    """Encode bytes in letters only: digits could look like a card number."""
    return raw.hex().translate(_HEX_TO_LETTERS)


def decode_letters(letters: str) -> bytes:
    """Decode the output of `encode_as_letters`. Raises ValueError for any other text."""
    return bytes.fromhex(letters.translate(_LETTERS_TO_HEX))


def fingerprint_key(seed: str) -> bytes:
    """Return the key for fingerprints of PANs."""
    return _digest(seed, "", "fingerprint")


def fingerprint(key: bytes, pan: str) -> str:
    """Return the keyed hash of a PAN; snapshots hold the hash, as `#...`, instead of the PAN."""
    if pan.startswith("#"):
        return pan[1:].partition("-")[0]
    return encode_as_letters(hmac.digest(key, pan.encode(), "sha256"))[:24]


def _digest(seed: str, name: str, kind: str) -> bytes:
    return hashlib.sha256(f"mock-clover\0{seed}\0{name}\0{kind}".encode()).digest()


def _object_id(seed: str, name: str, kind: str) -> str:
    bits = int.from_bytes(_digest(seed, name, kind))
    return "".join(CROCKFORD[bits >> 5 * index & 31] for index in range(13))


def _uuid(seed: str, name: str, kind: str) -> str:
    digits = _digest(seed, name, kind).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
