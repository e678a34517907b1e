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
from conftest import have

from mock_clover.server.ca_store import keep
from tests.forged import HONEST, Signer, forgeries, presenting

OURS = f"{shlex.quote(sys.executable)} -m mock_clover"


class Market(NamedTuple):
    """A folder with an authority that clients trust, and servers that present certificates."""

    folder: Path
    places: dict[str, str]

    def told_to(self, kind: str, command: list[str]) -> str:
        """Run a command that trusts the authority in the way told for its kind."""
        script = f'eval "$({OURS} tls-setup --for {kind} --tls-folder tls)"; exec "$@"'
        done = subprocess.run(
            ["bash", "-euc", script, "bash", *command],
            cwd=self.folder,
            env=toolbox.plain_environment(),
            capture_output=True,
            text=True,
            timeout=toolbox.CLIENT_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.stdout if done.returncode == 0 else done.stderr


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("market")
    now = dt.datetime.now(dt.UTC)
    authority = keep(folder / "tls", (), now).authority
    stolen = Signer.of((folder / "tls" / "private" / "authority.pem").read_bytes())
    presented = {"ours": (HONEST, authority.issue((HONEST,), now).pem)} | forgeries(stolen)
    with presenting(folder, presented) as places:
        yield Market(folder, places)


def by_program(kind: str, command: list[str]) -> Callable[[Market], list[str]]:
    """Return a client that is given all places at once and prints its answers as JSON."""

    def run(market: Market) -> list[str]:
        said = market.told_to(kind, [*command, *market.places.values()])
        answers: list[str] = json.loads(said)
        return answers

    return run


def java(market: Market) -> list[str]:
    quick = [have(toolbox.find_java), "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    return by_program("java", [*quick, str(toolbox.HERE / "java" / "Handshakes.java")])(market)


def node(market: Market) -> list[str]:
    program = have(lambda: toolbox.require_tool("node"))
    return by_program("node", [program, str(toolbox.HERE / "node" / "handshakes.cjs")])(market)


def python(market: Market) -> list[str]:
    script = str(toolbox.HERE / "python" / "handshakes.py")
    return by_program("python", [sys.executable, "-I", script])(market)


def by_shell(market: Market, program: str, command: str) -> list[str]:
    """Run a shell command for each place, which prints nothing or one line."""
    have(lambda: toolbox.require_tool(program))
    loop = f"for place; do host=${{place%:*}} port=${{place##*:}}; {command}; echo; done"
    return market.told_to("curl", ["bash", "-c", loop, "-", *market.places.values()]).splitlines()


def curl(market: Market) -> list[str]:
    way = '--connect-to "$host:443:127.0.0.1:$port" "https://$host/"'
    return by_shell(
        market, "curl", f"curl -sS {way} 2>said && printf taken || head -n 1 said | tr -d '\\n'"
    )


def openssl(market: Market) -> list[str]:
    way = '-connect "127.0.0.1:$port" -servername "$host" -CAfile "$CURL_CA_BUNDLE"'
    name = '-verify_hostname "$host"'
    strict = "-verify_return_error -x509_strict -purpose sslserver"
    return by_shell(
        market,
        "openssl",
        f"openssl s_client -brief {way} {name} {strict} >said 2>&1 </dev/null "
        "&& printf taken || grep -m 1 -F error said | tr '\\n' ' '",
    )


@pytest.mark.parametrize("client", [java, node, python, curl, openssl])
def test_only_genuine_certificate_is_accepted(
    market: Market, client: Callable[[Market], list[str]]
) -> None:
    told = dict(zip(market.places, client(market), strict=True))
    assert [kind for kind, answer in told.items() if answer == "taken"] == ["ours"], told


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
def test_other_purposes_are_rejected(market: Market, purpose: str) -> None:
    openssl = have(lambda: toolbox.require_tool("openssl"))
    kind, names, subject = PURPOSES[purpose]
    stolen = Signer.of((market.folder / "tls" / "private" / "authority.pem").read_bytes())
    (market.folder / "forged.pem").write_bytes(stolen.sign(names, *subject, purpose=kind).to_pem())
    command = [openssl, "verify", "-purpose", purpose.partition(" ")[0], "-CAfile", "tls/ca.pem"]
    said = market.told_to("curl", [*command, "-untrusted", "forged.pem", "forged.pem"])
    assert re.search("error (26|47|48) at", said), said
