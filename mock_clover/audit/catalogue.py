"""All rules of the audit, by id."""

from mock_clover.audit import rules_keys
from mock_clover.audit.rule import AuditRule

RULES: tuple[AuditRule, ...] = tuple(sorted((*rules_keys.RULES,), key=lambda rule: rule.id))
