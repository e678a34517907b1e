"""Reports of conformance runs. Credentials, PANs and tokens are masked."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

from mock_clover import __version__
from mock_clover.conformance.compare import ABSENT, Difference, Format
from mock_clover.conformance.formats import SECRETS
from mock_clover.conformance.run_flow import StepResult
from mock_clover.conformance.variables import ParameterizedFlow
from mock_clover.core.masking import redact
from mock_clover.core.printable import printable
from mock_clover.reference.examples import endpoint_of

_CHARS_MAX = 200
_HIDDEN = re.compile(
    r"(^|\.)(access_token|refresh_token|apiAccessKey|authorization_code|client_secret|secret"
    r"|TA_PUBLIC_KEY_\w+|location\.code|gift_card\.number|security_card_value)$"
)
_SECRET_PATTERNS = tuple(
    (name, re.compile(rf"(?<![\w-])(?:{form.pattern})(?![\w-])")) for name, form in SECRETS.items()
)


class ReportRow(NamedTuple):
    """A difference, formatted for output."""

    flow: str
    step: int
    title: str
    operation: str
    path: str
    kind: str
    expected: str
    got: str
    evidence: str
    """Evidence level of the endpoint: documented, observed or inferred."""
    source: str
    published: bool
    """Whether Clover has published a response to this step."""


class Run(NamedTuple):
    """The results of a run."""

    against: str
    is_exclusive: bool
    now_ms: int
    flows: tuple[tuple[ParameterizedFlow, tuple[StepResult, ...]], ...]
    secrets: tuple[str, ...]
    """Credentials, which must not appear in reports."""

    def rows(self) -> list[ReportRow]:
        """Return all differences."""
        return [
            self._row(flow, step.number, difference)
            for flow, steps in self.flows
            for step in steps
            for difference in step.differences
        ]

    def counts(self) -> Counter[str]:
        """Return the number of steps by state."""
        return Counter(step.state for _, steps in self.flows for step in steps)

    def skips(self) -> list[tuple[str, int, str]]:
        """Return flow, step and reason of all skipped steps."""
        return [
            (flow.golden.name, step.number, _one_line(step.reason, self.secrets))
            for flow, steps in self.flows
            for step in steps
            if step.state == "skipped"
        ]

    def _row(self, flow: ParameterizedFlow, number: int, difference: Difference) -> ReportRow:
        example = flow.golden.examples[number - 1]
        endpoint = endpoint_of(example)
        return ReportRow(
            flow=flow.golden.name,
            step=number,
            title=example.title,
            operation=endpoint.name if endpoint else "",
            path=_one_line(difference.path, self.secrets),
            kind=difference.kind,
            expected=masked(difference.expected, difference.path, self.secrets),
            got=masked(difference.got, difference.path, self.secrets),
            evidence=endpoint.evidence.level if endpoint else "inferred",
            source=endpoint.evidence.source if endpoint else "",
            published=bool(example.clover),
        )


def masked(value: Any, path: str, secrets: tuple[str, ...]) -> str:
    """Return a value as short JSON, without credentials."""
    if value is ABSENT:
        return repr(value)
    if isinstance(value, Format):
        return _mask_secrets(str(value), secrets)
    if isinstance(value, str) and _HIDDEN.search(path):
        return f"[hidden, {len(value)} characters]"
    return _mask_secrets(json.dumps(value, ensure_ascii=False), secrets)


def _one_line(text: str, secrets: tuple[str, ...]) -> str:
    """Return text as one line without credentials; servers choose the names of fields."""
    return printable(_mask_secrets(text, secrets))


def _mask_secrets(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "[credential]")
    for name, form in _SECRET_PATTERNS:
        text = form.sub(f"[{name}]", text)
    text = redact(text)
    return text if len(text) <= _CHARS_MAX else f"{text[:_CHARS_MAX]}…"


def as_json(run: Run) -> str:
    """Return the report as JSON."""
    report = {
        "tool": f"mock-clover {__version__}",
        "against": run.against,
        "at": _run_time(run),
        "temporary_sandboxes": run.is_exclusive,
        "steps": dict(sorted(run.counts().items())),
        "differences": [row._asdict() for row in run.rows()],
        "skipped": [
            {"flow": flow, "step": step, "reason": reason} for flow, step, reason in run.skips()
        ],
        "flows": {
            flow.golden.name: [
                {
                    "step": step.number,
                    "title": flow.golden.examples[step.number - 1].title,
                    "request": _one_line(" ".join(flow.requests[step.number - 1][:2]), run.secrets),
                    "state": step.state,
                }
                for step in steps
            ]
            for flow, steps in run.flows
        },
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def as_markdown(run: Run) -> str:
    """Return the report as Markdown, for example for an issue."""
    lines = ["# mock-clover conformance", "", f"mock-clover {__version__} against {run.against}"]
    lines += [f"on {_run_time(run)}: {summary(run)}.", ""]
    rows = run.rows()
    if rows:
        names = ("flow", "step", "path", "expected", "got", "evidence")
        lines += [_markdown_row(names), _markdown_row(["---"] * len(names))]
        lines += [
            _markdown_row(
                [row.flow, f"{row.step} {row.title}", f"`{row.path}`", row.expected, row.got]
            )
            + f" {_evidence_label(row)} |"
            for row in rows
        ]
        lines.append("")
    lines += [f"- skipped: {line}" for line in skipped_lines(run)] + [""]
    return "\n".join(lines)


def difference_rows(run: Run) -> list[dict[str, Any]]:
    """Return the differences as table rows."""
    return [
        {
            "flow": row.flow,
            "step": row.step,
            "path": row.path,
            "kind": row.kind,
            "expected": row.expected,
            "got": row.got,
            "evidence": _evidence_label(row),
        }
        for row in run.rows()
    ]


def skipped_lines(run: Run) -> list[str]:
    """Return the skipped steps, one line per flow and reason."""
    groups: dict[tuple[str, str], list[str]] = {}
    for flow, step, reason in run.skips():
        groups.setdefault((flow, reason), []).append(str(step))
    return [
        f"{flow}, step{'s' if len(steps) > 1 else ''} {', '.join(steps)}: {reason}"
        for (flow, reason), steps in groups.items()
    ]


def summary(run: Run) -> str:
    """Return the counts as text."""
    counts = run.counts()
    parts = [f"{counts['same']} steps match", f"{counts['different']} differ"]
    parts += [f"{counts['skipped']} skipped"] if counts["skipped"] else []
    return ", ".join(parts)


def _evidence_label(row: ReportRow) -> str:
    return f"{row.evidence}, published" if row.published else row.evidence


def _markdown_row(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _run_time(run: Run) -> str:
    return datetime.fromtimestamp(run.now_ms // 1000, UTC).isoformat()
