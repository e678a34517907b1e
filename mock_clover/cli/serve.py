"""`mock-clover serve`."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_clover import __version__
from mock_clover.cli.base import (
    CONTEXT,
    DEFAULT_PORT,
    PREFIX,
    FilledCommand,
    as_shell,
    examples,
    fail,
    seed_option,
    variables_of,
)
from mock_clover.cli.port_file import PortFile
from mock_clover.cli.strictness import LENIENT, Strictness
from mock_clover.cli.tls import Asked, Listening, tls_options

if TYPE_CHECKING:
    from mock_clover.sandbox.credentials import Credentials
    from mock_clover.sandbox.sandboxes import Sandboxes
    from mock_clover.scenario.records import Scenario

_LONG_STOCK = 500
"""Rows that take longer than a blink to make."""


@click.command(
    cls=FilledCommand,
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover serve",
        "mock-clover serve --port 0 --port-file port.txt    # any free port, told in a file",
        "mock-clover serve --dialect documented --strict",
        "mock-clover serve --strict evidence",
        "MOCK_CLOVER_PORT=5000 mock-clover serve",
        "mock-clover serve --tls --tls-port 443     # for clients with Clover's own addresses",
    ),
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar=f"{PREFIX}HOST",
    help="Address to listen on.",
)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    envvar=f"{PREFIX}PORT",
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--port-file",
    envvar=f"{PREFIX}PORT_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port here once it is bound; removed at the start and at the end.",
)
@click.option(
    "--scenario",
    default="sandbox",
    show_default=True,
    envvar=f"{PREFIX}SCENARIO",
    metavar="NAME|FILE",
    help="A shipped scenario, or a YAML file.",
)
@seed_option
@click.option(
    "--dialect",
    envvar=f"{PREFIX}DIALECT",
    type=click.Choice(["observed", "documented"]),
    help="Word errors as recorded on the wire (default) or as Clover's pages do.",
)
@click.option(
    "--strict",
    is_flag=False,
    flag_value="pages",
    default=None,
    envvar=f"{PREFIX}STRICT",
    type=Strictness(),
    metavar="[pages|evidence|all]",
    help="Refuse what Clover's pages refuse and what only this mock serves; with `evidence`, what "
    "would lean on inferred behaviour; with `all`, both.",
)
@click.option("--no-strict", is_flag=True, help="Refuse neither, whatever the scenario says.")
@click.option(
    "--listed-cards-only/--any-card",
    default=None,
    envvar=f"{PREFIX}LISTED_CARDS_ONLY",
    help="Refuse card numbers that the scenario does not list.",
)
@click.option(
    "--key-file",
    envvar=f"{PREFIX}KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the RSA key pair here; made when it is not there.",
)
@click.option(
    "--watch",
    is_flag=True,
    envvar=f"{PREFIX}WATCH",
    help="Reload the scenario when its file is saved; a wrong file changes nothing.",
)
@click.option(
    "--control/--no-control",
    default=True,
    envvar=f"{PREFIX}CONTROL",
    help="Serve the control calls under /_mock (default), or not.",
)
@click.option(
    "--control-token",
    envvar=f"{PREFIX}CONTROL_TOKEN",
    help="Control calls must carry it in x-mock-clover-control.",
)
@click.option(
    "--control-host",
    "control_hosts",
    multiple=True,
    envvar=f"{PREFIX}CONTROL_HOST",
    help="A further host name by which control calls may come; addresses and local names may.",
)
@click.option(
    "--webhook-host",
    "webhook_hosts",
    multiple=True,
    envvar=f"{PREFIX}WEBHOOK_HOST",
    help="A host outside of loopback and private networks to which webhooks may go.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    envvar=f"{PREFIX}LOG_FORMAT",
    type=click.Choice(["text", "json", "none"]),
    help="One line for each exchange, on stderr.",
)
@tls_options
def serve(
    *,
    host: str,
    port: int,
    port_file: Path | None,
    scenario: str,
    seed: str,
    dialect: str | None,
    strict: dict[str, bool] | None,
    no_strict: bool,
    listed_cards_only: bool | None,
    key_file: Path | None,
    watch: bool,
    control: bool,
    control_token: str | None,
    control_hosts: tuple[str, ...],
    webhook_hosts: tuple[str, ...],
    log_format: Any,
    tls: Asked | None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    http_port_file = PortFile("--port-file", port_file)
    https_port_file = PortFile("--tls-port-file", tls.port_file if tls else None)
    import gc

    gc.disable()  # nothing of start-up is garbage; serve.py sets the policy
    from mock_clover.server.startup import StartupWorker

    preparation = StartupWorker(scenario, key_file)  # on another core, beside what follows
    from mock_clover.sandbox.keys import KeyFileError, KeyRing
    from mock_clover.scenario.records import ScenarioError
    from mock_clover.server.build import build
    from mock_clover.server.control_guard import ControlGuard
    from mock_clover.server.housekeeping import IdleSandboxReaper, SchedulerTicker
    from mock_clover.server.log import ExchangeLog
    from mock_clover.server.preload import BackgroundImports
    from mock_clover.server.serve import BindError, bind, run

    _warn_of_unknown_settings()
    try:
        loaded = preparation.scenario()
        keys = KeyRing(fetch=preparation.key)
        if key_file is not None:
            keys.export()  # a bad file ends the start, not a request
        listener = bind(host, port)
        secure = tls.listen(host) if tls else None
    except (ScenarioError, KeyFileError, BindError) as error:
        fail(str(error))
    switched = {
        name: value
        for name, value in (("dialect", dialect), ("listed_cards_only", listed_cards_only))
        if value is not None
    } | (LENIENT if no_strict else strict or {})
    log = ExchangeLog(None if log_format == "none" else sys.stderr, log_format)
    gate = ControlGuard(is_open=control, token=control_token, hosts=control_hosts)
    try:
        with _progress(loaded) as told:
            app = build(
                *(loaded, keys),
                seed=seed,
                log=log,
                switched=switched,
                gate=gate,
                webhook_hosts=webhook_hosts,
                told=told,
            )
    except ScenarioError as error:
        fail(f"{scenario}: {error}")
    app.sandboxes.scenario_file = scenario
    app.sandboxes.authority = secure.pem if secure else ""
    chores = (IdleSandboxReaper(app.sandboxes, log).sweep, SchedulerTicker(app.sandboxes).tick)
    tasks = _watchers(scenario, app.sandboxes) if watch else ()
    bound = listener.getsockname()[1]

    def announce() -> None:
        # Before the banner, and that of HTTP last: whoever reads it finds the other.
        if secure:
            https_port_file.write(secure.port)
        http_port_file.write(bound)
        known = app.sandboxes.default.credentials
        click.echo(_banner(host, bound, secure, loaded.name, known, watched=control))
        sys.stdout.flush()
        warmth.begin()

    warmth = BackgroundImports(keys)
    run(app, listener, announce, chores, tasks, secure.tls if secure else None)
    log.flush()
    warmth.end()


def _watchers(scenario: str, sandboxes: "Sandboxes") -> tuple[Callable[[], Any], ...]:
    from mock_clover.scenario.load import file_of
    from mock_clover.server.watch import Watch

    return (Watch(file_of(scenario), sandboxes).run,)


@contextlib.contextmanager
def _progress(scenario: "Scenario") -> Iterator[Callable[[int], None]]:
    """Show how far the making of a scenario's data has come, where it takes long."""
    stocks = [scenario.data, *(merchant.data for merchant in scenario.merchants)]
    count = sum(stock.count for stock in stocks if stock is not None)
    if count < _LONG_STOCK:
        yield lambda _: None
        return
    label = f"making {count:,} rows of scenario {scenario.name}"
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:
        yield bar.update


def _banner(
    host: str,
    port: int,
    secure: Listening | None,
    scenario: str,
    known: "Credentials",
    *,
    watched: bool,
) -> str:
    from mock_clover.sandbox.keys import KEY_BITS

    shown_host = f"[{host}]" if ":" in host else host
    lines = [f"mock-clover {__version__} listening on http://{shown_host}:{port}"]
    if secure:
        lines[0] += f" and https://{shown_host}:{secure.port}"
    if host not in ("127.0.0.1", "localhost", "::1"):
        lines.append("  open to the network: anybody who reaches this address can use it")
    lines.append(
        f"  scenario {scenario}, RSA {KEY_BITS}, not Clover: no money moves. Ctrl-C ends it."
    )
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else shown_host  # noqa: S104 - compared only
    lines += [f"  {hint}" for hint in (secure.hints() if secure else ())]
    if watched:
        lines.append(f"  Watch it at http://{near}:{port}/_mock/")
    lines += [f"  {line}" for line in as_shell(variables_of(f"http://{near}:{port}", known))]
    return "\n".join(lines)


def _warn_of_unknown_settings() -> None:
    import difflib

    known = {str(option.envvar) for option in serve.params} | {f"{PREFIX}URL", f"{PREFIX}SANDBOX"}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known and "TEST" not in name:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            click.echo(f"mock-clover: {name} is no setting of mine{hint}", err=True)
