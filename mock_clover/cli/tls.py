"""The options of `serve --tls`, and the setup of the HTTPS listener."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from mock_clover.cli.base import PREFIX, echo, exit_with_error

if TYPE_CHECKING:
    from mock_clover.server.tls.store import StoredCA
    from mock_clover.server.tls.transport import Tls

DEFAULT_TLS_PORT = 4243
HTTPS_PORT = 443

folder_option = click.option(
    "--tls-folder",
    envvar=f"{PREFIX}TLS_FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the local CA; default: mock-clover in your data directory.",
)
names_option = click.option(
    "--tls-name",
    "tls_names",
    multiple=True,
    envvar=f"{PREFIX}TLS_NAME",
    help="Additional host name or address in the certificate (can be repeated).",
)
_OPTIONS = (
    click.option(
        "--tls",
        is_flag=True,
        envvar=f"{PREFIX}TLS",
        help="Also serve HTTPS with a certificate for Clover's host names; see "
        "`mock-clover tls-setup`.",
    ),
    click.option(
        "--tls-port",
        default=DEFAULT_TLS_PORT,
        show_default=True,
        envvar=f"{PREFIX}TLS_PORT",
        type=click.IntRange(0, 65_535),
        help="HTTPS port; 0 picks a free one. Clients with hard-coded Clover URLs need 443.",
    ),
    click.option(
        "--tls-port-file",
        envvar=f"{PREFIX}TLS_PORT_FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the HTTPS port to this file when the server is listening. The file is deleted "
        "at startup and on exit.",
    ),
    folder_option,
    names_option,
)


class TlsOptions(NamedTuple):
    """The values of the `--tls` options."""

    port: int
    port_file: Path | None
    folder: Path | None
    names: tuple[str, ...]

    def listen(self, host: str, log: Callable[[str], None]) -> "HttpsListener":
        """Bind the port and issue the certificate. Raises BindError."""
        from mock_clover.server.serve import bind
        from mock_clover.server.tls.authority import AuthorityError, all_names
        from mock_clover.server.tls.transport import Tls

        listener = bind(host, self.port)
        stored_ca, names = load_ca(self.folder, self.names, log)
        try:
            tls = Tls(listener, stored_ca.authority, all_names(names))
        except AuthorityError as error:
            exit_with_error(str(error))
        port = listener.getsockname()[1]
        return HttpsListener(
            tls=tls,
            port=port,
            certificate=stored_ca.certificate,
            pem=stored_ca.authority.pem.decode(),
        )


class HttpsListener(NamedTuple):
    """A bound HTTPS port and its certificate."""

    tls: "Tls"
    port: int
    certificate: Path | None
    pem: str

    def banner_lines(self) -> list[str]:
        """Return the lines about HTTPS for the startup banner."""
        if self.certificate is None:
            trust = (
                "the CA is in memory only; clients can download its certificate from /_mock/ca.pem"
            )
        else:
            trust = f"clients must trust {self.certificate}: see `mock-clover tls-setup`"
        port_hint = (
            "clients with hard-coded Clover URLs need --tls-port 443 and "
            "`mock-clover tls-setup --hosts`"
            if self.port != HTTPS_PORT
            else ""
        )
        return [f"HTTPS: {trust}", *([f"HTTPS: {port_hint}"] if port_hint else [])]


def _print_notice(text: str) -> None:
    echo(f"mock-clover: {text}", err=True)


def load_ca(
    folder: Path | None, names: tuple[str, ...], log: Callable[[str], None] = _print_notice
) -> "tuple[StoredCA, tuple[str, ...]]":
    """Return the CA and the additional names. Pass notices to `log`, exit on errors."""
    from mock_clover.server.tls.authority import (
        AuthorityError,
        machine_time,
        parse_additional_names,
    )
    from mock_clover.server.tls.store import load_or_create_ca

    try:
        additional = parse_additional_names(names)
        stored_ca = load_or_create_ca(folder, additional, machine_time())
    except AuthorityError as error:
        exit_with_error(str(error))
    if stored_ca.message:
        log(stored_ca.message)
    return stored_ca, additional


def tls_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the TLS options to a command, passed as the argument `tls` (None without `--tls`)."""

    @functools.wraps(command)
    def wrapper(
        *,
        tls: bool,
        tls_port: int,
        tls_port_file: Path | None,
        tls_folder: Path | None,
        tls_names: tuple[str, ...],
        **others: Any,
    ) -> None:
        if not tls:
            _reject_unused_options(click.get_current_context())
        options = (
            TlsOptions(port=tls_port, port_file=tls_port_file, folder=tls_folder, names=tls_names)
            if tls
            else None
        )
        command(tls=options, **others)

    for option in reversed(_OPTIONS):
        wrapper = option(wrapper)
    return wrapper


def _reject_unused_options(context: click.Context) -> None:
    for parameter in context.command.params:
        name = str(parameter.name)
        is_given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_given and name.startswith("tls_"):
            exit_with_error(f"{parameter.opts[0]} requires --tls")
