"""The command line. Each command imports what it needs when it runs: `health` must be quick."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mock_clover import __version__

if TYPE_CHECKING:
    from mock_clover.sandbox.credentials import Credentials

DEFAULT_PORT = 4242
DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
DEFAULT_SEED = "mock-clover"
DEFAULT_CARD = "4242424242424242"

_WARM_AFTER_S = 0.3
"""The first answers come before the import that opens encrypted numbers."""

_PREFIX = "MOCK_CLOVER_"
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_seed = click.option(
    "--seed",
    default=DEFAULT_SEED,
    show_default=True,
    envvar=f"{_PREFIX}SEED",
    help="Credentials and ids follow from it.",
)
_sandbox = click.option(
    "--sandbox",
    default="default",
    show_default=True,
    envvar=f"{_PREFIX}SANDBOX",
    help="Name of the sandbox.",
)
_url = click.option(
    "--url",
    default=DEFAULT_URL,
    show_default=True,
    envvar=f"{_PREFIX}URL",
    help="Where the server is.",
)


def _examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


@click.group(context_settings=_CONTEXT, epilog=_examples("mock-clover serve", "mock-clover token"))
@click.version_option(__version__, prog_name="mock-clover")
def main() -> None:
    """Run the Clover payments sandbox on your own machine: stateful, deterministic, offline."""


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples(
        "mock-clover serve",
        "mock-clover serve --port 0 --port-file port.txt    # any free port, told in a file",
        "mock-clover serve --dialect documented --strict",
        "MOCK_CLOVER_PORT=5000 mock-clover serve",
    ),
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar=f"{_PREFIX}HOST",
    help="Address to listen on.",
)
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    envvar=f"{_PREFIX}PORT",
    type=click.IntRange(0, 65_535),
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--port-file",
    envvar=f"{_PREFIX}PORT_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port here once it is bound.",
)
@click.option(
    "--scenario",
    default="sandbox",
    show_default=True,
    envvar=f"{_PREFIX}SCENARIO",
    metavar="NAME|FILE",
    help="A shipped scenario, or a YAML file.",
)
@_seed
@click.option(
    "--dialect",
    envvar=f"{_PREFIX}DIALECT",
    type=click.Choice(["observed", "documented"]),
    help="Word errors as recorded on the wire (default) or as Clover's pages do.",
)
@click.option(
    "--strict/--no-strict",
    default=None,
    envvar=f"{_PREFIX}STRICT",
    help="Refuse what Clover's pages refuse, and what only this mock serves.",
)
@click.option(
    "--listed-cards-only/--any-card",
    default=None,
    envvar=f"{_PREFIX}LISTED_CARDS_ONLY",
    help="Refuse card numbers that the scenario does not list.",
)
@click.option(
    "--key-file",
    envvar=f"{_PREFIX}KEY_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the RSA key pair here; made when it is not there.",
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    envvar=f"{_PREFIX}LOG_FORMAT",
    type=click.Choice(["text", "json", "none"]),
    help="One line for each exchange, on stderr.",
)
def serve(
    *,
    host: str,
    port: int,
    port_file: Path | None,
    scenario: str,
    seed: str,
    dialect: str | None,
    strict: bool | None,
    listed_cards_only: bool | None,
    key_file: Path | None,
    log_format: Any,
) -> None:
    """Run the server until Ctrl-C or SIGTERM."""
    import gc

    gc.disable()  # nothing of start-up is garbage; serve.py sets the policy
    from mock_clover.server.prepare import Preparation

    preparation = Preparation(scenario, key_file)  # on another core, beside what follows
    from mock_clover.model.scenario import ScenarioError
    from mock_clover.sandbox.keys import KeyFileError, KeyRing
    from mock_clover.server.build import build
    from mock_clover.server.log import ExchangeLog
    from mock_clover.server.serve import BindError, bind, run, write_port_file

    _warn_of_unknown_settings()
    try:
        loaded = preparation.scenario()
        keys = KeyRing(fetch=preparation.key)
        if key_file is not None:
            keys.export()  # a bad file ends the start, not a request
        listener = bind(host, port)
    except (ScenarioError, KeyFileError, BindError) as error:
        _fail(str(error))
    switched = {
        name: value
        for name, value in (
            ("dialect", dialect),
            ("strict", strict),
            ("listed_cards_only", listed_cards_only),
        )
        if value is not None
    }
    log = ExchangeLog(None if log_format == "none" else sys.stderr, log_format)
    app = build(loaded, keys, seed=seed, log=log, switched=switched)
    bound = listener.getsockname()[1]

    def announce() -> None:
        if port_file is not None:
            write_port_file(port_file, bound)
        click.echo(_banner(host, bound, loaded.name, app.sandboxes.default.credentials))
        sys.stdout.flush()
        keys.warm(_WARM_AFTER_S)

    run(app, listener, announce)
    log.flush()


def _banner(host: str, port: int, scenario: str, known: "Credentials") -> str:
    from mock_clover.sandbox.keys import KEY_BITS

    shown_host = f"[{host}]" if ":" in host else host
    lines = [f"mock-clover {__version__} listening on http://{shown_host}:{port}"]
    if host not in ("127.0.0.1", "localhost", "::1"):
        lines.append("  open to the network: anybody who reaches this address can use it")
    lines.append(
        f"  scenario {scenario}, RSA {KEY_BITS}, not Clover: no money moves. Ctrl-C ends it."
    )
    near = "127.0.0.1" if host in ("0.0.0.0", "::") else shown_host  # noqa: S104 - compared only
    lines += [f"  {line}" for line in _shell(_variables(f"http://{near}:{port}", known))]
    return "\n".join(lines)


def _warn_of_unknown_settings() -> None:
    import difflib

    known = {str(option.envvar) for option in serve.params} | {f"{_PREFIX}URL", f"{_PREFIX}SANDBOX"}
    for name in os.environ:
        if name.startswith(_PREFIX) and name not in known and "TEST" not in name:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            click.echo(f"mock-clover: {name} is no setting of mine{hint}", err=True)


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples(
        'eval "$(mock-clover env)"',
        "mock-clover env --format dotenv > .env",
        "mock-clover env --sandbox checkout-7 --format json",
    ),
)
@_url
@_sandbox
@_seed
@click.option(
    "--format",
    "form",
    default="shell",
    show_default=True,
    type=click.Choice(["shell", "dotenv", "json"]),
    help="How to print them.",
)
def env(*, url: str, sandbox: str, seed: str, form: str) -> None:
    """Print the credentials of a sandbox; they follow from seed and name, no server is asked."""
    known = _credentials(seed, sandbox)
    base = url.rstrip("/")
    variables = _variables(base if sandbox == "default" else f"{base}/sandbox/{sandbox}", known)
    if form == "json":
        click.echo(json.dumps(variables, indent=2))
        return
    lines = _shell(variables) if form == "shell" else [f"{k}={v}" for k, v in variables.items()]
    click.echo("\n".join(lines))


def _credentials(seed: str, sandbox: str) -> "Credentials":
    from mock_clover.sandbox.credentials import derive

    return derive(seed, sandbox)


def _variables(base_url: str, known: "Credentials") -> dict[str, str]:
    return {
        "CLOVER_BASE_URL": base_url,
        "CLOVER_MERCHANT_ID": known.merchant_id,
        "CLOVER_CLIENT_ID": known.client_id,
        "CLOVER_CLIENT_SECRET": known.client_secret,
        "CLOVER_ACCESS_TOKEN": known.access_token,
        "CLOVER_API_KEY": known.api_key,
    }


def _shell(variables: dict[str, str]) -> list[str]:
    import shlex

    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples(
        "mock-clover token                       # 4242 4242 4242 4242, approves",
        "mock-clover token 4005571702222222      # declines",
        "mock-clover token --exp 01/20           # the token error for an expired card",
    ),
)
@click.argument("pan", default=DEFAULT_CARD)
@click.option("--exp", default="12/30", show_default=True, metavar="MM/YY", help="Expiry.")
@click.option("--cvv", default="123", show_default=True, help="CVV.")
@click.option("--plain", is_flag=True, help="Send the number as it is, not encrypted.")
@_url
@_sandbox
@_seed
def token(*, pan: str, exp: str, cvv: str, plain: bool, url: str, sandbox: str, seed: str) -> None:
    """Make a card token as a client does: fetch the keys, encrypt the number, post it."""
    from mock_clover.client import ClientError, make_token

    month, slash, year = exp.partition("/")
    if not slash:
        raise click.BadParameter("give it as MM/YY", param_hint="--exp")
    base = url.rstrip("/") + ("" if sandbox == "default" else f"/sandbox/{sandbox}")
    api_key = os.environ.get("CLOVER_API_KEY") or _credentials(seed, sandbox).api_key
    try:
        click.echo(make_token(base, api_key, pan, month, year, cvv, plain=plain))
    except ClientError as error:
        _fail(str(error), code=1)


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples("mock-clover health", "mock-clover health http://mock-clover:4242"),
)
@click.argument("url", required=False)
def health(*, url: str | None) -> None:
    """Say whether a server is ready: exit code 0 if it is, 1 if not. For containers."""
    from mock_clover.client import ClientError, get_json

    port = os.environ.get(f"{_PREFIX}PORT", str(DEFAULT_PORT))
    base = (url or f"http://127.0.0.1:{port}").rstrip("/")
    try:
        told = get_json(f"{base}/readyz", timeout_s=2)
    except ClientError as error:
        _fail(f"not ready: {error}", code=1)
    click.echo(f"{told.get('status')} ({told.get('scenario')}, {told.get('version')})")


@main.command(context_settings=_CONTEXT, epilog=_examples("mock-clover cards --json"))
@click.option(
    "--scenario", default="sandbox", show_default=True, metavar="NAME|FILE", help="Which."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def cards(*, scenario: str, as_json: bool) -> None:
    """List the test cards of a scenario, and how we know of each."""
    from mock_clover.model.scenario import ScenarioError
    from mock_clover.scenario.load import load

    try:
        loaded = load(scenario)
    except ScenarioError as error:
        _fail(str(error))
    rows = [
        {
            "number": card.number,
            "brand": card.brand or "",
            "outcome": card.outcome,
            "evidence": card.evidence,
            "source": card.source or "",
            "note": card.note or "",
        }
        for card in loaded.cards
    ]
    _table(rows, as_json=as_json)


@main.command(context_settings=_CONTEXT, epilog=_examples("mock-clover problems --json"))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def problems(*, as_json: bool) -> None:
    """List every refusal by situation: status, code, words, and how we know them."""
    from mock_clover.api.openapi import problem_rows

    _table(problem_rows(), as_json=as_json)


@main.command(context_settings=_CONTEXT, epilog=_examples("mock-clover routes --json"))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def routes(*, as_json: bool) -> None:
    """List every operation that is served, and how we know of it."""
    from mock_clover.api.openapi import route_rows

    rows = route_rows()
    if not as_json:
        rows = [{**row, "extension": "extension" if row["extension"] else ""} for row in rows]
    _table(rows, as_json=as_json)


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples("mock-clover check my.yaml", "mock-clover check scenarios/*.yaml"),
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check(*, files: tuple[str, ...]) -> None:
    """Check scenario files: exit code 0 if all can be used, 2 if not.

    A mistake is told as FILE:LINE:COLUMN, with what was meant. A warning is no mistake.
    """
    from mock_clover.model.scenario import ScenarioError
    from mock_clover.scenario.load import check as check_scenario

    wrong = False
    for file in files:
        try:
            scenario, warnings = check_scenario(file, _operations())
        except ScenarioError as error:
            wrong = True
            click.echo(str(error), err=True)
            continue
        for warning in warnings:
            click.echo(warning, err=True)
        parts = [_count(scenario.cards, "card"), _count(scenario.rules, "rule")]
        parts += [_count(scenario.faults, "fault")] if scenario.faults else []
        click.echo(f"{file}: ok, {', '.join(parts)}")
    if wrong:
        sys.exit(2)


def _count(things: tuple[Any, ...], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _operations() -> list[str]:
    """Return the operation names that rules and faults may have."""
    from mock_clover.api.surface import SURFACE

    return [endpoint.name for endpoint in SURFACE]


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples("mock-clover scenarios --json", "mock-clover serve --scenario declines"),
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def scenarios(*, as_json: bool) -> None:
    """List the scenarios that come with mock-clover."""
    from mock_clover.scenario.load import load, shipped_names

    rows = [{"name": name, "about": load(name).about} for name in shipped_names()]
    _table(rows, as_json=as_json)


@main.command(
    context_settings=_CONTEXT,
    epilog=_examples("mock-clover schema scenario > scenario.schema.json"),
)
@click.argument("what", type=click.Choice(["scenario"]))
def schema(*, what: str) -> None:
    """Print the JSON Schema of a kind of file, for editors.

    Name it in a file's first line: # yaml-language-server: $schema=scenario.schema.json
    """
    import msgspec

    from mock_clover.model.problem import BY_NAME
    from mock_clover.model.scenario import DECLINE_CODES, Scenario

    made = msgspec.json.schema(Scenario)
    records = {name: each["properties"] for name, each in made["$defs"].items()}
    for member, names in (
        (records["Condition"]["endpoint"], _operations()),
        (records["Fault"]["endpoint"], _operations()),
        (records["Consequence"]["problem"], list(BY_NAME)),
        (records["Fault"]["problem"], list(BY_NAME)),
    ):
        next(option for option in member["anyOf"] if "type" in option)["enum"] = names
    for record in ("DeclineAs", "TestCard"):
        records[record]["decline_code"]["examples"] = list(DECLINE_CODES)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A {what} of mock-clover",
        "description": "How a sandbox behaves, as data: settings, cards, rules and faults.",
        **made,
    }
    click.echo(json.dumps(whole, indent=2, ensure_ascii=False))


def _table(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    names = list(rows[0]) if rows else []
    widths = {name: max(len(name), *(len(str(row[name])) for row in rows)) for name in names}
    for row in [{name: name.upper() for name in names}, *rows]:
        click.echo("  ".join(str(row[name]).ljust(widths[name]) for name in names).rstrip())


def _fail(message: str, code: int = 2) -> NoReturn:
    click.echo(f"mock-clover: {message}", err=True)
    sys.exit(code)
