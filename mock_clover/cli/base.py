"""Settings, options, output and error handling shared by the commands."""

import itertools
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import click
from click.shell_completion import CompletionItem

from mock_clover import __version__
from mock_clover.core.error_text import error_location
from mock_clover.core.printable import printable, printable_lines

if TYPE_CHECKING:
    from mock_clover.sandbox.credentials import Credentials
    from mock_clover.scenario.records import Scenario

Command = TypeVar("Command", bound=Callable[..., Any])
DEFAULT_PORT = 4242
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
DEFAULT_SEED = "mock-clover"

PREFIX = "MOCK_CLOVER_"
_CELL_CHARS_MIN = 8
_WORKFLOW_COMMAND = re.compile(r"^[ \t]{0,100}::|##\[", re.MULTILINE)
"""GitHub's runner takes `::` at the beginning of a line and `##[` anywhere for a command."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_MUST_NOT_BE_EMPTY = frozenset(
    {f"{PREFIX}CONTROL", f"{PREFIX}CONTROL_TOKEN", f"{PREFIX}CONTROL_TOKEN_FILE"}
)
"""Variables that protect the control API. An empty value must not disable the protection."""


class NonEmptyOptionsCommand(click.Command):
    """A command that rejects options with an empty value, usually an unset shell variable.

    An empty environment variable counts as unset, as in click and Docker Compose, unless it is one
    of `_MUST_NOT_BE_EMPTY`: then the control API would be unprotected.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reject empty values before click converts them."""
        values, *_ = self.make_parser(ctx).parse_args(list(args))
        for parameter in self.get_params(ctx):
            value = values.get(str(parameter.name))
            if any(_is_blank(item) for item in (value if isinstance(value, list) else [value])):
                exit_with_error(f"{parameter.opts[0]} is empty: set a value or omit the option")
            variable = str(parameter.envvar)
            if (
                value is None
                and variable in _MUST_NOT_BE_EMPTY
                and _is_blank(os.environ.get(variable))
            ):
                exit_with_error(
                    f"{variable} is empty, which would leave the control API unprotected: "
                    "set a value or unset the variable"
                )
        return super().parse_args(ctx, args)


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


seed_option = click.option(
    "--seed",
    default=DEFAULT_SEED,
    show_default=True,
    envvar=f"{PREFIX}SEED",
    help="Seed from which credentials and ids are derived.",
)


def scenario_option(about: str, **settings: Any) -> Callable[[Command], Command]:
    """Return the option `--scenario`: the name of a built-in scenario, or a file."""
    return click.option(
        "--scenario",
        metavar="NAME|FILE",
        shell_complete=complete_scenario,
        help=about,
        **settings,
    )


def load_scenario(name_or_file: str) -> "Scenario":
    """Return a scenario; exit with the error if it is invalid."""
    from mock_clover.scenario.load import load
    from mock_clover.scenario.records import ScenarioError

    try:
        return load(name_or_file)
    except ScenarioError as error:
        exit_with_error(str(error))


def _check_sandbox(_ctx: click.Context, _param: click.Parameter, name: str) -> str:
    """Reject a name that no sandbox can have."""
    from mock_clover.sandbox.names import NAME_RULE, is_valid_name

    if not is_valid_name(name):
        raise click.BadParameter(NAME_RULE)
    return name


def check_url(
    ctx: click.Context | None, param: click.Parameter | None, url: str | None
) -> str | None:
    """Reject what is not the base URL of a server. Raises click.BadParameter."""
    if url is None or _is_http_url(url):
        return url
    near = "" if ":/" in url or not _is_http_url(f"http://{url}") else f"http://{url}"
    hint = f"; did you mean {near}?" if near else f", for example {DEFAULT_URL}"
    source = ctx and param and ctx.get_parameter_source(str(param.name))
    is_variable = source is click.core.ParameterSource.ENVIRONMENT
    raise click.BadParameter(
        f"{printable(url)!r} must be an http:// or https:// URL{hint}",
        ctx,
        param,
        param_hint=_variables_of(param)[0] if param and is_variable else None,
    )


def _variables_of(param: click.Parameter) -> list[str]:
    """Return the environment variables of a parameter that are set."""
    names = [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
    return [name for name in names if os.environ.get(name)][:1]


def _is_http_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_host and parts.scheme in ("http", "https") and text.isprintable() and " " not in text


sandbox_option = click.option(
    "--sandbox",
    default="default",
    callback=_check_sandbox,
    show_default=True,
    envvar=f"{PREFIX}SANDBOX",
    help="Name of the sandbox.",
)
url_option = click.option(
    "--url",
    metavar="URL",
    callback=check_url,
    default=DEFAULT_URL,
    show_default=True,
    envvar=f"{PREFIX}URL",
    help="Base URL of the server.",
)

client_url_option = click.option(
    "--url",
    metavar="URL",
    callback=check_url,
    default=DEFAULT_URL,
    show_default=True,
    envvar=[f"{PREFIX}URL", "CLOVER_BASE_URL"],
    help="Base URL of the server, or of a sandbox.",
)

control_token_option = click.option(
    "--control-token",
    metavar="TOKEN",
    envvar=f"{PREFIX}CONTROL_TOKEN",
    help="Control token of the server, if it has one.",
)


def format_option(choices: tuple[str, ...]) -> Callable[[Command], Command]:
    """Return the option `--format`; the first choice is the default."""
    return click.option(
        "--format",
        "output_format",
        default=choices[0],
        show_default=True,
        type=click.Choice(choices),
        help="Output format.",
    )


def control_headers(control_token: str | None) -> dict[str, str]:
    """Return the header that a server with a control token requires of control requests."""
    return {"x-mock-clover-control": control_token} if control_token else {}


def is_on_command_line(name: str) -> bool:
    """Return whether an option of the current command was set explicitly, not by a variable."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def sandbox_address(url: str, sandbox: str) -> tuple[str, str, str]:
    """Return the URL of the server, the name of a sandbox, and the URL of the sandbox.

    A URL can name the sandbox, as `CLOVER_BASE_URL` does; the option `--sandbox` takes precedence.
    """
    root, _, named = url.rstrip("/").partition("/sandbox/")
    if named and not is_on_command_line("sandbox"):
        sandbox = named
    return root, sandbox, sandbox_url(root, sandbox)


def sandbox_url(root: str, sandbox: str) -> str:
    """Return the URL of a sandbox on the server at a URL."""
    return root if sandbox == "default" else f"{root}/sandbox/{sandbox}"


def complete_scenario(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a built-in scenario, or of a file."""
    from mock_clover.scenario.load import builtin_names

    names = [name for name in builtin_names() if name.startswith(incomplete)]
    # The file first: bash discards what precedes it. zsh discards an empty text.
    return [CompletionItem(incomplete or "./", type="file"), *map(CompletionItem, names)]


def complete_operation(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an operation."""
    from mock_clover.clover.surface import OPERATIONS

    return [CompletionItem(name) for name in OPERATIONS if name.startswith(incomplete)]


def complete_outcome(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an outcome."""
    from mock_clover.engine.overrides import outcomes

    return [CompletionItem(name) for name in outcomes() if name.startswith(incomplete)]


def examples(*lines: str) -> str:
    """Return a help epilog with usage examples."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def credentials_of(seed: str, sandbox: str) -> "Credentials":
    """Derive the credentials of a sandbox."""
    from mock_clover.sandbox.credentials import derive_credentials

    return derive_credentials(seed, sandbox)


def variables_of(base_url: str, credentials: "Credentials") -> dict[str, str]:
    """Return the environment variables that configure a client."""
    return {
        "CLOVER_BASE_URL": base_url,
        "CLOVER_MERCHANT_ID": credentials.merchant_id,
        "CLOVER_CLIENT_ID": credentials.client_id,
        "CLOVER_CLIENT_SECRET": credentials.client_secret,
        "CLOVER_ACCESS_TOKEN": credentials.access_token,
        "CLOVER_API_KEY": credentials.api_key,
    }


def as_shell(variables: dict[str, str]) -> list[str]:
    """Return `export` lines for a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


def echo(text: str, *, err: bool = False, end: str = "\n", has_commands: bool = False) -> None:
    """Print text. Control characters other than line breaks are escaped: servers send them too.

    So are commands to the runner of a GitHub workflow, which reads them from the output, unless the
    text `has_commands`. Call `printable` on values that must not contain line breaks.
    """
    if not has_commands:
        text = _WORKFLOW_COMMAND.sub(_escape_command, text)
    click.echo(f"{printable_lines(text)}{end}", nl=False, err=err)


def _escape_command(match: re.Match[str]) -> str:
    found = match[0]
    return f"{found[:-2]}\\u003a:" if found.endswith("::") else "##\\u005b"


def reads_server(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that explains unexpected responses: its URL may be that of any server."""

    @wraps(command)
    def run(**options: Any) -> None:
        try:
            command(**options)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            exit_with_error(
                f"a response is not that of mock-clover {__version__}, which expects another form "
                f"({error_location(error)}); check the URL and the version of the server"
            )

    return run


def print_table(
    rows: list[dict[str, Any]], *, as_json: bool, essential: Sequence[str] = ()
) -> None:
    """Print rows as an aligned table or as JSON.

    On a terminal, a table that is too wide has only its `essential` columns, with wrapped cells.
    """
    if as_json:
        echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    echo("\n".join(table_lines(rows, essential, width)))


def table_lines(
    rows: list[dict[str, Any]], essential: Sequence[str] = (), width: int | None = None
) -> list[str]:
    """Return the lines of a table with at most `width` columns; without a width, one line a row."""
    names = list(rows[0]) if rows else []
    cells = [{name: name.upper() for name in names}]
    cells += [{name: printable(str(row[name])) for name in names} for row in rows]
    widths = {name: max(len(row[name]) for row in cells) for name in names}
    room = sys.maxsize if width is None else width
    if essential and _table_width(widths) > room:
        widths = {name: widths[name] for name in essential}
    while _table_width(widths) > room and max(widths.values()) > _CELL_CHARS_MIN:
        widths[max(widths, key=lambda name: widths[name])] -= 1
    lines: list[str] = []
    for row in cells:
        wrapped = [textwrap.wrap(row[name], size) or [""] for name, size in widths.items()]
        for parts in itertools.zip_longest(*wrapped, fillvalue=""):
            padded = (part.ljust(size) for part, size in zip(parts, widths.values(), strict=True))
            lines.append("  ".join(padded).rstrip())
    return lines


def _table_width(widths: dict[str, int]) -> int:
    return sum(widths.values()) + 2 * (len(widths) - 1)


def open_standard_streams() -> None:
    """Open the null device in place of closed standard streams.

    Otherwise the first sockets get their numbers, on which uvloop aborts the process.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, null)


def print_if_read(text: str) -> None:
    """Print to stdout; if its reader is gone, discard this and all later output."""
    try:
        echo(text)
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def exit_with_error(message: str, code: int = 2) -> NoReturn:
    """Print an error to stderr and exit."""
    echo(f"mock-clover: {message}", err=True)
    sys.exit(code)
