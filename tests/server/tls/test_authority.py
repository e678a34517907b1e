"""The local certificate authority: its certificates, their constraints, and its files."""

import datetime as dt
import multiprocessing
import os
import re
import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from mock_clover.clover.common.hosts import HOSTS, NAMES
from mock_clover.server.tls import store
from mock_clover.server.tls.authority import (
    ADDITIONAL_NAMES_MAX,
    Authority,
    AuthorityError,
    all_names,
    create_authority,
    parse_additional_names,
    parse_authority,
)
from mock_clover.server.tls.store import default_folder, load_or_create_ca
from tests.forged import own_authority
from tests.raw_http import TIMEOUT_S

NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
OURS = ("clover.com", "localhost", "127.0.0.0/8", "::1/128")
NO_HOST = "mock-clover.invalid"
NO_SUBJECT = ["<Name()>"]
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def shown(certificate: x509.Certificate) -> dict[str, Any]:
    """Return a certificate's extensions by name; critical ones in capitals."""
    result: dict[str, Any] = {
        "version": certificate.version.name,
        "valid": (certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        "curve": getattr(getattr(certificate.public_key(), "curve", None), "name", None),
        "signed": certificate.signature_algorithm_oid._name,
    }
    for each in certificate.extensions:
        name = each.oid._name
        result[name.upper() if each.critical else name] = said_by(each.value)
    return result


def said_by(value: x509.ExtensionType) -> Any:
    match value:
        case x509.BasicConstraints():
            return (value.ca, value.path_length)
        case x509.NameConstraints():
            trees = (value.permitted_subtrees, value.excluded_subtrees)
            return tuple([str(each.value) for each in tree or ()] for tree in trees)
        case x509.SubjectAlternativeName():
            return [str(each.value) for each in value]
        case x509.ExtendedKeyUsage():
            return [each._name for each in value]
        case x509.KeyUsage():
            rights = ("digital_signature", "key_cert_sign", "crl_sign", "key_encipherment")
            return [name for name in rights if getattr(value, name)]
        case x509.SubjectKeyIdentifier():
            return value.digest.hex()
        case x509.AuthorityKeyIdentifier():
            return (value.key_identifier or b"").hex()
    raise AssertionError(value)


def digest(certificate: x509.Certificate) -> str:
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest.hex()


def leaf_of(authority: Authority, *names: str) -> list[x509.Certificate]:
    """Return what a server sends for some names: its certificate, and its issuer's."""
    return x509.load_pem_x509_certificates(authority.issue(names or all_names(()), NOW).pem)


def root_of(authority: Authority) -> x509.Certificate:
    (root,) = x509.load_pem_x509_certificates(authority.pem)
    return root


# Certificates -------------------------------------------------------------------------------------


def test_root_key_is_not_stored(tmp_path: Path) -> None:
    saved = load_or_create_ca(tmp_path, (), NOW)
    root = root_of(saved.authority)
    assert shown(root) == {
        "version": "v3",
        "valid": (LONG_AGO, NOW + 3_650 * DAY),
        "curve": "secp256r1",
        "signed": "ecdsa-with-SHA256",
        "BASICCONSTRAINTS": (True, 1),
        "KEYUSAGE": ["key_cert_sign"],
        "subjectKeyIdentifier": digest(root),
    }
    assert root.issuer == root.subject
    stored = b"".join(each.read_bytes() for each in tmp_path.rglob("*") if each.is_file())
    (key,) = PRIVATE_KEYS.findall(stored)
    assert load_pem_private_key(key, None).public_key() != root.public_key()


PRIVATE_KEYS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [^\n]*\n", re.DOTALL)


def test_issuing_certificate_extensions() -> None:
    authority = create_authority((), NOW)
    _, issuing = leaf_of(authority)
    root = root_of(authority)
    assert shown(issuing) == {
        "version": "v3",
        "valid": (LONG_AGO, NOW + 3_650 * DAY),
        "curve": "secp256r1",
        "signed": "ecdsa-with-SHA256",
        "BASICCONSTRAINTS": (True, 0),
        "KEYUSAGE": ["key_cert_sign"],
        "extendedKeyUsage": ["serverAuth"],
        "nameConstraints": ([*OURS, NO_HOST, NO_HOST], NO_SUBJECT),
        "subjectKeyIdentifier": digest(issuing),
        "authorityKeyIdentifier": digest(root),
    }
    issuing.verify_directly_issued_by(root)


def test_a_servers_certificate_has_all_names_and_a_browsers_lifetime() -> None:
    authority = create_authority(("shop.test", "10.0.0.7"), NOW)
    leaf, above = leaf_of(authority, *all_names(("shop.test", "10.0.0.7")))
    assert shown(leaf) == {
        "version": "v3",
        "valid": (NOW - DAY, NOW + 396 * DAY),
        "curve": "secp256r1",
        "signed": "ecdsa-with-SHA256",
        "BASICCONSTRAINTS": (False, None),
        "KEYUSAGE": ["digital_signature"],
        "extendedKeyUsage": ["serverAuth"],
        "SUBJECTALTNAME": [*NAMES, "localhost", "127.0.0.1", "::1", "shop.test", "10.0.0.7"],
        "subjectKeyIdentifier": digest(leaf),
        "authorityKeyIdentifier": digest(above),
    }
    additional = ["shop.test", "10.0.0.7/32"]
    permitted = [*OURS, *additional, NO_HOST, NO_HOST]
    assert shown(above)["nameConstraints"] == (permitted, NO_SUBJECT)
    assert list(leaf.subject) == []
    leaf.verify_directly_issued_by(above)


def test_server_certificate_expires_before_ca() -> None:
    authority = create_authority((), NOW)
    leaf = authority.issue(("localhost",), NOW + 3_600 * DAY)
    assert leaf.not_after == authority.not_after == NOW + 3_650 * DAY


YEAR = 365 * DAY
CLOCKS = {
    "1959": dt.datetime(1959, 6, 1, tzinfo=dt.UTC),
    "1971, a dead battery": dt.datetime(1971, 6, 1, tzinfo=dt.UTC),
    "2015": dt.datetime(2015, 6, 1, tzinfo=dt.UTC),
    "right": NOW,
    "after its end": NOW + 11 * YEAR,
    "2262, the last of time.time()": dt.datetime(2262, 4, 11, tzinfo=dt.UTC),
}


@pytest.mark.parametrize("created", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("issued", CLOCKS.values(), ids=CLOCKS)
def test_certificate_is_issued_at_any_clock(created: dt.datetime, issued: dt.datetime) -> None:
    authority = create_authority((), created)
    assert authority.not_before <= NOW < authority.not_after
    leaf = authority.issue(("localhost",), issued)
    assert (
        leaf.not_before
        < authority.clamp_to_validity(issued)
        <= leaf.not_after
        <= authority.not_after
    )
    assert leaf.not_after - leaf.not_before <= 397 * DAY


def test_every_name_is_under_clovers_domain_and_each_is_told_once() -> None:
    assert len(set(NAMES)) == len(NAMES) == 20
    assert all(name.endswith(".clover.com") for name in NAMES)
    assert {host.region for host in HOSTS if host.name.endswith(".dev.clover.com")} == {"sandbox"}
    assert {host.region for host in HOSTS if "dev" not in host.name} == {
        *("North America", "Europe", "Latin America"),
    }


PERMITTED = {
    "scl.clover.com": True,
    "scl-dev1.dev.clover.com": True,
    "clover.com": True,
    "localhost": True,
    "clover.localhost": True,
    "127.8.9.1": True,
    "::1": True,
    "notclover.com": False,
    "clover.com.evil.test": False,
    "example.com": False,
    "com": False,
    "10.0.0.1": False,
    "::2": False,
}


@pytest.mark.parametrize(("name", "permitted"), PERMITTED.items())
def test_name_constraints_match_openssl(
    tmp_path: Path, name: str, permitted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate for another name, made with the stolen key, is not trusted."""
    authority = create_authority((), NOW)
    assert authority.permits(name) is permitted
    if not permitted:
        with pytest.raises(AuthorityError, match=f"does not cover the name {name}; "):
            authority.issue((name,), NOW)
    monkeypatch.setattr(Authority, "permits", lambda *_: True)
    pem = authority.issue((name,), dt.datetime.now(dt.UTC)).pem
    assert shakes(tmp_path, authority.pem, pem, name) is permitted


def shakes(folder: Path, trusted: bytes, pem: bytes, name: str) -> bool:
    """Return whether a client that trusts an authority accepts a certificate for a name."""
    (folder / "leaf.pem").write_bytes(pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "leaf.pem")
    client = ssl.create_default_context(cadata=trusted.decode())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    for _ in range(3):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl command")
def test_openssls_command_takes_it_as_a_servers(tmp_path: Path) -> None:
    authority = create_authority((), NOW)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    leaf, above = (each.public_bytes(Encoding.PEM) for each in leaf_of(authority))
    (tmp_path / "leaf.pem").write_bytes(leaf)
    (tmp_path / "sent.pem").write_bytes(above)
    at = str(int(NOW.timestamp()))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-attime", at]
    completed = subprocess.run(
        [*command, "-CAfile", "ca.pem", "-untrusted", "sent.pem", "leaf.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (completed.returncode, completed.stdout) == (0, "leaf.pem: OK\n"), completed.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["two words"], "'two words' is neither a host name nor an IP address"),
        ([""], "'' is neither a host name nor an IP address"),
        (["*.shop.test"], r"'\*.shop.test' is neither a host name nor an IP address"),
        (["10.0.0.0/8"], "'10.0.0.0/8' is neither a host name nor an IP address"),
        (["https://shop.test"], "'https://shop.test' is neither a host name nor an IP address"),
        (["a" * 64], "'a{64}' is neither a host name nor an IP address"),
        (
            ["a.test"] * (ADDITIONAL_NAMES_MAX + 1),
            "too many names: a certificate can have at most 100 additional ones",
        ),
    ],
)
def test_invalid_names_are_rejected(given: list[str], message: str) -> None:
    with pytest.raises(AuthorityError, match=f"^{message}$"):
        parse_additional_names(given)


def test_additional_names_are_normalized() -> None:
    given = (" Shop.Test.", "10.0.0.7", "fd00::1", "clover")
    assert parse_additional_names(given) == ("shop.test", "10.0.0.7", "fd00::1", "clover")


def test_no_key_is_shown() -> None:
    authority = create_authority((), NOW)
    assert "PRIVATE" in authority.to_pem().decode()
    assert "PRIVATE" not in repr(authority.issue(NAMES, NOW)) + repr(authority)


# Files --------------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, str]:
    """Return the permissions of a folder's entries."""
    found = sorted(folder.rglob("*"))
    return {str(each.relative_to(folder)): oct(stat.S_IMODE(each.stat().st_mode)) for each in found}


def test_ca_is_created_once_with_private_key_mode(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        saved = load_or_create_ca(tmp_path / "a" / "b", (), NOW)
    finally:
        os.umask(before)
    folder = tmp_path / "a" / "b"
    assert saved.message == f"created a new authority in {folder}"
    assert saved.certificate == folder / "ca.pem"
    assert modes(folder) == {
        "ca.pem": "0o644",
        "private": "0o700",
        "private/authority.pem": "0o600",
        "private/lock": "0o600",
    }
    assert (folder / "ca.pem").read_bytes() == saved.authority.pem
    assert b"PRIVATE" not in saved.authority.pem


def test_a_second_start_has_the_same_one(tmp_path: Path) -> None:
    first = load_or_create_ca(tmp_path, (), NOW)
    second = load_or_create_ca(tmp_path, ("shop.test",), NOW + 3_620 * DAY)
    assert (second.authority.to_pem(), second.message) == (first.authority.to_pem(), "")


def test_permissions_of_key_file_are_restricted(tmp_path: Path) -> None:
    load_or_create_ca(tmp_path, (), NOW)
    (tmp_path / "private").chmod(0o755)
    (tmp_path / "private" / "authority.pem").chmod(0o644)
    load_or_create_ca(tmp_path, (), NOW)
    assert modes(tmp_path)["private"] == "0o700"
    assert modes(tmp_path)["private/authority.pem"] == "0o600"


def certificate_in(pem: bytes) -> bytes:
    return pem[pem.index(b"-----BEGIN CERT") :]


def encrypted(pem: bytes) -> bytes:
    key: Any = load_pem_private_key(pem, None)
    sealed = BestAvailableEncryption(b"secret")
    secret: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)
    return secret + certificate_in(pem)


def as_leaf(pem: bytes) -> bytes:
    return parse_authority(pem, NOW).issue(("localhost",), NOW).pem


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (
        lambda _: b"",
        "does not contain an unencrypted key and an authority certificate",
    ),
    "half": (
        lambda pem: pem[:400],
        "does not contain an unencrypted key and an authority certificate",
    ),
    "garbage": (
        lambda _: bytes(range(256)),
        "does not contain an unencrypted key and an authority certificate",
    ),
    "a key only": (
        lambda pem: pem.partition(b"-----BEGIN CERT")[0],
        "does not contain an unencrypted key and",
    ),
    "an encrypted key": (
        encrypted,
        "does not contain an unencrypted key and an authority certificate",
    ),
    "a server's": (as_leaf, "does not contain an authority with an elliptic-curve or RSA key"),
    "another's key": (
        lambda pem: (
            create_authority((), NOW).to_pem().partition(b"-----BEGIN CERT")[0]
            + certificate_in(pem)
        ),
        "contains a key and a certificate that do not match",
    ),
    "another's root": (
        lambda pem: pem[: pem.rindex(b"-----BEGIN CERT")] + create_authority((), NOW).pem,
        "contains certificates that do not form a chain",
    ),
}


@pytest.mark.parametrize(("harm", "message"), BROKEN.values(), ids=BROKEN)
def test_corrupt_ca_is_replaced(
    tmp_path: Path, harm: Callable[[bytes], bytes], message: str
) -> None:
    first = load_or_create_ca(tmp_path, (), NOW)
    pair = tmp_path / "private" / "authority.pem"
    broken = harm(pair.read_bytes())
    pair.write_bytes(broken)
    second = load_or_create_ca(tmp_path, (), NOW)
    assert second.message.startswith(f"{pair} {message}")
    assert second.message.endswith(": created a new authority; clients must trust the new one")
    assert pair.with_suffix(".old").read_bytes() == broken
    assert second.authority.pem != first.authority.pem
    assert (tmp_path / "ca.pem").read_bytes() == second.authority.pem
    assert load_or_create_ca(tmp_path, (), NOW).message == ""


END = "2036-11-18"
NOTICES = {
    NOW + 3_620 * DAY: "",
    NOW
    + 3_620 * DAY
    + DAY / 2: f"expires on {END}, in 29 days: the first start after that creates",
    NOW + 3_650 * DAY: f"expires on {END}, in 0 days: the first start after that creates",
}


@pytest.mark.parametrize(("now", "message"), NOTICES.items())
def test_ca_expiry_is_announced_for_a_month(tmp_path: Path, now: dt.datetime, message: str) -> None:
    first = load_or_create_ca(tmp_path, (), NOW)
    late = load_or_create_ca(tmp_path, (), now)
    notice = message and f"the certificate authority {message} a new one, which clients must trust"
    assert (late.message, late.authority.pem) == (notice, first.authority.pem)


def test_expired_ca_is_replaced(tmp_path: Path) -> None:
    first = load_or_create_ca(tmp_path, (), NOW)
    late = load_or_create_ca(tmp_path, (), NOW + 3_651 * DAY)
    pair = tmp_path / "private" / "authority.pem"
    message = f"{pair} expired on {END}: created a new authority; clients must trust the new one"
    assert (late.message, late.authority.pem == first.authority.pem) == (message, False)


def test_ca_of_older_version_is_rejected(tmp_path: Path) -> None:
    """Its authority was a root with its key, whose constraints Java did not apply."""
    pair = tmp_path / "private" / "authority.pem"
    pair.parent.mkdir()
    before = own_authority("mock-clover 1a2b3c4d")
    pair.write_bytes(before)
    with pytest.raises(AuthorityError) as error:
        load_or_create_ca(tmp_path, (), NOW)
    assert str(error.value) == (
        f"{pair} was created by an older version of mock-clover: Java did not restrict its names. "
        f"Delete {tmp_path}, remove the old certificate where clients trust it, and make them "
        "trust the new one"
    )
    assert pair.read_bytes() == before


def test_certificate_file_is_repaired(tmp_path: Path) -> None:
    saved = load_or_create_ca(tmp_path, (), NOW)
    (tmp_path / "ca.pem").write_text("another's")
    assert load_or_create_ca(tmp_path, (), NOW).message == ""
    assert (tmp_path / "ca.pem").read_bytes() == saved.authority.pem


def test_an_rsa_authority_of_ones_own_serves_as_well(tmp_path: Path) -> None:
    """It may have no constraints: its creator decides."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (tmp_path / "private").mkdir()
    own = own_authority("a company's", key)
    (tmp_path / "private" / "authority.pem").write_bytes(own)
    saved = load_or_create_ca(tmp_path, (), NOW)
    assert (saved.message, saved.authority.permits("example.com")) == ("", True)
    leaf, above = leaf_of(saved.authority)
    leaf.verify_directly_issued_by(above)
    assert above == root_of(saved.authority)
    assert certificate_in(own) == saved.authority.pem


def test_own_intermediate_ca_is_used(tmp_path: Path) -> None:
    """Clients trust the last certificate of the file; a server sends the others."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate_in(own_authority("a company's", root_key))
    below = own_authority("a team's", key, ("a company's", root_key))
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "authority.pem").write_bytes(below + root)
    saved = load_or_create_ca(tmp_path, (), NOW)
    leaf, above = leaf_of(saved.authority)
    leaf.verify_directly_issued_by(above)
    assert (saved.message, (tmp_path / "ca.pem").read_bytes()) == ("", root)
    assert above.public_bytes(Encoding.PEM) == certificate_in(below)


def _start(folder: Path, gate: Any, result: Any) -> None:
    gate.wait()
    result.put(load_or_create_ca(folder, (), NOW).authority.pem)


def test_servers_that_start_at_once_have_one_authority(tmp_path: Path) -> None:
    """Also if they find a corrupt one, which each of them would replace."""
    context = multiprocessing.get_context("fork")
    for broken in (False, True):
        gate, result = context.Barrier(6), context.Queue()
        if broken:
            (tmp_path / "private" / "authority.pem").write_text("broken")
        starts = [context.Process(target=_start, args=(tmp_path, gate, result)) for _ in range(6)]
        for start in starts:
            start.start()
        found = {result.get(timeout=TIMEOUT_S) for _ in starts}
        for start in starts:
            start.join()
        assert found == {(tmp_path / "ca.pem").read_bytes()}
    assert not [each for each in tmp_path.rglob(".*") if each.is_file()]


def test_lock_timeout_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_LOCK_S_MAX", 0.05)
    load_or_create_ca(tmp_path, (), NOW)
    with store._exclusive(tmp_path / "private"), pytest.raises(AuthorityError) as result:
        load_or_create_ca(tmp_path, (), NOW)
    assert str(result.value) == (
        f"{tmp_path / 'private' / 'lock'} is locked by another mock-clover process; try again later"
    )


def test_tls_folder_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuthorityError) as result:
        load_or_create_ca(tmp_path / "file" / "tls", (), NOW)
    assert str(result.value) == f"--tls-folder {tmp_path / 'file' / 'tls'}: Not a directory"


@pytest.mark.parametrize("name", ["ca.pem", "private/authority.pem"])
def test_only_regular_files_of_the_folder_are_read_and_replaced(tmp_path: Path, name: str) -> None:
    """A read of a named pipe would never end."""
    (tmp_path / "private").mkdir()
    os.mkfifo(tmp_path / name)
    with pytest.raises(AuthorityError) as result:
        load_or_create_ca(tmp_path, (), NOW)
    message = f"{Path(name).name} is a named pipe, not a regular file"
    assert str(result.value) == f"--tls-folder {tmp_path}: {message}"
    assert (tmp_path / name).is_fifo()


def test_symbolic_links_in_the_folder_are_kept(tmp_path: Path) -> None:
    for name in ("ca.pem", "private/authority.pem"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(tmp_path / f"target of {Path(name).name}")
    saved = load_or_create_ca(tmp_path, (), NOW)
    assert (tmp_path / "target of ca.pem").read_bytes() == saved.authority.pem
    assert (tmp_path / "target of authority.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ca.pem").is_symlink()
    assert load_or_create_ca(tmp_path, (), NOW).authority.pem == saved.authority.pem


def test_without_a_folder_of_ones_own_it_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    saved = load_or_create_ca(None, (), NOW)
    place = tmp_path / "file" / "mock-clover"
    assert saved.certificate is None
    assert saved.message == f"{place}: Not a directory: the authority is in memory only"


FOLDERS = [
    ("linux", {"XDG_DATA_HOME": "/data"}, "/data/mock-clover"),
    ("linux", {"XDG_DATA_HOME": "not/absolute"}, "/home/me/.local/share/mock-clover"),
    ("linux", {}, "/home/me/.local/share/mock-clover"),
    ("darwin", {}, "/home/me/Library/Application Support/mock-clover"),
    ("win32", {"LOCALAPPDATA": "/local"}, "/local/mock-clover"),
    ("win32", {}, "/home/me/AppData/Local/mock-clover"),
]


@pytest.mark.parametrize(("system", "variables", "folder"), FOLDERS)
def test_default_folder_by_platform(
    monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], folder: str
) -> None:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HOME": "/home/me"} | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store.sys, "platform", system)
    assert default_folder() == Path(folder)
