"""Findings of the audit, as values."""

from typing import Literal

from mock_clover.core.record import Record
from mock_clover.sandbox.exchange import ExchangeOutcome

AuditSeverity = Literal["error", "warning"]
"""error: it can cost money. warning: everything else."""


class AuditFinding(Record, frozen=True, kw_only=True, omit_defaults=False):
    """One mistake of the integration, with the exchanges that show it."""

    rule: str
    """Id of the rule, such as CLV001."""
    name: str
    severity: AuditSeverity
    message: str
    fix: str
    exchanges: tuple[int, ...]
    subject: str
    """What it is about, without ids: the same mistake has the same subject in every run."""


class AuditedExchange(Record, frozen=True, kw_only=True, omit_defaults=False):
    """An exchange that a finding names."""

    id: int
    at_ms: int
    endpoint: str
    method: str
    path: str
    status: int | None
    outcome: ExchangeOutcome
    fault: str


class AuditReport(Record, frozen=True, kw_only=True, omit_defaults=False):
    """The findings of a sandbox, in the order of the rules."""

    rules: tuple[str, ...]
    """Ids of the rules that were checked."""
    findings: tuple[AuditFinding, ...]
    exchanges: tuple[AuditedExchange, ...]
    """The exchanges that the findings name."""
    first_exchange: int
    """The oldest exchange of the journal; 1 if none was evicted."""
    left_out: int
    """Findings above the maximum of each rule."""
    ignored: dict[str, str] = {}
    """The rules that the scenario ignores, each with the reason."""
