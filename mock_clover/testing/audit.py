"""The option `--mock-clover-audit`: audit the sandbox of each test, and report at the end."""

from typing import TYPE_CHECKING, Any

import pytest

from mock_clover.core.counted import counted
from mock_clover.testing.transport import MockCloverError

if TYPE_CHECKING:
    from mock_clover.testing.handle import MockClover

MARKER = "mock_clover_audit"
_FINDINGS = "mock_clover_audit"
"""The attribute of a test report. pytest-xdist sends it to the controller as JSON."""
_LINES_MAX = 5
"""Exchanges shown of each finding."""


class AuditReports:
    """Collects the findings of all tests, of all workers, and fails the run for an error."""

    def __init__(self) -> None:
        self.findings: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect the findings of a test."""
        for finding in getattr(report, _FINDINGS, ()):
            self.findings.append(finding | {"test": report.nodeid})

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that passed if there is an error among the findings."""
        has_error = any(each["severity"] == "error" for each in self.findings)
        if has_error and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the findings by rule, each with its tests."""
        terminalreporter.section("mock-clover audit")
        for line in summary_lines(self.findings):
            terminalreporter.write_line(line)


def summary_lines(findings: list[dict[str, Any]]) -> list[str]:
    """Return the findings as text, errors first, by rule."""
    if not findings:
        return ["no findings"]
    by_rule: dict[tuple[bool, str, str], list[dict[str, Any]]] = {}
    for each in findings:
        label = (each["severity"] != "error", each["rule"], each["name"])
        by_rule.setdefault(label, []).append(each)
    lines = []
    for (is_warning, rule, name), found in sorted(by_rule.items(), key=lambda item: item[0]):
        lines.append(f"{'warning' if is_warning else 'error'} {rule} {name}")
        for each in found:
            lines += [f"  {each['test']}", f"    {each['message']}"]
            lines += [f"    {line}" for line in each["lines"]]
        lines.append(f"  Fix: {found[0]['fix']}")
    errors = sum(each["severity"] == "error" for each in findings)
    warnings = len(findings) - errors
    counts = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    return [*lines, f"{counts}; an error fails the run" if errors else counts]


def check_markers(items: list[pytest.Item]) -> None:
    """Check the markers of all tests. Raises pytest.UsageError."""
    from mock_clover.audit.run import UnknownRuleError, select_rules

    for item in items:
        try:
            select_rules((), ignored_rules(item))
        except UnknownRuleError as error:
            raise pytest.UsageError(f"@pytest.mark.{MARKER}: {error}") from None


def attach_findings(
    item: pytest.Item,
    report: pytest.TestReport,
    handles: "list[MockClover]",
    pending: list[dict[str, Any]],
) -> None:
    """Add the findings of the sandboxes of a test, or pending ones, to one of its reports.

    The teardown of the last test stops the server, so its sandboxes are audited before.
    """
    found = list(pending)
    pending.clear()
    if report.when == "call":
        ignored = ignored_rules(item)
        found += [each for handle in handles for each in audit_of(handle, ignored)]
    setattr(report, _FINDINGS, found)


def audit_of(handle: "MockClover", ignored: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Return the findings of a sandbox, with the lines of their exchanges. Never raises."""
    import msgspec

    from mock_clover.audit.formats import exchange_line
    from mock_clover.audit.records import AuditedExchange

    try:
        report = handle.audit(ignore=ignored)
    except MockCloverError as error:
        wrong = {"rule": "CLV000", "name": "not-audited", "severity": "warning", "lines": []}
        return [wrong | {"message": f"{handle.name}: {error}", "fix": "Keep the server running."}]
    exchanges = msgspec.convert(report["exchanges"], tuple[AuditedExchange, ...])
    lines = {each.id: exchange_line(each) for each in exchanges}
    return [
        finding | {"lines": [lines[number] for number in finding["exchanges"][:_LINES_MAX]]}
        for finding in report["findings"]
    ]


def ignored_rules(item: pytest.Item) -> tuple[str, ...]:
    """Return the rules that markers of a test ignore. Raises pytest.UsageError without a reason."""
    ignored: dict[str, str] = {}
    for mark in item.iter_markers(MARKER):
        rules = mark.kwargs.get("ignore")
        if mark.args or set(mark.kwargs) != {"ignore"} or not isinstance(rules, dict):
            raise pytest.UsageError(f'@pytest.mark.{MARKER} takes ignore={{"CLV001": "reason"}}')
        for rule, reason in rules.items():
            if not (isinstance(reason, str) and reason.strip()):
                raise pytest.UsageError(f"@pytest.mark.{MARKER}: {rule} has no reason")
        ignored |= rules
    return tuple(ignored)
