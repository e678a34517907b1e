"""Run the rules of the audit over a sandbox."""

from collections.abc import Collection

from mock_clover.audit.catalogue import RULES
from mock_clover.audit.context import build_context
from mock_clover.audit.records import AuditedExchange, AuditFinding, AuditReport
from mock_clover.audit.rule import AuditRule, RuleHit
from mock_clover.core.masking import redact
from mock_clover.core.steps import Steps
from mock_clover.core.suggestions import did_you_mean
from mock_clover.sandbox.exchange import Exchange
from mock_clover.sandbox.sandbox import Sandbox

FINDINGS_MAX = 100
"""Maximum number of findings of each rule."""
EXCHANGES_MAX = 50
"""Maximum number of exchanges of each finding."""


class UnknownRuleError(Exception):
    """A name of a rule is not known. The message suggests another one."""


def select_rules(selected: Collection[str], ignored: Collection[str]) -> tuple[AuditRule, ...]:
    """Return the rules with these ids or names; without `selected`, all. Raise UnknownRuleError."""
    known = {label.lower(): rule for rule in RULES for label in (rule.id, rule.name)}
    for label in (*selected, *ignored):
        if label.lower() not in known:
            hint = did_you_mean(label, [rule.name for rule in RULES] + [rule.id for rule in RULES])
            raise UnknownRuleError(f"no rule has the id or the name {label!r}{hint}")
    chosen = {known[label.lower()].id for label in selected} or {rule.id for rule in RULES}
    chosen -= {known[label.lower()].id for label in ignored}
    return tuple(rule for rule in RULES if rule.id in chosen)


def run_audit(sandbox: Sandbox, rules: Collection[AuditRule] = RULES) -> Steps[AuditReport]:
    """Return the findings of rules that the scenario does not ignore. Each rule is one step."""
    ignored = sandbox.rules.scenario.audit.ignore
    rules = [rule for rule in rules if rule.id not in ignored]
    context = yield from build_context(sandbox)
    findings: list[AuditFinding] = []
    named: dict[int, Exchange] = {}
    left_out = 0
    for rule in rules:
        hits: list[RuleHit] = []
        for hit in rule.find(context):
            if hit is None:
                yield
            else:
                hits.append(hit)
            if len(hits) > FINDINGS_MAX:
                break
        left_out += len(hits) > FINDINGS_MAX
        for hit in hits[:FINDINGS_MAX]:
            findings.append(_finding(rule, hit))
            named |= {each.number: each for each in hit.exchanges[:EXCHANGES_MAX]}
        yield
    return AuditReport(
        rules=tuple(rule.id for rule in rules),
        findings=tuple(findings),
        exchanges=tuple(_shown(named[number]) for number in sorted(named)),
        first_exchange=context.ledger.first_exchange,
        left_out=left_out,
        ignored={rule: redact(reason) for rule, reason in sorted(ignored.items())},
    )


def _finding(rule: AuditRule, hit: RuleHit) -> AuditFinding:
    return AuditFinding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        message=redact(hit.message),
        fix=rule.fix,
        exchanges=tuple(each.number for each in hit.exchanges[:EXCHANGES_MAX]),
        subject=redact(hit.subject),
    )


def _shown(exchange: Exchange) -> AuditedExchange:
    return AuditedExchange(
        id=exchange.number,
        at_ms=exchange.at_ms,
        endpoint=exchange.endpoint,
        method=exchange.method,
        path=redact(exchange.path),
        status=exchange.status,
        outcome=exchange.outcome,
        fault=exchange.fault,
    )
