"""The report of the audit as text, JSON, JUnit, SARIF and GitHub annotations."""

import json
import textwrap
from collections.abc import Callable, Mapping

import msgspec

from mock_clover.audit.format_files import junit, sarif
from mock_clover.audit.records import AuditedExchange, AuditFinding, AuditReport
from mock_clover.core.counted import counted
from mock_clover.core.printable import printable

_WIDTH = 96
_SHOWN_MAX = 5
"""Exchanges that the text shows of each finding."""


def render(report: AuditReport, output_format: str, sandbox: str) -> str:
    """Return a report in a format."""
    return _RENDERERS[output_format](report, sandbox)


def as_text(report: AuditReport, sandbox: str) -> str:
    """Return the findings, errors first, each with its exchanges and its fix."""
    known = {each.id: each for each in report.exchanges}
    ordered = sorted(report.findings, key=lambda each: each.severity != "error")
    blocks = [_text_of(finding, known) for finding in ordered]
    return "\n\n".join([*blocks, _summary(report, sandbox)])


def _text_of(finding: AuditFinding, known: Mapping[int, AuditedExchange]) -> str:
    lines = [f"{finding.severity} {finding.rule} {finding.name}"]
    lines += _wrapped(finding.message)
    for number in finding.exchanges[:_SHOWN_MAX]:
        exchange = known.get(number)
        if exchange is not None:
            lines.append(f"    {exchange_line(exchange)}")
    if len(finding.exchanges) > _SHOWN_MAX:
        lines.append(f"    and {len(finding.exchanges) - _SHOWN_MAX} more")
    lines += _wrapped(f"Fix: {finding.fix}")
    return "\n".join(map(printable, lines))


def exchange_line(exchange: AuditedExchange) -> str:
    """Return an exchange as one line."""
    status = "no response" if exchange.status is None else str(exchange.status)
    result = "lost" if exchange.outcome == "lost" else status
    fault = f"  (fault: {exchange.fault})" if exchange.fault else ""
    return f"#{exchange.id}  {exchange.method} {exchange.path}  {result}{fault}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )


def _summary(report: AuditReport, sandbox: str) -> str:
    errors = sum(each.severity == "error" for each in report.findings)
    warnings = len(report.findings) - errors
    text = f"{counted(errors, 'error')}, {counted(warnings, 'warning')} in the sandbox {sandbox}"
    if report.first_exchange > 1:
        text += (
            f"; the journal begins at exchange {report.first_exchange}, "
            "earlier ones were not audited"
        )
    if report.left_out:
        text += f"; {counted(report.left_out, 'rule')} had more findings than are shown"
    for rule, reason in report.ignored.items():
        text += f"\nThe scenario ignores {rule}: {printable(reason)}"
    return text


def as_json(report: AuditReport, _: str) -> str:
    """Return the report as the control API has it."""
    return json.dumps(msgspec.to_builtins(report), indent=2, ensure_ascii=False)


def as_github(report: AuditReport, _: str) -> str:
    """Return workflow commands, one a finding, which GitHub shows as annotations."""
    return "\n".join(
        f"::{each.severity} title={_github_property(f'{each.rule} {each.name}')}::"
        f"{_github_data(_github_message(each))}"
        for each in report.findings
    )


def _github_message(finding: AuditFinding) -> str:
    ids = ", ".join(map(str, finding.exchanges))
    return f"{printable(finding.message)}\nFix: {finding.fix}\nExchanges: {ids}"


def _github_data(text: str) -> str:
    """Escape the message of a workflow command, as GitHub's toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    """Escape a property of a workflow command, as GitHub's toolkit does."""
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


_RENDERERS: dict[str, Callable[[AuditReport, str], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": junit,
    "sarif": sarif,
    "github": as_github,
}
