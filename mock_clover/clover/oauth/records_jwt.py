"""A JSON Web Token (RFC 7519) in its compact form, signed with HMAC-SHA256 (RFC 7515)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from mock_clover.core.record import Record, encode


class JWTHeader(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The protected header."""

    alg: str = "HS256"
    typ: str = "JWT"


def sign(claims: Record, key: bytes) -> str:
    """Return the signed token of these claims; the result is deterministic."""
    signed = f"{base64url(encode(JWTHeader()))}.{base64url(encode(claims))}"
    return f"{signed}.{signature(signed, key)}"


def signature(signed: str, key: bytes) -> str:
    """Return the signature of the header and the claims of a token."""
    return base64url(hmac.digest(key, signed.encode(), "sha256"))


def base64url(raw: bytes) -> str:
    """Encode bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def pkce_challenge(verifier: str) -> str:
    """Return the PKCE challenge of a verifier: S256 of RFC 7636."""
    return base64url(hashlib.sha256(verifier.encode("utf-8", "replace")).digest())
