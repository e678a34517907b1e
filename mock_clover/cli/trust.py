"""`mock-clover trust`: how clients trust `serve --tls`, and how they find it by Clover's names."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_clover.cli.base import CONTEXT, FilledCommand, examples, fail
from mock_clover.cli.tls import authority, folder_option, names_option

if TYPE_CHECKING:
    from mock_clover.server.authority import Authority

TRUST: dict[str, tuple[str, ...]] = {
    "node": ("export NODE_EXTRA_CA_CERTS={ca}",),
    "python": (
        "# ssl, urllib and httpx read the first, requests the second: each instead of its own list",
        "export SSL_CERT_FILE={ca}",
        "export REQUESTS_CA_BUNDLE={ca}",
    ),
    "java": (
        "# a trust store of its own, instead of Java's",
        "rm -f mock-clover.p12",
        "keytool -importcert -noprompt -alias mock-clover -file {ca} \\",
        "  -keystore mock-clover.p12 -storetype PKCS12 -storepass changeit",
        'options="-Djavax.net.ssl.trustStore=$PWD/mock-clover.p12"',
        'export JAVA_TOOL_OPTIONS="$options -Djavax.net.ssl.trustStorePassword=changeit"',
    ),
    "php": (
        "# where PHP looks for further ini files; its own go first",
        "mkdir -p mock-clover.d",
        "printf '%s\\n' openssl.cafile={ca} curl.cainfo={ca} > mock-clover.d/mock-clover.ini",
        'export PHP_INI_SCAN_DIR=":$PWD/mock-clover.d"',
    ),
    "curl": ("export CURL_CA_BUNDLE={ca}",),
    "browser": (
        "# Chromium of a test, with a --user-data-dir of its own:",
        "#   --ignore-certificate-errors-spki-list={pin}",
        "# Chromium and Chrome on Linux:",
        "#   certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n mock-clover -i {ca}",
        "# Firefox: Settings, Certificates, Authorities, Import {ca}",
        "# macOS:",
        "#   security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {ca}",
        "# Windows:",
        "#   certutil -user -addstore Root {ca}",
    ),
}
"""What to say to a shell, by client; `ca` is the certificate's file, `pin` its key's digest."""


@click.command(
    cls=FilledCommand,
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover trust                          # for every kind of client",
        'eval "$(mock-clover trust --for node)"',
        "mock-clover trust --hosts                  # lines for /etc/hosts",
        "mock-clover trust --compose clover         # network aliases of a service",
    ),
)
@click.option(
    "--for",
    "client",
    type=click.Choice(list(TRUST)),
    help="One kind of client only.",
)
@click.option("--hosts", is_flag=True, help="Print Clover's names as lines for a hosts file.")
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="Where --hosts says that the names are.",
)
@click.option(
    "--compose",
    metavar="SERVICE",
    help="Print Clover's names as network aliases of a service of Docker Compose.",
)
@folder_option
@names_option
def trust(
    *,
    client: str | None,
    hosts: bool,
    address: str,
    compose: str | None,
    tls_folder: Path | None,
    tls_names: tuple[str, ...],
) -> None:
    """Tell how clients trust `serve --tls`, and find it by Clover's names.

    All that is printed may be given to a shell. The authority is made if it is not there.
    """
    if hosts or compose:
        for line in _hosts(address) if hosts else _compose(compose or ""):
            click.echo(line)
        return
    kept, _ = authority(tls_folder, tls_names)
    if kept.certificate is None:
        fail("there is no folder for the authority; name one by --tls-folder")
    for line in _told(kept.authority, kept.certificate.absolute(), client):
        click.echo(line)


def _told(kept: "Authority", certificate: Path, client: str | None) -> Iterator[str]:
    import shlex

    values = {"ca": shlex.quote(str(certificate)), "pin": kept.pin}
    yield f"# {certificate}, until {kept.ends:%Y-%m-%d}"
    yield f"# SHA-256 {kept.fingerprint}"
    for name in (client,) if client else TRUST:
        if not client:
            yield f"\n# --- {name}"
        for line in TRUST[name]:
            yield line.format(**values)


def _hosts(address: str) -> Iterator[str]:
    from mock_clover.clover.common.hosts import HOSTS

    yield "# mock-clover: Clover's names; take these lines away to reach Clover again"
    for host in HOSTS:  # Windows takes few names in one line
        yield f"{address} {host.name}"


def _compose(service: str) -> Iterator[str]:
    from mock_clover.clover.common.hosts import HOSTS

    yield from ("services:", f"  {service}:", "    networks:", "      default:", "        aliases:")
    for host in HOSTS:
        yield f"          - {host.name}"
