"""The formats of the report, read by other parsers. The texts have what each format must escape."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from mock_clover.audit.baseline import BaselineError, read_baseline
from mock_clover.audit.catalogue import RULES
from mock_clover.audit.formats import render
from mock_clover.audit.records import AuditedExchange, AuditFinding, AuditReport
from tests.audit.report_shapes import junit_errors, read_github_command, sarif_errors

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
    assert list(junit_errors(root)) == []
    counts = {"tests": "2", "failures": "1", "errors": "0"}
    assert root.attrib == {"name": "mock-clover audit"} | counts
    (suite,) = root
    assert suite.attrib == {"name": "sandbox shop", "skipped": "0"} | counts
    assert [(case.attrib["name"], len(case)) for case in suite] == [
        ("CLV001 missing-idempotency-key", 0),
        ("CLV002 retry-under-new-key", 1),
    ]
    failure = suite[1][0]
    assert failure.attrib == {"type": "error", "message": SHOWN}
    assert (failure.text or "").strip() == f"{SHOWN}\nExchanges: 3, 6, 9\nFix: Mend it."


def test_sarif() -> None:
    log = json.loads(render(REPORT, "sarif", "shop"))
    assert sarif_errors(log) == []
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


RUN = ("runs", 0)
FIRST_RESULT = (*RUN, "results", 0)
FIRST_PLACE = (*FIRST_RESULT, "locations", 0, "physicalLocation")
BROKEN_LOGS: list[tuple[tuple[str | int, ...], object]] = [
    (("version",), "2.1"),
    (("extra",), 1),
    ((*RUN, "columnKind"), "bytes"),
    ((*RUN, "tool", "driver", "semanticVersion"), "1.0"),
    ((*RUN, "tool", "driver", "informationUri"), "docs/audit.md"),
    ((*RUN, "tool", "driver", "rules", 0, "id"), "CLV002"),
    ((*FIRST_RESULT, "level"), "fatal"),
    ((*FIRST_RESULT, "message"), {}),
    ((*FIRST_RESULT, "message", "text"), ""),
    ((*FIRST_RESULT, "ruleIndex"), 0),
    ((*FIRST_RESULT, "ruleIndex"), -1),
    ((*FIRST_PLACE, "region", "startLine"), 0),
    ((*FIRST_PLACE, "region", "startLine"), True),
    ((*FIRST_PLACE, "artifactLocation", "uri"), "a sandbox"),
    ((*FIRST_PLACE, "artifactLocation", "uri"), "\u00e9"),
]


@pytest.mark.parametrize(("path", "value"), BROKEN_LOGS)
def test_the_reader_of_sarif_finds_what_is_wrong(
    path: tuple[str | int, ...], value: object
) -> None:
    log = json.loads(render(REPORT, "sarif", "shop"))
    inner = log
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert len(sarif_errors(log)) >= 1


def test_sarif_without_findings_and_of_each_rule() -> None:
    findings = [replace(FINDING, rule=rule.id, name=rule.name) for rule in RULES]
    for found in ((), tuple(findings)):
        log = json.loads(render(replace(REPORT, findings=found), "sarif", "shop-1.a_B"))
        assert sarif_errors(log) == []


@pytest.mark.parametrize(
    "text",
    [
        '<testsuite name="a" tests="0" failures="0"/>',
        '<testsuites skipped="0"/>',
        '<testsuite name="a" tests="1" failures="0" errors="0"/>',
        '<testcase classname="a"/>',
        '<testcase name="a" time="1 s"/>',
        '<testcase name="a">text</testcase>',
        '<testcase name="a"><output/></testcase>',
    ],
)
def test_the_reader_of_junit_finds_what_is_wrong(text: str) -> None:
    assert len(list(junit_errors(ET.fromstring(text)))) >= 1


def test_github() -> None:
    """Names with what separates properties are not real, but must not break the command."""
    odd = replace(FINDING, name="a:b,c=d%2C\r\n", message=f"{MESSAGE} %0A%25", severity="warning")
    lines = render(replace(REPORT, findings=(FINDING, odd)), "github", "shop").split("\n")
    rest = "\nFix: Mend it.\nExchanges: 3, 6, 9"
    assert list(map(read_github_command, lines)) == [
        ("error", {"title": "CLV002 retry-under-new-key"}, f"{SHOWN}{rest}"),
        ("warning", {"title": "CLV002 a:b,c=d%2C\r\n"}, f"{SHOWN} %0A%25{rest}"),
    ]


@pytest.mark.parametrize("text", ["[" * 100_000, "null", '{"version":1,"findings":{"a":"b"}}', "["])
def test_a_hostile_baseline_is_rejected(tmp_path: Path, text: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(BaselineError, match="not a file of --write-baseline"):
        read_baseline(file)
