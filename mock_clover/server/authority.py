"""The local certificate authority of `serve --tls`, and the certificates that it issues.

- A leaked key must be of little use: the authority may certify only names of Clover's domain,
  localhost and the user's additional names, and no other authority.
- The server certificate is not stored: each start issues one, so its names are current and it
  does not expire on disk.

Imported only by commands that use TLS, because `cryptography` is slow to import.
"""

import base64
import datetime as dt
import hashlib
import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mock_clover.clover.common.hosts import DOMAIN, NAMES

AUTHORITY_DAYS = 3_650
LEAF_DAYS = 397
"""The maximum that browsers and Apple accept; it includes the day before the start."""
RENEW_DAYS = 30
"""Renew a certificate that expires in less than this."""
_BACKDATED = dt.timedelta(days=1)  # clients' clocks may be wrong

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_BOUNDS = (DOMAIN, "localhost", "127.0.0.0/8", "::1/128")
FURTHER_NAMES_MAX = 100
"""Each handshake sends the certificate, so it must stay small."""
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class AuthorityError(Exception):
    """The authority cannot be used; the message gives the reason and the remedy."""


class Leaf(NamedTuple):
    """A server certificate: key and chain in PEM, and its expiry time."""

    pem: bytes
    ends: dt.datetime

    def __repr__(self) -> str:
        """Leave out the key."""
        return f"Leaf(..., ends={self.ends!r})"


class Authority:
    """The certificate of an authority, and its private key."""

    def __init__(self, certificate: x509.Certificate, key: _Key) -> None:
        self._certificate = certificate
        self._key = key
        self.pem = certificate.public_bytes(Encoding.PEM)
        """The certificate, for clients to trust."""
        self.ends = certificate.not_valid_after_utc

    def to_pem(self) -> bytes:
        """Return key and certificate together: one file cannot contain only half of the pair."""
        return _key_pem(self._key) + self.pem

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in the format that tools print."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def pin(self) -> str:
        """SHA-256 of the public key in base64, the format of Chromium's command line."""
        der = self._certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def permits(self, name: str) -> bool:
        """Return whether the authority may certify a name; without constraints, it may any."""
        try:
            constraints = self._certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except x509.ExtensionNotFound:
            return True
        return any(_covers(each, name) for each in constraints.value.permitted_subtrees or ())

    def issue(self, names: Iterable[str], now: dt.datetime) -> Leaf:
        """Issue a server certificate. Raises AuthorityError."""
        names = tuple(names)
        for name in names:
            if not self.permits(name):
                raise AuthorityError(
                    f"the authority does not cover the name {name}; delete its folder, and make "
                    "clients trust the new authority"
                )
        key = ec.generate_private_key(ec.SECP256R1())
        ends = min(now - _BACKDATED + dt.timedelta(days=LEAF_DAYS), self.ends)
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        certificate = (
            _builder("mock-clover", self._certificate.subject, key, now, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs=False), critical=True)
            .add_extension(purpose, critical=False)
            .add_extension(alternatives, critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        # Send the authority too: a pin on its key then survives every renewal.
        chain = certificate.public_bytes(Encoding.PEM) + self.pem
        return Leaf(_key_pem(key) + chain, certificate.not_valid_after_utc)


def make(further: Iterable[str], now: dt.datetime) -> Authority:
    """Create an authority for Clover's names, localhost and additional names."""
    key = ec.generate_private_key(ec.SECP256R1())
    # The suffix distinguishes two authorities in one trust store.
    name = f"mock-clover {key.public_key().public_numbers().x % 16**8:08x}"
    bounds = dict.fromkeys((*_BOUNDS, *further))
    constraints = x509.NameConstraints([_general_name(each, bound=True) for each in bounds], None)
    ends = now + dt.timedelta(days=AUTHORITY_DAYS)
    certificate = (
        _builder(name, _common_name(name), key, now, ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def parse(pem: bytes, now: dt.datetime) -> Authority:
    """Parse the output of `to_pem`. Raises AuthorityError with the reason."""
    try:
        key = load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, TypeError, x509.ExtensionNotFound):
        raise AuthorityError(
            "does not contain an unencrypted key and an authority certificate"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or not basic.ca:
        raise AuthorityError("does not contain an authority with an elliptic-curve or RSA key")
    if key.public_key() != certificate.public_key():
        raise AuthorityError("contains a key and a certificate that do not match")
    if certificate.not_valid_after_utc - now < dt.timedelta(days=RENEW_DAYS):
        raise AuthorityError(f"expires on {certificate.not_valid_after_utc:%Y-%m-%d}")
    return Authority(certificate, key)


def further_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the user's additional names, normalized. Raises AuthorityError for an invalid one."""
    names = tuple(name.strip().lower().rstrip(".") for name in values)
    if len(names) > FURTHER_NAMES_MAX:
        raise AuthorityError(f"too many names: a certificate may have {FURTHER_NAMES_MAX} extra")
    for name in names:
        if "/" in name or (_address(name) is None and not _is_name(name)):
            raise AuthorityError(f"{name!r} is neither a host name nor an IP address")
    return names


def all_names(further: Iterable[str]) -> tuple[str, ...]:
    """Return all names of a server certificate."""
    return tuple(dict.fromkeys((*NAMES, *LOCAL_NAMES, *further)))


def _builder(
    subject: str, issuer: x509.Name, key: _Key, now: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_common_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(name: str, *, bound: bool = False) -> x509.GeneralName:
    address = _address(name)
    if address is None:
        return x509.DNSName(name)
    return x509.IPAddress(address if bound else address.network_address)


def _address(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return a network, an address as a network of one address, or None for a name."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _is_name(text: str) -> bool:
    return len(text) <= 253 and all(map(_LABEL.fullmatch, text.split(".")))


def _covers(bound: x509.GeneralName, name: str) -> bool:
    address = _address(name)
    if isinstance(bound, x509.IPAddress):
        network = _address(str(bound.value))
        return address is not None and network is not None and address.network_address in network
    return (
        isinstance(bound, x509.DNSName)
        and address is None
        and f".{name}".endswith(f".{bound.value}")
    )


def _key_pem(key: _Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
