"""`mock-clover serve`: run the server."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mock_clover.cli.banner import banner
from mock_clover.cli.base import (
    CONTEXT,
    DEFAULT_PORT,
    PREFIX,
    NonEmptyOptionsCommand,
    examples,
    exit_with_error,
    open_standard_streams,
    print_if_read,
    scenario_option,
    seed_option,
)
from mock_clover.cli.control_token import read_token_file, resolve_token
from mock_clover.cli.port_file import PortFile
from mock_clover.cli.strictness import NOT_STRICT, Strictness
from mock_clover.cli.tls import HttpsListener, TlsOptions, tls_options
from mock_clover.core.suggestions import did_you_mean

if TYPE_CHECKING:
    from mock_clover.sandbox.sandboxes import Sandboxes
    from mock_clover.scenario.records import Scenario
    from mock_clover.server.app.app import App
    from mock_clover.server.log import ExchangeLog

_PROGRESS_ROWS_MIN = 500
"""Minimum number of fixture rows for which a progress bar is shown."""


@click.command(
    cls=NonEmptyOptionsCommand,
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover serve",
        "mock-clover serve --port 0 --port-file port.txt    # writes a free port",
        "mock-clover serve --dialect documented --strict",
        "mock-clover serve --strict evidence",
        "MOCK_CLOVER_PORT=5000 mock-clover serve",
        "mock-clover serve --tls --tls-port 443     # for hard-coded Clover URLs",
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
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--port-file",
    envvar=f"{PREFIX}PORT_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port to this file when the server listens; deleted at startup and on exit.",
)
@scenario_option(
    "Name of a built-in scenario, or a YAML file.",
    default="sandbox",
    show_default=True,
    envvar=f"{PREFIX}SCENARIO",
)
@seed_option
@click.option(
    "--dialect",
    envvar=f"{PREFIX}DIALECT",
    type=click.Choice(["observed", "documented"]),
    help="Error format: as recorded from Clover (default) or as in Clover's documentation.",
)
@click.option(
    "--strict",
    is_flag=False,
    flag_value="docs",
    default=None,
    envvar=f"{PREFIX}STRICT",
    type=Strictness(),
    metavar="[docs|evidence|all]",
    help="docs (or no value): reject requests that are invalid according to Clover's "
    "documentation, and endpoints that Clover does not have. evidence: reject requests that depend "
    "on inferred behaviour. all: both.",
)
@click.option(
    "--no-strict", is_flag=True, help="Disable both strict modes, overriding the scenario."
)
@click.option(
    "--listed-cards-only/--any-card",
    default=None,
    envvar=f"{PREFIX}LISTED_CARDS_ONLY",
    help="Reject card numbers that the scenario does not list.",
)
@click.option(
    "--checkout-redirects",
    envvar=f"{PREFIX}CHECKOUT_REDIRECTS",
    type=click.Choice(["https", "any"]),
    help="Redirect URLs of the hosted checkout: https and not localhost (default), or any.",
)
@click.option(
    "--corp",
    envvar=f"{PREFIX}CORP",
    type=click.Choice(["cross-origin"]),
    help="Let pages with Cross-Origin-Embedder-Policy: require-corp load the browser SDK.",
)
@click.option(
    "--key-file",
    envvar=f"{PREFIX}KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the RSA key pair; created if missing. The pair for production has "
    "its own file, with the suffix .prod, created when a client fetches the keys.",
)
@click.option(
    "--replica",
    is_flag=True,
    envvar=f"{PREFIX}REPLICA",
    help="This server is one of several behind a proxy that selects by the name in the path: "
    "reject requests without one. Needs a --key-file that all replicas share.",
)
@click.option(
    "--watch",
    is_flag=True,
    envvar=f"{PREFIX}WATCH",
    help="Reload the scenario when its file changes; an invalid file changes nothing.",
)
@click.option(
    "--control/--no-control",
    default=True,
    envvar=f"{PREFIX}CONTROL",
    help="Serve the control API under /_mock (default), or disable it.",
)
@click.option(
    "--control-token",
    envvar=f"{PREFIX}CONTROL_TOKEN",
    help="Require this token in the x-mock-clover-control header of control requests.",
)
@click.option(
    "--control-token-file",
    "token_from_file",
    envvar=f"{PREFIX}CONTROL_TOKEN_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=read_token_file,
    help="Read the control token from this file, so that no list of processes shows it.",
)
@click.option(
    "--control-host",
    "control_hosts",
    multiple=True,
    envvar=f"{PREFIX}CONTROL_HOST",
    help="Also allow this Host header in control requests (can be repeated). IP addresses and "
    "local names are always allowed.",
)
@click.option(
    "--webhook-host",
    "webhook_hosts",
    multiple=True,
    envvar=f"{PREFIX}WEBHOOK_HOST",
    help="Allow webhooks to this host outside loopback and private networks (can be repeated).",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    envvar=f"{PREFIX}LOG_FORMAT",
    type=click.Choice(["text", "json", "none"]),
    help="Format of the log on stderr; `none` writes nothing, also no banner on stdout.",
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
    checkout_redirects: str | None,
    corp: str | None,
    key_file: Path | None,
    replica: bool,
    watch: bool,
    control: bool,
    control_token: str | None,
    token_from_file: str | None,
    control_hosts: tuple[str, ...],
    webhook_hosts: tuple[str, ...],
    log_format: Any,
    tls: TlsOptions | None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    open_standard_streams()
    http_port_file, https_port_file = _port_files(port_file, tls.port_file if tls else None, host)
    _check_shared_keys(key_file, replica=replica)
    import gc

    gc.disable()  # startup creates no garbage; server/serve.py sets the policy
    from mock_clover.server.startup import StartupWorker

    worker = StartupWorker(scenario, key_file)  # runs in parallel with the imports below
    from mock_clover.sandbox.keys import KeyFileError, KeyRing
    from mock_clover.scenario.records import ScenarioError
    from mock_clover.server.app.control_guard import ControlGuard
    from mock_clover.server.build import build
    from mock_clover.server.serve import BindError, bind, bind_ipv6_loopback, run

    log = _open_log(log_format)
    _warn_about_unknown_variables(log.write_message)
    try:
        loaded = worker.scenario()
        keys = KeyRing(key_file, fetch=worker.key)
        if key_file is not None:
            keys.export()  # fail at startup, not at the first request
        if replica:
            keys.production.export()
        listener = bind(host, port)
        other = bind_ipv6_loopback(host, listener, log.write_message)
        https = tls.listen(host, log.write_message) if tls else None
    except (ScenarioError, KeyFileError, BindError) as error:
        exit_with_error(str(error))
    overrides = _overrides(
        dialect=dialect,
        listed_cards_only=listed_cards_only,
        checkout=checkout_redirects and {"redirects": checkout_redirects},
        corp=corp,
    ) | (NOT_STRICT if no_strict else strict or {})
    token = resolve_token(control_token, token_from_file, log.write_message)
    control_guard = ControlGuard(enabled=control, token=token, hosts=control_hosts)
    try:
        with _progress(loaded, is_shown=log_format == "text") as report_progress:
            app = build(
                *(loaded, keys),
                seed=seed,
                log=log,
                setting_overrides=overrides,
                control_guard=control_guard,
                webhook_hosts=webhook_hosts,
                on_progress=report_progress,
            )
    except ScenarioError as error:
        exit_with_error(f"{scenario}: {error}")
    app.sandboxes.scenario_file = scenario
    app.sandboxes.ca_certificate = https.pem if https else ""
    app.sandboxes.is_replica = replica
    periodic, tasks = background_jobs(app, https, scenario if watch else None)
    address, bound_port = listener.getsockname()[:2]

    def announce() -> None:
        # Before the banner, the HTTP file last: a script that finds it can rely on the HTTPS file.
        if https:
            https_port_file.write(https.port)
        http_port_file.write(bound_port)
        credentials = None if replica else app.sandboxes.default.credentials
        at = (host, address, bound_port)
        if log_format == "none":
            return
        print_if_read(banner(*at, https, loaded.name, credentials, dashboard=control))

    run(app, [listener, *other], announce, periodic, tasks, https.tls if https else None)
    log.flush()


def background_jobs(
    app: "App", https: HttpsListener | None, watched_scenario: str | None
) -> tuple[dict[str, Callable[[], object]], dict[str, Callable[[], Any]]]:
    """Return the jobs of a server: those that run once a second, and those that run until the end.

    The log shows an error in one under its name.
    """
    from mock_clover.server.housekeeping import background_tasks, periodic_tasks

    periodic, tasks = periodic_tasks(app), background_tasks(app)
    if https:
        renew = functools.partial(https.tls.renew, app.log.write_message)
        periodic["renewing the certificate"] = renew
    if watched_scenario is not None:
        watch = _watcher(watched_scenario, app.sandboxes, app.log)
        tasks["watching the scenario file"] = watch
    return periodic, tasks


def _overrides(**options: Any) -> dict[str, Any]:
    """Return the settings that options set."""
    return {name: value for name, value in options.items() if value is not None}


def _port_files(http: Path | None, https: Path | None, host: str) -> tuple[PortFile, PortFile]:
    if http and https and http.resolve() == https.resolve():
        exit_with_error(f"--tls-port-file {https}: must be a different file than --port-file")
    return PortFile("--port-file", http, host), PortFile("--tls-port-file", https, host)


def _check_shared_keys(key_file: Path | None, *, replica: bool) -> None:
    """Exit unless a replica has both key files: one that it creates would not be shared."""
    if not replica:
        return
    from mock_clover.sandbox.keys import PRODUCTION_SUFFIX

    if key_file is None:
        exit_with_error("--replica needs --key-file FILE, the same file for all replicas")
    for file in (key_file, key_file.with_name(key_file.name + PRODUCTION_SUFFIX)):
        if not file.exists():
            exit_with_error(
                f"--replica: {file} does not exist; create it once for all replicas, for example "
                f"with `openssl genrsa -out {file} 2048`"
            )


def _open_log(log_format: Any) -> "ExchangeLog":
    """Return the log, which gets everything that this process writes to stderr from now on."""
    from mock_clover.server.log import ExchangeLog
    from mock_clover.server.log_capture import capture_output

    log = ExchangeLog(None if log_format == "none" else sys.stderr, log_format)
    capture_output(log)
    return log


def _watcher(scenario: str, sandboxes: "Sandboxes", log: "ExchangeLog") -> Any:
    from mock_clover.scenario.load import resolve_scenario_path
    from mock_clover.server.watch import Watch

    return Watch(resolve_scenario_path(scenario), sandboxes, log).run


@contextlib.contextmanager
def _progress(scenario: "Scenario", *, is_shown: bool) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while many fixture rows are created."""
    fixtures = [scenario.data, *(merchant.data for merchant in scenario.merchants)]
    count = sum(fixture.count for fixture in fixtures if fixture is not None)
    if count < _PROGRESS_ROWS_MIN or not is_shown:
        yield lambda _: None
        return
    label = f"creating {count:,} rows of scenario {scenario.name}"
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:
        yield bar.update


def _warn_about_unknown_variables(warn: Callable[[str], None]) -> None:
    known = {str(option.envvar) for option in serve.params} | {f"{PREFIX}URL", f"{PREFIX}SANDBOX"}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known and "TEST" not in name:
            hint = did_you_mean(name, known)
            warn(f"unknown environment variable {name}{hint}")
