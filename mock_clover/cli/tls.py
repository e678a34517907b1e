"""What `serve --tls` is asked for on the command line, and how it comes to listen."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from mock_clover.cli.base import PREFIX, fail

if TYPE_CHECKING:
    from mock_clover.server.ca_store import StoredCA
    from mock_clover.server.tls import Tls

DEFAULT_TLS_PORT = 4243
HTTPS_PORT = 443

folder_option = click.option(
    "--tls-folder",
    envvar=f"{PREFIX}TLS_FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the local authority is kept; default: mock-clover in the folder of your data.",
)
names_option = click.option(
    "--tls-name",
    "tls_names",
    multiple=True,
    envvar=f"{PREFIX}TLS_NAME",
    help="A further host name or address of the certificate, beside Clover's and localhost.",
)
_OPTIONS = (
    click.option(
        "--tls",
        is_flag=True,
        envvar=f"{PREFIX}TLS",
        help="Speak HTTPS too, certified for Clover's own host names; see `mock-clover trust`.",
    ),
    click.option(
        "--tls-port",
        default=DEFAULT_TLS_PORT,
        show_default=True,
        envvar=f"{PREFIX}TLS_PORT",
        type=click.IntRange(0, 65_535),
        help="Port for HTTPS; 0 takes a free one. Clients with Clover's addresses need 443.",
    ),
    click.option(
        "--tls-port-file",
        envvar=f"{PREFIX}TLS_PORT_FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the port for HTTPS here once it is bound; removed at the start and at the end.",
    ),
    folder_option,
    names_option,
)


class Asked(NamedTuple):
    """What HTTPS was asked for."""

    port: int
    port_file: Path | None
    folder: Path | None
    names: tuple[str, ...]

    def listen(self, host: str) -> "Listening":
        """Bind the port and make the certificate. Raises BindError."""
        from mock_clover.server.authority import AuthorityError, all_names
        from mock_clover.server.serve import bind
        from mock_clover.server.tls import Tls

        listener = bind(host, self.port)
        kept, names = authority(self.folder, self.names)
        try:
            tls = Tls(listener, kept.authority, all_names(names))
        except AuthorityError as error:
            fail(str(error))
        port = listener.getsockname()[1]
        return Listening(tls, port, kept.certificate, kept.authority.pem.decode())


class Listening(NamedTuple):
    """HTTPS that is about to be served."""

    tls: "Tls"
    port: int
    certificate: Path | None
    pem: str

    def hints(self) -> list[str]:
        """Return what the banner says of it."""
        if self.certificate is None:
            trust = "its authority is in memory; till it ends, clients get it at /_mock/ca.pem"
        else:
            trust = f"clients must trust {self.certificate}: `mock-clover trust` tells how"
        hard = "clients with Clover's addresses need --tls-port 443 and names: "
        names = "" if self.port == HTTPS_PORT else hard + "`mock-clover trust --hosts`"
        return [f"HTTPS: {trust}", *([f"HTTPS: {names}"] if names else [])]


def authority(folder: Path | None, names: tuple[str, ...]) -> "tuple[StoredCA, tuple[str, ...]]":
    """Return the authority and the names of one's own; what is to be said goes to stderr."""
    import datetime as dt

    from mock_clover.server.authority import AuthorityError, further_names
    from mock_clover.server.ca_store import keep

    try:
        further = further_names(names)
        kept = keep(folder, further, dt.datetime.now(dt.UTC))
    except AuthorityError as error:
        fail(str(error))
    if kept.said:
        click.echo(f"mock-clover: {kept.said}", err=True)
    return kept, further


def tls_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of HTTPS; it gets them as one, `tls`, None if not asked for."""

    @functools.wraps(command)
    def gathered(
        *,
        tls: bool,
        tls_port: int,
        tls_port_file: Path | None,
        tls_folder: Path | None,
        tls_names: tuple[str, ...],
        **others: Any,
    ) -> None:
        if not tls:
            _refuse_idle_options(click.get_current_context())
        asked = Asked(tls_port, tls_port_file, tls_folder, tls_names) if tls else None
        command(tls=asked, **others)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def _refuse_idle_options(context: click.Context) -> None:
    for parameter in context.command.params:
        name = str(parameter.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name.startswith("tls_"):
            fail(f"{parameter.opts[0]} is of use only with --tls")
