"""The server's RSA key pair: what the CDN publishes and what opens an encrypted PAN.

Keys belong to the server, not to a sandbox: making one takes tens of milliseconds, a sandbox must
cost microseconds. The pair is generated at first need; `warm` lets that happen beside start-up in a
thread (generation releases the interpreter). `cryptography` is imported nowhere else.

Source of the scheme: five independent public ports, see the reference: RSA-OAEP with SHA-1 and
MGF1-SHA-1 over eight zeros and the PAN; the blob is modulus and exponent, 256 bytes each.
"""

import base64
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEY_BITS = 2048
PREFIX = "00000000"
_HALF = 256  # bytes, each of modulus and exponent
_CIPHERTEXT_CHARS_MAX = 1024  # 344 are needed; the rest is room for line breaks


class KeyFileError(Exception):
    """The key file cannot be used; the message says why and what to do."""


class KeyRing:
    """One key pair, generated at first need or read from a file."""

    def __init__(self, key_file: Path | None = None) -> None:
        self._key_file = key_file
        self._lock = threading.Lock()
        self._key: RSAPrivateKey | None = None
        self._padding: Any = None
        self._blob = ""

    def warm(self) -> None:
        """Make the key now, in a thread beside whatever else goes on."""
        threading.Thread(target=self._ready, name="keygen", daemon=True).start()

    def public_blob(self) -> str:
        """Return base64 of the 256-byte modulus and the 256-byte exponent."""
        self._ready()
        return self._blob

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
        with self._lock:
            if self._key is None:
                self._key = self._read() if self._key_file else _generate()
                self._padding = _oaep_sha1()
                self._blob = _blob(self._key)
            return self._key

    def check_file(self) -> None:
        """Read the key file now, so that a bad one ends the start and not a request."""
        if self._key_file and self._key_file.exists():
            self._ready()

    def _read(self) -> "RSAPrivateKey":
        path = self._key_file
        if path is None:
            return _generate()
        if not path.exists():
            key = _generate()
            _write(path, key)
            return key
        return _load(path)


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


def _oaep_sha1() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    sha1 = hashes.SHA1()  # noqa: S303 - Clover's choice, not ours
    return padding.OAEP(padding.MGF1(sha1), sha1, None)


def _blob(key: "RSAPrivateKey") -> str:
    numbers = key.public_key().public_numbers()
    return base64.b64encode(numbers.n.to_bytes(_HALF) + numbers.e.to_bytes(_HALF)).decode()


def encrypt_pan(blob: str, pan: str) -> str:
    """Encrypt a PAN under a published key, as a client does. Raises ValueError on a bad blob."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    raw = base64.b64decode(blob)
    if len(raw) != 2 * _HALF:
        raise ValueError(f"the public key has {len(raw)} bytes, not {2 * _HALF}")
    n, e = int.from_bytes(raw[:_HALF]), int.from_bytes(raw[_HALF:])
    public = rsa.RSAPublicNumbers(e, n).public_key()
    return base64.b64encode(public.encrypt((PREFIX + pan).encode(), _oaep_sha1())).decode()
