"""A sandbox's credentials follow from the server's seed and the sandbox's name, and nothing else.

So a client on another machine can compute them without asking the server. They are worthless by
design: they open a mock.
"""

import hashlib
import hmac

from mock_clover.core.record import Record

_HEX_TO_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_LETTERS_TO_HEX = str.maketrans("abcdefghijklmnop", "0123456789abcdef")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Credentials(Record, frozen=True, kw_only=True):
    """What a client is configured with."""

    merchant_id: str
    client_id: str
    client_secret: str
    access_token: str
    api_key: str
    employee_id: str


def derive(seed: str, name: str) -> Credentials:
    """Compute the credentials of a sandbox. Formats: ids of 13 characters, secrets as UUIDs."""
    return Credentials(
        merchant_id=_object_id(seed, name, "merchant"),
        client_id=_object_id(seed, name, "client"),
        client_secret=_uuid(seed, name, "secret"),
        access_token=_uuid(seed, name, "access"),
        api_key=_digest(seed, name, "pakms").hex()[:32],
        employee_id=_object_id(seed, name, "employee"),
    )


def as_letters(raw: bytes) -> str:
    """Write bytes in letters only: digits could look like a card number."""
    return raw.hex().translate(_HEX_TO_LETTERS)


def from_letters(letters: str) -> bytes:
    """Read what `as_letters` wrote. Raises ValueError for anything else."""
    return bytes.fromhex(letters.translate(_LETTERS_TO_HEX))


def fingerprint_key(seed: str) -> bytes:
    """Return the key under which PANs are fingerprinted."""
    return _digest(seed, "", "fingerprint")


def fingerprint(key: bytes, pan: str) -> str:
    """Return the keyed hash that stands for a PAN; a number of a snapshot is one already."""
    if pan.startswith("#"):
        return pan[1:].partition("-")[0]
    return as_letters(hmac.digest(key, pan.encode(), "sha256"))[:24]


def _digest(seed: str, name: str, kind: str) -> bytes:
    return hashlib.sha256(f"mock-clover\0{seed}\0{name}\0{kind}".encode()).digest()


def _object_id(seed: str, name: str, kind: str) -> str:
    bits = int.from_bytes(_digest(seed, name, kind))
    return "".join(_CROCKFORD[bits >> 5 * place & 31] for place in range(13))


def _uuid(seed: str, name: str, kind: str) -> str:
    h = _digest(seed, name, kind).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:32]}"
