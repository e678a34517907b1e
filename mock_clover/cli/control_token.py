"""The control token of `serve`: from an option, a file, or the environment."""

from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource

from mock_clover.cli.base import exit_with_error

_TOKEN_BYTES_MAX = 4_096


def read_token_file(
    _context: click.Context, option: click.Parameter, file: Path | None
) -> str | None:
    """Return the token in a file, which may be a pipe. Exits the command if there is none."""
    if file is None:
        return None
    try:
        with file.open("rb") as stream:
            token = stream.read(_TOKEN_BYTES_MAX + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        exit_with_error(
            f"{option.opts[0]} {file}: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        )
    if not token or len(token.splitlines()) > 1 or len(token) > _TOKEN_BYTES_MAX:
        exit_with_error(f"{option.opts[0]} {file}: must contain the token on one line")
    return token


def resolve_token(
    given: str | None, from_file: str | None, warn: Callable[[str], None]
) -> str | None:
    """Return the token, or None without one. Warns of a token in the list of processes."""
    if given and from_file:
        exit_with_error("a control token and --control-token-file are both set: use one of them")
    source = click.get_current_context().get_parameter_source("control_token")
    if source is ParameterSource.COMMANDLINE:
        warn(
            "other users of this machine can read --control-token in the list of processes: "
            "use --control-token-file or MOCK_CLOVER_CONTROL_TOKEN"
        )
    return given or from_file
