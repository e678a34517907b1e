"""`mock-clover tls-setup`: configure clients for `serve --tls` and Clover's host names."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mock_clover.cli.base import CONTEXT, NonEmptyOptionsCommand, echo, examples, exit_with_error
from mock_clover.cli.tls import folder_option, load_ca, names_option

if TYPE_CHECKING:
    from mock_clover.server.tls.authority import Authority

TRUST: dict[str, tuple[str, ...]] = {
    "node": ("export NODE_EXTRA_CA_CERTS={ca}",),
    "python": (
        "# SSL_CERT_FILE is for ssl, urllib and httpx, REQUESTS_CA_BUNDLE for requests;",
        "# both replace the default CAs",
        "export SSL_CERT_FILE={ca}",
        "export REQUESTS_CA_BUNDLE={ca}",
    ),
    "java": (
        "# a separate trust store that replaces Java's default",
        "rm -f mock-clover.p12",
        "keytool -importcert -noprompt -alias mock-clover -file {ca} \\",
        "  -keystore mock-clover.p12 -storetype PKCS12 -storepass changeit",
        'options="-Djavax.net.ssl.trustStore=$PWD/mock-clover.p12"',
        'export JAVA_TOOL_OPTIONS="$options -Djavax.net.ssl.trustStorePassword=changeit"',
    ),
    "php": (
        "# an additional directory for ini files, read after PHP's own",
        "mkdir -p mock-clover.d",
        "printf '%s\\n' openssl.cafile={ca} curl.cainfo={ca} > mock-clover.d/mock-clover.ini",
        'export PHP_INI_SCAN_DIR=":$PWD/mock-clover.d"',
    ),
    "curl": ("export CURL_CA_BUNDLE={ca}",),
    "browser": (
        "# Chromium in tests, without root and without a hosts file; 4243 is the port of --tls:",
        "#   --ignore-certificate-errors-spki-list={pin}",
        '#   --host-resolver-rules="MAP *.clover.com 127.0.0.1:4243"',
        "# Chromium and Chrome on Linux; certutil is in Debian's libnss3-tools:",
        "#   mkdir -p $HOME/.pki/nssdb",
        "#   certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n mock-clover -i {ca}",
        "# Firefox: Settings, Certificates, Authorities, Import {ca}",
        "# macOS:",
        "#   security add-trusted-cert -r trustRoot -p ssl \\",
        "#     -k ~/Library/Keychains/login.keychain-db {ca}",
        "# Windows:",
        "#   certutil -user -addstore Root {ca}",
    ),
}
"""Shell lines by client; `ca` is the certificate file, `pin` the digest of its key."""


@click.command(
    cls=NonEmptyOptionsCommand,
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover tls-setup                   # for all kinds of clients",
        'eval "$(mock-clover tls-setup --for node)"',
        "mock-clover tls-setup --hosts           # lines for /etc/hosts",
        "mock-clover tls-setup --compose clover  # network aliases of a service",
    ),
)
@click.option(
    "--for",
    "client",
    type=click.Choice(list(TRUST)),
    help="Print only the lines for this kind of client.",
)
@click.option("--hosts", is_flag=True, help="Print Clover's host names as lines for a hosts file.")
@click.option(
    "--address",
    default="127.0.0.1",
    show_default=True,
    help="IP address that --hosts assigns to the names.",
)
@click.option(
    "--compose",
    metavar="SERVICE",
    help="Print Clover's host names as network aliases of a Docker Compose service.",
)
@folder_option
@names_option
def tls_setup(
    *,
    client: str | None,
    hosts: bool,
    address: str,
    compose: str | None,
    tls_folder: Path | None,
    tls_names: tuple[str, ...],
) -> None:
    """Print shell commands that make clients trust `serve --tls`.

    With --hosts or --compose, print entries for Clover's host names instead. The output can be
    evaluated by a shell. The certificate authority is created if it is missing.
    """
    if hosts or compose:
        for line in _hosts_lines(address) if hosts else _compose_lines(compose or ""):
            echo(line)
        return
    stored_ca, _ = load_ca(tls_folder, tls_names)
    if stored_ca.certificate is None:
        exit_with_error(
            "cannot determine a directory for the certificate authority; set --tls-folder"
        )
    for line in _trust_lines(stored_ca.authority, stored_ca.certificate.absolute(), client):
        echo(line)


def _trust_lines(ca: "Authority", certificate: Path, client: str | None) -> Iterator[str]:
    values = {"ca": shlex.quote(str(certificate)), "pin": ca.pin}
    yield f"# {certificate}, valid until {ca.not_after:%Y-%m-%d}"
    yield f"# SHA-256 {ca.fingerprint}"
    for name in (client,) if client else TRUST:
        if not client:
            yield f"\n# --- {name}"
        for line in TRUST[name]:
            yield line.format(**values)


def _hosts_lines(address: str) -> Iterator[str]:
    from mock_clover.clover.common.hosts import HOSTS

    yield "# mock-clover: Clover's host names; remove these lines to reach Clover again"
    for host in HOSTS:  # Windows limits the names per line
        yield f"{address} {host.name}"


def _compose_lines(service: str) -> Iterator[str]:
    from mock_clover.clover.common.hosts import HOSTS

    yield from ("services:", f"  {service}:", "    networks:", "      default:", "        aliases:")
    for host in HOSTS:
        yield f"          - {host.name}"
