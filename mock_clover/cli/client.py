"""Client commands: credentials, card token, health check and journal."""

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from mock_clover.cli.base import (
    CONTEXT,
    DEFAULT_URL,
    PREFIX,
    as_shell,
    check_url,
    client_url_option,
    complete_operation,
    control_headers,
    control_token_option,
    credentials_of,
    echo,
    examples,
    exit_with_error,
    format_option,
    is_on_command_line,
    reads_server,
    sandbox_address,
    sandbox_option,
    sandbox_url,
    scenario_option,
    seed_option,
    url_option,
    variables_of,
)
from mock_clover.core.printable import printable

if TYPE_CHECKING:
    from mock_clover.sandbox.credentials import Credentials

DEFAULT_CARD = "4242424242424242"


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        'eval "$(mock-clover env)"',
        "mock-clover env --format dotenv > .env",
        "mock-clover env --sandbox checkout-7 --format json",
        "mock-clover env --scenario market.yaml --merchant bakery",
    ),
)
@url_option
@sandbox_option
@seed_option
@scenario_option(
    "Scenario of the server; needed only if its merchants define their own credentials."
)
@click.option("--merchant", metavar="NAME", help="Merchant of the scenario; default: the first.")
@format_option(("shell", "dotenv", "json"))
def env(
    *,
    url: str,
    sandbox: str,
    seed: str,
    scenario: str | None,
    merchant: str | None,
    output_format: str,
) -> None:
    """Print the credentials of a sandbox.

    No server is needed: they are derived from --seed and --sandbox.
    """
    credentials = credentials_of(seed, sandbox)
    if scenario is not None:
        credentials = _merchant_credentials(scenario, merchant, seed, sandbox)
    elif merchant is not None:
        raise click.BadParameter("requires --scenario", param_hint="--merchant")
    base = url.rstrip("/")
    variables = variables_of(sandbox_url(base, sandbox), credentials)
    if output_format == "json":
        echo(json.dumps(variables, indent=2))
        return
    lines = (
        as_shell(variables)
        if output_format == "shell"
        else [f"{k}={v}" for k, v in variables.items()]
    )
    echo("\n".join(lines))


def _merchant_credentials(
    scenario: str, merchant: str | None, seed: str, sandbox: str
) -> "Credentials":
    """Return the credentials of a scenario's merchant."""
    from mock_clover.sandbox.merchants import scenario_credentials
    from mock_clover.scenario.load import load
    from mock_clover.scenario.records import ScenarioError

    try:
        loaded = load(scenario)
        return scenario_credentials(loaded, seed, sandbox, merchant)
    except ScenarioError as error:
        exit_with_error(str(error))


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover token                       # 4242 4242 4242 4242, approved",
        "mock-clover token 4005571702222222      # declined when charged",
        "mock-clover token --exp 01/20           # fails: the card has expired",
    ),
)
@click.argument("pan", default=DEFAULT_CARD)
@click.option(
    "--exp",
    metavar="MM/YY",
    help="Expiry date; default: in four years, by the sandbox's clock.",
)
@click.option("--cvv", default="123", show_default=True, help="CVV.")
@click.option("--plain", is_flag=True, help="Send the card number unencrypted.")
@client_url_option
@sandbox_option
@seed_option
@reads_server
def token(
    *, pan: str, exp: str | None, cvv: str, plain: bool, url: str, sandbox: str, seed: str
) -> None:
    """Create a card token like a client.

    It fetches the public key, encrypts the card number and sends the request. The API key is that
    of CLOVER_API_KEY, unless --sandbox, --seed or a --url with a sandbox is given.
    """
    from mock_clover.client import ClientError, create_token

    is_explicit = any(map(is_on_command_line, ("sandbox", "seed"))) or (
        is_on_command_line("url") and "/sandbox/" in url
    )
    _, sandbox, base = sandbox_address(url, sandbox)
    month, slash, year = (exp or _default_expiry(base)).partition("/")
    if not slash:
        raise click.BadParameter("must be in the format MM/YY", param_hint="--exp")
    api_key = "" if is_explicit else os.environ.get("CLOVER_API_KEY", "")
    api_key = api_key or credentials_of(seed, sandbox).api_key
    try:
        echo(printable(create_token(base, api_key, pan, month, year, cvv, plain=plain)))
    except ClientError as error:
        exit_with_error(str(error), code=1)


def _default_expiry(base: str) -> str:
    """Return an expiry date by the sandbox's clock, or by this machine's if that is not served."""
    from mock_clover.client import ClientError, get_json
    from mock_clover.core.card_expiry import default_expiry
    from mock_clover.sandbox.clock import machine_ms

    control_token = os.environ.get(f"{PREFIX}CONTROL_TOKEN")
    headers = control_headers(control_token)
    try:
        now_ms = int(get_json(f"{base}/_mock/clock", headers=headers)["now_ms"])
    except (ClientError, KeyError):
        now_ms = machine_ms()
    return default_expiry(now_ms)


@click.command(
    context_settings=CONTEXT,
    epilog=examples("mock-clover health", "mock-clover health http://mock-clover:4242"),
)
@click.argument("url", callback=check_url, required=False)
@reads_server
def health(*, url: str | None) -> None:
    """Check whether a server is ready.

    The exit code is 0 if it is ready, 1 if not; use it as the health check of a container. Without
    URL, MOCK_CLOVER_URL, MOCK_CLOVER_PORT and CLOVER_BASE_URL are read, in this order.
    """
    from mock_clover.client import ClientError, get_json

    url = url or os.environ.get(f"{PREFIX}URL")
    if not url and (port := os.environ.get(f"{PREFIX}PORT")):
        url = f"http://127.0.0.1:{port}"
    url = url or os.environ.get("CLOVER_BASE_URL") or DEFAULT_URL
    check_url(None, None, url)
    base = url.partition("/sandbox/")[0].rstrip("/")
    try:
        status = get_json(f"{base}/readyz", timeout_s=2)
    except ClientError as error:
        exit_with_error(f"not ready: {error}", code=1)
    echo(printable(f"{status.get('status')} ({status.get('scenario')}, {status.get('version')})"))


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover journal",
        "mock-clover journal --follow",
        "mock-clover journal --endpoint create_charge",
        "mock-clover journal --sandbox checkout-7 --json",
        "mock-clover journal --unserved       # requests without an operation",
    ),
)
@client_url_option
@sandbox_option
@click.option(
    "--endpoint", metavar="NAME", shell_complete=complete_operation, help="Only this operation."
)
@click.option("--follow", "-f", is_flag=True, help="Keep printing new entries.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per entry.")
@click.option(
    "--unserved", is_flag=True, help="Count requests for which there is no operation, by path."
)
@control_token_option
@reads_server
def journal(
    *,
    url: str,
    sandbox: str,
    endpoint: str | None,
    follow: bool,
    as_json: bool,
    unserved: bool,
    control_token: str | None,
) -> None:
    """Print the journal of a sandbox, oldest first.

    Card numbers are masked.
    """
    if follow and (unserved or endpoint):
        hint = "--unserved" if unserved else "--endpoint"
        raise click.BadParameter("cannot be combined with --follow", param_hint=hint)
    from mock_clover.client import ClientError, get_json, stream_events

    root, sandbox, base = sandbox_address(url, sandbox)
    headers = control_headers(control_token)
    last = 0
    try:
        if not follow:  # a sandbox that does not exist yet can be followed
            get_json(f"{root}/_mock/sandboxes/{sandbox}", headers=headers)
        if unserved:
            path = "/_mock/journal?limit=1000&unserved=true"
            _print_unserved(get_json(f"{base}{path}", headers=headers)["data"], as_json=as_json)
            return
        filters = urlencode({"limit": 1000} | ({"endpoint": endpoint} if endpoint else {}))
        for exchange in get_json(f"{base}/_mock/journal?{filters}", headers=headers)["data"]:
            _print_exchange(exchange, as_json=as_json)
            last = exchange["id"]
        if follow:
            for exchange in stream_events(f"{base}/_mock/journal", last, headers):
                _print_exchange(exchange, as_json=as_json)
    except ClientError as error:
        exit_with_error(str(error), code=1)
    except KeyboardInterrupt:
        return


def _print_exchange(exchange: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps(exchange, ensure_ascii=False))
        return
    result = "lost" if exchange["outcome"] == "lost" else exchange["status"]
    line = "{id:>5}  {method} {path} {result}  {why}"
    echo(printable(line.format_map(exchange | {"result": result})))
    for name in ("fault", "idempotency", "ignored"):
        if exchange.get(name):
            echo(printable(f"       {name}: {exchange[name]}"))


def _print_unserved(exchanges: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print the requests that no operation serves, most frequent first."""
    newest = {(each["method"], each["path"]): each["why"] for each in exchanges}
    counts = Counter((each["method"], each["path"]) for each in exchanges)
    for (method, path), count in counts.most_common():
        row = {"count": count, "method": method, "path": path, "why": newest[method, path]}
        if as_json:
            echo(json.dumps(row, ensure_ascii=False))
        else:
            echo(printable("{count:>5}  {method} {path}  {why}".format_map(row)))
