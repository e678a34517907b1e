"""Clients that trust the authority, and certificates that a thief of its file has made.

What makes each kind of client trust the authority is what `tls-setup` prints.
"""

import datetime as dt
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import toolbox
from conftest import get_or_skip

from mock_clover.server.tls.store import load_or_create_ca
from tests.forged import HONEST, Signer, forgeries, presenting

MOCK_CLOVER = f"{shlex.quote(sys.executable)} -m mock_clover"


class CertificateServers(NamedTuple):
    """A folder with an authority that clients trust, and servers that present certificates."""

    folder: Path
    places: dict[str, str]

    def run(self, kind: str, command: list[str]) -> str:
        """Run a command that trusts the authority in the way printed for its kind."""
        script = f'eval "$({MOCK_CLOVER} tls-setup --for {kind} --tls-folder tls)"; exec "$@"'
        completed = subprocess.run(
            ["bash", "-euc", script, "bash", *command],
            cwd=self.folder,
            env=toolbox.plain_environment(),
            capture_output=True,
            text=True,
            timeout=toolbox.CLIENT_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return completed.stdout if completed.returncode == 0 else completed.stderr


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertificateServers]:
    folder = tmp_path_factory.mktemp("servers")
    now = dt.datetime.now(dt.UTC)
    authority = load_or_create_ca(folder / "tls", (), now).authority
    stolen = Signer.of((folder / "tls" / "private" / "authority.pem").read_bytes())
    presented = {"genuine": (HONEST, authority.issue((HONEST,), now).pem)} | forgeries(stolen)
    with presenting(folder, presented) as places:
        yield CertificateServers(folder, places)


def by_program(kind: str, command: list[str]) -> Callable[[CertificateServers], list[str]]:
    """Return a client that is given all places at once and prints its outcomes as JSON."""

    def run(servers: CertificateServers) -> list[str]:
        output = servers.run(kind, [*command, *servers.places.values()])
        outcomes: list[str] = json.loads(output)
        return outcomes

    return run


def java(servers: CertificateServers) -> list[str]:
    quick = [get_or_skip(toolbox.find_java), "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    return by_program("java", [*quick, str(toolbox.HERE / "java" / "Handshakes.java")])(servers)


def node(servers: CertificateServers) -> list[str]:
    program = get_or_skip(lambda: toolbox.require_tool("node"))
    return by_program("node", [program, str(toolbox.HERE / "node" / "handshakes.cjs")])(servers)


def python(servers: CertificateServers) -> list[str]:
    script = str(toolbox.HERE / "python" / "handshakes.py")
    return by_program("python", [sys.executable, "-I", script])(servers)


def by_shell(servers: CertificateServers, program: str, command: str) -> list[str]:
    """Run a shell command for each place, which prints nothing or one line."""
    get_or_skip(lambda: toolbox.require_tool(program))
    loop = f"for place; do host=${{place%:*}} port=${{place##*:}}; {command}; echo; done"
    return servers.run("curl", ["bash", "-c", loop, "-", *servers.places.values()]).splitlines()


def curl(servers: CertificateServers) -> list[str]:
    way = '--connect-to "$host:443:127.0.0.1:$port" "https://$host/"'
    return by_shell(
        servers,
        "curl",
        f"curl -sS {way} 2>error && printf accepted || head -n 1 error | tr -d '\\n'",
    )


def openssl(servers: CertificateServers) -> list[str]:
    way = '-connect "127.0.0.1:$port" -servername "$host" -CAfile "$CURL_CA_BUNDLE"'
    name = '-verify_hostname "$host"'
    strict = "-verify_return_error -x509_strict -purpose sslserver"
    return by_shell(
        servers,
        "openssl",
        f"openssl s_client -brief {way} {name} {strict} >output 2>&1 </dev/null "
        "&& printf accepted || grep -m 1 -F error output | tr '\\n' ' '",
    )


@pytest.mark.parametrize("client", [java, node, python, curl, openssl])
def test_only_genuine_certificate_is_accepted(
    servers: CertificateServers, client: Callable[[CertificateServers], list[str]]
) -> None:
    outcomes = dict(zip(servers.places, client(servers), strict=True))
    assert [kind for kind, outcome in outcomes.items() if outcome == "accepted"] == ["genuine"], (
        outcomes
    )


# Purposes other than a server's, which `openssl verify` knows by name
PURPOSES: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "sslclient": ("CLIENT_AUTH", (), ()),
    "smimesign": ("EMAIL_PROTECTION", ("victim@bank.com",), ()),
    "smimeencrypt": ("EMAIL_PROTECTION", ("victim@bank.com",), ()),
    "timestampsign": ("TIME_STAMPING", (), ()),
    # `any` ignores the purpose: the names must be refused
    "any for an e-mail address": ("EMAIL_PROTECTION", ("victim@bank.com",), ()),
    "any for code of somebody": ("CODE_SIGNING", (), ("A Company",)),
    "any for a client's name": ("CLIENT_AUTH", (), ("admin",)),
    "any for OCSP of somebody": ("OCSP_SIGNING", (), ("A Company",)),
}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_other_purposes_are_rejected(servers: CertificateServers, purpose: str) -> None:
    openssl = get_or_skip(lambda: toolbox.require_tool("openssl"))
    kind, names, subject = PURPOSES[purpose]
    stolen = Signer.of((servers.folder / "tls" / "private" / "authority.pem").read_bytes())
    (servers.folder / "forged.pem").write_bytes(stolen.sign(names, *subject, purpose=kind).to_pem())
    command = [openssl, "verify", "-purpose", purpose.partition(" ")[0], "-CAfile", "tls/ca.pem"]
    output = servers.run("curl", [*command, "-untrusted", "forged.pem", "forged.pem"])
    assert re.search("error (26|47|48) at", output), output
