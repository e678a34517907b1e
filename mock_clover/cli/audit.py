"""The command `audit`: find the mistakes of an integration in the journal of a sandbox."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import click

from mock_clover.cli.base import (
    CONTEXT,
    DEFAULT_URL,
    PREFIX,
    check_url,
    control_headers,
    control_token_option,
    echo,
    examples,
    exit_with_error,
    format_option,
    reads_server,
    sandbox_address,
    sandbox_option,
)
from mock_clover.core.printable import printable

if TYPE_CHECKING:
    from mock_clover.audit.records import AuditReport

FORMATS = ("text", "json", "junit", "sarif", "github")


@click.command(
    short_help="Find mistakes of an integration in its requests.",
    context_settings=CONTEXT,
    epilog=examples(
        "mock-clover audit",
        "mock-clover audit http://127.0.0.1:4242/sandbox/checkout-7",
        "mock-clover audit --fail-on warning --ignore CLV012,missing-user-agent",
        "mock-clover audit --format sarif > audit.sarif",
        "mock-clover audit --write-baseline audit.json",
        "mock-clover audit --baseline audit.json",
    ),
)
@click.argument(
    "url",
    callback=check_url,
    default=DEFAULT_URL,
    envvar=[f"{PREFIX}URL", "CLOVER_BASE_URL"],
)
@sandbox_option
@format_option(FORMATS)
@click.option(
    "--fail-on",
    default="error",
    show_default=True,
    type=click.Choice(["warning", "error", "never"]),
    help="Exit with 1 if there is a finding of this severity or a higher one.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    help="Only these rules, by id or name; a,b or twice.",
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Not these rules.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Report only findings that this file does not have.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the findings to this file, for --baseline.",
)
@click.option(
    "--probe",
    "probes",
    is_flag=True,
    help="First send a forged, a repeated and a late webhook to each target of the sandbox.",
)
@control_token_option
@reads_server
def audit(
    *,
    url: str,
    sandbox: str,
    output_format: str,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    baseline: Path | None,
    write_baseline: Path | None,
    probes: bool,
    control_token: str | None,
) -> None:
    """Find mistakes of an integration, such as a retry that charges twice.

    The journal of a running server is read; only --probe sends something to your application. The
    exit code is 1 if a finding reaches --fail-on, 0 if not, and 2 for an error of usage or of the
    connection.
    docs/audit.md lists the rules. Without URL, MOCK_CLOVER_URL and CLOVER_BASE_URL are read.
    """
    from mock_clover.audit.baseline import BaselineError, new_findings, read_baseline
    from mock_clover.audit.baseline import write_baseline as write
    from mock_clover.audit.formats import render

    root, sandbox, base = sandbox_address(url, sandbox)
    filters = {"select": ",".join(select), "ignore": ",".join(ignore)}
    headers = control_headers(control_token)
    report = _fetch(f"{root}/_mock/sandboxes/{sandbox}", base, filters, headers, probes=probes)
    try:
        if write_baseline is not None:
            write(write_baseline, report)
        elif baseline is not None:
            report = new_findings(report, read_baseline(baseline))
    except BaselineError as error:
        exit_with_error(str(error))
    echo(render(report, output_format, sandbox), has_commands=output_format == "github")
    is_failed = any(fail_on == "warning" or each.severity == "error" for each in report.findings)
    sys.exit(1 if is_failed and fail_on != "never" and write_baseline is None else 0)


def _fetch(
    sandbox_url: str, base: str, filters: dict[str, str], headers: dict[str, str], *, probes: bool
) -> "AuditReport":
    """Return the report of a sandbox that exists, after the probes."""
    import msgspec

    from mock_clover.audit.records import AuditReport
    from mock_clover.cli.audit_probe import probe
    from mock_clover.client import ClientError, get_json

    query = urlencode({name: text for name, text in filters.items() if text})
    try:
        get_json(sandbox_url, headers=headers)
        for line in probe(base, headers) if probes else ():
            echo(line, err=True)
        got = get_json(f"{base}/_mock/audit?{query}", timeout_s=120, headers=headers)
        return msgspec.convert(got, AuditReport)
    except (ClientError, msgspec.ValidationError) as error:
        exit_with_error(printable(_message(str(error))))


def _message(text: str) -> str:
    """Return the detail of a control error, which is all that a user needs."""
    try:
        return str(json.loads(re.split(r" returned \d{3}: ", text, maxsplit=1)[1])["message"])
    except (IndexError, ValueError, KeyError, TypeError):
        return text
