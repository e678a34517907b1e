"""The local certificate authority of `serve --tls`, and the certificates that it issues.

- Clients trust a root. Its key signs one issuing authority and is then discarded, so nothing else
  can ever be certified under the root.
- A leaked key of the issuing authority must be of little use: the authority may certify only TLS
  servers with names of Clover's domain, localhost and the user's additional names, and no other
  authority. These constraints are in the issuing certificate, because Java ignores those of a
  certificate that it trusts directly.
- The server certificate is not stored: each start issues one, so its names are current and it
  does not expire on disk.
- A wrong system clock is not an error: a time outside the authority's validity is clamped to it.

Imported only by commands that use TLS, because `cryptography` is slow to import.
"""

import base64
import datetime as dt
import hashlib
import ipaddress
import itertools
import re
from collections.abc import Iterable
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
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
from mock_clover.sandbox.clock import machine_ms

AUTHORITY_DAYS = 3_650
_AUTHORITY_STARTS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""In the past, so that an authority created while the clock was ahead is still valid later, when
the clock is corrected."""
_CLOCK_MIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""A clock before the first version of mock-clover is wrong; do not derive an expiry from it."""
LEAF_DAYS = 397
"""The maximum that browsers and Apple accept; it includes the day before the start."""
RENEW_DAYS = 30
"""Renew a certificate, or announce the end of the authority, this long before its expiry."""
_BACKDATED = dt.timedelta(days=1)  # clients' clocks may be wrong

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_PERMITTED_NAMES = (DOMAIN, "localhost", "127.0.0.0/8", "::1/128")
_NO_HOST = "mock-clover.invalid"
ADDITIONAL_NAMES_MAX = 100
"""Each handshake sends the certificate, so it must stay small."""
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")

_OLD_SUBJECT = re.compile("CN=mock-clover [0-9a-f]{8}")
_SERVERS_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def machine_time() -> dt.datetime:
    """Return the time of the machine's clock."""
    return dt.datetime.fromtimestamp(machine_ms() / 1000, dt.UTC)


class AuthorityError(Exception):
    """The authority cannot be used; the message gives the reason and the remedy."""


class OlderVersionError(AuthorityError):
    """The authority is a root with its key, as older versions of mock-clover created it."""


class Leaf(NamedTuple):
    """A server certificate: key and chain in PEM, and its validity."""

    pem: bytes
    not_before: dt.datetime
    not_after: dt.datetime

    def __repr__(self) -> str:
        """Return a repr without the key."""
        return f"Leaf(..., not_after={self.not_after!r})"


class Authority:
    """The key of an issuing authority, its certificate, and those above it up to the root."""

    def __init__(self, key: _Key, *certificates: x509.Certificate) -> None:
        self._key = key
        self._certificates = certificates
        self._issuer, self._root = certificates[0], certificates[-1]
        self.pem = _pem(self._root)
        """The root's certificate, for clients to trust."""
        self.not_before = max(each.not_valid_before_utc for each in certificates)
        self.not_after = min(each.not_valid_after_utc for each in certificates)

    def to_pem(self) -> bytes:
        """Return key and certificates together: one file cannot contain only a part of them."""
        return _key_pem(self._key) + _pem(*self._certificates)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root's certificate, in the format that tools print."""
        return self._root.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def pin(self) -> str:
        """SHA-256 of the issuing key in base64, the format of Chromium's command line."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    def permits(self, name: str) -> bool:
        """Return whether the authority may certify a name. Without constraints it may."""
        try:
            constraints = self._issuer.extensions.get_extension_for_class(x509.NameConstraints)
        except x509.ExtensionNotFound:
            return True
        return any(_covers(each, name) for each in constraints.value.permitted_subtrees or ())

    def clamp_to_validity(self, now: dt.datetime) -> dt.datetime:
        """Return a time, clamped to the authority's validity."""
        return min(max(now, self.not_before), self.not_after)

    def expiry_warning(self, now: dt.datetime) -> str:
        """Return a warning if the authority expires within RENEW_DAYS or has expired, or ''."""
        left = self.not_after - now
        if left >= dt.timedelta(days=RENEW_DAYS):
            return ""
        if left < dt.timedelta():
            return (
                f"the certificate authority expired on {self.not_after:%Y-%m-%d}: restart the "
                "server to create a new one, which clients must trust"
            )
        return (
            f"the certificate authority expires on {self.not_after:%Y-%m-%d}, in {left.days} days: "
            "the first start after that creates a new one, which clients must trust"
        )

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
        not_before = self.clamp_to_validity(now) - _BACKDATED
        not_after = min(not_before + dt.timedelta(days=LEAF_DAYS), self.not_after)
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        certificate = (
            # Without a subject, because the issuing authority may certify none.
            _builder(x509.Name([]), self._issuer.subject, key, not_before, not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs=False), critical=True)
            .add_extension(_SERVERS_ONLY, critical=False)
            .add_extension(alternatives, critical=True)
            .add_extension(_key_identifier(self._key), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        # Send the issuing certificate even if it is the root: a pin on its key survives renewals.
        sent = self._certificates[:-1] or self._certificates
        return Leaf(
            _key_pem(key) + _pem(certificate, *sent),
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
        )


def create_authority(additional: Iterable[str], now: dt.datetime) -> Authority:
    """Create an authority for Clover's names, localhost and additional names."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    # The suffix distinguishes two authorities in one trust store.
    suffix = f"{root_key.public_key().public_numbers().x % 16**8:08x}"
    root_name = _common_name(f"mock-clover root {suffix}")
    not_before = _AUTHORITY_STARTS
    not_after = max(now, _CLOCK_MIN) + dt.timedelta(days=AUTHORITY_DAYS)
    root = (
        _builder(root_name, root_name, root_key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    issuer = (
        _builder(_common_name(f"mock-clover {suffix}"), root_name, key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs=True), critical=True)
        .add_extension(_SERVERS_ONLY, critical=False)
        # Not critical, because Go rejects critical constraints of subjects. It applies
        # the others, as every client does.
        .add_extension(_constraints(additional), critical=False)
        .add_extension(_key_identifier(root_key), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return Authority(key, issuer, root)


def parse_authority(pem: bytes, now: dt.datetime) -> Authority:
    """Parse the output of `to_pem`. Raises AuthorityError with the reason."""
    try:
        key = load_pem_private_key(pem, password=None)
        certificates = x509.load_pem_x509_certificates(pem)
    except (ValueError, TypeError):
        raise AuthorityError(
            "does not contain an unencrypted key and an authority certificate"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or not all(
        map(_is_authority, certificates)
    ):
        raise AuthorityError("does not contain an authority with an elliptic-curve or RSA key")
    if key.public_key() != certificates[0].public_key():
        raise AuthorityError("contains a key and a certificate that do not match")
    try:
        for below, above in itertools.pairwise(certificates):
            below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        raise AuthorityError("contains certificates that do not form a chain") from None
    if len(certificates) == 1 and _OLD_SUBJECT.fullmatch(certificates[0].subject.rfc4514_string()):
        raise OlderVersionError("was created by an older version of mock-clover")
    authority = Authority(key, *certificates)
    if now > authority.not_after:
        raise AuthorityError(f"expired on {authority.not_after:%Y-%m-%d}")
    return authority


def parse_additional_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the user's additional names, normalized. Raises AuthorityError for an invalid one."""
    names = tuple(name.strip().lower().rstrip(".") for name in values)
    if len(names) > ADDITIONAL_NAMES_MAX:
        raise AuthorityError(
            f"too many names: a certificate can have at most {ADDITIONAL_NAMES_MAX} additional ones"
        )
    for name in names:
        if "/" in name or (_address(name) is None and not _is_name(name)):
            raise AuthorityError(f"{name!r} is neither a host name nor an IP address")
    return names


def all_names(additional: Iterable[str]) -> tuple[str, ...]:
    """Return all names of a server certificate."""
    return tuple(dict.fromkeys((*NAMES, *LOCAL_NAMES, *additional)))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: _Key,
    not_before: dt.datetime,
    not_after: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _constraints(additional: Iterable[str]) -> x509.NameConstraints:
    """Return what an issuing authority may certify."""
    bounds = dict.fromkeys((*_PERMITTED_NAMES, *additional))
    return x509.NameConstraints(
        [
            *(_general_name(each, as_network=True) for each in bounds),
            x509.RFC822Name(_NO_HOST),
            x509.UniformResourceIdentifier(_NO_HOST),
        ],
        # Exclude every subject: Java 8 reads a host name from it, and code signing a person's name.
        [x509.DirectoryName(x509.Name([]))],
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return basic.value.ca


def _key_identifier(key: _Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _key_usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(name: str, *, as_network: bool = False) -> x509.GeneralName:
    address = _address(name)
    if address is None:
        return x509.DNSName(name)
    return x509.IPAddress(address if as_network else address.network_address)


def _address(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return a network, an address as a network of one address, or None for a name."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _is_name(text: str) -> bool:
    return len(text) <= 253 and all(map(_LABEL.fullmatch, text.split(".")))


def _covers(permitted: x509.GeneralName, name: str) -> bool:
    address = _address(name)
    if isinstance(permitted, x509.IPAddress):
        network = _address(str(permitted.value))
        return address is not None and network is not None and address.network_address in network
    return (
        isinstance(permitted, x509.DNSName)
        and address is None
        and f".{name}".endswith(f".{permitted.value}")
    )


def _key_pem(key: _Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
