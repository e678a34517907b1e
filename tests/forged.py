"""Certificates that a thief makes with the file of an authority, and servers that present them."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.raw_http import TIMEOUT_S

HONEST = "scl.clover.com"


class Signer(NamedTuple):
    """A key that signs, and its certificate before those above it."""

    key: Any
    chain: tuple[x509.Certificate, ...]

    @classmethod
    def of(cls, pem: bytes) -> "Signer":
        """Read the file of an authority."""
        return cls(load_pem_private_key(pem, None), tuple(x509.load_pem_x509_certificates(pem)))

    def sign(
        self,
        names: tuple[str, ...],
        *subject: str,
        signs: bool = False,
        purpose: str = "SERVER_AUTH",
    ) -> "Signer":
        """Certify names and a subject, without any check."""
        now = dt.datetime.now(dt.UTC)
        key = ec.generate_private_key(ec.SECP256R1())
        subjects = [x509.NameAttribute(NameOID.COMMON_NAME, each) for each in subject]
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name(subjects))
            .issuer_name(self.chain[0].subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=90))
            .add_extension(x509.BasicConstraints(ca=signs, path_length=None), critical=True)
            .add_extension(_usage(signs=signs), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([getattr(ExtendedKeyUsageOID, purpose)]), critical=False
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if names:
            alternatives = x509.SubjectAlternativeName(list(map(_name, names)))
            builder = builder.add_extension(alternatives, critical=not subject)
        return Signer(key, (builder.sign(self.key, SHA256()), *self.chain))

    def to_pem(self) -> bytes:
        """Return what a server presents."""
        key: bytes = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + b"".join(each.public_bytes(Encoding.PEM) for each in self.chain)


def own_authority(name: str, key: Any = None, above: tuple[str, Any] | None = None) -> bytes:
    """Return key and certificate of an authority that we did not make; it has no constraints."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer, signer = above or (name, key)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (issuer, name)]
    basic = x509.BasicConstraints(ca=True, path_length=None)
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder(
            *names, key.public_key(), 7, start, start + dt.timedelta(days=9_000)
        )
        .add_extension(basic, critical=True)
        .sign(signer, SHA256())
    )
    secret: bytes = key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    return secret + certificate.public_bytes(Encoding.PEM)


FORGED: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "another domain": ("evil.test", ("evil.test",), ()),
    "an address": ("8.8.8.8", ("8.8.8.8",), ()),
    "a domain that ends alike": ("notclover.com", ("notclover.com",), ()),
    "a domain that begins alike": ("clover.com.evil.test", ("clover.com.evil.test",), ()),
    "a wildcard": ("evil.com", ("*.com", "evil.com"), ()),
    "beside a permitted one": ("evil.test", (HONEST, "evil.test"), ()),
    "in the subject": ("evil.test", (), ("evil.test",)),
    "in a subject of two": ("evil.test", (), ("mock-clover", "evil.test")),
    "in the subject, beside an address": ("evil.test", ("127.0.0.1",), ("evil.test",)),
    "in the subject, beside an e-mail": ("evil.test", ("a@mock-clover.invalid",), ("evil.test",)),
}
"""Host names that a client means, and what is certified: alternative names and subject."""


def forgeries(stolen: Signer) -> dict[str, tuple[str, bytes]]:
    """Return host names and what a server presents to be taken for them."""
    forged = {
        kind: (host, stolen.sign(names, *subject).to_pem())
        for kind, (host, names, subject) in FORGED.items()
    }
    below = stolen.sign((), "below", signs=True)
    forged["by an authority below"] = ("evil.test", below.sign(("evil.test",)).to_pem())
    forged["ours, by an authority below"] = (HONEST, below.sign((HONEST,)).to_pem())
    server = stolen.sign((HONEST,), "server")
    forged["by a server"] = ("evil.test", server.sign(("evil.test",)).to_pem())
    forged["ours, for e-mail"] = (
        HONEST,
        stolen.sign((HONEST,), purpose="EMAIL_PROTECTION").to_pem(),
    )
    return forged


@contextlib.contextmanager
def presenting(folder: Path, presented: dict[str, tuple[str, bytes]]) -> Iterator[dict[str, str]]:
    """Serve each certificate on a port of its own; yield `host:port` by kind."""
    with contextlib.ExitStack() as stack:
        places = {}
        for kind, (host, pem) in presented.items():
            file = folder / "presented.pem"
            file.write_bytes(pem)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=_greet, args=(listener, context), daemon=True).start()
            places[kind] = f"{host}:{listener.getsockname()[1]}"
            stack.callback(listener.shutdown, socket.SHUT_RDWR)  # ends the thread's accept
        yield places


def _greet(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            line, _ = listener.accept()
        except OSError:
            return
        line.settimeout(TIMEOUT_S)
        with contextlib.suppress(OSError), line, context.wrap_socket(line, server_side=True) as tls:
            tls.recv(65_536)
            tls.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.GeneralName:
    if "@" in name:
        return x509.RFC822Name(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
