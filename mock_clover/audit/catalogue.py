"""All rules of the audit, by id."""

from mock_clover.audit import (
    rules_access,
    rules_amounts,
    rules_cards,
    rules_fulfilment,
    rules_keys,
    rules_money,
    rules_parts,
    rules_requests,
    rules_webhooks,
)
from mock_clover.audit.rule import AuditRule

_MODULES = (
    rules_access,
    rules_amounts,
    rules_cards,
    rules_fulfilment,
    rules_keys,
    rules_money,
    rules_parts,
    rules_requests,
    rules_webhooks,
)
RULES: tuple[AuditRule, ...] = tuple(
    sorted((rule for module in _MODULES for rule in module.RULES), key=lambda rule: rule.id)
)
