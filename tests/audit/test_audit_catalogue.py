"""The catalogue of rules is complete, and docs/audit.md shows it.

`MOCK_CLOVER_TEST_UPDATE=1` rewrites the rules in docs/audit.md and their number in scenarios.
"""

import re
from pathlib import Path

from mock_clover.audit.catalogue import RULES
from mock_clover.audit.rule import AuditRule
from mock_clover.scenario import records_audit
from tests.audit.test_audit_rules import CASES
from tests.failure_messages import assert_generated, assert_no_errors

PAGE = Path(__file__).parents[2] / "docs/audit.md"
HEADING = "\n## Rules\n"


def section(rule: AuditRule) -> str:
    return "\n\n".join(
        (
            f"### {rule.id} {rule.name}",
            f"*{rule.severity}.* {rule.wrong}",
            f"- Cost: {rule.cost}\n- Fix: {rule.fix}\n- Not reported: {rule.legitimate}\n"
            f"- Source: {rule.source}",
        )
    )


def table() -> str:
    lines = ["| rule | severity | what is wrong |", "|---|---|---|"]
    lines += [
        f"| [{rule.id}](#{rule.id.lower()}-{rule.name}) `{rule.name}` | {rule.severity} | "
        f"{rule.wrong} |"
        for rule in RULES
    ]
    return "\n".join(lines)


def test_the_page_shows_the_catalogue() -> None:
    introduction = PAGE.read_text().partition(HEADING)[0]
    text = "\n\n".join((introduction + HEADING.rstrip(), table(), *map(section, RULES)))
    assert_generated(PAGE, f"{text}\n", "audit/test_audit_catalogue.py")


def test_scenarios_know_the_number_of_rules() -> None:
    file = Path(records_audit.__file__)
    text = re.sub(r"(?m)^RULE_COUNT = \d+$", f"RULE_COUNT = {len(RULES)}", file.read_text())
    assert_generated(file, text, "audit/test_audit_catalogue.py")


def test_each_rule_is_declared_once_and_completely() -> None:
    assert [rule.id for rule in RULES] == [f"CLV{index + 1:03}" for index in range(len(RULES))]
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert_no_errors(
        f"{rule.id}: {name} must be one or more sentences: {text!r}"
        for rule in RULES
        for name in ("wrong", "cost", "fix", "legitimate")
        if not re.fullmatch(r"[A-Z0-9].*\.", text := getattr(rule, name))
    )
    assert_no_errors(f"{rule.id} has no name in kebab case: {rule.name}" for rule in RULES
                     if not re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name))  # fmt: skip


def test_each_rule_has_a_violating_case() -> None:
    found = {rule for _, _, findings in CASES for rule in findings}
    assert_no_errors(
        f"no case of test_audit_rules.py violates {rule.id}"
        for rule in RULES
        if rule.id not in found
    )
