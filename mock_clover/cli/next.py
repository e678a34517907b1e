"""The command that arms an outcome or a fault for the next payments."""

import json
from typing import Any

import click

from mock_clover.cli.base import (
    CONTEXT,
    client_url_option,
    complete_operation,
    complete_outcome,
    control_headers,
    control_token_option,
    echo,
    examples,
    exit_with_error,
    reads_server,
    sandbox_address,
    sandbox_option,
)
from mock_clover.core.printable import printable


@click.command(
    "next",
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover next card_declined/insufficient_funds",
        'mock-clover next --fault "drop after_commit"   # the reply is lost',
        "mock-clover next approve/500                   # approves only 5.00",
        "mock-clover next SERVICE_UNAVAILABLE --endpoint create_refund --times 2",
        "mock-clover next --list",
        "mock-clover next --clear",
    ),
)
@click.argument("outcome", required=False, shell_complete=complete_outcome)
@click.option("--fault", metavar="TEXT", help="A fault, as in the header x-mock-clover-fault.")
@click.option(
    "--endpoint",
    metavar="NAME",
    shell_complete=complete_operation,
    help="Operation; default: the next charge, order payment or capture.",
)
@click.option("--times", metavar="N", type=int, help="How many payments it applies to; default: 1.")
@click.option("--list", "as_list", is_flag=True, help="Print what is armed.")
@click.option("--clear", is_flag=True, help="Disarm everything.")
@client_url_option
@sandbox_option
@control_token_option
@reads_server
def next_outcome(
    *,
    outcome: str | None,
    fault: str | None,
    endpoint: str | None,
    times: int | None,
    as_list: bool,
    clear: bool,
    url: str,
    sandbox: str,
    control_token: str | None,
) -> None:
    """Set the outcome of the next payment.

    It is a decline, an error, a fault or a 3-D Secure flow.
    """
    given = (outcome, fault, as_list or None, clear or None)
    if sum(each is not None for each in given) != 1:
        raise click.UsageError("exactly one of OUTCOME, --fault, --list and --clear is required")
    if (as_list or clear) and (endpoint, times) != (None, None):
        raise click.UsageError("--endpoint and --times require OUTCOME or --fault")
    _, _, base = sandbox_address(url, sandbox)
    headers = control_headers(control_token)
    if as_list:
        for armed in _send("GET", base, headers)["data"]:
            _print(armed)
    elif clear:
        echo(f"disarmed {_send('DELETE', base, headers)['cleared']}")
    else:
        body = {"outcome": outcome, "fault": fault, "endpoint": endpoint, "times": times}
        wanted = {name: value for name, value in body.items() if value is not None}
        _print(_send("POST", base, headers, wanted))


def _print(armed: dict[str, Any]) -> None:
    what = armed.get("outcome") or armed.get("fault")
    where = armed.get("endpoint") or "the next charge, order payment or capture"
    times = f", {armed['left']} times" if armed["left"] > 1 else ""
    echo(printable(f"{armed['id']}  {what}  ({where}{times})"))


def _send(
    method: str, base: str, headers: dict[str, str], body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Send a control request; exit with the server's message if it is rejected."""
    from mock_clover.client import ClientError, parse_json, send_request

    data = None if body is None else json.dumps(body).encode()
    try:
        response = send_request(method, f"{base}/_mock/next", headers, data, timeout_s=10)
        answer = parse_json(response.body)
    except ClientError as error:
        exit_with_error(
            f"no response from {base}: {error}; start the server with `mock-clover serve`, "
            "or set --url",
            code=1,
        )
    except ValueError:
        exit_with_error(f"{base}: the response is not JSON; set --url to a mock-clover", code=1)
    if response.status != 200 or not isinstance(answer, dict):
        message = answer.get("message") if isinstance(answer, dict) else None
        exit_with_error(printable(str(message or f"the server returned {response.status}")), code=1)
    return answer
