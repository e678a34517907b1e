"""The server's RSA key pair: what the CDN publishes and what opens an encrypted PAN.

Keys belong to the server, not to a sandbox: making one takes tens of milliseconds, a sandbox must
cost microseconds. The pair is generated at first need; a server makes it ready in a thread, beside
its first answers. `cryptography` is imported nowhere else, and late.

Source of the scheme: five independent public ports, see the reference: RSA-OAEP with SHA-1 and
MGF1-SHA-1 over eight zeros and the PAN; the blob is modulus and exponent, 256 bytes each.
"""

import base64
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mock_clover.sandbox.files import regular_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_BITS = 2048
PREFIX = "00000000"
_HALF = 256  # bytes, each of modulus and exponent
_CIPHERTEXT_CHARS_MAX = 1024  # 344 are needed; the rest is room for line breaks


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and what to do."""


class MadeKey(NamedTuple):
    """A key pair as it is handed over: what the CDN publishes, and the private key in PKCS#8."""

    blob: str
    der: bytes

    def __repr__(self) -> str:
        """Show nothing."""
        return "MadeKey(...)"


class KeyRing:
    """One key pair: handed over by `fetch`, read from a file, or generated; at first need."""

    def __init__(
        self, key_file: Path | None = None, *, fetch: Callable[[], MadeKey] | None = None
    ) -> None:
        self._key_file = key_file
        self._fetch = fetch
        self._lock = threading.Lock()
        self._made: MadeKey | None = None
        self._key: RSAPrivateKey | None = None
        self._padding: Any = None

    def make_ready(self) -> None:
        """Import what opens encrypted numbers, and load the key."""
        self._ready()

    def export(self) -> MadeKey:
        """Return the key pair. Raises KeyFileError."""
        with self._lock:
            if self._made is None:
                self._made = self._fetch() if self._fetch else self._make()
            return self._made

    def public_blob(self) -> str:
        """Return base64 of the 256-byte modulus and the 256-byte exponent."""
        return self.export().blob

    def public_numbers(self) -> tuple[int, int]:
        """Return modulus and exponent."""
        raw = base64.b64decode(self.public_blob())
        return int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:])

    def public_pem(self) -> str:
        """Return the public key in PEM."""
        return _pem(self._key or self._ready())

    def decrypt_pan(self, encrypted_pan: str) -> str | None:
        """Return the PAN of a ciphertext, or None when it holds none.

        Whitespace in the base64 is tolerated: Ruby's Base64.encode64 breaks lines.
        """
        key = self._key or self._ready()
        if len(encrypted_pan) > _CIPHERTEXT_CHARS_MAX:
            return None
        try:
            sealed = base64.b64decode("".join(encrypted_pan.split()), validate=True)
            opened = key.decrypt(sealed, self._padding).decode("ascii")
        except ValueError:  # bad base64, wrong length, wrong key, not ASCII
            return None
        return opened[len(PREFIX) :] if opened.startswith(PREFIX) else None

    def _ready(self) -> "RSAPrivateKey":
        made = self.export()
        with self._lock:
            if self._key is None:
                self._padding = _oaep_sha1()
                self._key = _load_der(made.der)
            return self._key

    def _make(self) -> MadeKey:
        if self._key_file is None:
            return _handed(_generate())
        try:
            path = regular_file(self._key_file)
        except OSError as error:
            raise KeyFileError(f"{self._key_file}: {error.strerror}") from None
        if not path.exists():
            key = _generate()
            _write(path, key)
            return _handed(key)
        return _handed(_load(path))


def _generate() -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _load(path: Path) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        # Our own file: the costly validation (30 ms) guards against nothing here.
        key = serialization.load_pem_private_key(
            path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise KeyFileError(
            f"{path}: is no unencrypted PEM private key; delete it to have one made"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != KEY_BITS:
        raise KeyFileError(f"{path}: holds no RSA key of {KEY_BITS} bits, which Clover's is")
    return key


def _write(path: Path, key: "RSAPrivateKey") -> None:
    from cryptography.hazmat.primitives import serialization

    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be written: {error.strerror}") from None


def _handed(key: "RSAPrivateKey") -> MadeKey:
    from cryptography.hazmat.primitives import serialization

    numbers = key.public_key().public_numbers()
    blob = base64.b64encode(numbers.n.to_bytes(_HALF) + numbers.e.to_bytes(_HALF)).decode()
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return MadeKey(blob, der)


def _pem(key: "RSAPrivateKey") -> str:
    from cryptography.hazmat.primitives import serialization

    encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(encoding, form).decode()


def _load_der(der: bytes) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives import serialization

    # Our own key: the costly validation guards against nothing here.
    key: Any = serialization.load_der_private_key(
        der, password=None, unsafe_skip_rsa_key_validation=True
    )
    made: RSAPrivateKey = key
    return made


def _oaep_sha1() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sha1 = hashes.SHA1()  # noqa: S303 - Clover's choice, not ours
    return padding.OAEP(padding.MGF1(sha1), sha1, None)


def encrypt_pan(blob: str, pan: str) -> str:
    """Encrypt a PAN under a published key, as a client does. Raises ValueError on a bad blob."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    raw = base64.b64decode(blob)
    if len(raw) != 2 * _HALF:
        raise ValueError(f"the public key has {len(raw)} bytes, not {2 * _HALF}")
    n, e = int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:])
    public = rsa.RSAPublicNumbers(e, n).public_key()
    return base64.b64encode(public.encrypt((PREFIX + pan).encode(), _oaep_sha1())).decode()
