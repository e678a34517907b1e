"""The server's RSA key pairs: the public keys of the CDN, and the keys that decrypt a PAN.

Keys belong to the server, not to a sandbox: generating one takes tens of milliseconds, but creating
a sandbox must take microseconds. A pair is generated on first use; a server preloads the sandbox's
in a thread after startup. The production pair, which few clients use by mistake, is never
preloaded: it is generated when a client fetches the public keys. Functions import `cryptography`
when they need it, because the import is slow.

Source of the scheme: five independent public clients (docs/fidelity.md, AROUND
3.1): RSA-OAEP with SHA-1 and
MGF1-SHA-1 over eight zeros and the PAN; the blob is modulus and exponent, 256 bytes each.
"""

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_clover.sandbox.files import resolve_regular_file, write_atomically

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_BITS = 2048
PREFIX = "00000000"
_HALF = 256  # bytes, each of modulus and exponent
_CIPHERTEXT_CHARS_MAX = 1024  # 344 are needed; the rest is room for line breaks


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and how to fix it."""


class SerializedKeyPair(NamedTuple):
    """A serialized key pair: the blob of the CDN, and the private key in PKCS#8."""

    blob: str
    der: bytes

    def __repr__(self) -> str:
        """Return a repr without key material."""
        return "SerializedKeyPair(...)"


PRODUCTION_SUFFIX = ".prod"
"""The file of the production pair has the name of the key file and this suffix."""


class KeyRing:
    """A key pair that is fetched, read from a file or generated on first use."""

    def __init__(
        self, key_file: Path | None = None, *, fetch: Callable[[], SerializedKeyPair] | None = None
    ) -> None:
        self._key_file = key_file
        self._fetch = fetch
        self._lock = threading.Lock()
        self._pair: SerializedKeyPair | None = None
        self._production: KeyRing | None = None
        self._key: RSAPrivateKey | None = None
        self._padding: Any = None

    @property
    def production(self) -> "KeyRing":
        """The production pair; the production pair of that one is never used."""
        with self._lock:
            if self._production is None:
                file = self._key_file
                self._production = KeyRing(
                    None if file is None else file.with_name(file.name + PRODUCTION_SUFFIX)
                )
            return self._production

    def exists(self) -> bool:
        """Return whether a client can have fetched the public key, now or from an earlier run."""
        return self._pair is not None or (self._key_file is not None and self._key_file.exists())

    def preload(self) -> None:
        """Import `cryptography` and load the key."""
        self._load_key()

    def export(self) -> SerializedKeyPair:
        """Return the key pair. Raises KeyFileError."""
        with self._lock:
            if self._pair is None:
                self._pair = self._fetch() if self._fetch else self._load_or_generate()
            return self._pair

    def public_blob(self) -> str:
        """Return the 256-byte modulus and the 256-byte exponent in base64."""
        return self.export().blob

    def decrypt_pan(self, encrypted_pan: str) -> str | None:
        """Return the PAN in a ciphertext, or None if it cannot be decrypted.

        Whitespace in the base64 is ignored: Ruby's Base64.encode64 adds line breaks.
        """
        key = self._key or self._load_key()
        if len(encrypted_pan) > _CIPHERTEXT_CHARS_MAX:
            return None
        try:
            ciphertext = base64.b64decode("".join(encrypted_pan.split()), validate=True)
            plaintext = key.decrypt(ciphertext, self._padding).decode("ascii")
        except ValueError:  # bad base64, wrong length, wrong key, not ASCII
            return None
        return plaintext[len(PREFIX) :] if plaintext.startswith(PREFIX) else None

    def _load_key(self) -> "RSAPrivateKey":
        pair = self.export()
        with self._lock:
            if self._key is None:
                self._padding = _oaep_sha1()
                self._key = _load_der(pair.der)
            return self._key

    def _load_or_generate(self) -> SerializedKeyPair:
        if self._key_file is None:
            return _serialize(_generate_key())
        try:
            path = resolve_regular_file(self._key_file)
        except OSError as error:
            raise KeyFileError(
                f"{self._key_file}: cannot be used as the key file: {error.strerror}"
            ) from None
        if not path.exists():
            key = _generate_key()
            if _write_pem_file(path, key):
                return _serialize(key)
        return _serialize(_read_pem_file(path))


def _generate_key() -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _read_pem_file(path: Path) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        # This server wrote the file: validation takes 30 ms and is not needed.
        key = serialization.load_pem_private_key(
            path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise KeyFileError(
            f"{path}: not an unencrypted PEM private key; delete the file to create a new key"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != KEY_BITS:
        raise KeyFileError(
            f"{path}: must be a {KEY_BITS}-bit RSA key, like Clover's; "
            "delete the file to create a new key"
        )
    return key


def _write_pem_file(path: Path, key: "RSAPrivateKey") -> bool:
    """Create the file of a key; return False if another process has created one meanwhile."""
    from cryptography.hazmat.primitives import serialization

    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        write_atomically(path, pem, 0o600, keep_existing=True)
    except FileExistsError:
        return False
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from None
    return True


def _serialize(key: "RSAPrivateKey") -> SerializedKeyPair:
    from cryptography.hazmat.primitives import serialization

    numbers = key.public_key().public_numbers()
    blob = base64.b64encode(numbers.n.to_bytes(_HALF) + numbers.e.to_bytes(_HALF)).decode()
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SerializedKeyPair(blob, der)


def _load_der(der: bytes) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives import serialization

    # This server generated the key: validation is slow and not needed.
    loaded: Any = serialization.load_der_private_key(
        der, password=None, unsafe_skip_rsa_key_validation=True
    )
    key: RSAPrivateKey = loaded
    return key


_PAN_CHARS_MAX = 100


def _oaep_sha1() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sha1 = hashes.SHA1()  # noqa: S303 - Clover uses it
    return padding.OAEP(padding.MGF1(sha1), sha1, None)


def encrypt_pan(blob: str, pan: str) -> str:
    """Encrypt a PAN with a published key, as clients do. Raises ValueError for an invalid blob."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    raw = base64.b64decode(blob)
    if len(raw) != 2 * _HALF:
        raise ValueError(f"the public key has {len(raw)} bytes, not {2 * _HALF}")
    n, e = int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:])
    public = rsa.RSAPublicNumbers(e, n).public_key()
    return base64.b64encode(public.encrypt((PREFIX + pan).encode(), _oaep_sha1())).decode()


def can_encrypt(pan: str) -> bool:
    """Return whether a text in place of a PAN is not too long for the key."""
    return pan.isascii() and len(pan) <= _PAN_CHARS_MAX


def encrypted_card(blob: str, pan: str) -> dict[str, str]:
    """Return the members of an encrypted card that Clover's page lists, without expiry and CVV."""
    from mock_clover.clover.common.cards import brand_of  # the plugin must stay light

    card = {
        "encrypted_pan": encrypt_pan(blob, pan),
        "transarmor_key_id": "mock-clover",
        "first6": pan[:6],
        "last4": pan[-4:],
    }
    brand = brand_of(pan) if pan.isdecimal() else None
    return card if brand is None else card | {"brand": brand}
