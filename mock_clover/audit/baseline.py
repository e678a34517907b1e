"""A baseline: the findings that a team knows and has not fixed yet, by rule and subject."""

import json
from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from mock_clover.audit.records import AuditFinding, AuditReport


class BaselineError(Exception):
    """A baseline file cannot be read or written."""


def _label(finding: AuditFinding) -> str:
    return f"{finding.rule} {finding.subject}"


def write_baseline(file: Path, report: AuditReport) -> None:
    """Write the number of findings of each rule and subject. Raises BaselineError."""
    counts = dict(sorted(Counter(map(_label, report.findings)).items()))
    text = json.dumps({"version": 1, "findings": counts}, indent=2, ensure_ascii=False)
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"--write-baseline {file}: {error.strerror or error}") from None


def read_baseline(file: Path) -> dict[str, int]:
    """Return the numbers of a baseline file. Raises BaselineError."""
    wrong = f"--baseline {file}: not a file of --write-baseline"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BaselineError(
            f"--baseline {file}: {error.strerror or error}; create it with --write-baseline"
        ) from None
    try:
        tree = json.loads(data)
        counts = tree["findings"] if tree["version"] == 1 else {"": ""}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BaselineError(f"{wrong}: {error}") from None
    if not isinstance(counts, dict) or not all(type(each) is int for each in counts.values()):
        raise BaselineError(f"{wrong}: the version or the findings are not known")
    return dict(counts)


def new_findings(report: AuditReport, counts: dict[str, int]) -> AuditReport:
    """Return a report without the first findings of each rule and subject that are known."""
    left = Counter(counts)
    new: list[AuditFinding] = []
    for finding in report.findings:
        if left[_label(finding)] > 0:
            left[_label(finding)] -= 1
        else:
            new.append(finding)
    return replace(report, findings=tuple(new))
