"""The report of the audit as JUnit and as SARIF 2.1.0."""

import json
from collections.abc import Mapping
from typing import Any

from mock_clover import __version__
from mock_clover.audit.catalogue import RULES
from mock_clover.audit.records import AuditedExchange, AuditFinding, AuditReport
from mock_clover.audit.rule import AuditRule
from mock_clover.core.junit import JUnitCase, junit_report

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_DOCS = "https://github.com/OWNER/mock-clover/blob/main/docs/audit.md"
_FINGERPRINT = "ruleAndSubject/v1"


def junit(report: AuditReport, sandbox: str) -> str:
    """Return a test suite with one test case for each rule; its findings are failures.

    A warning is a failure too: readers of JUnit know no other level. Its type says which it is.
    """
    by_rule: dict[str, list[AuditFinding]] = {}
    for finding in report.findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    checked = [rule for rule in RULES if rule.id in report.rules]
    cases = [_case(rule, by_rule.get(rule.id, [])) for rule in checked]
    return junit_report("mock-clover audit", f"sandbox {sandbox}", cases)


def _case(rule: AuditRule, found: list[AuditFinding]) -> JUnitCase:
    return JUnitCase(
        classname="mock-clover.audit",
        name=f"{rule.id} {rule.name}",
        failure=rule.severity if found else "",
        message=found[0].message if len(found) == 1 else f"{len(found)} findings",
        output="\n".join(map(_failure_text, found)),
    )


def _failure_text(finding: AuditFinding) -> str:
    ids = ", ".join(map(str, finding.exchanges))
    return f"{finding.message}\nExchanges: {ids}\nFix: {finding.fix}"


def sarif(report: AuditReport, sandbox: str) -> str:
    """Return a SARIF 2.1.0 log with one run.

    The server does not see the client's source. So a location is an exchange: a line of the
    sandbox's journal, because many readers require a line of a file.
    """
    numbers = {rule.id: index for index, rule in enumerate(RULES)}
    known = {each.id: each for each in report.exchanges}
    results = [_result(each, numbers.get(each.rule), known, sandbox) for each in report.findings]
    rules = [
        {
            "id": rule.id,
            "name": rule.name,
            "shortDescription": {"text": rule.wrong},
            "fullDescription": {"text": f"{rule.wrong} {rule.cost}"},
            "help": {"text": f"{rule.fix} Not reported: {rule.legitimate}"},
            "helpUri": f"{_DOCS}#{rule.id.lower()}-{rule.name}",
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES
    ]
    driver = {
        "name": "mock-clover",
        "semanticVersion": __version__,
        "informationUri": _DOCS,
        "rules": rules,
    }
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "utf16CodeUnits"}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(
    finding: AuditFinding, number: int | None, known: Mapping[int, AuditedExchange], sandbox: str
) -> dict[str, Any]:
    locations = [
        _location(each, sandbox)
        for each in (known.get(exchange) for exchange in finding.exchanges)
        if each is not None
    ]
    return {
        "ruleId": finding.rule,
        **({} if number is None else {"ruleIndex": number}),  # a newer server has more rules
        "level": finding.severity,
        "message": {"text": f"{finding.message} Fix: {finding.fix}"},
        "locations": locations[:1],
        "relatedLocations": locations[1:],
        "partialFingerprints": {_FINGERPRINT: f"{finding.rule} {finding.subject}"},
    }


def _location(exchange: AuditedExchange, sandbox: str) -> dict[str, Any]:
    request = f"{exchange.method} {exchange.path}"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": f"mock-clover/sandbox/{sandbox}/journal"},
            "region": {"startLine": exchange.id},
        },
        "logicalLocations": [
            {
                "name": exchange.endpoint or request,
                "fullyQualifiedName": request,
                "kind": "function",
            }
        ],
        "message": {"text": f"exchange {exchange.id}: {request} ({exchange.outcome})"},
    }
