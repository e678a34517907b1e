"""Control endpoints that judge an integration: the audit, and the ledger of the payments.

The code of these operations is imported with the first request.
"""

from typing import Annotated

from mock_clover.audit.records import AuditReport
from mock_clover.clover.common.problems import CONTROL_INVALID
from mock_clover.control.endpoint import MOCK_ONLY, control_endpoint
from mock_clover.core.evidence import doc
from mock_clover.core.record import Record
from mock_clover.core.steps import Steps, Work
from mock_clover.engine.endpoint import Call, Endpoint, LongResult
from mock_clover.ledger.records import Ledger
from mock_clover.sandbox.sandbox import Sandbox

_NAMES = "Ids or names of rules, separated by commas."


class AuditQuery(Record, frozen=True, kw_only=True):
    """Query of `GET /_mock/audit`."""

    select: Annotated[str, doc(f"Only these rules. {_NAMES}", MOCK_ONLY, max_length=2_000)] = ""
    ignore: Annotated[str, doc(f"Not these rules. {_NAMES}", MOCK_ONLY, max_length=2_000)] = ""


def audit(sandbox: Sandbox, call: Call[None, AuditQuery]) -> LongResult:
    """Return the mistakes of the integration that the journal shows, each with a fix."""
    return Work(_audit(sandbox, call.query))


def _audit(sandbox: Sandbox, query: AuditQuery) -> Steps[AuditReport]:
    from mock_clover.audit.run import UnknownRuleError, run_audit, select_rules

    try:
        rules = select_rules(_labels(query.select), _labels(query.ignore))
    except UnknownRuleError as error:
        raise CONTROL_INVALID.error(detail=str(error)) from None
    return (yield from run_audit(sandbox, rules))


def _labels(text: str) -> list[str]:
    return [label.strip() for label in text.split(",") if label.strip()]


def ledger(sandbox: Sandbox, _: Call[None, None]) -> LongResult:
    """Return the ledger: what payments moved, what the client knows, and what is outstanding."""
    return Work(_ledger(sandbox))


def _ledger(sandbox: Sandbox) -> Steps[Ledger]:
    from mock_clover.ledger.build import build_ledger

    return (yield from build_ledger(sandbox))


ENDPOINTS: tuple[Endpoint, ...] = (
    control_endpoint("audit", "GET", "/_mock/audit", audit, AuditReport, query=AuditQuery),
    control_endpoint("ledger", "GET", "/_mock/ledger", ledger, Ledger),
)
