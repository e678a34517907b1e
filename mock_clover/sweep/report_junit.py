"""The result of a sweep as JUnit XML: one test case for each cell."""

from xml.etree.ElementTree import Element, SubElement, tostring

from mock_clover.core.printable import printable
from mock_clover.sweep.records import Cell, SweepResult
from mock_clover.sweep.report_text import MEANINGS, details


def as_junit(result: SweepResult) -> str:
    """Return the report as JUnit XML; a cell that lost money or hung is a failure."""
    failures = sum(cell.is_bad for cell in result.cells)
    counts = {
        "tests": str(len(result.cells) + len(result.missed)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(len(result.missed)),
        "time": f"{result.took_ms / 1000:.3f}",
    }
    root = Element("testsuites", {"name": "mock-clover sweep", **counts})
    suite = SubElement(root, "testsuite", {"name": printable(result.command), **counts})
    for cell in result.cells:
        _add_cell(suite, cell)
    for missed in result.missed:
        case = SubElement(suite, "testcase", {"classname": missed.call, "name": missed.fault})
        SubElement(case, "skipped", {"message": printable(missed.why)})
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_cell(suite: Element, cell: Cell) -> None:
    took = f"{cell.took_ms / 1000:.3f}"
    case = SubElement(suite, "testcase", {"classname": cell.call, "name": cell.fault, "time": took})
    if cell.is_bad:
        message = ": ".join((MEANINGS[cell.verdict], *cell.reasons))
        failure = SubElement(case, "failure", {"type": cell.verdict, "message": printable(message)})
        failure.text = "\n".join(map(printable, details(cell)))
    else:
        lines = (MEANINGS[cell.verdict], *cell.reasons)
        SubElement(case, "system-out").text = "\n".join(map(printable, lines))
