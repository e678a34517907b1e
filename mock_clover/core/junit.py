"""Write a report as JUnit XML: one test suite with one test case for each thing checked."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mock_clover.core.printable import printable, printable_lines
from mock_clover.core.record import Value


class JUnitCase(Value, frozen=True, kw_only=True):
    """One test case. It passed, unless it has a `failure` or was `skipped`."""

    classname: str
    name: str
    took_ms: int | None = None
    failure: str = ""
    """The type of the failure."""
    skipped: str = ""
    """Why it was skipped."""
    message: str = ""
    """The failure in one line."""
    output: str = ""
    """The details of a failure, or the output of a case that passed."""


def junit_report(
    title: str, suite: str, cases: Sequence[JUnitCase], *, took_ms: int | None = None
) -> str:
    """Return a report with one test suite. Characters that XML does not allow are escaped."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(bool(case.failure) for case in cases)),
        "errors": "0",
        **_time(took_ms),
    }
    skipped = {"skipped": str(sum(bool(case.skipped) for case in cases))}
    root = Element("testsuites", {"name": title, **counts})
    parent = SubElement(root, "testsuite", {"name": printable(suite), **counts, **skipped})
    for case in cases:
        _add_case(parent, case)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}'


def _time(took_ms: int | None) -> dict[str, str]:
    """Return the attribute with a duration in seconds, if it is known."""
    return {} if took_ms is None else {"time": f"{took_ms / 1000:.3f}"}


def _add_case(parent: Element, case: JUnitCase) -> None:
    names = {"classname": printable(case.classname), "name": printable(case.name)}
    added = SubElement(parent, "testcase", names | _time(case.took_ms))
    if case.skipped:
        SubElement(added, "skipped", {"message": printable(case.skipped)})
    elif case.failure:
        attributes = {"type": case.failure, "message": printable(case.message)}
        SubElement(added, "failure", attributes).text = printable_lines(case.output)
    elif case.output:
        SubElement(added, "system-out").text = printable_lines(case.output)
