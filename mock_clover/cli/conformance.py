"""`mock-clover conformance`: hold a server against the golden flows."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mock_clover.cli.base import CONTEXT, PREFIX, examples, fail, print_table

if TYPE_CHECKING:
    from mock_clover.conformance.play import Place, Played, Send
    from mock_clover.conformance.rehearse import DryRun
    from mock_clover.conformance.report import Run
    from mock_clover.conformance.variables import Bound

_Command = TypeVar("_Command", bound=Callable[..., None])
_SERVICES = ("tokens", "oauth", "platform", "recurring", "keys")
_WRITERS = {".json": "as_json", ".md": "as_markdown"}


def _credential(name: str, what: str) -> Callable[[_Command], _Command]:
    variable = f"CLOVER_{name.upper()}"
    return click.option(
        f"--{name.replace('_', '-')}", envvar=variable, metavar="…", help=f"{what} [{variable}]"
    )


def _service(name: str, what: str) -> Callable[[_Command], _Command]:
    return click.option(f"--{name}-url", metavar="URL", help=f"Where {what}, if elsewhere.")


@click.command(
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover conformance --against http://127.0.0.1:4242",
        "mock-clover conformance --against https://scl-sandbox.dev.clover.com --report drift.md",
        "mock-clover conformance --against http://127.0.0.1:4242 --only save-a-card",
        "mock-clover conformance --list",
    ),
)
@click.option("--against", metavar="URL", help="The server; a sandbox of Clover's, or a mock.")
@_credential("access_token", "Of the merchant.")
@_credential("api_key", "The PAKMS key that makes tokens.")
@_credential("merchant_id", "Of 13 characters.")
@_credential("client_id", "The app's id.")
@_credential("client_secret", "The app's secret.")
@_service("tokens", "/v1/tokens is")
@_service("oauth", "/oauth/authorize and /oauth/token are")
@_service("platform", "/v3 and the other calls of /oauth/v2 are")
@_service("recurring", "/recurring is")
@_service("keys", "/assets/keys.json is")
@click.option("--only", multiple=True, metavar="FLOW", help="One flow; may be given again.")
@click.option("--list", "listing", is_flag=True, help="List the flows and end.")
@click.option(
    "--report",
    metavar="FILE.json|.md",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write all that was found here.",
)
@click.option(
    "--pace",
    default=8,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Requests a second at most, one at a time; Clover itself allows 16.",
)
@click.option(
    "--control/--no-control",
    default=None,
    help="Use a mock-clover's control calls: each flow gets a sandbox of its own, dropped at its "
    "end. Default: where no credentials are given.",
)
@click.option(
    "--control-token", metavar="TOKEN", envvar=f"{PREFIX}CONTROL_TOKEN", help="What opens them."
)
@click.option("--json", "as_json", is_flag=True, help="Print the table for machines.")
def conformance(
    *,
    against: str | None,
    only: tuple[str, ...],
    listing: bool,
    report: Path | None,
    pace: int,
    control: bool | None,
    control_token: str | None,
    as_json: bool,
    **given: str | None,
) -> None:
    """Play the golden flows on another server and tell each difference to what is recorded.

    Statuses, media types, members and their types, formats, codes and words are compared. Exit
    code: 0 no drift, 1 drift, 2 it could not be done. Only listed test cards are sent, and never to
    Clover's production; nothing is deleted but what a flow has made.
    """
    from mock_clover.client import ClientError
    from mock_clover.conformance.flows import FlowError, flows
    from mock_clover.conformance.hosts import AddressError
    from mock_clover.conformance.variables import bind

    if report is not None and (report.suffix not in _WRITERS or not report.parent.is_dir()):
        raise click.BadParameter("name a .json or .md file in a folder", param_hint="--report")
    try:
        bounds = [bind(flow) for flow in flows(only)]
        if listing:
            print_table(
                [{"name": b.flow.name, "steps": len(b.requests)} for b in bounds], as_json=as_json
            )
            return
        if against is None:
            raise click.UsageError("give --against URL")
        run = _run(against, bounds, given, pace=pace, control=control, control_token=control_token)
    except (FlowError, AddressError, ClientError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("stopped; what was found so far is not written")
    _tell(run, report, as_json=as_json)


def _run(
    against: str,
    bounds: "list[Bound]",
    given: dict[str, str | None],
    *,
    pace: int,
    control: bool | None,
    control_token: str | None,
) -> "Run":
    from mock_clover.client import ClientError, exchange
    from mock_clover.conformance import hosts
    from mock_clover.conformance.play import CONTROL_HEADER, Place
    from mock_clover.conformance.rehearse import DryRun, drop_place, fresh_place
    from mock_clover.conformance.report import Run
    from mock_clover.conformance.variables import GIVEN
    from mock_clover.sandbox.clock import Clock

    named: Any = {service: given[f"{service}_url"] for service in _SERVICES}
    urls = hosts.urls_of(against, named)
    hosts.check_pace(pace, urls)
    known = {name: value for name in GIVEN if (value := given[name])}
    root, send, now_ms = hosts.root_of(against), hosts.Paced(exchange, pace), Clock().now_ms()
    alone = control is True
    if alone or (control is None and not known.keys() & {"access_token", "api_key"}):
        headers = {CONTROL_HEADER: control_token} if control_token else {}
        alone = hosts.has_control(root, send, headers)
        if not alone and (control or not known):
            raise ClientError(
                f"{root} is no mock-clover with open control calls: give --access-token and "
                "--api-key, or CLOVER_ACCESS_TOKEN and CLOVER_API_KEY"
            )
    rehearsal, played, secrets = DryRun(), [], list(known.values())
    for count, bound in enumerate(bounds, start=1):
        name = bound.flow.name
        place = Place(urls, known, now_ms, alone=False)
        if alone:
            place = fresh_place(root, send, name, control_token)
        secrets += [value for value in place.given.values() if value not in secrets]
        label = f"[{count}/{len(bounds)}] {name}"
        try:
            steps = _play(label, bound, place, send, rehearsal)
        finally:
            if alone:
                with contextlib.suppress(ClientError):
                    drop_place(root, send, name, control_token)
        _check_answered(steps)
        played.append((bound, tuple(steps)))
    return Run(root if alone else against, alone, now_ms, tuple(played), tuple(secrets))


def _check_answered(steps: "list[Played]") -> None:
    """Refuse to go on where the first request of a flow gets no answer. Raises ClientError."""
    from mock_clover.client import ClientError

    first = next((step for step in steps if step.state != "skipped"), None)
    for each in first.differences if first else ():
        if each.kind == "no reply":
            raise ClientError(f"nobody answers: {each.got}")


def _play(
    label: str, bound: "Bound", place: "Place", send: "Send", rehearsal: "DryRun"
) -> "list[Played]":
    """Play one flow and show how far it has come."""
    from mock_clover.conformance.play import play

    prepared = rehearsal.prepare(bound, place)
    terminal = sys.stderr.isatty()
    steps: list[Played] = []
    for step in play(bound, place, send, prepared.skips, prepared.loose):
        steps.append(step)
        if terminal:
            click.echo(f"\r{label}: step {step.number}", nl=False, err=True)
    drift = sum(len(step.differences) for step in steps)
    skipped = sum(step.state == "skipped" for step in steps)
    told = f"{drift} difference{'' if drift == 1 else 's'}" if drift else "no drift"
    told += f", {skipped} of {len(steps)} steps left out" if skipped else ""
    start = "\r" if terminal else ""
    click.echo(f"{start}{label}: {told}", err=True)
    return steps


def _tell(run: "Run", report: Path | None, *, as_json: bool) -> None:
    from mock_clover.conformance import report as written

    rows = written.table(run)
    if rows or as_json:
        print_table(rows, as_json=as_json)
    for line in written.skipped(run):
        click.echo(f"left out: {line}", err=True)
    click.echo(f"{run.against}: {written.summary(run)}", err=True)
    if report is not None:
        try:
            report.write_text(getattr(written, _WRITERS[report.suffix])(run), encoding="utf-8")
        except OSError as error:
            fail(f"--report {report}: {error.strerror}")
    if rows:
        raise SystemExit(1)
