"""The formats of the report, read by other parsers. The texts have what each format must escape."""

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from mock_clover.audit.baseline import BaselineError, read_baseline
from mock_clover.audit.catalogue import RULES
from mock_clover.audit.formats import render
from mock_clover.audit.records import AuditedExchange, AuditFinding, AuditReport

MESSAGE = 'a "quoted" <tag> & 100%, a:b\x00\x1b[31m]]>\u00e9'
SHOWN = MESSAGE.replace("\x00", r"\u0000").replace("\x1b", r"\u001b")
RULE = RULES[1]
FINDING = AuditFinding(
    rule=RULE.id,
    name=RULE.name,
    severity="error",
    message=MESSAGE,
    fix="Mend it.",
    exchanges=(3, 6, 9),
    subject="create_charge",
)
EXCHANGES = tuple(
    AuditedExchange(
        id=number,
        at_ms=1,
        endpoint="create_charge",
        method="POST",
        path="/v1/charges",
        status=status,
        outcome="lost" if status is None else "ok",
        fault="" if status else "drop after_commit",
    )
    for number, status in ((3, None), (6, 200))
)
REPORT = AuditReport(
    rules=("CLV001", "CLV002"),
    findings=(FINDING,),
    exchanges=EXCHANGES,
    first_exchange=2,
    left_out=0,
)


def test_text() -> None:
    assert render(REPORT, "text", "shop").splitlines() == [
        "error CLV002 retry-under-new-key",
        f"  {SHOWN}",
        "    #3  POST /v1/charges  lost  (fault: drop after_commit)",
        "    #6  POST /v1/charges  200",
        "  Fix: Mend it.",
        "",
        "1 error, 0 warnings in the sandbox shop; the journal begins at exchange 2, earlier ones "
        "were not audited",
    ]


def test_json() -> None:
    (finding,) = json.loads(render(REPORT, "json", "shop"))["findings"]
    assert finding == {
        "rule": "CLV002",
        "name": "retry-under-new-key",
        "severity": "error",
        "message": MESSAGE,
        "fix": "Mend it.",
        "exchanges": [3, 6, 9],
        "subject": "create_charge",
    }


def test_junit() -> None:
    root = ET.fromstring(render(REPORT, "junit", "shop"))
    counts = {"tests": "2", "failures": "1", "errors": "0", "skipped": "0"}
    assert root.attrib == {"name": "mock-clover audit"} | counts
    (suite,) = root
    assert suite.attrib == {"name": "sandbox shop"} | counts
    assert [(case.attrib["name"], len(case)) for case in suite] == [
        ("CLV001 missing-idempotency-key", 0),
        ("CLV002 retry-under-new-key", 1),
    ]
    failure = suite[1][0]
    assert failure.attrib == {"type": "error", "message": SHOWN}
    assert (failure.text or "").strip() == f"{SHOWN}\nExchanges: 3, 6, 9\nFix: Mend it."


def test_sarif() -> None:
    """The report of all rules has also been validated with the schema of OASIS."""
    log = json.loads(render(REPORT, "sarif", "shop"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    (result,) = run["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "CLV002"
    assert (result["level"], result["message"]["text"]) == ("error", f"{MESSAGE} Fix: Mend it.")
    places = [*result["locations"], *result["relatedLocations"]]
    assert [each["physicalLocation"] for each in places] == [
        {
            "artifactLocation": {"uri": "mock-clover/sandbox/shop/journal"},
            "region": {"startLine": number},
        }
        for number in (3, 6)
    ]


def test_github() -> None:
    """A runner reads a command from each line: `::level key=value::message`, percent-encoded."""
    line = render(REPORT, "github", "shop")
    command = re.fullmatch(r"::(error|warning) title=([^:,\n]*)::([^\n]*)", line)
    assert command is not None
    assert (command[1], command[2]) == ("error", "CLV002 retry-under-new-key")
    assert unquote(command[3]) == f"{SHOWN}\nFix: Mend it.\nExchanges: 3, 6, 9"


@pytest.mark.parametrize("text", ["[" * 100_000, "null", '{"version":1,"findings":{"a":"b"}}', "["])
def test_a_hostile_baseline_is_rejected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BaselineError, match="not a file of --write-baseline"):
        read_baseline(file)
