"""`mock-clover conformance`: compare a server with the golden flows."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mock_clover.cli.base import CONTEXT, PREFIX, echo, examples, exit_with_error, print_table
from mock_clover.core.counted import counted
from mock_clover.core.printable import printable

if TYPE_CHECKING:
    from mock_clover.conformance.dry_run import DryRun
    from mock_clover.conformance.report import Run
    from mock_clover.conformance.run_flow import Send, StepResult, Target
    from mock_clover.conformance.variables import ParameterizedFlow

_Command = TypeVar("_Command", bound=Callable[..., None])
_SERVICES = ("tokens", "oauth", "platform", "recurring", "keys")
_WRITERS = {".json": "as_json", ".md": "as_markdown"}


def _credential_option(name: str, description: str) -> Callable[[_Command], _Command]:
    variable = f"CLOVER_{name.upper()}"
    return click.option(
        f"--{name.replace('_', '-')}",
        envvar=variable,
        metavar="…",
        help=f"{description} [{variable}]",
    )


def _service_url_option(name: str, service: str) -> Callable[[_Command], _Command]:
    return click.option(
        f"--{name}-url", metavar="URL", help=f"Base URL of {service}, if different."
    )


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover conformance --against http://127.0.0.1:4242",
        "mock-clover conformance --against https://scl-sandbox.dev.clover.com",
        "mock-clover conformance --against http://127.0.0.1:4242 --report report.md",
        "mock-clover conformance --against http://127.0.0.1:4242 --only save-a-card",
        "mock-clover conformance --list",
    ),
)
@click.option(
    "--against", metavar="URL", help="Base URL of the server: Clover's sandbox or a mock."
)
@_credential_option("access_token", "Access token of the merchant.")
@_credential_option("api_key", "API key (PAKMS) for creating card tokens.")
@_credential_option("merchant_id", "Merchant id, 13 characters.")
@_credential_option("client_id", "Client id of the app.")
@_credential_option("client_secret", "Client secret of the app.")
@_service_url_option("tokens", "/v1/tokens")
@_service_url_option("oauth", "/oauth/authorize and /oauth/token")
@_service_url_option("platform", "/v3 and the other /oauth/v2 endpoints")
@_service_url_option("recurring", "/recurring")
@_service_url_option("keys", "/assets/keys.json")
@click.option("--only", multiple=True, metavar="FLOW", help="Run only this flow (can be repeated).")
@click.option("--list", "listing", is_flag=True, help="List the flows and exit.")
@click.option(
    "--report",
    metavar="FILE.json|.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a full report to this file.",
)
@click.option(
    "--rate",
    default=8,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Maximum requests per second, sent one at a time. Clover allows 16.",
)
@click.option(
    "--control/--no-control",
    default=None,
    help="Use the target's control API to run each flow in its own temporary sandbox. "
    "Default: on if no credentials are set.",
)
@click.option(
    "--control-token",
    metavar="TOKEN",
    envvar=f"{PREFIX}CONTROL_TOKEN",
    help="Token for the target's control API.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def conformance(
    *,
    against: str | None,
    only: tuple[str, ...],
    listing: bool,
    report: Path | None,
    rate: int,
    control: bool | None,
    control_token: str | None,
    as_json: bool,
    **options: str | None,
) -> None:
    """Compare another server with the recorded golden flows.

    Compares status codes, media types, fields and their types, formats, error codes and messages.
    Exit code: 0 if nothing differs, 1 if responses differ, 2 if the run failed. Only listed test
    cards are sent, production hosts are rejected, and only objects created by a flow are deleted.
    """
    from mock_clover.client import ClientError
    from mock_clover.conformance.hosts import AddressError
    from mock_clover.conformance.variables import parameterize
    from mock_clover.reference.flows import FlowError
    from mock_clover.reference.flows import flows as golden_flows

    if report is not None and (report.suffix not in _WRITERS or not report.parent.is_dir()):
        raise click.BadParameter(
            "must be a .json or .md file in an existing directory", param_hint="--report"
        )
    try:
        flows = [parameterize(flow) for flow in golden_flows(only)]
        if listing:
            print_table(
                [{"name": flow.golden.name, "steps": len(flow.requests)} for flow in flows],
                as_json=as_json,
            )
            return
        if against is None:
            raise click.UsageError("--against URL is required")
        run = _run_flows(
            against, flows, options, rate=rate, control=control, control_token=control_token
        )
    except (FlowError, AddressError, ClientError) as error:
        exit_with_error(str(error))
    except KeyboardInterrupt:
        exit_with_error("interrupted; no report was written")
    _print_results(run, report, as_json=as_json)


def _run_flows(
    against: str,
    flows: "list[ParameterizedFlow]",
    options: dict[str, str | None],
    *,
    rate: int,
    control: bool | None,
    control_token: str | None,
) -> "Run":
    from mock_clover.client import ClientError, send_request
    from mock_clover.conformance import hosts
    from mock_clover.conformance.dry_run import DryRun, create_target, delete_target
    from mock_clover.conformance.report import Run
    from mock_clover.conformance.run_flow import CONTROL_HEADER, Target
    from mock_clover.conformance.variables import CREDENTIALS
    from mock_clover.sandbox.clock import Clock

    overrides: Any = {service: options[f"{service}_url"] for service in _SERVICES}
    urls = hosts.service_urls(against, overrides)
    hosts.check_rate(rate, urls)
    credentials = {name: value for name in CREDENTIALS if (value := options[name])}
    root, send, now_ms = (
        hosts.server_root(against),
        hosts.RateLimitedSender(send_request, rate),
        Clock().now_ms(),
    )
    is_exclusive = control is True
    if is_exclusive or (control is None and not credentials.keys() & {"access_token", "api_key"}):
        headers = {CONTROL_HEADER: control_token} if control_token else {}
        is_exclusive = hosts.has_control(root, send, headers)
        if not is_exclusive and (control or not credentials):
            raise ClientError(
                f"{root} is not a mock-clover server with a control API. To test Clover's sandbox, "
                "set --access-token and --api-key, or CLOVER_ACCESS_TOKEN and CLOVER_API_KEY"
            )
    dry_run, results, secrets = DryRun(), [], list(credentials.values())
    for count, flow in enumerate(flows, start=1):
        name = flow.golden.name
        target = Target(urls, credentials, now_ms, is_exclusive=False)
        if is_exclusive:
            target = create_target(root, send, name, control_token)
        secrets += [value for value in target.credentials.values() if value not in secrets]
        label = f"[{count}/{len(flows)}] {name}"
        try:
            steps = _run_one_flow(label, flow, target, send, dry_run)
        finally:
            if is_exclusive:
                with contextlib.suppress(ClientError):
                    delete_target(root, send, name, control_token)
        _require_response(steps)
        results.append((flow, tuple(steps)))
    return Run(
        against=root if is_exclusive else against,
        is_exclusive=is_exclusive,
        now_ms=now_ms,
        flows=tuple(results),
        secrets=tuple(secrets),
    )


def _require_response(steps: "list[StepResult]") -> None:
    """Raise ClientError if the first request of a flow gets no response."""
    from mock_clover.client import ClientError

    first = next((step for step in steps if step.state != "skipped"), None)
    for difference in first.differences if first else ():
        if difference.kind == "no response":
            raise ClientError(f"no response: {difference.got}")


def _run_one_flow(
    label: str, flow: "ParameterizedFlow", target: "Target", send: "Send", dry_run: "DryRun"
) -> "list[StepResult]":
    """Run one flow and print its progress."""
    from mock_clover.conformance.run_flow import run_flow

    prepared = dry_run.prepare(flow, target)
    terminal = sys.stderr.isatty()
    steps: list[StepResult] = []
    for step in run_flow(flow, target, send, prepared.skips, prepared.variable_paths):
        steps.append(step)
        if terminal:
            echo(f"{label}: step {step.number}", err=True, end="\r")
    count = sum(len(step.differences) for step in steps)
    skipped = sum(step.state == "skipped" for step in steps)
    result = counted(count, "difference") if count else "no differences"
    result += f", {skipped} of {len(steps)} steps skipped" if skipped else ""
    echo(f"{label}: {result}", err=True)
    return steps


def _print_results(run: "Run", report: Path | None, *, as_json: bool) -> None:
    from mock_clover.conformance import report as report_module

    rows = report_module.difference_rows(run)
    if rows or as_json:
        print_table(rows, as_json=as_json)
    for line in report_module.skipped_lines(run):
        echo(f"skipped: {printable(line)}", err=True)
    echo(f"{run.against}: {report_module.summary(run)}", err=True)
    if report is not None:
        try:
            report.write_text(
                getattr(report_module, _WRITERS[report.suffix])(run), encoding="utf-8"
            )
        except OSError as error:
            exit_with_error(f"--report {report}: {error.strerror}")
    if rows:
        raise SystemExit(1)
